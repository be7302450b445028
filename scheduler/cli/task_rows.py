"""Tasks as they are listed: the most urgent first, and of these those of the most valuable customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scheduler.cli.local_time import iso, shown

if TYPE_CHECKING:
    from scheduler.decisions.facts import Customer, Value
    from scheduler.settings import Settings
    from scheduler.store import Task
    from scheduler.wallclock import Zone
    from scheduler.workspace import Workspace

KEYS = (
    *("occasion", "customer", "assignee", "script", "due", "state", "outcome", "number", "reason"),
    *("role", "created", "overdue", "escalated_at", "value", "name", "channel", "email"),
)
"""What programs are told of a task, in this order."""


@dataclass(frozen=True, slots=True)
class Told:
    """A task with what its assignee has to know beside it: whom to call, where, why, and by whose clock it is due.

    `value` is what the customer bought within a year, by the settings of `tasks`. `channel` is how they are to be
    reached, and `address` where: that of the channel, or else whatever is known of them.
    """

    task: Task
    name: str
    number: str
    reason: str
    where: Zone
    value: float
    is_overdue: bool
    channel: str = ""
    address: str = ""
    email: str = ""

    def as_object(self) -> dict[str, Any]:
        """What `KEYS` name."""
        task = self.task
        return {
            "occasion": task.key,
            "customer": task.customer,
            "assignee": task.assignee,
            "script": task.script,
            "due": self.where.iso(task.due),
            "state": str(task.state),
            "outcome": task.outcome,
            "number": self.number or None,
            "reason": self.reason,
            "role": task.role or None,
            "created": self.where.iso(task.created),
            "overdue": self.is_overdue,
            "escalated_at": iso(task.escalated_at, self.where),
            "value": self.value,
            "name": self.name if self.is_named else None,
            "channel": self.channel or None,
            "email": self.email or None,
        }

    @property
    def is_named(self) -> bool:
        """Whether the customer's name is known."""
        return self.name != self.task.customer

    @property
    def who(self) -> str:
        """The customer, by their name where it is known."""
        return f"{self.name} ({self.task.customer})" if self.is_named else self.task.customer

    @property
    def by_when(self) -> str:
        """When it is due, or since when it is overdue."""
        due = shown(self.task.due, self.where)
        return f"overdue since {due}" if self.is_overdue else due

    @property
    def whose(self) -> str:
        """Whose it is, and whether it was escalated to them."""
        escalated = self.task.escalated_at is not None
        return f"escalated to {self.task.assignee}" if escalated else self.task.assignee


def in_order(told: Iterable[Told], house: Zone) -> list[Told]:
    """What is overdue first, then by the house's day on which it is due, the value, the instant, and the id."""
    return sorted(
        told,
        key=lambda one: (not one.is_overdue, house.local_day(one.task.due), -one.value, one.task.due, one.task.key),
    )


def told_of(workspace: Workspace, tasks: Iterable[Task], now: int) -> list[Told]:
    """What is to be told of tasks as of `now`, in order."""
    from scheduler.cli.rules import house_of
    from scheduler.decisions.occasions import zone_of
    from scheduler.wallclock import zone

    tasks, store, house = list(tasks), workspace.store, house_of(workspace)
    customers = {one.id: one for one in store.customers.read({task.customer for task in tasks})}
    rows = store.ledger.rows(states={task.state for task in tasks}) if tasks else []
    occasions = {row.key: row for row in rows}
    told = []
    for task in tasks:
        customer = customers.get(task.customer)
        facts = customer.attributes if customer else {}
        row = occasions.get(task.key)
        channel = row.channel if row else ""
        told.append(
            Told(
                task,
                name=str(facts.get("name", task.customer)),
                number=str(facts.get("phone", "")),
                reason=row.reason if row else "",
                where=zone_of(customer, house) if customer else zone(house.timezone),
                value=value_of(customer, workspace.settings, now) if customer else 0,
                is_overdue=task.is_overdue(now),
                channel=channel,
                address=_address(channel, facts),
                email=str(facts.get("email", "")),
            )
        )
    return in_order(told, zone(house.timezone))


def _address(channel: str, facts: Mapping[str, Value]) -> str:
    """Where a customer is reached by a channel, in one line; where that is not known, by phone or by mail."""
    from scheduler.decisions.facts import ADDRESSES

    known = (str(facts.get(name, "")) for name in (ADDRESSES.get(channel, ""), "phone", "email"))
    return ", ".join(next(filter(None, known), "").splitlines())


def value_of(customer: Customer, settings: Settings, now: int) -> float:
    """What a customer bought in the 365 days before `now`: the sum of one property over events of one name."""
    from scheduler.wallclock import DAY

    bought = [
        event.properties.get(settings.tasks.value)
        for event in customer.events
        if event.name == settings.tasks.bought and now - 365 * DAY < event.at <= now
    ]
    return round(sum(amount for amount in bought if type(amount) in (int, float)), 6)  # type: ignore[misc] # numbers
