"""What the groups of settings share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

OneAddress = Annotated[
    str, StringConstraints(pattern=r"^(?:[^\x00-\x1f<>,;]*<[^\s@<>,;]+@[^\s@<>,;]+>|[^\s@<>,;]+@[^\s@<>,;]+)$")
]
"""One address, with or without a name before it: `Our shop <shop@example.com>`."""

WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", strip_whitespace=True)]


class Group(BaseModel):
    """Settings that belong together: a table of the settings file."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False)
