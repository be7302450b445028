"""Findings as GitHub Actions shows them: beside the lines of a pull request."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from scheduler.rulebook.findings import Finding

_IN_MESSAGES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_MESSAGES, ":": "%3A", ",": "%2C"}


def annotation(finding: Finding, workspace: Path | None = None) -> str:
    """The workflow command that shows a finding, as GitHub's documentation of workflow commands writes it.

    Its file is told from the repository's root, `GITHUB_WORKSPACE`, or else from the current folder.
    """
    place = finding.place
    properties = {
        "file": _in_repository(workspace, place.file),
        "line": str(place.line),
        "col": str(place.column),
        "title": finding.code,
    }
    written = ",".join(f"{name}={_escaped(value, _IN_PROPERTIES)}" for name, value in properties.items())
    lines = [finding.message, finding.way_out, f"allowed: {', '.join(finding.allowed)}" if finding.allowed else ""]
    message = "\n".join(line for line in lines if line)
    return f"::{finding.severity} {written}::{_escaped(message, _IN_MESSAGES)}"


def _in_repository(workspace: Path | None, file: str) -> str:
    if workspace is None:
        return file
    root = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    found = (workspace / file).resolve()
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else file


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in text)
