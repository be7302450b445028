"""Occasions: one rule, one customer, one trigger, and the window in which the rule may speak of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from scheduler.decisions.facts import Contact, Event
from scheduler.rulebook.model import Rule, Serves

SERVES_FIRST = (Serves.CUSTOMER, Serves.BOTH, Serves.US)


@dataclass(frozen=True)
class Trigger:
    """What gives rise to an occasion: an instant, or a date (`dated`), whose instant is its midnight.

    `known` is from when on we know of it; `counts_from` is what `since: trigger` means.
    """

    anchor: str
    at: int
    day: date
    known: int
    counts_from: int
    dated: bool = False
    event: Event | None = None
    contact: Contact | None = None


@dataclass(frozen=True)
class Window:
    """When an occasion may speak: `[opens, closes)`, with the instant from which on each channel may be used.

    `opens` is that of the first channel, `own_opening` that of the rule itself.
    """

    opens: int
    own_opening: int
    closes: int
    channels_open: tuple[int, ...]
    opens_at_midnight: bool


@dataclass(frozen=True)
class Occasion:
    """One rule, one customer, one trigger; `moments` are the spans, both ends included, in which it may speak."""

    key: str
    rule: Rule
    trigger: Trigger
    window: Window
    moments: tuple[tuple[int, int], ...]
    is_admitted: bool

    @property
    def event(self) -> Event | None:
        """The event that triggered it."""
        return self.trigger.event

    @property
    def counts_from(self) -> int:
        """From when on `since: trigger` counts."""
        return self.trigger.counts_from

    @property
    def ends(self) -> int:
        """When it is too late; what we learn of after its window is too late at once."""
        return max(self.window.closes, self.trigger.known)

    @property
    def turn(self) -> tuple[int, int, str, int, str]:
        """Who goes first at one instant: the smaller one."""
        serves = SERVES_FIRST.index(self.rule.asks_for.serves)
        return -self.rule.priority, serves, self.rule.name, self.trigger.at, self.trigger.anchor

    def meets(self, since: int, until: int) -> bool:
        """Whether its window meets [since, until)."""
        return self.window.closes > since and max(self.window.opens, self.trigger.known) < until

    def may_speak(self, now: int) -> bool:
        """Whether this is one of its moments."""
        return any(first <= now <= last for first, last in self.moments)


def key_of(rule: str, customer: str, anchor: str) -> str:
    """The key RULE/CUSTOMER/ANCHOR, each part percent-encoded."""
    return "/".join(quote(part, safe="") for part in (rule, customer, anchor))
