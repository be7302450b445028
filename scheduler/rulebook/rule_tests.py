"""Tests of rules: the story of a customer, and what the rules should make of it. `rules/tests/*.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatch
from posixpath import dirname, normpath, relpath
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from scheduler.errors import BadInstant
from scheduler.rulebook.findings import Finding, error, meant
from scheduler.rulebook.model import CalendarDate, DateTrigger, Name, Place, Rulebook, Scalar, Status, Written
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
        return numbered(self.expect, self.expect_all or ())

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


def numbered(expect: Sequence[ExpectedContact], expect_all: Sequence[ExpectedContact]) -> dict[str, ExpectedContact]:
    """Return expectations by where they stand in their test, like `expect.1`."""
    named = (("expect", expect), ("expect_all", expect_all))
    return {f"{key}.{number}": wish for key, wishes in named for number, wish in enumerate(wishes, 1)}


def _listed(value: Scalar | tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    return value if isinstance(value, tuple) else (value,)
