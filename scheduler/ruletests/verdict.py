"""Verdicts: whether what the engine decides is what a test expects, and what it was instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from scheduler.decisions.decide import decide
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.decisions.program import Program
from scheduler.decisions.trace import Answer, explain
from scheduler.rulebook.findings import Finding, error, meant
from scheduler.rulebook.model import Place
from scheduler.rulebook.rule_tests import CONTACT, NO_CONTACT, Expectation, ExpectedContact, RuleTest
from scheduler.ruletests.story import Story, stories


@dataclass(frozen=True, slots=True)
class Miss:
    """Something that is not as expected: `wanted` is None for a contact that nobody expected.

    `actual` is what came of the rule's occasions by then, where it is not that they had none; `gates` are the answers
    at an occasion.
    """

    place: Place
    story: Story
    wanted: ExpectedContact | None
    actual: tuple[Decision, ...]
    gates: Mapping[str, tuple[Answer, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Verdict:
    """What came of a test; `seen` are all decisions that it looked at."""

    test: RuleTest
    misses: tuple[Miss, ...]
    seen: tuple[Decision, ...]

    @property
    def passed(self) -> bool:
        """Whether all is as expected."""
        return not self.misses


def verdict(test: RuleTest, program: Program) -> Verdict:
    """Run a test; its rules are those of the program."""
    misses: list[Miss] = []
    seen: list[Decision] = []
    for story in stories(test, program.house):
        trial = _Trial(story, program, seen)
        misses += trial.expect()
        misses += trial.expect_all()
    return Verdict(test, tuple(misses), tuple(seen))


def unknown_gates(tests: Iterable[RuleTest], program: Program) -> Iterator[Finding]:
    """What tests call gates and no rule has."""
    gates = {rule.name: [gate.name for gate in program.gates[number]] for number, rule in enumerate(program.rules)}
    for test in tests:
        for number, wish in enumerate(test.expect, 1):
            known = gates.get(wish.rule, [])
            for gate in wish.because if known else ():
                if not any(_is_gate(gate, one) for one in known):
                    message = f"'{wish.rule}' has no gate '{gate}'"
                    place = test.places[f"expect.{number}.because"]
                    yield error("unknown-gate", place, message, meant(gate, known), tuple(known))


@dataclass(frozen=True)
class _Trial:
    """One customer's story, asked again and again as time goes on."""

    story: Story
    program: Program
    seen: list[Decision]

    def expect(self) -> Iterator[Miss]:
        for number, wish in enumerate(self.story.test.expect, 1):
            if wish.customer not in (None, self.story.name):
                continue
            start, end = self.story.span(wish)
            found = [one for one in self._decided(end) if one.rule == wish.rule]
            if not _comes_true(wish, found, start, end):
                yield self._miss(f"expect.{number}", wish, found, end)

    def expect_all(self) -> Iterator[Miss]:
        if self.story.test.expect_all is None:
            return
        found = self._decided(self.story.until)
        left = [one for one in found if one.outcome is Outcome.CONTACT]
        for number, wish in enumerate(self.story.test.expect_all, 1):
            if wish.customer not in (None, self.story.name):
                continue
            start, end = self.story.span(wish)
            made = next((one for one in left if _is_the_contact(wish, one, start, end)), None)
            if made is not None:
                left.remove(made)
                continue
            yield self._miss(f"expect_all.{number}", wish, [one for one in found if one.rule == wish.rule], end)
        for one in left:
            yield Miss(self.story.test.places["expect_all"], self.story, None, (one,))

    def _miss(self, written: str, wish: ExpectedContact, found: Sequence[Decision], end: int) -> Miss:
        told = explain(self.program, self.story.known_at(end), self.story.since, end)
        gates = {one.decision.occasion: one.gates for one in told}
        return Miss(self.story.test.places[written], self.story, wish, _telling(found, end), gates)

    def _decided(self, end: int) -> list[Decision]:
        """What was decided before `end`, and what waits then, with the facts of that time."""
        found = list(
            decide(
                self.program,
                [self.story.known_at(end)],
                self.story.since,
                end,
                horizon=end + self.program.reach,
            )
        )
        self.seen.extend(found)
        return sorted(found, key=lambda one: (one.at, one.rule, one.occasion))


def _telling(found: Sequence[Decision], end: int) -> tuple[Decision, ...]:
    """The occasions that have begun by then, or else the next one."""
    begun = tuple(one for one in found if one.outcome is not Outcome.WAITING or one.opens < end)
    return begun or tuple(sorted(found, key=lambda one: one.opens)[:1])


def _comes_true(wish: Expectation, found: Sequence[Decision], start: int, end: int) -> bool:
    of_now = [one for one in found if one.outcome is Outcome.WAITING or start <= one.at < end]
    contacts = [one for one in of_now if one.outcome is Outcome.CONTACT]
    if wish.outcome == NO_CONTACT:
        return not contacts and (not wish.because or any(_gave(wish, one) for one in of_now))
    if wish.outcome == CONTACT:
        return any(_is_the_contact(wish, one, start, end) for one in contacts)
    return any(one.outcome == wish.outcome and _gave(wish, one) for one in of_now)


def _is_the_contact(wish: ExpectedContact, one: Decision, start: int, end: int) -> bool:
    return one.rule == wish.rule and start <= one.at < end and wish.by in (None, one.channel)


def _gave(wish: Expectation, one: Decision) -> bool:
    return all(any(_is_gate(gate, no) for no in one.because) for gate in wish.because)


def _is_gate(written: str, gate: str) -> bool:
    """Whether a gate is meant: by its name, or by its first word where there are several."""
    return written in (gate, gate.partition(".")[0])
