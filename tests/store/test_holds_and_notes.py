from __future__ import annotations

from storing import NOW

from scheduler.store import Hold, Note, Store


def test_a_hold_stays_until_it_is_lifted(store: Store) -> None:
    assert store.holds.place("channel:email", "too many bounces", "daemon", now=NOW)
    assert store.holds.list() == [Hold("channel:email", "too many bounces", "daemon", NOW)]
    assert store.holds.lift("channel:email", now=NOW)
    assert store.holds.list() == []


def test_a_second_hold_keeps_the_first_cause(store: Store) -> None:
    store.holds.place("all", "a copy", "daemon", now=NOW)
    assert not store.holds.place("all", "another", "me", now=NOW + 1)
    assert [hold.cause for hold in store.holds.list()] == ["a copy"]


def test_lifting_what_is_not_held_says_so(store: Store) -> None:
    assert not store.holds.lift("all", now=NOW)


def test_notes_are_kept_the_newest_first(store: Store) -> None:
    store.notes.add("me", "activated", "rules", {"version": 2}, now=NOW)
    store.notes.add("you", "released", "all", now=NOW + 1)
    assert store.notes.list() == [
        Note(NOW + 1, "you", "released", "all", {}),
        Note(NOW, "me", "activated", "rules", {"version": 2}),
    ]
    assert [note.who for note in store.notes.list("rules")] == ["me"]
    assert [note.who for note in store.notes.list(limit=1)] == ["you"]


def test_when_a_hold_was_lifted_last_is_remembered(store: Store) -> None:
    for name, now in (("all", NOW), ("all", NOW + 1), ("rule:welcome", NOW + 2)):
        store.holds.place(name, "a look", "me", now=NOW)
        store.holds.lift(name, now=now)
    store.holds.lift("all", now=NOW + 3)
    assert store.holds.lifted("all") == NOW + 1
    assert store.holds.lifted("channel:email") is None
    assert store.holds.list() == []
