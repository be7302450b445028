from __future__ import annotations

import asyncio

import pytest
from webshop import NOW, Shop

from scheduler.decisions.facts import Event
from scheduler.store import CustomerEvent, Taken
from scheduler.web.facts.writer import Facts, Writer
from scheduler.web.webhooks.adapter import Part
from scheduler.web.webhooks.delivery import Delivery, Replayed


def facts(id_: str) -> Facts:
    return Facts(events=(CustomerEvent("17", Event(id_, "seen", NOW, NOW)),))


def test_what_comes_again_at_the_same_time_takes_nobody_else_along(shop: Shop) -> None:
    async def together() -> list[Taken | BaseException]:
        writer = Writer(shop.workspace.store, lambda: NOW)
        signed = [Delivery(parts=(Part(facts("1")),), once="signed", until=NOW + 1) for _ in range(2)]
        return await asyncio.gather(
            *(writer.take(one) for one in (facts("0"), *signed, facts("2"))), return_exceptions=True
        )

    first, one, again, last = asyncio.run(together())
    assert first == one == last == Taken(added=1)
    assert isinstance(again, Replayed)
    assert [event.id for event in shop.customer("17").events] == ["0", "1", "2"]


@pytest.mark.parametrize(("version", "there"), [(1, 2), (3, 3)])
def test_of_two_versions_in_one_group_the_newest_counts(shop: Shop, version: int, there: int) -> None:
    async def together() -> None:
        writer = Writer(shop.workspace.store, lambda: NOW)
        both = [
            Delivery(parts=(Part(Facts(customers=(("17", {"seen": one}),)), thing="customer 17", version=one),))
            for one in (2, version)
        ]
        await asyncio.gather(*(writer.take(one) for one in (facts("0"), *both)))

    asyncio.run(together())
    assert shop.customer("17").attributes == {"seen": there}
