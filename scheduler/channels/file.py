"""The file channel: every message becomes a file in the outbox, with the same bytes as the real one."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.mime import digest, mail_bytes
from scheduler.messages.message import Email, Message


class FileChannel:
    """Writes `DATE-RULE-CUSTOMER-KEY.eml` or `.txt`; the same key is written once, however often it is asked."""

    promises = Promise.IDEMPOTENCY_KEY

    def __init__(self, outbox: Path, name: str = "file") -> None:
        self.name = name
        self.outbox = outbox
        self._written: dict[str, str] | None = None

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        """Write one message; `retry` where the disk refuses."""
        kind = "eml" if isinstance(message, Email) else f"{message.channel}.txt"
        mark = f"{digest(key)[:12]}.{kind}"
        try:
            written = self._known()
            if mark not in written:
                written[mark] = self._write(f"{_readable(key, now)}-{mark}", message, key, now)
        except OSError as error:
            return Handover(HandoverKind.RETRY, f"the outbox can't be written to: {error.strerror or error}")
        return Handover(HandoverKind.SENT, "written to the outbox", written[mark])

    def close(self) -> None:
        """Forget what was written; it is looked up again."""
        self._written = None

    def _known(self) -> dict[str, str]:
        """What is there by its key: looked up once, since a folder of a million files is slow to search."""
        if self._written is None:
            self.outbox.mkdir(parents=True, exist_ok=True)
            names = (entry.name for entry in os.scandir(self.outbox))
            self._written = {name.rpartition("-")[2]: name for name in names if not name.startswith(".")}
        return self._written

    def _write(self, name: str, message: Message, key: str, now: int) -> str:
        """A file is there whole or not at all: it is written under another name first."""
        unfinished = self.outbox / f".{name}.{os.getpid()}"
        unfinished.write_bytes(_content(message, key, now))
        unfinished.replace(self.outbox / name)
        return name


def _content(message: Message, key: str, now: int) -> bytes:
    if isinstance(message, Email):
        return mail_bytes(message, key, now)
    return f"To: {message.to or '(no number)'}\n\n{message.text}".encode()


def _readable(key: str, now: int) -> str:
    day = datetime.fromtimestamp(now // 1_000_000, UTC).date().isoformat()
    rule, customer, *_ = (*map(unquote, key.split("/")), "", "")
    return "-".join((day, *(re.sub(r"[^A-Za-z0-9_]+", "_", part)[:40] or "_" for part in (rule, customer))))
