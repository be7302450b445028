"""Tidies up: moves to the archive what has ended so long ago as is set, and what no rule looks at any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from scheduler.durations import Duration
from scheduler.planning.lookback import LookBack, look_back
from scheduler.planning.rulebooks import active
from scheduler.rulebook.model import ANY
from scheduler.store.retention import NONE_FOUND, Found, Leaving, found, leave, settle
from scheduler.wallclock import DAY, date_of, day_of
from scheduler.workspace import Workspace

TABLES = {
    "occasions": "occasion",
    "events": "event",
    "tasks": "task",
    "attempts": "attempt",
    "notes": "note",
    "traffic": "traffic",
}
"""The settings of `[retention]`, with the tables that they are about."""

_RULES_ASK = {"occasion", "event"}


@dataclass(frozen=True, slots=True)
class Tidied:
    """What may leave a table, or has left; `name` is that of its setting.

    `keep` is what is set, `before` the instant that follows from it and from the rules, None where nothing may leave;
    `stays` says in sentences what stays although it is older; `days_more` is by how much all of it stays longer than
    is set, since the rules look back so far.
    """

    name: str
    keep: Duration | None
    before: int | None = None
    found: Found = NONE_FOUND
    left: int = 0
    stays: tuple[str, ...] = ()
    days_more: int = 0


def may_leave(workspace: Workspace, now: int) -> list[Tidied]:
    """What may leave each table at `now`."""
    return [
        one if leaving is None else replace(one, found=found(workspace.store, leaving))
        for one, leaving in _leaving(workspace, now)
    ]


def tidy(
    workspace: Workspace,
    now: int,
    *,
    progress: Callable[[int], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> list[Tidied]:
    """Moves what may leave at `now` to the archive; what has left each table.

    `progress` is told of each batch's rows; `stopping` may end it after any batch. Raises `StoreError`.
    """
    folder = archive_of(workspace)
    settle(workspace.store, folder)
    done = []
    for one, leaving in _leaving(workspace, now):
        left = 0
        if leaving is not None:
            left = leave(workspace.store, folder, leaving, progress=progress, stopping=stopping)
        done.append(replace(one, left=left))
    return done


def archive_of(workspace: Workspace) -> Path:
    """The folder of the archive."""
    return workspace.folder / workspace.settings.retention.folder


def _leaving(workspace: Workspace, now: int) -> Iterator[tuple[Tidied, Leaving | None]]:
    rules = active(workspace.store)
    looks = None if rules is None else look_back(rules.program)
    for name, table in TABLES.items():
        keep: Duration | None = getattr(workspace.settings.retention, name)
        if keep is None:
            yield Tidied(name, keep), None
        elif table not in _RULES_ASK:
            before = _before(now, keep)
            yield Tidied(name, keep, before), Leaving(table, before)
        elif looks is None:
            yield (
                Tidied(name, keep, stays=("all of them: no rules are active, and those to come may look at them",)),
                None,
            )
        else:
            set_by = _before(now, keep)
            before = min(set_by, now - looks.reach)
            more = -(-(set_by - before) // DAY)
            yield (
                Tidied(name, keep, before, stays=tuple(_stays(name, looks)), days_more=more),
                _asked_by(looks, table, before),
            )


def _asked_by(looks: LookBack, table: str, before: int) -> Leaving:
    if table == "event":
        return Leaving(table, before, tuple(sorted(looks.events)))
    return Leaving(table, before, tuple(sorted(looks.contacts)), no_contacts=ANY in looks.contacts)


def _stays(name: str, looks: LookBack) -> Iterator[str]:
    if name == "events":
        yield from (f"{event}: rule {why}" for event, why in sorted(looks.events.items()))
    elif ANY in looks.contacts:
        yield f"all contacts: rule {looks.contacts[ANY]}"
    else:
        yield from (f"contacts by {rule}: rule {why}" for rule, why in sorted(looks.contacts.items()))


def _before(now: int, keep: Duration) -> int:
    """The beginning of the day, in UTC, that lies so long before that of `now`."""
    return day_of(keep.earlier(date_of(now // DAY))) * DAY
