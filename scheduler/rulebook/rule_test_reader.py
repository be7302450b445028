"""Reads tests of rules: each is put together with the one that it extends, and what can't be meant is a finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import available_timezones

from scheduler.errors import UnknownZone
from scheduler.rulebook.findings import Finding, error, meant
from scheduler.rulebook.model import Place
from scheduler.rulebook.nodes import MappingNode, Node, places
from scheduler.rulebook.rule_tests import (
    CONSENT,
    CONTACT,
    NO_CONTACT,
    Attributes,
    Expectation,
    Happening,
    RuleTest,
    RuleTestFile,
    WrittenTest,
    numbered,
)
from scheduler.rulebook.shapes import Owner, allowed_keys, shaped
from scheduler.rulebook.tree_cache import TreeCache
from scheduler.wallclock import zone


def rule_tests_from_texts(
    files: Mapping[str, str], *, cache: Path | None = None
) -> tuple[list[RuleTest], list[Finding]]:
    """The tests in texts by path, in their order, and what is wrong with them; those that are wrong are left out.

    `cache` is the folder for trees that were parsed before.
    """
    trees = TreeCache(cache, "tests")
    tests: list[RuleTest] = []
    findings: list[Finding] = []
    for file, text in sorted(files.items()):
        node, unread = trees.tree(file, text)
        findings += unread
        if node is not None:
            found, wrong = _from_node(file, node)
            tests += found
            findings += wrong
    trees.save()
    return tests, findings


def _from_node(file: str, node: Node) -> tuple[list[RuleTest], list[Finding]]:
    if not isinstance(node, MappingNode):
        way_out = "tests are written under 'tests:'"
        return [], [error("wrong-kind", node.place, "the file holds no keys with values", way_out, _KEYS)]
    shape, findings = shaped(RuleTestFile, node, Owner("the file of tests", "tests", node.place))
    if shape is None:
        return [], findings
    reading = _Reading(file, shape, dict(places(node)))
    tests = [one for number, written in enumerate(shape.tests, 1) if (one := reading.read(number, written))]
    return tests, reading.findings


_KEYS = allowed_keys(RuleTestFile)


@dataclass
class _Reading:
    """The tests of a file so far."""

    file: str
    shape: RuleTestFile
    places: Mapping[str, Place]
    tests: dict[str, RuleTest] = field(default_factory=dict)
    named: dict[str, Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def read(self, number: int, written: WrittenTest) -> RuleTest | None:
        here = f"tests.{number}"
        place = self.places[here]
        base = self.tests.get(written.extends or "")
        first = written.from_ or (base.first if base else None)
        wrong = [
            *self._of_name(here, written),
            *self._of_customers(here, written),
            *self._of_consent(here, written),
            *self._of_wishes(here, written, first),
        ]
        self.findings += wrong
        self.named.setdefault(written.name, place)
        if wrong or (written.extends is not None and base is None):
            return None
        test = RuleTest(
            file=self.file,
            rules=self.shape.rules,
            name=written.name,
            customers=_customers(written, base),
            timeline=_together(base.timeline if base else {}, written.timeline),
            expect=written.expect,
            expect_all=written.expect_all,
            first=first,
            last=written.to or (base.last if base else None),
            place=place,
            places={"rules": self.places.get("rules", place)}
            | {path.removeprefix(f"{here}."): at for path, at in self.places.items() if path.startswith(f"{here}.")},
        )
        wrong = list(self._of_days(here, test))
        self.findings += wrong
        if wrong:
            return None
        self.tests[written.name] = test
        return test

    def _of_name(self, here: str, written: WrittenTest) -> Iterator[Finding]:
        if written.name in self.named:
            message = f"there is a test '{written.name}' already, in {self.named[written.name]}"
            yield error("duplicate-name", self.places[f"{here}.name"], message, "give one of them another name")
        if written.extends is not None and written.extends not in self.named:
            message = f"no test before this one is called '{written.extends}'"
            way_out = meant(written.extends, self.named, "write the one that is extended above this one")
            yield error("unknown-test", self.places[f"{here}.extends"], message, way_out, tuple(self.named))

    def _of_customers(self, here: str, written: WrittenTest) -> Iterator[Finding]:
        if written.customer is not None and written.customers is not None:
            yield error("two-customers", self.places[f"{here}.customers"], *_ONE_OR_SEVERAL)
        elif written.customer is None and written.customers is None and written.extends is None:
            message = "the test has no customer"
            yield error("missing-key", self.places[here], message, "add customer: {name: Ana, email: ana@example.com}")
        named = written.customers or {"": written.customer or {}}
        for name, attributes in named.items():
            at = f"{here}.customers.{name}" if name else f"{here}.customer"
            for key, value in attributes.items():
                if isinstance(value, tuple) and key != CONSENT:
                    message = f"'{key}' holds a list; only {CONSENT} does"
                    yield error("wrong-kind", self.places[f"{at}.{key}"], message, "write one value")
                elif key == "timezone":
                    yield from _unknown_zone(self.places[f"{at}.{key}"], value)

    def _of_consent(self, here: str, written: WrittenTest) -> Iterator[Finding]:
        for moment, happenings in written.timeline.items():
            for number, happening in enumerate(happenings, 1):
                if CONSENT not in happening:
                    continue
                at = f"{here}.timeline.{moment}"
                at = at if f"{at}.1" not in self.places else f"{at}.{number}"
                place = self.places.get(f"{at}.{CONSENT}", self.places[at])
                if not happening[CONSENT]:
                    message = f"'{CONSENT}' says nothing of any topic"
                    yield error("empty-value", place, message, "write consent: {offers: false}, or true")
                for topic, given in happening[CONSENT].items():
                    if not isinstance(given, bool):
                        message = f"'{given}' stands in '{topic}'"
                        yield error("wrong-kind", self.places[f"{at}.{CONSENT}.{topic}"], message, _TRUE_OR_FALSE)

    def _of_wishes(self, here: str, written: WrittenTest, first: date | None) -> Iterator[Finding]:
        if not written.expect and written.expect_all is None:
            yield error("no-expectation", self.places[here], f"'{written.name}' expects nothing", "add expect")
        for path, wish in numbered(written.expect, written.expect_all or ()).items():
            if (wish.on is None) == (wish.at is None):
                message = "this names no day" if wish.on is None else "this names a day and a moment"
                way_out = "write either on: 2026-04-30, or at: 2026-04-30 10:00"
                yield error("no-day", self.places[f"{here}.{path}"], message, way_out)
            elif first is not None and wish.day is not None and wish.day < first:
                message = f"the story begins on {first}, and this lies before"
                way_out = "write a later day, or let 'from' be earlier"
                yield error("vain-expectation", self.places[f"{here}.{path}"], message, way_out)
            if not isinstance(wish, Expectation):
                continue
            if wish.because and wish.outcome == CONTACT:
                message = "gates that said no stand in 'because', and here a contact is expected"
                way_out = f"take it out, or write an outcome beside it, like outcome: {NO_CONTACT}"
                yield error("vain-expectation", self.places[f"{here}.{path}.because"], message, way_out)
            if wish.by is not None and wish.outcome != CONTACT:
                message = f"only a contact goes by a channel, and here the outcome is {wish.outcome}"
                yield error("vain-expectation", self.places[f"{here}.{path}.by"], message, "take it out")

    def _of_days(self, here: str, test: RuleTest) -> Iterator[Finding]:
        if not (test.days or test.named):
            message = "nothing happens in this test, and it names no day"
            way_out = "write from: 2026-03-01 and to: 2026-03-31, or a timeline"
            yield error("no-day", test.place, message, way_out)
        elif test.ends < test.begins:
            message = f"the story would end on {test.ends}, before it begins on {test.begins}"
            place = self.places.get(f"{here}.to", self.places.get(f"{here}.from", test.place))
            yield error("vain-expectation", place, message, "let 'to' be later, or 'from' earlier")
        else:
            for path, wish in numbered((), test.expect_all or ()).items():
                if wish.day is not None and wish.day > test.ends:
                    message = f"the story ends on {test.ends}, and this lies after"
                    way_out = "write an earlier day, or let 'to' be later"
                    yield error("vain-expectation", self.places[f"{here}.{path}"], message, way_out)


def _unknown_zone(place: Place, written: object) -> Iterator[Finding]:
    if not isinstance(written, str):
        yield error("unknown-zone", place, "'timezone' holds no name of a zone", _A_ZONE)
        return
    try:
        zone(written)
    except UnknownZone:
        way_out = meant(written, available_timezones(), _A_ZONE)
        yield error("unknown-zone", place, f"there is no time zone '{written}'", way_out)


_A_ZONE = "zones are named like Europe/Berlin"
_TRUE_OR_FALSE = "write true where the customer agrees, false where they withdraw"
_ONE_OR_SEVERAL = ("the test has one customer and several", "write customer, or customers by name")


def _customers(written: WrittenTest, base: RuleTest | None) -> Mapping[str, Attributes]:
    own = written.customers or ({} if written.customer is None else {"customer": written.customer})
    if base is None:
        return own
    if not own:
        return base.customers
    if written.customers is None:
        return {name: {**attributes, **own["customer"]} for name, attributes in base.customers.items()}
    return {**base.customers, **{name: {**base.customers.get(name, {}), **more} for name, more in own.items()}}


def _together(
    before: Mapping[str, tuple[Happening, ...]], more: Mapping[str, tuple[Happening, ...]]
) -> Mapping[str, tuple[Happening, ...]]:
    moments = dict.fromkeys((*before, *more))
    return {moment: (*before.get(moment, ()), *more.get(moment, ())) for moment in moments}
