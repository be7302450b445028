"""Who the customers of a made-up shop are, and what they agreed to hear."""

from __future__ import annotations

import numpy as np
import polars as pl

from benchmarks.drawing import SECOND, Numbers, Random, chosen, instants

LIVES = (
    ("DE", "Europe/Berlin", "de", "+4915122"),
    ("FR", "Europe/Paris", "fr", "+33612"),
    ("GB", "Europe/London", "en", "+447400"),
    ("US", "America/New_York", "en", "+12125"),
    ("US", "America/Los_Angeles", "en", "+12135"),
    ("BR", "America/Sao_Paulo", "pt", "+5511987"),
    ("JP", "Asia/Tokyo", "ja", "+819012"),
)
"""Country, zone, language, and what the phone numbers begin with."""

WEIGHTS = (0.34, 0.16, 0.16, 0.14, 0.08, 0.07, 0.05)
FIRST_NAMES = ("Anna", "Bruno", "Chloé", "David", "Emília", "Farid", "Greta", "Hugo", "Inês", "Jun", "Karla", "Liam")
SURNAMES = ("Albrecht", "Bernard", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Hughes", "Ito", "Jansen")
KNOWN = {"email": 0.97, "phone": 0.6, "timezone": 0.95, "birthday": 0.8}
"""Of how many customers the shop knows what; the rest it knows of all."""


def customers(random: Random, ids: pl.Series, today: int) -> pl.DataFrame:
    """Make one row a customer; `today` is in days since 1970."""
    count = len(ids)
    country, zone, language, calling = zip(*LIVES, strict=True)
    life = random.choice(len(LIVES), count, p=WEIGHTS)
    old = random.normal(45 * 365, 14 * 365, count).clip(18 * 365, 95 * 365).astype(np.int32)
    lines = pl.Series(random.integers(0, 1_000_000, count)).cast(pl.String).str.zfill(6)
    frame = pl.DataFrame(
        {
            "id": ids,
            "first_name": chosen(FIRST_NAMES, random.integers(0, len(FIRST_NAMES), count)),
            "surname": chosen(SURNAMES, random.integers(0, len(SURNAMES), count)),
            "phone": chosen(calling, life) + lines,
            "timezone": chosen(zone, life),
            "country": chosen(country, life),
            "birthday": pl.Series(np.int32(today) - old).cast(pl.Date),
            "language": chosen(language, life),
        }
    ).with_columns(
        name=pl.format("{} {}", "first_name", "surname"),
        email=pl.format("{}@customers.example", "id"),
    )
    known = [
        pl.when(pl.Series(random.random(count) < share)).then(column).alias(column) for column, share in KNOWN.items()
    ]
    columns = ("id", "name", "first_name", "email", "phone", "timezone", "country", "birthday", "language")
    return frame.with_columns(known).select(columns)


def consent(random: Random, ids: pl.Series, came: Numbers, until: int) -> pl.DataFrame:
    """Make one row a record: six in ten agree to offers when they come, some to SMS; few take it back later."""
    count = len(ids)
    later = came + (random.random(count) * (until - came)).astype(np.int64)
    records = (
        (0.6, "offers", None, "given", came, "checkout"),
        (0.17, None, "sms", "given", came, "checkout"),
        (0.03, "offers", None, "withdrawn", later, "preference page"),
        (0.03, None, "email", "withdrawn", later, "unsubscribe link"),
    )
    kinds = []
    for share, topic, channel, status, at, source in records:
        told = {"topic": topic, "channel": channel, "status": status, "source": source}
        kind = pl.DataFrame({"customer": ids, "at": at // SECOND * SECOND}).filter(random.random(count) < share)
        kinds.append(kind.with_columns(pl.lit(text, pl.String).alias(column) for column, text in told.items()))
    columns = ("customer", "topic", "channel", "status", "at", "source")
    return instants(pl.concat(kinds).sort("customer", "at", "status"), "at").select(columns)
