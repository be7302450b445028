"""Goes through customers, many at a time, and asks about those of a chunk together."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import BindParameter, Connection, bindparam, text

from scheduler.store.batch import PLACES, Batch, fetched, given, given_table, no_collection
from scheduler.store.buckets import places

if TYPE_CHECKING:
    from scheduler.store.database import Store

Rows = Sequence[tuple[Any, ...]]
T = TypeVar("T")
_FIRST = (-1, "")
_CUSTOMERS = "SELECT bucket, id, CAST(attributes AS TEXT), revision, paused_until FROM customer WHERE "
_NEXT = text(_CUSTOMERS + "(bucket, id) > (:bucket, :id) ORDER BY bucket, id LIMIT :chunk")
_NAMED = Batch(_CUSTOMERS + "(bucket, id) IN (SELECT bucket, customer FROM {given}) ORDER BY bucket, id", PLACES)
_RANGE = "(bucket, customer) >= (:bucket, :id) AND (bucket, customer) <= (:last_bucket, :last_id)"
_LIST = "(bucket, customer) IN (SELECT bucket, customer FROM {given})"


@dataclass(frozen=True)
class Those:
    """Customers in order of (bucket, id): some that were named, or else all between the first and the last.

    A row holds the bucket, the id, the attributes as text, the revision, and until when they are paused.
    """

    rows: Rows
    named: bool

    def part(self, start: int, end: int) -> Those:
        """Those from one place up to another."""
        return Those(self.rows[start:end], self.named)

    def parameters(self) -> Mapping[str, Any]:
        """What chooses them in a statement of `About`."""
        if self.named:
            return {"given": given([{"bucket": row[0], "customer": row[1]} for row in self.rows])}
        first, last = self.rows[0], self.rows[-1]
        return {"bucket": first[0], "id": first[1], "last_bucket": last[0], "last_id": last[1]}


class About:
    """A question about the customers of a chunk, whom `{those}` chooses in its statement.

    Where databases want it put differently, `elsewhere` is how PostgreSQL is asked. `names` may be a list in it.
    """

    def __init__(self, statement: str, elsewhere: str = "") -> None:
        asked = {"sqlite": statement, "postgresql": elsewhere or statement}
        names: list[BindParameter[Any]] = [bindparam("names", expanding=True)] if ":names" in statement else []
        self._statements = {
            (dialect, named): text(one.format(those=_LIST.format(given=table) if named else _RANGE)).bindparams(*names)
            for dialect, table in given_table(PLACES).items()
            for one in (asked[dialect],)
            for named in (False, True)
        }

    def ask(self, connection: Connection, those: Those, **more: Any) -> list[tuple[Any, ...]]:
        """What it answers."""
        statement = self._statements[connection.dialect.name, those.named]
        return fetched(connection.execute(statement, {**those.parameters(), **more}))


def in_chunks(
    store: Store,
    ids: Iterable[str] | None,
    look: Callable[[Connection, Those], T],
    *,
    chunk: int,
    fits: Callable[[Connection, Those], bool] = lambda _, __: True,
) -> Iterator[T]:
    """What `look` finds of each chunk of at most so many customers, in order of (bucket, id); without ids of all.

    A chunk that does not fit is halved, and again, down to one customer. Each is one transaction, which is over when
    what was found is given out.
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
            whole = those = Those(rows, rest is not None)
            while len(those.rows) > 1 and not fits(connection, those):
                those = those.part(0, len(those.rows) // 2)
            if rows:
                found = [look(connection, those)]
                after = (those.rows[-1][0], those.rows[-1][1])
            else:
                found = []
            if rest is not None:
                done = chunk if those is whole else 1 + [one["customer"] for one in rest].index(after[1])
                rest = rest[done:]
        yield from found
