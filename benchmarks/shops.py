"""Made-up shops of any size: most customers buy once or twice, a few very often; some complain, some leave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from random import Random
from typing import TypeVar

from scheduler.decisions.facts import Consent, Event, Value
from scheduler.store import CustomerConsent, CustomerEvent, Store
from scheduler.wallclock import DAY

ZONES = ("Europe/Berlin", "Europe/Paris", "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Tokyo")
PRODUCTS = (("Kettle", "appliance"), ("Espresso beans", "coffee"), ("Mattress", "mattress"))
BATCH = 1_000
T = TypeVar("T")


def customers(count: int, random: Random) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield ids and attributes of `count` customers."""
    for number in range(count):
        yield (
            f"c{number}",
            {
                "name": f"Customer {number}",
                "first_name": f"C{number}",
                "email": f"c{number}@customers.example",
                "timezone": random.choice(ZONES),
                "birthday": date(random.randrange(1940, 2005), random.randrange(1, 13), random.randrange(1, 29)),
            },
        )


def events(count: int, each: float, until: int, random: Random) -> Iterator[CustomerEvent]:
    """Yield the events of `count` customers, `each` on average, in the two years before `until`."""
    number = 0
    for customer in range(count):
        orders = min(int(random.paretovariate(1.2)), 60) * each / 8
        for _ in range(max(1, round(orders))):
            at = until - random.randrange(2 * 365 * DAY)
            product, category = random.choice(PRODUCTS)
            order = f"o{number}"
            bought: dict[str, Value] = {
                "order_id": order,
                "product": product,
                "category": category,
                "total": 20 + number % 90,
            }
            told = [("order_placed", at, bought), ("order_delivered", at + 3 * DAY, bought)]
            if random.random() < 0.5:
                told.append(("nps_answered", at + 20 * DAY, {"score": min(10, int(random.triangular(0, 11, 9)))}))
            if random.random() < 0.1:
                told.append(("ticket_opened", at + 5 * DAY, {"ticket_id": order}))
                if random.random() < 0.9:
                    told.append(("ticket_closed", at + 8 * DAY, {"ticket_id": order}))
            for name, when, properties in told:
                number += 1
                yield CustomerEvent(f"c{customer}", Event(f"e{number}", name, when, when, properties))


def fill(store: Store, count: int, each: float, now: int, seed: int = 1) -> int:
    """Fill a store with `count` customers; returns how many events they have. Six in ten agreed to offers."""
    random = Random(seed)  # noqa: S311 - the same shop each time, not a secret
    for batch in _batches(customers(count, random)):
        store.customers.add(batch, now=now)
    total = 0
    for told in _batches(events(count, each, now, random)):
        total += store.events.add(told, now=now).added
    agreed = (
        CustomerConsent(f"c{number}", Consent("offers", None, given=True, at=now - 900 * DAY), "benchmark")
        for number in range(count)
        if number % 10 < 6
    )
    for records in _batches(agreed):
        store.consents.add(records, now=now)
    return total


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
