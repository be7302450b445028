"""What the groups of settings share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

OneAddress = Annotated[
    str, StringConstraints(pattern=r"^(?:[^\x00-\x1f<>,;]*<[^\s@<>,;]+@[^\s@<>,;]+>|[^\s@<>,;]+@[^\s@<>,;]+)$")
]
"""One address, with or without a name before it: `Our shop <shop@example.com>`."""

WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", strip_whitespace=True)]


class Group(BaseModel):
    """Settings that belong together: a table of the settings file."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False)


class Paced(Group):
    """Of a channel whose other side takes only so much: how many messages at a time, a second, and an hour."""

    connections: int = Field(4, ge=1, le=50, description="as many are kept open, each for one message at a time")
    per_second: float | None = Field(None, gt=0, description="no more messages a second, by each daemon")
    per_hour: int | None = Field(None, gt=0, description="no more messages within any hour; the rest waits")
