"""The file channel: every message becomes a file in the outbox, with the same bytes as the real one."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.mime import digest, mail_bytes
from scheduler.channels.webhook import contact_json
from scheduler.errors import ChannelError
from scheduler.messages.card import card_pdf
from scheduler.messages.message import Card, Email, Message, Notice
from scheduler.messages.segments import segments


class FileChannel:
    """Writes `DATE-RULE-CUSTOMER-KEY.eml`, `.pdf` or `.txt`; the same key is written once, however often asked."""

    promises = Promise.IDEMPOTENCY_KEY

    def __init__(self, outbox: Path, name: str = "file") -> None:
        self.name = name
        self.outbox = outbox
        self._written: dict[str, str] | None = None

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        """Write one message; `retry` where the disk refuses."""
        mark = f"{digest(key)[:12]}.{_ending(message)}"
        try:
            written = self._known()
            if mark not in written:
                written[mark] = self._write(f"{readable(key, _day_of(now))}-{mark}", message, key, now)
        except OSError as error:
            return Handover(HandoverKind.RETRY, f"the outbox can't be written to: {error.strerror or error}")
        except ChannelError as error:
            return Handover(HandoverKind.RETRY, str(error))
        return Handover(HandoverKind.SENT, "written to the outbox", written[mark])

    def close(self) -> None:
        """Forget what was written; it is looked up again."""
        self._written = None

    def _known(self) -> dict[str, str]:
        """What is there by its key: looked up once, since a folder of a million files is slow to search."""
        if self._written is None:
            self.outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
            names = (entry.name for entry in os.scandir(self.outbox))
            self._written = {name.rpartition("-")[2]: name for name in names if not name.startswith(".")}
        return self._written

    def _write(self, name: str, message: Message, key: str, now: int) -> str:
        write_whole(self.outbox / name, _content(message, key, now), private=True)
        return name


def write_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file that is there whole or not at all: it is written under another name first. Raises `OSError`.

    A `private` one can be read by its owner alone.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(unfinished, "wb", opener=of_owner if private else None) as file:
            file.write(content)
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


def of_owner(path: str, flags: int) -> int:
    """An `opener`: what it makes can be read by its owner alone, since it names customers."""
    return os.open(path, flags, 0o600)


def readable(key: str, day: str) -> str:
    """The beginning of a file's name, `DAY-RULE-CUSTOMER`, from an occasion's key; nothing in it leaves its folder."""
    rule, customer, *_ = (*map(unquote, key.split("/")), "", "")
    return "-".join((day, *(re.sub(r"[^A-Za-z0-9_]+", "_", part)[:40] or "_" for part in (rule, customer))))


def _ending(message: Message) -> str:
    if isinstance(message, Email):
        return "eml"
    if isinstance(message, Notice):
        return f"{message.channel}.json"
    return "pdf" if isinstance(message, Card) else f"{message.channel}.txt"


def _content(message: Message, key: str, now: int) -> bytes:
    if isinstance(message, Email):
        return mail_bytes(message, key, now)
    if isinstance(message, Card):
        return card_pdf(message, now)
    if isinstance(message, Notice):
        return contact_json(message, key, now)
    length = f"Length: {segments(message.text.strip())}\n" if message.channel == "sms" else ""
    return f"To: {message.to or '(no number)'}\n{length}\n{message.text}".encode()


def _day_of(now: int) -> str:
    return datetime.fromtimestamp(now // 1_000_000, UTC).date().isoformat()
