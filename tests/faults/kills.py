"""F1: kill -9, at any instant and at each named step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from scheduler.store import State

from .daemons import KILLED, Injured
from .ground import Ground, at_work, drain, killed_by_itself
from .injuries import Injury
from .oracle import Verdict
from .shop import Shop
from .waiting import until

ORDERS = 24
"""So many orders come before each kill: more than are marked together."""
STEPS = ("connect", "mail", "rcpt", "data", "end", "accepted", "answered")
"""The steps of a message as the mail server sees them."""
FUNCTIONS = (
    "scheduler.store.shares:Shares.join",
    "scheduler.store.shares:Shares.settle",
    "scheduler.store.lease:Leases.renew",
    "scheduler.store.rulebooks:Rulebooks.active",
    "scheduler.store.ledger:Ledger.put",
    "scheduler.store.customers:Customers.mark_planned",
    "scheduler.store.ledger:Ledger.due",
    "scheduler.store.ledger:Ledger.record",
    "scheduler.store.outbox:Outbox.claim",
    "scheduler.delivery.composing:Composer.message",
    "scheduler.store.outbox:Outbox.mark_sending",
    "scheduler.channels.email:EmailChannel.deliver",
    "scheduler.store.outbox:Outbox.record",
    "scheduler.store.outbox:Outbox.crashed",
    "scheduler.daemon:Daemon.pump",
)
COMMITS = 12
"""A daemon is killed before each of its first so many commits."""


@dataclass(frozen=True)
class Kill:
    """A way to die: its name, and what does it to a shop's daemon."""

    name: str
    kill: Callable[[Shop], None]


def kills(ground: Ground) -> Verdict:
    """Kill the daemon `cycles` times, in turn at a random instant and at a named step, and see what is left.

    The daemon that is killed next is the one that picks up after the kill before.
    """
    with ground.shop() as shop:
        named = _named(ground)
        ground.random.shuffle(named)
        span = 1.0
        died = 0
        for cycle in range(ground.cycles):
            shop.orders(*(f"k{cycle}-{number}" for number in range(ORDERS)))
            kill = named[cycle // 2 % len(named)] if cycle % 2 else _at_random(ground.random.uniform(0, span))
            begun = time.monotonic()
            ground.say(f"cycle {cycle + 1} of {ground.cycles}: killed {kill.name}")
            kill.kill(shop)
            died += 1
            if shop.is_quiet():
                span = 0.5 * span + 0.5 * (time.monotonic() - begun)
            shop.sink.script()
        drain(shop)
        return shop.verdict().in_cycles(died)


def at_each_step(ground: Ground, steps: tuple[str, ...] = STEPS) -> Verdict:
    """Kill the daemon once at each step of a message in the midst of a batch."""
    with ground.shop() as shop:
        for step in steps:
            shop.orders(*(f"s-{step}-{number}" for number in range(ORDERS)))
            _at_the_sink(step, ORDERS // 2).kill(shop)
            shop.sink.script()
        drain(shop)
        return shop.verdict().in_cycles(len(steps))


def _named(ground: Ground) -> list[Kill]:
    """Every step that has a name."""
    number = ground.random.randint(1, ORDERS)
    return [
        *(_at_the_sink(step, 1 if step == "connect" else number) for step in STEPS),
        *(_in(Injury(function, when)) for function in FUNCTIONS for when in ("before", "after")),
        *(_before_commit(number) for number in range(1, COMMITS + 1)),
        Kill("when a row is seen being sent", _when_seen),
    ]


def _at_random(seconds: float) -> Kill:
    def kill(shop: Shop) -> None:
        with at_work(shop) as worker:
            time.sleep(seconds)
            worker.kill()

    return Kill(f"after {seconds:.3f} s", kill)


def _at_the_sink(step: str, number: int) -> Kill:
    def kill(shop: Shop) -> None:
        shop.sink.script({"step": step, "do": "kill", "skip": number - 1, "times": 1})
        with at_work(shop) as worker:
            shop.sink.aim_at(worker.pid)
            killed_by_itself(worker, shop)
            worker.kill()

    return Kill(f"at message {number}, step {step}", kill)


def _in(injury: Injury) -> Kill:
    return Kill(str(injury), lambda shop: _dies(shop, Injured((injury,))))


def _before_commit(number: int) -> Kill:
    return Kill(f"before commit {number}", lambda shop: _dies(shop, Injured(before_commit=number)))


def _dies(shop: Shop, injured: Injured) -> None:
    with at_work(shop, injured) as worker:
        killed_by_itself(worker, shop)
        code = worker.kill()
    assert code == KILLED, f"the daemon ended with {code}: {worker.said()[-500:]}"


def _when_seen(shop: Shop) -> None:
    with at_work(shop) as worker:
        until(lambda: shop.states()[State.SENDING] or shop.is_quiet(), "a row that is being sent")
        worker.kill()
