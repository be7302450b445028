from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sample import ANA, contact, message, rule

from scheduler.errors import TemplateError
from scheduler.messages.check import check_templates
from scheduler.messages.message import Notice
from scheduler.rulebook.model import Rulebook
from scheduler.settings import Settings

PATH = "templates/check_in.webhook.json"


def notice(template: str, event: Mapping[str, Any] | None = None, **customer: Any) -> Notice:
    made = message({PATH: template}, contact({**ANA, **customer}, event, channel="webhook"))
    assert isinstance(made, Notice)
    return made


def body(template: str, event: Mapping[str, Any] | None = None, **customer: Any) -> Any:
    return json.loads(notice(template, event, **customer).text)


def refused(template: str, **customer: Any) -> str:
    with pytest.raises(TemplateError) as caught:
        notice(template, **customer)
    return str(caught.value)


def test_a_notice_says_who_is_contacted_and_why() -> None:
    assert notice('{"text": "Hello, {{ customer.first_name }}"}') == Notice(
        rule="delivery_check_in",
        campaign="After the purchase",
        customer="c1",
        reason="Their kettle has arrived.",
        asks_for="nothing",
        text='{"text":"Hello, Ana"}',
    )


def test_a_webhook_needs_no_template() -> None:
    made = message({}, contact(channel="webhook"))
    assert made == Notice("delivery_check_in", "After the purchase", "c1", "Their kettle has arrived.", "nothing")


def test_a_template_in_other_languages_only_is_missing_even_so() -> None:
    with pytest.raises(TemplateError, match="there in de only"):
        message({"templates/check_in.webhook.de.json": "{}"}, contact(channel="webhook"))


@pytest.mark.parametrize("name", ['Ana "the baker"', "Ana\\", 'Ana", "admin": "yes', "Ana\nLopez", "Ána 😀", "{{ x }}"])
def test_no_value_gets_out_of_its_quotes(name: str) -> None:
    assert body('{"name": "{{ customer.first_name }}"}', first_name=name) == {"name": name}


@pytest.mark.parametrize("value", ['Ana "the baker"', 49.9, 5, True, False])
def test_a_value_by_itself_keeps_its_kind(value: Any) -> None:
    assert body('{"is": {{ customer.is|json }}}', **{"is": value}) == {"is": value}


def test_a_date_is_written_in_iso_8601() -> None:
    event = {"day": date(2026, 3, 1)}
    assert body('["{{ event.day }}", {{ event.day|json }}]', event) == ["2026-03-01"] * 2


def test_numbers_and_yes_or_no_need_no_filter() -> None:
    assert body("[{{ event.price }}, {{ event.gift }}]", {"price": 49.9, "gift": True}) == [49.9, True]


def test_filters_questions_and_loops_work_as_in_every_template() -> None:
    template = '{"to": "{{ customer.nick or customer.first_name|upper }}"{% if event.product %}, "n": [{% for n in range(2) %}{{ n }}{% if not loop.last %},{% endif %}{% endfor %}]{% endif %}}'
    assert body(template) == {"to": "ANA", "n": [0, 1]}


def test_the_links_are_there_as_in_every_template() -> None:
    assert body('"{{ links.unsubscribe }}"').startswith("https://shop.example/")


@pytest.mark.parametrize(
    ("template", "cause"),
    [
        (
            '{"text": "Hello"',
            "what it writes is no JSON: Expecting ',' delimiter (line 2, column 1 of what is written)",
        ),
        ('{"name": {{ customer.first_name }}}', "what it writes is no JSON: Expecting value (line 1, column 10"),
        ("[NaN]", "what it writes is no JSON: it has no NaN"),
        ('"\\ud800"', "what it writes is no JSON: "),
        ("[" * 100_000, "what it writes is no JSON: "),
        (" \n", "the message is empty"),
        ('{"plan": {{ customer.plan|json }}}', "customer.plan has no value"),
        ('{"plan": "{{ customer.plan }}"}', "customer.plan has no value"),
        ('{"all": {{ customer|json }}}', "a Named can't be printed"),
    ],
)
def test_what_is_no_json_is_held(template: str, cause: str) -> None:
    assert f"{PATH}" in refused(template)
    assert cause in refused(template)


def test_what_is_held_does_not_tell_the_customers_name() -> None:
    assert "Wilhelmina" not in refused('{"name": {{ customer.first_name }}}', first_name="Wilhelmina")


def found(template: str) -> list[str]:
    book = Rulebook(rules={"check_in": rule(by=["webhook"])}, files={PATH: template})
    return [
        f"{one.place.file}:{one.place.line}: {one.code}: {one.message}" for one in check_templates(book, Settings())
    ]


def test_check_tries_a_template_of_a_webhook() -> None:
    assert found('{"text": "{{ customer.first_name }}", "of": {{ customer.plan|json }}, "n": {{ event.n|json }}}') == []
    [finding] = found('{"text": "{{ customer.first_name }}"')
    assert finding.startswith(f"{PATH}:1: bad-template: what it writes is no JSON")
    assert found('{"text": "{{ customer.first_name|jsn }}"}') == [f"{PATH}:1: unknown-filter: there is no filter 'jsn'"]
