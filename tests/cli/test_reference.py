"""The page of all commands can't lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.cli.reference import helps, reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
HELPS = dict(helps())
GROUPS = ("rightreason", "rightreason customer", "rightreason import")
COMMANDS = [path for path in HELPS if path not in GROUPS]


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "python -m scheduler.cli.reference > docs/cli.md"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_of_itself(command: str) -> None:
    _, _, examples = HELPS[command].partition("Examples:")
    assert command in examples


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_in_a_line(command: str) -> None:
    name = command.rpartition(" ")[2]
    (line,) = [
        line
        for group in GROUPS
        if command.rpartition(" ")[0] == group
        for line in HELPS[group].splitlines()
        if line.startswith(f"  {name} ")
    ]
    assert line.endswith((".", ".)"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(command: str) -> None:
    _, _, options = HELPS[command].partition("Options:\n")
    starts = [line for line in options.splitlines() if line.startswith("  -")]
    assert all("  " in line.strip() or len(line.strip().split()) <= 2 for line in starts)
