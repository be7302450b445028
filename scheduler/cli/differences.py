"""What other rules would change in the pending contacts: found by two versions, and shown to people."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import typer

from scheduler.cli.chart import short_day, volume_chart
from scheduler.cli.decision_rows import Told, told, with_customers
from scheduler.cli.formats import Column, count, painted, print_table
from scheduler.cli.kernels import kernel_for
from scheduler.cli.local_time import shown
from scheduler.decisions.compiled import Kernel
from scheduler.planning.difference import Aspect, Change, Comparison, Kind, differences
from scheduler.planning.touched import spoken_to, touched
from scheduler.store.columns import ALWAYS, read_present
from scheduler.wallclock import DAY, Zone, zone

if TYPE_CHECKING:
    from scheduler.decisions.columns import Columns
    from scheduler.store import Store
    from scheduler.workspace import Workspace

KEYS = (
    *("change", "customer", "rule", "campaign", "occasion", "differs", "at_before", "at", "channel_before", "channel"),
    *("template_before", "template", "reason_before", "reason"),
)
SAMPLES = 3
"""As many examples of each kind of change are shown unless more are asked for."""
MOST_DAYS = 7
"""As many days are listed; the chart shows them all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of one contact, with what people want to read beside it."""

    kind: Kind
    before: Told | None
    after: Told | None
    differs: tuple[Aspect, ...] = ()

    @property
    def told(self) -> Told:
        """The contact as it would be, or else as it was to be."""
        known = self.after or self.before
        assert known is not None  # noqa: S101 - a difference has one of them
        return known

    def as_object(self) -> dict[str, Any]:
        """The difference with stable keys; what there is not, before or after, is None."""
        old, new = (None if one is None else one.as_object() for one in (self.before, self.after))
        one = self.told.as_object()
        return {
            "change": str(self.kind),
            **{key: one[key] for key in ("customer", "rule", "campaign", "occasion")},
            "differs": [str(aspect) for aspect in self.differs],
            **{
                key + suffix: None if side is None else side[key]
                for key in ("at", "channel", "template", "reason")
                for suffix, side in (("_before", old), ("", new))
            },
        }


def differing(
    workspace: Workspace,
    compared: Comparison,
    now: int,
    days: int,
    *,
    customer: str | None = None,
    rule: str | None = None,
    as_known: bool = False,
) -> list[Change]:
    """What differs between the contacts of the coming days, by instant, customer, rule and occasion.

    With `as_known`, what happened or was learned after `now` is left out: `now` is a moment in their history.
    """
    store = workspace.store
    chosen = [customer] if customer is not None else touched(store, compared, now)
    by = _kernel(workspace, chosen)
    if customer is None and not as_known:  # what is known at present says nothing of the past
        chosen = spoken_to(store, compared, chosen, now, days, by=by)
    number = store.counts().customers if chosen is None else len(chosen)
    known = now if as_known else ALWAYS
    with _progress(number) as advance:
        seen = read_present(store, compared.programs, chosen, chunk=by.chunk, arrays=by.arrays, known_by=known)
        found = differences(advance(seen), compared, now, days, by=by)
        return sorted((one for one in found if rule in {None, one.rule}), key=lambda one: one.decision.order)


def told_of(store: Store, compared: Comparison, changes: Iterable[Change]) -> Iterator[Difference]:
    """These changes, with what people want to read beside them."""
    for change, customer in with_customers(store, changes):
        old, new = (
            None if decision is None or rules is None else told(decision, customer, rules.program.rulebook)
            for decision, rules in ((change.before, compared.before), (change.after, compared.after))
        )
        yield Difference(change.kind, old, new, change.differs)


def _kernel(workspace: Workspace, ids: Sequence[str] | None) -> Kernel:
    counts = workspace.store.counts()
    share = 1.0 if ids is None else len(ids) / max(counts.customers, 1)
    return kernel_for(workspace.folder, int(counts.events * share))


def print_edits(compared: Comparison) -> None:
    """Write which rules, conditions, house rules and templates differ."""
    if compared.before is None:
        rules = compared.after.program.rulebook.rules
        typer.echo(f"no rules are active yet; these are {count(len(rules), 'rule')}: {', '.join(rules)}")
        return
    edits = compared.edits
    named = {
        "new rules": edits.new_rules,
        "removed rules": edits.removed_rules,
        "changed rules": edits.changed_rules,
        "changed conditions": edits.conditions,
        "changed house rules": edits.house,
        "changed templates": edits.templates,
    }
    typer.echo(f"compared with version {compared.before.number}, which is active")
    for what, names in named.items():
        if names:
            typer.echo(f"{what}: {', '.join(names)}")
    if compared.before.version == compared.after.version:
        typer.echo("the files are the same")
    elif not any(named.values()):
        typer.echo("the files differ, but say the same")


def print_differences(
    store: Store, compared: Comparison, differ: Sequence[Change], now: int, days: int, *, samples: int = SAMPLES
) -> None:
    """Write how many contacts differ, by rule and by day, and a few of each kind."""
    span = "the next 24 hours" if days == 1 else f"the next {days} days"
    if not differ:
        typer.echo(f"\nnothing changes: the same contacts, at the same times, in {span}")
        return
    people = len({one.customer for one in differ})
    subject = f"{count(len(differ), 'contact')} with {count(people, 'customer')}"
    typer.echo(painted(f"\nIn {span} {subject} would differ:\n", bold=True))
    _print_rules(differ)
    _print_days(differ, zone(compared.after.program.rulebook.house.timezone), now, days)
    for kind in Kind:
        of_kind = [one for one in differ if one.kind is kind]
        _print_samples(kind, list(told_of(store, compared, of_kind[:samples])), len(of_kind) - samples)


def _print_rules(differ: Sequence[Change]) -> None:
    by_rule = Counter((one.rule, one.kind) for one in differ)
    kinds = [kind for kind in Kind if any(kind is one for _, one in by_rule)]
    rules = sorted({rule for rule, _ in by_rule})
    rows = [(rule, *(_number(by_rule[rule, kind]) for kind in kinds)) for rule in rules]
    if len(rules) > 1:
        rows.append(("all rules", *(_number(sum(by_rule[rule, kind] for rule in rules)) for kind in kinds)))
    print_table((Column("rule", style="cyan"), *(Column(str(kind), "right") for kind in kinds)), rows, indent=2)


def _print_days(differ: Sequence[Change], house: Zone, now: int, days: int) -> None:
    """What comes to a day and what leaves it, by the house's clock."""
    comes, goes = Counter[date](), Counter[date]()
    for one in differ:
        old, new = (None if side is None else house.wall(side.at).date() for side in (one.before, one.after))
        if old != new:
            comes.update([] if new is None else [new])
            goes.update([] if old is None else [old])
    touched_days = sorted({*comes, *goes})
    if not touched_days:
        return
    typer.echo()
    sides = [side for side in (("comes", comes, "+"), ("goes", goes, "-")) if side[1]]
    rows = [
        (short_day(day), *(_number(contacts[day], sign) for _, contacts, sign in sides))
        for day in touched_days[:MOST_DAYS]
    ]
    print_table((Column("day"), *(Column(title, "right") for title, _, _ in sides)), rows, indent=2)
    if len(touched_days) > MOST_DAYS:
        typer.echo(f"  … and {count(len(touched_days) - MOST_DAYS, 'more day', 'more days')}")
    first, last = house.wall(now).date(), house.wall(now + days * DAY - 1).date()
    chart = volume_chart(comes, min(first, *touched_days), max(last, *touched_days))
    if chart:
        typer.echo("\n" + "\n".join(["what comes: " + chart[0], *chart[1:]]))


def _print_samples(kind: Kind, samples: Sequence[Difference], more: int) -> None:
    if not samples:
        return
    first = f", the first {len(samples)} of {len(samples) + more:,}" if more > 0 else ""
    typer.echo(painted(f"\n{kind}{first}:", bold=True))
    print_table(
        (
            Column("customer", style="bold"),
            Column("rule", style="cyan"),
            *map(Column, _TIMES[kind]),
            Column("by"),
            Column("reason", wide=True),
        ),
        [_sample(kind, one) for one in samples],
        indent=2,
    )


_TIMES = {
    Kind.ADDED: ("goes",),
    Kind.MOVED: ("was to go", "goes"),
    Kind.CHANGED: ("goes", "differs in"),
    Kind.CANCELLED: ("was to go",),
}


def _sample(kind: Kind, one: Difference) -> tuple[str, ...]:
    at = {
        "was to go": "" if one.before is None else shown(one.before.decision.at, one.before.zone),
        "goes": "" if one.after is None else shown(one.after.decision.at, one.after.zone),
        "differs in": ", ".join(map(str, one.differs)),
    }
    by = " → ".join(dict.fromkeys(side.decision.channel or "" for side in (one.before, one.after) if side))
    contact = one.told.decision
    return contact.customer, contact.rule, *(at[title] for title in _TIMES[kind]), by, one.told.reason


def _number(number: int, sign: str = "") -> str:
    return f"{sign}{number:,}" if number else ""


@contextmanager
def _progress(customers: int) -> Iterator[Callable[[Iterator[list[Columns]]], Iterator[list[Columns]]]]:
    """A bar on stderr with the time left, on a terminal only; what it gives counts the customers that it lets by."""
    if not sys.stderr.isatty():
        yield lambda passing: passing
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("comparing", total=customers)

        def counted(passing: Iterator[list[Columns]]) -> Iterator[list[Columns]]:
            for one in passing:
                yield one
                bar.advance(task, len(one[0].ids))

        yield counted
