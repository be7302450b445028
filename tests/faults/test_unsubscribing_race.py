"""Somebody unsubscribes while their message is queued: once the answer is there, nothing leaves any more.

The daemon, the mail server and the web server are real. `make test-faults` has a thousand races, this run a few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from visiting import served

from scheduler.daemon import utc_now
from scheduler.messages.links import UNSUBSCRIBE, Links
from scheduler.store import State
from scheduler.web.site import Site

from .databases import Databases, Lent, Sqlite
from .ground import Ground, at_work
from .races import BATCH, NOT_YET
from .shop import Shop, key_of
from .waiting import until

SEED = 20
PACE = 0.02
"""So many seconds the mail server takes for each message: a batch of them about as long as the unsubscribing."""
AT_ONCE = 4
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def raced(shop: Shop, names: Sequence[str], unsubscribe: Sequence[str]) -> int:
    """Let some of those who ordered unsubscribe while the daemon sends; how many of them it kept from hearing.

    Asserts that nothing leaves to them after they were answered.
    """
    shop.orders(*names)
    shop.sink.script({"step": "end", "do": "late", "seconds": PACE})
    with served(Site(shop.workspace, utc_now)) as base, at_work(shop) as worker, httpx2.Client(timeout=60) as client:

        def pressed(name: str) -> tuple[str, int]:
            links = Links(base, shop.workspace.settings.signing_keys()[0], name, key_of(name))
            assert client.post(links.to(UNSUBSCRIBE), data=ONE_CLICK).status_code == 200
            return name, utc_now()

        shop.sink.wait_for("accepted")
        with ThreadPoolExecutor(AT_ONCE) as threads:
            answered = dict(threads.map(pressed, unsubscribe))
        until(lambda: is_over(shop), "all messages to end")
        worker.stop()
    arrived = {line.subject.rpartition(" ")[2]: line.at for line in shop.sink.accepted()}
    late = {name: arrived[f"o-{name}"] - at for name, at in answered.items() if arrived.get(f"o-{name}", 0) > at}
    assert late == {}
    assert shop.verdict((State.WAITING,)).findings == ()
    assert all(not one.consent.given for name in unsubscribe for one in shop.store.consents.of(name))
    return sum(f"o-{name}" not in arrived for name in unsubscribe)


def is_over(shop: Shop) -> bool:
    """Whether nothing is on its way any more."""
    states = shop.states()
    return not any(states[state] for state in {*NOT_YET, State.SENDING} - {State.WAITING})


def races(folder: Path, databases: Databases, orders: int, races: int) -> int:
    """So many races, some hundreds of orders at a time; how many messages were kept back."""
    ground = Ground(folder, databases, SEED, races)
    kept = 0
    for start in range(0, orders, BATCH):
        names = [f"r{number}" for number in range(start, min(start + BATCH, orders))]
        number = round(races * len(names) / orders)
        with ground.shop() as shop:
            kept += raced(shop, names, ground.random.sample(names, number))
    return kept


def test_nothing_leaves_after_somebody_was_told_that_they_are_unsubscribed(tmp_path: Path) -> None:
    assert races(tmp_path, Sqlite(), orders=250, races=20) > 0


@pytest.mark.faults
def test_in_a_thousand_races_nothing_leaves_either(tmp_path: Path) -> None:
    assert races(tmp_path, Sqlite(), orders=1_000, races=1_000) > 100


@pytest.mark.faults
def test_in_a_thousand_races_on_postgresql_nothing_leaves_either(tmp_path: Path, postgresql: Callable[[], str]) -> None:
    assert races(tmp_path, Lent(postgresql), orders=1_000, races=1_000) > 100
