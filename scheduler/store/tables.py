"""The tables.

Instants are integers of UTC microseconds. What is about a customer has `bucket` first in its key. The hot paths
speak SQL to these tables; the models here are what the migrations are made from and checked against.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel):
    """What all tables share: one set of them, with names for their constraints."""

    metadata = MetaData(naming_convention=NAMING)


def _name(**kwargs: Any) -> Any:
    # the order of ids must be that of Python and of SQLite, whatever the server's language
    return Field(sa_type=Text().with_variant(Text(collation="C"), "postgresql"), **kwargs)


def _text(**kwargs: Any) -> Any:
    return Field(sa_type=Text, **kwargs)


def _instant(**kwargs: Any) -> Any:
    return Field(sa_type=BigInteger, **kwargs)


def _bucket() -> Any:
    return Field(sa_type=SmallInteger, primary_key=True)


def _json() -> Any:
    return Field(sa_type=JSON)


def _number() -> Any:
    # SQLite counts up only what it calls INTEGER
    return Field(default=None, sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True))


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Customer(Table, table=True):
    """A customer.

    `email`, `phone` and `address` are those of the attributes in a form that can be compared, or empty;
    `planned_revision` and `planned_with` say with which facts and rules the customer was planned last.
    """

    bucket: int = _bucket()
    id: str = _name(primary_key=True)
    attributes: dict[str, Any] = _json()
    email: str = _text()
    phone: str = _text()
    address: str = _text()
    revision: int = _instant()
    planned_revision: int = _instant()
    planned_with: int = _instant()
    paused_until: int | None = _instant(nullable=True)
    known_at: int = _instant()
    changed_at: int = _instant()

    __table_args__ = (
        _partial("customer_unplanned", "bucket", "id", where="revision > planned_revision"),
        Index("customer_planned_with", "planned_with"),
        _partial("customer_email", "email", where="email <> ''"),
        _partial("customer_phone", "phone", where="phone <> ''"),
        _partial("customer_address", "address", where="address <> ''"),
        {"sqlite_with_rowid": False},
    )


class Event(Table, table=True):
    """Something that happened; `replaced_by` is the event that took its place."""

    bucket: int = _bucket()
    customer: str = _name(primary_key=True)
    at: int = _instant(primary_key=True)
    id: str = _name(primary_key=True)
    name: str = _text()
    known_at: int = _instant()
    properties: dict[str, Any] = _json()
    replaces: str | None = _name(nullable=True)
    replaced_by: str | None = _name(nullable=True)

    __table_args__ = (
        ForeignKeyConstraint(["bucket", "customer"], ["customer.bucket", "customer.id"]),
        Index("event_id", "id", unique=True),
        _partial("event_replaces", "replaces", where="replaces IS NOT NULL"),
        {"sqlite_with_rowid": False},
    )


class Consent(Table, table=True):
    """Consent given or withdrawn; an empty topic or channel is any."""

    bucket: int = _bucket()
    customer: str = _name(primary_key=True)
    at: int = _instant(primary_key=True)
    topic: str = _name(primary_key=True)
    channel: str = _name(primary_key=True)
    given: bool = Field(primary_key=True)
    source: str = _text()

    __table_args__ = ({"sqlite_with_rowid": False},)


class Suppression(Table, table=True):
    """An address that must not be used; after erasure `address` is a keyed hash."""

    channel: str = _name(primary_key=True)
    address: str = _name(primary_key=True)
    cause: str = _text()
    since: int = _instant()


class Occasion(Table, table=True):
    """The ledger and the queue: one row an occasion, from planned to its end.

    `breaks` is how often it broke its worker.
    """

    bucket: int = _bucket()
    customer: str = _name(primary_key=True)
    key: str = _name(primary_key=True)
    rule: str = _text()
    anchor: str = _text()
    trigger_at: int = _instant()
    opens: int = _instant()
    closes: int = _instant()
    asks_for: str = _text()
    state: str = _text()
    next_at: int | None = _instant(nullable=True)
    decided_for: int | None = _instant(nullable=True)
    decided_at: int | None = _instant(nullable=True)
    channel: str = _text()
    template: str = _text()
    reason: str = _text()
    because: list[str] = _json()
    version: str = _text()
    revision: int = _instant()
    exempt: bool
    attempts: int
    message_id: str = _text()
    provider_id: str = _text()
    error: str = _text()
    sender: str = _text()
    breaks: int = Field(sa_type=Integer, sa_column_kwargs={"server_default": text("0")})

    __table_args__ = (
        _partial("occasion_open", "next_at", where="state IN ('planned', 'waiting')"),
        _partial("occasion_outgoing", "next_at", where="state IN ('queued', 'retry')"),
        _partial("occasion_sending", "sender", where="state = 'sending'"),
        _partial("occasion_message_id", "message_id", where="message_id <> ''"),
        _partial("occasion_provider_id", "provider_id", where="provider_id <> ''"),
        {"sqlite_with_rowid": False},
    )


class Attempt(Table, table=True):
    """Each try to deliver."""

    bucket: int = _bucket()
    customer: str = _name(primary_key=True)
    occasion: str = _name(primary_key=True)
    number: int = Field(primary_key=True)
    started: int = _instant()
    ended: int | None = _instant(nullable=True)
    outcome: str = _text()
    provider_id: str = _text()
    error: str = _text()

    __table_args__ = ({"sqlite_with_rowid": False},)


class Traffic(Table, table=True):
    """How much went by a channel in each minute (since 1970, UTC), and how much of it came back."""

    channel: str = _name(primary_key=True)
    minute: int = Field(sa_type=BigInteger, primary_key=True)
    sent: int
    bounced: int
    complained: int

    __table_args__ = ({"sqlite_with_rowid": False},)


class Forecast(Table, table=True):
    """How many contacts each clock hour (since 1970, UTC) may have, by the ledger as it was at `made`.

    `rules` is the number of the activation that it was planned by.
    """

    hour: int = Field(sa_type=BigInteger, primary_key=True)
    foreseen: int = Field(sa_type=BigInteger)
    made: int = _instant()
    rules: int

    __table_args__ = ({"sqlite_with_rowid": False},)


class SoftBounce(Table, table=True):
    """How many soft bounces in a row an address had, in the form that can be compared, and when the last was."""

    __tablename__ = "soft_bounce"

    channel: str = _name(primary_key=True)
    address: str = _name(primary_key=True)
    number: int
    last: int = _instant()

    __table_args__ = ({"sqlite_with_rowid": False},)


class Task(Table, table=True):
    """What a person has to do.

    `role` is whose terms hold for it, `assigned_at` since when `assignee` has it. If it is open still, it goes to a
    deputy at `deputy_at`, and to whom the role escalates at `escalates_at`.
    """

    bucket: int = _bucket()
    customer: str = _name(primary_key=True)
    occasion: str = _name(primary_key=True)
    assignee: str = _text(index=True)
    script: str = _text()
    due: int = _instant()
    state: str = _text()
    created: int = _instant()
    ended: int | None = _instant(nullable=True)
    outcome: str = _text()
    role: str = _text(sa_column_kwargs={"server_default": text("''")})
    assigned_at: int = _instant(sa_column_kwargs={"server_default": text("0")})
    deputy_at: int | None = _instant(nullable=True)
    escalates_at: int | None = _instant(nullable=True)
    escalated_at: int | None = _instant(nullable=True)

    __table_args__ = (
        _partial("task_open", "due", where="state = 'assigned'"),
        Index("task_lately", "assigned_at", "assignee"),
        {"sqlite_with_rowid": False},
    )


class Received(Table, table=True):
    """What came in by webhooks: the hash of a message, or of a thing of theirs with its newest `version` that came.

    From `until` on it need not be known any more.
    """

    key: str = _name(primary_key=True)
    version: int = _instant()
    until: int = _instant(index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class Rulebook(Table, table=True):
    """Each activation; the highest number is the active one. `rules` holds when each name first became active."""

    number: int = Field(primary_key=True)
    version: str = _text()
    files: dict[str, str] = _json()
    rules: dict[str, int] = _json()
    who: str = _text()
    activated_at: int = _instant()


class Note(Table, table=True):
    """The audit: who did what about whom."""

    number: int | None = _number()
    at: int = _instant()
    who: str = _text()
    what: str = _text()
    about: str = _text(index=True)
    detail: dict[str, Any] = _json()


class Daemon(Table, table=True):
    """Leases, with all of the columns; slices, with `holder`; holds and the like.

    Holds have `holder`, `seen` and `cause`; when one was `lifted` stands as `seen`.
    """

    kind: str = _text(primary_key=True)
    name: str = _text(primary_key=True)
    holder: str = _text()
    token: int = _instant()
    seen: int = _instant()
    expires: int = _instant()
    cause: str = _text()
