"""Figures in words: values with their unit, and what can be said of them; the same for the terminal and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from scheduler.measures.measure import RULE, Figure, Unit
from scheduler.measures.verdict import Verdict

NO_CAMPAIGN = "no campaign"
NOTHING = "-"
_DIMENSIONS = {"p90": "9 of 10 within", "p95": "95 of 100 at most", "most": "the most", "median": "median"}
_RULES = frozenset({"occasions", "contacts", "silences", "answers", "goal_reached", "lift"})


def is_of_rules(figure: Figure) -> bool:
    """Whether a figure belongs into the table of rules."""
    return figure.measure in _RULES


def blocks(figures: Iterable[Figure]) -> Iterator[tuple[str, list[Figure]]]:
    """The figures that don't belong to rules, measure by measure."""
    for measure, own in groupby((one for one in figures if not is_of_rules(one)), key=lambda one: one.measure):
        yield measure, telling(list(own))


def telling(own: Sequence[Figure]) -> list[Figure]:
    """The figures of a measure, without those of no campaign where no other campaign has any: they are all's."""
    named = any(one.groups.get("campaign") for one in own)
    return [one for one in own if named or one.groups.get("campaign") != ""]


def label(figure: Figure) -> str:
    """What a figure is of: the house, a campaign, a cohort, a thing; and which statistic, where there are several."""
    (of,) = figure.groups.values() or ("all",)
    if "cohort" in figure.groups:
        of = f"since {of}"
    statistic = _DIMENSIONS.get(figure.statistic, "")
    return ", ".join(part for part in (of or NO_CAMPAIGN, statistic) if part)


def shown(value: float | None, unit: Unit) -> str:
    """A value with its unit, for people; a dash where there is none."""
    if value is None:
        return NOTHING
    match unit:
        case Unit.PERCENT:
            return f"{value:.1f} %"
        case Unit.POINTS:
            return f"{value:+.1f}"
        case Unit.SHARE_DIFFERENCE:
            return f"{value:+.1f} points"
        case Unit.SCORE:
            return f"{value:.2f}"
        case Unit.SECONDS:
            return lasting(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def lasting(seconds: float) -> str:
    """A span in its two largest units: `1 d 4 h`, `2 h 5 min`, `40 s`."""
    rest, parts = round(seconds), []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number:,} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def said(verdict: Verdict) -> str:
    """What is to be said beside a figure; nothing where it tells by itself."""
    return "" if verdict is Verdict.TELLS else verdict.meaning


def told(figure: Figure) -> str:
    """A value with what is to be said of it: `12.5 % (too few to tell)`."""
    if figure.value is None:
        return said(figure.verdict)
    beside = said(figure.verdict)
    return shown(figure.value, figure.unit) + (f" ({beside})" if beside else "")


@dataclass(frozen=True)
class OfRule:
    """What a rule did in the months together."""

    campaign: str
    rule: str
    occasions: int
    contacts: int
    answers: int
    silences: Mapping[str, int]
    reached: Figure | None
    held_out: Figure | None
    lift: Figure | None

    @property
    def happened(self) -> bool:
        """Whether there is anything to tell of it."""
        return bool(self.occasions or self.answers)

    @property
    def lift_in_words(self) -> str:
        """The lift with its interval, or why there is none."""
        one = self.lift
        if one is None or one.value is None or one.low is None or one.high is None:
            return said(one.verdict) if one else ""
        interval = f"{shown(one.value, one.unit)} ({one.low:+.1f} to {one.high:+.1f})"
        return ": ".join(part for part in (interval, said(one.verdict)) if part)


def of_rules(figures: Sequence[Figure]) -> list[OfRule]:
    """What each rule did, in the order of campaigns and rules."""
    totals: Counter[tuple[str, str, str]] = Counter()
    silences: dict[tuple[str, str], Counter[str]] = {}
    single: dict[tuple[str, str, str], Figure] = {}
    for one in figures:
        if not is_of_rules(one) or not set(RULE) <= one.groups.keys():
            continue
        rule = (one.groups["campaign"], one.groups["rule"])
        if one.measure == "silences":
            silences.setdefault(rule, Counter())[one.groups["cause"]] += int(one.value or 0)
        elif one.measure in {"goal_reached", "lift"}:
            single[(*rule, one.groups.get("arm", one.measure))] = one
        else:
            totals[(*rule, one.measure)] += int(one.value or 0)
    names = sorted({(campaign, rule) for campaign, rule, _ in (*totals, *single)} | silences.keys())
    return [
        OfRule(
            name[0],
            name[1],
            totals[(*name, "occasions")],
            totals[(*name, "contacts")],
            totals[(*name, "answers")],
            silences.get(name, Counter()),
            single.get((*name, "contacted")),
            single.get((*name, "held_out")),
            single.get((*name, "lift")),
        )
        for name in names
    ]
