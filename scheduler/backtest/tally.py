"""What a replay comes to: contacts, silences and their causes, who hears how much, and whom the asks came near."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from scheduler.backtest.counting import Counting, Counts
from scheduler.backtest.signs import Signs, signs_of
from scheduler.decisions.causes import Cause
from scheduler.decisions.decide import Walk
from scheduler.decisions.outcome import OUTCOMES, Outcome
from scheduler.decisions.program import Gate, Program
from scheduler.wallclock import day_of, zone


@dataclass(frozen=True, slots=True)
class Months:
    """The calendar months that a time touches, on the clock of the house, each with the instant at which it begins.

    A contact belongs to the month of the house's clock, though it was made on the customer's: to ask each customer's
    would cost as much as all the rest, and differs for a few hours a month.
    """

    names: tuple[str, ...]
    begins: tuple[int, ...]

    @classmethod
    def of(cls, since: int, until: int, zone_name: str) -> Months:
        """The months of [since, until), named like 2026-03."""
        where = zone(zone_name)
        first, last = where.wall(since).date(), where.wall(max(since, until - 1)).date()
        counted = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        days = [date(month // 12, month % 12 + 1, 1) for month in counted]
        return cls(tuple(f"{day:%Y-%m}" for day in days), tuple(where.midnight(day_of(day)) for day in days))


@dataclass
class Tally:
    """Tallies the walks of one program over [since, until), UTC microseconds.

    Where figures can be asked by rule, None asks for those of all rules.
    """

    program: Program
    since: int
    until: int
    counts: Counts = field(default_factory=Counts)

    def add(self, walk: Walk) -> None:
        """Count a walk in."""
        self.counts.add(self._counting.counts(walk))

    @cached_property
    def months(self) -> Months:
        """The months that the time touches."""
        return Months.of(self.since, self.until, self.program.house.timezone)

    @cached_property
    def signs(self) -> Signs:
        """The signs that a customer is not well."""
        return signs_of(self.program)

    @cached_property
    def _counting(self) -> Counting:
        return Counting(self.since, self.until, self.months.begins, self.signs.looked_for)

    # --- contacts

    def contacts(self) -> int:
        """How many contacts there are."""
        return self.counts.contacts.total()

    def by_rule(self) -> dict[str, int]:
        """The contacts of every rule, also of those that made none, in alphabetical order."""
        return {name: sum(self.by_month(name)) for name in sorted(rule.name for rule in self.program.rules)}

    def by_month(self, rule: str | None = None) -> list[int]:
        """The contacts of each month."""
        totals = [0] * len(self.months.names)
        for (number, month), contacts in self.counts.contacts.items():
            if self._is(number, rule):
                totals[month] += contacts
        return totals

    def heard_nothing(self) -> int:
        """How many customers were never contacted."""
        return self.counts.heard[0]

    def heard(self, share: float) -> int:
        """How often this share of those who were contacted at all heard from us at most; 0 where nobody was.

        So 0.5 is the median and 1 the most, by the nearest rank.
        """
        wanted = share * (self.counts.customers - self.heard_nothing())
        covered = 0
        for times, customers in sorted(self.counts.heard.items()):
            if times:
                covered += customers
                if covered >= wanted:
                    return times
        return 0

    def most_contacted(self) -> list[tuple[str, int]]:
        """The customers who were contacted most, at most ten, with how often."""
        return [(customer, -often) for often, customer in self.counts.most]

    # --- what came of occasions

    def outcomes(self, rule: str | None = None) -> dict[Outcome, int]:
        """How many occasions came to what."""
        found = dict.fromkeys(OUTCOMES, 0)
        for (number, outcome, _), occasions in self.counts.occasions.items():
            if self._is(number, rule):
                found[OUTCOMES[outcome]] += occasions
        return found

    def silences(self, rule: str | None = None) -> Counter[str]:
        """How many occasions each gate kept silent, by the gate's name.

        An occasion counts for each gate that refused it at last; one that a gate ended by itself, for that gate alone.
        """
        named: Counter[str] = Counter()
        for number, gates, occasions in self.silent():
            if self._is(number, rule):
                for gate in gates:
                    named[gate.name] += occasions
        return named

    def silent(self) -> Iterator[tuple[int, tuple[Gate, ...], int]]:
        """The rule, the gates that kept it silent, and how many occasions, of all that came to no contact."""
        for number, refused, occasions in self._refused():
            gates = self.program.gates[number]
            yield number, tuple(gate for bit, gate in enumerate(gates) if refused >> bit & 1), occasions

    def collisions(self, rule: str | None = None, *, alone: bool = False) -> int:
        """How many occasions a frequency cap kept silent; with `alone`, only those that nothing else did.

        They have ended without a contact, or still wait, and a cap is among the gates that refused: there was
        something to say, and the customer had heard enough from us. What a cap only delayed is not counted.
        """
        found = 0
        for number, refused, occasions in self._refused():
            caps = self._bits(number, Cause.CAP)
            if self._is(number, rule) and refused & caps and not (alone and refused & ~caps):
                found += occasions
        return found

    def _refused(self) -> Iterator[tuple[int, int, int]]:
        """The same, with the gates as bits."""
        for (number, outcome, refused), occasions in self.counts.occasions.items():
            cause = OUTCOMES[outcome].cause
            ending = 0 if cause is None else refused & self._bits(number, cause)
            if OUTCOMES[outcome] is not Outcome.CONTACT:
                yield number, ending or refused, occasions

    def _bits(self, number: int, cause: Cause) -> int:
        return sum(1 << bit for bit, gate in enumerate(self.program.gates[number]) if gate.cause is cause)

    def _is(self, number: int, rule: str | None) -> bool:
        return rule is None or self.program.rules[number].name == rule


def difference(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The contacts of each rule before and after, for every rule that is in either."""
    return {name: (before.get(name, 0), after.get(name, 0)) for name in sorted({*before, *after})}
