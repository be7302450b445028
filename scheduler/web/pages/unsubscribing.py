"""Unsubscribing: one button for people, and the one-click POST of mailboxes (RFC 8058)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from scheduler.decisions.facts import Value
from scheduler.messages.links import PREFERENCES
from scheduler.web.pages.answers import Answers
from scheduler.web.pages.forms import Form
from scheduler.web.pages.visit import Record, Visit, has_withdrawn

EVENT = "unsubscribed"
SOURCE = "unsubscribe link"
BUTTON = "button"
"""The field by which our own page's form is known; whatever else is posted comes from a mailbox."""
ANY = "any"


@dataclass(frozen=True)
class Unsubscribing:
    """The page of `links.unsubscribe`: withdraws consent for the channel that the contact came by.

    It works for good: of a contact that is archived, the channel is not known any more, and so all are meant.
    """

    answers: Answers
    needs_contact = False

    def show(self, visit: Visit) -> Response:
        """The question with its button; or that it is done, while that is so."""
        if has_withdrawn(visit.customer, _channel(visit), visit.now):
            return self._done(visit)
        texts = visit.words["unsubscribe"]["ask"]
        question = texts[_spoken(visit)].format(brand=visit.site.settings.brand.name)
        return self.answers.page("unsubscribe", visit.words, question=question, button=BUTTON)

    def take(self, visit: Visit, form: Form) -> Response:
        """Withdraw, whatever the form holds; to do it twice changes nothing."""
        with visit.recording() as record:
            unsubscribe(record, _channel(visit), SOURCE)
        visit.settle()
        return self.answers.done() if BUTTON in form else self._done(visit)

    def _done(self, visit: Visit) -> Response:
        texts = visit.words["unsubscribe"]["gone"]
        gone = texts[_spoken(visit)].format(brand=visit.site.settings.brand.name)
        return self.answers.page("unsubscribed", visit.words, gone=gone, preferences=visit.address_of(PREFERENCES))


def unsubscribe(record: Record, channel: str | None, source: str) -> None:
    """Write that they want no more by this channel, or at all, and that they said so."""
    before, id_ = record.newest(EVENT)
    properties: dict[str, Value] = {"channel": channel or ANY}
    withdrawn = record.withdraw(channel, source)
    if withdrawn or before is None:
        record.event(EVENT, properties, id_=id_)


def _channel(visit: Visit) -> str | None:
    return (visit.row.channel or None) if visit.row is not None else None


def _spoken(visit: Visit) -> str:
    channel = _channel(visit)
    return channel if channel is not None and channel in visit.words["unsubscribe"]["ask"] else "other"
