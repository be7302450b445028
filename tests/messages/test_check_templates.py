from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sample import rule

from scheduler.messages.check import check_templates, render_sample
from scheduler.messages.message import Email
from scheduler.messages.templates import Templates
from scheduler.rulebook.model import Rulebook
from scheduler.settings import Settings


def findings(body: str, attributes: Mapping[str, float] | None = None, **keys: Any) -> list[str]:
    return of({"templates/check_in.email.md": f"---\nsubject: Hello\n---\n{body}"}, attributes, **keys)


def of(files: Mapping[str, str], attributes: Mapping[str, float] | None = None, **keys: Any) -> list[str]:
    book = Rulebook(rules={"check_in": rule(**keys)}, files=files)
    found = check_templates(book, Settings(), attributes=attributes or {})
    return [f"{one.place.file}:{one.place.line}: {one.code}: {one.message}" for one in found]


def test_a_good_template_has_no_findings() -> None:
    body = (
        'Hello {{ customer.first_name or "there" }}, {{ event.product }} {{ event.day|date }} {{ event.price|money }}'
    )
    assert findings(body) == []


def test_what_may_be_known_is_taken_as_known() -> None:
    assert findings("{{ customer.plan }} {{ event.n + 1 }} {% if event.n > 3 %}x{% endif %} {{ event.n|number }}") == []


def test_a_syntax_error_has_its_line() -> None:
    [found] = findings("Hello\n\n{% if customer.x %}never ended")
    assert found.startswith("templates/check_in.email.md:6: bad-template: ")


def test_an_unknown_name_has_its_line() -> None:
    assert findings("Hello\n\n{{ custmer.x }}") == [
        "templates/check_in.email.md:6: unknown-template-name: custmer is undefined"
    ]


def test_an_unknown_filter_is_found() -> None:
    assert findings("Hi\n\n{{ event.x|datum }}") == [
        "templates/check_in.email.md:6: unknown-filter: there is no filter 'datum'"
    ]


def test_a_date_has_no_event() -> None:
    [found] = findings("{{ event.product }}", when={"date": "birthday"})
    assert found.endswith("event.product has no value")


def test_a_filter_in_a_branch_that_samples_do_not_take_is_found_at_its_own_line() -> None:
    assert findings("Hi\nthere\n{% if not customer.x %}{{ customer.x|datum }}{% endif %}") == [
        "templates/check_in.email.md:6: unknown-filter: there is no filter 'datum'"
    ]


def test_what_begins_with_an_underscore_is_nobodys_attribute() -> None:
    assert findings("{{ customer.__class__ }}") == [
        "templates/check_in.email.md:4: unknown-template-name: customer.__class__ has no value"
    ]


def test_a_template_that_customers_of_no_language_can_get_must_be_there() -> None:
    files = {"templates/check_in.email.de.md": "---\nsubject: Hi\n---\nHi"}
    assert of(files) == [
        "templates/check_in.email.md:1: missing-template: template check_in is there in de only, not in en"
    ]


def test_every_language_is_tried() -> None:
    files = {
        "templates/check_in.email.md": "---\nsubject: Hi\n---\nHi",
        "templates/check_in.email.de.md": "---\nsubject: Hi\n---\n{{ x }}",
    }
    assert of(files) == ["templates/check_in.email.de.md:4: unknown-template-name: x is undefined"]


def test_an_attribute_that_nobody_has_is_a_warning() -> None:
    [found] = findings("{{ customer.frist_name }}", {"first_name": 1.0})
    assert found == "templates/check_in.email.md:4: unseen-attribute: no customer has the attribute 'frist_name'"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("Hi {{ customer.first_name }}", True),
        ("Hi {{ customer.first_name|upper }}", True),
        ("Hi {{ customer.id }} {{ customer.name }}", False),
        ('Hi {{ customer.first_name or "there" }}', False),
        ("Hi {{ customer.name or customer.first_name }}", True),
        ('Hi {{ (customer.first_name or "there")|upper }}', False),
        ('Hi {{ customer.first_name|default("there") }}', False),
        ("{% if customer.first_name %}Hi {{ customer.first_name }}{% endif %}", False),
        ("Hi{% if customer.name %}{% else %}{{ customer.first_name }}{% endif %}", True),
        ("{% if customer.first_name is defined %}Hi {{ customer.first_name }}{% endif %}", False),
        ('{{ "Hi " ~ customer.first_name if customer.first_name else "Hi" }}', False),
        ('{{ "Hi" if customer.name else customer.first_name }}', True),
        ("{{ customer.first_name and customer.first_name }}", False),
        ("{% set who = customer.first_name %}Hi {{ who }}", True),
    ],
)
def test_who_lacks_what_is_printed_without_more_is_told(body: str, found: bool) -> None:
    told = "templates/check_in.email.md:4: unguarded-attribute: 4% of the customers have no first_name; their message is held"
    assert findings(body, {"first_name": 0.96, "name": 1.0}) == ([told] if found else [])


def test_a_few_who_lack_it_are_told_too() -> None:
    assert (
        "fewer than 1% of the customers have no first_name"
        in findings("{{ customer.first_name }}", {"first_name": 0.9999})[0]
    )


def test_two_files_of_one_language_are_refused() -> None:
    files = {
        "templates/check_in.email.md": "---\nsubject: Hi\n---\nHi",
        "templates/check_in.email.html": "---\nsubject: Hi\n---\n{{ links.unsubscribe }}",
    }
    assert "is the same template" in of(files)[0]


def test_a_sample_shows_the_rules_reason() -> None:
    templates = Templates({"templates/check_in.email.md": "---\nsubject: Hi\n---\nHi {{ customer.first_name }}"})
    made = render_sample(templates, rule(), "email", Settings())
    assert isinstance(made, Email)
    assert "Hi Ana" in made.text
    assert "Their Kettle has arrived; see that it is well." in made.text
