"""F4 and F12: a message that breaks what touches it, templates that fail, and a folder that is broken meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial

from scheduler.durations import MINUTE
from scheduler.store import State

from .daemons import Daemon, Injured
from .ground import Ground, at_work, clock_of, drain
from .injuries import Injury
from .oracle import Verdict
from .shop import FILES, THANKS, Shop, address, key_of
from .waiting import until

OTHERS = 99
TRIES = 3
"""So often may a message break its worker."""
MOST_DEATHS = 3 * TRIES
"""So often is a daemon started again that dies of a message."""
LEFT = tuple(state for state in State if not state.is_over)
STOPPED = (State.QUARANTINED, State.UNCONFIRMED, State.FAILED)
"""What a message may end as that breaks its worker; the second where nobody can say whether it left."""

TWO_RULES = (
    THANKS
    + """\
  receipt:
    reason: They bought something and need the receipt.
    asks_for: nothing
    when: bought
    before: 2 days
    send: receipt
    by: [email]
"""
)
RECEIPT = "---\nsubject: Receipt {{ event.order }}\n---\nThank you.\n"


def poison(ground: Ground) -> Verdict:
    """F4: one message among a hundred can't be rendered; makes its channel raise; kills its worker."""
    deliver, compose = "scheduler.channels.email:EmailChannel.deliver", "scheduler.delivery.composing:Composer.message"
    with ground.shop() as shop:
        verdict = _unrenderable(shop)
    for function, about in ((deliver, address("poison")), (compose, key_of("poison"))):
        with ground.shop() as shop:
            verdict += _breaks(shop, Injury(function, nth=0, do="raise", about=about))
        with ground.shop() as shop:
            verdict += _breaks(shop, Injury(function, nth=0, do="kill", about=about))
    return verdict


def _unrenderable(shop: Shop) -> Verdict:
    """The template fails for a customer without a name: it waits with the cause, and all others hear."""
    shop.orders(*(f"well-{number}" for number in range(OTHERS)))
    shop.orders("poison", name=None)
    drain(shop, stays=(State.RETRY,))
    row = shop.row("poison")
    sent = shop.states()[State.SENT]
    return (
        shop.verdict((State.RETRY,))
        .in_cycles(1)
        .expecting(sent == OTHERS, f"the template fails for one, and {sent} of {OTHERS} others are sent")
        .expecting("thanks" in row.error, f"the cause names no template: {row.error!r}")
    )


def _breaks(shop: Shop, injury: Injury) -> Verdict:
    """A worker is broken by one message, and started again, with five minutes between, as long as it is."""
    shop.orders(*(f"well-{number}" for number in range(OTHERS)), "poison")
    clock = clock_of(shop)
    deaths = rounds = 0
    while rounds < MOST_DEATHS and not (rounds and shop.is_quiet()):
        with at_work(shop, Injured((injury,), clock=clock.file)) as worker:
            worker.wait_until_ready()
            until(partial(_has_worked, worker, shop), "the poison to work", 20)
            deaths += not worker.is_alive
            worker.stop()
        clock.by += 31 * MINUTE
        rounds += 1
    row, sent = shop.row("poison"), shop.states()[State.SENT]
    unconfirmed = shop.states()[State.UNCONFIRMED]
    alone = injury.do == "raise"
    return (
        shop.verdict(LEFT if not shop.is_quiet() else ())
        .in_cycles(1)
        .expecting(row.state in STOPPED, f"{injury}: after {rounds} tries the poison is {row.state} ({row.error})")
        .expecting(deaths <= TRIES, f"{injury}: it killed {deaths} workers")
        .expecting(not alone or sent == OTHERS, f"{injury}: {sent} of {OTHERS} others are sent")
        .expecting(sent + unconfirmed >= OTHERS, f"{injury}: {sent} of {OTHERS} others are sent, {unconfirmed} unsure")
    )


def _has_worked(worker: Daemon, shop: Shop) -> bool:
    """Whether the worker is dead, or nothing is left to do for the moment."""
    return not worker.is_alive or shop.is_quiet((State.RETRY,))


def broken_folder(ground: Ground) -> Verdict:
    """F12: the folder is broken while the daemon runs, and a template fails at send time; all else goes on."""
    with ground.shop() as shop, at_work(shop) as worker:
        worker.wait_until_ready()
        rules, templates = shop.folder / "rules", shop.folder / "templates"
        breaks: tuple[Callable[[], object], ...] = (
            lambda: (rules / "orders.yaml").write_text("rules: ["),
            lambda: (templates / "thanks.email.md").unlink(),
            lambda: shutil.rmtree(rules),
            lambda: shutil.rmtree(templates),
        )
        for number, broken in enumerate(breaks):
            broken()
            shop.orders(*(f"f{number}-{one}" for one in range(5)))
            shop.wait_until_quiet()
        code = worker.stop()
        verdict = (
            shop.verdict()
            .in_cycles(len(breaks))
            .expecting(code == 0, f"with a broken folder the daemon ended with {code}")
            .expecting("broken" in worker.said(), "nobody was told that the folder is broken")
            .expecting(shop.states()[State.SENT] == 5 * len(breaks), f"by a broken folder: {dict(shop.states())}")
        )
    files = {**FILES, "rules/orders.yaml": TWO_RULES, "templates/receipt.email.md": RECEIPT}
    with ground.shop(files=files) as shop:
        shop.orders("ana", name=None)
        shop.orders("bea")
        shop.ordered += [key_of("ana", "receipt"), key_of("bea", "receipt")]
        drain(shop, stays=(State.RETRY,))
        sent = sorted(key for key, row in shop.rows().items() if row.state is State.SENT)
        well = sorted([key_of("bea"), key_of("ana", "receipt"), key_of("bea", "receipt")])
        return verdict + shop.verdict((State.RETRY,)).in_cycles(1).expecting(
            sent == well, f"where one template fails, sent are {sent} and not {well}"
        )
