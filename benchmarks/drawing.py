"""What all frames of a made-up shop are drawn with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
"""In microseconds, as all instants are."""

Numbers = NDArray[np.int64]
Random = np.random.Generator


def chosen(texts: Sequence[str], places: Numbers) -> pl.Series:
    """Take the text at each place."""
    return pl.Series(texts).gather(pl.Series(places))


def instants(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Turn columns of microseconds into instants."""
    return frame.with_columns(pl.col(columns).cast(pl.Datetime("us", "UTC")))
