"""What is done to a daemon from within, before it begins: functions that kill it or raise, and another clock.

Runs in the daemon's own process and nowhere else; nothing of the program knows of it.
"""

from __future__ import annotations

import functools
import importlib
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

_SHIFT = struct.Struct("q")


class Boom(Exception):
    """What an injured function raises."""


@dataclass(frozen=True)
class Injury:
    """Something that goes wrong in a function, `MODULE:NAME` with dots in the name.

    `do` is `kill` or `raise`; `when` is `before` it or `after`, at its call number `nth` (from 1; 0: at each). With
    `about`, only calls count one of whose arguments has it in its text.
    """

    function: str
    when: str = "before"
    nth: int = 1
    do: str = "kill"
    about: str = ""

    def __str__(self) -> str:
        """The injury in words."""
        number = f" {self.nth}" if self.nth else ""
        return f"{self.do} {self.when} {self.function.rpartition(':')[2]}{number}"


def inflict(injuries: Sequence[Injury]) -> None:
    """Patch the functions; raises `AttributeError` or `ImportError` where one is no more."""
    for injury in injuries:
        module, _, name = injury.function.partition(":")
        owner: Any = importlib.import_module(module)
        *path, last = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, last, _injured(getattr(owner, last), injury))


def inflict_before_commit(number: int) -> None:
    """Kill at commit number `number` (from 1), before anything of it reaches the disk."""
    from sqlalchemy import Engine, event

    left = [number]

    def commit(_connection: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", commit)


def _injured(function: Callable[..., Any], injury: Injury) -> Callable[..., Any]:
    calls = [0]

    def hurt(arguments: Sequence[Any], when: str) -> None:
        if when != injury.when or (injury.about and not any(injury.about in repr(one) for one in arguments)):
            return
        calls[0] += 1
        if injury.nth not in (0, calls[0]):
            return
        if injury.do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise Boom("injured")

    @functools.wraps(function)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        given = (*arguments, *named.values())
        hurt(given, "before")
        result = function(*arguments, **named)
        hurt(given, "after")
        return result

    return wrapper


class Shift:
    """By how much a daemon's clock is wrong, in microseconds; changed from outside while it runs."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.exists():
            file.write_bytes(_SHIFT.pack(0))
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), _SHIFT.size)

    @property
    def by(self) -> int:
        """The shift now."""
        return int(_SHIFT.unpack(self._memory[: _SHIFT.size])[0])

    @by.setter
    def by(self, microseconds: int) -> None:
        self._memory[: _SHIFT.size] = _SHIFT.pack(microseconds)

    def now(self) -> int:
        """The time by the shifted clock, in UTC microseconds."""
        return time.time_ns() // 1_000 + self.by


def shift_clock(file: Path) -> None:
    """Let this whole process go by the shifted clock, as it would go by the machine's.

    A clock that counts from the start of the machine goes on as it is.
    """
    shift = Shift(file)
    nanoseconds, seconds = time.time_ns, time.time

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, datetime)

    class Shifted(datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # plain ones are what all others make
            return datetime.now(tz) + timedelta(microseconds=shift.by)

    time.time_ns = lambda: nanoseconds() + shift.by * 1_000
    time.time = lambda: seconds() + shift.by / 1e6
    for name, module in list(sys.modules.items()):
        if name.startswith(("scheduler.", "apscheduler.")) and getattr(module, "datetime", None) is datetime:
            module.datetime = Shifted  # type: ignore[attr-defined] # it has one, as was just seen
