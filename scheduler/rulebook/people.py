"""People who take tasks, and their roles: `rules/people.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scheduler.durations import Duration
from scheduler.errors import RulebookError
from scheduler.rulebook.findings import Finding, error, meant
from scheduler.rulebook.model import Hours, Name, Place, Span, Written
from scheduler.rulebook.nodes import MappingNode, Node, places
from scheduler.rulebook.shapes import Owner, allowed_keys, shaped
from scheduler.rulebook.yaml_text import decode, parse

PEOPLE_FILE = "rules/people.yaml"
ACCOUNT_OWNER = "account_owner"
"""Who answers for the customer: their attribute `owner`, or else the role `care`."""
CARE = "care"
"""The role that takes the tasks of customers without an owner."""


class Person(Written):
    """Somebody who takes tasks."""

    name: str = Field(min_length=1, description="what they are called")
    email: str | None = Field(None, description="where their tasks are announced")
    alert: str | None = Field(None, description="an Apprise URL, like slack://…, for what can't wait")
    hours: Hours | None = Field(None, description="when they work")
    tasks_a_day: Annotated[int, Field(ge=0, strict=True)] | None = Field(None, description="their capacity")
    deputy: Name | None = Field(None, description="who takes over when they are away or full")


class Role(Written):
    """A group whose members take turns."""

    members: tuple[Name, ...] = Field(min_length=1, description="people, by their keys")
    due: Span = Field(Duration.parse("1 business day"), description="how long a task may take")
    escalate_to: Name | None = Field(None, description="the role or person who gets what is overdue")
    escalate_after: Span | None = Field(None, description="how long after a task was made; else when it is due")


class People(Written):
    """Everybody who takes tasks."""

    people: dict[Name, Person] = Field(default_factory=dict, description="people, by a short name")
    roles: dict[Name, Role] = Field(default_factory=dict, description="roles, by name")

    def takes(self, assign: str) -> bool:
        """Whether a rule may assign tasks to this role or person."""
        return assign in (ACCOUNT_OWNER, *self.roles, *self.people)

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
    return shape, list(_of_names(shape, dict(places(node))))


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
