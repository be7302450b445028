"""Every fault in its short form, against the real daemon: `make test-faults` has the long ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .catalogue import ELSEWHERE, FAULTS, Fault
from .databases import Databases, Lent, Sqlite, own_postgresql
from .ground import Ground

SEED = 20
MOST_ON_POSTGRESQL = 8
BY_ID = {fault.id: fault for fault in FAULTS}
ROOT = Path(__file__).parents[2]


def held(fault: Fault, databases: Databases, folder: Path) -> str:
    """What was found where a fault is not held; else nothing."""
    cycles = fault.short if databases.kind == "sqlite" else min(fault.short, MOST_ON_POSTGRESQL)
    verdict = fault.inflict(Ground(folder / fault.id, databases, SEED, cycles))
    assert verdict.cycles > 0
    return "\n".join(verdict.findings)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_on_sqlite_it_is_held(fault: Fault, tmp_path: Path) -> None:
    assert held(fault, Sqlite(), tmp_path) == ""


@pytest.mark.parametrize("fault", [BY_ID[name] for name in ("F1", "F5", "F11")], ids=lambda fault: fault.name)
def test_on_postgresql_it_is_held(fault: Fault, tmp_path: Path, postgresql: Callable[[], str]) -> None:
    assert held(fault, Lent(postgresql), tmp_path) == ""


def test_a_postgresql_that_is_stopped_or_copied_is_held(tmp_path: Path) -> None:
    with own_postgresql() as server:
        assert [held(BY_ID[name], server, tmp_path) for name in ("F6", "F13")] == ["", ""]


def test_every_fault_of_the_list_is_tried() -> None:
    assert sorted([*BY_ID, *ELSEWHERE], key=lambda name: int(name[1:])) == [f"F{number}" for number in range(1, 14)]


def test_what_is_tried_elsewhere_is_there() -> None:
    named = [word for where in ELSEWHERE.values() for word in where.replace(",", " ").split() if word.endswith(".py")]
    assert [name for name in named if not (ROOT / name).exists()] == []
