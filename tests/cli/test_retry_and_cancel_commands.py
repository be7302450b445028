"""What a person does about messages that were given up, or are not to go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typing_commands import Run

from scheduler.store import Decided, Row, State, Tried
from scheduler.wallclock import parse_instant, zone
from scheduler.workspace import open_workspace

NEXT_DAY = "2026-11-03T10:00+01:00"
"""When Amara is to be asked for a referral."""
SOON = "2026-11-03T10:01+01:00"
FAULT = "a fault of the program: ValueError in messages/render.py:1"


def is_in(folder: Path, state: State) -> str:
    """Bring Amara's referral ask into a state; its id."""
    now = parse_instant(NEXT_DAY, zone("UTC"))
    with open_workspace(folder) as workspace:
        store = workspace.store
        (row,) = store.ledger.rows(customer="amara", rule="referral_ask", limit=1)
        revision = store.customers.revisions(["amara"])["amara"]
        decided = Decided(row.key, row.state, revision, State.QUEUED, decided_for=now, channel="email")
        if state in (State.PLANNED, State.WAITING):
            assert row.state.is_open
            return row.key
        assert store.ledger.record([decided], now=now) == []
        if state is State.UNCONFIRMED:
            store.outbox.mark_sending({row.key: revision}, lease=None, now=now)
        if state is not State.QUEUED:
            tried = Tried(row.key, state, error=FAULT, next_at=now + 3_600_000_000)
            assert store.outbox.record([tried], now=now) == []
    return row.key


def row(folder: Path, key: str) -> Row:
    with open_workspace(folder) as workspace:
        found = workspace.store.ledger.row(key)
    assert found is not None
    return found


def notes(folder: Path) -> list[tuple[str, dict[str, str]]]:
    with open_workspace(folder) as workspace:
        return [(note.what, dict(note.detail)) for note in workspace.store.notes.list("amara")]


def sent_key(folder: Path, run: Run) -> str:
    line = run(folder, "contacts", "--state", "sent", "--format", "json", "--limit", "1").stdout.splitlines()[0]
    return str(json.loads(line)["occasion"])


# --- retry -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.QUARANTINED, State.FAILED, State.RETRY])
def test_what_was_given_up_goes_with_the_next_tick_if_a_person_says_so(active: Path, run: Run, state: State) -> None:
    key = is_in(active, state)
    result = run(active, "retry", key, "--now", NEXT_DAY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "the next tick asks its gates again" in result.stdout
    assert row(active, key).next_at == parse_instant(NEXT_DAY, zone("UTC"))
    run(active, "tick", "--now", SOON)
    assert row(active, key).state is State.SENT
    assert ("retried", {"occasion": key, "was": str(state)}) in notes(active)


def test_what_is_tried_again_by_hand_asks_its_gates(active: Path, run: Run) -> None:
    key = is_in(active, State.QUARANTINED)
    run(active, "retry", key, "--now", NEXT_DAY)
    run(active, "consent", "amara", "withdrawn", "--topic", "offers", "--now", NEXT_DAY)
    run(active, "tick", "--now", SOON)
    assert row(active, key).state is State.WAITING


def test_what_may_have_gone_out_is_not_simply_tried_again(active: Path, run: Run) -> None:
    key = is_in(active, State.UNCONFIRMED)
    result = run(active, "retry", key)
    assert result.exit_code == 2
    assert f"`rightreason resolve {key} not-sent`" in result.stderr
    assert row(active, key).state is State.UNCONFIRMED


def test_what_was_sent_is_not_tried_again(active: Path, run: Run) -> None:
    result = run(active, "retry", sent_key(active, run))
    assert result.exit_code == 2
    assert "is sent: there is nothing to try again" in result.stderr


# --- cancel ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.PLANNED, State.QUEUED, State.RETRY, State.QUARANTINED, State.FAILED])
def test_what_has_not_gone_out_can_be_cancelled_for_good(active: Path, run: Run, state: State) -> None:
    key = is_in(active, state)
    before = row(active, key).state
    result = run(active, "cancel", key, "--reason", "we have talked", "--now", NEXT_DAY)
    assert (result.exit_code, result.stdout) == (0, f"{key} is cancelled\n")
    run(active, "consent", "amara", "given", "--topic", "offers", "--now", NEXT_DAY)
    run(active, "tick", "--now", SOON)
    found = row(active, key)
    assert (found.state, found.because) == (State.CANCELLED, ("by_hand",))
    assert ("cancelled", {"occasion": key, "was": str(before), "reason": "we have talked"}) in notes(active)


def test_who_cancelled_it_is_noted(active: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "maria")
    run(active, "cancel", is_in(active, State.QUEUED), "--reason", "we have talked", "--now", NEXT_DAY)
    with open_workspace(active) as workspace:
        assert workspace.store.notes.list("amara", limit=1)[0].who == "maria"


def test_a_cancelled_contact_is_shown_with_its_cause(active: Path, run: Run) -> None:
    key = is_in(active, State.QUEUED)
    run(active, "cancel", key, "--reason", "we have talked", "--now", NEXT_DAY)
    assert "by_hand: a person cancelled it" in run(active, "show", key).stdout


def test_a_cancelled_contact_can_be_explained(active: Path, run: Run) -> None:
    run(active, "cancel", is_in(active, State.PLANNED), "--reason", "we have talked", "--now", NEXT_DAY)
    assert run(active, "why", "amara", "--now", SOON).exit_code == 0


def test_what_may_have_gone_out_can_not_be_cancelled(active: Path, run: Run) -> None:
    key = is_in(active, State.UNCONFIRMED)
    result = run(active, "cancel", key, "--reason", "we have talked")
    assert result.exit_code == 2
    assert f"`rightreason resolve {key} sent`" in result.stderr
    assert row(active, key).state is State.UNCONFIRMED


def test_what_was_sent_can_not_be_cancelled(active: Path, run: Run) -> None:
    result = run(active, "cancel", sent_key(active, run), "--reason", "we have talked")
    assert result.exit_code == 2
    assert "is sent: there is nothing to cancel any more" in result.stderr


@pytest.mark.parametrize("reason", ["", " ", "a\nb", "a\x1b[2J"])
def test_a_reason_is_a_few_words_on_one_line(active: Path, run: Run, reason: str) -> None:
    key = is_in(active, State.QUEUED)
    assert run(active, "cancel", key, "--reason", reason).exit_code == 2
    assert row(active, key).state is State.QUEUED


def test_an_erased_customer_leaves_no_note_of_what_was_done_about_them(active: Path, run: Run) -> None:
    run(active, "cancel", is_in(active, State.QUEUED), "--reason", "Amara has moved", "--now", NEXT_DAY)
    with open_workspace(active) as workspace:
        workspace.store.erase("amara", now=parse_instant(SOON, zone("UTC")))
        assert not [note for note in workspace.store.notes.list(limit=1000) if "Amara" in str(note.detail)]


# --- status ------------------------------------------------------------------------------------------------------


def test_what_is_quarantined_is_told_with_the_ways_out(active: Path, run: Run) -> None:
    is_in(active, State.QUARANTINED)
    result = run(active, "status", "--now", SOON)
    assert result.exit_code == 1
    assert "1 message given up: each broke what was to send it again and again" in result.stdout
    assert "`rightreason contacts --state quarantined`" in result.stdout
    assert "`rightreason retry ID`, or `rightreason cancel ID`" in result.stdout


# --- show --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "commands"),
    [
        (State.UNCONFIRMED, ("resolve {key} sent", "resolve {key} not-sent")),
        (State.QUARANTINED, ("retry {key}", 'cancel {key} --reason "…"')),
        (State.FAILED, ("retry {key}",)),
        (State.RETRY, ("retry {key}", 'cancel {key} --reason "…"')),
    ],
)
def test_show_says_what_a_person_can_do(active: Path, run: Run, state: State, commands: tuple[str, ...]) -> None:
    key = is_in(active, state)
    shown = run(active, "show", key).stdout.splitlines()
    named = [f"  rightreason {command.format(key=key)}" for command in commands]
    assert shown[-len(named) :] == named
