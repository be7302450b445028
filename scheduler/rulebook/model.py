"""The rule language as types: every key that may stand in a YAML file, and nothing else.

The JSON Schema that editors use is made from these models, so each field's description is the marketer's help.
Over 400 lines because the language is one thing, and is easier to learn on one page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from scheduler.durations import Duration
from scheduler.errors import BadDuration


class Written(BaseModel):
    """A mapping somebody wrote: its keys are closed and its values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, validate_by_name=False)


# --- single values -----------------------------------------------------------------------------------------------


class AsksFor(StrEnum):
    """What a contact wants of the customer."""

    NOTHING = "nothing"
    FEEDBACK = "feedback"
    REVIEW = "review"
    REFERRAL = "referral"
    PURCHASE = "purchase"

    @property
    def serves(self) -> Serves:
        """Whom a contact with this wish serves."""
        match self:
            case AsksFor.NOTHING:
                return Serves.CUSTOMER
            case AsksFor.FEEDBACK:
                return Serves.BOTH
            case _:
                return Serves.US


class Serves(StrEnum):
    """Whom a contact serves, in the order in which they may speak."""

    CUSTOMER = "customer"
    BOTH = "both"
    US = "us"


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


ALL_DAYS = tuple(Weekday)
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _duration(written: object) -> object:
    if not isinstance(written, str):
        return written
    try:
        return Duration.parse(written)
    except BadDuration:
        return written


def _need_duration(value: object) -> Duration:
    if not isinstance(value, Duration):
        raise PydanticCustomError("bad-duration", "'{value}' is no duration", {"value": value})
    if value.nominal_days > 36_525:
        raise PydanticCustomError("bad-duration", "'{value}' is longer than a hundred years", {"value": str(value)})
    return value


_A_DURATION = r"\d{1,5} (minute|hour|day|week|month|year|business day)s?"
_DURATIONS = ["2 hours", "1 day", "3 months", "2 business days"]
_DURATION_SCHEMA = {"type": "string", "pattern": f"^{_A_DURATION}$", "examples": _DURATIONS, "finding": "bad-duration"}
"""`finding` is the code of what `check` finds where a text has another form."""
Span = Annotated[
    Duration, BeforeValidator(_need_duration), BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)
]
"""A duration, written as `N unit`."""


def _need_exact(duration: Duration) -> Duration:
    if not duration.exact:
        raise PydanticCustomError(
            "bad-duration", "'{value}' is not exact: it takes minutes or hours", {"value": str(duration)}
        )
    return duration


ExactSpan = Annotated[Span, AfterValidator(_need_exact)]
"""A duration of minutes or hours."""

CalendarSpan = Annotated[
    Span,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[1-9]\d{0,4} (day|week|month|year|business day)s?$",
            "examples": ["10 days", "2 weeks", "3 months"],
            "finding": "bad-duration",
        }
    ),
]
"""A duration that is meant to be of whole days; the lint says where it is not."""


def _time_of_day(written: object) -> int:
    match = re.fullmatch(r"(\d\d):(\d\d)", written) if isinstance(written, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else -1
    if not 0 <= minutes <= 24 * 60:
        raise PydanticCustomError("bad-time", "'{value}' is no time of day", {"value": written})
    return minutes


TimeOfDay = Annotated[
    int,
    BeforeValidator(_time_of_day),
    WithJsonSchema(
        {"type": "string", "pattern": r"^([01]\d|2[0-4]):[0-5]\d$", "examples": ["10:00"], "finding": "bad-time"}
    ),
]
"""A local time of day in minutes after midnight; 24:00 is the day's end."""


def _date(written: object) -> date:
    if isinstance(written, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", written):
        with suppress(ValueError):
            return date.fromisoformat(written)
    raise PydanticCustomError("bad-date", "'{value}' is no date", {"value": written})


CalendarDate = Annotated[
    date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-12-24"], "finding": "bad-date"}),
]

Whole = Annotated[int, Field(strict=True)]
Number = Whole | Annotated[float, Field(strict=True)]
Truth = Annotated[bool, Field(strict=True)]
Scalar = bool | int | float | str
_NAME, _LONGEST_NAME = r"[A-Za-z_][A-Za-z0-9_ .:-]*", 100
Name = Annotated[str, Field(pattern=f"^{_NAME}$", max_length=_LONGEST_NAME)]


def is_name(text: str) -> bool:
    """Whether a text may be a name, of an event for example."""
    return len(text) <= _LONGEST_NAME and re.fullmatch(_NAME, text) is not None


TemplateName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=100)]
VALUE_WINDOW = "value_window"
CONTACT = "contact"
"""What `silence` names for contacts by us."""
PREFERRED = "preferred"
ANY = "any"


# --- comparisons and conditions ----------------------------------------------------------------------------------


class Comparison(Written):
    """What a value is compared with; several comparisons must all hold."""

    is_: Scalar | None = Field(None, alias="is", description="equals this")
    is_not: Scalar | None = Field(None, description="is there and differs from this")
    in_: tuple[Scalar, ...] | None = Field(None, alias="in", description="is one of these")
    not_in: tuple[Scalar, ...] | None = Field(None, description="is there and is none of these")
    at_least: Number | str | None = Field(None, description="is this or more")
    at_most: Number | str | None = Field(None, description="is this or less")
    more_than: Number | str | None = Field(None, description="is more than this")
    less_than: Number | str | None = Field(None, description="is less than this")
    multiple_of: Annotated[int, Field(gt=0, strict=True)] | None = Field(
        None, description="can be divided by this; 0 can"
    )
    contains: str | None = Field(None, description="the text contains this; case counts")
    known: Truth | None = Field(None, description="true: there is a value; false: there is none")
    older_than: Span | None = Field(None, description="a customer's date lies longer ago than this")
    newer_than: Span | None = Field(None, description="a customer's date lies less long ago than this, or ahead")

    @property
    def compares(self) -> dict[str, Any]:
        """The comparisons that were written, by key, as they stand in YAML."""
        named = ((key, getattr(self, key)) for key in Comparison.model_fields)
        return {key.removesuffix("_"): value for key, value in named if value is not None}


def _where(written: object) -> object:
    return written if isinstance(written, Mapping) else {"is": written}


Where = dict[str, Annotated[Comparison, BeforeValidator(_where)]]


class Since(StrEnum):
    """From when on a condition counts."""

    TRIGGER = "trigger"


class CustomerCondition(Comparison):
    """True when an attribute of the customer compares so; a missing one never does."""

    customer: Name = Field(description="the attribute's name")


class _Recent(Comparison):
    within: Span | None = Field(None, description="counts back from now: '90 days' are today and the 89 days before")
    since: Since | None = Field(None, description="trigger: only what came after the rule's trigger")


class EventCondition(_Recent):
    """True when such an event has happened, or when their count, aggregate, newest or oldest compares so."""

    event: Name = Field(description="the event's name")
    where: Where | None = Field(None, description="only events whose properties compare so")
    same: Name | None = Field(None, description="only events whose property of this name equals the trigger's")
    count: Literal[True] | None = Field(None, description="compare how many there are")
    sum: Name | None = Field(None, description="compare the sum of this property")
    average: Name | None = Field(None, description="compare the average of this property")
    min: Name | None = Field(None, description="compare the smallest value of this property")
    max: Name | None = Field(None, description="compare the largest value of this property")
    latest: Name | None = Field(None, description="compare this property of the newest event")
    first: Name | None = Field(None, description="compare this property of the oldest event")

    @property
    def aggregate(self) -> tuple[str, str]:
        """What is compared: `happened`, `count`, or an aggregate with its property."""
        for key in ("sum", "average", "min", "max", "latest", "first"):
            if (wanted := getattr(self, key)) is not None:
                return key, wanted
        return ("count" if self.count else "happened"), ""


class OpenCondition(Written):
    """True when a thing was opened and not closed."""

    open: Name = Field(description="a thing of the house rules' open_things")
    for_: Span | None = Field(None, alias="for", description="open at least so long")


def _one_or_more(written: object) -> object:
    return (written,) if isinstance(written, str) else written


class ContactCondition(_Recent):
    """True when we have contacted them so."""

    contact: Name = Field(description="a rule's name, or any")
    asks_for: Annotated[tuple[AsksFor, ...], BeforeValidator(_one_or_more)] | None = Field(
        None, description="only contacts that asked for this"
    )
    by: Annotated[tuple[Name, ...], BeforeValidator(_one_or_more)] | None = Field(
        None, description="only contacts by these channels"
    )
    count: Literal[True] | None = Field(None, description="compare how many there are")


class AllOf(Written):
    """True when all of these are."""

    all_of: tuple[Condition, ...] = Field(min_length=1, description="all of these must be true")


class AnyOf(Written):
    """True when at least one of these is."""

    any_of: tuple[Condition, ...] = Field(min_length=1, description="at least one of these must be true")


class NoneOf(Written):
    """True when none of these is."""

    none_of: tuple[Condition, ...] = Field(min_length=1, description="none of these may be true")


CONDITION_FORMS: Mapping[str, type[Written]] = MappingProxyType(
    {
        "customer": CustomerCondition,
        "event": EventCondition,
        "open": OpenCondition,
        "contact": ContactCondition,
        "all_of": AllOf,
        "any_of": AnyOf,
        "none_of": NoneOf,
    }
)


def _condition_form(written: object) -> str | None:
    if isinstance(written, str):
        return "name"
    if isinstance(written, Mapping):
        return next((form for form in CONDITION_FORMS if form in written), None)
    return next((form for form, model in CONDITION_FORMS.items() if isinstance(written, model)), None)


Condition = Annotated[
    Annotated[str, Tag("name")]
    | Annotated[CustomerCondition, Tag("customer")]
    | Annotated[EventCondition, Tag("event")]
    | Annotated[OpenCondition, Tag("open")]
    | Annotated[ContactCondition, Tag("contact")]
    | Annotated[AllOf, Tag("all_of")]
    | Annotated[AnyOf, Tag("any_of")]
    | Annotated[NoneOf, Tag("none_of")],
    Discriminator(
        _condition_form,
        custom_error_type="condition_form",
        custom_error_message="a condition is a name or has one of the keys customer, event, open, contact, "
        "all_of, any_of, none_of",
    ),
]
"""A condition: the name of one, or one of the closed forms."""


class NamedCondition(Written):
    """A condition that rules use by name; `means` says it in the words that explanations use."""

    means: str = Field(min_length=3, description="what it means, in words; explanations quote it")
    condition: Condition

    @model_validator(mode="before")
    @classmethod
    def _take_means_apart(cls, written: Any) -> Any:
        if isinstance(written, Mapping) and "condition" not in written:
            rest = {key: value for key, value in written.items() if key != "means"}
            return {"means": written["means"], "condition": rest} if "means" in written else {"condition": rest}
        return written


# --- triggers ----------------------------------------------------------------------------------------------------


class EventTrigger(Written):
    """An occasion for every such event."""

    event: Name = Field(description="the event's name")
    where: Where | None = Field(None, description="only events whose properties compare so")


class EventDateTrigger(Written):
    """An occasion on the date or instant in a property of each such event: an appointment, a renewal."""

    event: Name = Field(description="the event's name")
    date: Name = Field(description="the event's property that holds the date or the instant")
    where: Where | None = Field(None, description="only events whose properties compare so")
    same: Name | None = Field(None, description="a newer event with the same value of this property moves the date")


class DateTrigger(Written):
    """An occasion on each return of a customer's date, or on the date itself with `once`."""

    date: Name = Field(description="the customer's attribute that holds the date")
    once: Truth = Field(False, description="true: the date itself, not its yearly returns")


class SilenceTrigger(Written):
    """An occasion when such events cease: void when another comes."""

    silence: Name = Field(description="an event's name, or contact for contacts by us")
    where: Where | None = Field(None, description="only events whose properties compare so")
    same: Name | None = Field(None, description="only a newer event with the same value of this property ends it")


class ContactTrigger(Written):
    """An occasion for every contact made by that rule."""

    contact: Name = Field(description="the name of the rule that this one follows up")


class EveryTrigger(Written):
    """An occasion on each return of a period, counted from the rule's `starts`."""

    every: Literal["week", "month"] | CalendarSpan = Field(description="week, month, or a period like 90 days")
    on: Weekday | Annotated[int, Field(ge=1, le=31, strict=True)] | None = Field(
        None, description="the weekday of every week, or the day of every month; without it, that of starts"
    )
    spread: CalendarSpan | None = Field(
        None, description="each customer's return is shifted by up to so many days, so that not all come at once"
    )

    @model_validator(mode="before")
    @classmethod
    def _shorten_weekday(cls, written: Any) -> Any:
        if isinstance(written, Mapping) and written.get("on") in _FULL_DAYS:
            return {**written, "on": written["on"][:3]}
        return written


TRIGGER_FORMS: Mapping[str, type[Written]] = MappingProxyType(
    {
        "event": EventTrigger,
        "date": DateTrigger,
        "silence": SilenceTrigger,
        "contact": ContactTrigger,
        "every": EveryTrigger,
    }
)


def _trigger_form(written: object) -> str | None:
    if isinstance(written, Mapping):
        if "event" in written and "date" in written:
            return "event_date"
        return next((form for form in TRIGGER_FORMS if form in written), None)
    if isinstance(written, EventDateTrigger):
        return "event_date"
    return next((form for form, model in TRIGGER_FORMS.items() if isinstance(written, model)), None)


def _bare_event(written: object) -> object:
    return {"event": written} if isinstance(written, str) else written


Trigger = Annotated[
    Annotated[EventTrigger, Tag("event")]
    | Annotated[EventDateTrigger, Tag("event_date")]
    | Annotated[DateTrigger, Tag("date")]
    | Annotated[SilenceTrigger, Tag("silence")]
    | Annotated[ContactTrigger, Tag("contact")]
    | Annotated[EveryTrigger, Tag("every")],
    Discriminator(
        _trigger_form,
        custom_error_type="trigger_form",
        custom_error_message="a trigger is an event's name or has one of the keys event, date, silence, contact, every",
    ),
]
"""What gives rise to an occasion."""


# --- rules -------------------------------------------------------------------------------------------------------


class Status(StrEnum):
    """Whether a rule takes part."""

    ACTIVE = "active"
    PAUSED = "paused"
    DRAFT = "draft"


class Exemption(StrEnum):
    """A restraint that does not bind a contact that the customer awaits at once."""

    FREQUENCY_CAPS = "frequency_caps"
    SEND_HOURS = "send_hours"


@dataclass(frozen=True, slots=True)
class Again:
    """Re-entry: whether, and from when on, a rule may contact the same customer again."""

    never: bool = False
    after: Duration | None = None


def _again(written: object) -> object:
    if isinstance(written, Again):
        return written
    if written == "never":
        return Again(never=True)
    if written == "every time":
        return Again()
    if isinstance(written, str) and written.startswith("after "):
        return Again(after=_need_duration(_duration(written.removeprefix("after "))))
    raise PydanticCustomError("bad-again", "'{value}' does not say when the rule may speak again", {"value": written})


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """A channel that a rule may use, with the head start it needs for a date."""

    channel: str
    ahead: Duration | None = None


def _channel_use(written: object) -> object:
    if isinstance(written, str):
        return ChannelUse(written)
    if isinstance(written, Mapping) and len(written) == 1:
        ((channel, options),) = written.items()
        if isinstance(options, Mapping) and set(options) == {"ahead"} and isinstance(options["ahead"], str):
            return ChannelUse(str(channel), _need_duration(_duration(options["ahead"])))
    raise PydanticCustomError("bad-channel", "this is no channel")


class Hours(Written):
    """When a channel may be used, in the customer's local time."""

    from_: TimeOfDay | None = Field(None, alias="from", description="from this time of day on")
    to: TimeOfDay | None = Field(None, description="up to this time of day, which itself is too late")
    days: tuple[Weekday, ...] | None = Field(None, description="all, or a list of weekdays")
    holidays: Literal["skip", "keep"] | None = Field(None, description="skip: not on the customer's public holidays")

    @model_validator(mode="before")
    @classmethod
    def _all_days(cls, written: Any) -> Any:
        if isinstance(written, Mapping) and written.get("days") == "all":
            return {**written, "days": list(ALL_DAYS)}
        return written

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.from_ is not None and self.to is not None and self.from_ >= self.to:
            raise PydanticCustomError("bad-hours", "the hours end before they begin")
        return self


DurationOrValueWindow = Annotated[
    Duration | Literal["value_window"],
    BeforeValidator(lambda written: written if written == VALUE_WINDOW else _need_duration(_duration(written))),
    WithJsonSchema(
        _DURATION_SCHEMA | {"pattern": f"^({VALUE_WINDOW}|{_A_DURATION})$", "examples": [*_DURATIONS, VALUE_WINDOW]}
    ),
]


class RuleKeys(Written):
    """One rule: a reason to contact a customer, and the right time for it."""

    reason: str = Field(
        min_length=1,
        description="why this customer would agree that we contact them now; {event.x} and {customer.x}",
    )
    asks_for: AsksFor = Field(description="what we want of them; nothing serves the customer, feedback both, others us")
    when: Annotated[Trigger, BeforeValidator(_bare_event)] = Field(description="the trigger")
    after: DurationOrValueWindow | None = Field(None, description="delay from the trigger, or value_window")
    ahead: Span | None = Field(None, description="for dates: earlier by so much")
    before: Span | None = Field(None, description="end of the window, counted from the trigger; later is too late")
    at: TimeOfDay | None = Field(None, description="local time of day at which the contact may go")
    only_if: tuple[Condition, ...] = Field((), description="all of these conditions must hold")
    unless: tuple[Condition, ...] = Field((), description="none of these conditions may hold")
    until: Condition | None = Field(None, description="the goal: an event's name, or a condition")
    again: Annotated[
        Again,
        BeforeValidator(_again),
        WithJsonSchema(
            {
                "type": "string",
                "pattern": r"^(never|every time|after \d+ [a-z ]+)$",
                "examples": ["never", "every time", "after 30 days"],
                "finding": "bad-again",
            }
        ),
    ] = Field(Again(), description="never, every time, or 'after DURATION' from the last contact by this rule")
    send: TemplateName | None = Field(None, description="the template to send")
    assign: Name | None = Field(None, description="the role or person who gets a task")
    script: TemplateName | None = Field(None, description="the template that tells them what to say")
    by: tuple[
        Annotated[
            ChannelUse,
            BeforeValidator(_channel_use),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"type": "string"},
                        {
                            "type": "object",
                            "additionalProperties": {
                                "type": "object",
                                "properties": {"ahead": _DURATION_SCHEMA},
                            },
                        },
                    ]
                }
            ),
        ],
        ...,
    ] = Field((), description="channels in order of preference")
    send_hours: Hours | None = Field(None, description="narrower hours or days than the house's")
    topic: Name | None = Field(None, description="the consent topic")
    priority: Annotated[int, Field(ge=0, le=100, strict=True)] = Field(50, description="who goes first")
    exempt: tuple[Exemption, ...] = Field((), description="restraints that do not bind what they must know")
    backfill: Literal["open", "none"] | CalendarDate = Field("open", description="triggers from before activation")
    holdout: Annotated[float, Field(ge=0, lt=1, strict=True)] = Field(
        0.0, description="share of customers kept as a control group"
    )
    starts: CalendarDate | None = Field(None, description="the first local day")
    ends: CalendarDate | None = Field(None, description="the last local day")
    status: Status = Field(Status.ACTIVE, description="active, paused or draft")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Rule(RuleKeys):
    """A rule with its name and where it was written.

    `places` maps a key, or a key and a number (`only_if.1`, counted from 1), to its place; "" is the rule itself.
    """

    name: str
    campaign: str
    owner: str
    places: Mapping[str, Place] = Field(default_factory=dict)

    def place(self, key: str = "") -> Place | None:
        """Where `key` was written, or else the rule itself."""
        return self.places.get(key) or self.places.get("")

    @property
    def template(self) -> str:
        """The template that is sent, or the script of the task."""
        return self.send or self.script or ""

    @property
    def triggering_event(self) -> str | None:
        """The name of the event behind each of its occasions; None where a date or a contact by us triggers it."""
        match self.when:
            case EventTrigger(event=name) | EventDateTrigger(event=name):
                return name
            case SilenceTrigger(silence=name) if name != CONTACT:
                return name
        return None

    @property
    def is_task(self) -> bool:
        """Whether a person does it, rather than a message."""
        return self.assign is not None


class CampaignFile(Written):
    """One campaign."""

    campaign: str = Field(min_length=1, description="its name")
    owner: str = Field("", description="who answers for it")
    conditions: dict[Name, NamedCondition] = Field(default_factory=dict, description="conditions that rules use")
    rules: dict[Name, RuleKeys] = Field(default_factory=dict, description="the rules, by name")


# --- house rules -------------------------------------------------------------------------------------------------


class FrequencyCap(Written):
    """At most so many contacts within a time."""

    at_most: Annotated[int, Field(ge=0, strict=True)] = Field(description="so many contacts, and no more")
    within: Span = Field(description="in this time: '7 days' are today and the 6 days before")
    serves: Serves | None = Field(None, description="counts and binds only contacts that serve them")
    by: Name | None = Field(None, description="counts and binds only contacts by this channel")


class ValueWindow(Written):
    """How long a customer needs until a purchase has given them its value."""

    delivered_by: Annotated[tuple[Name, ...], BeforeValidator(_one_or_more)] = Field(
        min_length=1, description="the events with which the value begins"
    )
    property: Name | None = Field(None, description="the event's property that chooses the window")
    windows: dict[str, Span] = Field(default_factory=dict, description="how long, by the property's value")
    default: Span = Field(Duration.parse("60 days"), description="how long for every other value; else 60 days")


class Ask(Written):
    """What contacts of a kind need beside their rules' own conditions."""

    value_window: Literal["required", "if delivered", "none"] | None = Field(
        None, description="whether a value window must have passed: always, only after a delivery, or never"
    )
    gives: Span | Literal["none"] | None = Field(None, description="a contact that asked for nothing, so recently")
    blocked_while: tuple[Name, ...] | None = Field(None, description="named conditions that must not hold")


TASK_MADE = "task_assigned"
"""The event that the program itself writes where a rule has made a task."""


class OpenThing(Written):
    """A pair of events: one opens a thing, the other closes it."""

    opened_by: Annotated[tuple[Name, ...], BeforeValidator(_one_or_more)] = Field(description="the events that open it")
    closed_by: Annotated[tuple[Name, ...], BeforeValidator(_one_or_more)] = Field(
        description="the events that close it"
    )
    key: Name | None = Field(None, description="the property by which an opening and its closing belong together")

    @property
    def by_tasks(self) -> bool:
        """Whether each task that a rule makes opens one of its own, which is known before its event has come."""
        return TASK_MADE in self.opened_by and self.key == "occasion"


class ConsentMode(StrEnum):
    """What silence about consent means: a yes (`opt_out`) or a no (`opt_in`)."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


_SILENCE = "what silence means: opt_out a yes until they say no, opt_in a no until they say yes"


class Topic(Written):
    """What a customer agrees to hear about."""

    default_for: tuple[AsksFor, ...] = Field((), description="the topic of rules that ask for this and name none")
    consent: ConsentMode = Field(ConsentMode.OPT_OUT, description=_SILENCE)


class ChannelRules(Written):
    """What the house says of a channel."""

    consent: ConsentMode = Field(ConsentMode.OPT_OUT, description=_SILENCE)


class HouseRules(Written):
    """Restraint that holds for every rule."""

    timezone: str = Field("UTC", description="where a customer's own zone is not known")
    send_hours: dict[
        str,
        Annotated[
            Annotated[Hours, Tag("hours")] | Annotated[tuple[CalendarDate, ...], Tag("dates")],
            Discriminator(lambda written: "dates" if isinstance(written, list | tuple) else "hours"),
        ],
    ] = Field(
        default_factory=dict,
        description="hours by channel, or any; closed: dates on which nobody is contacted",
    )
    default_at: TimeOfDay = Field(600, description="time of day of what is due on a day, where a rule has no at")
    default_window: Span = Field(
        Duration.parse("3 days"), description="from opening, how long a rule without before may speak"
    )
    lateness: ExactSpan = Field(
        Duration.parse("2 hours"), description="how long after its time of day a contact may still go"
    )
    leap_day: Literal["feb 28", "mar 1"] = Field("feb 28", description="the day of 29 February in a year that has none")
    frequency_caps: tuple[FrequencyCap, ...] = Field(
        (FrequencyCap(at_most=1, within=Duration.parse("1 day")),),
        description="at most so many contacts within a time; without any, one a day",
    )
    value_window: ValueWindow | None = Field(
        None, description="how long customers need to have the value of a delivery"
    )
    asks: dict[AsksFor | Literal["any"], Ask] = Field(
        default_factory=dict, description="what asks of a kind, or any, need beside their rules' own conditions"
    )
    open_things: dict[Name, OpenThing] = Field(
        default_factory=dict, description="what can be open, like a ticket: the events that open and close it"
    )
    topics: dict[Name, Topic] = Field(default_factory=dict, description="what customers agree to hear about, by name")
    channels: dict[Name, ChannelRules] = Field(default_factory=dict, description="what holds for a channel")
    conditions: dict[Name, NamedCondition] = Field(default_factory=dict, description="conditions for all campaigns")

    @model_validator(mode="after")
    def _closed_holds_dates(self) -> Self:
        for channel, hours in self.send_hours.items():
            if isinstance(hours, Hours) == (channel == "closed"):
                raise PydanticCustomError(
                    "bad-send-hours",
                    "send_hours holds hours by channel; closed alone is a list of dates",
                    {"at": ["send_hours", channel]},
                )
        return self

    @property
    def closed(self) -> tuple[date, ...]:
        """The dates on which nobody is contacted."""
        written = self.send_hours.get("closed", ())
        return () if isinstance(written, Hours) else written

    def hours(self, channel: str) -> Hours:
        """The hours of a channel: its own, or those of `any`, with the house's defaults filled in."""
        written = self.send_hours.get(channel) or self.send_hours.get(ANY)
        given = written if isinstance(written, Hours) else Hours.model_validate({})
        return given.model_copy(
            update={
                "from_": 8 * 60 if given.from_ is None else given.from_,
                "to": 20 * 60 if given.to is None else given.to,
                "days": ALL_DAYS if given.days is None else given.days,
                "holidays": given.holidays or "keep",
            }
        )

    def ask(self, asks_for: AsksFor) -> Ask:
        """What a kind of contact needs: its own keys before those of `any`, before the defaults."""
        if asks_for is AsksFor.NOTHING:
            return Ask(value_window="none", gives="none", blocked_while=())
        own, common = self.asks.get(asks_for, Ask()), self.asks.get("any", Ask())
        return Ask(
            value_window=own.value_window or common.value_window or "required",
            gives=own.gives or common.gives or "none",
            blocked_while=own.blocked_while if own.blocked_while is not None else common.blocked_while or (),
        )

    def topic(self, rule: RuleKeys) -> tuple[str, ConsentMode]:
        """The consent topic of a rule and what silence about it means."""
        if rule.topic is not None:
            return rule.topic, self.topics.get(rule.topic, Topic()).consent
        for name, topic in self.topics.items():
            if rule.asks_for in topic.default_for:
                return name, topic.consent
        opt_in = rule.asks_for.serves is Serves.US
        return str(rule.asks_for), ConsentMode.OPT_IN if opt_in else ConsentMode.OPT_OUT

    def channel_consent(self, channel: str) -> ConsentMode:
        """What silence about a channel means: SMS needs a yes unless the house says otherwise."""
        if channel in self.channels:
            return self.channels[channel].consent
        return ConsentMode.OPT_IN if channel == "sms" else ConsentMode.OPT_OUT


# --- the whole ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rulebook:
    """All rules, conditions and templates that belong together, in one version.

    `conditions` holds the named ones of all files; `files` the text of each file by its path in the workspace
    (`rules/…` and `templates/…`); `version` is the SHA-256 of them all, in hex; `places` maps
    `conditions.NAME` and the keys of the house rules (`frequency_caps.1`) to where they were written.
    """

    house: HouseRules = field(default_factory=HouseRules)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    conditions: Mapping[str, NamedCondition] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    places: Mapping[str, Place] = field(default_factory=dict)


for _model in (AllOf, AnyOf, NoneOf, NamedCondition, RuleKeys, Rule, CampaignFile, HouseRules):
    _model.model_rebuild()
