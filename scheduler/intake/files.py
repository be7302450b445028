"""A source of rows: where it is, what format it has, and its lines as text.

UTF-8 is read, with or without a byte order mark. UTF-16 and workbooks are refused rather than guessed at.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scheduler.errors import InputError

_HEAD = 65_536


class Format(StrEnum):
    """The kinds of file that are read."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


_BY_SUFFIX = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
}


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be read more than once; `shown` is its name in messages."""

    path: Path
    shown: str
    format: Format

    def lines(self) -> Iterator[str]:
        """Its lines with their ends; bytes that are not UTF-8 come as lone surrogates."""
        with self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            yield from text


@contextmanager
def opened(source: Path | str) -> Iterator[File]:
    """The file at a path, or standard input for `-`; raises `InputError` for what can't be read.

    What can be read only once is kept in a temporary file meanwhile.
    """
    path = Path(source)
    if str(source) != "-" and path.is_file():
        yield _known(path, path.name)
    elif str(source) != "-" and not path.exists():
        raise InputError(f"there is no file {path}")
    elif path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    else:
        with tempfile.NamedTemporaryFile(prefix="rightreason-") as kept:
            if str(source) == "-":
                shutil.copyfileobj(sys.stdin.buffer, kept)
            else:
                with path.open("rb") as pipe:
                    shutil.copyfileobj(pipe, kept)
            kept.flush()
            yield _known(Path(kept.name), "standard input" if str(source) == "-" else path.name)


def _known(path: Path, shown: str) -> File:
    try:
        with path.open("rb") as data:
            head = data.read(_HEAD)
    except OSError as error:
        raise InputError(f"{shown} can't be read: {error.strerror}") from error
    if head.startswith(b"PAR1"):
        return File(path, shown, Format.PARQUET)
    _refuse_foreign(head, shown)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise InputError(f"{shown} is empty; its first line should name the columns")
    if start.startswith(b"["):
        raise InputError(f"{shown} is one JSON list; write one object a line instead: jq -c '.[]' FILE")
    guessed = Format.JSONL if start.startswith(b"{") else Format.CSV
    known = _BY_SUFFIX.get(path.suffix.lower(), guessed)
    if known is Format.PARQUET:
        raise InputError(f"{shown} is called .parquet and is no Parquet file")
    return File(path, shown, known)


def _refuse_foreign(head: bytes, shown: str) -> None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:400].count(0) > len(head[:400]) // 4:
        raise InputError(
            f"{shown} is UTF-16, not UTF-8; save it as 'CSV UTF-8', or: iconv -f UTF-16 -t UTF-8 FILE > utf8.csv"
        )
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputError(f"{shown} is a workbook or an archive; save the sheet as 'CSV UTF-8'")
    if head.startswith(b"\x1f\x8b"):
        raise InputError(f"{shown} is compressed; unpack it first: gunzip -c FILE | rightreason import ... -")
