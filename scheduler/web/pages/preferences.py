"""Preferences: topics, channels, language, a break, and unsubscribing from everything. What is chosen holds at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from babel.dates import format_date
from starlette.responses import Response

from scheduler.decisions.occasions import zone_of
from scheduler.errors import UnknownZone
from scheduler.messages.formats import locale_of
from scheduler.planning.rulebooks import active
from scheduler.rulebook.model import HouseRules, Rulebook
from scheduler.wallclock import DAY, date_of, zone
from scheduler.web.pages.answers import DONE, Answers
from scheduler.web.pages.choices import Choices, Ticks, Topic, choices, ticks
from scheduler.web.pages.forms import Form, one
from scheduler.web.pages.unsubscribing import unsubscribe
from scheduler.web.pages.visit import Record, Visit
from scheduler.web.pages.words import Words, all_words

SOURCE = "preferences page"
BREAKS = (30, 90)
"""A break is of so many days."""
ALL = "all"


@dataclass(frozen=True)
class Preferences:
    """The page of `links.preferences`."""

    answers: Answers
    needs_contact = False

    def show(self, visit: Visit) -> Response:
        """What they hear about now, by which channels, and whether they take a break."""
        said = visit.words["preferences"]["saved"] if DONE in visit.asked else ""
        return self._page(visit, _rulebook(visit), said=said)

    def take(self, visit: Visit, form: Form) -> Response:
        """Write what was changed, and nothing else."""
        rulebook = _rulebook(visit)
        if ALL in form:
            with visit.recording() as record:
                unsubscribe(record, None, SOURCE)
        elif wrong := _cannot_be_meant(visit, form, choices(rulebook, visit.customer, visit.now)):
            return self._page(visit, rulebook, wrong=wrong)
        else:
            with visit.recording() as record:
                _write(record, form, choices(rulebook, record.customer, record.now))
        visit.settle()
        return self.answers.done()

    def _page(self, visit: Visit, rulebook: Rulebook | None, *, said: str = "", wrong: str = "") -> Response:
        there = choices(rulebook, visit.customer, visit.now)
        until = visit.customer.paused_until
        return self.answers.page(
            "preferences",
            visit.words,
            status=422 if wrong else 200,
            said=said,
            wrong=wrong,
            choices=there,
            topics=[(topic.name, *_called(topic, visit.words)) for topic in there.topics],
            channels=[(name, visit.words["preferences"]["channels"][name], "") for name in there.channels],
            languages=_languages(visit),
            language=_language(visit),
            breaks=BREAKS,
            paused=_day(visit, rulebook, until) if until is not None and until > visit.now else "",
            all=ALL,
        )


def _cannot_be_meant(visit: Visit, form: Form, there: Choices) -> str:
    """Why a yes would have no effect, for want of a topic or of a channel; a no is never refused."""
    topics, channels = _ticks(form, there)
    words = visit.words["preferences"]
    if topics.off or channels.off:
        return ""
    if topics.on and there.channels and not channels.after:
        return str(words["way"])
    if channels.on and there.topics and not topics.after:
        return str(words["topic"])
    return ""


def _write(record: Record, form: Form, there: Choices) -> None:
    visit = record.visit
    topics, channels = _ticks(form, there)
    if said := there.changed(topics, channels):
        record.consents(said, SOURCE)
    language = one(form, "language")
    if language in _languages(visit) and language != one(form, "shown_language"):
        record.store.customers.add([(visit.customer.id, {"language": language})], now=visit.now, merge=True)
    chosen = one(form, "break")
    if chosen == "end":
        record.store.customers.pause(visit.customer.id, None, now=visit.now)
    elif chosen in map(str, BREAKS):
        record.store.customers.pause(visit.customer.id, visit.now + int(chosen) * DAY, now=visit.now)


def _ticks(form: Form, there: Choices) -> tuple[Ticks, Ticks]:
    """What the form changes of the topics and of the channels."""
    topics = [topic.name for topic in there.topics]
    return (
        ticks(topics, form.get("shown_topic", ()), form.get("topic", ())),
        ticks(list(there.channels), form.get("shown_channel", ()), form.get("channel", ())),
    )


def _rulebook(visit: Visit) -> Rulebook | None:
    found = active(visit.site.store)
    return None if found is None else found.program.rulebook


def _called(topic: Topic, words: Words) -> tuple[str, str]:
    """The name of a topic, and what it is for."""
    texts = words["preferences"]
    name = texts["names"].get(topic.name) or topic.name.replace("_", " ").capitalize()
    return name, ". ".join(texts["kinds"][kind] for kind in topic.asks)


def _language(visit: Visit) -> str:
    """The language that they hear from us in."""
    return str(visit.customer.attributes.get("language") or visit.site.settings.brand.language).replace("_", "-")


def _languages(visit: Visit) -> Mapping[str, str]:
    """The languages to choose among, each by its own name: those of the pages, and the one that they have."""
    found = {tag: str(words["name"]) for tag, words in all_words().items()}
    theirs = _language(visit)
    if theirs not in found:
        name = locale_of(theirs).get_display_name() or theirs
        found[theirs] = name[:1].upper() + name[1:]
    return found


def _day(visit: Visit, rulebook: Rulebook | None, instant: int) -> str:
    """The local day of an instant, as their language writes it."""
    house = HouseRules() if rulebook is None else rulebook.house
    try:
        where = zone_of(visit.customer, house)
    except UnknownZone:
        where = zone(house.timezone)
    return format_date(date_of(where.local_day(instant)), "long", locale_of(visit.words["language"]))
