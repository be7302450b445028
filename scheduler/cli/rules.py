"""The rules that a command goes by: those that are active, or those in the workspace's folder."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from scheduler.cli.frame import cache_of
from scheduler.cli.moments import moment_of
from scheduler.errors import InputError, RulebookError
from scheduler.planning.rulebooks import Active, active, as_active
from scheduler.rulebook.findings import meant
from scheduler.rulebook.lint.subject import Known
from scheduler.rulebook.model import HouseRules, Rulebook
from scheduler.rulebook.reader import load_rulebook, read_rulebook, rulebook_from_texts
from scheduler.rulebook.templates import CHANNELS
from scheduler.settings import Settings
from scheduler.store import Store
from scheduler.workspace import Workspace

NEAR = 5
"""As many names are offered where one is unknown and none of them is alike."""
NONE_ACTIVE = "no rules are active; look at `rightreason preview`, then `rightreason activate`"


def rulebook_in_folder(workspace: Workspace) -> Rulebook:
    """The rules in the workspace's folder; raises `RulebookError` with every finding where they are wrong."""
    return load_rulebook(workspace.folder, cache=cache_of(workspace.folder))


def ensure_templates(workspace: Workspace, rulebook: Rulebook) -> None:
    """Raise `RulebookError` with every finding where a template does not render for its rule."""
    from scheduler.messages.check import check_templates
    from scheduler.rulebook.content_cache import ContentCache

    kept = ContentCache(cache_of(workspace.folder) / "messages.json")
    findings = [one for one in check_templates(rulebook, workspace.settings, cache=kept) if one.is_error]
    if findings:
        raise RulebookError(findings=findings, sources=rulebook.files)


def known_in(settings: Settings, store: Store | None) -> Known:
    """What the settings and the facts in a store say, for warnings; nothing of facts where there are none yet."""
    from scheduler.channels.registry import not_set_up

    channels = frozenset(CHANNELS) - not_set_up(CHANNELS, settings).keys()
    seen = None if store is None else store.survey()
    if store is None or seen is None or not seen.events:
        return Known(channels=channels)
    return Known(frozenset(seen.events), seen.attributes, channels, seen.properties, store.ever_had)


def ensure_rule(rulebook: Rulebook, name: str | None) -> None:
    """Raise `InputError`, with the names nearest to it, where there is no such rule; None is any rule."""
    _ensure("rule", name, rulebook.rules)


def ensure_channel(name: str | None) -> None:
    """Raise `InputError`, with the name that was meant, where there is no such channel; None is any channel."""
    _ensure("channel", name, CHANNELS)


def _ensure(what: str, name: str | None, known: Iterable[str]) -> None:
    known = list(known)
    if name is None or name in known:
        return
    there = f"there are {', '.join(known)}"
    if len(known) > NEAR:
        there = f"the nearest of {len(known)} are {', '.join(get_close_matches(name, known, n=NEAR, cutoff=0))}"
    raise InputError(f"there is no {what} {name!r}; {meant(name, known, there)}")


def rules_and_moment(workspace: Workspace, typed: str | None, *, running: bool, option: str) -> tuple[Active, int]:
    """The rules to go by and the moment that was typed, in their house's time, or else the present one.

    They are those that are active where `running`, and else those in the folder as if they were activated at that
    moment. Raises `InputError` where none are active, `RulebookError` where those in the folder are wrong.
    """
    if not running:
        rulebook = rulebook_in_folder(workspace)
        moment = moment_of(typed, rulebook.house.timezone, option)
        return as_active(workspace.store, rulebook, moment), moment
    found = active(workspace.store, cache=cache_of(workspace.folder))
    if found is None:
        raise InputError(NONE_ACTIVE)
    return found, moment_of(typed, found.program.house.timezone, option)


def rulebook_of(workspace: Workspace) -> Rulebook:
    """The rulebook that is active, or else that of the folder, as far as it can be read."""
    return active_rules(workspace) or read_rulebook(workspace.folder, cache=cache_of(workspace.folder))[0]


def active_rules(workspace: Workspace) -> Rulebook | None:
    """The rulebook that is active, or None."""
    found = workspace.store.rulebooks.active()
    return rulebook_from_texts(found.files, cache=cache_of(workspace.folder))[0] if found else None


def house_of(workspace: Workspace) -> HouseRules:
    """The house rules that are active, or else those of the folder, as far as they can be read."""
    return rulebook_of(workspace).house
