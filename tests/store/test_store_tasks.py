from __future__ import annotations

from pathlib import Path

from sqlalchemy import event
from storing import HOUR, NOW, occasion, queue, state_of

from scheduler.decisions.facts import Event
from scheduler.store import State, Store, Task, open_store
from scheduler.store.tasks import Load


def test_a_task_is_assigned_for_a_queued_occasion(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    assert store.tasks.create([Task(key, "maria", "Ask how it went", NOW + 5)], now=NOW) == []
    assert store.tasks.list() == [Task(key, "maria", "Ask how it went", NOW + 5, State.ASSIGNED, NOW, assigned_at=NOW)]
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
    assert store.tasks.get(key) == Task(key, "maria", "", NOW, State.DONE, NOW, NOW + 7, "solved", assigned_at=NOW)
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


# --- events ------------------------------------------------------------------------------------------------------


def events_of(store: Store, customer: str = "ann") -> list[Event]:
    found = store.customers.get(customer)
    assert found is not None
    return [*found.events]


def test_that_a_task_was_made_done_and_ended_are_events_that_rules_can_use(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW)], now=NOW)
    store.tasks.finish(key, "solved", now=NOW + 7, said={"reason": "price"})
    told = {event.name: (event.at, dict(event.properties)) for event in events_of(store)}
    assert told == {
        "task_assigned": (NOW, {"rule": "thanks", "occasion": key, "assignee": "maria"}),
        "task_done": (NOW + 7, {"rule": "thanks", "outcome": "solved", "reason": "price"}),
        "task_ended": (NOW + 7, {"rule": "thanks", "occasion": key, "outcome": "solved"}),
    }


def test_a_dropped_task_has_ended_and_was_not_done(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW)], now=NOW)
    store.tasks.finish(key, "not wanted", now=NOW + 7, dropped=True)
    ended = events_of(store)[-1]
    assert [event.name for event in events_of(store)] == ["task_assigned", "task_ended"]
    assert ended.properties["outcome"] == "dropped"


def test_what_is_refused_leaves_no_event(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW)], now=NOW)
    store.tasks.create([Task(key, "jonas", "", NOW)], now=NOW + 1)
    assert [event.properties["assignee"] for event in events_of(store)] == ["maria"]


def test_a_task_that_was_made_is_something_new_about_the_customer(store: Store) -> None:
    ((key, revision),) = queue(store, [occasion()]).items()
    store.tasks.create([Task(key, "maria", "", NOW)], now=NOW)
    assert store.customers.revisions(["ann"])["ann"] > revision


# --- escalation --------------------------------------------------------------------------------------------------


def late(store: Store) -> Task:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW + 5, deputy_at=NOW + 5, escalates_at=NOW + 9)], now=NOW)
    task = store.tasks.get(key)
    assert task is not None
    return task


def test_a_task_escalates_when_its_time_has_come_and_no_sooner(store: Store) -> None:
    task = late(store)
    assert [*store.tasks.escalating(NOW + 4)] == []
    assert [*store.tasks.escalating(NOW + 5)] == [task]
    assert (task.is_overdue(NOW + 4), task.is_overdue(NOW + 5)) == (False, True)
    assert (store.tasks.counts(NOW + 4), store.tasks.counts(NOW + 5)) == ((1, 0), (1, 1))


def test_each_step_is_taken_once_and_noted(store: Store) -> None:
    task = late(store)
    assert store.tasks.escalate(task, "jonas", now=NOW + 6, is_last=False)
    assert not store.tasks.escalate(task, "ines", now=NOW + 6, is_last=False)
    at_deputy = store.tasks.get(task.key)
    assert at_deputy is not None
    assert (at_deputy.assignee, at_deputy.assigned_at, at_deputy.escalated_at) == ("jonas", NOW + 6, NOW + 6)
    assert (at_deputy.deputy_at, at_deputy.escalates_at, at_deputy.due) == (None, NOW + 9, NOW + 5)
    assert [*store.tasks.escalating(NOW + 8)] == []
    assert store.tasks.escalate(at_deputy, "ines", now=NOW + 9, is_last=True)
    assert [*store.tasks.escalating(NOW + HOUR)] == []
    assert [(note.what, note.detail["from"], note.detail["to"]) for note in reversed(store.notes.list("ann"))] == [
        ("task escalated", "maria", "jonas"),
        ("task escalated", "jonas", "ines"),
    ]


def test_what_was_ended_meanwhile_does_not_escalate(store: Store) -> None:
    task = late(store)
    store.tasks.finish(task.key, "solved", now=NOW + 6)
    assert not store.tasks.escalate(task, "jonas", now=NOW + 6, is_last=False)
    assert store.notes.list("ann") == []


def test_a_task_that_is_given_to_another_is_a_fact_each_time_and_due_when_it_was(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW + 5, deputy_at=NOW + 5, escalates_at=NOW + 9)], now=NOW)
    for to, at in (("jonas", NOW + 1), ("maria", NOW + 2), ("jonas", NOW + 2)):
        [task] = store.tasks.list()
        assert store.tasks.assign(task, to, now=at)
    [task] = store.tasks.list()
    assert (task.assignee, task.assigned_at, task.due, task.deputy_at) == ("jonas", NOW + 2, NOW + 5, NOW + 5)
    ann = store.customers.get("ann")
    assert ann is not None
    given = [one for one in ann.events if one.name == "task_reassigned"]
    assert sorted((one.at, one.properties["assignee"]) for one in given) == [
        (NOW + 1, "jonas"),
        (NOW + 2, "jonas"),
        (NOW + 2, "maria"),
    ]
    assert {(one.properties["occasion"], one.properties["rule"]) for one in given} == {(key, task.rule)}


def test_what_was_ended_or_became_anothers_meanwhile_is_given_to_nobody(store: Store) -> None:
    (key,) = queue(store, [occasion()])
    store.tasks.create([Task(key, "maria", "", NOW + 5, deputy_at=NOW + 5, escalates_at=NOW + 9)], now=NOW)
    [seen] = store.tasks.list()
    assert store.tasks.assign(seen, "jonas", now=NOW + 1)
    assert not store.tasks.assign(seen, "ines", now=NOW + 2)
    assert not store.tasks.escalate(seen, "ines", now=NOW + 6, is_last=False)  # its deputy was that of the former
    [seen] = store.tasks.list()
    store.tasks.finish(key, "solved", now=NOW + 7)
    assert not store.tasks.assign(seen, "ines", now=NOW + 8)
    assert store.tasks.list()[0].assignee == "jonas"


def test_how_much_everybody_has_to_do_is_counted(store: Store) -> None:
    first, second, third = sorted(queue(store, [occasion("ann"), occasion("bob"), occasion("cem")]))
    store.tasks.create([Task(first, "maria", "", NOW), Task(second, "jonas", "", NOW)], now=NOW - HOUR)
    store.tasks.create([Task(third, "maria", "", NOW)], now=NOW)
    store.tasks.finish(third, "solved", now=NOW)
    assert store.tasks.loads(NOW) == {"maria": Load(open=1, today=1), "jonas": Load(open=1, today=0)}


def test_to_count_them_no_task_that_ended_before_is_looked_at(tmp_path: Path) -> None:
    asked: list[str] = []
    with open_store(f"sqlite:///{tmp_path / 'shop.db'}") as store:
        event.listen(store.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
        store.tasks.loads(NOW)
        [statement] = [one for one in asked if "FROM task" in one]
        with store.read() as connection:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (NOW,)).all()
    assert [step[3] for step in steps if "task" in step[3]] == [
        "SCAN task USING INDEX task_open",  # which holds those that are open, and no others
        "SEARCH task USING COVERING INDEX task_lately (assigned_at>?)",
    ]
