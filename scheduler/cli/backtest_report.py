"""The report of a backtest, for people and for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from scheduler.backtest.signs import Sign
from scheduler.backtest.tally import Tally, difference
from scheduler.cli.chart import bars
from scheduler.cli.formats import Column, Format, count, labelled, painted, print_table
from scheduler.cli.silences import in_words
from scheduler.decisions.outcome import Outcome
from scheduler.wallclock import DAY, Zone, zone

_BLOCKS = "▁▂▃▄▅▆▇█"
_CAUSES = 12
"""As many causes of silence are told to people."""


@dataclass(frozen=True)
class Report:
    """What a backtest came to; `before` is what other rules would have done, `left_out` counts rows by their cause."""

    tally: Tally
    before: Tally | None
    left_out: Mapping[str, int]

    @property
    def zone(self) -> Zone:
        """The zone of the house."""
        return zone(self.tally.program.house.timezone)

    def compared(self) -> dict[str, tuple[int, int]]:
        """The contacts of each rule by the other rules and by these."""
        return {} if self.before is None else difference(self.before.by_rule(), self.tally.by_rule())

    def as_object(self) -> dict[str, Any]:
        """The whole report with stable keys."""
        tally, counts = self.tally, self.tally.counts
        return {
            "from": self.zone.iso(tally.since),
            "to": self.zone.iso(tally.until),
            "customers": counts.customers,
            "events": counts.events,
            "left_out": dict(self.left_out),
            "contacts": tally.contacts(),
            "by_month": dict(zip(tally.months.names, tally.by_month(), strict=True)),
            "outcomes": _named(tally.outcomes()),
            "silences": _most_first(tally.silences()),
            "rules": [self._rule(name) for name in tally.by_rule()],
            "heard": {
                "nothing": tally.heard_nothing(),
                "median": tally.heard(0.5),
                "95_percent": tally.heard(0.95),
                "most": tally.heard(1),
                "most_contacted": [
                    {"customer": customer, "contacts": often} for customer, often in tally.most_contacted()
                ],
            },
            "collisions": {"occasions": tally.collisions(), "cap_alone": tally.collisions(alone=True)},
            "asks_near_unhappy": {
                "asks": counts.asks,
                "near": counts.near,
                "signs": {sign.name: counts.signs[sign.name] for sign in tally.signs.looked_for},
                "not_known": dict(tally.signs.not_known),
                "examples": [
                    {"at": self.zone.iso(one.at), "customer": one.customer, "rule": one.rule, "signs": list(one.signs)}
                    for one in counts.examples
                ],
            },
            "against": self._against(),
        }

    def _rule(self, name: str) -> dict[str, Any]:
        tally = self.tally
        by_month = tally.by_month(name)
        return {
            "rule": name,
            "contacts": sum(by_month),
            "by_month": dict(zip(tally.months.names, by_month, strict=True)),
            "outcomes": _named(tally.outcomes(name)),
            "silences": _most_first(tally.silences(name)),
        }

    def _against(self) -> dict[str, Any] | None:
        if self.before is None:
            return None
        before, after = self.before.contacts(), self.tally.contacts()
        return {
            "contacts": {"before": before, "after": after, "difference": after - before},
            "heard_nothing": {"before": self.before.heard_nothing(), "after": self.tally.heard_nothing()},
            "near_unhappy": {"before": self.before.counts.near, "after": self.tally.counts.near},
            "rules": [
                {"rule": name, "before": old, "after": new, "difference": new - old}
                for name, (old, new) in self.compared().items()
            ],
        }


def print_report(report: Report, form: Format) -> None:
    """Write the report to stdout: for people, as one JSON object, or as CSV of the contacts by rule and month."""
    if form is Format.JSON:
        typer.echo(json.dumps(report.as_object(), ensure_ascii=False, separators=(",", ":")))
    elif form is Format.CSV:
        _print_csv(report)
    else:
        _print_for_people(report)


def _print_csv(report: Report) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("rule", "month", "contacts"))
    for name in report.tally.by_rule():
        for month, contacts in zip(report.tally.months.names, report.tally.by_month(name), strict=True):
            writer.writerow((name, month, contacts))


def _print_for_people(report: Report) -> None:
    tally = report.tally
    typer.echo(painted(_headline(report), bold=True))
    typer.echo(
        f"{count(tally.counts.customers, 'customer')}, {count(tally.counts.events, 'event')} that the rules look at"
    )
    for cause, rows in report.left_out.items():
        typer.echo(f"left out {rows:,}: {cause}")
    for part in (_print_contacts, _print_silences, _print_heard, _print_collisions, _print_asks, _print_difference):
        part(report)


def _headline(report: Report) -> str:
    since, until = (report.zone.wall(at) for at in (report.tally.since, report.tally.until))
    midnights = since.time() == until.time() == since.time().min
    form = "%Y-%m-%d" if midnights else "%Y-%m-%d %H:%M"
    days = round((report.tally.until - report.tally.since) / DAY)
    return f"Backtest from {since:{form}} to {until:{form}} ({count(days, 'day')})"


def _print_contacts(report: Report) -> None:
    tally = report.tally
    by_rule = {name: contacts for name, contacts in tally.by_rule().items() if contacts}
    _heading(f"Contacts by rule and month: {tally.contacts():,}")
    if by_rule:
        rows = [
            (name, f"{contacts:,}", _curve(tally.by_month(name)))
            for name, contacts in sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))
        ]
        names = tally.months.names
        span = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
        print_table((Column("rule", style="cyan"), Column("contacts", "right"), Column(span)), rows, indent=2)
    silent = [name for name, contacts in tally.by_rule().items() if not contacts]
    if silent:
        typer.echo(labelled("  never: ", ", ".join(silent)))
    if by_rule:
        typer.echo()
        for line in _monthly(tally.months.names, tally.by_month()):
            typer.echo(line)


def _monthly(months: Sequence[str], totals: Sequence[int]) -> Iterator[str]:
    """A bar a month, in the order of months."""
    largest, width = max(totals), max(len(f"{total:,}") for total in totals)
    for month, total in zip(months, totals, strict=True):
        bar = "▇" * max(1, round(24 * total / largest)) if total else ""
        yield f"  {month}  {total:{width},}  {bar}".rstrip()


def _curve(numbers: Sequence[int]) -> str:
    """A block a month, as high as the month is full; a dot for none."""
    largest = max(numbers)
    return "".join(_BLOCKS[-(-len(_BLOCKS) * number // largest) - 1] if number else "·" for number in numbers)


def _most_first(counted: Mapping[str, int]) -> dict[str, int]:
    """What is counted, the most frequent first; of equal counts, the first by name."""
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _print_silences(report: Report) -> None:
    tally = report.tally
    outcomes = tally.outcomes()
    _heading(f"What came of {count(sum(outcomes.values()), 'occasion')}")
    for line in bars({str(name).replace("_", " "): number for name, number in outcomes.items() if number}, indent=2):
        typer.echo(line)
    rulebook = tally.program.rulebook
    causes: Counter[str] = Counter()
    for number, gates, occasions in tally.silent():
        rule = tally.program.rules[number]
        for cause in {in_words(gate.name, rulebook, rule) for gate in gates}:
            causes[cause] += occasions
    if not causes:
        return
    _heading("What stood in the way of the others")
    width = max(len(f"{number:,}") for number in causes.values())
    for cause, number in [*_most_first(causes).items()][:_CAUSES]:
        typer.echo(labelled(f"  {number:{width},}  ", cause))
    if len(causes) > _CAUSES:
        typer.echo(f"  … and {len(causes) - _CAUSES} more causes (--format json has all of them, by rule)")


def _print_heard(report: Report) -> None:
    tally = report.tally
    nothing, customers = tally.heard_nothing(), tally.counts.customers
    _heading("Who heard from us")
    typer.echo(f"  {customers - nothing:,} of {count(customers, 'customer')}; {nothing:,} heard nothing at all")
    if customers > nothing:
        typer.echo(
            f"  of those who did, half heard from us at most {_times(tally.heard(0.5))}, "
            f"95 of 100 at most {_times(tally.heard(0.95))}, nobody more than {_times(tally.heard(1))}"
        )
        typer.echo("  the most contacted:")
        for line in bars(dict(tally.most_contacted()), indent=4):
            typer.echo(line)


def _print_collisions(report: Report) -> None:
    tally = report.tally
    _heading("Collisions")
    typer.echo(
        f"  {count(tally.collisions(), 'occasion')} came to nothing with a frequency cap in the way, "
        f"{tally.collisions(alone=True):,} of them with nothing else in the way"
    )


def _print_asks(report: Report) -> None:
    counts, signs = report.tally.counts, report.tally.signs
    _heading("Asks near unhappy customers")
    verdict = f"{counts.near:,} of {count(counts.asks, 'ask')} for a review, a referral or a purchase (must be 0)"
    typer.echo("  " + painted(verdict, "red" if counts.near else "green", bold=True))
    if signs.looked_for:
        typer.echo("  looked for in the facts, at the instant of each ask:")
    for sign in signs.looked_for:
        typer.echo(labelled(f"  {counts.signs[sign.name]:5,}  ", _meaning(sign)))
    for name, cause in signs.not_known.items():
        typer.echo(labelled("    ?    ", f"{name}: not known, as {cause}"))
    for one in counts.examples:
        at = report.zone.iso(one.at)
        typer.echo(labelled("  see    ", f"{one.customer} {at} {one.rule}: {', '.join(one.signs)}"))


def _meaning(sign: Sign) -> str:
    return f"{sign.means} ({sign.name})" if sign.name.startswith("blocked_while") else sign.means


def _print_difference(report: Report) -> None:
    if report.before is None:
        return
    _heading("Against the other rules: contacts")
    rows = [
        (name, f"{old:,}", f"{new:,}", f"{new - old:+,}" if new != old else "")
        for name, (old, new) in report.compared().items()
    ]
    old, new = report.before.contacts(), report.tally.contacts()
    rows.append(("all", f"{old:,}", f"{new:,}", f"{new - old:+,}" if new != old else ""))
    columns = (Column("rule", style="cyan"), *(Column(title, "right") for title in ("before", "after", "difference")))
    print_table(columns, rows, indent=2)
    typer.echo(
        f"  heard nothing: {report.before.heard_nothing():,} customers before, {report.tally.heard_nothing():,} after; "
        f"asks near unhappy customers: {report.before.counts.near:,} before, {report.tally.counts.near:,} after"
    )


def _heading(text: str) -> None:
    typer.echo()
    typer.echo(painted(text, bold=True))


def _times(number: int) -> str:
    return "once" if number == 1 else "twice" if number == 2 else f"{number:,} times"


def _named(outcomes: Mapping[Outcome, int]) -> dict[str, int]:
    return {str(name): number for name, number in outcomes.items()}
