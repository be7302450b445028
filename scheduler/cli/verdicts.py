"""What came of tests of rules, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

from scheduler.cli.formats import Column, Format, count, painted, print_objects, print_table
from scheduler.cli.local_time import shown
from scheduler.cli.silences import in_words
from scheduler.decisions.causes import Cause
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.rulebook.model import Rulebook
from scheduler.rulebook.rule_tests import CONSENT, NO_CONTACT, Expectation, ExpectedContact
from scheduler.ruletests.coverage import Covered
from scheduler.ruletests.story import Story
from scheduler.ruletests.verdict import Miss, Verdict

KEYS = ("file", "line", "test", "passed", "misses")
_MEASURED = frozenset({Cause.VALUE_WINDOW, Cause.CAP})
COVER_KEYS = ("rule", "contacted", "gates", "unreached")


def print_verdicts(verdicts: Sequence[Verdict], rulebook: Rulebook, form: Format) -> None:
    """Write a line for each file, then everything that failed, then the sum."""
    if form is not Format.TABLE:
        print_objects((_as_object(one, rulebook) for one in verdicts), KEYS, form)
        return
    files = Counter(one.test.file for one in verdicts)
    failed = [one for one in verdicts if not one.passed]
    wrong = Counter(one.test.file for one in failed)
    for file, tests in files.items():
        came = f"{wrong[file]} of {count(tests, 'test')} failed" if wrong[file] else f"{count(tests, 'test')} passed"
        typer.echo(f"{painted('✗', 'red') if wrong[file] else painted('✓', 'green')} {file}: {came}")
    for one in failed:
        _print_failed(one, rulebook)
    if failed:
        typer.echo(f"\n{len(failed)} of {count(len(verdicts), 'test')} failed")
    else:
        typer.echo(f"all is well: {count(len(verdicts), 'test')} in {count(len(files), 'file')}")


def print_coverage(covered: Sequence[Covered], form: Format) -> None:
    """Write which rules and gates the tests reach."""
    if form is not Format.TABLE:
        print_objects(map(_covered_as_object, covered), COVER_KEYS, form)
        return
    print_table(
        (
            Column("rule"),
            Column("contact"),
            Column("gates", align="right"),
            Column("no test sees these refuse", wide=True),
        ),
        [
            (
                one.rule.name,
                "yes" if one.contacted else "never",
                f"{len(one.gates) - len(one.unreached)} of {len(one.gates)}",
                ", ".join(one.unreached),
            )
            for one in covered
        ],
    )
    whole = sum(one.is_whole for one in covered)
    typer.echo(f"\n{whole} of {count(len(covered), 'rule')} reached whole")


# --- failures ----------------------------------------------------------------------------------------------------


def _print_failed(verdict: Verdict, rulebook: Rulebook) -> None:
    test = verdict.test
    typer.echo(f"\n{painted('FAILED', 'red', bold=True)} {painted(test.name, bold=True)}  ({test.place})")
    stories = {miss.story.name: miss.story for miss in verdict.misses}
    for story in stories.values():
        _print_story(story, verdict.seen)
        for miss in verdict.misses:
            if miss.story is story:
                _print_miss(miss, rulebook)


def _print_story(story: Story, seen: Sequence[Decision]) -> None:
    """The customer's timeline: what happens, and which contacts are made."""
    customer = story.customer
    typer.echo(f"  {customer.attributes.get('name', story.name)}, {story.zone.name}")
    told = [(event.at, 0, _happened(event.name, event.properties)) for event in customer.events]
    told += [
        (one.at, 0, f"{CONSENT}: {'given' if one.given else 'withdrawn'} to {one.topic}") for one in customer.consents
    ]
    made = {(one.at, one.rule, one.channel or "") for one in seen if _is_of(one, story)}
    told += [(at, 1, f"→ contact by {rule}, {channel}") for at, rule, channel in made]
    for at, _, what in sorted(told):
        typer.echo(f"    {shown(at, story.zone)}  {what}")


def _is_of(one: Decision, story: Story) -> bool:
    return one.customer == story.customer.id and one.outcome is Outcome.CONTACT


def _happened(name: str, properties: Mapping[str, Any]) -> str:
    told = ", ".join(f"{key} {value}" for key, value in properties.items())
    return f"{name}: {told}" if told else name


def _print_miss(miss: Miss, rulebook: Rulebook) -> None:
    wanted = "no other contact" if miss.wanted is None else _wanted(miss.wanted)
    typer.echo(f"  {painted('wanted', bold=True)}  {wanted}  ({miss.place})")
    for number, line in enumerate(_actual(miss, rulebook)):
        typer.echo(f"  {painted('actual', bold=True) if not number else '      '}  {line}")
    for one in miss.actual if miss.wanted is None else ():
        line = ", ".join(f"{key}: {value}" for key, value in _as_written(one, miss.story).items())
        typer.echo("          this test lists every contact; if the new one is right, add")
        typer.echo(f"            - {{{line}}}")


def _as_written(contact: Decision, story: Story) -> dict[str, str]:
    """A contact as a test would expect it."""
    expected = {"at": f"{story.zone.wall(contact.at):%Y-%m-%d %H:%M}", "rule": contact.rule}
    return expected | ({"customer": story.name} if len(story.test.customers) > 1 else {})


def _wanted(wish: ExpectedContact) -> str:
    when = wish.at or (f"{wish.on:%a} {wish.on.day} {wish.on:%b %Y}" if wish.on else "")
    outcome = wish.outcome if isinstance(wish, Expectation) else Outcome.CONTACT
    told = f"{wish.rule}: {outcome.replace('_', ' ')} on {when}"
    if wish.by:
        told += f" by {wish.by}"
    if isinstance(wish, Expectation) and wish.because:
        told += f", because of {', '.join(wish.because)}"
    return told


def _actual(miss: Miss, rulebook: Rulebook) -> Iterator[str]:
    if not miss.actual:
        yield f"{miss.wanted.rule if miss.wanted else 'the rule'} had no occasion by then"
    for one in miss.actual:
        told = f"{one.rule}: {one.outcome.replace('_', ' ')}"
        if one.outcome is not Outcome.WAITING:
            told += f" on {shown(one.at, miss.story.zone)}"
        if one.channel and one.outcome is Outcome.CONTACT:
            told += f" by {one.channel}"
        yield told
        rule = rulebook.rules.get(one.rule)
        for gate in one.because:
            no = in_words(gate, rulebook, rule, missed=one.is_missed)
            yield "; ".join([f"  ✗ {gate}: {no}", *_case(miss, one, gate)])


def _case(miss: Miss, one: Decision, gate: str) -> list[str]:
    """What was the case, at a gate whose no says little by itself."""
    if Cause.of(gate) not in _MEASURED:
        return []
    return [answer.actual for answer in miss.gates.get(one.occasion, ()) if answer.gate == gate]


def _as_object(verdict: Verdict, rulebook: Rulebook) -> dict[str, Any]:
    misses = [
        {
            "line": miss.place.line,
            "customer": miss.story.name,
            "wanted": _wanted_as_object(miss),
            "actual": list(_actual(miss, rulebook)),
        }
        for miss in verdict.misses
    ]
    test = verdict.test
    return {
        "file": test.file,
        "line": test.place.line,
        "test": test.name,
        "passed": verdict.passed,
        "misses": misses,
    }


def _wanted_as_object(miss: Miss) -> dict[str, Any]:
    """What was expected; where it was no other contact, none at the moment of the one that came."""
    wish = miss.wanted or ExpectedContact.model_validate(_as_written(miss.actual[0], miss.story))
    outcome = wish.outcome if isinstance(wish, Expectation) else Outcome.CONTACT.value
    return {
        "rule": wish.rule,
        "on": None if wish.on is None else wish.on.isoformat(),
        "at": wish.at,
        "outcome": NO_CONTACT if miss.wanted is None else outcome,
        "by": wish.by,
        "because": list(wish.because) if isinstance(wish, Expectation) else [],
    }


def _covered_as_object(one: Covered) -> dict[str, Any]:
    return {
        "rule": one.rule.name,
        "contacted": one.contacted,
        "gates": list(one.gates),
        "unreached": list(one.unreached),
    }
