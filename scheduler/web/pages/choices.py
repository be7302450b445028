"""What a customer may choose to hear about and by which channels, and what a change of that means as consent.

A contact is agreed to as the gate of consent decides it; ticks only show it. A yes is written as narrowly as it was
said, of a topic by a channel, and a no as widely: of a topic by any channel, of a channel whatever the topic. So
nothing that comes later, a topic or a channel, is agreed to by accident.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from scheduler.decisions.consent import agrees
from scheduler.decisions.facts import ADDRESSES, Consent, Customer
from scheduler.rulebook.model import PREFERRED, AsksFor, ConsentMode, Rule, Rulebook, Status

CHANNELS = ("email", "sms", "post", "phone", "webhook")
"""The channels that reach people, in the order in which they are shown."""
_NO_CHANNEL = ""
"""A channel that there is no record of: what is said of a topic, whatever the channel."""


@dataclass(frozen=True)
class Topic:
    """A topic, what its contacts ask for, and whether silence about it is a no."""

    name: str
    asks: tuple[AsksFor, ...]
    opt_in: bool


@dataclass(frozen=True)
class Ticks:
    """What was ticked on a page as it was shown, and what is ticked as it comes back.

    Only the difference is what somebody said: what was changed elsewhere meanwhile stays as it is.
    """

    before: Collection[str]
    after: Collection[str]

    @property
    def on(self) -> list[str]:
        """What was newly ticked."""
        return [name for name in self.after if name not in self.before]

    @property
    def off(self) -> list[str]:
        """What is no longer ticked."""
        return [name for name in self.before if name not in self.after]


@dataclass(frozen=True)
class Choices:
    """The topics and channels that somebody can choose among, as they stand at `now`."""

    topics: tuple[Topic, ...]
    channels: Mapping[str, bool]
    consents: tuple[Consent, ...]
    now: int

    @cached_property
    def ticked_topics(self) -> list[str]:
        """The topics that they agree to."""
        return [topic.name for topic in self.topics if self._agrees(topic, _NO_CHANNEL) or self._any_way(topic)]

    @cached_property
    def ticked_channels(self) -> list[str]:
        """The channels by which they agree to hear of some topic."""
        return [name for name in self.channels if any(self._agrees(topic, name) for topic in self.topics)]

    def changed(self, topics: Ticks, channels: Ticks) -> list[Consent]:
        """The records of consent that a change of the ticks means; none where nothing was changed."""
        off = [Consent(name, None, False, self.now) for name in topics.off]
        off += [Consent(None, name, False, self.now) for name in channels.off]
        agreed = [
            Consent(topic.name, channel, True, self.now)
            for topic in self.topics
            for channel in self.channels
            if topic.name in topics.after and channel in channels.after
            if topic.name in topics.on or channel in channels.on
            if not self._agrees(topic, channel)
        ]
        return off + agreed

    def _any_way(self, topic: Topic) -> bool:
        return any(self._agrees(topic, channel) for channel in self.channels)

    def _agrees(self, topic: Topic, channel: str) -> bool:
        opt_in = topic.opt_in or self.channels.get(channel, False)
        return agrees(self.consents, topic.name, channel, opt_in=opt_in, now=self.now)


def ticks(known: Collection[str], shown: Sequence[str], sent: Sequence[str]) -> Ticks:
    """The ticks of a form, of those names that there are; what was not shown as ticked counts as newly ticked."""
    return Ticks([name for name in known if name in shown], [name for name in known if name in sent])


def choices(rulebook: Rulebook | None, customer: Customer, now: int) -> Choices:
    """What a customer can choose among: the topics and channels of the active rules, if they can be reached by them."""
    rules = [] if rulebook is None else [one for one in rulebook.rules.values() if one.status is Status.ACTIVE]
    topics = () if rulebook is None else _topics(rulebook, rules)
    named = {use.channel for rule in rules for use in rule.by}
    channels = {
        name: rulebook is not None and rulebook.house.channel_consent(name) is ConsentMode.OPT_IN
        for name in CHANNELS
        if (name in named or PREFERRED in named) and _can_be_reached(customer, name)
    }
    return Choices(topics, channels, customer.consents, now)


def _topics(rulebook: Rulebook, rules: Sequence[Rule]) -> tuple[Topic, ...]:
    """The topics of the house rules in their order, then those of rules that are under none of them."""
    asks: dict[str, set[AsksFor]] = {name: set(topic.default_for) for name, topic in rulebook.house.topics.items()}
    opt_in = {name for name, topic in rulebook.house.topics.items() if topic.consent is ConsentMode.OPT_IN}
    for rule in rules:
        name, mode = rulebook.house.topic(rule)
        asks.setdefault(name, set()).add(rule.asks_for)
        if mode is ConsentMode.OPT_IN:
            opt_in.add(name)
    return tuple(
        Topic(name, tuple(one for one in AsksFor if one in kinds), name in opt_in) for name, kinds in asks.items()
    )


def _can_be_reached(customer: Customer, channel: str) -> bool:
    attribute = ADDRESSES.get(channel)
    return attribute is None or bool(customer.attributes.get(attribute))
