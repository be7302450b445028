from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from storing import HOUR, NOW, enrol, lease

from scheduler.errors import StoreError
from scheduler.store import Store, open_store


@pytest.fixture
def shop(tmp_path: Path) -> Store:
    store = open_store(f"sqlite:///{tmp_path / 'shop.db'}")
    enrol(store, "ann")
    return store


def test_a_backup_holds_what_was_there_when_it_was_made(shop: Store, tmp_path: Path) -> None:
    shop.back_up(tmp_path / "backup.db")
    enrol(shop, "bob")
    with shop, open_store(f"sqlite:///{tmp_path / 'backup.db'}", create=False) as backup:
        assert [customer.id for customer in backup.customers.read()] == ["ann"]


def test_a_restored_database_is_as_the_backup_was_and_held(shop: Store, tmp_path: Path) -> None:
    with shop:
        shop.back_up(tmp_path / "backup.db")
        enrol(shop, "bob")
        shop.restore(tmp_path / "backup.db", now=NOW)
        assert [customer.id for customer in shop.customers.read()] == ["ann"]
        assert [hold.name for hold in shop.holds.list()] == ["all"]


def test_a_backup_is_never_written_over_a_file(shop: Store, tmp_path: Path) -> None:
    with shop, pytest.raises(StoreError, match="is there already"):
        shop.back_up(tmp_path / "shop.db")


def test_what_is_no_backup_is_not_restored(shop: Store, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 100)
    with shop:
        with pytest.raises(StoreError, match="is no backup"):
            shop.restore(tmp_path / "letter.txt", now=NOW)
        with pytest.raises(StoreError, match="there is no backup"):
            shop.restore(tmp_path / "none.db", now=NOW)
        assert shop.counts().customers == 1


def test_nothing_is_restored_under_a_working_daemon(shop: Store, tmp_path: Path) -> None:
    with shop:
        shop.back_up(tmp_path / "backup.db")
        lease(shop, "host:1")
        with pytest.raises(StoreError, match="host:1 works on this database"):
            shop.restore(tmp_path / "backup.db", now=NOW)
        shop.restore(tmp_path / "backup.db", now=NOW + HOUR)


def test_a_postgresql_database_is_left_to_its_own_tools(postgresql: Callable[[], str], tmp_path: Path) -> None:
    with open_store(postgresql()) as store:
        with pytest.raises(StoreError, match="pg_dump"):
            store.back_up(tmp_path / "backup.db")
        with pytest.raises(StoreError, match="pg_restore"):
            store.restore(tmp_path / "backup.db", now=NOW)
