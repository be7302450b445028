from __future__ import annotations

import pytest

from scheduler.decisions.consent import agrees
from scheduler.decisions.facts import Consent

OTHERS = [
    Consent("offers", None, given=False, at=5),
    Consent(None, "sms", given=False, at=5),
    Consent("care", "post", given=False, at=5),
]


def asked(*said: Consent, opt_in: bool = False, now: int = 9) -> bool:
    return agrees(said, "care", "email", opt_in=opt_in, now=now)


@pytest.mark.parametrize("opt_in", [False, True])
def test_silence_is_what_the_house_says_whatever_was_said_of_others(opt_in: bool) -> None:
    assert asked(opt_in=opt_in) is asked(*OTHERS, opt_in=opt_in) is not opt_in


@pytest.mark.parametrize("topic", ["care", None])
@pytest.mark.parametrize("channel", ["email", None])
def test_what_is_said_of_any_topic_or_channel_is_said_of_this_one(topic: str | None, channel: str | None) -> None:
    assert not asked(Consent(topic, channel, given=False, at=5), *OTHERS)
    assert asked(Consent(topic, channel, given=True, at=5), *OTHERS, opt_in=True)


def test_the_newest_word_counts_and_a_no_of_the_same_instant_wins() -> None:
    yes, no = Consent("care", None, given=True, at=5), Consent(None, "email", given=False, at=4)
    assert asked(yes, no)
    assert asked(no, yes)
    same = Consent(None, None, given=False, at=5)
    assert not asked(yes, same)
    assert not asked(same, yes)


def test_what_is_said_later_does_not_count_yet() -> None:
    later = Consent(None, None, given=False, at=10)
    assert asked(later, now=9)
    assert not asked(later, now=10)
