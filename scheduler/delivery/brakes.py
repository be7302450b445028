"""The brakes: sending holds itself where far more leaves than was foreseen, or where too much of it comes back.

The volume is that of a clock hour. It is compared with what the ledger said of that hour beforehand, which is written
down once an hour, and anew when somebody has looked: after an activation, and after a release of everything. What
comes without notice, like thanks for an order, no plan foresees; so what left in the hour before, and at this hour of
the last seven days, counts as foreseen too. What comes back is counted at the minute in which its message left, so
that it is a share of those messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from sys import maxsize

from scheduler.channels.alert import Alert, AlertKind
from scheduler.decisions.occasions import rule_of
from scheduler.durations import HOUR, MINUTE
from scheduler.settings import Settings
from scheduler.store import Store
from scheduler.store.forecasts import Forecast
from scheduler.store.holds import ALL

BRAKE = "brake"
"""Who holds."""
BOUNCES_OF, COMPLAINTS_OF = 500, 5_000
"""Of how many of the newest messages a share is taken."""
LOOKS_BACK = (1, *(24 * day for day in range(1, 8)))
"""As many hours ago it is usual what left."""
LEAST = 20
"""As many may leave between two looks, however close the limit is."""
NAMED = 3
"""As many rules are named."""


class Brakes:
    """The brakes of one worker, to be asked again and again.

    Channels that write files reach nobody by themselves and are not braked.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._set = store, settings.brakes
        self._channels = list(settings.paces)
        self._rules: int | None = None
        self._looked, self._foreseen = 0, 0
        self.room = maxsize
        """So many messages may leave before the brakes are to be asked again."""

    def check(self, rules: int, left: Iterable[str], now: int) -> list[Alert]:
        """Hold what leaves or comes back too much, as of `now`; returns an alert for each hold that is placed.

        `rules` is the number of the activation that all is planned by, `left` the keys of what was taken up lately.
        Raises `StoreError`.
        """
        if not self._channels:
            return []
        alerts = list[Alert]()
        if now // MINUTE != self._looked or rules != self._rules:
            self._looked = now // MINUTE
            self._look_ahead(rules, now)
        for channel in self._channels:
            alerts += self._check_returns(channel, now)
        return alerts + self._check_volume(rules, left, now)

    def _look_ahead(self, rules: int, now: int) -> None:
        """Read what was foreseen for this hour; what the hours to come will have is written down."""
        forecasts = self._store.forecasts
        present, coming = forecasts.of(now), forecasts.of(now + HOUR)
        if self._has_been_looked_at(rules, coming, now):
            (gone,) = self._store.traffic.of_hours(self._channels, [now // HOUR])
            forecasts.make(rules, now=now, gone=gone)
            present = forecasts.of(now)
        elif coming is None or coming.made // HOUR < now // HOUR:
            # what nobody foresaw for this hour is not foreseen for the next one because it is late
            forecasts.make(rules, now=now, overdue=present is not None)
        self._rules, self._foreseen = rules, 0 if present is None else present.foreseen

    def _has_been_looked_at(self, rules: int, latest: Forecast | None, now: int) -> bool:
        released = self._store.holds.lifted(ALL)
        if released is not None and released >= (now - HOUR if latest is None else latest.made):
            return True
        return latest is not None and rules > (latest.rules if self._rules is None else self._rules)

    def _check_volume(self, rules: int, left: Iterable[str], now: int) -> list[Alert]:
        hour = now // HOUR
        (sent,) = self._store.traffic.of_hours(self._channels, [hour])
        most, usual = self._most(self._foreseen), 0
        if sent > most:
            self._look_ahead(rules, now)  # somebody may have released everything meanwhile
            usual = max(self._store.traffic.of_hours(self._channels, [hour - ago for ago in LOOKS_BACK]))
            most = self._most(max(self._foreseen, usual))
        self.room = max(LEAST, most - sent + 1)
        if sent <= most:
            return []
        cause = (
            f"{sent:,} messages left in this hour, {self._foreseen:,} were foreseen, {usual:,} are usual;"
            f" most of what left or waits is of {self._most_common(left, now)};"
            " look at `rightreason contacts --state queued`, then `rightreason release --all`;"
            " where so many are usual, raise brakes.unforeseen"
        )
        return self._held(ALL, cause, now)

    def _most(self, foreseen: int) -> int:
        return max(self._set.unforeseen, int(self._set.volume * foreseen))

    def _most_common(self, left: Iterable[str], now: int) -> str:
        """The rules by which most has left lately or waits."""
        rules = Counter(rule_of(key) for key in left)
        for (rule, _), number in self._store.outbox.waiting(now).items():
            rules[rule] += number
        return ", ".join(rule for rule, _ in rules.most_common(NAMED)) or "another worker's"

    def _check_returns(self, channel: str, now: int) -> list[Alert]:
        name = f"channel:{channel}"
        newest = self._store.traffic.newest(channel, self._store.holds.lifted(name) or 0, COMPLAINTS_OF)
        bounced = [(sent, bounced) for sent, bounced, _ in newest]
        complained = [(sent, complained) for sent, _, complained in newest]
        for minutes, of, share, what in (
            (bounced, BOUNCES_OF, self._set.bounces, "came back"),
            (complained, COMPLAINTS_OF, self._set.complaints, "were called spam"),
        ):
            messages, came_back = _returns(minutes, of)
            if came_back > share * max(messages, of):
                cause = (
                    f"{came_back:,} of {messages:,} messages {what};"
                    f" {100 * share:g} % of {max(messages, of):,} are too many;"
                    f" look why, then `rightreason release --channel {channel}`"
                )
                return self._held(name, cause, now)
        return []

    def _held(self, name: str, cause: str, now: int) -> list[Alert]:
        """Hold it; nothing where it is held already, as a write that changes nothing wakes everybody all the same."""
        holds = self._store.holds
        if any(hold.name == name for hold in holds.list()) or not holds.place(name, cause, BRAKE, now=now):
            return []
        return [Alert(AlertKind.BRAKE, name, cause)]


def _returns(minutes: list[tuple[int, int]], of: int) -> tuple[int, int]:
    """The newest messages of which anything came back, `of` them or more where there are, and how many of them did.

    `minutes` are those sent and come back, the newest first; of what has just left nothing can have come back yet.
    """
    newest = next((number for number, (_, back) in enumerate(minutes) if back), len(minutes))
    messages = came_back = 0
    for sent, back in minutes[newest:]:
        if messages >= of:
            break
        messages, came_back = messages + sent, came_back + back
    return messages, came_back
