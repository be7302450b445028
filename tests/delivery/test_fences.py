"""What changes between the gates and the mark: nothing leaves that the newest facts, rules and holds forbid."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from keeping import AT_ONCE, CHECK_IN, HOUSE, Business, at, in_business, rulebook
from sinks import Sinks
from sqlalchemy import event

from scheduler.channels.channel import Handover
from scheduler.decisions.facts import Consent, Event
from scheduler.delivery.deciding import decide_due
from scheduler.delivery.dispatch import MARKED
from scheduler.delivery.sending import send_queued
from scheduler.delivery.tick import tick
from scheduler.delivery.worker import Worker, at_work
from scheduler.messages.message import Email, Message
from scheduler.planning.activation import activate
from scheduler.planning.plan import plan
from scheduler.store import CustomerConsent, CustomerEvent, State, Suppression
from scheduler.workspace import Workspace, open_workspace

NOW = "2026-03-02 15:00"
OTHER_WORDS = "---\nsubject: Hello again\n---\nThis is other.\n"
CALL = """
call:
  reason: They bought something and are called.
  asks_for: nothing
  when: bought
  before: 2 days
  assign: care
  script: words
  by: [phone]
"""


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    with in_business(tmp_path) as business:
        business.goes_by(AT_ONCE, "2026-03-01")
        yield business


def buy(business: Business, now: int, *names: str) -> None:
    known = {"timezone": "Europe/Berlin", "phone": "+4930123456"}
    people = [(name, {"name": name.title(), "email": f"{name}@example.com", **known}) for name in names]
    business.store.customers.add(people, now=now)
    business.store.events.add([CustomerEvent(name, Event(name, "bought", now, now)) for name in names], now=now)


def after(business: Business, number: int, happens: Callable[[], object]) -> None:
    """Let something happen as soon as so many messages were taken."""
    sink = business.sinks.sink("email")
    deliver = sink.deliver

    def taken(message: Message, key: str, now: int) -> Handover:
        answer = deliver(message, key, now)
        if len(sink.taken) == number:
            happens()
        return answer

    sink.deliver = taken  # type: ignore[method-assign] # it tells of what it takes


# --- in the midst of many messages -------------------------------------------------------------------------------


def test_a_rule_that_is_removed_in_the_midst_sends_no_more(business: Business) -> None:
    buy(business, at(NOW), *(f"c{number}" for number in range(60)))
    after(business, 5, lambda: business.goes_by(CHECK_IN, NOW))
    business.tick(NOW)
    assert len(business.heard()) == MARKED
    assert sorted(set(business.states().values())) == ["cancelled", "sent"]


def test_a_template_that_is_edited_in_the_midst_is_what_the_later_ones_hear(business: Business) -> None:
    buy(business, at(NOW), *(f"c{number}" for number in range(60)))
    after(business, 5, lambda: business.goes_by(AT_ONCE, NOW, words__email__md=OTHER_WORDS))
    business.tick(NOW)
    mails = [mail for _, _, mail in business.sinks.sink("email").taken if isinstance(mail, Email)]
    said = [mail.text.split("\n")[0] for mail in mails]
    assert said == ["This is for you."] * MARKED + ["This is other."] * (60 - MARKED)


@pytest.mark.parametrize("name", ["all", "rule:thanks", "channel:email"])
def test_a_hold_in_the_midst_stops_at_the_next_mark(business: Business, name: str) -> None:
    buy(business, at(NOW), *(f"c{number}" for number in range(150)))
    after(business, 5, lambda: business.store.holds.place(name, "a look", "me", now=at(NOW)))
    report = business.tick(NOW)
    assert len(business.heard()) == MARKED
    assert report.delivered == {State.SENT: MARKED}
    assert len(report.problems) == 1
    business.store.holds.lift(name, now=at(NOW))
    business.tick("2026-03-02 15:00:01")
    assert set(business.states().values()) == {"sent"}
    assert len(business.heard()) == 150


@pytest.mark.parametrize("stops", ["rules", "hold", "fact"])
def test_a_task_is_fenced_as_a_message_is(business: Business, stops: str) -> None:
    business.goes_by(CALL, "2026-03-01")
    buy(business, at(NOW), "ana")
    happens: dict[str, Callable[[], object]] = {
        "rules": lambda: business.goes_by(CHECK_IN, NOW),
        "hold": lambda: business.store.holds.place("rule:call", "a look", "me", now=at(NOW)),
        "fact": lambda: business.withdraws(NOW),
    }
    business.sinks.before = happens[stops]  # type: ignore[assignment] # what it returns is no matter
    business.tick(NOW)
    assert business.store.tasks.list() == []
    assert business.states() == {"call/ana/ana": {"rules": "cancelled", "hold": "queued", "fact": "waiting"}[stops]}


def test_rules_that_change_again_and_again_let_the_others_be_sent_in_the_next_tick(business: Business) -> None:
    buy(business, at(NOW), "ana")
    versions = iter(range(10))

    def edits() -> None:
        business.sinks.before = edits
        business.goes_by(AT_ONCE, NOW, words__email__md=OTHER_WORDS + f"\nVersion {next(versions)}\n")

    business.sinks.before = edits
    business.tick(NOW)
    assert (business.heard(), business.states()) == ([], {"thanks/ana/ana": "queued"})
    business.sinks.before = lambda: None
    business.tick("2026-03-02 15:00:01")
    assert business.states() == {"thanks/ana/ana": "sent"}


# --- races -------------------------------------------------------------------------------------------------------

RULES = AT_ONCE + "  until: solved\n"
MINUTE = 60_000_000
WORDS = "This is for you."
RACES = 25
"""So many in one workspace."""


class Race:
    """Two customers are to hear something; of her, or of both, something comes between claim and mark."""

    def __init__(self, business: Business, number: int, random: Random) -> None:
        self.business, self.store = business, business.store
        self.now = at(NOW) + number * 10 * MINUTE
        self.her, self.him = f"her{number}", f"him{number}"
        self.random = random

    def run(self) -> None:
        kind = self.random.choice(sorted(KINDS))
        happens, expected = KINDS[kind]
        late = self.random.choice([0, 5 * MINUTE])
        buy(self.business, self.now - MINUTE, self.her, self.him)
        plan(self.store, self.business.rules, self.now)
        decide_due(self.store, self.business.rules, self.now)
        with self._between_claim_and_mark(happens, late=late > 0) as point:
            send_queued(self.business.worker, self.business.rules, lambda: self.now + late)
        told = f"{kind} at {point}, {late} late"
        assert self.heard() == ([] if kind in HOLDS else sorted(expected(self))), told
        for hold in self.store.holds.list():
            self.store.holds.lift(hold.name, now=self.now)
        self.goes_by(RULES)
        send_queued(self.business.worker, self.business.rules, lambda: self.now + 6 * MINUTE)
        assert self.heard() == sorted(expected(self)), told
        assert self.business.worker.unwritten == []

    def goes_by(self, rules: str, **templates: str) -> None:
        activate(self.store, rulebook(rules, HOUSE, **templates), "test", self.now)

    def event(self, name: str) -> None:
        self.store.events.add(
            [CustomerEvent(self.her, Event(f"{name} {self.her}", name, self.now, self.now))], now=self.now
        )

    def withdraws(self) -> None:
        self.store.consents.add([CustomerConsent(self.her, Consent(None, None, False, self.now))], now=self.now)

    def lives_at(self, address: str | None) -> None:
        given = {} if address is None else {"email": address}
        self.store.customers.add([(self.her, {"timezone": "Europe/Berlin", **given})], now=self.now)

    def suppresses(self) -> None:
        self.store.suppressions.add([Suppression("email", address(self.her), "request", self.now)], now=self.now)

    def heard(self) -> list[tuple[str, str]]:
        """To which addresses these two were written, and what."""
        return sorted(
            (message.to, message.text.split("\n")[0])
            for _, key, message in self.business.sinks.sink("email").taken
            if key.split("/")[1] in (self.her, self.him) and isinstance(message, Email)
        )

    @contextmanager
    def _between_claim_and_mark(self, happens: Callable[[Race], object], *, late: bool) -> Iterator[int | str]:
        """Let it happen before a transaction after the one that claims, up to the one that marks; or while composing."""
        # after the claim come reading, where it is late what the gates say, and the mark
        point = self.random.choice(["composing", *range(2, 5 if late else 4)])
        begun, came = 0, False

        def comes() -> None:
            nonlocal came
            came = True
            assert {self.business.row(f"thanks/{name}/{name}").state for name in (self.her, self.him)} == {State.QUEUED}
            happens(self)

        def begins(*_: Any) -> None:
            nonlocal begun
            if not came:
                begun += 1
                if begun == point:
                    comes()

        if point == "composing":
            self.business.sinks.before = comes
        engine = self.store.engine
        event.listen(engine, "checkout", begins)  # a transaction takes a connection, and only then the database's lock
        try:
            yield point
        finally:
            event.remove(engine, "checkout", begins)
        assert came


def address(name: str) -> str:
    return f"{name}@example.com"


def both(race: Race, words: str = WORDS) -> list[tuple[str, str]]:
    return [(address(race.her), words), (address(race.him), words)]


def him(race: Race) -> list[tuple[str, str]]:
    return [(address(race.him), WORDS)]


def nobody(_: Race) -> list[tuple[str, str]]:
    return []


HOLDS = ("all", "rule:thanks", "channel:email")
KINDS: dict[str, tuple[Callable[[Race], object], Callable[[Race], list[tuple[str, str]]]]] = {
    "a fact that is no matter": (lambda race: race.event("looked"), both),
    "the goal": (lambda race: race.event("solved"), him),
    "a withdrawal": (Race.withdraws, him),
    "a pause": (lambda race: race.store.customers.pause(race.her, race.now + 9000 * MINUTE, now=race.now), him),
    "a suppression": (Race.suppresses, him),
    "no address": (lambda race: race.lives_at(None), him),
    "another address": (
        lambda race: race.lives_at(address(f"new-{race.her}")),
        lambda race: [(address(f"new-{race.her}"), WORDS), *him(race)],
    ),
    "erasure": (lambda race: race.store.erase(race.her, now=race.now), him),
    "no such rule": (lambda race: race.goes_by(CHECK_IN), nobody),
    "another condition": (lambda race: race.goes_by(RULES + "  only_if: [{event: paid}]\n"), nobody),
    "another template": (
        lambda race: race.goes_by(RULES, words__email__md=OTHER_WORDS),
        lambda race: both(race, "This is other."),
    ),
    **{
        name: (lambda race, name=name: race.store.holds.place(name, "a look", "me", now=race.now), both)  # type: ignore[misc] # mypy knows no default of a lambda
        for name in HOLDS
    },
}
"""What comes, and who hears what of it all in the end."""


def races(workspace: Workspace, random: Random) -> None:
    """Races in a workspace that has nothing in it."""
    with at_work(workspace, "test", at(NOW)) as worker:
        sinks = Sinks(workspace.settings)
        business = Business(workspace, Worker(workspace, sinks, worker.lease), sinks)
        business.goes_by(RULES, "2026-03-01")
        for number in range(RACES):
            Race(business, number, random).run()


@pytest.mark.parametrize("seed", range(4))
def test_what_comes_between_claim_and_mark_is_gone_by(tmp_path: Path, database: str, seed: int) -> None:
    with open_workspace(tmp_path, database=database, secret="a secret") as workspace:
        races(workspace, Random(seed))  # noqa: S311 - chance, no secret


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(40))
def test_what_comes_between_claim_and_mark_is_gone_by_ten_thousand_times(
    tmp_path: Path, sqlite_file: Path, seed: int
) -> None:
    random = Random(f"long {seed}")  # noqa: S311 - chance, no secret
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copy(sqlite_file, folder / "rightreason.db")
        with open_workspace(folder, secret="a secret") as workspace:
            races(workspace, random)


@pytest.mark.parametrize("reading", range(1, 11))
def test_a_withdrawal_of_the_very_instant_is_seen(business: Business, reading: int) -> None:
    """Whenever the clock is read: what is dated behind that reading, and written at once, is no fact of the future."""
    business.customer()
    business.event("bought", NOW, id="b1")
    readings = 0
    in_time = False

    def clock() -> int:
        nonlocal readings, in_time
        readings += 1
        now = at(NOW) + readings * 10_000
        if readings == reading:
            in_time = not business.heard()
            no = Consent(None, None, given=False, at=now + 1)
            business.store.consents.add([CustomerConsent("ana", no)], now=now + 1)
        return now

    tick(business.worker, at(NOW), clock=clock)
    assert readings >= reading
    assert bool(business.heard()) != in_time
    assert in_time == (reading <= 8)
