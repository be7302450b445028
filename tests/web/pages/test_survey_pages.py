from __future__ import annotations

import re

import pytest
from visiting import ANA, BEN, House, chosen, key, path

from scheduler.web.pages.exit_interview import REASONS
from scheduler.web.pages.forms import LONGEST_BODY, LONGEST_COMMENT

NPS, CSAT, CES, EXIT = (path(f"survey/{name}") for name in ("nps", "csat", "ces", "exit"))
ORIGIN = {"rule": "thanks", "occasion": key()}


def test_a_link_with_a_score_shows_the_page_with_that_score_chosen(shop: House) -> None:
    text = shop.client.get(f"{NPS}?score=9").text
    assert chosen(text, "score") == ["9"]
    assert len(re.findall('name="score"', text)) == 11


@pytest.mark.parametrize("score", ["11", "-1", "9.0", "\uff19", "", "nine", "9 9", "<b>"])
def test_a_score_that_is_none_of_the_scale_is_not_chosen_and_not_taken(shop: House, score: str) -> None:
    page = shop.client.get(NPS, params={"score": score})
    assert (page.status_code, chosen(page.text, "score")) == (200, [])
    answer = shop.client.post(NPS, data={"score": score, "comment": "Good & <b>bold</b>"})
    assert answer.status_code == 422
    assert "Please choose one of the numbers from 0 to 10." in answer.text
    assert "Good &amp; &lt;b&gt;bold&lt;/b&gt;</textarea>" in answer.text
    assert shop.events("nps_answered") == []


@pytest.mark.parametrize(("name", "lowest", "highest"), [("nps", 0, 10), ("csat", 1, 5), ("ces", 1, 7)])
def test_the_whole_scale_is_taken_and_nothing_beyond(shop: House, name: str, lowest: int, highest: int) -> None:
    for score in range(lowest - 1, highest + 2):
        shop.later()
        answer = shop.client.post(path(f"survey/{name}"), data={"score": str(score)})
        assert answer.status_code == (303 if lowest <= score <= highest else 422)
    assert [one["score"] for one in shop.events(f"{name}_answered")] == [highest]


def test_an_answer_is_an_event_at_once_and_sends_nobody_anything_twice(shop: House) -> None:
    answer = shop.client.post(NPS, data={"score": "9", "comment": " Good bread.\r\nMore, please. "})
    assert (answer.status_code, answer.headers["Location"]) == (303, "?sent")
    assert shop.events("nps_answered") == [{"score": 9, "comment": "Good bread.\nMore, please.", **ORIGIN}]
    before = shop.tables()
    thanks = shop.client.get(f"{NPS}?sent")
    assert "Your answer is saved: 9 on the scale from 0 to 10." in thanks.text
    assert 'href="?score=9"' in thanks.text
    assert "look into it" not in thanks.text
    assert shop.tables() == before


def test_the_thanks_are_for_who_has_answered(shop: House) -> None:
    assert "Thank you" not in shop.client.get(f"{NPS}?sent").text


@pytest.mark.parametrize(("name", "low", "fair"), [("nps", 6, 7), ("csat", 2, 3), ("ces", 3, 4)])
def test_who_is_unhappy_reads_that_a_person_will_look_at_it(shop: House, name: str, low: int, fair: int) -> None:
    for score in (low, fair):
        shop.later()
        shop.client.post(path(f"survey/{name}"), data={"score": str(score)})
        thanks = shop.client.get(path(f"survey/{name}") + "?sent").text
        assert ("A person at" in thanks) is (score == low)


def test_the_newest_answer_counts_and_takes_the_place_of_the_earlier_one(shop: House) -> None:
    for score, comment in ((3, "Stale."), (8, ""), (3, "Stale."), (3, "Stale.")):
        shop.later()
        shop.client.post(NPS, data={"score": str(score), "comment": comment})
    assert shop.events("nps_answered") == [{"score": 3, "comment": "Stale.", **ORIGIN}]
    (event,) = (one for one in shop.customer().events if one.name == "nps_answered")
    assert event.id == f"nps_answered:{key()}:3"
    assert chosen(shop.client.get(NPS).text, "score") == ["3"]


def test_an_earlier_comment_is_not_shown_to_whoever_has_the_link(shop: House) -> None:
    shop.client.post(NPS, data={"score": "3", "comment": "My name is Ana."})
    assert "My name" not in shop.client.get(NPS).text + shop.client.get(f"{NPS}?sent").text


def test_an_answer_is_that_of_the_customer_whom_the_link_was_sent_to(shop: House) -> None:
    shop.client.post(path("survey/nps", BEN, key(BEN, "b2")), data={"score": "1", "customer": ANA})
    assert shop.events("nps_answered") == []
    assert [one["score"] for one in shop.events("nps_answered", BEN)] == [1]


def test_a_comment_holds_no_controls(shop: House) -> None:
    shop.client.post(NPS, data={"score": "9", "comment": "a\x00b\x1b[31m\u202ec\u2066d\x85e\ufeff"})
    assert shop.events("nps_answered")[0]["comment"] == "ab[31mcde"


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "latin-1", "no-such-charset"])
def test_a_comment_in_an_odd_charset_is_a_text_or_nothing(shop: House, charset: str) -> None:
    parts = [("score", b"9"), ("_charset_", charset.encode()), ("comment", b"+2AA- \xff\xfe\x00\xd8")]
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in parts
    )
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    answer = shop.client.post(NPS, content=body + b"--x--\r\n", headers={"Content-Type": kind})
    assert answer.status_code in (303, 422)


def test_a_comment_that_is_too_long_is_kept_on_the_page_and_not_taken(shop: House) -> None:
    answer = shop.client.post(NPS, data={"score": "9", "comment": "x" * (LONGEST_COMMENT + 1)})
    assert answer.status_code == 422
    assert "Please shorten your text to 2000 characters; it has 2001 now." in answer.text
    assert chosen(answer.text, "score") == ["9"]
    assert shop.events("nps_answered") == []
    assert shop.client.post(NPS, data={"score": "9", "comment": "x" * LONGEST_COMMENT}).status_code == 303


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"score=9&comment=" + b"x" * LONGEST_BODY),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(1_000)) + b"&score=9"),
        ("multipart/form-data", b"score=9"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="score"; filename="f"\r\n\r\n9\r\n--x--',
        ),
        ("application/json", b'{"score": 9}'),
        ("", b"score=9"),
    ],
)
def test_what_is_no_form_is_answered_and_not_taken(shop: House, kind: str, body: bytes) -> None:
    answer = shop.client.post(NPS, content=body, headers={"Content-Type": kind} if kind else {})
    assert answer.status_code == 422
    assert shop.events("nps_answered") == []


def test_a_csat_says_what_it_is_about(shop: House) -> None:
    assert "Rye {0} &lt;b&gt;flour&lt;/b&gt;?" in shop.client.get(CSAT).text
    shop.client.post(CSAT, data={"score": "5"})
    assert shop.events("csat_answered") == [{"score": 5, "about": "Rye {0} <b>flour</b>", **ORIGIN}]


def test_a_score_may_come_by_multipart_as_well(shop: House) -> None:
    assert shop.client.post(CES, files={"score": (None, "7")}).status_code == 303
    assert shop.events("ces_answered") == [{"score": 7, **ORIGIN}]


@pytest.mark.parametrize("reason", REASONS)
def test_an_exit_interview_is_an_event(shop: House, reason: str) -> None:
    assert f'value="{reason}"' in shop.client.get(EXIT).text
    form = {"reason": reason, "comment": "Bye.", "stay": "yes"}
    assert shop.client.post(EXIT, data=form).status_code == 303
    expected = {"reason": reason, "comment": "Bye.", "may_stay_in_touch": True, **ORIGIN}
    assert shop.events("exit_answered") == [expected]
    assert shop.agrees("care", "email")
    assert "All the best" in shop.client.get(f"{EXIT}?sent").text


def test_who_wants_to_stay_in_touch_no_more_withdraws_everything(shop: House) -> None:
    shop.client.post(EXIT, data={"reason": "moved", "stay": "no"})
    assert shop.events("exit_answered") == [{"reason": "moved", "may_stay_in_touch": False, **ORIGIN}]
    assert not any(shop.agrees(topic, way) for topic in ("care", "feedback", "else") for way in ("email", "post"))
    assert [one.source for one in shop.store.consents.of(ANA)] == ["exit interview"]
    assert "we won&#39;t contact you any more" in shop.client.get(f"{EXIT}?sent").text


@pytest.mark.parametrize("reason", ["", "weather", "PRICE"])
def test_an_exit_interview_needs_one_of_the_reasons(shop: House, reason: str) -> None:
    answer = shop.client.post(EXIT, data={"reason": reason, "stay": "no", "comment": "<i>"})
    assert answer.status_code == 422
    assert "Please choose the reason" in answer.text
    assert chosen(answer.text, "stay") == ["no"]
    assert "&lt;i&gt;</textarea>" in answer.text
    assert shop.events("exit_answered") == []
    assert shop.store.consents.of(ANA) == []


def test_an_exit_interview_can_be_answered_again(shop: House) -> None:
    for reason in ("price", "product"):
        shop.later()
        shop.client.post(EXIT, data={"reason": reason})
    assert [one["reason"] for one in shop.events("exit_answered")] == ["product"]
