from __future__ import annotations

from dataclasses import replace

import pytest
from language_examples import rule, with_condition
from rulebook_shop import FILES

from scheduler.rulebook.lint import Known
from scheduler.rulebook.reader import rulebook_from_texts

KNOWN = Known(
    events=frozenset(
        {
            "signed_up",
            "order_delivered",
            "order_returned",
            "ticket_opened",
            "ticket_closed",
            "nps_answered",
            "order_placed",
        }
    ),
    attributes={"birthday": 0.4, "tier": 1.0, "email": 0.97},
    channels=frozenset({"email", "sms"}),
)


def found(text: str, known: Known = KNOWN) -> list[tuple[str, str, str]]:
    _, findings = rulebook_from_texts(FILES | {"rules/examples.yaml": text}, known=known)
    return [(finding.code, finding.severity, finding.way_out) for finding in findings]


def test_what_the_store_knows_is_not_warned_of() -> None:
    assert found(with_condition("{customer: tier, is: gold}")) == []


def test_an_event_that_never_came_is_warned_of_with_the_nearest() -> None:
    assert found(rule(when="order_deliverd")) == [("unseen-event", "warning", "did you mean 'order_delivered'?")]


def test_what_is_near_to_nothing_that_is_known_has_a_way_out_too() -> None:
    assert found(rule("unless: [{customer: qqq, is: gold}]", when="zzz")) == [
        ("unseen-event", "warning", "import such events first, or write the name of one that comes in"),
        ("unseen-attribute", "warning", "import it first, or write the name of one that customers have"),
    ]


def test_events_of_conditions_goals_and_silences_are_asked_for_too() -> None:
    text = rule("until: sold", "unless: [{event: bought}]", "after: 3 days", when="{silence: visited}")
    assert [code for code, _, _ in found(text)] == ["unseen-event"] * 3


def test_an_attribute_that_nobody_has_is_warned_of() -> None:
    assert found(with_condition("{customer: teir, is: gold}")) == [
        ("unseen-attribute", "warning", "did you mean 'tier'?")
    ]


def test_a_date_that_nobody_has_is_warned_of() -> None:
    assert [code for code, _, _ in found(rule("before: 1 day", when="{date: birhtday}"))] == ["unseen-attribute"]


def test_a_channel_that_is_not_set_up_is_warned_of() -> None:
    assert [code for code, _, _ in found(rule("by: [email, sms]"), Known(channels=frozenset({"email"})))] == [
        "unseen-channel"
    ]


def test_a_channel_that_does_not_exist_is_not_told_to_be_set_up() -> None:
    assert [code for code, _, _ in found(rule("by: [whatsapp]"))] == ["unknown-channel"]


def test_unless_on_an_attribute_that_many_lack_is_warned_of() -> None:
    assert [code for code, _, _ in found(with_condition("{customer: birthday, older_than: 18 years}"))] == [
        "rare-attribute"
    ]


def test_asking_whether_it_is_known_at_all_is_fine() -> None:
    assert found(with_condition("{customer: birthday, known: false}")) == []


@pytest.mark.parametrize(
    "condition",
    [
        "any_of: [{customer: birthday, known: false}, {customer: birthday, older_than: 18 years}]",
        "any_of: [unborn, {customer: birthday, older_than: 18 years}]",
        "any_of: [{any_of: [unborn]}, {customer: birthday, older_than: 18 years}, grown_up]",
    ],
)
def test_whom_a_named_alternative_spares_is_spared(condition: str) -> None:
    named = "unborn: {means: of unknown age, customer: birthday, known: false}\n"
    named += f"  grown_up: {{means: they are of age, {condition}}}"
    text = rule("unless: [grown_up]").replace("rules:", f"conditions:\n  {named}\nrules:")
    assert [one for one in found(text) if one[0] != "condition-circle"] == []


def test_only_if_on_an_attribute_that_many_lack_is_fine() -> None:
    assert found(rule("only_if: [{customer: birthday, older_than: 18 years}]")) == []


def test_an_empty_store_knows_nothing_and_warns_of_nothing() -> None:
    assert found(rule(when="anything"), Known()) == []


SEEN = Known(
    events=frozenset(
        {"signed_up", "order_delivered", "order_returned", "ticket_opened", "ticket_closed", "nps_answered"}
    ),
    properties={
        "order_delivered": {"category", "order_id", "due"},
        "order_returned": {"order_id"},
        "ticket_opened": {"ticket_id"},
        "ticket_closed": {"ticket_id"},
        "nps_answered": {"score"},
    },
    ever_had=lambda event, name: (event, name) == ("order_delivered", "gift"),
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (rule(when="{event: order_delivered, where: {categry: {is: coffee}}}"), "did you mean 'category'?"),
        (rule("before: 1 day", when="{event: order_delivered, date: deu}"), "did you mean 'due'?"),
        (with_condition("{event: nps_answered, latest: scor, at_least: 9}"), "did you mean 'score'?"),
        (with_condition("{event: order_returned, where: {order: {is: A1}}}"), "did you mean 'order_id'?"),
        (with_condition("{event: nps_answered, sum: zzz, at_least: 9}"), ""),
    ],
)
def test_a_property_that_no_such_event_ever_had_is_warned_of_with_the_nearest(text: str, meant: str) -> None:
    assert found(text, SEEN) == [("unseen-property", "warning", meant)]


def test_a_property_that_a_reason_names_is_asked_for_too() -> None:
    text = rule().replace("They have a good reason", "Their {event.categry} of {customer.whatever} is a good reason")
    assert found(text, SEEN) == [("unseen-property", "warning", "did you mean 'category'?")]


def test_a_property_that_a_silence_compares_is_asked_for_too() -> None:
    text = rule("after: 3 days", when="{silence: order_delivered, same: order}")
    assert found(text, SEEN) == [("unseen-property", "warning", "did you mean 'order_id'?")]


def test_a_property_that_only_the_trigger_lacks_is_warned_of_where_same_compares_it() -> None:
    known = replace(SEEN, properties={**SEEN.properties, "order_returned": {"order_id", "parcel"}})
    text = with_condition("{event: order_returned, same: parcel}")
    assert [code for code, _, _ in found(text, known)] == ["unseen-property"]


def test_a_rare_property_that_one_event_had_is_not_warned_of() -> None:
    assert found(rule(when="{event: order_delivered, where: {gift: {is: true}}}"), SEEN) == []


def test_properties_of_the_house_rules_are_asked_for_too() -> None:
    known = replace(SEEN, properties={**SEEN.properties, "order_delivered": {"order_id"}, "ticket_opened": {"id"}})
    assert [code for code, _, _ in found(rule(), known)] == ["unseen-property"] * 2
