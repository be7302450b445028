"""Consent as files bring it: who agreed to what, or took it back, when and how."""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.decisions.facts import Consent
from scheduler.intake import texts
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.columns import Form
from scheduler.intake.customers import needed
from scheduler.intake.events import occurred
from scheduler.intake.instants import Calendar
from scheduler.intake.texts import shown
from scheduler.store import CustomerConsent

FORM = Form(
    fact="consent",
    fields=("customer", "topic", "channel", "status", "at", "source"),
    needed=("customer", "status", "at"),
    keys=("customer", "status", "at"),
    takes_more=False,
)
_GIVEN = {"given": True, "withdrawn": False}


def consent(written: Mapping[str, str], calendar: Calendar, *, now: int) -> CustomerConsent:
    """A checked consent from the filled fields of a row; raises `Rejected`.

    An empty topic or channel, or `any`, is any.
    """
    status = needed(written.get("status", ""), "status").lower()
    if status not in _GIVEN:
        raise Rejected(Cause.UNKNOWN_STATUS, f"{shown(status)} is neither 'given' nor 'withdrawn'", "status")
    found = Consent(
        topic=_any_or(written, "topic"),
        channel=_any_or(written, "channel"),
        given=_GIVEN[status],
        at=occurred(needed(written.get("at", ""), "at"), "at", calendar, now=now),
    )
    customer = needed(written.get("customer", ""), "customer")
    return CustomerConsent(customer, found, texts.line(written.get("source", ""), "source"))


def _any_or(written: Mapping[str, str], field: str) -> str | None:
    named = texts.line(written.get(field, ""), field)
    return None if named in ("", "any") else named
