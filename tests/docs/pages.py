"""Pages as stories: the files that they have their reader write, and what they are told commands print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typing_commands import run_here

_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_NAMED = re.compile(r"`((?:rules|templates)/[\w/.]+)`[^`]*\Z")
_RULE = re.compile(r"  (\w+):\n")


def blocks(page: str, language: str) -> list[str]:
    return [text for written_in, text in _BLOCK.findall(page) if written_in == language]


def sessions(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block with the lines that it is said to print."""
    for part in text.removeprefix("$ ").split("\n$ "):
        command, *lines = part.rstrip("\n").split("\n")
        yield command, lines


def follow(page: str, monkeypatch: pytest.MonkeyPatch, *, failing: tuple[str, ...] = ()) -> None:
    """Do what a page says, in the present folder; of what is printed only "…" leaves some out.

    `failing` are commands that end with findings once, the first time that they are typed.
    """
    left = list(failing)
    for found in _BLOCK.finditer(page):
        language, text = found.groups()
        if language != "console":
            _write(page[: found.start()], text)
            continue
        for command, lines in sessions(text):
            program, *words = shlex.split(command)
            if program == "cd":
                monkeypatch.chdir(words[0])
                continue
            if program == "export":
                continue
            expected = 0
            if command in left:
                left.remove(command)
                expected = 1
            result = run_here(*words)
            assert result.exit_code == expected, (command, result.output)
            assert not lines or is_as_told(lines, result.output), (command, lines, result.output)
    assert not left


def is_as_told(lines: Sequence[str], printed: str) -> bool:
    """Whether these lines are what was printed, all of it but for what "…" leaves out."""
    told = "".join("(?:.*\n)*?" if line == "…" else f"{re.escape(line)}\n" for line in lines)
    return re.fullmatch(told, printed) is not None


def _write(before: str, text: str) -> None:
    """Write a file that the page names just before its text; a rule by itself replaces the one of its name."""
    named = _NAMED.search(before)
    if named is None:
        return
    file = Path(named[1])
    file.parent.mkdir(parents=True, exist_ok=True)
    rule = _RULE.match(text)
    if rule is not None:
        old = file.read_text(encoding="utf-8")
        start = old.index(rule[0])
        end = old.find("\n\n", start)
        text = old[:start] + text.rstrip("\n") + (old[end:] if end >= 0 else "\n")
    file.write_text(text, encoding="utf-8")
