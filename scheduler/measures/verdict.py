"""What can be said of a figure, beside its value."""

from __future__ import annotations

from scheduler.explained import Explained

FEW = 20
"""Figures from fewer answers than this are told with the words that they are too few."""


class Verdict(Explained):
    """Whether a figure says something, and why not."""

    TELLS = "tells", "enough to go by"
    NOTHING = "nothing", "nothing to count"
    TOO_FEW = "too_few", "too few to tell"
    SO_FAR = "so_far", "so far: its time is not over"
    CANNOT_TELL = "cannot_tell", "cannot tell yet: the interval includes zero"
    NO_HOLDOUT = "no_holdout", "cannot tell: nobody was held out to compare with"
    NO_GOAL = "no_goal", "cannot tell: the rule names no event as its goal"
    WRONG = "wrong", "must be 0"
