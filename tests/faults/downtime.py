"""F7: the daemon is down for days, while facts go on coming; then it begins again.

Ticks in this process, on a clock of ours: nobody may get more than the caps allow or hear outside the hours, no hour
may have more messages than are set, and what did not go has to say why. The table shows the busiest hour of each day.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeVar

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.registry import Channels
from scheduler.decisions.facts import Event, Value
from scheduler.decisions.occasions import occasion_key
from scheduler.delivery.simulation import STEP
from scheduler.delivery.tick import tick
from scheduler.delivery.worker import Worker, at_work
from scheduler.durations import HOUR, MINUTE
from scheduler.messages.message import Message
from scheduler.planning.activation import activate
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerEvent, Row
from scheduler.wallclock import DAY, parse_instant, zone
from scheduler.workspace import Workspace, open_workspace

from .ground import Ground
from .oracle import ARRIVED, Verdict
from .shop import address, lay_down

T = TypeVar("T")
BEGINS = parse_instant("2026-03-02 00:00", zone("Europe/Berlin"))
"""When the daemon stops; two days before, it was at work already."""
AT_WORK = 2 * DAY
AFTERWARDS = 9 * DAY
"""So long it is watched once it is at work again: longer than any window."""
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "Europe/London", "America/St_Johns")
OPENS, CLOSES = 9 * HOUR, 20 * HOUR
A_DAY, A_WEEK = 1, 2
"""So many contacts a customer may get in a day, and in seven."""
WITHIN_AN_HOUR = 20
"""One message an hour is allowed for so many customers: a backlog takes its time."""
CHUNK = 5_000
MESSAGE = 2_000
"""So many microseconds a message takes."""
LENGTHS = {"a day": 1, "a week": 7, "a month": 30}

HOUSE = f"""\
timezone: Europe/Berlin
send_hours: {{any: {{from: "09:00", to: "20:00", days: all}}}}
frequency_caps:
  - {{at_most: {A_DAY}, within: 1 day}}
  - {{at_most: {A_WEEK}, within: 7 days}}
"""
RULES = """\
campaign: Care
owner: care@example.com
rules:
  thanks: {reason: They bought something., asks_for: nothing, when: bought, before: 2 days, send: words, by: [email]}
  check_in: {reason: It has arrived., asks_for: nothing, when: arrived, after: 1 day, before: 4 days, send: words, by: [email]}
  advice: {reason: By now they use it., asks_for: nothing, when: arrived, after: 3 days, before: 8 days, send: words, by: [email]}
  card: {reason: It is their birthday., asks_for: nothing, when: {date: birthday}, before: 1 day, send: words, by: [email]}
"""
BY_EVENT = {"bought": ("thanks",), "arrived": ("check_in", "advice")}
FILES: Mapping[str, str] = {
    "rules/house_rules.yaml": HOUSE,
    "rules/care.yaml": RULES,
    "templates/words.email.md": "---\nsubject: Hello\n---\nThis is for you.\n",
}


@dataclass
class Clock:
    """The time, as it is told to be."""

    now: int

    def __call__(self) -> int:
        return self.now


@dataclass
class Counting:
    """An e-mail channel that notes when it was given what; each message takes its time."""

    clock: Clock
    name: str = "email"
    promises: Promise = Promise.NOTHING
    given: list[tuple[int, str]] = field(default_factory=list)

    def deliver(self, message: Message, key: str, now: int) -> Handover:  # noqa: ARG002 - as all channels have it
        """Take it."""
        self.clock.now += MESSAGE
        self.given.append((self.clock.now, key))
        return Handover(HandoverKind.SENT)

    def close(self) -> None:
        """Nothing is open."""


class OneChannel(Channels):
    """Nothing but that channel."""

    def __init__(self, channel: Counting, others: Channels) -> None:
        super().__init__(others.settings)
        self._open = {channel.name: channel}


@dataclass(frozen=True)
class Outcome:
    """What came of a downtime up to `until`: what was due, when each message left, what is in the ledger.

    `due` are the keys of the occasions that events gave rise to, `zones` the customers' time zones, `limit` how many
    messages may leave within an hour.
    """

    until: int
    limit: int
    due: Sequence[str]
    sent: Sequence[tuple[int, str]]
    rows: Mapping[str, Row]
    zones: Mapping[str, str]


def downtimes(ground: Ground) -> Verdict:
    """F7: down for a day, a week, a month; `cycles` customers each."""
    verdict = Verdict()
    for name, days in LENGTHS.items():
        ground.say(f"down for {name}")
        outcome = down(ground, days, ground.cycles)
        found = judged(outcome)
        verdict += replace(found, cycles=1, findings=tuple(f"down for {name}: {one}" for one in found.findings))
    return verdict


def down(ground: Ground, days: int, customers: int) -> Outcome:
    """Let the daemon be down for so many days."""
    place = ground.place()
    database = ground.databases.new(place)
    lay_down(place, FILES)
    limit = max(customers // WITHIN_AN_HOUR, 10)
    server = {"host": "mail.example.com", "connections": 1, "per_hour": limit}
    with open_workspace(place, secret="a secret of nobody", database=database, email=server) as workspace:
        activate(workspace.store, rulebook_from_texts(dict(FILES))[0], "test", BEGINS - AT_WORK)
        zones = _people(workspace, ground.random, customers)
        clock = Clock(BEGINS - AT_WORK)
        with _worker(workspace, clock) as (worker, channel):
            due = _happens(workspace, ground.random, zones, BEGINS - AT_WORK, BEGINS, customers // 4)
            _works(worker, clock, BEGINS, ground.say)
        comes = BEGINS + days * DAY + 10 * HOUR
        due += _happens(workspace, ground.random, zones, BEGINS, comes, customers)
        clock.now = comes
        with _worker(workspace, clock, channel) as (worker, _):
            _works(worker, clock, comes + AFTERWARDS, ground.say)
        rows = {row.key: row for row in workspace.store.ledger.rows()}
    return Outcome(clock.now, limit, due, channel.given, rows, zones)


def judged(outcome: Outcome) -> Verdict:
    """Whether caps, hours and the limit were held, and whether all that was due left or says why it did not."""
    times = Counter(key for _, key in outcome.sent)
    duplicates = sum(count - 1 for count in times.values())
    wrong, gone = [*_at_the_wrong_time(outcome), *_in_a_burst(outcome)], list(_gone(outcome))
    findings = (*wrong, *gone, *[f"{duplicates} twice"] * bool(duplicates))
    return Verdict(1, len(outcome.rows), duplicates, len(gone), 0, len(wrong), findings)


def _at_the_wrong_time(outcome: Outcome) -> Iterator[str]:
    """What left outside the hours, and who got more than the caps allow."""
    days_of: dict[str, list[int]] = defaultdict(list)
    for at, key in outcome.sent:
        customer = key.split("/")[1]
        wall = zone(outcome.zones[customer]).wall(at)
        of_day = (wall.hour * 60 + wall.minute) * MINUTE
        if not OPENS <= of_day < CLOSES:
            yield f"{key}: left at {wall:%H:%M} local time"
        days_of[customer].append(wall.toordinal())
    for customer, days in days_of.items():
        days.sort()
        if max(Counter(days).values()) > A_DAY:
            yield f"{customer}: more than {A_DAY} in a day"
        if any(bisect_left(days, day + 7) - place > A_WEEK for place, day in enumerate(days)):
            yield f"{customer}: more than {A_WEEK} in seven days"


def _in_a_burst(outcome: Outcome) -> Iterator[str]:
    """The first hour in which more left than may."""
    left = [at for at, _ in outcome.sent]
    for first, at in enumerate(left):
        within = bisect_left(left, at + HOUR) - first
        if within > outcome.limit:
            yield f"{within:,} in the hour from {_date(at // DAY)} {zone('UTC').wall(at):%H:%M} UTC"
            return


def _gone(outcome: Outcome) -> Iterator[str]:
    """What was due and vanished, is told otherwise than it happened, or ended without saying why."""
    left = {key for _, key in outcome.sent}
    yield from (f"{key}: vanished" for key in outcome.due if key not in outcome.rows)
    for key, row in outcome.rows.items():
        sent = row.state in ARRIVED
        if sent != (key in left):
            yield f"{key}: is {row.state}, and {'left' if key in left else 'never left'}"
        elif not sent and row.closes <= outcome.until and not (row.state.is_over and row.because):
            yield f"{key}: its window is closed, and it is {row.state} {' '.join(row.because)}"


def table(outcome: Outcome) -> Iterator[str]:
    """Per day (UTC): what came due, what left, the most in an hour, and what ended without leaving, by its cause."""
    due, left, hours = Counter[int](), Counter[int](), Counter[int]()
    ended: dict[int, Counter[str]] = defaultdict(Counter)
    for row in outcome.rows.values():
        due[row.opens // DAY] += 1
        if row.state.is_over and row.state not in ARRIVED:
            ended[(row.decided_at or row.closes) // DAY][f"{row.state} ({', '.join(row.because)})"] += 1
    for at, _ in outcome.sent:
        left[at // DAY] += 1
        hours[at // HOUR] += 1
    yield f"at most {outcome.limit:,} messages within an hour"
    yield f"{'day':<12}{'due':>9}{'sent':>9}{'hour':>8}  ended"
    last = outcome.until // DAY
    for day in sorted(day for day in due.keys() | left.keys() | ended.keys() if day <= last):
        most = max((count for hour, count in hours.items() if hour // 24 == day), default=0)
        causes = "  ".join(f"{cause} {count:,}" for cause, count in ended[day].most_common(3))
        yield f"{_date(day):<12}{due[day]:>9,}{left[day]:>9,}{most:>8,}  {causes}"


def _date(day: int) -> str:
    return f"{zone('UTC').wall(day * DAY):%Y-%m-%d}"


def _people(workspace: Workspace, random: Random, number: int) -> dict[str, str]:
    """Customers of the shop; returns the zone of each."""
    zones = {f"c{one}": random.choice(ZONES) for one in range(number)}
    for part in _parts(list(zones)):
        people: list[tuple[str, Mapping[str, Value]]] = []
        for name in part:
            born = zone("UTC").wall(BEGINS + random.randrange(-40, 60) * DAY).date().replace(year=1980)
            people.append((name, {"email": address(name), "timezone": zones[name], "birthday": born}))
        workspace.store.customers.add(people, now=BEGINS - AT_WORK)
    return zones


def _happens(
    workspace: Workspace, random: Random, zones: Mapping[str, str], since: int, until: int, number: int
) -> list[str]:
    """Let so many things happen to customers between two instants; returns the keys of what is due for them."""
    names = list(zones)
    due: list[str] = []
    for part in _parts(range(number)):
        events = []
        for _ in part:
            at = random.randrange(since, until)
            name, what = random.choice(names), random.choice(list(BY_EVENT))
            event = Event(f"{what}-{name}-{at}", what, at, at)
            events.append(CustomerEvent(name, event))
            due += [occasion_key(rule, name, event.id) for rule in BY_EVENT[what]]
        assert not workspace.store.events.add(events, now=until).refused
    return due


def _parts(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), CHUNK):
        yield things[start : start + CHUNK]


@contextmanager
def _worker(workspace: Workspace, clock: Clock, channel: Counting | None = None) -> Iterator[tuple[Worker, Counting]]:
    with at_work(workspace, "downtime", clock.now) as worker:
        counting = channel or Counting(clock)
        yield replace(worker, channels=OneChannel(counting, worker.channels)), counting


def _works(worker: Worker, clock: Clock, until: int, say: Callable[[str], None]) -> None:
    """Tick whenever it is time, as the daemon does, until then."""
    while clock.now < until:
        worker.beat(clock.now)
        report = tick(worker, clock.now, clock=clock)
        say(f"{_date(clock.now // DAY)} {clock.now % DAY // HOUR:02}:00 UTC")
        soonest = clock.now + (STEP if report.next_due and report.next_due <= report.now else 1)
        clock.now = min(max(report.next_due or until, soonest), until)
