from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typing_commands import MORNING, Run


def objects(folder: Path, run: Run, customer: str, *options: str) -> list[dict[str, Any]]:
    result = run(folder, "why", customer, "--format", "json", *options)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_gate_is_told_with_what_it_wanted_what_was_the_case_and_where_it_is_written(shop: Path, run: Run) -> None:
    asks = objects(shop, run, "dora", "--rule", "referral_ask", "--now", MORNING)
    gate = next(gate for gate in asks[0]["gates"] if gate["gate"] == "blocked.unresolved")
    assert list(gate) == ["gate", "ok", "wanted", "actual", "until", "source"]
    assert not gate["ok"]
    assert gate["actual"] == "ticket open since 25 Oct 2026; no recovery is open"
    assert gate["source"].startswith("rules/house_rules.yaml:")


def test_what_is_open_is_told_as_of_now(shop: Path, run: Run) -> None:
    asks = objects(shop, run, "dora", "--rule", "referral_ask", "--now", MORNING)
    assert (asks[0]["outcome"], asks[0]["at"]) == ("waiting", "2026-11-02T08:00:00+01:00")


def test_a_person_reads_yes_and_no_where_a_terminal_shows_ticks_and_crosses(shop: Path, run: Run) -> None:
    shown = run(shop, "why", "dora", "--rule", "referral_ask", "--now", MORNING).stdout
    assert "Dóra Szabó (dora)" in shown
    assert "no  blocked.unresolved" in shown
    assert "yes consent" in shown


def test_a_silence_says_what_stands_in_the_way_and_how_it_will_end(shop: Path, run: Run) -> None:
    told = run(shop, "why", "dora", "--rule", "referral_ask", "--now", MORNING).stdout
    shown = " ".join(told.split())
    assert "a ticket of theirs is open" in shown
    assert "as too late on 18 Jan 2027, unless something new happens: ticket_closed, a contact" in shown


def test_a_contact_to_come_is_told_with_its_moment(shop: Path, run: Run) -> None:
    shown = run(shop, "why", "tala", "--rule", "birthday_card", "--now", MORNING).stdout
    assert "birthday_card: will go by email, Sat 14 Nov 2026 10:00" in shown


def test_a_contact_that_was_made_is_told_with_what_became_of_it(active: Path, run: Run) -> None:
    past = objects(active, run, "ingrid", "--rule", "goodbye", "--now", "2026-11-03T08:00+01:00")
    assert [(one["outcome"], one["at"]) for one in past] == [("contact", "2026-11-02T10:00:00+01:00")]
    assert all(gate["ok"] for gate in past[0]["gates"])
    shown = run(active, "why", "ingrid", "--rule", "goodbye", "--now", "2026-11-03T08:00+01:00").stdout
    assert "goodbye: sent by email, Mon 2 Nov 2026 10:00" in shown


def test_at_an_earlier_moment_what_came_later_is_not_known(active: Path, run: Run) -> None:
    shown = run(active, "why", "ingrid", "--rule", "goodbye", "--at", "2026-11-02T09:00+01:00").stdout
    assert "goodbye: will go by email, Mon 2 Nov 2026 10:00" in shown
    assert "sent by email" not in shown


def test_what_a_rule_did_that_is_gone_is_still_told(active: Path, run: Run) -> None:
    rules = active / "rules" / "memberships.yaml"
    text = rules.read_text()
    rules.write_text(text[: text.index("  goodbye:")] + text[text.index("  exit_interview:") :])
    past = [one for one in objects(active, run, "ingrid", "--now", "2026-11-03") if one["rule"] == "goodbye"]
    assert [(one["outcome"], one["gates"]) for one in past] == [("contact", [])]


def test_of_whom_nothing_happened_it_says_so(empty: Path, run: Run) -> None:
    (empty / "people.csv").write_text("id\nC1\n")
    run(empty, "import", "customers", str(empty / "people.csv"))
    told = run(empty, "why", "C1", "--rule", "goodbye").stdout
    assert "  subscription_cancelled has not happened\n      goodbye\n" in told


def test_a_customer_is_found_by_name_or_address_too(shop: Path, run: Run) -> None:
    for called in ("Dóra Szabó", "dóra szabó", "DORA@example.net"):
        assert "Dóra Szabó (dora)" in run(shop, "why", called, "--rule", "referral_ask", "--now", MORNING).stdout


def test_whoever_may_be_meant_is_named(shop: Path, run: Run) -> None:
    for called in ("Dora", "dóra"):
        assert f"there is no customer '{called}'; did you mean dora (Dóra Szabó)?" in run(shop, "why", called).stderr


def test_of_customers_who_share_a_name_none_is_taken(empty: Path, run: Run) -> None:
    (empty / "people.csv").write_text("id,name\nC1,Ana Lima\nC2,Ana Lima\n")
    run(empty, "import", "customers", str(empty / "people.csv"))
    said = run(empty, "why", "ana lima").stderr
    assert "several customers are called 'ana lima': C1 (Ana Lima), C2 (Ana Lima)" in said


def test_of_occasions_that_are_alike_the_next_is_told_and_the_others_are_counted(shop: Path, run: Run) -> None:
    rules = shop / "rules" / "monthly.yaml"
    keys = "reason: A word every month keeps us in touch, asks_for: nothing, when: {every: month}, starts: 2026-01-01"
    rules.write_text(
        f"campaign: Monthly\nowner: care@example.com\nrules:\n  monthly: {{{keys}, send: birthday_card, by: [email]}}\n"
    )
    told = run(shop, "why", "tala", "--rule", "monthly", "--now", MORNING).stdout
    assert told.count("monthly: ") == 1
    assert "12 more occasions like it: 12 will go" in told
    assert "does not bind this contact" not in told
    whole = run(shop, "why", "tala", "--rule", "monthly", "--all", "--now", MORNING).stdout
    assert whole.count("monthly: ") == 13
    assert "does not bind this contact" in whole


def test_an_unknown_customer_is_refused_by_why(shop: Path, run: Run) -> None:
    assert run(shop, "why", "nobody").exit_code == 2
