from __future__ import annotations

from datetime import date

import pytest
from sample import ANA, contact, mail, message

from scheduler.errors import TemplateError
from scheduler.messages.message import Email, Text


def problem(body: str, head: str = "subject: Hello", **facts: object) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        mail(body, contact(**facts), head=head)  # type: ignore[arg-type] # facts are those of contact
    return caught.value


def test_a_mail_is_markdown_twice_over() -> None:
    made = mail("# Hi {{ customer.first_name }}\n\nyour **{{ event.product }}** is [here](https://e.example/1).")
    assert "Your" not in made.subject
    assert ">Hi Ana</h1>" in made.html
    assert "<strong>Kettle</strong>" in made.html
    assert made.text.startswith("Hi Ana\n\nyour Kettle is here (https://e.example/1).\n")


def test_head_and_body_are_templates() -> None:
    head = 'subject: {{ event.product }}: arrived?\npreheader: "Order #{{ event.order }}"\nfrom: {{ brand.name }} <a@e.example>'
    made = mail("Hello", contact(event={"product": "Kettle", "order": 7}), head=head)
    assert (made.subject, made.preheader, made.from_) == (
        "Kettle: arrived?",
        "Order #7",
        "Kettle & Crumb <a@e.example>",
    )
    assert "Order #7" in made.html


def test_a_missing_first_name_takes_its_fallback() -> None:
    assert "Hello there" in mail('Hello {{ customer.first_name or "there" }}', contact({})).text


@pytest.mark.parametrize("customer", [{}, {"first_name": None}])
def test_a_missing_first_name_is_never_an_empty_string(customer: dict[str, object]) -> None:
    error = problem("Hello\n\n{{ customer.first_name }}", customer=customer)
    assert str(error) == "templates/check_in.email.md:6: customer.first_name has no value"
    assert error.way_out == 'write what stands in its place, like {{ customer.first_name or "…" }}'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{{ customer.plan|default("none") }}', "none"),
        ('{{ "yes" if customer.plan else "no" }}', "no"),
        ("{% if customer.plan is defined %}yes{% else %}no{% endif %}", "no"),
        ('{{ "yes" if customer.plan == "gold" else "no" }}', "no"),
        ('{{ "yes" if not customer.plan else "no" }}', "yes"),
    ],
)
def test_a_missing_value_may_be_asked_about(body: str, text: str) -> None:
    assert mail(body).text.startswith(text)


def test_a_name_that_templates_do_not_have_is_an_error_even_with_a_fallback() -> None:
    assert str(problem('{{ custmer or "there" }}')) == "templates/check_in.email.md:4: custmer is undefined"


def test_a_missing_value_in_a_filter_is_an_error() -> None:
    assert "customer.since has no value" in str(problem("{{ customer.since|date }}"))


def test_dates_money_and_numbers_speak_the_language_of_the_text() -> None:
    body = '{{ event.day|date }}, {{ event.day|date("d. MMM") }}, {{ event.price|money }}, {{ event.n|number }}, {{ event.n|number(2) }}'
    event = {"day": date(2026, 3, 1), "price": 1234.5, "n": 1234567}
    german = mail(body, contact({"language": "de"}, event), file="check_in.email.de.md").text
    english = mail(body, contact({"language": "en-US"}, event, currency="USD")).text
    assert german.startswith("1. März 2026, 1. März, 1.234,50\xa0€, 1.234.567, 1.234.567,00")
    assert english.startswith("March 1, 2026, 1. Mar, $1,234.50, 1,234,567, 1,234,567.00")


@pytest.mark.parametrize("filters", ["date", "money", "number"])
def test_a_value_of_another_kind_is_an_error(filters: str) -> None:
    assert f"{filters}: a text of 6 characters is no" in str(problem(f"{{{{ event.product|{filters} }}}}"))


def test_the_locale_falls_back_from_the_land_to_the_language_to_the_house_to_none() -> None:
    def greeting(language: str, *locales: str) -> str:
        files = {f"templates/check_in.sms{locale and '.'}{locale}.txt": f"in {locale or 'none'}" for locale in locales}
        return message(files, contact({**ANA, "language": language}, channel="sms", language="fr")).text

    assert greeting("de-AT", "de-AT", "de", "fr", "") == "in de-AT\n"
    assert greeting("de_at", "de", "fr", "") == "in de\n"
    assert greeting("it", "de", "fr", "") == "in fr\n"
    assert greeting("it", "de", "") == "in none\n"


def test_a_template_of_no_fitting_language_is_missing() -> None:
    with pytest.raises(TemplateError, match=r"check_in is there in de only, not in it"):
        message({"templates/check_in.sms.de.txt": "x"}, contact({"language": "it"}, channel="sms"))


def test_a_missing_template_names_the_nearest() -> None:
    with pytest.raises(TemplateError, match=r"templates/check_in.sms.txt: there is no template check_in") as caught:
        message({"templates/chek_in.sms.txt": "x"}, contact(channel="sms"))
    assert "chek_in" in caught.value.way_out


def test_a_text_channel_gets_plain_text() -> None:
    made = message(
        {"templates/check_in.phone.md": "# Call {{ customer.first_name }}\n\n1. *Thank* them."},
        contact(channel="phone"),
    )
    assert made == Text("+49301234567", "Call Ana\n\n 1. Thank them.\n", "phone")


def test_the_footer_says_why_and_how_to_leave() -> None:
    made = mail("Hello", contact(address="Mill Lane 7"))
    link = "https://shop.example/unsubscribe/"
    for part in (made.html, made.text):
        assert "Why you get this: Their kettle has arrived." in part
        assert link in part
        assert "https://shop.example/preferences/" in part
        assert "Mill Lane 7" in part


def test_the_headers_let_a_mailbox_unsubscribe_with_one_click() -> None:
    headers = mail("Hello").headers
    assert headers["List-Unsubscribe"].startswith("<https://shop.example/unsubscribe/")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Feedback-ID"] == "delivery_check_in:After-the-purchase:email:example.com"


def test_one_click_is_offered_over_https_only() -> None:
    assert "List-Unsubscribe-Post" not in mail("Hello", contact(base_url="http://localhost:8000")).headers


def test_a_subject_that_becomes_empty_holds_the_message() -> None:
    assert "the subject is empty" in str(problem("Hello", 'subject: {{ customer.x or "" }}'))


@pytest.mark.parametrize("body", ["", "\n\n", "{% if customer.x %}Hello{% endif %}", '{{ customer.x or "" }}', "> "])
def test_a_body_that_becomes_empty_holds_the_message(body: str) -> None:
    assert "the message is empty" in str(problem(body))


def test_a_picture_is_a_body() -> None:
    assert "<img" in mail("![A cake](https://shop.example/cake.png)").html


def test_an_html_template_takes_full_control() -> None:
    body = '<html><body><h1>Hi {{ customer.first_name }}</h1><a href="{{ links.unsubscribe }}">Leave</a></body></html>'
    made = message({"templates/check_in.email.html": f"---\nsubject: Hi\n---\n{body}"})
    assert isinstance(made, Email)
    assert made.html.startswith("<html><body><h1>Hi Ana</h1>")
    assert made.text.startswith("Hi Ana\n\nLeave (https://shop.example/unsubscribe/")


def test_an_html_template_without_a_way_out_is_an_error() -> None:
    with pytest.raises(TemplateError, match=r"check_in.email.html: the HTML of the mail has no link to unsubscribe"):
        message({"templates/check_in.email.html": "---\nsubject: Hi\n---\n<p>Hi</p>"})


def test_a_layout_without_a_way_out_is_an_error() -> None:
    files = {"templates/check_in.email.md": "---\nsubject: Hi\n---\nHi", "templates/layout.email.html": "{{ body }}"}
    with pytest.raises(TemplateError, match=r"layout.email.html: the HTML of the mail has no link to unsubscribe"):
        message(files)


def test_a_paragraph_that_is_a_link_becomes_a_button() -> None:
    made = mail("[Tell us]({{ links.survey('csat') }})")
    assert 'class="rr-button"' in made.html
    assert made.text.startswith("Tell us: https://shop.example/survey/csat/")


def test_a_scale_is_a_row_of_links_in_html_and_one_address_in_text() -> None:
    made = mail('{{ links.scale("nps") }}')
    assert made.html.count('class="rr-score"') == 11
    assert "?score=10" in made.html
    assert made.text.startswith("0–10: https://shop.example/survey/nps/")  # noqa: RUF001 - a range has an en dash


def test_a_link_that_is_not_set_says_where_to_set_it() -> None:
    error = problem("[Review]({{ links.review }})")
    assert (error.facts["cause"], error.way_out) == (
        "links.review has no value",
        "set brand.review_url in the settings",
    )


def test_an_attribute_may_be_called_like_a_method() -> None:
    assert mail("{{ event.items }}, {{ event.keys }}", contact(event={"items": 3, "keys": 2})).text.startswith("3, 2")


def test_a_sender_of_two_addresses_is_refused() -> None:
    assert "from is not one address" in str(problem("Hi", "subject: x\nfrom: a@b.example, c@d.example"))


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ("Hi", "subject: x\nreply_to: '{{ customer.owner }}'"),
        ("Hi", "subject: x\nfrom: '{{ customer.owner }}'"),
        ("{{ today|date(customer.owner) }}", "subject: x"),
    ],
)
def test_what_is_wrong_is_told_without_the_facts_that_it_is_about(body: str, head: str) -> None:
    told = problem(body, head, customer={**ANA, "owner": "QQQQQQQ, Ana"})
    assert "QQQ" not in f"{told} {told.facts}"


def test_the_sender_and_the_reply_address_come_from_the_settings_otherwise() -> None:
    made = mail("Hi", None, settings={"from": "Shop <s@e.example>", "reply_to": "care@e.example"})
    assert (made.from_, made.reply_to, made.to) == ("Shop <s@e.example>", "care@e.example", "ana@example.com")


def test_an_html_template_may_bring_its_own_text() -> None:
    files = {
        "templates/check_in.email.html": "---\nsubject: Hi\n---\n<p>Hi</p>{{ links.unsubscribe }}",
        "templates/check_in.email.txt": "Hi, in plain words.\n{{ links.unsubscribe }}",
    }
    assert message(files).text.startswith("Hi, in plain words.\nhttps://shop.example/unsubscribe/")
