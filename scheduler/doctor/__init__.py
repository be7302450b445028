"""The doctor: looks at each part of what is set up, and says what is well, what is not, and what to do.

A check is a function from a `Subject` to findings; to add one is one function and one entry in `CHECKS`. Nothing here
writes, sends or migrates, and no finding holds a secret or says who a customer is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scheduler.doctor import channels, database, files, rules, staff
from scheduler.doctor.finding import Finding, Findings, Level, error
from scheduler.doctor.patience import Impatient, within
from scheduler.doctor.subject import Subject, hurried
from scheduler.errors import RightReasonError, SettingsError
from scheduler.settings import SETTINGS_FILE, load_settings

__all__ = ["CHECKS", "Check", "Finding", "Level", "Told", "examine"]

PATIENCE = 15.0
"""A check that asks somebody else may take so long, in seconds; what it waits for by itself ends after five."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is looked at. `patience` in seconds; None where it may take as long as there is to read."""

    name: str
    look: Callable[[Subject], Findings]
    patience: float | None = PATIENCE


CHECKS = (
    Check("secrets", files.secrets),
    Check("disk", files.disk),
    Check("database", database.version),
    Check("integrity", database.integrity, patience=None),
    Check("clock", database.clock),
    Check("daemon", database.daemon),
    Check("holds", database.holds),
    Check("rules", rules.in_folder, patience=None),
    Check("active rules", rules.active, patience=None),
    Check("people", staff.people),
    Check("zone data", rules.zone_data),
    Check("speed", rules.speed),
    Check("channels", channels.channels, patience=60),
    Check("sender", channels.sender),
    Check("brand", channels.brand),
    Check("inbox", channels.inbox, patience=30),
    Check("alerts", staff.alerts, patience=60),
)
"""Everything that is looked at, in the order in which it is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding of a check."""

    check: str
    level: Level
    detail: str
    way_out: str


def examine(
    folder: Path,
    clock: Callable[[], int],
    *,
    cache: Path | None = None,
    quick: bool = False,
    alert: bool = False,
    on_check: Callable[[str], None] = lambda _: None,
) -> Iterator[Told]:
    """Look at the workspace in a folder; `on_check` hears what is looked at next.

    `clock` tells the present in UTC microseconds. `quick` leaves out what reads the whole database; `alert` tells the
    staff that this is a test.
    """
    on_check("settings")
    try:
        settings = load_settings(folder)
    except SettingsError as problem:
        yield from (
            Told("settings", Level.ERROR, line, "mend it; all else is looked at then")
            for line in str(problem).split("\n")
        )
        return
    written = "read" if (folder / SETTINGS_FILE).exists() else "not there: everything is as by default"
    yield Told("settings", Level.OK, f"{SETTINGS_FILE} is {written}", "")
    with Subject(folder, hurried(settings), clock, cache=cache, quick=quick, alert=alert) as subject:
        unread: list[str] = []
        for check in CHECKS:
            on_check(check.name)
            for found in _look(check, subject):
                if check.name == "secrets" and found.level is Level.ERROR:
                    unread.append(found.detail)
                elif found.detail.endswith(tuple(unread)):
                    continue  # a secret that can't be read is told once, and not by all that need it
                yield Told(check.name, found.level, found.detail, found.way_out)


def _look(check: Check, subject: Subject) -> list[Finding]:
    """What a check finds; that it can't be made is a finding too."""
    try:
        return within(check.patience, partial(_all, check, subject))
    except Impatient:
        return [error(f"no answer within {check.patience:g} seconds", "look whether what is set there can be reached")]
    except RightReasonError as problem:
        return [error(str(problem), problem.way_out)]
    except OSError as problem:
        return [error(f"{problem.filename or 'the machine'}: {problem.strerror or type(problem).__name__}")]
    except Exception as problem:  # noqa: BLE001 - one check that breaks must not hide the others
        # its words may quote a customer's data
        return [error(f"a fault of rightreason itself: {type(problem).__name__}", "please report it")]


def _all(check: Check, subject: Subject) -> list[Finding]:
    return list(check.look(subject))
