"""Consent as files bring it: who agreed to what, or took it back, when and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from scheduler.decisions.facts import Consent
from scheduler.intake import texts
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.columns import Form
from scheduler.intake.customers import needed
from scheduler.intake.events import occurred
from scheduler.intake.instants import Calendar
from scheduler.intake.texts import shown
from scheduler.rulebook.findings import meant
from scheduler.rulebook.templates import CHANNELS
from scheduler.store import CustomerConsent

FORM = Form(
    fact="consent",
    fields=("customer", "topic", "channel", "status", "at", "source"),
    needed=("customer", "status", "at"),
    keys=("customer", "status", "at"),
    takes_more=False,
)
_GIVEN = {"given": True, "withdrawn": False}


def consent(
    written: Mapping[str, str], calendar: Calendar, *, now: int, topics: Collection[str] = ()
) -> CustomerConsent:
    """A checked consent from the filled fields of a row; raises `Rejected`.

    One of the day ahead, as a clock that is wrong says, counts from now on: it would outdo what is said until then.
    An empty topic or channel, or `any`, is any. `topics` are those that there are; none where they aren't known.
    """
    status = needed(written.get("status", ""), "status").lower()
    if status not in _GIVEN:
        raise Rejected(Cause.UNKNOWN_STATUS, f"{shown(status)} is neither 'given' nor 'withdrawn'", "status")
    found = Consent(
        topic=_any_or(written, "topic", topics),
        channel=_any_or(written, "channel", CHANNELS),
        given=_GIVEN[status],
        at=min(occurred(needed(written.get("at", ""), "at"), "at", calendar, now=now), now),
    )
    customer = needed(written.get("customer", ""), "customer")
    return CustomerConsent(customer, found, texts.line(written.get("source", ""), "source"))


def _any_or(written: Mapping[str, str], field: str, known: Collection[str]) -> str | None:
    named = texts.line(written.get(field, ""), field)
    if named in ("", "any"):
        return None
    if known and named not in known:
        message = f"{shown(named)} is no {field}; {meant(named, known, 'there are ' + ', '.join(known))}"
        raise Rejected(Cause.UNKNOWN_TOPIC if field == "topic" else Cause.UNKNOWN_CHANNEL, message, field)
    return named
