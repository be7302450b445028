"""F2 and F3: what a mail server may answer, and when it does not."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from itertools import pairwise

from scheduler.durations import MINUTE
from scheduler.store import State

from .daemons import Injured
from .ground import Ground, at_work, clock_of, drain
from .oracle import Verdict
from .shop import Shop, address, lay_down, settings
from .waiting import until

TIMEOUT = 0.5
"""So many seconds the daemon waits for the mail server."""
LATE = 1.5
"""So many seconds a late answer takes."""
STAYS = (State.RETRY,)
MOST_WAITS = 20


@dataclass(frozen=True)
class Reply:
    """A refusal of one message at a step, and what has to come of its occasion."""

    name: str
    step: str
    do: str
    state: State
    suppressed: bool = False

    @property
    def entry(self) -> dict[str, object]:
        """The line of the mail server's script."""
        return {"step": self.step, "do": self.do, "seconds": LATE, "to": address(self.name)}


REPLIES = (
    Reply("busy", "rcpt", "450 4.2.1 busy, come later", State.RETRY),
    Reply("closing", "rcpt", "421 4.3.2 closing", State.RETRY),
    Reply("no-room", "data", "451 4.3.0 no room", State.RETRY),
    Reply("no-disk", "end", "452 4.3.1 no disk", State.RETRY),
    Reply("gone-at-rcpt", "rcpt", "close", State.RETRY),
    Reply("gone-at-data", "data", "close", State.RETRY),
    Reply("late-at-rcpt", "rcpt", "late", State.RETRY),
    Reply("late-at-data", "data", "late", State.RETRY),
    Reply("disabled", "rcpt", "550 5.2.1 disabled", State.FAILED),
    Reply("plain", "rcpt", "550 no", State.FAILED),
    Reply("unknown", "rcpt", "550 5.1.1 no such user", State.FAILED, suppressed=True),
    Reply("too-big", "end", "552 5.3.4 too big", State.FAILED),
    Reply("rejected", "end", "554 5.6.0 rejected", State.FAILED),
    Reply("spam", "end", "554 5.7.1 it looks like spam", State.FAILED),
    Reply("gone-at-end", "end", "close", State.UNCONFIRMED),
)
"""What is answered to one message while all the others go well."""


REFUSALS = {
    "connect": "554 5.7.1 go away",
    "mail": "530 5.7.0 authentication required",
    "rcpt": "550 5.7.1 refused by policy",
}
"""What is answered to whatever comes, at a step: the channel is held, and its messages wait."""
MOST_REFUSED = 4
"""So many messages may be refused before the channel is held: one a connection."""


def no_answer(ground: Ground) -> Verdict:
    """F2: the mail server takes messages and does not say so; afterwards another daemon begins, hours later."""
    verdict = Verdict()
    for cycle in range(ground.cycles):
        with ground.shop(timeout=TIMEOUT) as shop:
            names = [f"n{cycle}-{number}" for number in range(30)]
            shop.orders(*names)
            hurt = ground.random.sample(names, 4)
            closed, late = hurt[:2], hurt[2:]
            shop.sink.script(
                *({"step": "accepted", "do": "close", "to": address(name)} for name in closed),
                *({"step": "accepted", "do": "late", "seconds": LATE, "to": address(name)} for name in late),
            )
            drain(shop)
            clock = clock_of(shop)
            clock.by = 12 * 60 * MINUTE
            shop.orders(f"n{cycle}-later")
            drain(shop, Injured(clock=clock.file))
            there = sorted(name for name in names if shop.row(name).state is State.UNCONFIRMED)
            verdict += (
                shop.verdict()
                .in_cycles(1)
                .expecting(there == sorted(hurt), f"unconfirmed are {there} and not {sorted(hurt)}")
            )
    return verdict


def refusals(ground: Ground) -> Verdict:
    """F3: every class of refusal, of messages and of the channel; time-outs, broken connections, none at all."""
    with ground.shop(timeout=TIMEOUT) as shop:
        verdict = _of_messages(shop)
        verdict += _no_server(shop)
    for step, reply in REFUSALS.items():
        with ground.shop(timeout=TIMEOUT) as shop:
            verdict += _of_channel(shop, step, reply)
    with ground.shop(timeout=TIMEOUT) as shop:
        verdict += _until_the_window_closes(shop)
    return verdict


def _of_messages(shop: Shop) -> Verdict:
    shop.orders(*(reply.name for reply in REPLIES), *(f"well-{number}" for number in range(10)))
    shop.sink.script(*(reply.entry for reply in REPLIES))
    drain(shop, stays=STAYS)
    verdict = shop.verdict(STAYS).in_cycles(len(REPLIES))
    suppressed = {one.address for one in shop.store.suppressions.list()}
    for reply in REPLIES:
        row = shop.row(reply.name)
        verdict = verdict.expecting(
            row.state is reply.state, f"{reply.do} at {reply.step}: {row.state} and not {reply.state} ({row.error})"
        ).expecting(
            (address(reply.name) in suppressed) == reply.suppressed,
            f"{reply.do} at {reply.step}: the address is {'not ' * reply.suppressed}suppressed",
        )
        if reply.state is State.RETRY:
            waits = (row.next_at or 0) - (row.decided_at or 0)
            verdict = verdict.expecting(waits >= 29 * MINUTE, f"{reply.do}: tried again after {waits / MINUTE:.1f} min")
    holds = [hold.cause for hold in shop.store.holds.list()]
    return verdict.expecting(not holds, f"held though only messages were refused: {holds}")


def _no_server(shop: Shop) -> Verdict:
    """Nobody listens on the port; what was ordered by then is tried again later."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    lay_down(shop.folder, {"rightreason.toml": settings(port, shop.workspace.settings.database)})
    names = [f"unheard-{number}" for number in range(5)]
    shop.orders(*names)
    drain(shop, stays=STAYS)
    states = {shop.row(name).state for name in names}
    return Verdict(cycles=1, cases=len(names)).expecting(states == {State.RETRY}, f"nobody listens, and it is {states}")


def _of_channel(shop: Shop, step: str, reply: str) -> Verdict:
    """Whatever comes is refused: the channel is held at once, and once it is released all is sent."""
    shop.orders(*(f"{step}-{number}" for number in range(10)))
    shop.sink.script({"step": step, "do": reply})
    with at_work(shop) as worker:
        until(shop.store.holds.list, f"{reply} at {step} to hold the channel")
        until(lambda: not shop.states()[State.SENDING], "what is being sent to end")
        code = worker.stop()
    tried = sum(line.step == f"{reply} at {step}" for line in shop.sink.lines())
    held = [hold.name for hold in shop.store.holds.list()]
    shop.sink.script()
    for name in held:
        shop.store.holds.lift(name, now=shop.clock())
    clock = clock_of(shop)
    clock.by = 31 * MINUTE
    drain(shop, Injured(clock=clock.file))
    sent = shop.states()[State.SENT]
    return (
        shop.verdict()
        .in_cycles(1)
        .expecting(held == ["channel:email"], f"{reply} at {step}: held is {held}")
        .expecting(tried <= MOST_REFUSED, f"{reply} at {step}: tried {tried} times before it was held")
        .expecting(sent == len(shop.ordered), f"{reply} at {step}: released, {sent} of {len(shop.ordered)} are sent")
        .expecting(code == 0, f"the daemon ended with {code}")
    )


def _until_the_window_closes(shop: Shop) -> Verdict:
    """Refused for the time being again and again: each wait is longer, until the window closes."""
    shop.orders("patient")
    shop.sink.script({"step": "rcpt", "do": "450 4.2.1 busy, come later"})
    clock = clock_of(shop)
    waits: list[int] = []
    while len(waits) < MOST_WAITS:
        begun = clock.now()
        drain(shop, Injured(clock=clock.file), stays=STAYS)
        row = shop.row("patient")
        if row.next_at is None:
            break
        waits.append(row.next_at - begun)
        clock.by += row.next_at - begun + MINUTE
    row = shop.row("patient")
    grows = all(later > earlier for earlier, later in pairwise(waits))
    return (
        shop.verdict()
        .in_cycles(len(waits))
        .expecting(grows and len(waits) >= 4, f"the waits are {[round(wait / MINUTE) for wait in waits]} min")
        .expecting(row.state in (State.FAILED, State.TOO_LATE), f"in the end it is {row.state}: {row.error}")
        .expecting(row.attempts <= len(waits) + 1, f"tried {row.attempts} times, waited {len(waits)} times")
    )
