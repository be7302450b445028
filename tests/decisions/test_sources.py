from collections.abc import Mapping

import pytest
from deciding import HOUSE, program

from scheduler.decisions.sources import source_of, source_of_time

ASK = """\
note:
  reason: They have had the value
  asks_for: review
  when: delivered
  after: 1 day
  only_if: [well]
  unless: [{event: returned}]
  by: [email]
  send: note
"""
CONDITIONS = "well: {means: all is well, event: smiled}"
WRITTEN = """\
asks:
  any: {value_window: required, blocked_while: [well]}
  review: {gives: 30 days}
topics: {offers: {default_for: [review]}}
"""


def sources(rules: str, house: str) -> Mapping[str, str]:
    compiled = program(rules, house, CONDITIONS)
    (rule,) = compiled.rules
    places = {gate.name: source_of(gate, rule, compiled.rulebook, "email") for gate in compiled.gates[0]}
    return {gate: f"{place.file.removeprefix('rules/')}:{place.line}" for gate, place in places.items() if place}


def test_each_gate_comes_from_a_key_of_the_rule_or_the_house() -> None:
    house = HOUSE.replace("caps: []", "caps: [{at_most: 1, within: 1 day}]") + WRITTEN
    assert sources(ASK, house) == {
        "active": "test.yaml:5",
        "window": "test.yaml:8",
        "again": "test.yaml:5",
        "until": "test.yaml:5",
        "only_if.well": "test.yaml:10",
        "unless.1": "test.yaml:11",
        "value_window": "house_rules.yaml:5",
        "blocked.well": "test.yaml:3",
        "gives": "house_rules.yaml:6",
        "reachable": "test.yaml:12",
        "consent": "house_rules.yaml:7",
        "send_hours": "house_rules.yaml:2",
        "cap.1": "house_rules.yaml:3",
        "holdout": "test.yaml:5",
    }


def test_what_the_house_leaves_out_comes_from_what_the_rule_asks_for() -> None:
    found = sources(ASK, "timezone: UTC")
    assert [found[gate] for gate in ("value_window", "gives", "consent")] == ["test.yaml:7"] * 3
    assert "send_hours" not in found


def test_a_topic_and_hours_of_the_rule_go_before_those_of_the_house() -> None:
    found = sources(ASK + '  topic: care\n  send_hours: {from: "10:00"}\n', HOUSE + WRITTEN)
    assert (found["consent"], found["send_hours"]) == ("test.yaml:14", "test.yaml:15")


@pytest.mark.parametrize(
    ("at", "house", "place"),
    [
        ('  at: "09:30"', "timezone: UTC", "rules/test.yaml:14:5"),
        ("", 'default_at: "11:00"', "rules/house_rules.yaml:1:1"),
        ("", "timezone: UTC", "None"),
    ],
)
def test_the_time_of_day_is_the_rules_or_the_houses(at: str, house: str, place: str) -> None:
    compiled = program(ASK + at, house, CONDITIONS)
    assert str(source_of_time(compiled.rules[0], compiled.rulebook, has_time=True)) == place
