"""People who take tasks, and their roles: `rules/people.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scheduler.durations import Duration
from scheduler.errors import RulebookError
from scheduler.rulebook.findings import Finding, error, meant
from scheduler.rulebook.model import ALL_DAYS, CalendarDate, Hours, Name, Place, Span, Written
from scheduler.rulebook.nodes import MappingNode, Node, places
from scheduler.rulebook.shapes import Owner, allowed_keys, shaped
from scheduler.rulebook.yaml_text import decode, parse

PEOPLE_FILE = "rules/people.yaml"
ACCOUNT_OWNER = "account_owner"
"""Who answers for the customer: their attribute `owner`, or else the role `care`."""
CARE = "care"
"""The role that takes the tasks of customers without an owner."""


class Absence(Written):
    """Days on which somebody is away."""

    from_: CalendarDate = Field(alias="from", description="the first day")
    to: CalendarDate = Field(description="the last day")


class Person(Written):
    """Somebody who takes tasks."""

    name: str = Field(min_length=1, description="what they are called")
    email: str | None = Field(None, description="where their tasks are announced")
    alert: str | None = Field(None, description="an Apprise URL, like slack://…, for what can't wait")
    hours: Hours | None = Field(None, description="when they work")
    tasks_a_day: Annotated[int, Field(ge=0, strict=True)] | None = Field(None, description="their capacity")
    deputy: Name | None = Field(None, description="who takes over when they are away or full")
    away: tuple[Absence, ...] = Field((), description="when they are away: first and last days")

    def is_away(self, day: date) -> bool:
        """Whether they are away on that day."""
        return any(absence.from_ <= day <= absence.to for absence in self.away)

    def has_working_day(self, day: date) -> bool:
        """Whether that is one of the days of the week on which they work; without any given, all are."""
        days = self.hours.days if self.hours and self.hours.days else ALL_DAYS
        return ALL_DAYS[day.weekday()] in days


class Role(Written):
    """A group whose members take turns."""

    members: tuple[Name, ...] = Field(min_length=1, description="people, by their keys")
    due: Span = Field(Duration.parse("1 business day"), description="how long a task may take")
    escalate_to: Name | None = Field(None, description="the role or person who gets what is overdue")
    escalate_after: Span | None = Field(
        None, description="how long after a task was made; else as long after its deputy got it as the role gives"
    )


class People(Written):
    """Everybody who takes tasks."""

    people: dict[Name, Person] = Field(default_factory=dict, description="people, by a short name")
    roles: dict[Name, Role] = Field(default_factory=dict, description="roles, by name")

    def takes(self, assign: str) -> bool:
        """Whether a rule may assign tasks to this role or person."""
        return assign in (ACCOUNT_OWNER, *self.roles, *self.people)

    def role_of(self, person: str) -> str:
        """The first role that has this member; empty where none has."""
        return next((name for name, role in self.roles.items() if person in role.members), "")

    def deputies(self, person: str) -> Iterator[str]:
        """Who stands in for somebody: their deputy, then the deputy's, and so on."""
        seen = {person}
        while person in self.people and (deputy := self.people[person].deputy) in self.people and deputy not in seen:
            yield deputy
            seen.add(person := deputy)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that `assign` may name."""
        return (ACCOUNT_OWNER, *self.roles, *self.people)


def people_from_node(node: Node) -> tuple[People, list[Finding]]:
    """The people of a file that was parsed, and what is wrong with them."""
    if not isinstance(node, MappingNode):
        message = "people are written under 'people:' and 'roles:'"
        return People(), [error("wrong-kind", node.place, message, "write a mapping", allowed_keys(People))]
    shape, findings = shaped(People, node, Owner("rules/people.yaml", "people", node.place))
    if shape is None:
        return People(), findings
    where = dict(places(node))
    return shape, [*_of_names(shape, where), *_of_absences(shape, where)]


def people_from_text(text: str, file: str = PEOPLE_FILE) -> tuple[People, list[Finding]]:
    """The people of a text, and what is wrong with it."""
    node, findings = parse(file, text)
    if node is None:
        return People(), findings
    people, more = people_from_node(node)
    return people, findings + more


def read_people(workspace: Path) -> tuple[People, list[Finding]]:
    """The people of a workspace, and what is wrong with them; nobody where there is no file."""
    path = workspace / PEOPLE_FILE
    if not path.exists():
        return People(), []
    try:
        content = path.read_bytes()
    except OSError as problem:
        message = f"the file can't be read: {problem.strerror}"
        return People(), [error("unreadable", Place(PEOPLE_FILE, 1, 1), message, "check its permissions")]
    text, findings = decode(PEOPLE_FILE, content)
    return (People(), findings) if findings else people_from_text(text)


def load_people(workspace: Path) -> People:
    """The people of a workspace; raises `RulebookError` with `findings` where the file is wrong."""
    people, findings = read_people(workspace)
    if any(finding.is_error for finding in findings):
        raise RulebookError(findings=findings)
    return people


def _of_names(people: People, where: Mapping[str, Place]) -> Iterator[Finding]:
    for name, person in people.people.items():
        if person.deputy is not None and person.deputy not in people.people:
            yield _unknown(where[f"people.{name}.deputy"], person.deputy, "person", people.people)
        elif person.deputy is not None and _comes_back(name, people):
            message = f"the deputies of '{name}' lead back to '{name}'"
            yield error("deputy-circle", where[f"people.{name}.deputy"], message, "let the last of them have no deputy")
    for name, role in people.roles.items():
        if name in people.people:
            message = f"there is a person '{name}' already, in {where[f'people.{name}']}"
            yield error("duplicate-name", where[f"roles.{name}"], message, "give the role another name")
        for number, member in enumerate(role.members, 1):
            if member not in people.people:
                yield _unknown(where[f"roles.{name}.members.{number}"], member, "person", people.people)
        if role.escalate_to is not None and role.escalate_to not in people.names[1:]:
            yield _unknown(where[f"roles.{name}.escalate_to"], role.escalate_to, "role or person", people.names[1:])
        elif role.escalate_to == name:
            message = f"'{name}' escalates to itself"
            yield error("deputy-circle", where[f"roles.{name}.escalate_to"], message, "name another role or person")


def _of_absences(people: People, where: Mapping[str, Place]) -> Iterator[Finding]:
    for name, person in people.people.items():
        for number, absence in enumerate(person.away, 1):
            if absence.from_ > absence.to:
                place = where[f"people.{name}.away.{number}.to"]
                message = f"'{name}' is away until {absence.to}, which is before {absence.from_}"
                yield error("starts-after-ends", place, message, "let to be the last day")


def _comes_back(name: str, people: People) -> bool:
    seen: set[str] = set()
    deputy = people.people[name].deputy
    while deputy is not None and deputy in people.people and deputy not in seen:
        if deputy == name:
            return True
        seen.add(deputy)
        deputy = people.people[deputy].deputy
    return False


def _unknown(place: Place, name: str, kind: str, known: Mapping[str, object] | tuple[str, ...]) -> Finding:
    way_out = meant(name, known, "add them under people")
    return error("unknown-person", place, f"there is no {kind} '{name}'", way_out, tuple(known))
