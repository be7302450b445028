"""What happened to the customers of a made-up shop.

Skewed as in real shops: three in four customers buy once or twice, one in a hundred dozens of times; most scores are
8 to 10, some tickets are never closed, some events become known late.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from benchmarks.drawing import DAY, HOUR, SECOND, Numbers, Random, chosen, instants

MOST_ORDERS = 120
LOYALTY = 365 * DAY
"""How long a customer goes on buying; so a shop whose customers come evenly has as much to do each month."""

EVENTS_AN_ORDER = 2.03
"""How many events are known in the end, on average, where an order is drawn below; measured at ten events each."""

PRODUCTS = ("Rye flour", "Spelt flour", "Bread spice", "Sea salt", "Proofing basket", "Bread knife", "Stand mixer")
CATEGORIES = ("ingredients", "ingredients", "ingredients", "ingredients", "tools", "tools", "machines")
POPULARITY = (0.25, 0.17, 0.12, 0.1, 0.18, 0.14, 0.04)
SCORES = (0.015, 0.01, 0.01, 0.015, 0.015, 0.035, 0.04, 0.09, 0.2, 0.25, 0.32)
"""How many give each score from 0 to 10."""

REASONS = ("too expensive", "no longer needed", "bad experience", "moved away", "deceased")
REASONS_GIVEN = (0.3, 0.4, 0.15, 0.14, 0.01)
KNOWN_LATE = 0.04
PROPERTIES = ("order_id", "product", "category", "total", "score", "ticket_id", "reason")
COLUMNS = ("id", "customer", "name", "at", "known_at", *PROPERTIES)


def events(random: Random, ids: pl.Series, came: Numbers, until: int, each: float) -> pl.DataFrame:
    """Make one row an event that is known at `until`, by customer and instant; `each` a customer on average."""
    orders = _orders(random, ids, came, until, each / EVENTS_AN_ORDER)
    delivered = _some(random, 0.97, _later(random, orders, DAY, 6 * DAY))
    answered = _some(random, 0.35, _later(random, delivered, 5 * DAY, 30 * DAY)).select("customer", "at")
    opened = _some(random, 0.12, _later(random, orders, 2 * HOUR, 20 * DAY)).select(
        "customer", "at", "order_id", ticket_id=pl.col("order_id").str.replace("o", "t", literal=True)
    )
    closed = _some(random, 0.88, _later(random, opened, HOUR, 9 * DAY))
    leaving = _some(random, 0.04, orders.unique("customer", keep="last", maintain_order=True))
    left = _later(random, leaving, 20 * DAY, 120 * DAY).select("customer", "at")
    told = {
        "order_placed": orders,
        "order_delivered": delivered,
        "ticket_opened": opened,
        "ticket_closed": closed,
        "nps_answered": answered.with_columns(score=random.choice(len(SCORES), len(answered), p=SCORES)),
        "subscription_cancelled": left.with_columns(
            reason=chosen(REASONS, random.choice(len(REASONS), len(left), p=REASONS_GIVEN))
        ),
    }
    kinds = [frame.with_columns(name=pl.lit(name)) for name, frame in told.items()]
    rows = pl.concat(kinds, how="diagonal").with_columns(pl.col("at") // SECOND * SECOND)
    late = random.exponential(DAY, len(rows)) * (random.random(len(rows)) < KNOWN_LATE)
    rows = rows.with_columns(known_at=pl.col("at") + pl.Series(late.astype(np.int64)) // SECOND * SECOND)
    rows = rows.filter(pl.col("known_at") <= until).sort("customer", "at", "name", maintain_order=True)
    number = pl.int_range(1, pl.len() + 1).over("customer")
    return instants(rows, "at", "known_at").with_columns(id=pl.format("{}-{}", "customer", number)).select(COLUMNS)


def _orders(random: Random, ids: pl.Series, came: Numbers, until: int, each: float) -> pl.DataFrame:
    """Make one row an order, in order of time for each customer."""
    counts = np.floor(random.random(len(ids)) ** (-1 / _steepness(each))).clip(1, MOST_ORDERS).astype(np.int64)
    buyer = np.repeat(np.arange(len(ids)), counts)
    first = np.cumsum(counts) - counts
    at = came[buyer] + random.integers(0, LOYALTY, len(buyer))
    at[first] = came
    product = random.choice(len(PRODUCTS), len(buyer), p=POPULARITY)
    return (
        pl.DataFrame(
            {
                "buyer": buyer,
                "at": at,
                "product": chosen(PRODUCTS, product),
                "category": chosen(CATEGORIES, product),
                "total": np.round(np.exp(random.normal(3.6, 0.8, len(buyer))), 2),
            }
        )
        .filter(pl.col("at") <= until)
        .sort("buyer", "at", maintain_order=True)
        .with_columns(customer=pl.lit(ids).gather("buyer"))
        .with_columns(order_id=pl.format("o{}-{}", "customer", pl.int_range(1, pl.len() + 1).over("buyer")))
        .drop("buyer")
    )


def _steepness(mean: float) -> float:
    """Find the exponent with which a Pareto distribution, cut off at `MOST_ORDERS`, has this mean of whole numbers."""
    numbers = np.arange(1.0, MOST_ORDERS + 1)
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (numbers**-middle).sum() > mean else (low, middle)
    return high


def _some(random: Random, share: float, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(random.random(len(frame)) < share)


def _later(random: Random, frame: pl.DataFrame, least: int, most: int) -> pl.DataFrame:
    return frame.with_columns(pl.col("at") + pl.Series(random.integers(least, most, len(frame))))
