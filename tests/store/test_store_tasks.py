from __future__ import annotations

from storing import NOW, occasion, queue, state_of

from scheduler.store import State, Store, Task


def test_a_task_is_assigned_for_a_queued_occasion(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    assert store.tasks.create([Task(key, "maria", "Ask how it went", NOW + 5)], now=NOW) == []
    assert store.tasks.list() == [Task(key, "maria", "Ask how it went", NOW + 5, State.ASSIGNED, NOW)]
    assert (state_of(store, key), store.tasks.list()[0].customer) == (State.ASSIGNED, "ann")


def test_an_occasion_gets_no_second_task(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW)], now=NOW)
    assert store.tasks.create([Task(key, "jonas", "", NOW)], now=NOW) == [key]
    assert [task.assignee for task in store.tasks.list()] == ["maria"]


def test_tasks_are_listed_by_when_they_are_due_for_whom_and_by_state(store: Store) -> None:
    first, second = sorted(queue(store, [occasion("ann"), occasion("bob")]))
    store.tasks.create([Task(first, "maria", "", NOW + 9), Task(second, "jonas", "", NOW + 1)], now=NOW)
    assert [task.key for task in store.tasks.list()] == [second, first]
    assert [task.key for task in store.tasks.list(assignee="maria")] == [first]
    store.tasks.finish(first, "solved", now=NOW)
    assert [task.key for task in store.tasks.list(state=State.ASSIGNED)] == [second]


def test_a_finished_task_has_its_outcome_and_ends_its_occasion(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW)], now=NOW)
    assert store.tasks.finish(key, "solved", now=NOW + 7)
    assert store.tasks.get(key) == Task(key, "maria", "", NOW, State.DONE, NOW, NOW + 7, "solved")
    assert state_of(store, key) is State.DONE


def test_a_dropped_task_was_no_contact(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW)], now=NOW)
    store.tasks.finish(key, "not wanted", now=NOW, dropped=True)
    ann = store.customers.get("ann")
    assert ann is not None
    assert (state_of(store, key), ann.contacts, ann.ended) == (State.DROPPED, (), frozenset({key}))


def test_a_task_is_finished_once(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW)], now=NOW)
    store.tasks.finish(key, "solved", now=NOW)
    assert not store.tasks.finish(key, "again", now=NOW)
    assert not store.tasks.finish("thanks/nobody/1", "never", now=NOW)
