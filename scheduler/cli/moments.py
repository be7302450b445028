"""Moments that are typed: `--now`, `--at` and `--until`. Here the clock is read, and nowhere below."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from scheduler.cli.frame import cache_of, workspace_of
from scheduler.errors import BadInstant, UnknownZone

_EARLIEST, _LATEST = -2_208_988_800_000_000, 7_258_118_400_000_000  # 1900 and 2200, in UTC microseconds

Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="INSTANT",
        envvar="RIGHTREASON_NOW",
        show_envvar=False,
        help="Take this for the present moment, like 2026-03-01 or '2026-03-01 09:00'; without an offset it is the "
        "house's time.",
    ),
]


def now_in(typed: str | None, ctx: typer.Context) -> int:
    """The present moment in UTC microseconds: what was typed, in the house's time, or else the clock's."""
    return clock() if typed is None else instant_in(typed, house_zone(ctx), "--now")


def moment_of(typed: str | None, zone_name: str, option: str = "--now") -> int:
    """As `now_in`, where the house's zone is known already."""
    return clock() if typed is None else instant_in(typed, zone_name, option)


def clock() -> int:
    """Read the machine's clock, in UTC microseconds."""
    return time.time_ns() // 1_000


def instant_in(typed: str, zone_name: str, option: str) -> int:
    """A typed moment in UTC microseconds; without an offset it is the time of that zone.

    Raises `BadInstant`, also for years of which neither facts nor clocks are known.
    """
    from scheduler.wallclock import parse_instant, zone

    try:
        at = parse_instant(typed, zone(zone_name))
    except BadInstant as error:
        raise BadInstant(f"{option}: {error}", text=typed) from None
    if not _EARLIEST <= at < _LATEST:
        raise BadInstant(f"{option}: {typed!r} is out of reach; name a moment of the years 1900 to 2199", text=typed)
    return at


def house_zone(ctx: typer.Context) -> str:
    """The zone of the house rules in the workspace's folder; UTC where they can't be read.

    For commands that need nothing else of the rules, so other mistakes in them are no matter here. Raises
    `UnknownZone` with the place where it is written.
    """
    from scheduler.rulebook.reader import HOUSE_FILE, read_rulebook
    from scheduler.wallclock import zone

    folder = workspace_of(ctx)
    name = read_rulebook(folder, cache=cache_of(folder))[0].house.timezone
    try:
        return zone(name).name
    except UnknownZone as error:
        raise UnknownZone(f"{folder / HOUSE_FILE}: timezone: {error}", name=name) from None
