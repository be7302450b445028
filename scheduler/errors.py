"""Every error that rightreason raises on purpose.

    RightReasonError
    ├── InputError               what somebody wrote or handed in is wrong (exit code 2)
    │   ├── RulebookError        rules, house rules or templates; carries every finding
    │   ├── FactError            one fact can't be taken
    │   ├── TemplateError        a template can't be read or rendered
    │   ├── UnknownZone          no such time zone
    │   ├── BadDuration          a text that is no duration
    │   └── BadInstant           a text that is no moment in time
    ├── SettingsError            a setting is missing or wrong (exit code 2)
    ├── StoreError               the database
    │   ├── UnusableDatabase     what is set as database is none, or can't be opened (exit code 2)
    │   ├── NewerDatabase        it was written by a newer version of the program
    │   └── LeaseTaken           another daemon holds it (exit code 3)
    ├── Busy                     more is handed in than can be written at this time
    └── ChannelError             a message could not be handed over

A docstring is the default message; facts come as keyword arguments, are kept as attributes, and fill
the message's placeholders. `way_out` says what to do about it.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, ClassVar

_HOUSE = Path(__file__).parent


def places_in(error: BaseException) -> list[str]:
    """Where an exception came through, the innermost last: `FILE:LINE` of our own code, or else of the innermost frame.

    Its words are left out everywhere, as they may name a customer.
    """
    frames = [(Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    ours = [f"{path.relative_to(_HOUSE).as_posix()}:{line}" for path, line in frames if path.is_relative_to(_HOUSE)]
    return ours or [f"{path.name}:{line}" for path, line in frames[-1:]]


class RightReasonError(Exception):
    """Something went wrong."""

    exit_code: ClassVar[int] = 1
    way_out: ClassVar[str] = ""

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        self.facts = facts
        for name, value in facts.items():
            setattr(self, name, value)
        text = message or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(text.format(**facts) if facts and message is None else text)


class InputError(RightReasonError):
    """What was handed in can't be used."""

    exit_code = 2


class RulebookError(InputError):
    """The rules can't be used; the findings say where and why."""


class FactError(InputError):
    """This fact can't be taken."""


class TemplateError(InputError):
    """This template can't be used."""


class UnknownZone(InputError):
    """There is no time zone called {name!r}; zones are named like Europe/Berlin."""


class BadDuration(InputError):
    """{text!r} is no duration; write a whole number and a unit, like '3 days' or '2 business days'."""


class BadInstant(InputError):
    """{text!r} is no moment in time; write it like 2026-03-01, '2026-03-01 09:00' or 2026-03-01T09:00:00+01:00."""


class SettingsError(RightReasonError):
    """A setting is missing or wrong."""

    exit_code = 2


class StoreError(RightReasonError):
    """The database can't do this."""


class UnusableDatabase(StoreError):
    """What is set as database can't be used as one."""

    exit_code = 2


class NewerDatabase(StoreError):
    """The database is at version {found}, which this program does not know; update the program first."""

    exit_code = 2


class LeaseTaken(StoreError):
    """Another daemon works on this database: {holder}, last seen {seen}."""

    exit_code = 3


class Busy(RightReasonError):
    """More facts wait to be written than are held; bring them again a little later."""


class ChannelError(RightReasonError):
    """The message could not be handed over."""
