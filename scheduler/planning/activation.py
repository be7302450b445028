"""Makes a rulebook the active one."""

from __future__ import annotations

from scheduler.decisions.program import compile_rules
from scheduler.errors import InputError
from scheduler.planning.rulebooks import active_rules
from scheduler.rulebook.model import Rulebook
from scheduler.store import Store


def activate(store: Store, rulebook: Rulebook, who: str, now: int, *, expected: int | None = None) -> int:
    """Make a rulebook active as of `now`; returns the activation's number.

    The pending contacts follow with the next plan, customer by customer. A rulebook that is active already stays
    so, under its number. Raises `InputError` for rules that can't be run, and where there are none, as that would
    cancel all that is pending; nothing has changed then. Nor where the rulebook that is active is not the one with the
    number `expected` (0: none), which raises `StoreError`.
    """
    if not rulebook.rules:
        raise InputError("there are no rules to activate; to stop everything, `rightreason hold --all`")
    compile_rules(rulebook)
    rules = active_rules(rulebook)
    return store.rulebooks.activate(rulebook.files, rulebook.version, who, rules=rules, now=now, expected=expected)
