"""One customer on a page that can be read aloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from scheduler.cli.formats import painted
from scheduler.cli.local_time import iso
from scheduler.cli.occasions import when
from scheduler.cli.paragraphs import print_paragraph
from scheduler.decisions.occasions import zone_of
from scheduler.store import CONTACTED, OPEN, OUTGOING, State

if TYPE_CHECKING:
    from scheduler.decisions.facts import Consent, Customer
    from scheduler.decisions.outcome import Decision
    from scheduler.rulebook.model import HouseRules
    from scheduler.store import CustomerConsent, Hold, Row, Store, Suppression, Task
    from scheduler.wallclock import Zone

KEYS = (
    *("customer", "timezone", "attributes", "consents", "suppressed", "paused_until", "holds", "last_contacts"),
    *("next_contact", "tasks"),
)
LAST = 5
"""As many of the last contacts are told."""
_FIRST = ("name", "email", "phone", "address", "birthday", "language", "country", "timezone", "owner")


@dataclass(frozen=True, slots=True)
class Page:
    """What is told of a customer as of `now`; `consents` are the newest of each topic and channel."""

    customer: Customer
    where: Zone
    now: int
    consents: tuple[CustomerConsent, ...]
    suppressions: tuple[Suppression, ...]
    holds: tuple[Hold, ...]
    last: tuple[Row, ...]
    next: Row | None
    tasks: tuple[Task, ...]


def page_of(store: Store, customer: Customer, house: HouseRules, now: int, coming: Iterable[Decision]) -> Page:
    """Read what is told of a customer; `coming` are the contacts that the preview shows."""
    from scheduler.store.addresses import hashed, normals

    newest = {(one.consent.topic, one.consent.channel): one for one in store.consents.of(customer.id)}
    used = {form for plain in normals(customer.attributes).values() for form in (plain, hashed(plain, store.pepper))}
    rows = store.ledger.rows(customer=customer.id)
    made = [row for row in rows if row.state in CONTACTED - OUTGOING]
    leaving = [row for row in rows if row.state in OUTGOING]
    tasks = (store.tasks.get(row.key) for row in rows if row.state is State.ASSIGNED)
    return Page(
        customer,
        zone_of(customer, house),
        now,
        tuple(newest.values()),
        tuple(one for one in store.suppressions.list() if one.channel in customer.suppressed and one.address in used),
        tuple(store.holds.list()),
        tuple(reversed(made[-LAST:])),
        min(leaving, key=_at, default=None) or _first(coming, {row.key: row for row in rows}),
        tuple(task for task in tasks if task is not None),
    )


def _first(coming: Iterable[Decision], rows: Mapping[str, Row]) -> Row | None:
    """The row of the first contact to come, as it will be decided."""
    known = [one for one in coming if one.occasion in rows]
    first = min(known, key=lambda one: one.order, default=None)
    return None if first is None else replace(rows[first.occasion], next_at=first.at, channel=first.channel or "")


def as_object(page: Page) -> dict[str, Any]:
    """A page with the keys `KEYS` and ISO 8601 instants of the customer's zone."""
    from scheduler.cli.ledger_rows import as_object as as_row

    where = page.where
    return {
        "customer": page.customer.id,
        "timezone": where.name,
        "attributes": {name: _value(value) for name, value in page.customer.attributes.items()},
        "consents": [
            {
                "topic": one.consent.topic,
                "channel": one.consent.channel,
                "status": _status(one.consent),
                "at": iso(one.consent.at, where),
                "source": one.source,
            }
            for one in page.consents
        ],
        "suppressed": [
            {"channel": one.channel, "cause": one.cause, "since": iso(one.since, where)} for one in page.suppressions
        ],
        "paused_until": iso(page.customer.paused_until, where),
        "holds": [{"name": one.name, "cause": one.cause, "since": iso(one.since, where)} for one in page.holds],
        "last_contacts": [as_row(row, where) for row in page.last],
        "next_contact": as_row(page.next, where) if page.next else None,
        "tasks": [
            {
                "occasion": task.key,
                "assignee": task.assignee,
                "due": iso(task.due, where),
                "script": task.script,
            }
            for task in page.tasks
        ],
    }


def print_page(page: Page) -> None:
    """Write a page for people, in the customer's local time."""
    known = page.customer
    name = str(known.attributes.get("name", ""))
    typer.echo(painted(f"{name} ({known.id})" if name else known.id, bold=True))
    typer.echo(f"It is {when(page.now, page.where)} for them ({page.where.name}).")
    _section("Who they are", _attributes(known), "nothing is known")
    _section("What they said", _consents(page), "nothing is recorded")
    _section("Not to be used", list(_stopped(page)), "nothing: they may be contacted wherever they agreed")
    _section("What they got last", [_contact(row, page.where) for row in page.last], "nothing yet")
    coming = [_contact(page.next, page.where)] if page.next else []
    _section("What comes next, unless something speaks against it", coming, "nothing is planned")
    tasks = [(f"{task.assignee}, by {when(task.due, page.where)}", task.key) for task in page.tasks]
    _section("What a person has to do", tasks, "nothing")
    typer.echo(f"\nWhy, and why not: `rightreason why {known.id}`")
    typer.echo(f"All contacts: `rightreason contacts --all --customer {known.id}`")


def _section(title: str, lines: list[tuple[str, str]], nothing: str) -> None:
    typer.echo(painted(f"\n{title}", bold=True))
    for label, text in lines:
        print_paragraph(f"{label}: ", text)
    if not lines:
        print_paragraph("", nothing)


def _attributes(known: Customer) -> list[tuple[str, str]]:
    names = [name for name in _FIRST if name in known.attributes]
    names += sorted(known.attributes.keys() - set(names))
    return [(name, str(_value(known.attributes[name]))) for name in names]


def _consents(page: Page) -> list[tuple[str, str]]:
    return [
        (
            f"{one.consent.topic or 'every topic'} by {one.consent.channel or 'every channel'}",
            f"{_status(one.consent)} on {when(one.consent.at, page.where)}"
            + (f" ({one.source})" if one.source else ""),
        )
        for one in page.consents
    ]


def _stopped(page: Page) -> Iterator[tuple[str, str]]:
    until = page.customer.paused_until
    if until is not None and until > page.now:
        yield "everything that needs their yes", f"they paused it until {when(until, page.where)}"
    for one in page.suppressions:
        yield f"their address for {one.channel}", f"{one.cause}, since {when(one.since, page.where)}"
    for hold in page.holds:
        yield f"{hold.name}, for everybody", f"{hold.cause}, since {when(hold.since, page.where)}"


def _contact(row: Row, where: Zone) -> tuple[str, str]:
    by = f" by {row.channel}" if row.channel else ""
    reason = f" {row.reason}" if row.reason else ""
    return when(_at(row), where), f"{row.rule}{by}, {str(row.state).replace('_', ' ')}.{reason}"


def _at(row: Row) -> int:
    if row.state in OPEN | OUTGOING:
        return row.next_at if row.next_at is not None else row.opens
    return row.decided_for if row.decided_for is not None else row.opens


def _status(consent: Consent) -> str:
    return "given" if consent.given else "withdrawn"


def _value(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)
