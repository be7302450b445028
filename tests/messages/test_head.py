from __future__ import annotations

import pytest
from sample import mail, message

from scheduler.errors import TemplateError


@pytest.mark.parametrize(
    ("head", "cause"),
    [
        ("subjct: Hello", "2: there is no key 'subjct' in a head"),
        ("subject: Hello\nsubject: Bye", "3: subject is written twice"),
        ("Hello", "2: this is no key of a head"),
        ("subject: {{ x", "2: "),
        ("subject:", "1: the subject is empty"),
        ("preheader: Hello", "1: the subject is empty"),
    ],
)
def test_a_head_that_can_not_be_used_says_where(head: str, cause: str) -> None:
    with pytest.raises(TemplateError) as caught:
        mail("Hello", head=head)
    assert f"templates/check_in.email.md:{cause}" in str(caught.value)


@pytest.mark.parametrize(
    ("head", "subject"),
    [
        ("subject: Order #5: is all well?", "Order #5: is all well?"),
        ('subject: "Quoted: \\"text\\""', 'Quoted: "text"'),
        ("subject: 'It''s here'", "It's here"),
        ("# a comment\nsubject: >-\n  two\n  lines", "two lines"),
        ("subject: {{ event.product }}, {{ customer.first_name }}", "Kettle, Ana"),
    ],
)
def test_a_subject_is_taken_as_it_is_written(head: str, subject: str) -> None:
    assert mail("Hello", head=head).subject == subject


def test_a_mail_without_a_head_says_how_to_write_one() -> None:
    with pytest.raises(TemplateError, match=r"check_in.email.md:1: it has no head") as caught:
        message({"templates/check_in.email.md": "Hello"})
    assert "---" in caught.value.way_out


def test_a_head_without_an_end_is_refused() -> None:
    with pytest.raises(TemplateError, match="its head has no end"):
        message({"templates/check_in.email.md": "---\nsubject: Hello\n\nHello"})


def test_a_text_has_no_need_of_a_head() -> None:
    from sample import contact

    assert message({"templates/check_in.sms.txt": "Hello"}, contact(channel="sms")).text == "Hello\n"
