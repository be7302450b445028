"""The reject file: rows that were not taken, as they were, with their line and their cause.

Put right, it can be imported as it is; what was added to it is not taken.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from scheduler.errors import InputError
from scheduler.intake.causes import Rejected
from scheduler.intake.delimited import REJECT_COLUMNS, DelimitedTable
from scheduler.intake.tables import Line, Table

Reject = tuple[Line, Rejected]


class RejectFile:
    """Written when the first row is rejected: as CSV for a delimited file, else as JSON Lines.

    Without a `wanted` path it lies beside the source or, where nothing can be written there, in the current folder.
    """

    def __init__(self, source: Path | str, table: Table, wanted: Path | None) -> None:
        self._source = source
        self._table = table
        self._wanted = wanted
        self._file: IO[str] | None = None
        self.path: Path | None = None
        if wanted is not None and str(source) != "-" and wanted.resolve() == Path(source).resolve():
            raise InputError(f"{wanted} is what is imported; name another reject file")
        # Seen before anything is taken: later, a row's cause would be lost.
        if wanted is not None and not os.access(wanted if wanted.exists() else wanted.absolute().parent, os.W_OK):
            raise InputError(f"the reject file {wanted} can't be written; name another one")

    def write(self, rejects: Sequence[Reject]) -> None:
        """Adds rows; raises `InputError` where the file can't be made."""
        if not rejects:
            return
        if self._file is None:
            self._file = self._open()
        for line, rejected in sorted(rejects, key=lambda reject: reject[0].number):
            self._write(self._file, line, f"{rejected.cause}: {rejected}")
        self._file.flush()

    def __enter__(self) -> RejectFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def _open(self) -> IO[str]:
        path = Path("standard-input") if str(self._source) == "-" else Path(self._source)
        suffix = (path.suffix or ".csv") if isinstance(self._table, DelimitedTable) else ".jsonl"
        name = f"{path.stem}.rejected{suffix}"
        tried = [self._wanted] if self._wanted else [path.with_name(name), Path(name)]
        for self.path in tried:
            try:
                file = self.path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
            except OSError:
                continue
            if isinstance(self._table, DelimitedTable):
                self._writer(file, self._table).writerow([*self._table.columns, *REJECT_COLUMNS])
            return file
        raise InputError(f"the reject file {tried[-1]} can't be written; name another one")

    def _write(self, file: IO[str], line: Line, cause: str) -> None:
        if isinstance(self._table, DelimitedTable):
            width = len(self._table.columns)
            cells = [*line.cells, *[""] * (width - len(line.cells))]
            if len(cells) > width:  # no cell is lost, and ours stay in their columns
                cells[width - 1 :] = [self._table.delimiter.join(map(str, cells[width - 1 :]))]
            self._writer(file, self._table).writerow([*cells, line.number, cause])
            return
        if line.fault is not None:
            row: dict[str, object] = {"text": line.cells[0]}
        else:
            row = {key: cell for key, cell in zip(self._table.columns, line.cells, strict=True) if cell is not None}
        file.write(json.dumps({**row, "line": line.number, "cause": cause}, ensure_ascii=False, default=str) + "\n")

    @staticmethod
    def _writer(file: IO[str], table: DelimitedTable) -> Any:
        return csv.writer(file, delimiter=table.delimiter, lineterminator="\n")
