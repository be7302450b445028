from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from keeping import AT_ONCE, Business, at, in_business
from sqlalchemy import text

from scheduler.channels.mime import message_id
from scheduler.channels.reports import Bounce, Complaint, Reply, Report
from scheduler.decisions.occasions import occasion_key
from scheduler.delivery.reported import Applied, Effect, apply
from scheduler.rulebook.model import AsksFor
from scheduler.store import Row, State, Store, Suppression
from scheduler.store.bounces import HAD_TIME

NOW = 1_772_463_600_000_000  # 2026-03-02 15:00 UTC
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
FROM = "shop@example.com"
SENT_STATES = (State.SENT, State.DELIVERED, State.UNCONFIRMED)


def contacted(store: Store, anchor: str = "b1", customer: str = "ana", **more: Any) -> Row:
    """A customer who was written to, and the row of that."""
    store.customers.add([(customer, {"email": f"{customer}@example.org"})], now=NOW, merge=True)
    key = occasion_key("thanks", customer, anchor)
    filled = {
        "trigger_at": NOW,
        "opens": NOW,
        "closes": NOW + DAY,
        "asks_for": AsksFor.NOTHING,
        "state": State.SENT,
        "decided_for": NOW,
        "channel": "email",
        "message_id": message_id(key, FROM),
        **more,
    }
    row = Row(key, customer, "thanks", anchor, **filled)
    store.ledger.bury([row])
    return row


def hard(row: Row, recipient: str = "ana@example.org", report: str = "") -> Bounce:
    why = "hard bounce 5.1.1: there is no such mailbox"
    return Bounce(message_id(row.key, FROM), recipient, True, "5.1.1", why, report or f"hard {row.key}")


def soft(row: Row, status: str = "5.2.2", recipient: str = "ana@example.org", report: str = "") -> Bounce:
    why = f"soft bounce {status}"
    return Bounce(message_id(row.key, FROM), recipient, False, status, why, report or f"soft {row.key}")


def complaint(row: Row, recipient: str = "ana@example.org") -> Complaint:
    return Complaint(message_id(row.key, FROM), recipient, f"complaint {row.key}")


def reply(row: Row) -> Reply:
    return Reply(message_id(row.key, FROM), f"reply {row.key}")


def done(store: Store, report: Report, now: int = NOW) -> Effect:
    (effect,) = apply(store, [report], now).effects
    return effect


def present(store: Store, row: Row) -> Row:
    found = store.ledger.row(row.key)
    assert found is not None
    return found


def suppressed(store: Store) -> list[tuple[str, str, str]]:
    return [(one.channel, one.address, one.cause) for one in store.suppressions.list()]


def table(store: Store, statement: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def traffic(store: Store) -> list[tuple[Any, ...]]:
    return table(store, "SELECT channel, minute, bounced, complained FROM traffic ORDER BY minute")


def streak(store: Store) -> list[tuple[Any, ...]]:
    return table(store, "SELECT address, number FROM soft_bounce ORDER BY address")


def facts(store: Store, customer: str = "ana") -> list[tuple[str, dict[str, Any]]]:
    found = store.customers.get(customer)
    assert found is not None
    return [(event.name, dict(event.properties)) for event in found.events]


# --- what each report does ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", SENT_STATES)
def test_a_hard_bounce_is_noted_and_its_address_never_used_again(store: Store, state: State) -> None:
    row = contacted(store, state=state)
    assert apply(store, [hard(row)], NOW) == Applied(Counter([Effect.BOUNCED]), suppressed=1)
    found = present(store, row)
    assert (found.state, found.error) == (State.BOUNCED, "hard bounce 5.1.1: there is no such mailbox")
    assert suppressed(store) == [("email", "ana@example.org", "hard bounce")]


def test_a_bounce_is_a_fact_that_rules_can_use(store: Store) -> None:
    row = contacted(store)
    done(store, hard(row))
    told = {"rule": "thanks", "channel": "email", "asks_for": "nothing", "hard": True, "status": "5.1.1"}
    assert facts(store) == [("contact_bounced", told)]


def test_a_soft_bounce_is_noted_and_suppresses_nobody(store: Store) -> None:
    row = contacted(store)
    assert done(store, soft(row)) is Effect.BOUNCED
    assert (present(store, row).state, suppressed(store)) == (State.BOUNCED, [])
    assert facts(store)[0][1]["hard"] is False


@pytest.mark.parametrize("state", [*SENT_STATES, State.BOUNCED])
def test_a_complaint_suppresses_and_withdraws_consent_for_the_channel(store: Store, state: State) -> None:
    row = contacted(store, state=state)
    assert done(store, complaint(row)) is Effect.COMPLAINED
    assert present(store, row).state is State.COMPLAINED
    assert suppressed(store) == [("email", "ana@example.org", "complaint")]
    [record] = store.consents.of("ana")
    assert (record.consent.given, record.consent.channel, record.consent.topic) == (False, "email", None)
    assert (record.source, record.consent.at) == ("complaint", NOW)
    assert facts(store) == [("contact_complained", {"rule": "thanks", "channel": "email", "asks_for": "nothing"})]


@pytest.mark.parametrize("state", [State.SENT, State.UNCONFIRMED])
def test_what_was_answered_has_arrived(store: Store, state: State) -> None:
    row = contacted(store, state=state, error="nobody can say")
    assert done(store, reply(row)) is Effect.REPLIED
    found = present(store, row)
    assert (found.state, found.error, suppressed(store)) == (State.DELIVERED, "", [])
    assert facts(store) == [("contact_replied", {"rule": "thanks", "channel": "email", "asks_for": "nothing"})]


@pytest.mark.parametrize("state", [State.BOUNCED, State.COMPLAINED])
def test_an_answer_changes_no_other_outcome(store: Store, state: State) -> None:
    row = contacted(store, state=state, error="full")
    assert done(store, reply(row)) is Effect.REPLIED
    assert (present(store, row).state, present(store, row).error) == (state, "full")


@pytest.mark.parametrize("state", [State.FAILED, State.QUEUED, State.CANCELLED, State.COMPLAINED])
def test_a_bounce_of_what_cannot_have_bounced_leaves_the_ledger_and_still_suppresses(
    store: Store, state: State
) -> None:
    row = contacted(store, state=state, next_at=NOW if state is State.QUEUED else None)
    assert done(store, hard(row)) is Effect.BOUNCED
    assert (present(store, row).state, traffic(store)) == (state, [])
    assert len(suppressed(store)) == 1


def test_what_comes_back_is_counted_at_the_minute_in_which_its_message_left(store: Store) -> None:
    rows = [contacted(store, f"b{number}") for number in range(3)]
    apply(store, [hard(rows[0]), soft(rows[1]), complaint(rows[2])], NOW + DAY)
    done(store, soft(contacted(store, "b3", decided_for=NOW + MINUTE)), NOW + DAY)
    minute = NOW // MINUTE
    assert traffic(store) == [("email", minute, 2, 1), ("email", minute + 1, 1, 0)]


def test_what_was_sent_in_that_minute_stays_counted(store: Store) -> None:
    with store.write() as connection:
        given = {"minute": NOW // MINUTE}
        connection.execute(text("INSERT INTO traffic VALUES ('email', :minute, 7, 0, 0)"), given)
    done(store, hard(contacted(store)))
    assert table(store, "SELECT sent, bounced, complained FROM traffic") == [(7, 1, 0)]


# --- whose address -----------------------------------------------------------------------------------------------


def test_the_address_of_the_customer_is_suppressed_as_they_write_it(store: Store) -> None:
    row = contacted(store)
    store.customers.add([("ana", {"email": "Ana@bücher.example"})], now=NOW)
    done(store, hard(row, "ana@xn--bcher-kva.example"))
    assert suppressed(store) == [("email", "ana@bücher.example", "hard bounce")]
    customer = store.customers.get("ana")
    assert customer is not None
    assert customer.suppressed == {"email"}


def test_an_address_that_was_changed_meanwhile_stays_usable(store: Store) -> None:
    row = contacted(store)
    store.customers.add([("ana", {"email": "new@example.org"})], now=NOW)
    done(store, hard(row))
    customer = store.customers.get("ana")
    assert customer is not None
    assert (customer.suppressed, suppressed(store)) == (frozenset(), [("email", "ana@example.org", "hard bounce")])


def test_a_report_that_names_nobody_is_about_the_customer_whose_message_it_is(store: Store) -> None:
    done(store, complaint(contacted(store), recipient=""))
    assert suppressed(store) == [("email", "ana@example.org", "complaint")]


def test_a_customer_without_an_address_has_none_to_suppress(store: Store) -> None:
    row = contacted(store)
    store.customers.add([("ana", {"name": "Ana"})], now=NOW)
    assert done(store, hard(row, recipient="")) is Effect.BOUNCED
    assert suppressed(store) == []


def test_an_address_that_is_suppressed_already_keeps_its_cause(store: Store) -> None:
    row = contacted(store)
    store.suppressions.add([Suppression("email", "ana@example.org", "request", NOW)], now=NOW)
    assert apply(store, [hard(row)], NOW).suppressed == 0
    assert suppressed(store) == [("email", "ana@example.org", "request")]


# --- soft bounces in a row ---------------------------------------------------------------------------------------


def weeks(store: Store, *fates: Callable[[Row], Report] | None) -> None:
    """Messages, one a week: each is reported of two hours later, or arrives."""
    for week, fate in enumerate(fates):
        sent = NOW + week * 7 * DAY
        row = contacted(store, f"week{week}", decided_for=sent)
        if fate is not None:
            apply(store, [fate(row)], sent + 120 * MINUTE)


def test_five_soft_bounces_in_a_row_suppress(store: Store) -> None:
    weeks(store, *[soft] * 4)
    assert (suppressed(store), streak(store)) == ([], [("ana@example.org", 4)])
    weeks(store, *[soft] * 5)
    assert suppressed(store) == [("email", "ana@example.org", "5 soft bounces in a row")]


def test_a_message_that_arrives_in_between_begins_the_row_anew(store: Store) -> None:
    weeks(store, soft, soft, soft, soft, None, soft)
    assert (suppressed(store), streak(store)) == ([], [("ana@example.org", 1)])


def test_a_message_that_may_still_come_back_begins_no_row_anew(store: Store) -> None:
    first = contacted(store, "b1")
    done(store, soft(first))
    contacted(store, "b2", decided_for=NOW + DAY)
    third = contacted(store, "b3", decided_for=NOW + DAY + HAD_TIME - MINUTE)
    done(store, soft(third), NOW + DAY + HAD_TIME - 1)
    assert streak(store) == [("ana@example.org", 2)]
    fourth = contacted(store, "b4", decided_for=NOW + DAY + HAD_TIME)
    done(store, soft(fourth), NOW + DAY + HAD_TIME)
    assert streak(store) == [("ana@example.org", 3)], "it was sent before the last that bounced"


def test_what_was_sent_before_the_first_soft_bounce_begins_no_row_anew(store: Store) -> None:
    weeks(store, None, soft, soft)
    assert streak(store) == [("ana@example.org", 2)]


def test_an_answer_begins_the_row_anew_at_once(store: Store) -> None:
    rows = [contacted(store, f"b{number}", decided_for=NOW + number) for number in range(4)]
    apply(store, [soft(rows[0]), soft(rows[1]), reply(rows[2]), soft(rows[3])], NOW + 4)
    assert streak(store) == [("ana@example.org", 1)]


@pytest.mark.parametrize("status", ["5.7.1", "5.6.0", "5.1.8"])
def test_what_is_refused_for_us_or_its_content_counts_against_no_address(store: Store, status: str) -> None:
    weeks(store, *[lambda row: soft(row, status)] * 6)
    assert (suppressed(store), streak(store)) == ([], [])


def test_one_message_counts_once_however_many_reports_tell_of_it(store: Store) -> None:
    row = contacted(store)
    for number in range(6):
        done(store, soft(row, report=f"report {number}"))
    assert (suppressed(store), streak(store), traffic(store)[0][2]) == ([], [("ana@example.org", 1)], 1)


def test_after_a_person_lifts_it_the_address_has_all_five_again(store: Store) -> None:
    weeks(store, *[soft] * 5)
    store.suppressions.lift("email", "ana@example.org", now=NOW)
    row = contacted(store, "later", decided_for=NOW + 50 * DAY)
    done(store, soft(row), NOW + 50 * DAY)
    assert (suppressed(store), streak(store)) == ([], [("ana@example.org", 1)])


# --- once, and in whose turn -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [hard, soft, complaint, reply])
def test_the_same_report_twice_changes_nothing(store: Store, kind: Callable[[Row], Report]) -> None:
    row = contacted(store)
    report = kind(row)
    done(store, report)
    before = everything(store)
    assert done(store, report, NOW + DAY) is Effect.KNOWN
    assert everything(store) == before


def everything(store: Store) -> list[list[tuple[Any, ...]]]:
    statements = {
        "customer": "id, revision",
        "event": "id, name, at",
        "consent": "customer, at, source",
        "suppression": "address, cause, since",
        "occasion": "key, state, error, message_id",
        "soft_bounce": "address, number, last",
        "traffic": "channel, minute, bounced, complained",
    }
    return [table(store, f"SELECT {columns} FROM {name} ORDER BY 1") for name, columns in statements.items()]  # noqa: S608 - ours


def test_the_same_report_at_once_from_two_sides_counts_once(store: Store) -> None:
    row = contacted(store)
    with ThreadPoolExecutor(4) as pool:
        effects = list(pool.map(lambda _: done(store, hard(row)), range(4)))
    assert sorted(effects) == [Effect.BOUNCED, *[Effect.KNOWN] * 3]
    assert (len(facts(store)), traffic(store)[0][2]) == (1, 1)


def test_a_report_of_no_message_of_ours_changes_nothing(store: Store) -> None:
    row = contacted(store)
    before = everything(store)
    other = Bounce(message_id("other/ana/b1", FROM), "ana@example.org", True, "5.1.1", "", "x")
    assert done(store, other) is Effect.FOREIGN
    assert everything(store) == before
    assert present(store, row).state is State.SENT


def test_a_report_about_an_erased_customer_is_of_no_message_of_ours(store: Store) -> None:
    row = contacted(store)
    store.erase("ana", now=NOW)
    assert done(store, hard(row)) is Effect.FOREIGN


def test_a_bounce_that_is_faster_than_our_own_note_has_to_wait(store: Store) -> None:
    row = contacted(store, state=State.SENDING, message_id="")
    before = everything(store)
    assert done(store, hard(row)) is Effect.EARLY
    assert everything(store) == before


def test_a_bounce_tells_of_a_message_whose_process_ended_before_its_id_was_noted(store: Store) -> None:
    row = contacted(store, state=State.UNCONFIRMED, message_id="")
    assert done(store, hard(row)) is Effect.BOUNCED
    found = present(store, row)
    assert (found.state, found.message_id) == (State.BOUNCED, message_id(row.key, FROM))


# --- in business -------------------------------------------------------------------------------------------------


@pytest.fixture
def bought(tmp_path: Path) -> Iterator[Business]:
    """Somebody bought something and was thanked for it by e-mail."""
    with in_business(tmp_path) as business:
        business.customer()
        business.goes_by(AT_ONCE, "2026-03-01")
        business.event("bought", "2026-03-02 15:00", id="b1")
        business.tick("2026-03-02 15:00")
        yield business


def id_of(business: Business) -> str:
    identifier = business.row("thanks/ana/b1").message_id
    assert identifier
    return identifier


def test_the_attempt_that_came_back_says_so(bought: Business) -> None:
    bounce = Bounce(id_of(bought), "ana@example.com", True, "5.1.1", "hard bounce 5.1.1", "r1")
    apply(bought.store, [bounce], at("2026-03-02 15:01"))
    [attempt] = bought.store.outbox.attempts("thanks/ana/b1")
    assert (attempt.number, attempt.outcome, attempt.error) == (1, "bounced", "hard bounce 5.1.1")


def test_after_a_hard_bounce_nothing_more_is_sent(bought: Business) -> None:
    bounce = Bounce(id_of(bought), "ana@example.com", True, "5.1.1", "", "r1")
    apply(bought.store, [bounce], at("2026-03-02 15:01"))
    bought.event("bought", "2026-03-02 16:00", id="b2")
    bought.tick("2026-03-02 16:00")
    assert bought.row("thanks/ana/b2").because == ("reachable",)


def test_after_a_complaint_nothing_more_is_sent_even_to_another_address(bought: Business) -> None:
    apply(bought.store, [Complaint(id_of(bought), "", "r1")], at("2026-03-02 15:01"))
    bought.customer(email="new@example.com", now="2026-03-02 15:30")
    bought.event("bought", "2026-03-02 16:00", id="b2")
    bought.tick("2026-03-02 16:00")
    assert bought.row("thanks/ana/b2").because == ("consent",)


def test_rules_can_go_by_what_came_back(bought: Business) -> None:
    after = AT_ONCE.replace("thanks:", "sorry:").replace("when: bought", "when: contact_replied")
    bought.goes_by(after, "2026-03-02 15:01")
    apply(bought.store, [Reply(id_of(bought), "r1")], at("2026-03-02 15:02"))
    bought.tick("2026-03-02 15:02")
    assert [line.split()[2].split("/")[0] for line in bought.heard()] == ["thanks", "sorry"]
