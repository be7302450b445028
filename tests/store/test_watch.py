from __future__ import annotations

from collections.abc import Iterator

import pytest
from storing import NOW, bought, enrol

from scheduler.store import Store, Watch, open_store


@pytest.fixture
def watch(store: Store) -> Iterator[Watch]:
    enrol(store, "ann")
    watch = store.watch()
    yield watch
    watch.close()


def test_nothing_has_changed_while_nobody_writes(store: Store, watch: Watch) -> None:
    list(store.customers.read())
    assert not watch.changed()


def test_a_fact_that_somebody_else_writes_is_noticed_once(database: str, watch: Watch) -> None:
    with open_store(database) as other:
        other.events.add([bought("1")], now=NOW)
    assert (watch.changed(), watch.changed()) == (True, False)


def test_an_activation_and_a_hold_are_noticed(store: Store, watch: Watch) -> None:
    store.rulebooks.activate({}, "aa", "me", rules=[], now=NOW)
    assert watch.changed()
    store.holds.place("all", "wait", "me", now=NOW)
    assert watch.changed()


def test_a_watch_whose_connection_was_lost_says_that_something_may_have_changed_and_goes_on(
    postgresql_store: tuple[str, Store],
) -> None:
    url, other = postgresql_store
    with open_store(url) as store:
        watch = store.watch()
        with other.write() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        assert (watch.changed(), watch.changed()) == (True, False)
        store.holds.place("rule:x", "wait", "me", now=NOW)
        assert watch.changed()
        watch.close()


def test_what_is_rolled_back_is_not_noticed(store: Store, watch: Watch) -> None:
    with pytest.raises(InterruptedError), store.together() as both:
        _write_and_stop(both)
    assert not watch.changed()


def _write_and_stop(store: Store) -> None:
    store.events.add([bought("1")], now=NOW)
    raise InterruptedError
