"""Traffic: how much went by each channel, minute by minute, and how much of it came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, text

from scheduler.durations import HOUR, MINUTE
from scheduler.store.batch import Statement

if TYPE_CHECKING:
    from scheduler.store.database import Store

_COUNT = Statement(
    "INSERT INTO traffic (channel, minute, sent, bounced, complained)"
    " VALUES (:channel, :minute, :sent, :bounced, :complained) ON CONFLICT (channel, minute) DO UPDATE"
    " SET sent = traffic.sent + excluded.sent, bounced = traffic.bounced + excluded.bounced,"
    " complained = traffic.complained + excluded.complained"
)
_SENT = text(
    "SELECT minute, sent FROM traffic WHERE channel = :channel AND minute >= :since AND sent > 0 ORDER BY minute"
)
_IN_ALL = text(
    "SELECT COALESCE(SUM(sent), 0) FROM traffic WHERE channel IN :channels AND minute >= :since AND minute < :until"
).bindparams(bindparam("channels", expanding=True))
_NEWEST = text(
    "SELECT sent, bounced, complained FROM traffic WHERE channel = :channel AND minute > :after"
    " ORDER BY minute DESC LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The traffic of a store."""

    store: Store

    def came_back(self, channel: str, *, left: int, sent: int = 0, bounced: int = 0, complained: int = 0) -> None:
        """Adds to what came back of the messages that left by a channel in the minute of `left`.

        `sent` are those of them that were not counted before, as they were refused at once.
        """
        with self.store.write() as connection:
            _add(connection, channel, left, sent=sent, bounced=bounced, complained=complained)

    def sent(self, channel: str, since: int) -> list[tuple[int, int]]:
        """Each minute from that of `since` on in which anything left by a channel: its start, and how much.

        The oldest comes first; instants are UTC microseconds.
        """
        given = {"channel": channel, "since": since // MINUTE}
        with self.store.read() as connection:
            return [(minute * MINUTE, sent) for minute, sent in connection.execute(_SENT, given)]

    def of_hours(self, channels: Sequence[str], hours: Iterable[int]) -> list[int]:
        """How much left by these channels in each of these clock hours, counted since 1970."""
        with self.store.read() as connection:
            return [
                int(connection.execute(_IN_ALL, {"channels": channels, **_minutes(hour)}).scalar() or 0)
                for hour in hours
            ]

    def newest(self, channel: str, after: int, most: int) -> list[tuple[int, int, int]]:
        """What was sent by a channel, bounced and called spam, by minutes after that of `after`, the newest first.

        Of as many minutes as it takes for `most` messages, or more.
        """
        given = {"channel": channel, "after": after // MINUTE, "most": most}
        with self.store.read() as connection:
            return [(sent, bounced, complained) for sent, bounced, complained in connection.execute(_NEWEST, given)]


def count(connection: Connection, sent: Mapping[str, int], *, now: int) -> None:
    """Adds what left by each channel, or may have left, in the minute of `now`.

    Others that count wait until the transaction ends, so it belongs at its end.
    """
    for channel, number in sorted(sent.items()):
        _add(connection, channel, now, sent=number)


def _minutes(hour: int) -> dict[str, int]:
    return {"since": hour * HOUR // MINUTE, "until": (hour + 1) * HOUR // MINUTE}


def _add(
    connection: Connection, channel: str, now: int, *, sent: int = 0, bounced: int = 0, complained: int = 0
) -> None:
    given = {"channel": channel, "minute": now // MINUTE, "sent": sent, "bounced": bounced, "complained": complained}
    _COUNT.run(connection, given)
