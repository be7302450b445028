"""Where a gate is written: the key of the rule that it comes from, or of the house rules."""

from __future__ import annotations

from scheduler.decisions.causes import Cause
from scheduler.decisions.program import Gate
from scheduler.rulebook.model import Place, Rule, Rulebook


def source_of(gate: Gate, rule: Rule, rulebook: Rulebook, channel: str) -> Place | None:
    """The place of a gate's key, for a contact by this channel; of what is written nowhere, the rule itself."""
    places = rulebook.places
    if isinstance(gate.condition, str) and not gate.source:
        return places.get(f"conditions.{gate.condition}") or rule.place()
    match gate.cause:
        case Cause.CAP:
            return places.get(f"frequency_caps.{gate.detail}")
        case Cause.SEND_HOURS if rule.send_hours is None:
            return places.get(f"send_hours.{channel}") or places.get("send_hours.any")
        case Cause.VALUE_WINDOW | Cause.GIVES:
            written = (places.get(f"asks.{kind}.{gate.cause}") for kind in (rule.asks_for, "any"))
            house = places.get("value_window") if gate.cause is Cause.VALUE_WINDOW else None
            return next((place for place in written if place), house) or rule.place("asks_for")
        case Cause.CONSENT if rule.topic is None:
            return places.get(f"topics.{rulebook.house.topic(rule)[0]}") or rule.place("asks_for")
    return rule.place("topic" if gate.cause is Cause.CONSENT else gate.source)


def source_of_time(rule: Rule, rulebook: Rulebook, *, has_time: bool) -> Place | None:
    """Where it is written at which time of day a rule speaks; None where that is the house's default."""
    if not has_time:
        return rule.place("after")
    return rule.place("at") if rule.at is not None else rulebook.places.get("default_at")
