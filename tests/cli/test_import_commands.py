from __future__ import annotations

from pathlib import Path

from typing_commands import MORNING, Run


def test_rows_are_counted_and_bad_ones_told_with_their_cause(empty: Path, run: Run) -> None:
    (empty / "people.csv").write_text("id,email\nC1,ana@example.com\nC2,nobody\n")
    result = run(empty, "import", "customers", str(empty / "people.csv"))
    assert result.exit_code == 0
    assert "2 rows: 1 added, 1 rejected" in result.stdout
    assert "rejected 1: The text is no e-mail address." in result.stdout
    assert "people.rejected.csv" in result.stdout


def test_the_same_file_again_is_known_already(empty: Path, run: Run) -> None:
    (empty / "people.csv").write_text("id\nC1\n")
    run(empty, "import", "customers", str(empty / "people.csv"))
    assert "1 row: 1 known already" in run(empty, "import", "customers", str(empty / "people.csv")).stdout


def test_a_file_of_which_nothing_can_be_taken_ends_with_1(empty: Path, run: Run) -> None:
    (empty / "people.csv").write_text("id,email\nC1,nobody\n")
    assert run(empty, "import", "customers", str(empty / "people.csv")).exit_code == 1


def test_columns_are_mapped_and_events_named(empty: Path, run: Run) -> None:
    (empty / "orders.csv").write_text("Who,When\nC1,3/4/2026\n")
    result = run(
        empty,
        *("import", "events", str(empty / "orders.csv"), "--name", "order_placed", "--create-customers"),
        *("--column", "customer=Who", "--column", "at=When", "--date-format", "%m/%d/%Y", "--timezone", "UTC"),
        *("--now", "2026-11-02"),
    )
    assert result.exit_code == 0, result.stderr
    assert "1 row: 1 added" in result.stdout
    assert "1 customer created with them" in result.stdout


def test_consents_are_taken(empty: Path, run: Run) -> None:
    (empty / "consent.csv").write_text("customer,topic,status,at\nC1,offers,given,2026-03-01T09:00:00Z\n")
    result = run(empty, "import", "consent", str(empty / "consent.csv"), "--create-customers", "--now", "2026-11-02")
    assert "1 row: 1 added" in result.stdout


def test_a_mapping_that_is_none_is_refused(empty: Path, run: Run) -> None:
    (empty / "people.csv").write_text("id\nC1\n")
    result = run(empty, "import", "customers", str(empty / "people.csv"), "--column", "id")
    assert result.exit_code == 2
    assert "--column 'id': write it as ours=theirs" in result.stderr


def test_a_field_that_is_mapped_twice_is_refused(empty: Path, run: Run) -> None:
    (empty / "people.csv").write_text("id\nC1\n")
    options = ("--column", "id=a", "--column", "id=b")
    assert "id is given twice" in run(empty, "import", "customers", str(empty / "people.csv"), *options).stderr


def test_a_missing_file_ends_with_2(empty: Path, run: Run) -> None:
    assert run(empty, "import", "customers", str(empty / "nothing.csv")).exit_code == 2


def test_a_consent_of_an_unknown_topic_is_told(shop: Path, run: Run) -> None:
    (shop / "c.csv").write_text("customer,topic,status,at\namara,ofers,withdrawn,2026-01-01T00:00:00Z\n")
    result = run(shop, "import", "consent", str(shop / "c.csv"), "--now", MORNING)
    assert result.exit_code == 1
    assert "rejected 1: A consent is of a topic that the house rules don't have." in result.stdout
