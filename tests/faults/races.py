"""F11: something changes about a customer whose message is queued already.

Each change and the look at the row are one transaction: what was not marked as being sent by then must not leave as it
was, and what was, may.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scheduler.daemon import utc_now
from scheduler.decisions.facts import Consent
from scheduler.planning.activation import activate
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.store import CustomerConsent, State, Store, Suppression, customers

from .ground import Ground, at_work
from .oracle import Verdict
from .shop import FILES, LETTER, Shop, address, key_of
from .waiting import until

PACE = 0.002
"""So many seconds the mail server takes for each message: about as long as a race takes."""
BEFORE = 1_000_000
"""So many microseconds before it is written down somebody withdraws: on a page, or in another program."""
BATCH = 500
"""So many customers are raced for at once."""
NOT_YET = frozenset({State.PLANNED, State.WAITING, State.QUEUED, State.RETRY})
"""What has not been marked: what changes now counts."""
GERMAN = LETTER.replace("Order", "Bestellung").replace("Hello", "Guten Tag")
QUIET_RULE = FILES["rules/orders.yaml"].replace("thanks:", "other:")


@dataclass(frozen=True)
class Race:
    """Something that changes about a customer at an instant; whether the message may go all the same."""

    name: str
    change: Callable[[Store, str, int], object]
    may_go: bool = False


def _withdraws(store: Store, customer: str, now: int) -> object:
    return _withdraws_now(store, customer, now - BEFORE)


def _withdraws_now(store: Store, customer: str, now: int) -> object:
    return store.consents.add([CustomerConsent(customer, Consent(None, None, False, now))], now=now)


def _suppressed(store: Store, customer: str, now: int) -> object:
    return store.suppressions.add([Suppression("email", address(customer), "it bounced", now)], now=now)


def _paused(store: Store, customer: str, now: int) -> object:
    return store.customers.pause(customer, now + 30 * 24 * 3600 * 1_000_000, now=now)


def _erased(store: Store, customer: str, now: int) -> object:
    return store.erase(customer, now=now)


def _moves(store: Store, customer: str, now: int) -> object:
    return store.customers.add([(customer, {"email": address(f"new-{customer}")})], now=now, merge=True)


def _speaks_german(store: Store, customer: str, now: int) -> object:
    return store.customers.add([(customer, {"language": "de"})], now=now, merge=True)


def _lives_elsewhere(store: Store, customer: str, now: int) -> object:
    return store.customers.add([(customer, {"timezone": "Asia/Tokyo"})], now=now, merge=True)


RACES = (
    Race("withdraws", _withdraws),
    Race("withdraws at this instant", _withdraws_now),
    Race("suppressed", _suppressed),
    Race("paused", _paused),
    Race("erased", _erased),
    Race("moves", _moves, may_go=True),
    Race("german", _speaks_german, may_go=True),
    Race("elsewhere", _lives_elsewhere, may_go=True),
)


@dataclass(frozen=True)
class Run:
    """A race that was run for a customer: whether its message had not been marked yet."""

    race: Race
    customer: str
    in_time: bool


def races(ground: Ground) -> Verdict:
    """F11: `cycles` races while a daemon sends; and a rule that is removed while its messages are queued."""
    verdict = Verdict()
    files = {**FILES, "templates/thanks.email.de.md": GERMAN}
    done = 0
    while done < ground.cycles:
        number = min(BATCH, ground.cycles - done)
        ground.say(f"race {done} of {ground.cycles}")
        with ground.shop(files=files) as shop:
            verdict += _raced(ground, shop, number)
        done += number
    with ground.shop() as shop:
        verdict += _rule_removed(shop)
    return verdict


def _raced(ground: Ground, shop: Shop, number: int) -> Verdict:
    names = [f"r{one}" for one in range(number)]
    shop.orders(*names)
    shop.sink.script({"step": "end", "do": "late", "seconds": PACE})
    order = ground.random.sample(names, number)
    with at_work(shop) as worker:
        shop.sink.wait_for("accepted")
        runs = [_run(shop, ground.random.choice(RACES), name) for name in order]
        until(lambda: _has_ended(shop, runs), "all messages to end")
        worker.stop()
    return _judged(shop, runs)


def _run(shop: Shop, race: Race, customer: str) -> Run:
    """Change something about a customer whose message is not marked yet; nobody can mark it meanwhile."""
    with shop.store.together() as both, both.write() as connection:
        customers.lock(connection, [customer])
        row = both.ledger.row(key_of(customer))
        in_time = row is None or row.state in NOT_YET
        if in_time:
            race.change(both, customer, utc_now())
    return Run(race, customer, in_time)


def _judged(shop: Shop, runs: list[Run]) -> Verdict:
    """What arrived against what was allowed to."""
    arrived: dict[str, list[tuple[str, str]]] = {}
    for line in shop.sink.accepted():
        arrived.setdefault(line.subject.rpartition(" ")[2], []).append((line.to, line.subject))
    duplicates = wrong = 0
    findings: list[str] = []
    for run in runs:
        found = arrived.get(f"o-{run.customer}", [])
        if len(found) > 1:
            duplicates += 1
            findings.append(f"{run.customer} ({run.race.name}): arrived {len(found)} times")
        if run.in_time and found and not _as_it_should(run, *found[0]):
            wrong += 1
            findings.append(f"{run.customer}: {run.race.name} before the mark, and {found[0]} arrived all the same")
    kept = {run.customer for run in runs if run.race.change is not _erased or not run.in_time}
    shop.ordered = [key for key in shop.ordered if key.split("/")[1] in kept]
    others = shop.verdict((State.WAITING,))
    # What the oracle finds about the erased is that their lines or rows are of nobody: they were judged above.
    lost = tuple(one for one in others.findings if "nothing of the kind was due" not in one)
    return Verdict(
        cycles=len(runs),
        cases=sum(run.in_time for run in runs),
        duplicates=duplicates,
        lost=others.lost,
        unconfirmed=others.unconfirmed,
        wrongly_sent=wrong,
        findings=(*findings, *lost),
    )


def _as_it_should(run: Run, to: str, subject: str) -> bool:
    if not run.race.may_go:
        return False
    if run.race.change is _moves:
        return to == address(f"new-{run.customer}")
    if run.race.change is _speaks_german:
        return subject.startswith("Bestellung")
    return True


def _has_ended(shop: Shop, runs: list[Run]) -> bool:
    """Whether nothing is on its way; those who must not hear may wait until that changes."""
    states = shop.states()
    waiting = sum(not run.race.may_go and run.in_time for run in runs)
    return not any(states[state] for state in NOT_YET - {State.WAITING}) and (
        not states[State.SENDING] and states[State.WAITING] <= waiting
    )


def _rule_removed(shop: Shop) -> Verdict:
    """The rule is taken away while its messages are queued: what is not marked by then never leaves."""
    shop.orders(*(f"q{number}" for number in range(BATCH)))
    shop.sink.script({"step": "accepted", "do": "pause", "skip": BATCH // 10, "times": 1})
    files: Mapping[str, str] = {**FILES, "rules/orders.yaml": QUIET_RULE}
    with at_work(shop) as worker:
        shop.sink.wait_for("pause at accepted")
        activate(shop.store, rulebook_from_texts(dict(files))[0], "test", utc_now())
        unmarked = {key for key, row in shop.rows().items() if row.state in NOT_YET}
        shop.sink.go_on()
        shop.wait_until_quiet()
        worker.stop()
    arrived = {line.subject.rpartition(" ")[2] for line in shop.sink.accepted()}
    wrong = sorted(key for key in unmarked if key.rpartition("/")[2] in arrived)
    return (
        shop.verdict()
        .in_cycles(1)
        .expecting(not wrong, f"the rule was removed, and {len(wrong)} messages left that were not marked yet")
        .expecting(unmarked, "no message was queued when the rule was removed")
    )
