"""Goes through customers, many at a time, and asks about those of a chunk together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, text

from scheduler.store.batch import OF_THOSE, PLACES, THOSE, Batch, Statement, fetched, given, given_table, no_collection
from scheduler.store.buckets import places

if TYPE_CHECKING:
    from scheduler.store.database import Store

Rows = Sequence[tuple[Any, ...]]
T = TypeVar("T")
_FIRST = (-1, "")
_CUSTOMERS = "SELECT bucket, id, CAST(attributes AS TEXT), revision, paused_until FROM customer WHERE "
_NEXT = text(_CUSTOMERS + "(bucket, id) > (:bucket, :id) ORDER BY bucket, id LIMIT :chunk")
_RANGE = "(bucket, customer) >= (:bucket, :id) AND (bucket, customer) <= (:last_bucket, :last_id)"
_NAMED = Batch(
    _CUSTOMERS.replace(" FROM ", f" FROM {THOSE}") + "bucket = of_bucket AND id = of_customer ORDER BY bucket, id",
    PLACES,
)


@dataclass(frozen=True)
class Those:
    """Customers in order of (bucket, id): some that were named, or else all between the first and the last.

    A row holds the bucket, the id, the attributes as text, the revision, and until when they are paused. `weight` is
    how much there is to be read about them, where that was asked.
    """

    rows: Rows
    named: bool
    weight: int = 0

    def part(self, start: int, end: int) -> Those:
        """Those from one place up to another."""
        return Those(self.rows[start:end], self.named)

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """What chooses them in a statement of `About`; several are asked about the same."""
        if self.named:
            return {"given": given([{"bucket": row[0], "customer": row[1]} for row in self.rows])}
        first, last = self.rows[0], self.rows[-1]
        return {"bucket": first[0], "id": first[1], "last_bucket": last[0], "last_id": last[1]}


class About:
    """A question about the customers of a chunk, whom `{of}`, before the table, and `{those}` choose in its statement.

    Where databases want it put differently, `elsewhere` is how PostgreSQL is asked. `names` may be a list in it.
    """

    def __init__(self, statement: str, elsewhere: str = "") -> None:
        asked = {"sqlite": statement, "postgresql": elsewhere or statement}
        names = ["names"] if ":names" in statement else []
        self._statements = {
            (dialect, named): Statement(asked[dialect].format(of=of, those=those), *names)
            for dialect, table in given_table(PLACES).items()
            for named, of, those in ((False, "", _RANGE), (True, THOSE.format(given=table), OF_THOSE))
        }

    def ask(self, connection: Connection, those: Those, **more: Any) -> list[tuple[Any, ...]]:
        """What it answers."""
        statement = self._statements[connection.dialect.name, those.named]
        return statement.all(connection, {**those.parameters, **more})


def in_chunks(
    store: Store,
    ids: Iterable[str] | None,
    look: Callable[[Connection, Those], T],
    *,
    chunk: int,
    weigh: Callable[[Connection, Those], int] = lambda _, __: 0,
    most: int = 0,
) -> Iterator[T]:
    """What `look` finds of each chunk of at most so many customers, in order of (bucket, id); without ids of all.

    A chunk that weighs more than `most` is halved, and again, down to one customer. Each is one transaction, which is
    over when what was found is given out.
    """
    rest = None if ids is None else places(ids)
    after = _FIRST
    while rest is None or rest:
        with store.read() as connection, no_collection():
            if rest is None:
                rows = fetched(connection.execute(_NEXT, {"bucket": after[0], "id": after[1], "chunk": chunk}))
                if not rows:
                    return
            else:
                rows = _NAMED.all(connection, rest[:chunk])
            those = Those(rows, rest is not None)
            while (weight := weigh(connection, those) if those.rows else 0) > most and len(those.rows) > 1:
                those = those.part(0, len(those.rows) // 2)
            found = [look(connection, replace(those, weight=weight))] if rows else []
            after = (those.rows[-1][0], those.rows[-1][1]) if rows else after
            if rest is not None:
                whole = len(those.rows) == len(rows)
                rest = rest[chunk if whole else 1 + [one["customer"] for one in rest].index(after[1]) :]
        yield from found
