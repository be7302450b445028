"""Cards by post."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from scheduler.errors import UnknownZone
from scheduler.settings.group import Group
from scheduler.wallclock import zone


def _known(name: str) -> str:
    try:
        return zone(name).name
    except UnknownZone as error:
        raise ValueError(str(error)) from None


class Post(Group):
    """Cards by post: where they wait for the printer."""

    folder: Path = Field(Path("post"), description="the folder of the cards, with a folder for each day")
    timezone: Annotated[str, AfterValidator(_known)] = Field("UTC", description="whose days these are")
