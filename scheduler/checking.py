"""Everything that is wrong with a workspace's rules, templates and tests, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler.decisions.program import compile_rules
from scheduler.errors import InputError
from scheduler.messages.check import check_templates
from scheduler.rulebook.content_cache import ContentCache
from scheduler.rulebook.findings import Finding, in_order, meant, warning
from scheduler.rulebook.lint.subject import Known
from scheduler.rulebook.model import Place, Rulebook
from scheduler.rulebook.reader import read_texts, rulebook_from_texts
from scheduler.ruletests.running import read_tests
from scheduler.settings import Settings

_NOT_READ = "unknown-rule"
"""What tests say of rules that may be there, but could not be read: it is told once, where the rule stands."""


@dataclass(frozen=True)
class Checked:
    """The rules of a workspace, what was found in its files, in order, and the texts of all by file."""

    rulebook: Rulebook
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]


def check_workspace(
    workspace: Path, settings: Settings, *, known: Known | None = None, cache: Path | None = None
) -> Checked:
    """Read and try all files; `known` is what the store knows, `cache` the folder for what was worked out before."""
    texts, unread = read_texts(workspace)
    rulebook, found = rulebook_from_texts(texts, known=known, cache=cache)
    of_rules = [*unread, *found]
    are_right = not any(one.is_error for one in of_rules)
    tests = read_tests(workspace, rulebook, compile_rules(rulebook) if are_right else None, cache=cache)
    of_tests = [one for one in tests.findings if (are_right and rulebook.rules) or one.code != _NOT_READ]
    if are_right and not rulebook.rules:
        message = "there are no rules, so nobody will ever be contacted"
        way_out = "write a campaign in rules/, or let `rightreason init` lay one down in a new folder"
        of_rules = [*of_rules, warning("no-rules", Place("rules", 1, 1), message, way_out)]
    kept = ContentCache(cache / "messages.json" if cache else None)
    tried = check_templates(rulebook, settings, attributes=known.attributes if known else {}, cache=kept)
    told = {(one.place.file, one.place.line) for one in (*of_rules, *of_tests) if one.is_error}
    of_templates = [one for one in tried if (one.place.file, one.place.line) not in told]
    return Checked(rulebook, tuple(in_order([*of_rules, *of_tests, *of_templates])), {**texts, **tests.texts})


def workspace_around(path: Path) -> Path:
    """The nearest folder above a file or folder (or that itself) that holds `rules/`; raises `InputError`."""
    ensure_there(path, "leave it out to check everything")
    asked = path.absolute()
    found = next((folder for folder in (asked, *asked.parents) if (folder / "rules").is_dir()), None)
    if found is None:
        raise InputError(f"{path} is in no workspace: no folder above it holds rules/")
    return found


def ensure_there(path: Path, otherwise: str) -> None:
    """Raise `InputError`, with the name that was meant or what to do `otherwise`, where there is no such file."""
    asked = path.absolute()
    if not asked.exists():
        beside = {one.name for one in asked.parent.iterdir()} - {asked.name} if asked.parent.is_dir() else set()
        raise InputError(f"there is no {path}; {meant(asked.name, beside, otherwise)}")


def lies_in(finding: Finding, workspace: Path, path: Path) -> bool:
    """Whether a finding is about a file, or about one in a folder."""
    return (workspace / finding.place.file).is_relative_to(path.absolute())
