from __future__ import annotations

import pytest
from deciding import HOUSE, program

from scheduler.decisions.causes import Cause


@pytest.mark.parametrize("gate", ["cap.1", "cap"])
def test_a_gate_is_known_by_its_name_with_or_without_a_detail(gate: str) -> None:
    assert Cause.of(gate) is Cause.CAP


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words_of_its_own(cause: Cause) -> None:
    assert [one for one in Cause if one.meaning == cause.meaning] == [cause]
    assert cause.meaning


def test_the_gates_of_a_rule_are_asked_in_the_order_of_their_causes() -> None:
    rules = program(
        """
        asks:
          reason: They have had the value.
          asks_for: review
          when: delivered
          after: 1 day
          only_if: [{event: rated}]
          unless: [well]
          by: [email]
          send: words
        """,
        HOUSE.replace("caps: []", "caps: [{at_most: 1, within: 1 day}, {at_most: 3, within: 7 days}]")
        + "asks: {any: {value_window: required, gives: 90 days, blocked_while: [well]}}\n",
        "well: {means: all is well, event: smiled}",
    )
    assert [gate.name for gate in rules.gates[0]] == [
        *("active", "window", "again", "until", "only_if.1", "unless.well"),
        *("value_window", "blocked.well", "gives"),
        *("reachable", "consent", "send_hours", "cap.1", "cap.2", "holdout"),
    ]
