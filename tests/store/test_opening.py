from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from storing import enrol, occasion

from scheduler.errors import NewerDatabase, StoreError, UnusableDatabase
from scheduler.store import open_store
from scheduler.store.database import LOG_PAGES
from scheduler.store.journal import beside
from scheduler.store.migrations import version, versions
from scheduler.store.tables import Table


def test_a_new_database_is_made_and_up_to_date(new_database: str) -> None:
    with open_store(new_database) as store, store.read() as connection:
        assert version(connection) == versions()[-1]


def test_the_migrations_make_the_tables_that_the_models_describe(new_database: str) -> None:
    with open_store(new_database) as store, store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_what_was_written_is_there_when_the_store_is_opened_again(database: str) -> None:
    with open_store(database) as store:
        store.customers.add([("ann", {"name": "Ann"})], now=1)
    with open_store(database, create=False) as again:
        assert again.customers.revisions(["ann"]) == {"ann": 1}


def test_a_newer_database_is_refused(new_database: str) -> None:
    with open_store(new_database) as store, store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match="9999"):
        open_store(new_database)


def test_without_create_an_empty_database_is_refused(new_database: str) -> None:
    with pytest.raises(StoreError, match="import something first"):
        open_store(new_database, create=False)


def test_without_create_no_file_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        open_store(f"sqlite:///{tmp_path / 'none.db'}", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["nonsense", "mysql://somewhere/db", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///PATH"):
        open_store(url)


def test_a_server_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the database says"):
        open_store(f"postgresql://nobody@/nothing?host={tmp_path}")


def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(UnusableDatabase, match=r"letter\.db: the database says: file is not a database") as caught:
        open_store(f"sqlite:///{tmp_path / 'letter.db'}")
    assert "put a backup in its place" in caught.value.way_out


@pytest.mark.parametrize(
    "url",
    [
        "mysql://shop:hush@host/db",
        "shop:hush@host/db",
        "postgresql+psycopg://shop:hush@[::bad/db",
        "postgresql://shop:h/hush@host:port/db?password=hush",
    ],
)
def test_a_url_that_is_refused_does_not_show_its_password(url: str) -> None:
    with pytest.raises(UnusableDatabase, match="shop") as caught:
        open_store(url)
    assert "hush" not in str(caught.value)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(UnusableDatabase, match="unable to open database file"):
        open_store(f"sqlite:///{tmp_path}")


def test_an_up_to_date_database_is_opened_without_the_machinery_of_migrations(sqlite_file: Path) -> None:
    program = (
        "import sys\n"
        "from scheduler.store import open_store\n"
        f"open_store('sqlite:///{sqlite_file}').close()\n"
        "print({'alembic', 'sqlmodel'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 (our own program)
    assert answer.stdout.strip() == "set()"


def test_sqlite_commits_survive_a_power_cut(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'a.db'}") as store, store.read() as connection:
        full = 2
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_writer_whom_another_one_keeps_waiting_too_long_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.store.database.BUSY_SECONDS", 0)
    with open_store(f"sqlite:///{tmp_path / 'a.db'}") as store, open_store(store.url) as other, store.write():
        with pytest.raises(StoreError, match="locked") as caught:
            enrol(other, "ann")
        assert "another process is writing" in caught.value.way_out
    assert store.counts().customers == 0


def test_few_commits_to_sqlite_wait_until_its_log_is_carried_over(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'a.db'}") as store, store.write() as connection:
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == LOG_PAGES


def test_calls_made_together_are_one_transaction(database: str) -> None:
    with open_store(database) as store:
        with contextlib.suppress(InterruptedError), store.together() as both:
            both.customers.add([("ann", {})], now=1)
            raise InterruptedError
        assert store.counts().customers == 0


def test_the_migrations_can_be_undone(new_database: str) -> None:
    from alembic import command

    from scheduler.store.migrations import configuration

    with open_store(new_database) as store:
        with store.write() as connection:
            command.downgrade(configuration(connection), "base")
        with store.read() as connection:
            assert version(connection) is None


def test_a_database_that_was_taken_away_is_not_written_any_more(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'a.db'}") as store:
        store.customers.add([("ann", {})], now=1)
        (tmp_path / "a.db").unlink()
        with pytest.raises(StoreError, match=r"a\.db was removed or replaced while it was in use"):
            store.customers.add([("bob", {})], now=2)


def test_a_database_of_the_first_version_keeps_its_rows(new_database: str) -> None:
    from alembic import command

    from scheduler.store.migrations import configuration

    with open_store(new_database) as store:
        enrol(store, "ann")
        row = occasion()
        store.ledger.put([row])
        with store.write() as connection:
            command.downgrade(configuration(connection), "0001")
    with open_store(new_database) as store:
        found = store.ledger.row(row.key)
        assert found is not None
        assert found.rule == row.rule
        assert [one.id for one in store.customers.read()] == ["ann"]


def test_a_second_connection_keeps_the_locks_of_the_first(tmp_path: Path) -> None:
    """Else another process that closes the files takes itself for their last user, and removes their logs."""
    file = tmp_path / "a.db"
    with open_store(f"sqlite:///{file}") as store:
        store.customers.add([("ana", {})], now=1)
        with store.engine.connect(), store.engine.connect():
            files = [file, beside(file)]
            closes = "import sqlite3, sys\nfor file in sys.argv[1:]:\n    sqlite3.connect(file).execute('PRAGMA user_version')"
            subprocess.run([sys.executable, "-c", closes, *map(str, files)], check=True)  # noqa: S603 - our own program
            assert all(one.with_name(f"{one.name}-wal").exists() for one in files)
