"""Charts as inline SVG, made here: no scripts, no network, with a name and a description for who can't see them.

They are drawn 320 units wide and scale; what they show stands in a table below each. Colours are the page's own
(`var(--brand)`, `currentColor`), so they fit its light and its dark form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from math import ceil

_WIDTH, _HEIGHT = 320, 130
_TOP, _BOTTOM = 20, 22
_ROW = 34
_MOST_LABELS = 6
_LETTER = 6.5
"""About how wide a letter is."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its name and its text; a `weak` one is drawn as an outline, and None is left out."""

    label: str
    value: float | None
    text: str
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with the ends of its interval, its name and its text."""

    label: str
    value: float
    low: float
    high: float
    text: str
    weak: bool = False


class Charts:
    """Draws the charts of one page, whose names have to differ."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def columns(self, title: str, points: Sequence[Point]) -> str:
        """A column for each point, in order; those below zero hang, with their text above the line."""
        values = [point.value or 0 for point in points]
        top, bottom = max(0, *values), min(0, *values)
        room = _HEIGHT - _TOP - _BOTTOM
        scale = room / ((top - bottom) or 1)
        zero = _TOP + top * scale
        step = _WIDTH / len(points)
        every = ceil(len(points) / _MOST_LABELS)
        parts = [f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{zero:.1f}" y2="{zero:.1f}"/>']
        for n, point in enumerate(points):
            middle, width = (n + 0.5) * step, min(step * 0.7, 48)
            if point.value is not None:
                height = max(abs(point.value) * scale, 1)
                y = zero - height if point.value >= 0 else zero
                parts.append(_rect(middle - width / 2, y, width, height, weak=point.weak))
                if len(point.text) * _LETTER < step:
                    parts.append(_text(middle, y - 5, point.text))
            if (len(points) - 1 - n) % every == 0:
                parts.append(_text(middle, _HEIGHT - 4, point.label, "label"))
        return self._drawn(title, "; ".join(f"{one.label}: {one.text}" for one in points), _HEIGHT, parts)

    def bars(self, title: str, points: Sequence[Point]) -> str:
        """A bar for each point below its name."""
        most = max((abs(point.value or 0) for point in points), default=0) or 1
        parts = []
        for n, point in enumerate(points):
            parts.append(_text(0, n * _ROW + 13, point.label, "label", "start"))
            parts.append(_text(_WIDTH, n * _ROW + 13, point.text, "value", "end"))
            if point.value:
                width = max(abs(point.value) / most * _WIDTH, 1)
                parts.append(_rect(0, n * _ROW + 18, width, 8, weak=point.weak))
        described = "; ".join(f"{one.label}: {one.text}" for one in points)
        return self._drawn(title, described, len(points) * _ROW, parts)

    def intervals(self, title: str, rows: Sequence[Interval]) -> str:
        """A point with its interval for each row, and a line at zero."""
        low, high = min(0, *(row.low for row in rows)), max(0, *(row.high for row in rows))
        scale = (_WIDTH - 12) / ((high - low) or 1)

        def x(value: float) -> float:
            return 6 + (value - low) * scale

        height = len(rows) * _ROW + 4
        parts = []
        for n, row in enumerate(rows):
            y = n * _ROW + 25
            kind = "interval weak" if row.weak else "interval"
            parts.append(_text(0, n * _ROW + 13, row.label, "label", "start"))
            parts.append(_text(_WIDTH, n * _ROW + 13, row.text, "value", "end"))
            parts.append(f'<line class="axis" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{y - 7}" y2="{y + 7}"/>')
            parts.append(f'<line class="{kind}" x1="{x(row.low):.1f}" x2="{x(row.high):.1f}" y1="{y}" y2="{y}"/>')
            parts.append(f'<circle class="{kind}" cx="{x(row.value):.1f}" cy="{y}" r="4.5"/>')
        return self._drawn(title, "; ".join(f"{one.label}: {one.text}" for one in rows), height, parts)

    def _drawn(self, title: str, description: str, height: float, parts: Sequence[str]) -> str:
        number = next(self._numbers)
        return (
            f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-labelledby="c{number}t c{number}d">'
            f'<title id="c{number}t">{escape(title)}</title><desc id="c{number}d">{escape(description)}</desc>'
            f"{''.join(parts)}</svg>"
        )


def _rect(x: float, y: float, width: float, height: float, *, weak: bool) -> str:
    kind = "bar weak" if weak else "bar"
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1.5"/>'


def _text(x: float, y: float, text: str, kind: str = "value", anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
