from __future__ import annotations

from pathlib import Path

import pytest
from keeping import HOUSE, Business, at, in_business, local, rulebook

from scheduler.decisions.facts import Customer
from scheduler.delivery.assigning import Assigner, Turn, assigner, people_of
from scheduler.rulebook.people import People, people_from_text
from scheduler.store.tasks import Load

PEOPLE = """\
people:
  maja:
    {name: Maja, hours: {from: "09:00", to: "17:00", days: [mon, tue, wed, thu, fri]}, tasks_a_day: 2, deputy: tomas}
  jonas: {name: Jonas, hours: {from: "09:00", to: "17:00", days: [mon, tue, wed]}, tasks_a_day: 2}
  tomas: {name: Tomas, tasks_a_day: 1, deputy: ines}
  ines: {name: Ines}
roles:
  care: {members: [maja, jonas], due: 1 business day, escalate_to: manager, escalate_after: 2 business days}
  manager: {members: [ines], due: 4 hours}
"""
MONDAY, THURSDAY = "2026-03-02 10:00", "2026-03-05 10:00"
CALL = """
call: {reason: They left us and we want to learn why., asks_for: nothing, when: left, assign: care, script: words}
"""
TOLD = """
told: {reason: Somebody takes care of what was wrong., asks_for: nothing, when: task_assigned, send: words, by: [email]}
"""


def people(*changes: tuple[str, str]) -> People:
    text = PEOPLE
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    found, findings = people_from_text(text)
    assert findings == []
    return found


def turn(
    assign: str = "care",
    now: str = MONDAY,
    who: People | None = None,
    loads: dict[str, Load] | None = None,
    **facts: str,
) -> Turn:
    book = rulebook(CALL.replace("assign: care", f"assign: {assign}"))
    assigning = Assigner(people() if who is None else who, book.house, loads or {}, at(now))
    return assigning.assign(book.rules["call"], Customer("ana", facts, ()))


# --- whose turn it is --------------------------------------------------------------------------------------------


def test_of_a_role_whoever_has_the_fewest_open_tasks_gets_it_and_else_the_first_named() -> None:
    assert turn().assignee == "maja"
    assert turn(loads={"maja": Load(open=1)}).assignee == "jonas"


def test_the_members_of_a_role_take_turns() -> None:
    house = rulebook(CALL).house
    assigning = Assigner(people(("tasks_a_day: 2", "tasks_a_day: 9")), house, {}, at(MONDAY))
    assert [assigning.chosen("care") for _ in range(4)] == ["maja", "jonas", "maja", "jonas"]


def test_who_is_at_work_first_gets_it_however_much_they_have_to_do() -> None:
    assert turn(now=THURSDAY, loads={"maja": Load(open=5)}).assignee == "maja"


def test_who_has_had_as_many_today_as_they_can_do_gets_no_more() -> None:
    assert turn(loads={"maja": Load(open=0, today=2), "jonas": Load(open=1, today=1)}).assignee == "jonas"


FULL = {name: Load(open=3, today=3) for name in ("maja", "jonas")}


def test_where_all_members_are_full_the_deputies_step_in_one_after_the_other() -> None:
    assert turn(loads=FULL).assignee == "tomas"
    assert turn(loads={**FULL, "tomas": Load(open=1, today=1)}).assignee == "ines"


def test_where_everybody_is_full_whoever_has_least_gets_it_and_never_nobody() -> None:
    full = people(("ines: {name: Ines}", "ines: {name: Ines, tasks_a_day: 1}"))
    loads = {**FULL, "tomas": Load(open=2, today=1), "ines": Load(open=4, today=1)}
    assert turn(who=full, loads=loads).assignee == "tomas"


AWAY = (("deputy: tomas}", "deputy: tomas, away: [{from: 2026-03-01, to: 2026-03-06}]}"),)


def test_who_is_away_gets_nothing_and_their_deputy_does() -> None:
    assert turn(who=people(*AWAY)).assignee == "jonas"
    assert turn("maja", who=people(*AWAY)).assignee == "tomas"
    assert turn("maja", "2026-03-09 10:00", who=people(*AWAY)).assignee == "maja"


def test_who_is_away_on_their_next_day_at_work_is_away() -> None:
    assert turn("maja", "2026-02-28 10:00", who=people(*AWAY)).assignee == "tomas"


def test_where_everybody_is_away_the_first_gets_it() -> None:
    march = "away: [{from: 2026-03-01, to: 2026-03-31}]"
    away = people(*((f"name: {name}", f"{march}, name: {name}") for name in ("Maja", "Jonas", "Tomas", "Ines")))
    assert turn("maja", who=away).assignee == "maja"


def test_the_night_and_the_weekend_are_no_absence() -> None:
    assert turn("maja", "2026-03-07 03:00").assignee == "maja"


@pytest.mark.parametrize(
    ("owner", "assignee"), [("ines", "ines"), ("manager", "maja"), ("somebody", "maja"), ("", "maja")]
)
def test_the_owner_of_an_account_is_a_person_or_else_the_role_care(owner: str, assignee: str) -> None:
    assert turn("account_owner", owner=owner).assignee == assignee


def test_without_people_a_task_stays_with_the_name_that_is_written() -> None:
    assert turn("care", who=People()).assignee == "care"
    assert turn("account_owner", who=People(), owner="maria").assignee == "maria"


# --- by when -----------------------------------------------------------------------------------------------------


def instants(found: Turn) -> tuple[str, str, str]:
    return local(found.due), local(found.deputy_at), local(found.escalates_at)


def test_a_task_is_due_by_the_terms_of_its_role() -> None:
    assert turn().role == "care"
    assert instants(turn()) == ("2026-03-03 10:00", "2026-03-03 10:00", "2026-03-04 10:00")


def test_a_named_person_has_the_terms_of_their_first_role() -> None:
    assert turn("jonas").role == "care"
    assert instants(turn("ines")) == ("2026-03-02 14:00", "2026-03-02 14:00", "2026-03-02 18:00")


def test_a_person_without_a_role_has_one_business_day() -> None:
    assert (turn("tomas").role, instants(turn("tomas"))) == (
        "",
        ("2026-03-03 10:00", "2026-03-03 10:00", "2026-03-04 10:00"),
    )


def test_the_time_runs_from_when_its_assignee_is_at_work() -> None:
    assert instants(turn("maja", "2026-03-07 03:00"))[0] == "2026-03-10 09:00"
    assert instants(turn("maja", "2026-03-02 17:00"))[0] == "2026-03-04 09:00"


def test_where_a_role_escalates_before_a_task_is_due_the_deputy_has_it_until_then() -> None:
    early = people(("escalate_after: 2 business days", "escalate_after: 2 hours"))
    assert instants(turn(who=early)) == ("2026-03-03 10:00", "2026-03-02 12:00", "2026-03-03 10:00")


def test_the_holidays_of_the_house_are_no_business_days() -> None:
    house = HOUSE.replace("days: all}}", "days: all}, closed: [2026-03-03]}")
    book = rulebook(CALL, house)
    found = Assigner(people(), book.house, {}, at(MONDAY)).assign(book.rules["call"], Customer("ana", {}, ()))
    assert local(found.due) == "2026-03-04 10:00"


# --- as it is delivered ------------------------------------------------------------------------------------------


def test_tasks_made_together_are_shared_out_and_the_day_is_that_of_the_house(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "people.yaml").write_text(PEOPLE, encoding="utf-8")
        left(business, "ana", "bo", "cem")
        tasks = business.store.tasks
        assert sorted((task.assignee, task.role) for task in tasks.list()) == [
            *(("jonas", "care"), ("maja", "care"), ("maja", "care"))
        ]
        house = business.rules.program.house
        assert assigner(tasks, people(), house, at("2026-03-02 16:00")).chosen("maja") == "tomas"
        assert assigner(tasks, people(), house, at("2026-03-03 00:00")).chosen("maja") == "maja"


def left(business: Business, *names: str) -> None:
    business.goes_by(CALL, "2026-03-01", HOUSE)
    for name in names:
        business.customer(name, phone="+4930123456")
        business.event("left", MONDAY, name)
    business.tick(MONDAY)


def test_a_task_goes_by_the_people_as_their_file_has_them_now(tmp_path: Path) -> None:
    file = tmp_path / "rules" / "people.yaml"
    file.parent.mkdir()
    file.write_text(PEOPLE, encoding="utf-8")
    before, problem = people_of(tmp_path, People())
    assert (before, problem) == (people(), "")
    file.write_text("people: {maja: {}}\n", encoding="utf-8")
    kept, problem = people_of(tmp_path, before)
    assert kept == before
    assert "rules/people.yaml can't be used" in problem


def test_who_has_no_number_gets_a_task_too_where_the_person_may_write(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        business.goes_by(CALL.replace("script: words", "script: words, by: [phone, email]"), "2026-03-01", HOUSE)
        business.customer("ana")
        business.event("left", MONDAY, "ana", id="l1")
        business.tick(MONDAY)
        assert [task.key for task in business.store.tasks.list()] == ["call/ana/l1"]
        assert business.row("call/ana/l1").channel == "email"
        assert business.sinks.sink("email").taken == []  # nothing is sent to the customer


def test_what_follows_from_a_task_goes_in_the_tick_that_makes_it(tmp_path: Path) -> None:
    with in_business(tmp_path) as business:
        business.goes_by(CALL + TOLD, "2026-03-01", HOUSE)
        business.customer("ana", phone="+4930123456")
        business.event("left", MONDAY, "ana", id="l1")
        business.tick(MONDAY)
        assert business.states(rule="told") == {"told/ana/task_assigned%3Acall%2Fana%2Fl1": "sent"}
