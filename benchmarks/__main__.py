"""Measure and print the figures: `make bench`, or `python -m benchmarks [S2 S4 …] [--scale 0.1]`."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.figures import FIGURES, Figure, Sizes
from benchmarks.jobs import Jobs
from benchmarks.processes import PYTHON, Failed, median, say

MARKS = {True: "held", False: "NOT HELD", None: ""}


def show(figure: Figure) -> None:
    """Print one line of the table."""
    say(f"{figure.id:<4} {figure.what:<62} {figure.value:<30} {figure.hold:<26} {MARKS[figure.held]}".rstrip())


def main() -> int:
    """Print the table; ends with 1 where something can't be measured. Nothing is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)}; else all of them")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the customers")
    asked = parser.parse_args()
    if unknown := [name for name in asked.figures if name not in FIGURES]:
        parser.error(f"there is no figure {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    bare = median(PYTHON, "-c", "pass")
    say(f"{os.cpu_count()} cores, medians of 5 whole processes or as said; bare Python starts in {bare.seconds:.3f} s")
    failed = False
    with tempfile.TemporaryDirectory(prefix="rightreason-bench-") as scratch:
        for name in asked.figures or FIGURES:
            try:
                for figure in FIGURES[name](Jobs(Path(scratch)), Sizes(asked.scale)):
                    show(figure)
            except Failed as error:
                failed = True
                show(Figure(name, f"not measured: {error}", ""))
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
