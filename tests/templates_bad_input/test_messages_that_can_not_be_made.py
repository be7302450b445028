"""Templates that `check` lets pass and one customer's facts break: that message is held, and says why; others go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from keeping import AT_ONCE, Business, in_business

from scheduler.messages.check import check_templates
from scheduler.settings import Settings
from scheduler.store import State

HEAD = "---\nsubject: Hello\n---\n"
LEAVE = "{{ links.unsubscribe }}"


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    with in_business(tmp_path) as business:
        business.customer("ana", first_name="Ana", turns=1)
        business.customer("ben", turns=10**6)
        yield business


@pytest.mark.parametrize(
    ("ending", "template", "why"),
    [
        ("md", HEAD + "Hello\n\n{{ customer.first_name }}\n", ":6: customer.first_name has no value"),
        ("md", HEAD + "Hello {{ customer.first_name|upper }}\n", ":4: customer.first_name has no value"),
        ("md", '---\nsubject: {{ customer.first_name or "" }}\n---\nHello\n', ":1: the subject is empty"),
        ("md", HEAD + '{{ customer.first_name or "" }}\n', ": the message is empty"),
        (
            "md",
            HEAD + "{% for turn in range(customer.turns) %}x{% endfor %}\n",
            ":4: range is limited to 20000 numbers",
        ),
        (
            "md",
            HEAD + "{% if not customer.first_name %}{{ customer.turns.__class__ }}{% else %}Hello{% endif %}\n",
            ":4: access to attribute '__class__' of 'int' object is unsafe.",
        ),
        (
            "html",
            HEAD + f"<p>Hello</p>{{% if customer.first_name %}}{LEAVE}{{% endif %}}\n",
            ": the HTML of the mail has no link to unsubscribe",
        ),
    ],
    ids=["null-name", "null-in-a-filter", "no-subject", "no-body", "endless", "dunder", "no-way-to-unsubscribe"],
)
def test_one_customers_message_is_held_and_says_why_while_others_go(
    business: Business, ending: str, template: str, why: str
) -> None:
    rule = AT_ONCE.replace("send: words", "send: hello")
    business.goes_by(rule, "2026-03-01", **{f"hello__email__{ending}": template})
    for who in ("ana", "ben"):
        business.event("bought", "2026-03-02 15:00", who, id=f"of_{who}")
    report = business.tick("2026-03-02 15:00")
    assert business.heard() == ["2026-03-02 15:00 thanks/ana/of_ana email"]
    held = business.row("thanks/ben/of_ben")
    assert (held.state, held.error) == (State.RETRY, f"templates/hello.email.{ending}{why}")
    assert list(report.problems) == [f"thanks/ben/of_ben: {held.error}"]


@pytest.mark.parametrize("name", ['{{ customer.first_name or "there" }}', '{{ customer.first_name|default("there") }}'])
def test_a_name_that_may_be_missing_has_its_fallback(business: Business, name: str) -> None:
    business.goes_by(AT_ONCE.replace("words", "hello"), "2026-03-01", hello__email__md=f"{HEAD}Hello {name}\n")
    assert check_templates(business.rules.program.rulebook, Settings()) == ()
    business.event("bought", "2026-03-02 15:00", "ben", id="of_ben")
    business.tick("2026-03-02 15:00")
    assert business.heard() == ["2026-03-02 15:00 thanks/ben/of_ben email"]
