"""The whole answer of `rightreason why` for some typical customers, as a marketer reads it."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from typing_commands import Run, run_in

NOW = "2026-05-04T08:00"
"""A Monday morning in Berlin."""

HOUSE = """\
timezone: Europe/Berlin
send_hours: {any: {from: "08:00", to: "20:00", days: all}}
frequency_caps: [{at_most: 1, within: 1 day}]
value_window: {delivered_by: order_delivered, default: 30 days}
asks: {any: {blocked_while: [unresolved], gives: none}}
open_things: {ticket: {opened_by: ticket_opened, closed_by: ticket_closed, key: ticket_id}}
conditions:
  unresolved: {means: a ticket of theirs is open, open: ticket}
"""
RULES = """\
campaign: After the purchase
owner: care@example.com
conditions:
  happy: {means: scored us 9 or 10 lately, event: nps_answered, latest: score, at_least: 9, within: 90 days}
rules:
  check_in:
    reason: The delivery of {event.product} has arrived and may need a hand.
    asks_for: nothing
    when: order_delivered
    after: 1 day
    before: 4 days
    unless: [unresolved]
    send: note
    by: [email]
  second_look:
    reason: Some days after our first question there may be another.
    asks_for: nothing
    when: {contact: check_in}
    after: 3 days
    before: 6 days
    send: note
    by: [email]
  referral_ask:
    reason: After a month with {event.product} and a very good score, a friend may enjoy it too.
    asks_for: referral
    when: order_delivered
    after: value_window
    before: 120 days
    only_if: [happy]
    until: referral_made
    send: note
    by: [email]
  farewell:
    reason: The membership ended on {event.day}; thanks are due for the time together.
    asks_for: nothing
    when: membership_ended
    after: 1 day
    before: 5 days
    send: note
    by: [email]
  visit_reminder:
    reason: The visit is on {event.day}, and a reminder saves a way.
    asks_for: nothing
    when: {event: visit_booked, date: day, same: visit_id}
    ahead: 2 days
    send: note
    by: [email]
"""
WEEKLY = """\
  weekly:
    reason: A word every week keeps the thread from breaking.
    asks_for: nothing
    when: {every: week}
    starts: 2026-01-01
    before: 1 day
    send: note
    by: [email]
"""
CUSTOMERS = [
    {"id": "ana", "name": "Ana Lima", "email": "ana@example.com", "timezone": "Europe/Lisbon"},
    {"id": "bo", "name": "Bo Berg", "email": "bo@example.com"},
    {"id": "cy", "name": "Cy Cole", "email": "cy@example.com"},
    {"id": "di", "name": "Di Dunn", "email": "di@example.com"},
    {"id": "ed", "name": "Ed Eden", "email": "ed@example.com"},
    {"id": "fay", "name": "Fay Fox", "email": "fay@example.com"},
]


def happened(customer: str, name: str, at: str, **properties: Any) -> dict[str, Any]:
    return {"id": f"{customer}-{name}-{at}", "customer": customer, "name": name, "at": f"{at}:00+02:00", **properties}


EVENTS = [
    happened("ana", "order_delivered", "2026-04-08T09:00", product="Bertha the mixer"),
    happened("ana", "nps_answered", "2026-04-20T12:00", score=10),
    happened("bo", "order_delivered", "2026-04-02T09:00", product="Hilda the mill"),
    happened("bo", "nps_answered", "2026-04-10T12:00", score=9),
    happened("bo", "ticket_opened", "2026-05-01T10:00", ticket_id="T1", subject="it rattles"),
    happened("cy", "order_delivered", "2026-04-01T09:00", product="Luna the basket"),
    happened("cy", "nps_answered", "2026-04-15T12:00", score=10),
    happened("di", "membership_ended", "2026-05-01T18:00", day="2026-05-31", why="moved"),
    happened("fay", "visit_booked", "2026-04-20T10:00", visit_id="V1", day="2026-05-06"),
    happened("fay", "visit_booked", "2026-04-29T10:00", visit_id="V1", day="2026-05-20"),
]
CONSENTS = "customer,topic,channel,status,at\nana,referral,,given,2026-01-05T10:00+01:00\nbo,referral,,given,2026-01-06T10:00+01:00\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with six rules and six customers."""
    folder = tmp_path_factory.mktemp("why")
    for name, text in {
        "rules/house_rules.yaml": HOUSE,
        "rules/care.yaml": RULES,
        "templates/note.email.md": "---\nsubject: A note\n---\n\nHello\n",
        "rightreason.toml": "",
        "customers.jsonl": "\n".join(map(json.dumps, CUSTOMERS)),
        "events.jsonl": "\n".join(map(json.dumps, EVENTS)),
        "consents.csv": CONSENTS,
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    for what, file in (("customers", "customers.jsonl"), ("events", "events.jsonl"), ("consent", "consents.csv")):
        result = run_in(folder, "import", what, str(folder / file), "--now", NOW)
        assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def working_to_copy(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same workspace at work for a morning, with a delivery of the day before; to be copied."""
    working = shutil.copytree(folder, tmp_path_factory.mktemp("why") / "working")
    (working / "rightreason.toml").write_text('deliver_by = "file"\n')
    delivered = happened("gil", "order_delivered", "2026-05-03T09:00", product="Luna the basket")
    (working / "gil.jsonl").write_text(json.dumps({"id": "gil", "email": "gil@example.com"}))
    (working / "delivered.jsonl").write_text(json.dumps(delivered))
    for words in (
        ("import", "customers", str(working / "gil.jsonl")),
        ("import", "events", str(working / "delivered.jsonl")),
        ("activate", "--yes"),
        ("tick",),
    ):
        now = "2026-05-04T10:00" if words == ("tick",) else NOW
        result = run_in(working, *words, "--now", now)
        assert result.exit_code == 0, result.output
    return working


@pytest.fixture
def working(working_to_copy: Path, tmp_path: Path) -> Path:
    """The same workspace at work for a morning, with a delivery of the day before."""
    return shutil.copytree(working_to_copy, tmp_path / "working")


def story(folder: Path, run: Run, customer: str, *options: str) -> str:
    result = run(folder, "why", customer, "--now", NOW, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def on_a_terminal(folder: Path, *words: str, columns: int, **environment: str) -> str:
    """What a command writes where its output is a terminal that is so wide."""
    ours, theirs = pty.openpty()
    program = str(Path(sys.executable).with_name("rightreason"))
    surroundings = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment}
    with subprocess.Popen([program, *words], cwd=folder, stdout=theirs, env=surroundings) as process:  # noqa: S603 - our own program
        os.close(theirs)
        written = b""
        with suppress(OSError):  # how Linux tells that the other end is closed
            while part := os.read(ours, 65536):
                written += part
    os.close(ours)
    assert process.returncode == 0
    return written.decode().replace("\r\n", "\n")


def told(text: str) -> str:
    """The text of a test as the command writes it."""
    return dedent(text).lstrip("\n")


def test_a_happy_customer_reads_the_referral_to_come_and_why_it_may_come(folder: Path, run: Run) -> None:
    assert story(folder, run, "ana") == told("""
        Ana Lima (ana)
        It is Mon 4 May 2026 07:00 for them (Europe/Lisbon).

        What happened, what we said, what is to come
          Mon  5 Jan 2026 09:00    consent          given to referral
          Wed  8 Apr 2026 08:00    order_delivered  product Bertha the mixer
          Mon 20 Apr 2026 11:00    nps_answered     score 10
          Mon  4 May 2026 07:00    now
          Fri  8 May 2026 10:00  ~ referral_ask     to go by email, as things stand

        Will be contacted, as things stand
        ──────────────────────────────────
        referral_ask: will go by email, Fri 8 May 2026 10:00
          reason   After a month with Bertha the mixer and a very good score, a friend may enjoy it too.
          trigger  order_delivered, Wed 8 Apr 2026 08:00
          window   from 8 May 2026, before 6 Aug 2026
            yes only_if.happy  nps_answered score 10 on 20 Apr 2026
            yes value_window   it ended on 8 May 2026
            yes consent        given on 5 Jan 2026
            and 10 more gates say yes
    """)


def test_an_open_ticket_stands_in_the_way_and_its_closing_would_change_that(folder: Path, run: Run) -> None:
    assert story(folder, run, "bo") == told("""
        Bo Berg (bo)
        It is Mon 4 May 2026 08:00 for them (Europe/Berlin).

        What happened, what we said, what is to come
          Tue  6 Jan 2026 10:00    consent          given to referral
          Thu  2 Apr 2026 09:00    order_delivered  product Hilda the mill
          Fri 10 Apr 2026 12:00    nps_answered     score 9
          Fri  1 May 2026 10:00    ticket_opened    subject it rattles
          Mon  4 May 2026 08:00    now
          nothing is to come within a year, as things stand

        Open, and nothing is sent
        ─────────────────────────
        referral_ask: waiting, asked again Mon 4 May 2026 10:00
          reason   After a month with Hilda the mill and a very good score, a friend may enjoy it too.
            no  blocked.unresolved  ticket open since 1 May 2026; must not be: a ticket of theirs is open
                                    (rules/house_rules.yaml:8)
          trigger  order_delivered, Thu 2 Apr 2026 09:00
          window   from 2 May 2026, before 31 Jul 2026
          speaks   at 10:00 of each day of its window, or up to 2 hours later
          ends     as too late on 31 Jul 2026, unless something new happens: ticket_closed
            and 12 more gates say yes
    """)


def test_one_who_never_consented_is_not_asked(folder: Path, run: Run) -> None:
    assert story(folder, run, "cy") == told("""
        Cy Cole (cy)
        It is Mon 4 May 2026 08:00 for them (Europe/Berlin).

        What happened, what we said, what is to come
          Wed  1 Apr 2026 09:00    order_delivered  product Luna the basket
          Wed 15 Apr 2026 12:00    nps_answered     score 10
          Mon  4 May 2026 08:00    now
          nothing is to come within a year, as things stand

        Open, and nothing is sent
        ─────────────────────────
        referral_ask: waiting, asked again Mon 4 May 2026 10:00
          reason   After a month with Luna the basket and a very good score, a friend may enjoy it too.
            no  consent  nothing is recorded; needs: a yes to referral by email (rules/care.yaml:25)
          trigger  order_delivered, Wed 1 Apr 2026 09:00
          window   from 1 May 2026, before 30 Jul 2026
          speaks   at 10:00 of each day of its window, or up to 2 hours later
          ends     as too late on 30 Jul 2026, unless something new happens: a yes to referral
            and 12 more gates say yes
    """)


def test_one_who_left_hears_a_farewell(folder: Path, run: Run) -> None:
    assert story(folder, run, "di") == told("""
        Di Dunn (di)
        It is Mon 4 May 2026 08:00 for them (Europe/Berlin).

        What happened, what we said, what is to come
          Fri  1 May 2026 18:00    membership_ended  day 31 May 2026, why moved
          Mon  4 May 2026 08:00    now
          Mon  4 May 2026 10:00  ~ farewell          to go by email, as things stand

        Will be contacted, as things stand
        ──────────────────────────────────
        farewell: will go by email, Mon 4 May 2026 10:00
          reason   The membership ended on 31 May 2026; thanks are due for the time together.
          trigger  membership_ended, Fri 1 May 2026 18:00
          window   from 2 May 2026, before 6 May 2026
            yes consent  no objection is recorded
            and 8 more gates say yes
    """)


def test_of_one_with_nothing_each_rule_says_what_has_to_happen_first(folder: Path, run: Run) -> None:
    assert story(folder, run, "ed") == told("""
        Ed Eden (ed)
        It is Mon 4 May 2026 08:00 for them (Europe/Berlin).

        What happened, what we said, what is to come
          Mon  4 May 2026 08:00    now
          nothing is to come within a year, as things stand

        No occasion, past or coming
        ───────────────────────────
          order_delivered has not happened
              check_in, referral_ask
          no contact by check_in was made yet
              second_look
          membership_ended has not happened
              farewell
          visit_booked has not happened
              visit_reminder
    """)


def test_of_a_date_that_moved_the_new_one_counts(folder: Path, run: Run) -> None:
    assert story(folder, run, "fay") == told("""
        Fay Fox (fay)
        It is Mon 4 May 2026 08:00 for them (Europe/Berlin).

        What happened, what we said, what is to come
          Mon 20 Apr 2026 10:00    visit_booked    day 6 May 2026
          Wed 29 Apr 2026 10:00    visit_booked    day 20 May 2026
          Mon  4 May 2026 08:00    now
          Mon 18 May 2026 10:00  ~ visit_reminder  to go by email, as things stand

        Will be contacted, as things stand
        ──────────────────────────────────
        visit_reminder: will go by email, Mon 18 May 2026 10:00
          reason   The visit is on 20 May 2026, and a reminder saves a way.
          trigger  day of visit_booked on 29 Apr 2026: 20 May 2026
          window   from 18 May 2026, before 20 May 2026
            yes consent  no objection is recorded
            and 8 more gates say yes

        Settled before it is asked
        ──────────────────────────
          visit_reminder: the date was moved to 20 May 2026 by visit_booked on 29 Apr 2026
    """)


def test_with_one_rule_every_gate_of_it_is_told(folder: Path, run: Run) -> None:
    assert story(folder, run, "cy", "--rule", "referral_ask") == told("""
        Cy Cole (cy)
        It is Mon 4 May 2026 08:00 for them (Europe/Berlin).

        Open, and nothing is sent
        ─────────────────────────
        referral_ask: waiting, asked again Mon 4 May 2026 10:00
          reason   After a month with Luna the basket and a very good score, a friend may enjoy it too.
          as of    Sun 3 May 2026 12:00
            no  consent  nothing is recorded; needs: a yes to referral by email (rules/care.yaml:25)
          trigger  order_delivered, Wed 1 Apr 2026 09:00 (rules/care.yaml:26)
          window   from 1 May 2026, before 30 Jul 2026
          speaks   at 10:00 of each day of its window, or up to 2 hours later
          ends     as too late on 30 Jul 2026, unless something new happens: a yes to referral
            yes active              it is active; needs: an active rule (rules/care.yaml:23)
            yes window              open; needs: from 1 May 2026, before 30 Jul 2026 (rules/care.yaml:26)
            yes again               there is none (rules/care.yaml:23)
            yes until               not reached; needs: no referral_made yet (rules/care.yaml:30)
            yes only_if.happy       nps_answered score 10 on 15 Apr 2026; needs: scored us 9 or 10 lately
                                    (rules/care.yaml:29)
            yes value_window        it ended on 1 May 2026; needs: the value window to be over
                                    (rules/house_rules.yaml:4)
            yes blocked.unresolved  no ticket is open; must not be: a ticket of theirs is open
                                    (rules/house_rules.yaml:8)
            yes gives               nothing has to be given first (rules/house_rules.yaml:5)
            yes reachable           their email is known; needs: a usable address for email
                                    (rules/care.yaml:32)
            yes send_hours          Sun 12:00; needs: 08:00 to 20:00 (rules/house_rules.yaml:2)
            yes cap.1               none; needs: at most 1 within 1 day (rules/house_rules.yaml:3)
            yes holdout             there is no control group (rules/care.yaml:23)
    """)


def test_whatever_is_told_fits_the_page(folder: Path, run: Run) -> None:
    for customer in CUSTOMERS:
        lines = story(folder, run, customer["id"], "--all").splitlines()
        assert [line for line in lines if len(line) > 100] == []


def test_all_tells_of_the_rules_without_an_occasion_too(folder: Path, run: Run) -> None:
    assert "Without an occasion" not in story(folder, run, "fay")
    told_of = story(folder, run, "fay", "--all")
    assert "Without an occasion" in told_of
    assert "  order_delivered has not happened\n      check_in, referral_ask\n" in told_of


def rule_on(folder: Path, when: str) -> None:
    keys = f"reason: They asked us to think of it then, asks_for: nothing, when: {when}, send: note, by: [email]"
    (folder / "rules" / "later.yaml").write_text(
        f"campaign: Later\nowner: care@example.com\nrules:\n  later: {{{keys}}}\n"
    )


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("membership_ended, after: 18 months, before: 20 months", "its window opens on 1 Nov 2027"),
        ("{silence: membership_ended}, after: 18 months, before: 20 months", "its window opens on 1 Nov 2027"),
        (
            "{event: membership_ended, date: day}, after: 2 years, before: 3 years",
            "its window opens on 31 May 2028",
        ),
        (
            "membership_ended, after: 1 day, before: 2 days",
            "the last membership_ended was on 1 May 2026, and the time after it is over",
        ),
    ],
)
def test_a_window_that_opens_in_years_is_not_told_to_be_over(working: Path, run: Run, when: str, said: str) -> None:
    rule_on(working, when)
    shown = run(working, "why", "di", "--rule", "later", "--now", "2026-05-04T11:00").stdout
    assert said in " ".join(shown.split()), shown


def test_of_many_rules_the_rest_is_named_in_line_with_the_others(working: Path, run: Run) -> None:
    keys = "reason: They asked us to think of it then, asks_for: nothing, starts: 2026-01-01, send: note"
    named = "".join(
        f"  monthly_{day}: {{{keys}, when: {{every: month, on: {day}}}, by: [email]}}\n" for day in range(6, 12)
    )
    (working / "rules" / "monthly.yaml").write_text(f"campaign: Monthly\nowner: care@example.com\nrules:\n{named}")
    shown = run(working, "why", "ed", "--now", "2026-05-04T11:00").stdout
    (line,) = [line for line in shown.splitlines() if "and more by" in line]
    assert line.startswith("  … and more by monthly_10, monthly_11 (--all")


def test_a_follow_up_says_which_contact_it_follows(working: Path, run: Run) -> None:
    said = run(working, "why", "gil", "--rule", "second_look", "--now", "2026-05-07T09:00").stdout
    assert "trigger  our check_in by email, Mon 4 May 2026 10:00" in said


def test_a_contact_by_what_is_a_draft_now_is_still_followed(working: Path, run: Run) -> None:
    rules = working / "rules" / "care.yaml"
    rules.write_text(rules.read_text().replace("  check_in:\n", "  check_in:\n    status: draft\n"))
    for words in (("activate", "--yes"), ("tick",)):
        assert run(working, *words, "--now", "2026-05-05T09:00").exit_code == 0
    said = run(working, "why", "gil", "--rule", "second_look", "--now", "2026-05-07T09:00").stdout
    assert "trigger  our check_in by email, Mon 4 May 2026 10:00" in said
    assert "dropped" not in said


def test_a_draft_drops_its_open_occasions(working: Path, run: Run) -> None:
    rules = working / "rules" / "care.yaml"
    rules.write_text(rules.read_text().replace("  second_look:\n", "  second_look:\n    status: draft\n"))
    said = run(working, "why", "gil", "--rule", "second_look", "--now", "2026-05-07T09:00").stdout
    assert "second_look: dropped" in said
    assert "but      it is a draft" in said


def test_what_a_draft_dropped_says_so_afterwards(working: Path, run: Run) -> None:
    rules = working / "rules" / "care.yaml"
    rules.write_text(rules.read_text().replace("  second_look:\n", "  second_look:\n    status: draft\n"))
    for words in (("activate", "--yes"), ("tick",)):
        assert run(working, *words, "--now", "2026-05-05T09:00").exit_code == 0
    said = run(working, "why", "gil", "--rule", "second_look", "--now", "2026-05-07T09:00").stdout
    assert "second_look: cancelled, Tue 5 May 2026 09:00" in said
    assert "but      it is a draft" in said


def test_a_paused_rule_says_so(working: Path, run: Run) -> None:
    rules = working / "rules" / "care.yaml"
    rules.write_text(rules.read_text().replace("  second_look:\n", "  second_look:\n    status: paused\n"))
    said = run(working, "why", "gil", "--rule", "second_look", "--now", "2026-05-07T09:00").stdout
    assert "no  active" in said
    assert "it is paused; needs: an active rule" in said


def test_cells_tell_each_gates_answer(folder: Path, run: Run) -> None:
    (row,) = csv.DictReader(story(folder, run, "cy", "--rule", "referral_ask", "--format", "csv").splitlines())
    assert row["gates"].split()[:2] == ["active=yes", "window=yes"]
    assert "consent=no" in row["gates"].split()


def test_an_object_has_the_keys_of_previews_and_the_gates(folder: Path, run: Run) -> None:
    told_of = json.loads(story(folder, run, "cy", "--rule", "referral_ask", "--format", "json"))
    looked_at = run(folder, "preview", "--customer", "cy", "--all", "--now", NOW, "--format", "json").stdout
    assert list(told_of) == [*json.loads(looked_at.splitlines()[0]), "trigger", "opens", "closes", "gates"]
    assert told_of["opens"] == "2026-05-01T00:00:00+02:00"
    assert next(gate for gate in told_of["gates"] if not gate["ok"]) == {
        "gate": "consent",
        "ok": False,
        "wanted": "a yes to referral by email",
        "actual": "nothing is recorded",
        "until": None,
        "source": "rules/care.yaml:25",
    }


def test_a_draft_has_no_occasions_and_says_so(working: Path, run: Run) -> None:
    rules = working / "rules" / "care.yaml"
    rules.write_text(rules.read_text().replace("  farewell:\n", "  farewell:\n    status: draft\n"))
    said = run(working, "why", "gil", "--rule", "farewell", "--now", "2026-05-07T09:00").stdout
    assert "  it is a draft\n      farewell\n" in said


def test_a_contact_that_was_made_stands_in_the_timeline_with_what_came_of_it(working: Path, run: Run) -> None:
    lines = run(working, "why", "gil", "--now", "2026-05-05T09:00").stdout.splitlines()
    assert "  Mon  4 May 2026 10:00  > check_in         sent by email" in lines
    assert "  Thu  7 May 2026 10:00  ~ second_look      to go by email, as things stand" in lines


def test_a_terminal_shows_ticks_crosses_and_colours_and_its_own_width(folder: Path) -> None:
    shown = on_a_terminal(folder, "why", "bo", "--rule", "referral_ask", "--now", NOW, columns=80)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert plain != shown
    assert "    ✗ blocked.unresolved  ticket open since 1 May 2026; must not be: a ticket of" in plain
    assert "    ✓ consent        given on 6 Jan 2026; needs: a yes to referral by email" in plain
    assert [line for line in plain.splitlines() if len(line) > 80] == []


def test_a_terminal_without_colours_keeps_ticks_and_crosses(folder: Path) -> None:
    shown = on_a_terminal(folder, "why", "bo", "--rule", "referral_ask", "--now", NOW, columns=80, NO_COLOR="1")
    assert "    ✗ blocked.unresolved  ticket" in shown
    assert "\x1b" not in shown


def test_a_long_story_shows_its_newest_part_and_the_next_of_what_is_to_come(working: Path, run: Run) -> None:
    rules = working / "rules" / "care.yaml"
    rules.write_text(rules.read_text() + WEEKLY)
    scores = [happened("gil", "nps_answered", f"2026-03-{day:02}T09:00", score=day % 10) for day in range(1, 31)]
    (working / "scores.jsonl").write_text("\n".join(map(json.dumps, scores)))
    assert run(working, "import", "events", str(working / "scores.jsonl"), "--now", NOW).exit_code == 0
    shown = run(working, "why", "gil", "--now", NOW).stdout
    assert "  … 16 earlier entries (--all)" in shown
    assert "later entries (--all)" in shown
    assert "(--all)" not in run(working, "why", "gil", "--all", "--now", NOW).stdout


def thanking(folder: Path) -> None:
    """Write a rule that thanks for each order for two days, and place one whose second day is today."""
    (folder / "rules" / "thanks.yaml").write_text(
        "campaign: Thanks\nowner: care@example.com\nrules:\n  thanks: {reason: An order is a good moment to say so, "
        "asks_for: nothing, when: order_placed, after: 1 day, before: 3 days, send: note, by: [email]}\n"
    )
    (folder / "orders.jsonl").write_text(json.dumps(happened("ed", "order_placed", "2026-05-02T09:00")))
    result = run_in(folder, "import", "events", str(folder / "orders.jsonl"), "--now", NOW)
    assert result.exit_code == 0, result.output


LAST = "the last time at which it could speak has passed"


def test_when_the_last_time_to_speak_is_over_it_is_too_late_though_the_window_is_open(working: Path, run: Run) -> None:
    thanking(working)
    shown = run(working, "why", "ed", "--rule", "thanks", "--now", "2026-05-04T13:00").stdout
    assert f"Ended without a contact\n───────────────────────\nthanks: too late: {LAST}\n" in shown
    assert "its time has not come" not in shown
    assert "ends  " not in shown


def test_before_the_last_time_to_speak_is_over_it_is_to_go(working: Path, run: Run) -> None:
    thanking(working)
    shown = run(working, "why", "ed", "--rule", "thanks", "--now", "2026-05-04T11:00").stdout
    assert "thanks: will go by email, Mon 4 May 2026 11:00" in shown


@pytest.mark.parametrize("days", ["1", "30"])
def test_a_preview_says_so_of_what_can_speak_no_more(working: Path, run: Run, days: str) -> None:
    thanking(working)
    shown = run(working, "preview", "--all", "--rule", "thanks", "--days", days, "--now", "2026-05-04T13:00").stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("Ed Eden")]
    assert line == f"Ed Eden   thanks  too late  {LAST}"


def test_a_preview_that_ends_before_the_time_has_come_says_that(working: Path, run: Run) -> None:
    thanking(working)
    shown = run(working, "preview", "--all", "--rule", "thanks", "--days", "1", "--now", "2026-05-02T09:30").stdout
    assert "thanks  waiting  its time has not come  Sun  3 May 2026 10:00" in shown
