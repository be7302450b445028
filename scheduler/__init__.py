"""rightreason: decides when and why a business contacts each of its customers, and does it.

For programs that build on it, these names stay as they are; all others may change:

    from pathlib import Path
    from scheduler import compile_rules, decide, load_rulebook, open_workspace

    program = compile_rules(load_rulebook(Path("shop")))
    with open_workspace(Path("shop")) as shop:
        for decision in decide(program, shop.store.customers.read(), now, now + 30 * 86_400_000_000):
            print(decision.at, decision.customer, decision.rule, decision.outcome, decision.because)

Instants are UTC microseconds since 1970. Nothing is loaded before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scheduler.decisions.causes import Cause
    from scheduler.decisions.decide import decide
    from scheduler.decisions.facts import Consent, Contact, Customer, Event
    from scheduler.decisions.outcome import Decision, Outcome
    from scheduler.decisions.program import Program, compile_rules
    from scheduler.decisions.trace import explain
    from scheduler.errors import RightReasonError
    from scheduler.rulebook.reader import load_rulebook
    from scheduler.workspace import Workspace, open_workspace

    __version__: str

__all__ = [
    "Cause",
    "Consent",
    "Contact",
    "Customer",
    "Decision",
    "Event",
    "Outcome",
    "Program",
    "RightReasonError",
    "Workspace",
    "__version__",
    "compile_rules",
    "decide",
    "explain",
    "load_rulebook",
    "open_workspace",
]

_HOMES = {
    **dict.fromkeys(("Consent", "Contact", "Customer", "Event"), "decisions.facts"),
    **dict.fromkeys(("Decision", "Outcome"), "decisions.outcome"),
    **dict.fromkeys(("Program", "compile_rules"), "decisions.program"),
    **dict.fromkeys(("Workspace", "open_workspace"), "workspace"),
    "Cause": "decisions.causes",
    "RightReasonError": "errors",
    "decide": "decisions.decide",
    "explain": "decisions.trace",
    "load_rulebook": "rulebook.reader",
}
"""The module that each name lives in."""


def __getattr__(name: str) -> Any:
    """Load what is asked for; raises `AttributeError` for any other name."""
    if name == "__version__":
        from importlib.metadata import version

        return version("rightreason")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
