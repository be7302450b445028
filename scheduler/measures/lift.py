"""What a rule brings: the difference of two shares, with a confidence interval.

The interval is Newcombe's hybrid score interval (method 10 of R. G. Newcombe, "Interval estimation for the difference
between independent proportions", Statistics in Medicine 17, 1998, pages 873 to 890), of Wilson's score intervals for
each share (E. B. Wilson, Journal of the American Statistical Association 22, 1927, pages 209 to 212), both without a
correction for continuity. It holds for small counts and for shares near 0 and 1, where the textbook's does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True, slots=True)
class Difference:
    """One share less another, as fractions of 1, with the ends of its interval."""

    value: float
    low: float
    high: float

    @property
    def includes_zero(self) -> bool:
        """Whether both shares may as well be alike."""
        return self.low <= 0 <= self.high


def wilson(part: int, count: int) -> tuple[float, float]:
    """The ends of Wilson's score interval for `part` of `count`; raises `ValueError` where that is no share."""
    if not 0 <= part <= count or count == 0:
        raise ValueError(f"{part} of {count} is no share")
    share, square = part / count, _Z * _Z
    middle = 2 * part + square
    spread = _Z * sqrt(square + 4 * part * (1 - share))
    whole = 2 * (count + square)
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def newcombe(part: int, count: int, other_part: int, other_count: int) -> Difference:
    """The share `part` of `count` less that of the others; raises `ValueError` where one is no share."""
    low, high = wilson(part, count)
    other_low, other_high = wilson(other_part, other_count)
    share, other = part / count, other_part / other_count
    value = share - other
    return Difference(
        value,
        value - sqrt((share - low) ** 2 + (other_high - other) ** 2),
        value + sqrt((high - share) ** 2 + (other - other_low) ** 2),
    )
