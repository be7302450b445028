"""Tests of rules: the story of a customer, and what the rules should make of it. `rules/tests/*.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from scheduler.errors import BadInstant, UnknownZone
from scheduler.rulebook.findings import Finding, error, meant
from scheduler.rulebook.model import CalendarDate, DateTrigger, Name, Place, Rulebook, Scalar, Status, Written
from scheduler.rulebook.nodes import MappingNode, Node, places
from scheduler.rulebook.shapes import Owner, allowed_keys, shaped
from scheduler.rulebook.tree_cache import TreeCache
from scheduler.wallclock import parse_instant, zone

FOLDER = "rules/tests"
CONSENT = "consent"
"""The key of a customer under which the topics stand that they agreed to; in a timeline, what they say later."""
CONTACT = "contact"
NO_CONTACT = "no_contact"
"""The wish that a rule makes no contact, whatever the cause."""

Wish = Literal["contact", "waiting", "too_late", "superseded", "goal_reached", "held_out", "cancelled", "no_contact"]
_YEARS = range(1900, 2200)
"""The years of which clocks are known; those of moments that are typed are the same."""
_OUT_OF_REACH = "'{value}' is out of reach: tests tell of the years 1900 to 2199"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d (?:[01]\d|2[0-3]):[0-5]\d")


def _need_moment(written: str) -> str:
    if _MOMENT.fullmatch(written) is None or not _is_date(written[:10]):
        raise PydanticCustomError("bad-moment", "'{value}' is no local time of a day", {"value": written})
    if int(written[:4]) not in _YEARS:
        raise PydanticCustomError("bad-moment", _OUT_OF_REACH, {"value": written})
    return written


def _need_year(day: date) -> date:
    if day.year not in _YEARS:
        raise PydanticCustomError("bad-date", _OUT_OF_REACH, {"value": str(day)})
    return day


def _is_date(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True


def _one_or_more(written: object) -> object:
    return written if isinstance(written, list | tuple) else (written,)


def _bare(written: object) -> object:
    return {written: {}} if isinstance(written, str) else written


Day = Annotated[CalendarDate, AfterValidator(_need_year)]
"""A day on the customer's calendar."""

Moment = Annotated[
    str,
    AfterValidator(_need_moment),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_MOMENT.pattern}$",
            "examples": ["2026-04-10 12:00"],
            "finding": "bad-moment",
        }
    ),
]
"""A day and a time on the customer's clock."""

Happening = Annotated[dict[Name, dict[Name, Scalar]], BeforeValidator(_bare)]
"""Events by name, with their properties; a bare name is an event without any.

`consent: {offers: false}` is no event: the customer agrees to topics, or withdraws.
"""

Attributes = dict[Name, Scalar | tuple[Scalar, ...]]


# --- as they are written -----------------------------------------------------------------------------------------


class ExpectedContact(Written):
    """A contact that there should be."""

    rule: Name = Field(description="the rule's name")
    on: Day | None = Field(None, description="the day, on the customer's calendar")
    at: Moment | None = Field(None, description="the moment, on the customer's clock, instead of a day")
    by: Literal["email", "sms", "post", "phone", "webhook", "file"] | None = Field(
        None, description="the channel of the contact"
    )
    customer: Name | None = Field(None, description="which of the customers; all of them unless named")

    @property
    def day(self) -> date | None:
        """The day that it speaks of."""
        return self.on or (date.fromisoformat(self.at[:10]) if self.at else None)


class Expectation(ExpectedContact):
    """What should come of a rule on a day, or at a moment."""

    outcome: Wish = Field("contact", description="what should come of it; no_contact: nothing, whatever the cause")
    because: Annotated[tuple[str, ...], BeforeValidator(_one_or_more)] = Field(
        (), description="gates that said no, like consent, window, only_if.happy; others may have said no as well"
    )


class WrittenTest(Written):
    """One test."""

    name: str = Field(min_length=1, description="what is true where the rules are right, as a sentence")
    extends: str | None = Field(
        None, description="a test of this file whose customers and timeline this one adds to; it expects other things"
    )
    customer: Attributes | None = Field(
        None, description="the customer's attributes; `consent` lists the topics that they agreed to"
    )
    customers: dict[Name, Attributes] | None = Field(
        None, min_length=1, description="several customers with the same timeline, by name"
    )
    timeline: dict[Moment, Annotated[tuple[Happening, ...], BeforeValidator(_one_or_more)]] = Field(
        default_factory=dict, description="what happens, by the local time; a list where several things happen at once"
    )
    expect: tuple[Expectation, ...] = Field((), description="what should come of it; other contacts may be made")
    expect_all: tuple[ExpectedContact, ...] | None = Field(
        None, description="every contact that there should be, and no other"
    )
    from_: Day | None = Field(None, alias="from", description="the first day; else that of what is written")
    to: Day | None = Field(None, description="the last day; else the last that is written")


class RuleTestFile(Written):
    """Tests of rules."""

    rules: str = Field("../*.yaml", description="the files of rules that take part, from this file's folder")
    tests: tuple[WrittenTest, ...] = Field(min_length=1, description="the tests")


# --- as they are run ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RuleTest:
    """A test with all that it took over from the one that it extends; `places` leads from its parts to their places.

    `customers` are attributes by name, where one who is not named is called `customer`.
    """

    file: str
    rules: str
    name: str
    customers: Mapping[str, Attributes]
    timeline: Mapping[str, tuple[Happening, ...]]
    expect: tuple[Expectation, ...]
    expect_all: tuple[ExpectedContact, ...] | None
    first: date | None
    last: date | None
    place: Place
    places: Mapping[str, Place] = field(default_factory=dict)

    def takes(self, file: str) -> bool:
        """Whether a file of rules takes part."""
        return fnmatch(file, normpath(f"{dirname(self.file)}/{self.rules}"))

    @property
    def wishes(self) -> Mapping[str, ExpectedContact]:
        """Everything that it expects, by the path to its place."""
        return _numbered(self.expect, self.expect_all or ())

    @property
    def days(self) -> tuple[date, ...]:
        """The days on which something happens or is expected."""
        happens = (date.fromisoformat(moment[:10]) for moment in self.timeline)
        return (*happens, *(wish.day for wish in self.wishes.values() if wish.day is not None))

    @property
    def begins(self) -> date:
        """The first day of the story."""
        return self.first or min(self.days or self.named)

    @property
    def ends(self) -> date:
        """The last day of the story."""
        return self.last or max((*self.days, *self.named))

    @property
    def named(self) -> tuple[date, ...]:
        """The first and the last day, as far as they are written."""
        return tuple(day for day in (self.first, self.last) if day is not None)


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


def unknown_names(tests: Sequence[RuleTest], rules: Sequence[str], topics: Sequence[str]) -> Iterator[Finding]:
    """Names in tests that no rule, topic or customer has."""
    for test in tests:
        for here, wish in test.wishes.items():
            if wish.rule not in rules:
                message = f"there is no rule '{wish.rule}'"
                yield error("unknown-rule", test.places[f"{here}.rule"], message, meant(wish.rule, rules))
            if wish.customer is not None and wish.customer not in test.customers:
                message = f"this test has no customer '{wish.customer}'"
                way_out = meant(wish.customer, test.customers, f"there are {', '.join(test.customers)}")
                yield error("unknown-person", test.places[f"{here}.customer"], message, way_out)
        said = [one[CONSENT] for happenings in test.timeline.values() for one in happenings if CONSENT in one]
        for spoken in (*said, *(_listed(one.get(CONSENT, ())) for one in test.customers.values())):
            for topic in spoken:
                if topic not in topics:
                    message = f"there is no topic '{topic}' to agree to"
                    way_out = meant(str(topic), topics, f"there are {', '.join(topics)}")
                    yield error("unknown-topic", test.place, message, way_out)


def vain_expectations(tests: Iterable[RuleTest], rulebook: Rulebook) -> Iterator[Finding]:
    """Expectations of rules that take no part in their test, so that nothing ever comes of them."""
    for test in tests:
        if not any(map(test.takes, rulebook.files)):
            message = f"'{test.rules}' is no file of rules, as seen from {dirname(test.file)}"
            files = [relpath(file, dirname(test.file)) for file in rulebook.files if file.startswith("rules/")]
            way_out = meant(test.rules, files, "write ../*.yaml, or leave it out, to take all")
            yield error("vain-expectation", test.places["rules"], message, way_out, files)
            continue
        for here, wish in test.wishes.items():
            rule = rulebook.rules.get(wish.rule)
            if rule is None:
                continue
            if rule.status is Status.DRAFT:
                message = f"'{wish.rule}' is a draft, and nothing comes of drafts"
                way_out = "let it be active, or take this out until it is"
                yield error("vain-expectation", test.places[f"{here}.rule"], message, way_out)
            elif not test.takes(rule.places[""].file):
                message = f"'{wish.rule}' takes no part: it stands in {rule.places[''].file}, and rules: {test.rules}"
                way_out = "let 'rules' take that file too, or take this out"
                yield error("vain-expectation", test.places[f"{here}.rule"], message, way_out)


def not_dates(tests: Iterable[RuleTest], rulebook: Rulebook) -> Iterator[Finding]:
    """What customers have as a date, by the rules that wait for it, and can't be read as one."""
    waiting = {rule.when.date: name for name, rule in rulebook.rules.items() if isinstance(rule.when, DateTrigger)}
    for test in tests:
        for customer, attributes in test.customers.items():
            for key in waiting.keys() & attributes.keys():
                own = (f"customers.{customer}.{key}", f"customer.{key}")
                place = next((test.places[path] for path in own if path in test.places), None)
                if place is not None and not _holds_a_date(attributes[key]):
                    message = f"'{attributes[key]}' is no date, and '{waiting[key]}' waits for one in '{key}'"
                    yield error("bad-date", place, message, "write it like 1990-05-17")


def _holds_a_date(value: object) -> bool:
    try:
        return isinstance(value, str) and parse_instant(value, zone("UTC")) is not None
    except BadInstant:
        return False


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
        for path, wish in _numbered(written.expect, written.expect_all or ()).items():
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
            for path, wish in _numbered((), test.expect_all or ()).items():
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


def _numbered(expect: Sequence[ExpectedContact], expect_all: Sequence[ExpectedContact]) -> dict[str, ExpectedContact]:
    named = (("expect", expect), ("expect_all", expect_all))
    return {f"{key}.{number}": wish for key, wishes in named for number, wish in enumerate(wishes, 1)}


def _listed(value: Scalar | tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    return value if isinstance(value, tuple) else (value,)
