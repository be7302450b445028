"""Messages that break what is to send them: they are tried again, quarantined in the end, and stop nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from keeping import AT_ONCE, HOUSE, Business, at, in_business

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.mime import mail_bytes
from scheduler.decisions.facts import Customer, Event
from scheduler.delivery.composing import Composer
from scheduler.delivery.deciding import decide_due
from scheduler.delivery.outcomes import Known, has_no_bytes
from scheduler.delivery.tick import tick
from scheduler.delivery.worker import Worker, at_work
from scheduler.errors import StoreError
from scheduler.messages.message import Email, Message, Text
from scheduler.store import CustomerEvent, Row, State, Tried

NOW = "2026-03-02 15:00"
PRIVATE = "ana@example.com has a secret"
CALL = """
call:
  reason: They left us and we want to learn why.
  asks_for: nothing
  when: left
  before: 21 days
  assign: care
  script: words
  by: [phone]
"""


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    """A business that has to thank three customers at once."""
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        buy(business, "ana", "bea", "cem")
        yield business


def buy(business: Business, *names: str, when: str = NOW) -> None:
    people = [(name, {"email": f"{name}@example.com"}) for name in names]
    bought = [CustomerEvent(name, Event(name, "bought", at(when), at(when))) for name in names]
    business.store.customers.add(people, now=at(when))
    business.store.events.add(bought, now=at(when))


def key(name: str) -> str:
    return f"thanks/{name}/{name}"


def heard(business: Business) -> list[str]:
    """Whom something was delivered to, in the order of their names."""
    return sorted(line.split()[2].split("/")[1] for line in business.heard())


def breaks_over(business: Business, name: str, error: Callable[[], BaseException], *, after: bool = False) -> None:
    """Let the channel break over the message to somebody, before or after it took it."""
    sink, poisoned = business.sinks.sink("email"), key(name)
    deliver = sink.deliver

    def breaks(message: Message, key: str, now: int) -> Handover:
        if key != poisoned:
            return deliver(message, key, now)
        if after:
            deliver(message, key, now)
        raise error()

    sink.deliver = breaks  # type: ignore[method-assign] # the sink is ill


def sick(monkeypatch: pytest.MonkeyPatch, name: str, error: Callable[[], BaseException]) -> None:
    """Let the message to somebody break what renders it."""
    message = Composer.message

    def breaks(self: Composer, row: Row, channel: str, customer: Customer, now: int) -> Message:
        if customer.id == name:
            raise error()
        return message(self, row, channel, customer, now)

    monkeypatch.setattr(Composer, "message", breaks)


def born_again(business: Business, now: str) -> None:
    """Another worker goes on, once the first one's lease is over."""
    with at_work(business.workspace, f"worker of {now}", at(now)) as worker:
        business.worker = Worker(business.workspace, business.sinks, worker.lease)
        business.tick(now)


# --- a channel that breaks ---------------------------------------------------------------------------------------


def test_a_message_over_which_its_channel_breaks_is_unconfirmed_and_the_others_go(business: Business) -> None:
    breaks_over(business, "ana", lambda: ValueError(PRIVATE), after=True)
    report = business.tick(NOW)
    assert business.states() == {key("ana"): "unconfirmed", key("bea"): "sent", key("cem"): "sent"}
    row = business.row(key("ana"))
    assert row.breaks == 1
    assert row.error.startswith("a fault of the program: ValueError in delivery/dispatch.py:")
    assert row.error.endswith(" while it was handed over")
    assert PRIVATE not in row.error
    assert report.problems == (f"{row.key}: {row.error}",)
    assert row.message_id, "a bounce of it has to be known as its"
    business.tick("2026-03-02 20:00")
    assert heard(business) == ["ana", "bea", "cem"]


def test_where_the_channel_takes_a_key_it_is_asked_again_and_quarantined_at_the_third_break(business: Business) -> None:
    business.sinks.sink("email").promises = Promise.IDEMPOTENCY_KEY
    breaks_over(business, "ana", lambda: ValueError(PRIVATE))
    seen = []
    for now in (NOW, "2026-03-02 15:30", "2026-03-02 16:30"):
        business.tick(now)
        row = business.row(key("ana"))
        seen.append((row.state, row.breaks))
    assert seen == [(State.RETRY, 1), (State.RETRY, 2), (State.QUARANTINED, 3)]
    assert heard(business) == ["bea", "cem"]
    assert [attempt.outcome for attempt in business.store.outbox.attempts(key("ana"))] == [
        "retry",
        "retry",
        "quarantined",
    ]
    assert row.error.startswith("a fault of the program: ValueError in delivery/dispatch.py:")


def test_a_mail_that_can_not_be_encoded_has_certainly_not_gone_out(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose, sink = Composer.message, business.sinks.sink("email")
    deliver = sink.deliver

    def half_a_character(self: Composer, row: Row, channel: str, customer: Customer, now: int) -> Message:
        made = compose(self, row, channel, customer, now)
        return replace(made, subject="\ud800") if customer.id == "ana" and isinstance(made, Email) else made

    def encodes(message: Message, key: str, now: int) -> Handover:
        assert isinstance(message, Email)
        mail_bytes(message, key, now)
        return deliver(message, key, now)

    monkeypatch.setattr(Composer, "message", half_a_character)
    sink.deliver = encodes  # type: ignore[method-assign] # as the real ones do
    business.tick(NOW)
    row = business.row(key("ana"))
    assert (row.state, row.breaks, heard(business)) == ("retry", 1, ["bea", "cem"])
    assert row.error.startswith("a fault of the program: UnicodeEncodeError in channels/mime.py:")


def test_only_a_mail_that_can_not_be_encoded_has_no_bytes() -> None:
    mail = Email("ana@example.com", "Hello", "<p>Hello</p>", "Hello", "shop@example.com")
    assert not has_no_bytes(mail, "a/b/c", 0)
    assert has_no_bytes(replace(mail, subject="\ud800"), "a/b/c", 0)
    assert not has_no_bytes(Text("+4930123456", "\ud800", "sms"), "a/b/c", 0)


# --- a message that can't be made --------------------------------------------------------------------------------


def test_a_message_that_breaks_what_renders_it_is_tried_later_and_the_others_go(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick(monkeypatch, "ana", lambda: RecursionError(PRIVATE))
    report = business.tick(NOW)
    row = business.row(key("ana"))
    assert (row.state, row.breaks, heard(business)) == ("retry", 1, ["bea", "cem"])
    assert row.error.startswith("a fault of the program: RecursionError in delivery/sending.py:")
    assert PRIVATE not in row.error
    assert report.next_due == row.next_at == at("2026-03-02 15:30")
    monkeypatch.undo()
    business.tick("2026-03-02 15:30")
    assert (business.row(key("ana")).state, heard(business)) == ("sent", ["ana", "bea", "cem"])


def test_at_the_third_break_it_is_quarantined_with_the_cause(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick(monkeypatch, "ana", lambda: MemoryError(PRIVATE))
    for now in (NOW, "2026-03-02 15:30", "2026-03-02 16:30"):
        report = business.tick(now)
    row = business.row(key("ana"))
    assert (row.state, row.breaks, report.next_due) == ("quarantined", 3, None)
    assert row.error.startswith("a fault of the program: MemoryError in delivery/sending.py:")
    assert report.problems == (f"{row.key}: {row.error}",)
    customer = business.store.customers.get("ana")
    assert customer is not None
    assert customer.contacts == ()


def test_of_a_thousand_messages_the_one_that_breaks_its_worker_is_quarantined_and_the_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        buy(business, *(f"c{number}" for number in range(1_000)))
        sick(monkeypatch, "c500", ZeroDivisionError)
        for now in (NOW, "2026-03-02 15:30", "2026-03-02 16:30"):
            business.tick(now)
        assert Counter(business.states().values()) == {"sent": 999, "quarantined": 1}
        assert max(Counter(heard(business)).values()) == 1


def test_a_failure_of_the_database_is_no_fault_of_the_message(business: Business) -> None:
    def fails() -> None:
        raise StoreError("the disk is full")

    business.sinks.before = fails
    with pytest.raises(StoreError, match="full"):
        business.tick(NOW)
    assert {row.breaks for row in business.store.ledger.rows()} == {0}
    business.tick(NOW)
    assert heard(business) == ["ana", "bea", "cem"]


def test_a_task_that_breaks_its_channel_is_tried_later_and_the_others_are_assigned(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        business.goes_by(CALL, "2026-03-01", HOUSE)
        for name in ("ana", "bea"):
            business.customer(name, phone="+4930123456")
            business.event("left", NOW, name, id=name)
        sink = business.sinks.sink("phone")
        deliver = sink.deliver

        def breaks(message: Message, key: str, now: int) -> Handover:
            if "/ana/" in key:
                raise ValueError(PRIVATE)
            return deliver(message, key, now)

        sink.deliver = breaks  # type: ignore[method-assign] # the sink is ill
        business.tick(NOW)
        assert business.states() == {"call/ana/ana": "retry", "call/bea/bea": "assigned"}
        assert business.row("call/ana/ana").breaks == 1


def test_a_task_that_its_channel_does_not_take_is_not_assigned(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        business.goes_by(CALL, "2026-03-01", HOUSE)
        business.customer(phone="+4930123456")
        business.event("left", NOW, id="l1")
        business.sinks.sink("phone").answers.append(Handover(HandoverKind.RETRY, "the disk is full"))
        business.tick(NOW)
        assert (business.row("call/ana/l1").state, business.row("call/ana/l1").error) == ("retry", "the disk is full")
        assert business.store.tasks.list() == []


# --- a customer over whom planning and the gates break -----------------------------------------------------------


def of_two_countries(business: Business, *names: str, when: str) -> None:
    """Take what no gate can look at; it comes from outside as it is."""
    ill = {"email": "ill@example.com", "country": ["DE", "AT"]}
    business.store.customers.add([(name, ill) for name in names], now=at(when))  # type: ignore[misc] # it is ill


def test_a_customer_over_whom_the_gates_break_waits_and_the_others_are_decided(business: Business) -> None:
    business.plan(NOW)
    of_two_countries(business, "ana", when=NOW)
    report = business.tick(NOW)
    assert business.states() == {key("ana"): "waiting", key("bea"): "sent", key("cem"): "sent"}
    row = business.row(key("ana"))
    assert (row.breaks, row.next_at) == (1, at("2026-03-02 15:30"))
    assert row.error.startswith("a fault of the program: TypeError in decisions/")
    unplanned, undecided = report.problems
    assert unplanned.startswith("customer ana can't be planned: a fault of the program: TypeError in ")
    assert undecided == f"{row.key}: {row.error}"


def test_at_the_third_break_of_the_gates_it_is_quarantined_and_goes_once_both_are_mended(business: Business) -> None:
    business.plan(NOW)
    of_two_countries(business, "ana", when=NOW)
    for now in (NOW, "2026-03-02 15:30", "2026-03-02 16:30"):
        report = business.tick(now)
    assert business.row(key("ana")).state == "quarantined"
    assert [alert.kind for alert in report.alerts] == ["quarantined"]
    business.customer("ana")
    business.store.outbox.record([Tried(key("ana"), State.QUEUED)], now=at("2026-03-02 17:00"))
    business.tick("2026-03-02 17:00")
    assert heard(business) == ["ana", "bea", "cem"]


def test_where_the_gates_break_over_everybody_nobody_is_quarantined_for_it(business: Business) -> None:
    business.plan(NOW)
    of_two_countries(business, "ana", "bea", "cem", when=NOW)
    for now in (NOW, "2026-03-02 15:05", "2026-03-02 15:10"):
        business.tick(now)
    assert {(row.state, row.breaks) for row in business.store.ledger.rows()} == {("waiting", 0)}


def test_a_message_over_which_the_gates_break_again_is_tried_later_and_the_others_go(business: Business) -> None:
    refuse = Handover(HandoverKind.RETRY, "450 busy")
    business.sinks.sink("email").answers.extend([refuse] * 3)
    business.tick(NOW)
    of_two_countries(business, "ana", when="2026-03-02 15:10")
    report = business.tick("2026-03-02 15:30")
    assert business.states() == {key("ana"): "retry", key("bea"): "sent", key("cem"): "sent"}
    row = business.row(key("ana"))
    assert (row.breaks, row.next_at) == (1, at("2026-03-02 16:00"))
    assert f"{row.key}: {row.error}" in report.problems


# --- a message that kills its worker -----------------------------------------------------------------------------


def test_what_kills_its_worker_three_times_is_quarantined_and_the_others_go(
    business: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick(monkeypatch, "bea", Killed)
    with pytest.raises(Killed):
        business.tick(NOW)
    assert heard(business) == []
    for now in ("2026-03-02 15:02", "2026-03-02 15:04"):
        with pytest.raises(Killed):
            born_again(business, now)
        assert business.row(key("bea")).state == "queued"
    born_again(business, "2026-03-02 15:06")
    row = business.row(key("bea"))
    assert (row.state, row.breaks, heard(business)) == ("quarantined", 3, ["ana", "cem"])
    assert row.error == "the process that was about to send it ended each of 3 times"


def test_what_kills_its_worker_while_it_is_handed_over_is_uncertain_at_once(business: Business) -> None:
    breaks_over(business, "bea", Killed, after=True)
    with pytest.raises(Killed):
        business.tick(NOW)
    born_again(business, "2026-03-02 15:02")
    assert business.row(key("bea")).state == "unconfirmed"
    assert Counter(heard(business))["bea"] == 1


def test_what_kills_its_worker_by_a_channel_that_takes_a_key_is_quarantined_in_the_end(business: Business) -> None:
    business.sinks.sink("email").promises = Promise.IDEMPOTENCY_KEY
    breaks_over(business, "bea", Killed)
    with pytest.raises(Killed):
        business.tick(NOW)
    for now in ("2026-03-02 15:02", "2026-03-02 15:04"):
        with pytest.raises(Killed):
            born_again(business, now)
    born_again(business, "2026-03-02 15:06")
    assert business.states() == {key("ana"): "sent", key("bea"): "quarantined", key("cem"): "sent"}


def test_what_a_worker_gives_back_when_it_is_stopped_has_not_broken_it(business: Business) -> None:
    def has_claimed() -> bool:
        return any(row.sender for row in business.store.ledger.rows())

    tick(business.worker, at(NOW), stopping=has_claimed)
    assert set(business.states().values()) == {"queued"}
    assert heard(business) == []
    born_again(business, "2026-03-02 15:02")
    assert [(row.state, row.breaks) for row in business.store.ledger.rows()] == [(State.SENT, 0)] * 3


# --- outcomes that can't be written ------------------------------------------------------------------------------


def refuses(business: Business, *states: str) -> None:
    """Let the database take no row of these states any more."""
    those = ", ".join(f"'{state}'" for state in states)
    with business.store.write() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER full BEFORE UPDATE ON occasion WHEN NEW.state IN ({those})"  # the test's own words
            " BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )


def takes_again(business: Business) -> None:
    with business.store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")


def test_an_outcome_that_can_not_be_written_is_kept_and_written_later(business: Business) -> None:
    refuses(business, "sent")
    with pytest.raises(StoreError, match="no room"):
        business.tick(NOW)
    assert set(business.states().values()) == {"sending"}
    takes_again(business)
    report = business.tick("2026-03-02 15:05")
    assert set(business.states().values()) == {"sent"}
    assert heard(business) == ["ana", "bea", "cem"]
    assert report.delivered == {State.SENT: 3}
    assert business.worker.unwritten == []


def test_what_is_unwritten_is_written_before_anything_else_is_marked(business: Business) -> None:
    refuses(business, "sent")
    with pytest.raises(StoreError):
        business.tick(NOW)
    buy(business, "dan", when="2026-03-02 15:01")
    with pytest.raises(StoreError):
        business.tick("2026-03-02 15:01")
    assert heard(business) == ["ana", "bea", "cem"]
    takes_again(business)
    business.tick("2026-03-02 15:02")
    assert heard(business) == ["ana", "bea", "cem", "dan"]
    assert set(business.states().values()) == {"sent"}


def test_a_worker_that_ends_before_it_could_write_leaves_its_messages_unconfirmed(business: Business) -> None:
    refuses(business, "sent")
    with pytest.raises(StoreError):
        business.tick(NOW)
    takes_again(business)
    born_again(business, "2026-03-02 15:02")
    assert set(business.states().values()) == {"unconfirmed"}
    assert heard(business) == ["ana", "bea", "cem"]


def test_what_is_known_when_a_worker_ends_is_written_down_if_it_can_be(business: Business) -> None:
    store, now = business.store, at(NOW)
    store.leases.release(business.worker.lease, now=now)
    business.plan(NOW)
    decide_due(store, business.rules, now)
    revisions = {row.key: row.revision for row in store.ledger.rows()}
    with at_work(business.workspace, "another", now) as worker:
        store.outbox.mark_sending(revisions, lease=worker.lease, now=now)
        worker.unwritten.append(Known(Tried(key("ana"), State.SENT, attempt=1), now + 5))
    assert business.states() == {key("ana"): "sent", key("bea"): "sending", key("cem"): "sending"}
    assert store.outbox.attempts(key("ana"))[0].ended == now + 5


def test_an_address_that_is_no_good_is_suppressed_though_the_outcome_had_to_wait(business: Business) -> None:
    business.sinks.sink("email").answers.append(Handover(HandoverKind.FAILED, "550 5.1.1", suppress=True, hold=True))
    refuses(business, "failed")
    with pytest.raises(StoreError):
        business.tick(NOW)
    takes_again(business)
    business.tick("2026-03-02 15:02")
    assert Counter(business.states().values()) == {"failed": 1, "retry": 2}
    assert len(business.store.suppressions.list()) == 1
    assert [hold.name for hold in business.store.holds.list()] == ["channel:email"]


def test_what_was_marked_and_never_handed_over_leaves_in_the_next_tick(business: Business) -> None:
    sink = business.sinks.sink("email")

    def fails() -> bool:
        if sink.taken:
            raise StoreError("the database is away")
        return False

    with pytest.raises(StoreError):
        tick(business.worker, at(NOW), stopping=fails)
    business.tick("2026-03-02 15:01")
    assert Counter(business.states().values()) == {"sent": 3}
    assert len({key for _, key, _ in sink.taken}) == len(sink.taken) == 3


def test_a_lease_that_ran_out_while_the_database_was_away_breaks_no_message(business: Business) -> None:
    refuses(business, "sending")
    with pytest.raises(StoreError):
        business.tick(NOW)
    takes_again(business)
    business.tick("2026-03-02 16:00")
    assert [(row.state, row.breaks) for row in business.store.ledger.rows()] == [(State.SENT, 0)] * 3


def test_an_answer_that_no_database_takes_as_it_is_keeps_nobody_waiting(business: Business) -> None:
    said = Handover(HandoverKind.FAILED, "550 \ud800\0", "\ud800", suppress=True, hold=True)
    business.sinks.sink("email").answers.append(said)
    business.tick(NOW)
    assert [row.error for row in business.store.ledger.rows(states=[State.FAILED])] == ["550 ? "]
    assert [one.cause for one in business.store.suppressions.list()] == ["550 ? "]
    assert [hold.cause for hold in business.store.holds.list()] == ["550 ? "]
