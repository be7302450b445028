"""The command line reads the clock; nothing below it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from freezegun import freeze_time
from typing_commands import MORNING, run_in

from scheduler.cli.moments import moment_of
from scheduler.errors import InputError
from scheduler.wallclock import parse_instant, zone

BERLIN = zone("Europe/Berlin")


@freeze_time("2026-11-02T07:00:00Z")
def test_without_a_typed_moment_it_is_now() -> None:
    assert moment_of(None, "Europe/Berlin", "--now") == parse_instant("2026-11-02T08:00", BERLIN)


@freeze_time("2030-01-01")
def test_a_typed_moment_is_read_in_the_time_of_the_house() -> None:
    assert moment_of("2026-11-02 08:00", "Europe/Berlin", "--now") == parse_instant("2026-11-02T07:00:00Z", BERLIN)


def test_what_is_no_moment_is_told_with_its_option() -> None:
    with pytest.raises(InputError, match="--now"):
        moment_of("soon", "Europe/Berlin", "--now")


def test_a_preview_of_now_is_that_of_the_same_moment_typed(shop: Path) -> None:
    with freeze_time("2026-11-02T07:00:00Z"):
        by_the_clock = run_in(shop, "preview", "--customer", "amara", "--format", "json")
    typed = run_in(shop, "preview", "--customer", "amara", "--format", "json", "--now", MORNING)
    assert typed.stdout.count("\n") == 5
    assert by_the_clock.stdout == typed.stdout
