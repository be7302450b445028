"""What a task's place in the list goes by."""

from __future__ import annotations

from pydantic import Field

from scheduler.settings.group import Group


class Tasks(Group):
    """What customers are worth to the order of tasks: the sum of a property over one kind of event, within a year."""

    bought: str = Field("order_placed", min_length=1, description="the event that says they bought something")
    value: str = Field("amount", min_length=1, description="its property that says for how much")
