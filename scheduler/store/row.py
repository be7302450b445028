"""A row of the ledger as a plain value, and how it stands in the table."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import unquote

from sqlalchemy import Connection

from scheduler.decisions.causes import Cause
from scheduler.rulebook.model import AsksFor
from scheduler.store.batch import KEYS, OF_THOSE, Batch
from scheduler.store.buckets import bucket_of
from scheduler.store.states import State


@dataclass(frozen=True, slots=True)
class Row:
    """One occasion in the ledger.

    `next_at` is when it is to be looked at again; `decided_for` the instant that the decision is of, `decided_at`
    when it was made; `because` names the gates that said no; `version` is the rulebook's; `revision` is that of the
    customer when planning said something new of it, or it was decided. `breaks` is how often it broke its worker;
    `sender` is the lease that has claimed it or is sending it.
    """

    key: str
    customer: str
    rule: str
    anchor: str
    trigger_at: int
    opens: int
    closes: int
    asks_for: AsksFor
    state: State = State.PLANNED
    next_at: int | None = None
    decided_for: int | None = None
    decided_at: int | None = None
    channel: str = ""
    template: str = ""
    reason: str = ""
    because: tuple[str, ...] = ()
    version: str = ""
    revision: int = 0
    exempt: bool = False
    attempts: int = 0
    message_id: str = ""
    provider_id: str = ""
    error: str = ""
    breaks: int = 0
    sender: str = ""

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was cancelled before it was decided, since it no longer came out of the rules and facts."""
        return self.state is State.CANCELLED and self.decided_for is None and self.because == NO_LONGER


class Said(NamedTuple):
    """What planning says of an occasion, in the words of its row; a row that is there says as much and more."""

    key: str
    customer: str
    rule: str
    anchor: str
    trigger_at: int
    opens: int
    closes: int
    asks_for: str
    next_at: int | None
    template: str
    reason: str
    version: str
    revision: int
    exempt: bool


NO_LONGER = (str(Cause.ACTIVE),)
"""Why an occasion is cancelled that no longer comes out of the rules and facts."""
IS_WITHDRAWN = (
    "state = 'cancelled' AND decided_for IS NULL AND CAST(because AS TEXT) = " + f"'{json.dumps(list(NO_LONGER))}'"
)
"""As `Row.is_withdrawn`, asked of the table."""

NAMES = tuple(field.name for field in fields(Row))
TYPES = {
    **dict.fromkeys(NAMES, "text"),
    **dict.fromkeys(("trigger_at", "opens", "closes", "next_at", "decided_for", "decided_at", "revision"), "bigint"),
    "because": "json",
    "exempt": "boolean",
    "attempts": "integer",
    "breaks": "integer",
}
"""The type of each column of a row."""

COLUMNS = ", ".join("CAST(because AS TEXT)" if name == "because" else name for name in NAMES)
"""The columns of a row, in the order in which `row_of` takes them."""

OF_GIVEN = (
    " FROM {given} WHERE occasion.bucket = given.bucket AND occasion.customer = given.customer"
    " AND occasion.key = given.key"
)
"""What makes an update one of the rows whose `KEYS` are given."""

CANCEL = Batch(
    "UPDATE occasion SET state = 'cancelled', next_at = NULL, because = given.because, decided_at = :now, sender = ''"
    + OF_GIVEN,
    {**KEYS, "because": "json"},
)
"""Ends the rows given, with their cause."""

_BECAUSE = NAMES.index("because")
_COLUMNS_OF = attrgetter(*NAMES)


def by_key(columns: str) -> str:
    """A statement that reads these columns of the rows whose `KEYS` are given, in the order of those."""
    return (
        f"SELECT {columns}"
        " FROM (SELECT bucket AS of_bucket, customer AS of_customer, key AS of_key FROM {given}) AS those"
        f" CROSS JOIN occasion WHERE {OF_THOSE} AND key = of_key ORDER BY bucket, customer, key"
    )


def locking(statement: str, given: Mapping[str, str]) -> Mapping[str, Batch]:
    """By dialect, a statement that reads rows of `given`, and nobody else can change them in this transaction."""
    # on SQLite nobody else writes while it lasts
    return {"sqlite": Batch(statement, given), "postgresql": Batch(statement + " FOR UPDATE OF occasion", given)}


_READ, _LOCK = Batch(by_key(COLUMNS), KEYS), locking(by_key(COLUMNS), KEYS)


def row_of(columns: Sequence[Any]) -> Row:
    """The row that stands in `COLUMNS`."""
    values = dict(zip(NAMES, columns, strict=True))
    values["asks_for"] = AsksFor(values["asks_for"])
    values["state"] = State(values["state"])
    values["because"] = tuple(json.loads(values["because"])) if columns[_BECAUSE] != "[]" else ()
    values["exempt"] = bool(values["exempt"])
    return Row(**values)


def columns_of(row: Row) -> tuple[Any, ...]:
    """The columns of a row in the order of `NAMES`, as a statement takes them."""
    as_text = {"asks_for": str(row.asks_for), "state": str(row.state), "because": because_of(row.because)}
    return tuple(as_text.get(name, value) for name, value in zip(NAMES, _COLUMNS_OF(row), strict=True))


def because_of(gates: Iterable[str]) -> str:
    """How the gates that said no stand in their column."""
    return json.dumps(list(gates))


def customer_of(key: str) -> str:
    """The customer in an occasion's key, RULE/CUSTOMER/ANCHOR, each part percent-encoded."""
    parts = key.split("/")
    return unquote(parts[1]) if len(parts) == 3 else ""


def place_of(key: str) -> dict[str, Any]:
    """Where the row with this key stands: its bucket, its customer, and the key."""
    customer = customer_of(key)
    return {"bucket": bucket_of(customer), "customer": customer, "key": key}


def rows_of(connection: Connection, keys: Iterable[str], *, lock: bool = False) -> list[Row]:
    """The rows with these keys that there are; with `lock`, nobody else can change them in this transaction."""
    batch = _LOCK[connection.dialect.name] if lock else _READ
    return [row_of(columns) for columns in batch.all(connection, [place_of(key) for key in set(keys)])]
