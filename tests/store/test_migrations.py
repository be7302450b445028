from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from sqlalchemy import JSON, Connection, MetaData, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.types import Boolean, Integer
from storing import HOUR, NOW, lease, occasion, queue

from scheduler.errors import LeaseTaken
from scheduler.store import Tried, open_store
from scheduler.store.database import migrate
from scheduler.store.migrations import configuration, versions
from scheduler.store.states import State

RELEASED = versions()[:-1]


def rows_in(connection: Connection, tables: MetaData) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of these tables, in the columns that are known of each."""
    return {table.name: [tuple(row) for row in connection.execute(table.select())] for table in tables.sorted_tables}


def filled(connection: Connection) -> MetaData:
    """The tables that there are, each with a row that has something in every column."""
    tables = MetaData()
    tables.reflect(connection)
    tables.remove(tables.tables["alembic_version"])
    for table in tables.sorted_tables:
        row = {column.name: _of_type(column.type) for column in table.columns}
        connection.execute(table.insert(), row | ({"state": "sent"} if "state" in row else {}))
    return tables


def _of_type(kind: Any) -> Any:
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, JSON):
        return {}
    return 7 if isinstance(kind, Integer) else "something"


@pytest.mark.parametrize("released", RELEASED)
def test_a_database_of_every_released_version_keeps_all_that_is_in_it(new_database: str, released: str) -> None:
    url = make_url(new_database)
    engine = create_engine(url.set(drivername="postgresql+psycopg") if url.get_backend_name() == "postgresql" else url)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), released)
        tables = filled(connection)
        before = rows_in(connection, tables)
    assert migrate(new_database) == (released, versions()[-1])
    assert migrate(new_database) == (versions()[-1], versions()[-1])
    with engine.connect() as connection:
        assert rows_in(connection, tables) == before
    engine.dispose()
    assert all(before.values())


def test_a_program_that_is_at_work_while_a_newer_one_migrates_marks_nothing_more(new_database: str) -> None:
    with open_store(new_database) as older:
        revisions = queue(older, [occasion(anchor="1"), occasion(anchor="2")])
        under_way, next_one = revisions
        theirs = lease(older)
        older.outbox.mark_sending({under_way: revisions[under_way]}, lease=theirs, now=NOW)
        with older.write() as connection:
            command.downgrade(configuration(connection), RELEASED[-1])

        assert migrate(new_database) == (RELEASED[-1], versions()[-1])

        with pytest.raises(LeaseTaken, match="a newer program brought the database up to date"):
            older.outbox.mark_sending({next_one: revisions[next_one]}, lease=theirs, now=NOW)
        with pytest.raises(LeaseTaken):
            older.leases.renew(theirs, now=NOW, ttl=HOUR)
        assert older.outbox.record([Tried(under_way, State.SENT, attempt=1)], now=NOW, lease=theirs) == []
        assert lease(older, "another", now=NOW).token > theirs.token
