from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from keeping import AT_ONCE, CALL, CHECK_IN, HOUSE, Business, at, in_business, local

from scheduler.channels.channel import Handover, HandoverKind
from scheduler.delivery.deciding import decide_due
from scheduler.delivery.dispatch import MARKED
from scheduler.delivery.sending import send_queued
from scheduler.delivery.tick import tick
from scheduler.store import State

ASKS_FREELY = HOUSE + "asks: {feedback: {value_window: none}}\n"


@pytest.fixture
def bought(business: Business) -> Business:
    """Somebody bought something, for which they are thanked at once."""
    business.goes_by(AT_ONCE, "2026-03-01")
    business.event("bought", "2026-03-02 15:00", id="b1")
    return business


def answer(business: Business, kind: str, detail: str, *, suppress: bool = False, hold: bool = False) -> None:
    outcome = Handover(HandoverKind(kind), detail, suppress=suppress, hold=hold)
    business.sinks.sink("email").answers.append(outcome)


# --- the gates again ---------------------------------------------------------------------------------------------


def test_consent_withdrawn_after_the_decision_stops_the_message(bought: Business) -> None:
    now = at("2026-03-02 15:00")
    bought.plan("2026-03-02 15:00")
    decide_due(bought.store, bought.rules, now)
    assert bought.row("thanks/ana/b1").state == "queued"
    bought.withdraws("2026-03-02 15:00")
    send_queued(bought.worker, bought.rules, lambda: now, lambda: False)
    row = bought.row("thanks/ana/b1")
    assert (bought.heard(), row.state, row.because) == ([], "waiting", ("consent",))


def test_consent_withdrawn_just_before_the_mark_stops_the_message(bought: Business) -> None:
    bought.sinks.before = lambda: bought.withdraws("2026-03-02 15:00")
    bought.tick("2026-03-02 15:00")
    row = bought.row("thanks/ana/b1")
    assert (bought.heard(), row.state, row.because) == ([], "waiting", ("consent",))


def test_a_fact_that_changes_nothing_between_decision_and_mark_lets_it_go(bought: Business) -> None:
    bought.sinks.before = lambda: bought.event("looked", "2026-03-02 15:00")
    bought.tick("2026-03-02 15:00")
    assert bought.heard() == ["2026-03-02 15:00 thanks/ana/b1 email"]


def test_an_address_that_was_changed_before_the_mark_gets_the_message(bought: Business) -> None:
    bought.sinks.before = lambda: bought.customer(email="new@example.com")
    bought.tick("2026-03-02 15:00")
    [(_, _, message)] = bought.sinks.sink("email").taken
    assert message.to == "new@example.com"


def test_a_rule_that_was_removed_after_the_decision_sends_nothing(bought: Business) -> None:
    answer(bought, "retry", "busy")
    bought.tick("2026-03-02 15:00")
    bought.goes_by(CHECK_IN, "2026-03-02 15:10")
    bought.tick("2026-03-02 15:30")
    row = bought.row("thanks/ana/b1")
    assert (len(bought.heard()), row.state, row.because) == (1, "cancelled", ("active",))


def test_another_channel_is_used_where_the_first_can_be_no_more(business: Business) -> None:
    house = HOUSE + "channels: {sms: {consent: opt_out}}\n"
    business.goes_by(AT_ONCE.replace("[email]", "[email, sms]"), "2026-03-01", house)
    business.customer(phone="+4930123456")
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.sinks.before = lambda: business.customer(phone="+4930123456", email=None)
    business.tick("2026-03-02 15:00")
    assert business.heard() == ["2026-03-02 15:00 thanks/ana/b1 sms"]


def test_contacts_of_one_instant_do_not_speak_against_each_other(business: Business) -> None:
    second = AT_ONCE.replace("thanks:", "tips:") + "  priority: 10\n"
    first = AT_ONCE + "  unless: [{contact: tips}]\n"
    business.goes_by(first + second, "2026-03-01")
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.sinks.before = lambda: business.event("looked", "2026-03-02 15:00")
    business.tick("2026-03-02 15:00:20")
    assert [line.split()[2] for line in business.heard()] == ["thanks/ana/b1", "tips/ana/b1"]


# --- outcomes ----------------------------------------------------------------------------------------------------


def test_a_retry_comes_after_half_an_hour_and_then_backs_off(bought: Business) -> None:
    for _ in range(3):
        answer(bought, "retry", "450 busy")
    tries = ["2026-03-02 15:00", "2026-03-02 15:30", "2026-03-02 16:30", "2026-03-02 18:30"]
    for number, now in enumerate(tries, start=1):
        report = bought.tick(now)
        assert len(bought.heard()) == number
        assert local(report.next_due) == (tries[number] if number < 4 else "")
    assert bought.row("thanks/ana/b1").state == "sent"
    assert [attempt.outcome for attempt in bought.store.outbox.attempts("thanks/ana/b1")] == ["retry"] * 3 + ["sent"]


def test_retries_end_with_the_window(bought: Business) -> None:
    for _ in range(10):
        answer(bought, "retry", "450 busy")
    now = at("2026-03-02 15:00")
    while (report := bought.tick(local(now))).next_due is not None:
        now = report.next_due
    row = bought.row("thanks/ana/b1")
    assert (row.state, row.error) == ("failed", "450 busy; its window closes before the next try")
    assert now < row.closes


def test_the_gates_are_asked_before_each_retry(bought: Business) -> None:
    answer(bought, "retry", "450 busy")
    bought.tick("2026-03-02 15:00")
    bought.withdraws("2026-03-02 15:10")
    bought.tick("2026-03-02 15:30")
    row = bought.row("thanks/ana/b1")
    assert (len(bought.heard()), row.state, row.because) == (1, "waiting", ("consent",))


def test_an_address_that_is_no_good_is_suppressed(bought: Business) -> None:
    answer(bought, "failed", "550 5.1.1 unknown", suppress=True)
    bought.tick("2026-03-02 15:00")
    assert bought.row("thanks/ana/b1").state == "failed"
    assert [(one.channel, one.address) for one in bought.store.suppressions.list()] == [("email", "ana@example.com")]
    bought.event("bought", "2026-03-02 16:00", id="b2")
    bought.tick("2026-03-02 16:00")
    assert bought.row("thanks/ana/b2").because == ("reachable",)


def test_a_failed_message_is_no_contact(bought: Business) -> None:
    answer(bought, "failed", "554 no")
    bought.tick("2026-03-02 15:00")
    customer = bought.store.customers.get("ana")
    assert customer is not None
    assert customer.contacts == ()


def test_a_channel_that_is_refused_is_held_and_gets_no_more_messages(business: Business) -> None:
    business.goes_by(AT_ONCE, "2026-03-01")
    for name in ("ana", "bea", "cem"):
        business.customer(name)
        business.event("bought", "2026-03-02 15:00", name, id=name)
    answer(business, "failed", "550 5.7.1 blocked", hold=True)
    business.tick("2026-03-02 15:00")
    assert len(business.heard()) == 1
    assert [(hold.name, hold.cause) for hold in business.store.holds.list()] == [("channel:email", "550 5.7.1 blocked")]
    assert sorted(business.states().values()) == ["failed", "retry", "retry"]
    business.store.holds.lift("channel:email", now=at("2026-03-02 15:05"))
    business.tick("2026-03-02 15:10")
    assert sorted(business.states().values()) == ["failed", "sent", "sent"]


def test_what_nobody_can_say_is_unconfirmed_and_not_sent_again(bought: Business) -> None:
    answer(bought, "unconfirmed", "no answer")
    bought.tick("2026-03-02 15:00")
    report = bought.tick("2026-03-02 20:00")
    assert (len(bought.heard()), bought.row("thanks/ana/b1").state) == (1, "unconfirmed")
    assert report.next_due is None


# --- holds -------------------------------------------------------------------------------------------------------


def test_a_hold_of_everything_stops_sending_and_not_planning(bought: Business) -> None:
    bought.store.holds.place("all", "we look into it", "me", now=at("2026-03-02 14:00"))
    report = bought.tick("2026-03-02 15:00")
    assert (bought.heard(), bought.states()) == ([], {"thanks/ana/b1": "queued"})
    assert report.problems == ("nothing is sent: we look into it",)
    bought.store.holds.lift("all", now=at("2026-03-02 15:20"))
    bought.tick("2026-03-02 15:20")
    assert bought.heard() == ["2026-03-02 15:20 thanks/ana/b1 email"]


def test_a_held_rule_waits_while_others_go_on(business: Business) -> None:
    business.goes_by(AT_ONCE + AT_ONCE.replace("thanks:", "tips:"), "2026-03-01")
    business.event("bought", "2026-03-02 15:00", id="b1")
    business.store.holds.place("rule:tips", "a typo", "me", now=at("2026-03-02 14:00"))
    report = business.tick("2026-03-02 15:00")
    assert business.heard() == ["2026-03-02 15:00 thanks/ana/b1 email"]
    assert report.problems == ("rule:tips is held: a typo (1 waiting)",)


@pytest.mark.parametrize("name", ["rule:thanks", "channel:email", "all"])
def test_what_was_held_stays_as_it_was_and_leaves_at_once_when_it_is_released(bought: Business, name: str) -> None:
    bought.store.holds.place(name, "a look", "me", now=at("2026-03-02 14:00"))
    bought.tick("2026-03-02 15:00")
    row = bought.row("thanks/ana/b1")
    for now in ("2026-03-02 15:01", "2026-03-02 16:00"):
        bought.tick(now)
        assert bought.row("thanks/ana/b1") == row
    assert (row.state, row.error) == ("queued", "")
    bought.store.holds.lift(name, now=at("2026-03-02 16:00"))
    bought.tick("2026-03-02 16:00:01")
    assert bought.heard() == ["2026-03-02 16:00 thanks/ana/b1 email"]


@pytest.mark.parametrize("name", ["rule:thanks", "channel:email"])
def test_the_window_of_what_is_held_ends_while_it_is_held(bought: Business, name: str) -> None:
    bought.store.holds.place(name, "a look", "me", now=at("2026-03-02 14:00"))
    bought.tick("2026-03-02 15:00")
    bought.tick("2026-03-04 15:00")
    assert (bought.heard(), bought.row("thanks/ana/b1").state) == ([], "too_late")


def test_while_all_is_held_nothing_is_touched_and_what_is_too_late_ends_when_it_is_released(bought: Business) -> None:
    bought.store.holds.place("all", "the clock jumped", "me", now=at("2026-03-02 14:00"))
    bought.tick("2026-03-02 15:00")
    bought.tick("2026-03-04 15:00")
    assert bought.row("thanks/ana/b1").state == "queued"
    bought.store.holds.lift("all", now=at("2026-03-04 15:00"))
    bought.tick("2026-03-04 15:00:01")
    assert (bought.heard(), bought.row("thanks/ana/b1").state) == ([], "too_late")


def test_after_a_hold_the_backlog_does_not_burst(business: Business) -> None:
    capped = HOUSE.replace("frequency_caps: []", "frequency_caps: [{at_most: 1, within: 1 day}]")
    business.goes_by(AT_ONCE.replace("2 days", "9 days"), "2026-03-01", capped)
    business.store.holds.place("all", "we look into it", "me", now=at("2026-03-01 14:00"))
    for day in (2, 3, 4):
        business.event("bought", f"2026-03-0{day} 15:00", id=f"b{day}")
        business.tick(f"2026-03-0{day} 15:00")
    business.store.holds.lift("all", now=at("2026-03-05 15:00"))
    business.tick("2026-03-05 15:00")
    assert len(business.heard()) == 1
    business.tick("2026-03-06 00:00")
    assert len(business.heard()) == 2


# --- templates, channels, tasks ----------------------------------------------------------------------------------


def test_a_failing_template_holds_its_messages_and_no_others(business: Business) -> None:
    broken = AT_ONCE.replace("thanks:", "tips:").replace("send: words", "send: broken")
    template = "---\nsubject: Hello\n---\n{{ customer.nickname }}\n"
    business.goes_by(AT_ONCE + broken, "2026-03-01", broken__email__md=template)
    business.event("bought", "2026-03-02 15:00", id="b1")
    report = business.tick("2026-03-02 15:00")
    assert business.heard() == ["2026-03-02 15:00 thanks/ana/b1 email"]
    [problem] = report.problems
    assert problem.startswith("tips/ana/b1: templates/broken.email.md:4")
    assert business.row("tips/ana/b1").error in problem
    business.goes_by(AT_ONCE + broken, "2026-03-02 15:10", broken__email__md=template.replace("nickname", "name"))
    business.tick("2026-03-02 15:30")
    assert business.row("tips/ana/b1").state == "sent"


def test_a_channel_that_is_not_set_up_holds_its_messages(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        from scheduler.channels.registry import Channels
        from scheduler.delivery.worker import Worker

        business.worker = Worker(business.workspace, Channels(business.workspace.settings), business.worker.lease)
        business.goes_by(AT_ONCE.replace("[email]", "[webhook]"), "2026-03-01")
        business.customer()
        business.event("bought", "2026-03-02 15:00", id="b1")
        [problem] = business.tick("2026-03-02 15:00").problems
        assert "the channel webhook is not set up" in problem
        assert business.row("thanks/ana/b1").state == "retry"


def test_a_task_is_given_to_the_owner_of_the_customer_with_what_to_say(business: Business) -> None:
    business.goes_by(CALL, "2026-03-01", ASKS_FREELY)
    business.customer(phone="+4930123456", owner="maria")
    business.event("left", "2026-03-02 15:00", id="l1")
    report = business.tick("2026-03-02 15:00")
    [task] = business.store.tasks.list()
    assert (task.key, task.assignee, task.state) == ("call/ana/l1", "maria", "assigned")
    assert task.script == "Tell them that They left us and we want to learn why.\n"
    assert report.delivered == {State.ASSIGNED: 1}


def test_the_task_of_a_customer_without_an_owner_goes_to_care(business: Business) -> None:
    business.goes_by(CALL, "2026-03-01", ASKS_FREELY)
    business.customer(phone="+4930123456")
    business.event("left", "2026-03-02 15:00")
    business.tick("2026-03-02 15:00")
    assert [task.assignee for task in business.store.tasks.list()] == ["care"]


def test_a_worker_that_is_stopped_finishes_its_message_and_lets_the_marked_ones_wait(bought: Business) -> None:
    bought.event("bought", "2026-03-02 15:00", id="b2")
    sink = bought.sinks.sink("email")
    tick(bought.worker, at("2026-03-02 15:00"), stopping=lambda: len(sink.taken) == 1)
    assert len(sink.taken) == 1
    assert sorted(bought.states().values()) == ["retry", "sent"]
    bought.tick("2026-03-02 15:01")
    assert sorted(bought.states().values()) == ["sent", "sent"]


def test_a_worker_that_is_stopped_marks_no_more(business: Business) -> None:
    business.goes_by(AT_ONCE, "2026-03-01")
    for number in range(60):
        business.customer(f"c{number}")
        business.event("bought", "2026-03-02 15:00", f"c{number}", id=f"b{number}")
    sink = business.sinks.sink("email")
    tick(business.worker, at("2026-03-02 15:00"), stopping=lambda: len(sink.taken) >= 5)
    assert Counter(business.states().values()) == {"sent": 5, "retry": MARKED - 5, "queued": 60 - MARKED}
