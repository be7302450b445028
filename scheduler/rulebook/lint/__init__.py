"""The lint that is grammar: what the right reason demands of rules, asked of every rulebook."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.rulebook.findings import Finding
from scheduler.rulebook.lint import actions, asks, conditions, hours, reasons, triggers, unseen, windows, wording
from scheduler.rulebook.lint.house import house
from scheduler.rulebook.lint.subject import Known, Lint, Subject

__all__ = ["LINTS", "Known", "Lint", "Subject", "lint"]

LINTS: tuple[Lint, ...] = (
    house,
    reasons.reasons,
    triggers.lacks,
    triggers.every,
    triggers.silence,
    triggers.ahead,
    triggers.followed,
    triggers.circles,
    windows.empty,
    windows.again,
    hours.hours,
    asks.asks,
    asks.value,
    asks.too_late,
    conditions.names,
    conditions.circles,
    conditions.questions,
    conditions.kinds,
    conditions.in_rules,
    conditions.too_many,
    actions.actions,
    actions.channels,
    actions.topics,
    actions.missing_templates,
    actions.template_names,
    wording.wording,
    unseen.unseen,
    unseen.properties,
)
"""Every question, in no order that matters."""


def lint(subject: Subject) -> Iterator[Finding]:
    """Everything that is wrong with a rulebook whose files could be read."""
    for question in LINTS:
        yield from question(subject)
