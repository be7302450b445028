"""F5 on PostgreSQL: daemons share the work of one database; some are killed and started again, and told to end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack

from scheduler.decisions.facts import Event
from scheduler.decisions.occasions import occasion_key
from scheduler.store import CustomerEvent, State
from scheduler.store.buckets import SLICES

from .daemons import Daemon, daemon
from .ground import Ground
from .oracle import Verdict
from .shop import FILES, HOUSE, Shop
from .waiting import until

DAEMONS = 3
CUSTOMERS = 100
"""So many new ones come before each kill; each orders twice at once, and may hear once a week."""
CAPPED = {**FILES, "rules/house_rules.yaml": HOUSE.replace("[]", "[{at_most: 1, within: 7 days}]")}
STAYS = (State.WAITING,)


def sharing(ground: Ground) -> Verdict:
    """Kill one of three daemons in the midst of work and start it again, in turn `cycles` times; then one is to end."""
    with ground.shop(files=CAPPED) as shop, ExitStack() as stack:

        def start(number: int) -> Daemon:
            return stack.enter_context(daemon(shop.folder, log=shop.folder / f"{number}.log"))

        workers = [start(number) for number in range(DAEMONS)]
        _wait_for_fair_shares(shop, workers)
        for cycle in range(ground.cycles):
            ground.say(f"kill {cycle + 1} of {ground.cycles}")
            _wave(ground, shop, f"k{cycle}")
            workers[cycle % DAEMONS].kill()
            workers[cycle % DAEMONS] = start(cycle % DAEMONS)
        _wait_for_fair_shares(shop, workers)
        shop.wait_until_quiet(STAYS)
        _wave(ground, shop, "last")
        codes = [workers.pop(ground.cycles % DAEMONS).stop()]
        shop.wait_until_quiet(STAYS)
        codes += [one.stop() for one in workers]
        sent = [_sent(shop, number) for number in range(DAEMONS)]
        heard = Counter(line.to for line in shop.sink.accepted())
        verdict = shop.verdict(STAYS).in_cycles(ground.cycles)
        ground.say(f"sent by each: {sent}")
    return (
        verdict.expecting(codes == [0] * DAEMONS, f"the daemons ended with {codes}")
        .expecting(all(sent), f"not every daemon did its share; sent by each: {sent}")
        .expecting(max(heard.values()) == 1, f"the cap was passed, as often: {[n for n in heard.values() if n > 1]}")
    )


def _wave(ground: Ground, shop: Shop, name: str) -> None:
    """New customers who order twice each, until some of them have heard."""
    before = len(shop.sink.accepted())
    names, now = [f"{name}-{number}" for number in range(CUSTOMERS)], shop.clock()
    shop.orders(*names, now=now)
    second = [CustomerEvent(one, Event(f"p-{one}", "bought", now, now, {"order": f"p-{one}"})) for one in names]
    assert not shop.store.events.add(second, now=now).refused
    shop.ordered += [occasion_key("thanks", one, f"p-{one}") for one in names]
    shop.sink.wait_for("accepted", before + ground.random.randint(1, CUSTOMERS * 2 // 3))


def _wait_for_fair_shares(shop: Shop, workers: Sequence[Daemon]) -> None:
    for one in workers:
        one.wait_until_ready()

    def are_fair() -> bool:
        shares = [len(one.slices) for one in shop.store.shares.at_work()]
        return sum(shares) == SLICES and len(shares) == DAEMONS and max(shares) - min(shares) <= 1

    until(are_fair, f"{DAEMONS} daemons to have fair shares")


def _sent(shop: Shop, number: int) -> int:
    """How many messages a daemon says it has sent; what it sent in a tick that it was killed in is missing."""
    lines = (shop.folder / f"{number}.log").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    return sum(int(line["delivered"].get("sent", 0)) for line in told if line["event"] == "tick")
