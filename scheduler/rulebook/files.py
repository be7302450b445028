"""The files of a workspace that make its rules: which there are, what they hold, and which can't be read."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from pathlib import Path

from scheduler.rulebook.findings import Finding, error
from scheduler.rulebook.model import Place
from scheduler.rulebook.yaml_text import LARGEST, decode


def files_in(
    workspace: Path, folder: str, endings: Container[str], *, below: bool = True
) -> tuple[list[Path], list[Finding]]:
    """The files in a folder that end in one of `endings`, in order, and what of the folder can't be looked into.

    Also those in the folders `below` it. Hidden ones, whose names begin with a dot, are nobody's rules. Where there
    is no such folder, there are no files.
    """
    top = workspace / folder
    if not os.path.lexists(top):
        return [], []
    problems: list[OSError] = []
    paths: list[Path] = []
    for here, folders, files in os.walk(top, onerror=problems.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [
            Path(here, name)
            for name in (*folders, *files)  # a folder that is called like a file can't be read, which is to be told
            if not name.startswith(".") and name.rpartition(".")[2] in endings
        ]
        if not below:
            break
    return sorted(paths), [_unlooked(workspace, problem) for problem in problems]


def texts_of(workspace: Path, paths: Iterable[Path]) -> tuple[dict[str, str], list[Finding]]:
    """The texts of files, by path in the workspace, and those that can't be read."""
    texts: dict[str, str] = {}
    findings: list[Finding] = []
    for path in paths:
        name = _name(workspace, path)
        start = Place(name, 1, 1)
        if name != path.relative_to(workspace).as_posix():
            findings.append(error("unreadable", start, "the file's name can't be read", "rename it in plain letters"))
            continue
        try:
            if path.stat().st_size > LARGEST:
                findings.append(error("too-large", start, "the file is larger than 1 MB", "split it into several"))
                continue
            content = path.read_bytes()
        except OSError as problem:
            findings.append(error("unreadable", start, f"the file can't be read: {problem.strerror}", "let it be read"))
            continue
        text, unread = decode(name, content)
        findings += unread
        if not unread:
            texts[name] = text
    return texts, findings


def _unlooked(workspace: Path, problem: OSError) -> Finding:
    place = Place(_name(workspace, Path(problem.filename)), 1, 1)
    message = f"the folder can't be looked into: {problem.strerror}"
    return error("unreadable", place, message, "let it be a folder that can be read")


def _name(workspace: Path, path: Path) -> str:
    """A path in the workspace; where it is no UTF-8, with a sign for what can't be shown."""
    return os.fsencode(path.relative_to(workspace).as_posix()).decode("utf-8", "replace")
