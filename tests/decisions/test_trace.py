from dataclasses import replace

from deciding import HOUSE, ana, program

from scheduler.decisions.facts import Contact
from scheduler.decisions.outcome import Outcome
from scheduler.decisions.trace import Explanation, explain, recall
from scheduler.rulebook.model import AsksFor

HOUSE_WITH_CAP = (
    HOUSE.replace("frequency_caps: []", "frequency_caps:\n  - {at_most: 2, within: 7 days}")
    + "open_things: {ticket: {opened_by: opened, closed_by: closed}}\n"
)
RULES = """
note:
  reason: They would like to know it
  asks_for: nothing
  when: delivered
  after: 1 day
  before: 9 days
  only_if: [happy]
  unless: [{open: ticket}]
  by: [email]
  send: note
"""
CONDITIONS = "happy: {means: scored us 9 or 10, event: scored, latest: score, at_least: 9}"


def told(explanation: Explanation) -> dict[str, tuple[bool, str, str]]:
    return {answer.gate: (answer.ok, answer.wanted, answer.actual) for answer in explanation.gates}


def test_every_gate_answers_with_what_it_wanted_and_what_was_the_case() -> None:
    story = ana().event("2026-03-02 09:00", "delivered").event("2026-02-10 09:00", "scored", score=7)
    story = story.contacted("2026-02-28 10:00", "card")
    (explanation,) = explain(
        program(RULES, HOUSE_WITH_CAP, CONDITIONS), story.customer, story.at("2026-03-01"), story.at("2026-03-05")
    )
    assert explanation.decision.because == ("only_if.happy",)
    assert told(explanation) == {
        "active": (True, "the rule is active", "it is"),
        "window": (True, "from 3 Mar 2026 to 11 Mar 2026", "open"),
        "again": (True, "any time", "there was none"),
        "until": (True, "no goal is set", "none"),
        "only_if.happy": (False, "scored us 9 or 10", "scored score 7 on 10 Feb 2026"),
        "unless.1": (True, "not: a ticket is open", "no ticket is open"),
        "reachable": (True, "a usable address for email", "has email"),
        "consent": (True, "no objection to nothing by email", "nothing is recorded"),
        "send_hours": (True, "00:00 to 24:00", "Wed 12:00"),
        "cap.1": (True, "at most 2 within 7 days", "1: card on 28 Feb 2026"),
        "holdout": (True, "there is no control group", "not in it"),
    }


def test_an_answer_names_its_place_in_the_rules() -> None:
    story = ana().event("2026-03-02 09:00", "delivered")
    (explanation,) = explain(
        program(RULES, HOUSE_WITH_CAP, CONDITIONS), story.customer, story.at("2026-03-01"), story.at("2026-03-05")
    )
    places = {answer.gate: str(answer.source) for answer in explanation.gates}
    assert places["only_if.happy"].startswith("rules/test.yaml:")
    assert places["cap.1"] == "rules/house_rules.yaml:4:5"


def test_a_contact_is_explained_as_it_was_decided_itself_not_counted() -> None:
    story = ana().event("2026-03-02 09:00", "delivered").event("2026-02-10 09:00", "scored", score=9)
    (explanation,) = explain(
        program(RULES, HOUSE_WITH_CAP, CONDITIONS), story.customer, story.at("2026-03-01"), story.at("2026-04-01")
    )
    assert explanation.decision.outcome is Outcome.CONTACT
    assert explanation.asked == story.at("2026-03-03 10:00")
    assert told(explanation)["cap.1"] == (True, "at most 2 within 7 days", "0")
    assert all(answer.ok for answer in explanation.gates)


def test_a_past_contact_is_recalled_with_the_facts_of_its_time() -> None:
    story = ana().event("2026-03-02 09:00", "delivered", id="x").event("2026-02-10 09:00", "scored", score=9)
    story = story.event("2026-03-20 09:00", "opened")
    made = Contact("note/ana/x", "note", story.at("2026-03-03 10:00"), "email", AsksFor.NOTHING)
    customer = replace(story.customer, contacts=(made,), ended=frozenset({"note/ana/x"}))
    rules = program(RULES, HOUSE_WITH_CAP, CONDITIONS)
    explanation = recall(rules, customer, "note/ana/x", made.at, Outcome.CONTACT)
    assert explanation is not None
    assert (explanation.decision.outcome, explanation.decision.channel) == (Outcome.CONTACT, "email")
    assert all(answer.ok for answer in explanation.gates)


def test_a_past_silence_is_recalled_with_what_stood_in_its_way() -> None:
    story = ana().event("2026-03-02 09:00", "delivered", id="x").event("2026-03-20 09:00", "scored", score=9)
    customer = replace(story.customer, ended=frozenset({"note/ana/x"}))
    rules = program(RULES, HOUSE_WITH_CAP, CONDITIONS)
    explanation = recall(rules, customer, "note/ana/x", story.at("2026-03-11"), Outcome.TOO_LATE)
    assert explanation is not None
    assert explanation.decision.because == ("only_if.happy",)


def test_a_window_is_open_from_its_opening_up_to_the_instant_at_which_it_closes() -> None:
    story = ana().event("2026-03-02 09:00", "delivered", id="x")
    rules = program(RULES, HOUSE_WITH_CAP, CONDITIONS)
    opens, closes = story.at("2026-03-03"), story.at("2026-03-11")
    asked = [recall(rules, story.customer, "note/ana/x", at, Outcome.CANCELLED) for at in (opens, closes - 1, closes)]
    assert [told(one)["window"][0] for one in asked if one is not None] == [True, True, False]


def test_an_occasion_that_the_rules_no_longer_give_rise_to_cannot_be_recalled() -> None:
    rules = program(RULES, HOUSE_WITH_CAP, CONDITIONS)
    assert recall(rules, ana().customer, "note/ana/gone", 0, Outcome.TOO_LATE) is None
