"""The layout that ships with the program."""

from __future__ import annotations

import re

from sample import contact, mail

from scheduler.messages.templates import Templates


def test_the_preheader_is_hidden_and_comes_first() -> None:
    html = mail("Hello", head="subject: Hi\npreheader: A look ahead").html
    hidden = re.search(r'<div style="display:none[^"]*">([^&<]*)', html)
    assert hidden is not None
    assert hidden[1] == "A look ahead"


def test_without_a_preheader_nothing_is_hidden() -> None:
    assert "display:none" not in mail("Hello").html


def test_the_preheader_is_not_in_the_text_part() -> None:
    assert "A look ahead" not in mail("Hello", head="subject: Hi\npreheader: A look ahead").text


def test_the_mail_needs_nothing_from_elsewhere() -> None:
    html = mail("Hello").html
    assert not re.search(r"<(?:script|img|link|iframe)\b|@import|url\(", html)


def test_the_brand_is_seen() -> None:
    html = mail("[Go](https://e.example)", contact(name="Böhm & Söhne", colour="#f2b705")).html
    assert "Böhm &amp; Söhne" in html
    assert 'bgcolor="#f2b705"' in html
    assert "color:#000000" in html


def test_light_and_dark_are_both_told_to_the_mailbox() -> None:
    html = mail("Hello").html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html


def test_the_footer_speaks_the_customers_variant_of_the_texts_language() -> None:
    made = mail("Hallo", contact({"language": "de-AT", "email": "a@b.example"}), file="check_in.email.de.md")
    assert "Warum Sie dies erhalten:" in made.html
    assert "Abmelden: https://" in made.text
    assert '<html lang="de-AT"' in made.html


def test_a_text_that_is_in_the_houses_language_alone_is_called_so_whatever_the_customer_speaks() -> None:
    made = mail("Hello, it is {{ today|date }}", contact({"language": "de-AT", "email": "a@b.example"}))
    assert "Why you get this:" in made.html
    assert (made.language, '<html lang="en"' in made.html) == ("en", True)
    assert made.text.startswith("Hello, it is March 2, 2026")


def test_a_workspace_may_have_its_own_layout_for_a_language() -> None:
    files = {"templates/layout.email.de.html": "{{ body }}{{ links.unsubscribe }}"}
    assert Templates(files).find("layout", "email", "de-CH").file.locale == "de"
    assert Templates(files).find("layout", "email", "fr").file.locale == ""


def test_a_paragraph_that_is_one_question_leaves_no_gap() -> None:
    html = mail("One\n\n{% if customer.vip %}Two{% endif %}\n\nThree").html
    assert "<p" not in html[html.index("One</p>") + 7 : html.index("Three") - 200]


def test_statements_on_lines_of_their_own_stand_between_paragraphs() -> None:
    made = mail("{% for n in range(2) %}\n- item {{ n }}\n{% endfor %}\n\nEnd")
    assert made.html.count("<ul") == made.html.count("</ul>") == 2
    assert made.text.startswith("* item 0\n\n  * item 1\n\nEnd")
