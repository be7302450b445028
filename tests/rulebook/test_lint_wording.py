from __future__ import annotations

import pytest
from rulebook_shop import FILES, RULE

from scheduler.rulebook.findings import Finding
from scheduler.rulebook.reader import rulebook_from_texts


def found(template: str, rule: str = RULE, **more: str) -> list[Finding]:
    files = FILES | {"rules/tested.yaml": rule, "templates/hello.email.md": template}
    return rulebook_from_texts(files | {f"templates/{name}": text for name, text in more.items()})[1]


def said(template: str, rule: str = RULE) -> list[tuple[str, str]]:
    return [(f"{f.place.line}:{f.place.column} {f.code}", f.way_out) for f in found(template, rule)]


@pytest.mark.parametrize(
    "template",
    [
        "{{ customer.first_name or 'there' }} {{ event.product }} {{ reason }} {{ rule }} {{ brand.name }} {{ today|date }}",
        "{% for i in range(3) %}{{ i }}{{ loop.index }}{% endfor %}",
        "{% set who = customer.name %}{{ who }}",
        "{% macro bold(text) %}**{{ text }}**{% endmacro %}{{ bold('now') }}",
        "{{ links.preferences }} {{ links.unsubscribe }} {{ links.page('care') }}",
    ],
)
def test_a_template_may_use_what_its_rule_supplies(template: str) -> None:
    assert found(template, RULE.replace("tested", "tested")) == []


def test_a_name_that_no_rule_supplies_is_found_where_it_stands() -> None:
    assert said("Hello\n{{ reason }} {{ custmer.name }}!") == [
        ("2:17 unknown-template-name", "did you mean 'customer'?")
    ]


def test_a_template_that_can_not_be_read_is_told_with_its_line() -> None:
    assert [place_and_code for place_and_code, _ in said("Hello\n{% if x %}")] == ["2:1 bad-template"]


def test_a_link_that_does_not_exist_is_told() -> None:
    assert said("{{ links.unsubscibe }}") == [("1:4 unknown-template-name", "did you mean 'unsubscribe'?")]


@pytest.mark.parametrize("link", ["links.review", "links.refer", "links['shop']", "links.survey('nps')"])
def test_a_template_asks_for_nothing_that_its_rule_does_not_declare(link: str) -> None:
    assert {finding.code for finding in found(f"Hello {{{{ {link} }}}}")} == {"disguised-ask"}


@pytest.mark.parametrize(
    ("link", "asks_for"), [("survey('nps')", "feedback"), ("shop", "purchase"), ("review", "review")]
)
def test_a_template_may_ask_for_what_its_rule_declares(link: str, asks_for: str) -> None:
    rule = RULE.replace("nothing", asks_for).replace("send: hello", "send: linked") + (
        "    after: value_window\n    before: 120 days\n    only_if: [well]\n"
    )
    files = FILES | {"rules/tested.yaml": rule, "templates/linked.email.md": f"{{{{ links.{link} }}}}"}
    assert rulebook_from_texts(files)[1] == []


def test_an_ask_hidden_in_an_included_file_is_found_there() -> None:
    files = FILES | {"templates/hello.email.md": "{% include '_foot.md' %}", "templates/_foot.md": "{{ links.review }}"}
    assert [(f.code, f.place.file) for f in rulebook_from_texts(files)[1]] == [("disguised-ask", "templates/_foot.md")]


@pytest.mark.parametrize("name", ["review_url", "refer_url", "shop_url"])
def test_an_address_of_the_brand_asks_as_its_link_does(name: str) -> None:
    [first, *_] = found(f"Look at {{{{ brand.{name} }}}}")
    assert (first.code, first.place.line, first.place.column) == ("disguised-ask", 1, 12)
    assert first.message.startswith(f"brand.{name} asks for ")


def test_an_ask_hidden_in_a_layout_is_found_there_and_its_own_names_are_not_asked_for() -> None:
    layout = "{{ body }} {{ words.reason }}\n{{ links.shop }}"
    findings = found("Hello", **{"layout.email.html": layout})
    assert {(one.code, str(one.place)) for one in findings} == {("disguised-ask", "templates/layout.email.html:2:4")}


def test_files_that_include_each_other_are_read_once() -> None:
    files = FILES | {"templates/hello.email.md": "{% include '_a.md' %}", "templates/_a.md": "{% include '_a.md' %}"}
    assert rulebook_from_texts(files)[1] == []


@pytest.mark.parametrize(
    "trigger",
    [
        "{date: birthday}",
        "{contact: welcome}",
        "{every: week}\n    starts: 2026-01-01",
        "{silence: contact}\n    after: 90 days",
    ],
)
def test_there_is_no_event_where_none_triggers(trigger: str) -> None:
    rule = RULE.replace("when: order_delivered", f"when: {trigger}").replace("send: hello", "send: dated")
    files = FILES | {"rules/tested.yaml": rule, "templates/dated.email.md": "{{ event.product }}"}
    assert [f.message for f in rulebook_from_texts(files)[1]] == ["no event triggers 'tested', so there is no 'event'"]


@pytest.mark.parametrize(
    "trigger", ["{event: appointment_booked, date: day}", "{silence: order_placed}\n    after: 90 days"]
)
def test_there_is_an_event_behind_its_date_and_its_silence(trigger: str) -> None:
    assert found("{{ event.product }}", RULE.replace("when: order_delivered", f"when: {trigger}")) == []


def test_what_a_task_tells_is_a_template_like_others() -> None:
    rule = RULE.replace("send: hello", "assign: maria\n    script: call").replace("[email]", "[phone]")
    files = FILES | {"rules/tested.yaml": rule, "templates/call.phone.md": "Call by {{ task.due }}"}
    assert [f.message for f in rulebook_from_texts(files)[1]] == ["templates have no 'task'"]


@pytest.mark.parametrize(
    ("included", "way_out"),
    [
        ("../rightreason.toml", "write that file, or take the line out"),
        ("/etc/passwd", "write that file, or take the line out"),
        ("_fot.md", "did you mean '_foot.md'?"),
    ],
)
def test_a_file_that_is_not_there_is_included_in_no_branch(included: str, way_out: str) -> None:
    text = f'Hello\n{{% if not customer.first_name %}}{{% include "{included}" %}}{{% endif %}}'
    [one] = found(text, **{"_foot.md": "Bye"})
    assert (one.code, one.place.line, one.place.column, one.way_out) == ("bad-template", 2, 45, way_out)
    assert one.message == f"there is no templates/{included}; only files of templates/ can be included"


@pytest.mark.parametrize("line", ["{% include '_x.md' ignore missing %}", "{% include 'layout.email.html' %}"])
def test_a_file_that_may_be_missing_or_ships_may_be_included(line: str) -> None:
    assert found(line) == []


def test_a_file_whose_name_no_rule_can_use_is_told() -> None:
    findings = found("Hello", **{"hello.emial.md": "Hello", "_part.md": "fine", "layout.email.html": "fine"})
    assert [(f.code, f.place.file, f.severity) for f in findings] == [
        ("bad-template-name", "templates/hello.emial.md", "warning")
    ]


def test_two_templates_for_one_purpose_are_refused() -> None:
    findings = found("Hello", **{"hello.email.html": "Hello", "hello.email.de.html": "Hallo"})
    assert [(f.code, f.place.file) for f in findings] == [("duplicate-name", "templates/hello.email.md")]


def test_the_text_part_beside_an_html_mail_is_no_second_template() -> None:
    rule = RULE.replace("send: hello", "send: whole")
    files = FILES | {
        "rules/tested.yaml": rule,
        "templates/whole.email.html": "Hello",
        "templates/whole.email.txt": "Hi",
    }
    assert rulebook_from_texts(files)[1] == []


@pytest.mark.parametrize(
    "constant",
    [
        '["x"] * 10 ** 12',
        '"x" * 10 ** 12',
        '"x"|center(10 ** 12)',
        "9 ** 9 ** 9 ** 9",
        '"a"|replace("a", "b" * 10 ** 12)',
    ],
)
def test_a_constant_that_would_fill_the_memory_is_read_and_not_made(constant: str) -> None:
    assert found("{{ " + constant + " }}") == []


@pytest.mark.parametrize("text", ["{{ " + "(" * 9_000, "{{ reason " + "+ 1" * 9_000 + " }}"])
def test_an_expression_that_is_nested_too_deeply_is_a_finding(text: str) -> None:
    assert [one.code for one in found(text)] == ["bad-template"]
