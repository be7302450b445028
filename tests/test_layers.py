"""The rooms of the house: who may import from whom, and who may read a clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import scheduler

HOUSE = Path(scheduler.__file__).parent
LAYERS = (
    *(
        "errors",
        "logs",
        "systemd",
        "explained",
        "durations",
        "wallclock",
        "rulebook",
        "settings",
        "decisions",
        "ruletests",
        "store",
        "workspace",
    ),
    *(
        "intake",
        "planning",
        "messages",
        "checking",
        "channels",
        "delivery",
        "backtest",
        "measures",
        "health",
        "doctor",
        "daemon",
        "web",
        "cli",
    ),
)
"""From the ground up: a room imports from those before it. `settings` needs the words of `findings`."""
APART = {"starter"}
"""Files to lay down, which nobody needs but `init`, and which need nobody."""

CLOCKS = {"cli", "daemon", "web"}
STOPWATCHES = {
    "messages/sandbox.py",  # a template that does not end is stopped; what it says is the same at any time
    "channels/smtp_client.py",  # a server that drips its answers is waited for no longer than one that says nothing
    "delivery/pace.py",  # messages leave one after the other, whatever is done to the clock
    "delivery/guard.py",  # the machine's even clock shows that the other one was put forward or back
}
DATABASE = {"sqlalchemy", "sqlmodel", "alembic", "sqlite3", "psycopg"}
FILES_AND_NETWORK = {"pathlib", "os", "shutil", "socket", "subprocess", "tempfile", "urllib.request"}


@cache
def modules(room: str = "") -> tuple[tuple[str, ast.Module], ...]:
    return tuple(
        (path.relative_to(HOUSE).as_posix(), ast.parse(path.read_text()))
        for path in sorted((HOUSE / room).rglob("*.py"))
    )


def room_of(module: str) -> str:
    return module.split("/")[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that is imported, whole, wherever that stands, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are written whole"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def imported_on_loading(statements: list[ast.stmt]) -> Iterator[str]:
    """What is imported while a module loads: neither in functions nor for types alone."""
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield from (name for _, name in imported(statement))


def test_every_room_has_its_layer() -> None:
    rooms = {room_of(module) for module, _ in modules()}
    assert rooms - {"__init__"} == {*LAYERS, *APART}


def test_a_room_imports_only_from_rooms_below_its_own() -> None:
    upward = [
        f"{module}:{line} imports {name}"
        for module, tree in modules()
        for line, name in imported(tree)
        if name.startswith("scheduler.") and (room := room_of(module)) in LAYERS
        if (other := name.split(".")[1]) != room and LAYERS[: LAYERS.index(room)].count(other) == 0
        if not (room == "cli" and other in APART)
    ]
    assert upward == []


def test_no_module_needs_itself_to_load() -> None:
    loaded: dict[str, set[str]] = {}
    for module, tree in modules():
        name = "scheduler." + module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        loaded[name] = set(imported_on_loading(tree.body))
    needs = {
        name: {one if one in loaded else one.rpartition(".")[0] for one in names} & loaded.keys() - {name}
        for name, names in loaded.items()
    }
    while free := [name for name, others in needs.items() if not others]:
        needs = {name: others - set(free) for name, others in needs.items() if name not in free}
    assert needs == {}


def test_only_the_daemon_and_the_commands_read_a_clock() -> None:
    reads = [
        f"{module}:{node.lineno}"
        for module, tree in modules()
        if room_of(module) not in CLOCKS and module not in STOPWATCHES
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (
            node.value.id == "time"
            or (node.value.id in {"datetime", "date"} and node.attr in {"now", "today", "utcnow"})
        )
        if (node.value.id, node.attr) != ("time", "fromisoformat")
    ]
    assert reads == []


def test_decisions_and_rules_know_no_database() -> None:
    known = [
        f"{module}:{line} imports {name}"
        for room in ("decisions", "rulebook")
        for module, tree in modules(room)
        for line, name in imported(tree)
        if name.split(".")[0] in DATABASE
    ]
    assert known == []


def test_decisions_touch_neither_files_nor_the_network() -> None:
    touched = [
        f"{module}:{line} imports {name}"
        for module, tree in modules("decisions")
        for line, name in imported(tree)
        if {name, name.rpartition(".")[0]} & FILES_AND_NETWORK
    ]
    assert touched == []


def test_the_tables_stay_inside_the_store() -> None:
    outside = [
        f"{module}:{line} imports {name}"
        for module, tree in modules()
        if room_of(module) != "store"
        for line, name in imported(tree)
        if name.split(".")[0] in DATABASE or name.startswith("scheduler.store.tables")
    ]
    assert outside == []


def test_no_module_is_named_for_nothing() -> None:
    nothing = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}
    assert [module for module, _ in modules() if nothing & set(module.removesuffix(".py").split("/"))] == []
