"""F5 and F13: two daemons on one database, and a database that is a copy or was restored."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy.engine import make_url

from scheduler.errors import LeaseTaken
from scheduler.store import State
from scheduler.workspace import open_workspace

from .daemons import daemon
from .databases import Databases, Postgresql
from .ground import Ground, at_work, drain
from .oracle import Verdict
from .sharing import sharing
from .shop import Shop, lay_down, settings
from .sink import sink
from .waiting import until

ORDERS = 20


def two_daemons(ground: Ground) -> Verdict:
    """F5: a second daemon while one is at work, and two that begin at once; on PostgreSQL they share the work."""
    if ground.databases.kind == "postgresql":
        return sharing(ground)
    verdict = Verdict()
    for _ in range(ground.cycles):
        with ground.shop() as shop:
            verdict += _second(shop)
        with ground.shop() as shop:
            verdict += _at_once(shop)
    return verdict


def _second(shop: Shop) -> Verdict:
    with at_work(shop) as first:
        shop.orders(*(f"a{number}" for number in range(ORDERS)))
        shop.sink.wait_for("accepted")
        with daemon(shop.folder, log=shop.folder / "second.log") as second:
            code = second.wait()
        shop.orders(*(f"b{number}" for number in range(ORDERS)))
        shop.wait_until_quiet()
        ended = first.stop()
    name = f"{socket.gethostname()}/{first.pid}"
    return (
        shop.verdict()
        .in_cycles(1)
        .expecting(code == LeaseTaken.exit_code, f"the second daemon ended with {code}")
        .expecting(name in second.said(), f"the second daemon does not name {name}: {second.said()[-300:]}")
        .expecting(ended == 0, f"the first daemon ended with {ended}")
    )


def _at_once(shop: Shop) -> Verdict:
    shop.orders(*(f"c{number}" for number in range(ORDERS)))
    with ExitStack() as stack:
        both = [stack.enter_context(daemon(shop.folder, log=shop.folder / f"{number}.log")) for number in range(2)]
        until(lambda: any(not one.is_alive for one in both), "one of two daemons to give way")
        shop.wait_until_quiet()
        codes = sorted(one.stop() for one in both)
    return shop.verdict().in_cycles(1).expecting(codes == [0, LeaseTaken.exit_code], f"two daemons ended with {codes}")


def copies(ground: Ground) -> Verdict:
    """F13: the database is copied, put back by hand, or restored by the program: sending begins in hold."""
    ways = [_copied]
    if ground.databases.kind == "sqlite":
        ways += [_put_back, _restored]
    verdict = Verdict()
    for way in ways:
        verdict += way(ground)
    return verdict


def _copied(ground: Ground) -> Verdict:
    """A copy is started elsewhere, while the original goes on."""
    with _sent_and_unsent(ground) as original, ExitStack() as stack:
        place = ground.place()
        database = _copy_of(original, place, ground.databases)
        elsewhere = stack.enter_context(sink(place))
        lay_down(place, {"rightreason.toml": settings(elsewhere.port, database)})
        workspace = stack.enter_context(open_workspace(place))
        copy = replace(original, workspace=workspace, sink=elsewhere, ordered=list(original.ordered))
        verdict = _begins_in_hold(copy, "a copy")
        original.orders("last")
        drain(original)
        return verdict + original.verdict()


def _put_back(ground: Ground) -> Verdict:
    """What was saved before something was sent is written over the database."""
    with _sent_and_unsent(ground) as opened:
        folder, saved = opened.folder, ground.place() / "saved.db"
        opened.store.back_up(saved, now=opened.clock())
        drain(opened)
        opened.workspace.close()
        for name in ("rightreason.db-wal", "rightreason.db-shm"):
            (folder / name).unlink(missing_ok=True)
        shutil.copyfile(saved, folder / "rightreason.db")
        return _begins_in_hold(opened, "a database that was put back", released=False)


def _restored(ground: Ground) -> Verdict:
    """What was saved before something was sent is restored by the program."""
    with _sent_and_unsent(ground) as opened:
        saved = ground.place() / "saved.db"
        opened.store.back_up(saved, now=opened.clock())
        drain(opened)
        opened.store.restore(saved, now=opened.clock())
        return _begins_in_hold(opened, "a restored database", waiting=0)


def _begins_in_hold(shop: Shop, what: str, *, released: bool = True, waiting: int = ORDERS) -> Verdict:
    """A daemon works on it without sending, says why, and sends what is waiting, and one more, once it is released."""
    before = len(shop.sink.accepted())
    keys = [*shop.orders("fresh")]
    with at_work(shop) as worker:
        worker.wait_until_ready()
        until(lambda: shop.store.ledger.row(keys[0]) is not None, "the order to be planned")
        until(lambda: shop.row("fresh").state is not State.PLANNED, "the order to be decided")
        code = worker.stop()
    sent = len(shop.sink.accepted()) - before
    holds = {hold.name: hold.cause for hold in shop.store.holds.list()}
    verdict = (
        Verdict(cycles=1, cases=len(shop.ordered), wrongly_sent=sent)
        .expecting(not sent, f"{what}: {sent} messages left though it was not released")
        .expecting("all" in holds, f"{what}: nothing is held")
        .expecting(code == 0, f"{what}: the daemon ended with {code}")
    )
    if not released or "all" not in holds:
        return verdict
    shop.store.holds.lift("all", now=shop.clock())
    drain(shop)
    arrived = len(shop.sink.accepted()) - before
    return verdict.expecting(arrived == 1 + waiting, f"{what}: released, {arrived} of {1 + waiting} were sent")


@contextmanager
def _sent_and_unsent(ground: Ground) -> Iterator[Shop]:
    """A shop of whose orders one half is sent, and of the other half nobody knows yet; no daemon is at work."""
    with ground.shop() as opened:
        opened.orders(*(f"sent{number}" for number in range(ORDERS)))
        drain(opened)
        opened.orders(*(f"unsent{number}" for number in range(ORDERS)))
        yield opened


def _copy_of(shop: Shop, place: Path, databases: Databases) -> str | None:
    """Copy a shop's database; returns the URL of the copy."""
    if isinstance(databases, Postgresql):
        shop.workspace.close()
        return databases.copy(str(make_url(shop.workspace.settings.database_url).database))
    assert databases.kind == "sqlite"
    for written in shop.folder.glob("rightreason.db*"):
        if not written.name.endswith("-shm"):
            shutil.copyfile(written, place / written.name)
    return None
