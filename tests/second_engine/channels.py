"""Gates 7 to 10, asked of one channel: reachable, consent, send_hours, and the caps."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.decisions.facts import ADDRESSES, Contact
from scheduler.rulebook.model import ConsentMode, Exemption, FrequencyCap
from second_engine.hours import are_open
from second_engine.occasions import Occasion
from second_engine.person import Person


def channel_refusals(person: Person, occasion: Occasion, number: int, now: int) -> Iterator[str]:
    """The names of the gates that say no now to one of the rule's channels."""
    rule, channel = occasion.rule, person.channel(occasion.rule.by[number].channel)
    if now < occasion.window.channels_open[number] or not _has_address(person, channel):
        yield "reachable"
    if not _agreed(person, occasion, channel, now):
        yield "consent"
    if not are_open(rule, channel, person, now):
        yield "send_hours"
    for cap_number, cap in enumerate(person.house.frequency_caps, 1):
        if _binds(cap, occasion, channel) and _counted(person, cap, now) >= cap.at_most:
            yield f"cap.{cap_number}"


def _has_address(person: Person, channel: str | None) -> bool:
    if channel is None or channel in person.customer.suppressed:
        return False
    return channel not in ADDRESSES or bool(person.attribute(ADDRESSES[channel]))


def _agreed(person: Person, occasion: Occasion, channel: str | None, now: int) -> bool:
    paused_until = person.customer.paused_until
    if paused_until is not None and now < paused_until:
        return False
    topic, mode = person.house.topic(occasion.rule)
    fitting = [
        one
        for one in person.customer.consents
        if one.at <= now and one.topic in {None, topic} and one.channel in {None, channel}
    ]
    if not fitting:
        modes = {mode, person.house.channel_consent(channel)} if channel is not None else {mode}
        return ConsentMode.OPT_IN not in modes
    newest = max(one.at for one in fitting)
    return all(one.given for one in fitting if one.at == newest)


# --- 10 caps


def _binds(cap: FrequencyCap, occasion: Occasion, channel: str | None) -> bool:
    is_exempt = Exemption.FREQUENCY_CAPS in occasion.rule.exempt
    return not is_exempt and cap.serves in {None, occasion.rule.asks_for.serves} and cap.by in {None, channel}


def _counted(person: Person, cap: FrequencyCap, now: int) -> int:
    return len([one for one in person.contacted(now) if _counts(person, cap, one, now)])


def _counts(person: Person, cap: FrequencyCap, contact: Contact, now: int) -> bool:
    return (
        not contact.exempt
        and cap.serves in {None, contact.asks_for.serves}
        and cap.by in {None, contact.channel}
        and person.clock.is_within(contact.at, cap.within, now)
    )
