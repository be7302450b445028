"""The measures on tickets and churn of a kind of data that was not made for them, against figures worked out by hand.

The extract is made up in the shape of RavenStack's files (byte order mark, D-M-Y dates, gaps). For 2024-03 and 2024-04:

- Active as March begins: A-1, A-2, A-3, A-4. A-2 left on 12 March: 1 of 4 lost. As April begins: A-1, A-3, A-4, A-5;
  A-4 left on 1 April and A-3 on the 18th: 2 of 4. A-2 came back on 2 April and A-6 is new: so at the end of April 4 of
  all 6 are there, at the end of March 4 of 5.
- Closed in March: T-1 after 6 h, T-2 after 24 h, T-3 after 12 h; in April T-4 after 36 h, T-5 after 3 h.
- Opened in March: T-1 to T-4, answered after 30, 60, 90 and 120 min; in April T-5 and T-6, after 10 and 200 min.
- Scores given (as a ticket closes) in March: 5 and 2; in April: 4 and 3.

The whole data set is read where RIGHTREASON_RAVENSTACK names its folder. Its figures were worked out apart from all this
with csv, sorted and statistics.median alone: for each account the list of (date, 0 for a start or 1 for a churn event),
active before an instant if the largest of those before it is a start; for tickets closing - submission, and the lesser
of that and the first response.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.decisions.facts import Event, Value
from scheduler.measures.measure import Figure
from scheduler.measures.measuring import measured
from scheduler.measures.period import period
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerEvent, open_store

HERE = Path(__file__).parent
REAL = os.environ.pop("RIGHTREASON_RAVENSTACK", None)
"""Taken out of the environment, where settings would refuse it as one that they don't know."""
HOUSE = """
timezone: UTC
open_things:
  ticket: {opened_by: ticket_opened, closed_by: ticket_closed, key: ticket_id}
"""
NOW = int(datetime(2025, 2, 1, tzinfo=UTC).timestamp()) * 1_000_000
HOUR, MINUTE = 3_600, 60


def rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with (folder / f"ravenstack_{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def instant(written: str) -> int:
    form = "%d-%m-%Y %H:%M" if " " in written else "%d-%m-%Y"
    return int(datetime.strptime(written, form).replace(tzinfo=UTC).timestamp()) * 1_000_000


def facts(folder: Path) -> Iterator[CustomerEvent]:
    """An account's subscriptions begin one by one and end all together, as its churn event says."""
    for row in rows(folder, "subscriptions"):
        yield event(row["account_id"], "subscription_started", row["subscription_id"], instant(row["start_date"]))
    for row in rows(folder, "churn_events"):
        yield event(row["account_id"], "subscription_cancelled", row["churn_event_id"], instant(row["churn_date"]))
    for row in rows(folder, "supports_ticket"):
        who, ticket, opened = row["account_id"], row["ticket_id"], instant(row["submitted_at"])
        waited = timedelta(minutes=float(row["first_response_time_minutes"])) // timedelta(microseconds=1)
        yield event(who, "ticket_opened", ticket, opened, ticket_id=ticket)
        yield event(who, "ticket_answered", ticket, opened + waited, ticket_id=ticket)
        yield event(who, "ticket_closed", ticket, instant(row["closed_at"]), ticket_id=ticket)
        if row["satisfaction_score"]:
            score = int(float(row["satisfaction_score"]))
            yield event(who, "csat_answered", ticket, instant(row["closed_at"]), score=score)


def event(customer: str, name: str, number: str, at: int, **properties: Value) -> CustomerEvent:
    return CustomerEvent(customer, Event(f"{name}:{number}", name, at, at, properties))


def figures_of(folder: Path, database: Path, last: str) -> Mapping[tuple[str, str], Figure]:
    """The figures of the two months up to `last`, by name (with the cohort behind it) and month."""
    rulebook, findings = rulebook_from_texts({"rules/house_rules.yaml": HOUSE})
    assert not findings
    with open_store(f"sqlite:///{database}") as store:
        taken = store.events.add([*facts(folder)], now=NOW, create_customers=True)
        assert not taken.refused
        found = measured(store, rulebook, period(last, 2, "UTC", NOW), database.parent / "archive")
    return {(" ".join([one.name, *one.groups.values()]), one.period): one for one in found}


def told(found: Mapping[tuple[str, str], Figure], name: str, month: str) -> tuple[float | None, int]:
    one = found[name, month]
    return None if one.value is None else round(one.value, 4), one.count


@pytest.fixture(scope="module")
def extract(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Figure]:
    database = tmp_path_factory.mktemp("extract") / "rightreason.db"
    shutil.copy(sqlite_file, database)
    return figures_of(HERE / "extract", database, "2024-04")


@pytest.mark.parametrize(
    ("name", "march", "april"),
    [
        ("churn", (25.0, 4), (50.0, 4)),
        ("churn 2024-01", (50.0, 2), (0.0, 1)),
        ("churn 2024-02", (0.0, 2), (100.0, 2)),
        ("retention", (80.0, 5), (66.6667, 6)),
        ("retention 2024-01", (50.0, 2), (100.0, 2)),
        ("solution.median ticket", (12.0 * HOUR, 3), (19.5 * HOUR, 2)),
        ("solution.p90 ticket", (24.0 * HOUR, 3), (36.0 * HOUR, 2)),
        ("first_response.median ticket", (75.0 * MINUTE, 4), (105.0 * MINUTE, 2)),
        ("first_response.p90 ticket", (120.0 * MINUTE, 4), (200.0 * MINUTE, 2)),
        ("csat", (50.0, 2), (50.0, 2)),
    ],
)
def test_the_figures_of_the_extract_are_those_worked_out_by_hand(
    extract: Mapping[tuple[str, str], Figure],
    name: str,
    march: tuple[float, int],
    april: tuple[float, int],
) -> None:
    assert (told(extract, name, "2024-03"), told(extract, name, "2024-04")) == (march, april)


@pytest.mark.parametrize(
    ("name", "may", "june"),
    [
        ("churn", (round(100 * 13 / 255, 4), 255), (round(100 * 23 / 285, 4), 285)),
        ("retention", (round(100 * 285 / 310, 4), 310), (round(100 * 297 / 337, 4), 337)),
        ("solution.median ticket", (38.0 * HOUR, 80), (39.0 * HOUR, 77)),
        ("solution.p90 ticket", (60.0 * HOUR, 80), (63.0 * HOUR, 77)),
        ("first_response.median ticket", (89.0 * MINUTE, 81), (86.0 * MINUTE, 78)),
        ("first_response.p90 ticket", (159.0 * MINUTE, 81), (174.0 * MINUTE, 78)),
        ("csat", (round(100 * 38 / 52, 4), 52), (round(100 * 34 / 48, 4), 48)),
    ],
)
def test_the_figures_of_the_whole_data_set_are_those_worked_out_apart(
    whole: Mapping[tuple[str, str], Figure], name: str, may: tuple[float, int], june: tuple[float, int]
) -> None:
    assert (told(whole, name, "2024-05"), told(whole, name, "2024-06")) == (may, june)


@pytest.fixture(scope="module")
def whole(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Figure]:
    if REAL is None:
        pytest.skip("RIGHTREASON_RAVENSTACK names no folder with RavenStack's files; the extract stands for them")
    database = tmp_path_factory.mktemp("whole") / "rightreason.db"
    shutil.copy(sqlite_file, database)
    return figures_of(Path(REAL), database, "2024-06")
