"""F8: the machine's clock jumps, while the daemon sends and while it is down."""

from __future__ import annotations

from scheduler.daemon import utc_now
from scheduler.durations import MINUTE
from scheduler.store import State

from .daemons import Injured
from .ground import Ground, at_work, clock_of
from .injuries import Shift
from .oracle import Verdict
from .shop import Shop
from .waiting import until

HOUR = 60 * MINUTE
DAY = 24 * HOUR
ORDERS = 40
JUMPS = {"an hour back": -HOUR, "a day on": DAY, "a day back": -DAY}
IN_THE_END = 26 * HOUR
"""By then all is due that any of the clocks said, and no window is closed."""


def jumps(ground: Ground) -> Verdict:
    """F8: the clock jumps in the midst of sending, and between two daemons; in the end all is looked at and released."""
    verdict = Verdict()
    for name, by in JUMPS.items():
        ground.say(f"the clock jumps {name}")
        verdict += _while_sending(ground, name, by) + _over_a_restart(ground, name, by)
    return verdict


def _while_sending(ground: Ground, name: str, by: int) -> Verdict:
    """It jumps while the mail server has a message in its hands: sending is held until somebody releases it."""
    with ground.shop(now=utc_now() - 3 * DAY) as shop:
        clock = clock_of(shop)
        shop.orders(*(f"o{number}" for number in range(ORDERS)))
        shop.sink.script({"step": "accepted", "do": "pause", "skip": ORDERS // 4, "times": 1})
        with at_work(shop, Injured(clock=clock.file)) as worker:
            shop.sink.wait_for("pause at accepted")
            clock.by = by
            shop.sink.go_on()
            until(lambda: shop.store.holds.list(), f"the clock's jump to be noticed, {name}")
            code = worker.stop()
        [hold] = shop.store.holds.list()
        _in_the_end(shop, clock)
        return (
            shop.verdict()
            .in_cycles(1)
            .expecting(hold.name == "all" and "clock" in hold.cause, f"the clock jumps {name}: {hold}")
            .expecting(code == 0, f"the daemon ended with {code}")
        )


def _over_a_restart(ground: Ground, name: str, by: int) -> Verdict:
    """It jumps while no daemon runs, with something sent before it and something ordered after it."""
    with ground.shop(now=utc_now() - 3 * DAY) as shop:
        clock = clock_of(shop)
        shop.orders(*(f"a{number}" for number in range(ORDERS)))
        with at_work(shop, Injured(clock=clock.file)) as worker:
            shop.wait_until_quiet()
            worker.stop()
        clock.by = by
        shop.orders(*(f"b{number}" for number in range(ORDERS)))
        with at_work(shop, Injured(clock=clock.file)) as worker:
            worker.wait_until_ready()
            until(lambda: shop.is_quiet() or shop.store.holds.list(), f"something to happen after the jump {name}")
            code = worker.stop()
        held = [hold.cause for hold in shop.store.holds.list()]
        _in_the_end(shop, clock)
        return (
            shop.verdict()
            .in_cycles(1)
            .expecting(held or by > 0, f"over a restart the clock jumps {name}, and nothing is held")
            .expecting(code == 0, f"the daemon ended with {code}")
        )


def _in_the_end(shop: Shop, clock: Shift) -> None:
    """Release whatever is held, as somebody would who has looked, until all has come to an end."""
    clock.by = IN_THE_END

    def released() -> bool:
        for hold in shop.store.holds.list():
            shop.store.holds.lift(hold.name, now=clock.now())
        return shop.is_quiet()

    with at_work(shop, Injured(clock=clock.file)) as worker:
        worker.wait_until_ready()
        until(released, "all to come to an end")
        worker.stop()
    assert not shop.states()[State.SENDING]
