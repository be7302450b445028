"""Consent, suppressions and holds, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typing_commands import MORNING, Run

from scheduler.wallclock import parse_instant, zone
from scheduler.workspace import open_workspace


def test_a_suppressed_address_is_not_used_by_the_preview(shop: Path, run: Run) -> None:
    assert "amara@example.net is suppressed for email" in run(shop, "suppress", "Amara@Example.net").stdout.replace(
        "Amara@Example.net", "amara@example.net"
    )
    lines = run(shop, "preview", "--now", MORNING, "--customer", "amara", "--format", "json").stdout.splitlines()
    assert "email" not in {json.loads(line)["channel"] for line in lines}


def test_a_suppression_is_lifted(shop: Path, run: Run) -> None:
    run(shop, "suppress", "amara@example.net", "--cause", "asked on the phone")
    assert "asked on the phone" in run(shop, "suppress").stdout
    assert "may be used again" in run(shop, "suppress", "amara@example.net", "--lift").stdout
    assert "no address is suppressed" in run(shop, "suppress").stdout


def test_whose_address_it_is_must_be_said_where_it_cant_be_told(shop: Path, run: Run) -> None:
    assert "Name its channel" in run(shop, "suppress", "14 Palm Row").stderr


def test_a_withdrawn_consent_stops_an_ask(shop: Path, run: Run) -> None:
    withdrawn = run(shop, "consent", "amara", "withdrawn", "--topic", "offers", "--now", MORNING)
    assert "amara: withdrawn for offers by every channel" in withdrawn.stdout
    lines = run(shop, "preview", "--now", MORNING, "--customer", "amara", "--format", "json").stdout.splitlines()
    assert "referral_ask" not in {json.loads(line)["rule"] for line in lines}


def test_what_was_said_is_listed_with_its_proof(shop: Path, run: Run) -> None:
    run(shop, "consent", "amara", "withdrawn", "--source", "letter of 1 November", "--now", MORNING)
    assert "letter of 1 November" in run(shop, "consent", "amara").stdout


def test_an_unknown_topic_is_answered_with_those_there_are(shop: Path, run: Run) -> None:
    result = run(shop, "consent", "amara", "given", "--topic", "ofers")
    assert result.exit_code == 2
    assert "the house rules have care" in result.stderr


def test_consent_of_tomorrow_is_refused(shop: Path, run: Run) -> None:
    assert run(shop, "consent", "amara", "given", "--at", "2026-12-01", "--now", MORNING).exit_code == 2


def test_what_is_held_is_not_sent_until_it_is_released(active: Path, run: Run) -> None:
    run(active, "hold", "--all", "--cause", "wrong prices")
    held = run(active, "tick", "--now", "2026-11-03T10:00+01:00")
    assert "nothing is sent: wrong prices" in held.stderr
    run(active, "release", "--all", "--now", "2026-11-03T10:05+01:00")
    sent = run(active, "tick", "--now", "2026-11-03T10:10+01:00")
    assert "sent" in sent.stdout
    with open_workspace(active) as workspace:
        assert workspace.store.holds.lifted("all") == parse_instant("2026-11-03T10:05+01:00", zone("UTC"))


def test_a_hold_says_what_is_held(shop: Path, run: Run) -> None:
    assert "say what: one of --all, --rule NAME, --channel NAME" in run(shop, "hold").stderr
    assert run(shop, "hold", "--all", "--rule", "goodbye").exit_code == 2


@pytest.mark.parametrize("address", ["a@b.example, c@d.example", "a\nb@c.example", "x@" + "y" * 300 + ".example"])
def test_what_no_customer_can_have_as_an_address_is_not_suppressed(shop: Path, run: Run, address: str) -> None:
    assert run(shop, "suppress", address).exit_code == 2
    assert "no address is suppressed" in run(shop, "suppress").stdout


def test_a_number_is_suppressed_however_it_is_written(shop: Path, run: Run) -> None:
    run(shop, "suppress", "+49 (0)30 123456")
    assert "+4930123456" in run(shop, "suppress").stdout
    assert "may be used again" in run(shop, "suppress", "+49 30 12 34 56", "--lift").stdout


def test_to_lift_a_suppression_its_address_is_needed(shop: Path, run: Run) -> None:
    result = run(shop, "suppress", "--lift")
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    "words",
    [
        ("hold", "--channel", "emial"),
        ("suppress", "ana@example.com", "--channel", "emial"),
        ("consent", "amara", "withdrawn", "--channel", "emial"),
    ],
)
def test_an_unknown_channel_is_answered_with_the_nearest_one(shop: Path, run: Run, words: tuple[str, ...]) -> None:
    result = run(shop, *words)
    assert result.exit_code == 2
    assert "there is no channel 'emial'; did you mean 'email'?" in result.stderr


def test_a_rule_that_there_is_not_can_not_be_held_as_if_it_stopped(shop: Path, run: Run) -> None:
    result = run(shop, "hold", "--rule", "godbye")
    assert result.exit_code == 2
    assert "there is no rule 'godbye'; did you mean 'goodbye'?" in result.stderr


def test_a_text_with_control_characters_is_no_proof(shop: Path, run: Run) -> None:
    assert run(shop, "consent", "amara", "withdrawn", "--source", "letter\x1b[2J").exit_code == 2
