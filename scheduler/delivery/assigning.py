"""Who gets a task, and by when it is due: members of a role take turns, deputies step in, and nobody gets none.

Whose turn it is follows from what stands in the database and in `rules/people.yaml`, and from nothing else: of those
who are neither away nor full, whoever is at work first; of these, whoever has the fewest open tasks; of these, the
first as they are named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scheduler.decisions.facts import Customer
from scheduler.durations import Duration
from scheduler.rulebook.model import HouseRules, Rule
from scheduler.rulebook.people import ACCOUNT_OWNER, CARE, PEOPLE_FILE, People, Person, read_people
from scheduler.store.tasks import Load, Tasks
from scheduler.wallclock import date_of, zone

ONE_DAY = Duration.parse("1 business day")
"""How long a task may take where no role says so."""
YEAR = 366
"""So many days ahead is looked for a day on which somebody works."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose task it is, and by the terms of which role; all instants are UTC microseconds.

    It is `due`, and where it is open still it goes to a deputy at `deputy_at`, and up at `escalates_at`.
    """

    assignee: str
    role: str
    due: int
    deputy_at: int
    escalates_at: int


class Assigner:
    """Assigns tasks at `now`, one after the other; `loads` are those of that day, in the house's zone."""

    def __init__(self, people: People, house: HouseRules, loads: Mapping[str, Load], now: int) -> None:
        self._people, self._now = people, now
        self._zone, self._closed = zone(house.timezone), frozenset(house.closed)
        self._loads: defaultdict[str, Load] = defaultdict(Load, loads)

    def assign(self, rule: Rule, customer: Customer) -> Turn:
        """Whose turn it is to do what a rule has somebody do for a customer."""
        name, role = self._named(rule.assign or CARE, customer)
        chosen = self.chosen(name)
        begins, group = self._begins(chosen), self._people.roles.get(role)
        due = self._later(begins, group.due if group else ONE_DAY)
        if group is not None and group.escalate_after is not None:
            late = self._later(begins, group.escalate_after)
        else:
            late = self._later(due, group.due if group else ONE_DAY)
        return Turn(chosen, role, due, min(due, late), max(due, late))

    def chosen(self, name: str) -> str:
        """Whose turn it is among a role's members, or a person or who stands in for them; it is counted as theirs."""
        one = self.next_of(name)
        self.count(one)
        return one

    def next_of(self, name: str) -> str:
        """As `chosen`, and nothing is counted yet."""
        role = self._people.roles.get(name)
        members = role.members if role else (name,)
        stand_ins = [next(self.able_deputies(member), None) for member in members]
        deputies = [deputy for member in members for deputy in self._people.deputies(member)]
        able = [member for member in members if self._is_able(member)] or [one for one in stand_ins if one is not None]
        there = [one for one in (*members, *deputies) if not self._is_away(one)]
        return min(able or there or members, key=lambda one: (self._next_day(one), self._loads[one].open))

    def count(self, name: str) -> None:
        """A task has become theirs."""
        load = self._loads[name]
        self._loads[name] = Load(load.open + 1, load.today + 1)

    def able_deputies(self, name: str) -> Iterator[str]:
        """Who can stand in for somebody, since they are neither away nor full."""
        return filter(self._is_able, self._people.deputies(name))

    def _named(self, assign: str, customer: Customer) -> tuple[str, str]:
        """Who is named, a person or a role, and the role whose terms hold for their tasks."""
        people = self._people
        if assign == ACCOUNT_OWNER:
            owner = customer.attributes.get("owner")
            is_somebody = isinstance(owner, str) and (owner in people.people or not people.people)
            assign = str(owner) if is_somebody and owner else CARE
        return assign, people.role_of(assign) if assign in people.people else assign

    def _is_able(self, name: str) -> bool:
        person = self._people.people.get(name)
        most = person.tasks_a_day if person else None
        return not self._is_away(name) and (most is None or self._loads[name].today < most)

    def _is_away(self, name: str) -> bool:
        """Whether they are away on the day on which they would be at work next."""
        person = self._people.people.get(name)
        return person is not None and person.is_away(date_of(self._works_next(person, even_away=True)))

    def _next_day(self, name: str) -> int:
        person = self._people.people.get(name)
        return self._zone.local_day(self._now) if person is None else self._works_next(person)

    def _begins(self, name: str) -> int:
        """When somebody can begin: now, or as their next day does."""
        person = self._people.people.get(name)
        if person is None:
            return self._now
        day = self._works_next(person)
        from_ = person.hours.from_ if person.hours and person.hours.from_ else 0
        return max(self._now, self._zone.instant(day, from_) or self._zone.midnight(day))

    def _works_next(self, person: Person, *, even_away: bool = False) -> int:
        """The next day on which they work: today, where their hours are not over."""
        today = self._zone.local_day(self._now)
        to = person.hours.to if person.hours else None
        ends = None if to is None else self._zone.instant(today, to)
        first = today + 1 if ends is not None and ends <= self._now else today
        days = range(first, first + YEAR)
        return next((day for day in days if self._works(person, date_of(day), even_away=even_away)), first + YEAR)

    def _works(self, person: Person, day: date, *, even_away: bool) -> bool:
        return person.has_working_day(day) and day not in self._closed and (even_away or not person.is_away(day))

    def _later(self, at: int, duration: Duration) -> int:
        return self._zone.later(at, duration, self._closed)


def assigner(tasks: Tasks, people: People, house: HouseRules, now: int) -> Assigner:
    """An assigner that knows how much everybody has to do."""
    where = zone(house.timezone)
    return Assigner(people, house, tasks.loads(where.midnight(where.local_day(now))), now)


def people_of(workspace: Path, before: People) -> tuple[People, str]:
    """The people as their file has them now; where it can't be used, those from before, and a sentence that says so."""
    people, findings = read_people(workspace)
    if any(finding.is_error for finding in findings):
        return before, f"{PEOPLE_FILE} can't be used, so tasks go by what it said before; `rightreason check` says why"
    return people, ""
