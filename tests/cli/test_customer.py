"""What one customer may ask of you."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typing_commands import MORNING, Run

from scheduler.store import Row, Task, archive
from scheduler.store.states import State
from scheduler.workspace import open_workspace

LATER = "2026-11-02T11:00+01:00"


@pytest.fixture
def contacted(active: Path) -> Row:
    """Of the sample shop on its first morning, a contact by mail that was made."""
    with open_workspace(active) as workspace:
        rows = workspace.store.ledger.rows(states={State.SENT})
        return next(row for row in rows if row.channel == "email")


def mails_of(folder: Path, customer: str) -> list[Path]:
    return [path for path in (folder / "outbox").iterdir() if f"-{customer}-" in path.name]


def test_the_page_says_who_they_are_and_what_they_agreed_to_got_and_will_get(
    active: Path, run: Run, contacted: Row
) -> None:
    run(active, "consent", contacted.customer, "withdrawn", "--topic", "offers", "--source", "a call", "--now", LATER)
    with open_workspace(active) as workspace:
        address = str(workspace.store.customers.read([contacted.customer]).__next__().attributes["email"])
    run(active, "suppress", address, "--cause", "asked on the phone", "--now", LATER)
    page = run(active, "customer", "show", contacted.customer, "--now", LATER)
    assert page.exit_code == 0
    said = " ".join(page.stdout.split())
    assert address in said
    assert "offers by every channel: withdrawn on" in said
    assert "(a call)" in said
    assert "their address for email: asked on the phone" in said
    assert f"{contacted.rule} by email, sent." in said
    assert f"rightreason why {contacted.customer}" in said


def test_the_page_has_stable_keys_for_programs(active: Path, run: Run, contacted: Row) -> None:
    told = json.loads(run(active, "customer", "show", contacted.customer, "--format", "json", "--now", LATER).stdout)
    assert list(told) == [
        *("customer", "timezone", "attributes", "consents", "suppressed", "paused_until", "holds", "last_contacts"),
        *("next_contact", "tasks"),
    ]
    assert contacted.key in {row["occasion"] for row in told["last_contacts"]}
    assert told["paused_until"] is None


def test_what_comes_next_is_what_the_preview_shows(active: Path, run: Run) -> None:
    preview = run(active, "preview", "--active", "--days", "90", "--format", "json", "--now", LATER).stdout
    shown: dict[str, dict[str, str]] = {}
    for contact in map(json.loads, preview.splitlines()):
        shown.setdefault(contact["customer"], contact)
    for customer, first in list(shown.items())[:5]:
        page = run(active, "customer", "show", customer, "--format", "json", "--now", LATER).stdout
        coming = json.loads(page)["next_contact"]
        assert (coming["rule"], coming["next_at"], coming["channel"]) == (first["rule"], first["at"], first["channel"])


def test_the_export_is_a_private_file_with_the_text_as_it_was_sent(active: Path, run: Run, contacted: Row) -> None:
    file = active / "copy.json"
    assert run(active, "customer", "export", contacted.customer, "--to", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    told = json.loads(file.read_text())
    texts = {one["occasion"]: one["text"] for one in told["files"]}
    assert "Subject: " in texts[contacted.key]
    assert told["customer"]["id"] == contacted.customer
    refused = run(active, "customer", "export", contacted.customer, "--to", str(file))
    assert (refused.exit_code, json.loads(file.read_text())) == (2, told)


def test_an_export_that_can_not_be_written_leaves_no_file(active: Path, run: Run, contacted: Row) -> None:
    refused = run(active, "customer", "export", contacted.customer, "--to", str(active / "no such folder" / "x.json"))
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_erased_are_facts_and_files_and_the_proof_is_named(active: Path, run: Run, contacted: Row) -> None:
    assert mails_of(active, contacted.customer)
    others = {*(active / "outbox").iterdir()} - {*mails_of(active, contacted.customer)}
    erased = run(active, "customer", "erase", contacted.customer, "--yes", "--now", LATER)
    assert erased.exit_code == 0
    assert "record of consent" in erased.stdout or "records of consent" in erased.stdout
    assert {*(active / "outbox").iterdir()} == others
    found = re.search(r"stays (erased-\w+)", erased.stdout)
    assert found is not None
    assert contacted.rule in run(active, "contacts", "--all", "--customer", found[1]).stdout
    again = run(active, "customer", "erase", contacted.customer, "--yes")
    assert (again.exit_code, "was erased on Mon" in again.stderr) == (2, True)


def test_who_comes_back_by_an_import_is_not_written_to(active: Path, run: Run, contacted: Row, tmp_path: Path) -> None:
    with open_workspace(active) as workspace:
        known = workspace.store.customers.get(contacted.customer)
    assert known is not None
    run(active, "customer", "erase", contacted.customer, "--yes", "--now", LATER)
    again = tmp_path / "again.csv"
    again.write_text(f"id,email\n{contacted.customer},{str(known.attributes['email']).upper()}\n")
    assert run(active, "import", "customers", str(again), "--now", LATER).exit_code == 0
    page = run(active, "customer", "show", contacted.customer, "--now", LATER).stdout
    assert "their address for email: erased" in " ".join(page.split())


def test_nobody_is_erased_whom_nobody_was_asked_about(active: Path, run: Run, contacted: Row) -> None:
    refused = run(active, "customer", "erase", contacted.customer)
    assert (refused.exit_code, "say --yes" in refused.stderr) == (2, True)
    assert run(active, "customer", "show", contacted.customer, "--now", LATER).exit_code == 0


def test_who_is_just_being_written_to_is_erased_later(active: Path, run: Run, contacted: Row) -> None:
    with open_workspace(active) as workspace, workspace.store.write() as connection:
        connection.exec_driver_sql("UPDATE occasion SET state = 'sending' WHERE key = ?", (contacted.key,))
    refused = run(active, "customer", "erase", contacted.customer, "--yes")
    assert (refused.exit_code, "wait for its outcome" in refused.stderr) == (2, True)
    assert mails_of(active, contacted.customer)


def test_a_name_is_not_enough_to_erase_somebody(shop: Path, run: Run) -> None:
    refused = run(shop, "customer", "erase", "amara@example.net", "--yes", "--now", MORNING)
    assert (refused.exit_code, "did you mean amara?" in refused.stderr) == (2, True)


def test_a_task_is_read_out(active: Path, run: Run, contacted: Row) -> None:
    with open_workspace(active) as workspace, workspace.store.write() as connection:
        connection.exec_driver_sql("UPDATE occasion SET state = 'queued', next_at = 1 WHERE key = ?", (contacted.key,))
    with open_workspace(active) as workspace:
        workspace.store.tasks.create([Task(contacted.key, "maria", "Ask how it went", contacted.closes)], now=1)
    page = run(active, "customer", "show", contacted.customer, "--now", LATER).stdout
    assert "maria, by" in page


def test_the_archive_is_told_and_erased_too_also_where_that_failed_before(
    active: Path, run: Run, contacted: Row
) -> None:
    columns = {"bucket": "number", "customer": "text", "id": "text", "at": "at", "properties": "text"}
    rows = [(1, contacted.customer, "old", 1, "{}")]
    file = archive.next_file(active / "archive", "event", "2020-01")
    archive.write(file, archive.frame(columns, rows))
    told = json.loads(run(active, "customer", "export", contacted.customer).stdout)
    assert [row["id"] for row in told["archive"]["event"]] == ["old"]
    assert "1 row of the archive" in run(active, "customer", "erase", contacted.customer, "--yes").stdout
    assert archive.rows_of(active / "archive", contacted.customer) == {}
    archive.write(file, archive.frame(columns, rows))
    assert "now they are there too" in run(active, "customer", "erase", contacted.customer, "--yes").stdout


def test_a_file_of_the_archive_that_can_not_be_read_is_named(active: Path, run: Run, contacted: Row) -> None:
    file = active / "archive" / "event" / "2024-01-000001-00000000.parquet"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"PAR1 no more PAR1")
    for words in (("export", contacted.customer), ("erase", contacted.customer, "--yes")):
        refused = run(active, "customer", *words)
        assert refused.exit_code == 1
        said = "".join(refused.stderr.split())
        assert "".join(str(file).split()) in said
        assert "moveitaway" in said
