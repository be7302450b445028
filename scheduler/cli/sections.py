"""A customer's occasions in sections: first what is open, then what is to come, then what is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import typer

from scheduler.cli.explanations import Reasoned
from scheduler.cli.formats import count, painted
from scheduler.cli.occasions import ending, headline, print_reasoned, trigger, what_ended
from scheduler.cli.paragraphs import print_paragraph
from scheduler.decisions.outcome import Outcome
from scheduler.rulebook.model import Rulebook

RULES = 4
"""Of so many rules a section tells an occasion, unless all are asked for."""


def print_sections(found: Sequence[Reasoned], rulebook: Rulebook, *, whole: bool, gates: bool) -> None:
    """Write the occasions by what became of them; of each rule the most telling one, and every one where `whole`.

    With `gates`, each gate of those is told that says anything about them, and any gate where `whole`.
    """
    sections: dict[str, list[Reasoned]] = {title: [] for title, _, _ in _SECTIONS}
    settled = [one for one in found if _is_settled(one)]
    for one in found:
        if not _is_settled(one):
            sections[next(title for title, belongs, _ in _SECTIONS if belongs(one))].append(one)
    for title, _, newest_first in _SECTIONS:
        if section := sections[title]:
            _heading(title)
            _print_section(section[::-1] if newest_first else section, rulebook, whole=whole, gates=gates)
    if settled:
        _heading("Settled before it is asked")
        if whole or gates:
            _print_section(settled, rulebook, whole=whole, gates=gates)
            return
        for (rule, what), number in Counter((one.told.decision.rule, what_ended(one)) for one in settled).items():
            print_paragraph(f"{rule}: ", what + (f" ({number} occasions)" if number > 1 else ""))


def print_absences(absent: dict[str, list[str]], title: str) -> None:
    """Write why rules have no occasion, by what would have to happen first."""
    _heading(title)
    for why, names in absent.items():
        print_paragraph("", why)
        print_paragraph("", ", ".join(names), lead=" " * 6)


def _print_section(section: Sequence[Reasoned], rulebook: Rulebook, *, whole: bool, gates: bool) -> None:
    by_rule: dict[str, list[Reasoned]] = {}
    for one in section:
        by_rule.setdefault(one.told.decision.rule, []).append(one)
    told = list(section) if whole else [own[0] for own in by_rule.values()][:RULES]
    for number, one in enumerate(told):
        if number:
            typer.echo()
        print_reasoned(one, rulebook, gates=gates or whole, whole=whole)
        if not whole:
            _print_others(by_rule[one.told.decision.rule][1:])
    if not whole and (left := list(by_rule)[RULES:]):
        typer.echo()
        print_paragraph("", f"… and more by {', '.join(left)} (--all, or --rule NAME)")


def _print_others(others: Sequence[Reasoned]) -> None:
    if len(others) == 1:
        print_paragraph("also     ", f"{headline(others[0])}; by {trigger(others[0])}")
    elif others:
        print_paragraph("also     ", f"{count(len(others), 'more occasion')} like it: {_counted(others)}")


def _counted(occasions: Iterable[Reasoned]) -> str:
    """How they ended, or stand, with their numbers."""
    states = Counter(_state(one) for one in occasions)
    return ", ".join(f"{number} {state}" for state, number in states.most_common())


def _state(one: Reasoned) -> str:
    if one.is_contact:
        return str(one.row.state).replace("_", " ") if one.row else "will go"
    return "not open yet" if one.is_to_come else ending(one)


def _is_settled(one: Reasoned) -> bool:
    """Whether its goal is reached, or its ground lost, before it is asked."""
    return one.row is None and bool(what_ended(one))


def _heading(title: str) -> None:
    typer.echo("\n" + painted(title, bold=True))
    typer.echo(painted("─" * len(title), "bright_black"))


_SECTIONS: Sequence[tuple[str, Callable[[Reasoned], bool], bool]] = (
    (
        "Open, and nothing is sent",
        lambda one: one.told.decision.outcome is Outcome.WAITING and not one.is_to_come,
        False,
    ),
    ("Will be contacted, as things stand", lambda one: one.is_contact and one.row is None, False),
    ("Contacted", lambda one: one.is_contact, True),
    ("Ended without a contact", lambda one: one.row is not None or not one.is_to_come, True),
    ("To come without a contact, as things stand", lambda _: True, False),
)
"""Each section's title, what belongs to it of what is left, and whether its newest comes first."""
