from __future__ import annotations

import pytest
from rulebook_shop import FILES, HOUSE, codes, read

from scheduler.rulebook.reader import rulebook_from_texts

ASK = """\
campaign: Asks
rules:
  ask:
    reason: They have had the benefit and are happy.
    asks_for: referral
    when: {when}
    {after}
    before: 120 days
    only_if: [{proof}]
    send: ask
    by: [email]
"""


def found(
    proof: str = "well", *, when: str = "order_delivered", after: str = "after: value_window", house: str = HOUSE
) -> list[str]:
    text = (
        ASK.replace("{when}", when)
        .replace("{proof}", proof)
        .replace("    {after}\n", f"    {after}\n" if after else "")
    )
    return codes(read(rules__asks=text, rules__house_rules=house)[1])


@pytest.mark.parametrize(
    "sign",
    [
        "{event: nps_answered, latest: score, at_least: 9, within: 180 days}",
        "{event: csat_answered, average: score, more_than: 4, within: 5 months}",
        "{event: csat_answered, latest: verdict, is: satisfied, within: 30 days}",
        "{event: csat_answered, latest: verdict, in: [good, better], since: trigger}",
        "{event: order_placed, within: 90 days}",
        "{event: order_delivered, count: true, at_least: 2, within: 180 days}",
        "{event: order_delivered, since: trigger}",
        "{event: ticket_closed, within: 30 days}",
        "{all_of: [{customer: tier, is: gold}, well]}",
        "{any_of: [well, {event: order_placed, within: 60 days}]}",
    ],
)
def test_this_is_a_sign_that_the_customer_is_well(sign: str) -> None:
    assert found(sign) == []


@pytest.mark.parametrize(
    "no_sign",
    [
        "{event: nps_answered, latest: score, at_least: 9}",
        "{event: nps_answered, latest: score, at_least: 9, within: 7 months}",
        "{event: nps_answered, latest: score, at_least: 0, within: 90 days}",
        "{event: nps_answered, latest: score, less_than: 9, within: 90 days}",
        "{event: nps_answered, latest: score, is_not: 1, within: 90 days}",
        "{event: order_placed, count: true, at_least: 0, within: 90 days}",
        "{event: order_delivered, within: 90 days}",
        "{event: order_delivered, count: true, at_least: 1, within: 90 days}",
        "{event: ticket_opened, within: 30 days}",
        "{customer: score, at_least: 9}",
        "{contact: any, within: 30 days}",
        "{none_of: [well]}",
        "{any_of: [well, {customer: tier, is: gold}]}",
    ],
)
def test_this_is_no_sign_that_the_customer_is_well(no_sign: str) -> None:
    assert found(no_sign) == ["ask-unwell"]


@pytest.mark.parametrize(
    "trigger", ["{event: nps_answered, where: {score: {at_least: 9}}}", "{event: ticket_closed, where: {by: us}}"]
)
def test_a_trigger_that_is_itself_a_sign_needs_no_delay(trigger: str) -> None:
    assert found("{customer: tier, is: gold}", when=trigger, after="") == []


@pytest.mark.parametrize("trigger", ["nps_answered", "{event: nps_answered, where: {score: {at_most: 6}}}"])
def test_an_answer_by_itself_is_no_sign(trigger: str) -> None:
    assert found(when=trigger, after="") == ["ask-without-after"]


@pytest.mark.parametrize(
    ("trigger", "after"),
    [
        ("{contact: welcome}", "after: 14 days"),
        ("{every: month, on: 1}", "after: 0 days\n    starts: 2026-01-01"),
        ("{event: appointment_booked, date: day, same: appointment_id}", "after: 2 days"),
        ("{event: order_delivered, date: installed_on}", "after: value_window"),
        ("{silence: contact}", "after: 90 days"),
    ],
)
def test_an_ask_by_any_trigger_is_fine_that_waits_and_looks_for_a_sign(trigger: str, after: str) -> None:
    assert found(when=trigger, after=after) == []


@pytest.mark.parametrize(
    ("trigger", "after"), [("{contact: welcome}", ""), ("{every: month, on: 1}", "starts: 2026-01-01")]
)
def test_an_ask_by_any_trigger_needs_a_delay_and_a_sign(trigger: str, after: str) -> None:
    assert found("{customer: tier, is: gold}", when=trigger, after=after) == ["ask-without-after", "ask-unwell"]


@pytest.mark.parametrize("trigger", ["{event: order_placed, date: sent_on}", "{silence: order_placed}", "order_placed"])
def test_the_event_that_triggers_an_ask_is_no_sign_in_its_conditions(trigger: str) -> None:
    assert found("{event: order_placed, within: 90 days}", when=trigger, after="after: 7 days") == ["ask-unwell"]


def test_a_large_delivery_is_no_sign() -> None:
    assert found(when="{event: order_delivered, where: {total: {at_least: 100}}}", after="") == ["ask-without-after"]


def test_an_ask_ahead_of_a_date_needs_no_after() -> None:
    text = ASK.replace("{when}", "{date: renews_on}").replace("{after}\n    before: 120 days", "ahead: 30 days")
    assert codes(read(rules__asks=text.replace("{proof}", "well"))[1]) == []


@pytest.mark.parametrize(
    ("after", "codes_found"),
    [
        ("after: 89 days", ["ask-too-early"]),
        ("after: 90 days", []),
        ("after: 3 months", ["ask-too-early"]),
        ("after: 4 months", []),
    ],
)
def test_an_ask_waits_for_the_longest_value_window(after: str, codes_found: list[str]) -> None:
    assert [code for code in found(after=after) if code != "empty-window"] == codes_found


def test_an_ask_of_one_category_waits_for_its_window_only() -> None:
    assert found(when="{event: order_delivered, where: {category: coffee}}", after="after: 30 days") == []


def test_an_ask_of_several_categories_waits_for_the_longest_of_theirs() -> None:
    trigger = "{event: order_delivered, where: {category: {in: [coffee, tea]}}}"
    assert found(when=trigger, after="after: 59 days") == ["ask-too-early"]


def test_an_ask_that_is_not_anchored_on_a_delivery_may_come_sooner() -> None:
    assert found(when="nps_answered", after="after: 1 day") == []


def test_without_a_value_window_of_the_house_sixty_days_are_waited() -> None:
    house = HOUSE.replace(HOUSE[HOUSE.index("value_window:") : HOUSE.index("open_things:")], "")
    assert (found(after="after: 59 days", house=house), found(after="after: 60 days", house=house)) == (
        ["ask-too-early"],
        [],
    )


def test_a_house_that_asks_for_no_value_window_lets_asks_come_sooner() -> None:
    assert found(after="after: 1 day", house=HOUSE + "asks: {referral: {value_window: none}}\n") == []


def test_a_named_condition_that_could_not_be_read_raises_no_second_finding() -> None:
    assert found(house=HOUSE.replace("within: 90 days}", "within: 90 dys}")) == ["bad-duration"]


def test_feedback_needs_no_proof() -> None:
    text = ASK.replace("referral", "feedback").replace("{when}", "order_delivered").replace("    {after}\n", "")
    text = text.replace("    only_if: [{proof}]\n", "").replace("send: ask", "send: hello")
    assert codes(read(rules__asks=text)[1]) == []


FEEDBACK = """\
campaign: Under test
rules:
  tested:
    reason: They have had it for a while; learn how it does.
    asks_for: feedback
    when: order_delivered
    after: 2 days
    before: 21 days
    send: hello
    by: [email]
"""


def of_feedback(house: str, text: str = FEEDBACK) -> list[tuple[str, int, str]]:
    files = FILES | {"rules/examples.yaml": text, "rules/house_rules.yaml": house}
    _, findings = rulebook_from_texts(files)
    return [(one.code, one.place.line, one.message) for one in findings if one.place.file == "rules/examples.yaml"]


def test_feedback_that_closes_before_the_value_window_of_a_house_that_states_none_can_never_speak() -> None:
    assert of_feedback("timezone: Europe/Berlin\n") == [
        (
            "value-too-late",
            8,
            "'tested' closes 21 days after its trigger, and waits for the value window before that"
            " (the house rules state none, so it is 60 days): it can never speak",
        )
    ]


@pytest.mark.parametrize("wanted", ["none", "if delivered"])
def test_feedback_that_need_not_wait_may_close_early(wanted: str) -> None:
    assert of_feedback(f"asks: {{feedback: {{value_window: {wanted}}}}}\n") == []


def test_feedback_on_a_delivery_must_stay_open_for_the_shortest_value_window() -> None:
    house = "value_window: {delivered_by: order_delivered, default: 30 days}\n"
    assert [code for code, _, _ in of_feedback(house)] == ["value-too-late"]
    assert of_feedback(house, FEEDBACK.replace("21 days", "31 days")) == []


def ways_out(text: str, house: str = HOUSE) -> list[str]:
    return [finding.way_out for finding in read(rules__asks=text, rules__house_rules=house)[1]]


def test_an_ask_of_everybody_is_offered_the_condition_that_the_house_has() -> None:
    text = ASK.replace("{when}", "order_delivered").replace("{after}", "after: value_window")
    text = text.replace("    only_if: [{proof}]\n", "")
    way_out = "add to the rule a sign that the customer is well: only_if: [{}]"
    example = "{event: nps_answered, latest: score, at_least: 9, within: 90 days}"
    assert ways_out(text) == [way_out.format("well")]
    without = "".join(line for line in HOUSE.splitlines(keepends=True) if not line.startswith("  well:"))
    assert ways_out(text, without) == [way_out.format(example)]
    shown = text.replace("    send:", f"    only_if: [{example}]\n    send:")
    assert ways_out(shown, without) == []


def test_an_ask_at_once_is_shown_a_trigger_that_is_a_sign() -> None:
    text = ASK.replace("    {after}\n", "").replace("{proof}", "well")
    trigger = "{event: nps_answered, where: {score: {at_least: 9}}}"
    (way_out,) = ways_out(text.replace("{when}", "order_delivered"))
    assert way_out.endswith(f"like when: {trigger}")
    assert ways_out(text.replace("{when}", trigger)) == []


def test_many_conditions_that_rest_on_each_other_are_read_at_once() -> None:
    names = [f"sign_{number}" for number in range(25)]
    conditions = "".join(
        f"  {name}: {{means: they seem to be well, any_of: [well, {', '.join(names[:number])}]}}\n"
        for number, name in enumerate(names)
    )
    text = ASK.replace("rules:", f"conditions:\n{conditions}rules:")
    text = text.replace("{when}", "order_delivered").replace("{after}", "after: value_window")
    assert ways_out(text.replace("{proof}", names[-1])) == []


def test_a_value_window_can_not_be_counted_from_a_contact_and_is_waited_for_besides() -> None:
    text = ASK.replace("{when}", "{contact: welcome}").replace("{after}", "after: value_window")
    text = text.replace("before: 120 days", "before: 60 days").replace("{proof}", "well")
    (finding,) = read(rules__asks=text)[1]
    assert (finding.message, finding.way_out) == (
        "no event triggers 'ask', and a value window is counted from one",
        "write after: 30 days, or another duration; the value window of the newest delivery is waited for besides",
    )


def test_what_asks_for_nothing_waits_for_no_value_window_besides() -> None:
    text = ASK.replace("{when}", "{contact: welcome}").replace("{after}", "after: value_window")
    first, *_ = read(rules__asks=text.replace("referral", "nothing").replace("{proof}", "well"))[1]
    assert first.way_out == "write after: 30 days, or another duration"


def test_a_delivery_is_no_sign_though_it_ends_the_waiting_for_a_late_parcel() -> None:
    late = "open_things:\n  late: {opened_by: delivery_late, closed_by: order_delivered, key: order_id}\n"
    assert found(after="", house=HOUSE.replace("open_things:\n", late)) == ["ask-without-after"]
