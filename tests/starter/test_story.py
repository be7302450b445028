"""The story of the sample shop, as `sample/README.md` tells it, is what the engine decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_shop import MONDAY

from scheduler.decisions.decide import decide
from scheduler.decisions.facts import NOTHING
from scheduler.decisions.occasions import zone_of
from scheduler.decisions.outcome import Decision, Outcome
from scheduler.decisions.program import compile_rules
from scheduler.decisions.reason import fill_reason
from scheduler.messages.check import facts_of
from scheduler.messages.context import Context
from scheduler.messages.links import Links
from scheduler.messages.render import render
from scheduler.messages.templates import Templates
from scheduler.rulebook.reader import load_rulebook
from scheduler.settings import load_settings
from scheduler.store import Store
from scheduler.wallclock import DAY

Month = dict[str, list[tuple[str, Decision]]]
"""What is decided in 30 days, by customer, each with its local time."""


@pytest.fixture(scope="module")
def month(workspace: Path, shop: Store) -> Month:
    customers = {customer.id: customer for customer in shop.customers.read()}
    book = load_rulebook(workspace)
    found: Month = {customer: [] for customer in customers}
    for decision in decide(compile_rules(book), customers.values(), MONDAY, MONDAY + 30 * DAY):
        there = zone_of(customers[decision.customer], book.house)
        found[decision.customer].append((there.wall(decision.at).strftime("%m-%d %H:%M"), decision))
    return found


def contacts(month: Month, customer: str) -> list[str]:
    made = [(at, decision) for at, decision in month[customer] if decision.outcome is Outcome.CONTACT]
    return [f"{at} {decision.rule}" for at, decision in sorted(made, key=lambda pair: pair[1].at)]


def silences(month: Month, customer: str, rule: str) -> set[str]:
    decided = [decision for _, decision in month[customer] if decision.rule == rule]
    assert decided
    assert all(decision.outcome is not Outcome.CONTACT for decision in decided)
    return {cause for decision in decided for cause in decision.because}


def test_amara_is_given_something_before_she_is_asked(month: Month) -> None:
    assert contacts(month, "amara")[:2] == ["11-02 10:00 delivery_check_in", "11-03 10:00 referral_ask"]


def test_priya_is_asked_when_the_mixer_has_had_its_ninety_days(month: Month) -> None:
    assert contacts(month, "priya")[1:] == ["11-06 10:00 birthday_card", "11-08 10:00 referral_ask"]


def test_jun_is_called_and_not_surveyed(month: Month) -> None:
    assert contacts(month, "jun")[0] == "11-02 16:00 call_after_a_low_score"
    assert silences(month, "jun", "how_was_it") == {"unless.unhappy", "unless.unresolved"}


def test_three_parcels_of_luca_are_one_check_in(month: Month) -> None:
    assert [rule for rule in contacts(month, "luca") if "check_in" in rule] == ["11-02 10:00 delivery_check_in"]


def test_there_is_no_way_to_ruth(month: Month) -> None:
    assert contacts(month, "ruth") == []
    assert silences(month, "ruth", "delivery_check_in") == {"reachable"}


@pytest.mark.parametrize(
    ("customer", "heard"),
    [
        ("ingrid", ["11-02 10:00 goodbye", "11-03 10:00 exit_interview", "11-25 10:00 birthday_card"]),
        ("pavel", ["11-02 10:00 goodbye", "11-03 10:00 exit_questions"]),
        ("chloe", ["11-02 10:00 welcome_back", "12-01 10:00 first_month"]),
        ("henrik", ["11-10 10:00 birthday_card", "11-11 10:00 come_back_offer"]),
        ("grace", ["11-02 10:00 we_miss_you"]),
    ],
)
def test_who_left_or_fell_silent_hears_the_right_thing(month: Month, customer: str, heard: list[str]) -> None:
    assert contacts(month, customer) == heard


@pytest.mark.parametrize(
    ("customer", "day"),
    [
        ("bishal", "11-03"),
        ("yael", "11-07"),
        ("tala", "11-14"),
        ("eleni", "11-18"),
        ("anna", "11-27"),
        ("paul", "11-27"),
    ],
)
def test_a_birthday_card_comes_on_the_local_day(month: Month, customer: str, day: str) -> None:
    assert f"{day} 10:00 birthday_card" in contacts(month, customer)


@pytest.mark.parametrize("customer", ["walter", "mill-brandt", "owen", "silent-sam", "hana"])
def test_who_should_be_left_alone_is_left_alone(month: Month, customer: str) -> None:
    assert contacts(month, customer) == []


@pytest.mark.parametrize(
    ("customer", "rule", "cause"),
    [
        ("walter", "birthday_card", "unless.beyond_reach"),
        ("dora", "referral_ask", "blocked.unresolved"),
        ("dora", "delivery_check_in", "unless.unresolved"),
        ("ben", "referral_ask", "consent"),
        ("zoe", "review_ask", "blocked.unhappy"),
        ("hana", "delivery_check_in", "unless.1"),
        ("owen", "delivery_check_in", "reachable"),
        ("silent-sam", "delivery_check_in", "consent"),
    ],
)
def test_a_silence_has_its_cause(month: Month, customer: str, rule: str, cause: str) -> None:
    assert cause in silences(month, customer, rule)


def test_everybody_hears_at_most_one_thing_a_day(month: Month) -> None:
    for customer in month:
        days = [heard[:5] for heard in contacts(month, customer)]
        assert len(days) == len(set(days)), customer


def test_every_rule_speaks_but_those_that_have_a_better_one_or_nobody_left(month: Month) -> None:
    spoken = {d.rule for decided in month.values() for _, d in decided if d.outcome is Outcome.CONTACT}
    asked = {d.rule for decided in month.values() for _, d in decided}
    assert asked - spoken == {"after_the_order", "try_something_new"}


def test_every_contact_of_the_month_can_be_written(month: Month, workspace: Path, shop: Store) -> None:
    book, settings = load_rulebook(workspace), load_settings(workspace)
    templates = Templates(book.files, settings.brand.language)
    customers = {customer.id: customer for customer in shop.customers.read()}
    made = [(at, d) for decided in month.values() for at, d in decided if d.outcome is Outcome.CONTACT]
    for at, decision in made:
        rule, customer = book.rules[decision.rule], customers[decision.customer]
        event = decision.event.properties if decision.event else NOTHING
        message = render(
            templates,
            Context(
                template=rule.template,
                channel=decision.channel or "",
                rule=facts_of(rule),
                customer_id=customer.id,
                reason=fill_reason(rule.reason, event, customer.attributes),
                brand=settings.brand,
                links=Links(settings.brand.base_url, b"key", customer.id, decision.occasion),
                today=zone_of(customer, book.house).wall(decision.at).date(),
                customer=customer.attributes,
                event=event,
            ),
            settings.email,
        )
        assert "None" not in message.text, (at, decision.occasion)
    assert len(made) > 100
