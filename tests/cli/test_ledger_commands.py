from __future__ import annotations

import json
from pathlib import Path

import pytest
from typing_commands import Run

from scheduler.store import Decided, State, Tried
from scheduler.wallclock import parse_instant, zone
from scheduler.workspace import open_workspace

NEXT_DAY = "2026-11-03T10:00+01:00"
"""When Amara is to be asked for a referral."""


def key_of(folder: Path, run: Run, *options: str) -> str:
    line = run(folder, "contacts", "--format", "json", "--limit", "1", *options).stdout.splitlines()[0]
    return str(json.loads(line)["occasion"])


@pytest.fixture
def unconfirmed(active: Path) -> str:
    """A message of which nobody knows whether it went out: its process died while it was sending."""
    now = parse_instant(NEXT_DAY, zone("UTC"))
    with open_workspace(active) as workspace:
        store = workspace.store
        (row,) = store.ledger.rows(customer="amara", rule="referral_ask", limit=1)
        ((_, revision),) = store.customers.revisions(["amara"]).items()
        decided = Decided(row.key, row.state, revision, State.QUEUED, decided_for=now, channel="email")
        assert store.ledger.record([decided], now=now) == []
        store.outbox.mark_sending({row.key: revision}, lease=None, now=now)
        store.outbox.record([Tried(row.key, State.UNCONFIRMED, error="no answer came")], now=now)
    return row.key


def test_contacts_are_listed_with_what_became_of_them(active: Path, run: Run) -> None:
    shown = run(active, "contacts", "--limit", "200").stdout
    assert "goodbye/ingrid/" in shown
    assert " sent " in shown


def test_only_a_state_can_be_listed(active: Path, run: Run) -> None:
    lines = run(active, "contacts", "--state", "planned", "--format", "json").stdout.splitlines()
    assert {json.loads(line)["state"] for line in lines} == {"planned"}


def test_an_unknown_state_is_answered_with_those_there_are(active: Path, run: Run) -> None:
    result = run(active, "contacts", "--state", "lost")
    assert result.exit_code == 2
    assert "unconfirmed" in result.stderr


def test_a_long_list_says_that_there_is_more(active: Path, run: Run) -> None:
    result = run(active, "contacts", "--all", "--limit", "2")
    assert len([line for line in result.stdout.splitlines() if "/" in line]) == 2
    assert "only the first 2 rows are shown" in result.stderr
    assert "only the first row is shown" in run(active, "contacts", "--all", "--limit", "1").stderr


def test_since_and_until_are_the_houses_time(active: Path, run: Run) -> None:
    assert "there are none" in run(active, "contacts", "--until", "2026-11-02").stdout
    assert "there are none" in run(active, "contacts", "--since", "2026-11-03").stdout


def test_one_contact_is_shown_with_its_reason_and_its_tries(active: Path, run: Run) -> None:
    shown = run(active, "show", key_of(active, run, "--customer", "ingrid", "--rule", "goodbye")).stdout
    assert "Ingrid Bakken (ingrid)" in shown
    assert "The membership has ended" in shown
    assert "try 1" in shown


def test_an_unknown_contact_is_refused(active: Path, run: Run) -> None:
    assert run(active, "show", "no/such/one").exit_code == 2


def test_an_unconfirmed_message_is_shown_with_what_a_person_can_do(active: Path, run: Run, unconfirmed: str) -> None:
    assert unconfirmed in run(active, "contacts", "--state", "unconfirmed").stdout
    assert f"rightreason resolve {unconfirmed} sent" in run(active, "show", unconfirmed).stdout


def test_a_message_that_went_out_after_all_is_sent(active: Path, run: Run, unconfirmed: str) -> None:
    assert run(active, "resolve", unconfirmed, "sent").exit_code == 0
    assert "sent" in run(active, "show", unconfirmed).stdout
    assert "there are none" in run(active, "contacts", "--state", "unconfirmed").stdout


def test_a_message_that_did_not_go_out_goes_with_the_next_tick(active: Path, run: Run, unconfirmed: str) -> None:
    run(active, "resolve", unconfirmed, "not-sent", "--now", NEXT_DAY)
    assert unconfirmed in run(active, "contacts", "--state", "queued").stdout
    run(active, "tick", "--now", "2026-11-03T10:01+01:00")
    assert unconfirmed in run(active, "contacts", "--state", "sent", "--limit", "200").stdout


def test_a_message_that_did_not_go_out_asks_its_gates_again(active: Path, run: Run, unconfirmed: str) -> None:
    run(active, "resolve", unconfirmed, "not-sent", "--now", NEXT_DAY)
    run(active, "consent", "amara", "withdrawn", "--topic", "offers", "--now", NEXT_DAY)
    run(active, "tick", "--now", "2026-11-03T10:01+01:00")
    assert unconfirmed in run(active, "contacts", "--state", "waiting", "--limit", "200").stdout


def test_only_what_is_unconfirmed_can_be_resolved(active: Path, run: Run) -> None:
    result = run(active, "resolve", key_of(active, run, "--state", "sent"), "sent")
    assert result.exit_code == 2
    assert "is sent, not unconfirmed" in result.stderr
