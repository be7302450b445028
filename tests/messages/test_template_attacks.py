"""Templates that break, run away or reach for what is not theirs; each gets one clear message."""

from __future__ import annotations

import pytest
from jinja2.exceptions import SecurityError
from sample import contact, mail, message

from scheduler.errors import TemplateError
from scheduler.messages.sandbox import Budget


def refused(body: str, head: str = "subject: Hello") -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        mail(body, head=head)
    return caught.value


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("{% for a in range(10**9) %}x{% endfor %}", "the numbers of ** are too large"),
        ("{% for a in range(1000000000) %}x{% endfor %}", "range is limited to 20000 numbers"),
        ("{% for a in range(20000) %}{% for b in range(20000) %}x{% endfor %}{% endfor %}", "more than 20000 turns"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "without end"),
        ("{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(40) }}", "more than 20000"),
    ],
)
def test_an_endless_loop_ends(body: str, cause: str) -> None:
    assert cause in str(refused(body))


def test_a_render_whose_time_is_up_ends() -> None:
    with pytest.raises(SecurityError, match="longer than 1 s"):
        Budget(ends=0.0).spend()


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("{{ 'x' * 10**9 }}", "too large"),
        ("{{ 'x' * 1000000000 }}", "* is for numbers only"),
        ("{{ 1000000000 * 'x' }}", "* is for numbers only"),
        ("{{ [1] * 1000000000 }}", "* is for numbers only"),
        ("{{ 10 ** 10 ** 10 }}", "too large"),
        ("{{ '%1000000000d' % 1 }}", "% is for numbers only"),
        ("{{ '{:>1000000000}'.format(1) }}", "unsafe"),
        ("{{ 'x'.ljust(1000000000) }}", "unsafe"),
        ("{{ 'x'|center(1000000000) }}", "center"),
        ("{{ 1|round(1000000000, 'ceil') }}", "positional argument"),
        ("{% set x = 'xxxxxxxxxx' %}" + "{% set x = x ~ x ~ x ~ x ~ x %}" * 12 + "{{ x }}", "1,000,000 characters"),
        ("{% set x = 'xxxxxxxxxx' %}" + "{% set x = x + x %}" * 30 + "{{ x }}", "1,000,000 characters"),
        ("{% set x = 'x' %}" + "{% set x = x|replace('x', 'xxxxxxxxxx') %}" * 9 + "{{ x }}", "1,000,000 characters"),
        ("{% set x = 'x' %}" + "{% set x = [x, x]|join('xxxxxxxxxx') %}" * 40 + "{{ x }}", "1,000,000 characters"),
        ("{% set l = [1] %}" + "{% set l = [l, l] %}" * 40 + "{{ l }}", "a list can't be printed"),
        ("{% set l = [1] %}" + "{% set l = [l, l] %}" * 40 + "{{ l|upper }}", "a list can't be printed"),
        ("{% for a in range(9999) %}" + "x" * 200 + "{% endfor %}", "1,000,000 characters"),
    ],
)
def test_a_huge_text_is_never_made(body: str, cause: str) -> None:
    assert cause in str(refused(body))


@pytest.mark.parametrize(
    "body",
    [
        "{{ ''.__class__ }}",
        "{{ customer.__class__ }}",
        "{{ customer['__class__'].__mro__ }}",
        "{{ links.survey.__globals__ }}",
        "{{ links.survey.__self__.key }}",
        "{{ self._TemplateReference__context }}",
        "{{ customer.first_name.__init__ }}",
        "{{ (customer.first_name|escape).__html__() }}",
        "{{ range.__class__ }}",
        "{{ lipsum(5) }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ today.strftime('%1000000000d') }}",
        "{{ brand.model_dump() }}",
    ],
)
def test_nothing_below_the_values_can_be_reached(body: str) -> None:
    assert str(refused(body)).startswith("templates/check_in.email.md:")


@pytest.mark.parametrize("name", ["../rightreason.toml", "/etc/passwd", "../../.secret", "nothing.md"])
def test_only_files_of_the_folder_can_be_included(name: str) -> None:
    error = refused(f'{{% include "{name}" %}}')
    assert str(error) == (
        f"templates/check_in.email.md:4: there is no templates/{name}; only files of templates/ can be included"
    )


def test_a_file_of_the_folder_is_included_as_what_it_is() -> None:
    files = {
        "templates/check_in.email.md": '---\nsubject: Hi\n---\nHello\n\n{% include "bye.md" %}\n',
        "templates/bye.md": "**Bye**, {{ customer.first_name }}",
    }
    made = message(files)
    assert "<strong>Bye</strong>, Ana" in made.html  # type: ignore[union-attr] # an e-mail
    assert "Bye, Ana" in made.text


def test_a_template_that_includes_itself_ends() -> None:
    files = {
        "templates/check_in.email.md": '---\nsubject: Hi\n---\n{% include "a.md" %}',
        "templates/a.md": '{% include "a.md" %}',
    }
    with pytest.raises(TemplateError, match="without end"):
        message(files)


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "[x](http://evil.example)", "*Ana* **b** `c` # d", "![x](y)"]
)
def test_what_a_customer_is_called_stays_plain_text(name: str) -> None:
    made = mail("Hello {{ customer.first_name }}!", contact({"first_name": name, "email": "a@b.example"}))
    escaped = name.replace("<", "&lt;").replace(">", "&gt;")
    assert f"Hello {escaped}!</p>" in made.html
    assert f"Hello {name}!" in made.text


def test_a_name_cannot_break_out_of_an_attribute() -> None:
    made = mail("[x](https://e.example/?n={{ customer.first_name }})", contact({"first_name": '"><b onclick="x'}))
    assert 'href="https://e.example/?n=%22%3E%3Cb%20onclick%3D%22x"' in made.html
    assert "https://e.example/?n=%22%3E%3Cb%20onclick%3D%22x" in made.text


def test_a_value_cannot_make_a_link_a_script() -> None:
    with pytest.raises(TemplateError, match="no address that a link may lead to"):
        mail("[x]({{ customer.site }})", contact({"site": "javascript:alert(1)"}))


def test_a_value_that_looks_like_a_template_is_not_run() -> None:
    made = mail("Hello {{ customer.first_name }}", contact({"first_name": "{{ 7 * 7 }}{% raw %}"}))
    assert "Hello {{ 7 * 7 }}{% raw %}" in made.text


def test_line_ends_and_controls_in_a_name_reach_no_header() -> None:
    name = "Ana\r\nBcc: evil@x.example\x00\u202egnp.exe"
    made = mail("Hello", contact({"first_name": name}), head="subject: Dear {{ customer.first_name }}")
    assert made.subject == "Dear Ana Bcc: evil@x.examplegnp.exe"


def test_marks_that_turn_text_around_reach_no_body() -> None:
    made = mail("Hello {{ customer.first_name }}", contact({"first_name": "A\u202ebc\u2066d\x08"}))
    assert "Hello Abcd" in made.text
    assert "Hello Abcd" in made.html


def test_raw_html_in_markdown_is_text() -> None:
    assert "&lt;script&gt;" in mail("<script>alert(1)</script>").html


def test_braces_that_markdown_writes_are_no_tags() -> None:
    made = mail(r"\{\{ 7 * 7 }} and &#123;&#123; 7 }} and {% raw %}{{ 8 }}{% endraw %}")
    assert "{{ 7 * 7 }} and {{ 7 }} and {{ 8 }}" in made.text
    assert "{{ 7 * 7 }} and {{ 7 }} and {{ 8 }}" in made.html
