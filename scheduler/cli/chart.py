"""The volume of contacts as a small chart of text blocks: a column a day, or a week where there are many days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

_BLOCKS = " ▁▂▃▄▅▆▇█"
_HEIGHT = 4
_MOST_DAYS = 62


def volume_chart(contacts: Mapping[date, int], first: date, last: date) -> list[str]:
    """The lines of a chart of the contacts on each day from `first` to `last`, both included."""
    step = 1 if (last - first).days < _MOST_DAYS else 7
    starts = [first + timedelta(days=n) for n in range(0, (last - first).days + 1, step)]
    heights = [sum(contacts.get(start + timedelta(days=n), 0) for n in range(step)) for start in starts]
    most = max(heights, default=0)
    unit = "day" if step == 1 else "week"
    if not most:
        return []
    peak = starts[heights.index(most)]
    title = f"contacts a {unit} (most: {most:,} {'on' if step == 1 else 'in the week of'} {short_day(peak)})"
    return [title, *_columns(heights, most), _ticks(starts, 7 if step == 1 else 4)]


def short_day(day: date) -> str:
    """Write a day like `Mon 2 Nov`."""
    return f"{day:%a} {day.day} {day:%b}"


def bars(counts: Mapping[str, int], *, indent: int = 0) -> list[str]:
    """The lines of a chart of one bar a name, the largest first."""
    largest = max(counts.values(), default=0)
    name_width = max(map(len, counts), default=0)
    number_width = max((len(f"{number:,}") for number in counts.values()), default=0)
    return [
        f"{'':{indent}}{name:{name_width}}  {number:{number_width},}  {'▇' * max(1, round(24 * number / largest))}"
        for name, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _columns(heights: Sequence[int], most: int) -> list[str]:
    levels = min(_HEIGHT, most)
    eighths = [0 if not height else max(1, round(height / most * levels * 8)) for height in heights]
    lines = []
    for level in range(levels - 1, -1, -1):
        cells = [_BLOCKS[min(8, max(0, filled - level * 8))] for filled in eighths]
        lines.append("  " + " ".join(cells).rstrip())
    lines.append("  " + "─" * (2 * len(heights) - 1))
    return lines


def _ticks(starts: Sequence[date], every: int) -> str:
    line = ""
    for n in range(0, len(starts), every):
        label = f"{starts[n].day} {starts[n]:%b}"
        line = f"{line:{2 * n + 2}}{label}" if len(line) <= 2 * n + 1 else line
    return line
