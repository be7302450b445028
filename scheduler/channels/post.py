"""The post channel: cards for a printer, and a sheet of their addresses; what is of one day lies in one folder.

A folder like `post/2026-11-02/` is one job for whoever prints: all of its PDFs, and `addresses-2026-11-02.csv`.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.file import of_owner, readable, write_whole
from scheduler.channels.mime import digest
from scheduler.errors import ChannelError
from scheduler.messages.card import card_pdf
from scheduler.messages.message import Card, Message
from scheduler.messages.plain import one_line
from scheduler.wallclock import Zone, date_of

ADDRESS_LINES = 6
"""How many columns of a sheet are lines of the address; what has more lines ends in the last of them."""
COLUMNS = ("card", "occasion", "name", *(f"line_{number}" for number in range(1, ADDRESS_LINES + 1)))

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FORMULA = ("=", "+", "-", "@")
_BOM = "\ufeff"
_END = b"\r\n"
_STRUCK = b"(erased)"


class PostChannel:
    """Writes `DAY/DAY-RULE-CUSTOMER-KEY.pdf` below `folder`, and a line on the day's sheet; once for each key.

    `where` says when a day begins.
    """

    name = "post"
    promises = Promise.IDEMPOTENCY_KEY

    def __init__(self, folder: Path, where: Zone) -> None:
        self.folder = folder
        self.where = where
        self._cards: dict[str, Path] | None = None
        self._listed: set[str] = set()

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        """Write one card and its address; `retry` where the disk refuses, or where no font has some of the letters."""
        if not isinstance(message, Card):
            return Handover(HandoverKind.FAILED, f"a message by {message.channel} is no card")
        if not message.address:
            return Handover(HandoverKind.FAILED, "the customer has no postal address", suppress=True)
        mark = digest(key)[:12]
        try:
            cards = self._known()
            if mark not in cards:
                cards[mark] = self._printed(message, key, mark, now)
            if cards[mark].name not in self._listed:
                self._list(cards[mark], message, key)
        except OSError as error:
            return Handover(HandoverKind.RETRY, f"the post folder can't be written to: {error.strerror or error}")
        except ChannelError as error:
            return Handover(HandoverKind.RETRY, str(error))
        return Handover(
            HandoverKind.SENT, "written to the post folder", f"{cards[mark].parent.name}/{cards[mark].name}"
        )

    def close(self) -> None:
        """Forget what was written; it is looked up again."""
        self._cards = None
        self._listed.clear()

    def _known(self) -> dict[str, Path]:
        """The cards by their marks, whatever their day: those that lie here, and those on a sheet that were taken away.

        They are looked up once.
        """
        if self._cards is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            days = [entry for entry in self.folder.iterdir() if _DAY.fullmatch(entry.name) and entry.is_dir()]
            listed = [day / name for day in days for name in _listed_on(_sheet_of(day))]
            lying = (card for day in days for card in day.glob("[!.]*.pdf"))
            self._listed = {card.name for card in listed}
            self._cards = {card.stem.rpartition("-")[2]: card for card in (*listed, *lying)}
        return self._cards

    def _printed(self, card: Card, key: str, mark: str, now: int) -> Path:
        day = date_of(self.where.local_day(now)).isoformat()
        path = self.folder / day / f"{readable(key, day)}-{mark}.pdf"
        content = card_pdf(card, now)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, content, private=True)
        return path

    def _list(self, path: Path, card: Card, key: str) -> None:
        """A line on the sheet of the card's own day; a card without one was written just before a crash."""
        lines = list(card.address)
        if len(lines) > ADDRESS_LINES:
            lines[ADDRESS_LINES - 1 :] = [", ".join(lines[ADDRESS_LINES - 1 :])]
        lines += [""] * (ADDRESS_LINES - len(lines))
        _append(_sheet_of(path.parent), (path.name, key, card.name, *lines))
        self._listed.add(path.name)


def strike(sheet: Path, is_meant: Callable[[str], bool]) -> None:
    """Write over the lines of the cards that are meant, for good; nothing else moves. Raises `OSError`."""
    with sheet.open("r+b", buffering=0) as file, _alone_with(file.fileno()):
        at = 0
        for line in (file.read() or b"").split(_END):
            card = line.partition(b",")[0].decode("utf-8", "replace")
            if card.endswith(".pdf") and is_meant(card):
                file.seek(at)
                file.write((_STRUCK + b"," * (len(COLUMNS) - 1)).ljust(len(line)))
            at += len(line) + len(_END)


def _sheet_of(day: Path) -> Path:
    return day / f"addresses-{day.name}.csv"


def _listed_on(sheet: Path) -> Iterator[str]:
    """The cards on a sheet; a line without an end is none."""
    try:
        content = sheet.read_bytes()
    except FileNotFoundError:
        return
    whole = content[: content.rfind(_END) + len(_END)] if _END in content else b""
    for row in csv.reader(io.StringIO(whole.decode("utf-8-sig", "replace"), newline="")):
        if row and row[0].endswith(".pdf"):
            yield row[0]


def _append(sheet: Path, cells: Sequence[str]) -> None:
    """Add a line to a sheet, whole or not at all; a line that a crash left without its end is removed before."""
    with open(sheet, "a+b", buffering=0, opener=of_owner) as file, _alone_with(file.fileno()):
        end = _end_of_lines(file)
        file.truncate(end)
        head = _BOM + _line(COLUMNS) if end == 0 else ""
        content = (head + _line(cells)).encode()
        try:
            written = file.write(content)
            if written != len(content):
                raise OSError(f"only {written} of {len(content)} bytes could be written")
        except OSError:
            file.truncate(end)
            raise


def _end_of_lines(file: io.FileIO) -> int:
    """Where the last whole line ends, in bytes: nearly always at the end of the file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - len(_END)))
    if file.read() == _END:
        return size
    file.seek(0)
    before = file.read()
    return before.rfind(_END) + len(_END) if _END in before else 0


def _line(cells: Sequence[str]) -> str:
    """A line of CSV for spreadsheets, in which no cell is read as a formula."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(_defused(one_line(cell)) for cell in cells)
    return line.getvalue()


def _defused(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


@contextmanager
def _alone_with(file: int) -> Iterator[None]:
    """While no other process writes to that file."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
