from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from rulebook_shop import PEOPLE, RULE, codes, read

from scheduler.durations import Duration
from scheduler.errors import RulebookError
from scheduler.rulebook.people import People, load_people, people_from_text, read_people

WRITTEN = """\
people:
  maria: {name: Maria Lopez, email: maria@example.com, hours: {from: "09:00", to: "17:00", days: [mon, fri]}, tasks_a_day: 12, deputy: jonas}
  jonas: {name: Jonas Berg, email: jonas@example.com, alert: "slack://somewhere"}
roles:
  care: {members: [maria, jonas], due: 1 business day, escalate_to: manager, escalate_after: 2 business days}
  manager: {members: [jonas], due: 1 business day}
"""


def test_people_and_roles_are_read() -> None:
    people, findings = people_from_text(WRITTEN)
    assert findings == []
    assert (people.people["maria"].deputy, people.people["maria"].tasks_a_day) == ("jonas", 12)
    assert people.roles["care"].escalate_after == Duration.parse("2 business days")


def test_a_task_may_go_to_a_role_a_person_or_whoever_answers_for_the_customer() -> None:
    people, _ = people_from_text(WRITTEN)
    assert [people.takes(name) for name in ("care", "maria", "account_owner", "nobody")] == [True, True, True, False]


def test_no_file_is_nobody(tmp_path: Path) -> None:
    assert read_people(tmp_path) == (People(), [])


def test_loading_raises_where_the_file_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "people.yaml").write_text(WRITTEN.replace("deputy: jonas", "deputy: jo"), encoding="utf-8")
    with pytest.raises(RulebookError):
        load_people(tmp_path)


def test_a_chain_of_deputies_may_end() -> None:
    text = WRITTEN.replace("alert:", "deputy: ana, alert:").replace("roles:", "  ana: {name: Ana Ruiz}\nroles:")
    assert people_from_text(text)[1] == []


def test_the_owner_of_an_account_needs_the_role_that_stands_in() -> None:
    text = RULE.replace("send: hello", "assign: account_owner\n    script: call").replace("[email]", "[phone]")
    _, findings = read(rules__tested=text, rules__people=PEOPLE.replace("care:", "sales:"))
    assert [(finding.code, finding.severity) for finding in findings] == [("unknown-person", "warning")]


def test_findings_about_people_come_with_those_about_rules() -> None:
    _, findings = read(rules__people="people: {maria: {}}\n")
    assert codes(findings) == ["missing-key"]


def test_an_absence_ends_after_it_begins() -> None:
    away = WRITTEN.replace("deputy: jonas}", "deputy: jonas, away: [{from: 2026-03-09, to: 2026-03-02}]}")
    [finding] = people_from_text(away)[1]
    assert (finding.code, finding.place.line) == ("starts-after-ends", 2)


def test_somebody_is_away_from_the_first_day_to_the_last() -> None:
    people, findings = people_from_text(
        WRITTEN.replace("deputy: jonas}", "deputy: jonas, away: [{from: 2026-03-02, to: 2026-03-04}]}")
    )
    assert findings == []
    days = [date(2026, 3, day) for day in range(1, 6)]
    assert [people.people["maria"].is_away(day) for day in days] == [False, True, True, True, False]


def test_the_role_of_a_person_is_the_first_that_names_them() -> None:
    people, _ = people_from_text(WRITTEN)
    assert [people.role_of(name) for name in ("jonas", "nobody")] == ["care", ""]
