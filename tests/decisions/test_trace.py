from dataclasses import replace
from datetime import date

from deciding import HOUSE, Story, ana, program

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
        "active": (True, "an active rule", "it is active"),
        "window": (True, "from 3 Mar 2026, before 11 Mar 2026", "open"),
        "again": (True, "nothing", "there is none"),
        "until": (True, "nothing", "no goal is set"),
        "only_if.happy": (False, "scored us 9 or 10", "scored score 7 on 10 Feb 2026"),
        "unless.1": (True, "no ticket open", "no ticket is open"),
        "reachable": (True, "a usable address for email", "their email is known"),
        "consent": (True, "no objection to nothing by email", "no objection is recorded"),
        "send_hours": (True, "00:00 to 24:00", "Wed 12:00"),
        "cap.1": (True, "at most 2 within 7 days", "1: card on 28 Feb 2026"),
        "holdout": (True, "nothing", "there is no control group"),
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
    assert told(explanation)["cap.1"] == (True, "at most 2 within 7 days", "none")
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


def test_of_contacts_at_its_own_instant_only_those_made_before_are_recalled() -> None:
    house = HOUSE.replace("frequency_caps: []", "frequency_caps: [{at_most: 2, within: 7 days}]")
    keys = "{reason: They like it, asks_for: nothing, when: delivered, after: 1 day, before: 9 days, by: [email]"
    rules = program(f"early: {keys}, priority: 9}}\nlate: {keys}, priority: 1}}\n", house)
    story = ana().event("2026-03-02 09:00", "delivered", id="x")
    at = story.at("2026-03-03 10:00")
    contacts = tuple(Contact(f"{rule}/ana/x", rule, at, "email", AsksFor.NOTHING) for rule in ("early", "late"))
    customer = replace(story.customer, contacts=contacts, ended=frozenset({"early/ana/x", "late/ana/x"}))
    recalled = [recall(rules, customer, f"{rule}/ana/x", at, Outcome.CONTACT) for rule in ("early", "late")]
    assert [told(one)["cap.1"][2] for one in recalled if one] == ["none", "1: early on 3 Mar 2026"]


def test_a_contact_that_another_one_at_its_instant_gave_rise_to_is_recalled_after_it() -> None:
    keys = "reason: They like it, asks_for: nothing, by: [email]"
    rules = program(
        f"first: {{{keys}, when: delivered, before: 9 days, priority: 1}}\n"
        f"second: {{{keys}, when: {{contact: first}}, before: 9 days, priority: 9}}\n"
    )
    story = ana().event("2026-03-02 09:00", "delivered", id="x")
    made = explain(rules, story.customer, 0, story.at("2026-03-05"))
    assert len({one.decision.at for one in made}) == 1
    contacts = tuple(
        Contact(one.decision.occasion, one.decision.rule, one.decision.at, "email", AsksFor.NOTHING) for one in made
    )
    customer = replace(story.customer, contacts=contacts, ended=frozenset(one.occasion for one in contacts))
    recalled = [recall(rules, customer, one.occasion, one.at, Outcome.CONTACT) for one in contacts]
    assert all(one is not None and all(answer.ok for answer in one.gates) for one in recalled)


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


VISITS = """
reminder:
  reason: A reminder saves them a way
  asks_for: nothing
  when: {event: booked, date: day, same: visit}
  ahead: 2 days
  by: [email]
  send: note
"""
QUIET = """
quiet:
  reason: They have not bought for a while
  asks_for: nothing
  when: {silence: bought}
  after: 30 days
  before: 40 days
  by: [email]
  send: note
"""
UNTIL_RATED = QUIET.replace("  by:", "  until: rated\n  by:")


def gate_four(story: Story, rules: str, at: str, *, of: int = 0) -> tuple[bool, str, str, bool]:
    """Gate `until` of an occasion, asked up to `at`, and whether something newer took its ground away."""
    compiled = program(rules, HOUSE_WITH_CAP, CONDITIONS)
    explanation = explain(compiled, story.customer, story.at("2026-03-01"), story.at(at))[of]
    return *told(explanation)["until"], explanation.voided


def test_a_date_that_moved_says_by_what_and_to_which_day() -> None:
    story = ana().event("2026-03-02 09:00", "booked", visit="V", day=date(2026, 3, 20))
    story = story.event("2026-03-05 09:00", "booked", visit="V", day=date(2026, 4, 2))
    assert gate_four(story, VISITS, "2026-03-25") == (
        False,
        "no newer booked that moves the date",
        "the date was moved to 2 Apr 2026 by booked on 5 Mar 2026",
        True,
    )


def test_an_instant_that_moved_is_told_in_local_time() -> None:
    story = ana().event("2026-03-02 09:00", "booked", visit="V", day=date(2026, 3, 20))
    story = story.event("2026-03-05 09:00", "booked", visit="V", day="2026-04-02T12:00:00+00:00")
    assert gate_four(story, VISITS, "2026-03-25")[2] == (
        "the date was moved to 2 Apr 2026 14:00 by booked on 5 Mar 2026"
    )


def test_a_booking_of_another_visit_moves_no_date() -> None:
    story = ana().event("2026-03-02 09:00", "booked", visit="V", day=date(2026, 3, 20))
    story = story.event("2026-03-05 09:00", "booked", visit="W", day=date(2026, 4, 2))
    assert gate_four(story, VISITS, "2026-03-25")[2:] == ("none came", False)


def test_a_silence_that_is_over_says_what_ended_it_first() -> None:
    story = ana().event("2026-02-10 09:00", "bought").event("2026-03-02 09:00", "bought")
    story = story.event("2026-03-08 09:00", "bought")
    assert gate_four(story, QUIET, "2026-03-20") == (
        False,
        "no newer bought",
        "bought happened again on 2 Mar 2026",
        True,
    )


def test_a_goal_and_a_silence_are_told_apart() -> None:
    story = ana().event("2026-02-10 09:00", "bought")
    both = "no newer bought; no rated yet"
    goal = gate_four(story.event("2026-03-02 09:00", "rated"), UNTIL_RATED, "2026-03-20")
    assert goal == (False, both, "reached: rated on 2 Mar 2026", False)
    broken = gate_four(story.event("2026-03-02 09:00", "bought"), UNTIL_RATED, "2026-03-20")
    assert broken == (False, both, "bought happened again on 2 Mar 2026", True)


def test_a_silence_after_our_contact_is_over_by_the_next_one() -> None:
    rules = QUIET.replace("silence: bought", "silence: contact")
    story = ana().contacted("2026-02-10 10:00", "card").contacted("2026-03-02 10:00", "card")
    assert gate_four(story, rules, "2026-03-20")[2:] == ("we contacted them by card on 2 Mar 2026", True)


def test_a_goal_that_is_a_condition_says_what_is_the_case() -> None:
    story = ana().event("2026-02-10 09:00", "bought").event("2026-02-11 09:00", "rated", stars=5)
    rules = QUIET.replace("  by:", "  until: {event: rated, latest: stars, at_least: 5}\n  by:")
    assert gate_four(story, rules, "2026-03-20")[1:3] == (
        "no newer bought; not yet: the latest stars of rated is at least 5",
        "reached: rated stars 5 on 11 Feb 2026",
    )


def changed_by(story: Story, rules: str, gate: str, house: str = HOUSE_WITH_CAP) -> tuple[str, ...]:
    compiled = program(rules, house, CONDITIONS)
    (explanation,) = explain(compiled, story.customer, story.at("2026-03-01"), story.at("2026-03-05"))
    return next(answer.changed_by for answer in explanation.gates if answer.gate == gate)


def test_a_no_names_the_facts_that_could_change_it() -> None:
    story = ana(email=None).event("2026-03-02 09:00", "delivered").event("2026-03-01 09:00", "opened")
    assert changed_by(story, RULES, "only_if.happy") == ("scored",)
    assert changed_by(story, RULES, "unless.1") == ("closed",)
    assert changed_by(story, RULES, "reachable") == ("a usable address for email",)


def test_a_task_that_is_to_be_made_is_told_of_as_what_it_opens() -> None:
    call = (
        "call: {reason: They will be called, asks_for: nothing, when: hurt, assign: care, script: words, by: [phone]}"
    )
    house = HOUSE_WITH_CAP + "  recovery: {opened_by: task_assigned, closed_by: task_ended, key: occasion}\n"
    house = house.replace("open_things: {ticket: {opened_by: opened, closed_by: closed}}", "open_things:")
    rules = RULES.replace("open: ticket", "open: recovery") + call
    story = ana(phone="+49301234567").event("2026-03-01 09:00", "hurt").event("2026-03-02 09:00", "delivered")
    compiled = program(rules, house, CONDITIONS)
    explained = explain(compiled, story.customer, story.at("2026-03-01"), story.at("2026-03-05"))
    (note,) = [one for one in explained if one.decision.rule == "note"]
    assert told(note)["unless.1"] == (False, "no recovery open", "recovery open since 1 Mar 2026")
    assert [one.changed_by for one in note.gates if one.gate == "unless.1"] == [("task_ended",)]


def test_what_has_happened_once_is_not_undone_by_more_of_it() -> None:
    rules = RULES.replace("unless: [{open: ticket}]", "unless: [{event: returned}]")
    story = ana().event("2026-03-01 09:00", "returned").event("2026-03-02 09:00", "delivered")
    assert changed_by(story, rules, "unless.1") == ()


def test_a_yes_names_none() -> None:
    assert changed_by(ana().event("2026-03-02 09:00", "delivered"), RULES, "unless.1") == ()


def test_of_a_combination_only_what_would_help_is_named() -> None:
    wanted = "only_if: [{any_of: [{event: rated}, {event: praised}]}, {none_of: [{event: cursed}, {open: ticket}]}]"
    rules = RULES.replace("only_if: [happy]", wanted)
    story = ana().event("2026-03-02 09:00", "delivered").event("2026-03-01 09:00", "opened")
    assert changed_by(story, rules, "only_if.1") == ("rated", "praised")
    assert changed_by(story, rules, "only_if.2") == ("closed",)


def test_an_alternative_to_what_holds_already_is_not_named() -> None:
    wanted = "only_if: [{all_of: [{any_of: [{event: rated}, {event: praised}]}, {event: paid}]}]"
    story = ana().event("2026-03-02 09:00", "delivered").event("2026-03-01 09:00", "rated")
    assert changed_by(story, RULES.replace("only_if: [happy]", wanted), "only_if.1") == ("paid",)


def test_it_says_at_which_times_of_day_it_may_speak() -> None:
    story = ana().event("2026-03-02 09:00", "delivered")
    speaks = []
    for rules in (
        RULES,
        RULES.replace("after: 1 day", 'after: 1 day\n  at: "09:30"'),
        RULES.replace("1 day", "2 hours"),
    ):
        (explanation,) = explain(program(rules, HOUSE_WITH_CAP, CONDITIONS), story.customer, 0, story.at("2026-03-05"))
        speaks.append(explanation.speaks)
    assert speaks == [
        "at 10:00 of each day of its window, or up to 2 hours later",
        "at 09:30 of each day of its window, or up to 2 hours later",
        "at any time of its window",
    ]


def test_what_was_given_and_does_not_do_says_why() -> None:
    house = HOUSE_WITH_CAP + "asks: {any: {gives: 30 days, value_window: none}}\n"
    rules = RULES.replace("asks_for: nothing", "asks_for: review")
    story = ana().event("2026-03-02 09:00", "delivered").consent("2026-01-01")
    told_of = []
    for given in (
        story.contacted("2026-01-05 10:00", "card"),
        story.contacted("2026-03-04 10:00", "card"),
        story.contacted("2026-02-20 10:00", "card").contacted("2026-02-25 10:00", "ask", "review"),
    ):
        (one,) = explain(
            program(rules, house, CONDITIONS), given.customer, given.at("2026-03-01"), given.at("2026-03-05")
        )
        told_of.append(told(one)["gives"][2])
    assert told_of == [
        "the last is card of 5 Jan 2026, too long ago",
        "the last is card of 4 Mar 2026, the same day",
        "the last is card of 20 Feb 2026, and the ask ask of 25 Feb 2026 came after it",
    ]


def test_somebody_who_was_given_nothing_yet_is_told_what_has_to_come_first() -> None:
    house = HOUSE_WITH_CAP + "asks: {any: {gives: 90 days, value_window: none}}\n"
    story = ana().event("2026-03-02 09:00", "delivered").consent("2026-01-01")
    rules = RULES.replace("asks_for: nothing", "asks_for: review")
    (one,) = explain(program(rules, house, CONDITIONS), story.customer, story.at("2026-03-01"), story.at("2026-03-05"))
    assert told(one)["gives"][2] == (
        "nothing was given within 90 days; a contact that asks for nothing has to come first"
    )


def test_a_closed_date_and_a_holiday_say_so() -> None:
    hours = '{any: {from: "00:00", to: "24:00", days: all, holidays: skip}, closed: [2026-03-04]}'
    house = HOUSE_WITH_CAP.replace('{any: {from: "00:00", to: "24:00", days: all}}', hours)
    story = ana(country="DE")
    told_of = []
    for at in ("2026-03-04 12:00", "2026-05-01 12:00", "2026-05-02 12:00"):
        here = story.event(at, "delivered")
        rules = RULES.replace("  after: 1 day\n", "")
        (one,) = explain(program(rules, house, CONDITIONS), here.customer, here.at(at), here.at(at) + 1)
        told_of.append(told(one)["send_hours"][::2])
    assert told_of == [(False, "Wed 12:00, on a closed date"), (False, "Fri 12:00, on a holiday"), (True, "Sat 12:00")]
