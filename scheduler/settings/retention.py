"""How long the database keeps what has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from scheduler.durations import Duration, Unit
from scheduler.errors import BadDuration
from scheduler.settings.group import Group

SHORTEST = 28.0
"""In days: what is younger is still asked for, by people, providers and links."""

_CALENDAR = {Unit.DAYS, Unit.WEEKS, Unit.MONTHS, Unit.YEARS}


def _a_while(written: object) -> Duration:
    try:
        found = written if isinstance(written, Duration) else Duration.parse(str(written))
    except BadDuration as error:
        raise ValueError(str(error)) from None
    if found.unit not in _CALENDAR or found.nominal_days < SHORTEST:
        raise ValueError(f"it is at least 1 month, in days, weeks, months or years, like '24 months'; not {found}")
    return found


Kept = Annotated[Duration, BeforeValidator(_a_while), PlainSerializer(str)] | None


class Retention(Group):
    """After how long what has ended moves from the database to the archive; without one it stays for good.

    What an active rule may still look at stays in any case, and so do customers, records of consent and suppressions.
    """

    occasions: Kept = Field(None, description="contacts and other occasions that are over, like 24 months")
    events: Kept = Field(None, description="events that no active rule looks at any more")
    tasks: Kept = Field(None, description="tasks that are done or dropped")
    attempts: Kept = Field(None, description="tries to deliver")
    notes: Kept = Field(None, description="the audit: who did what")
    traffic: Kept = Field(
        Duration(13, Unit.MONTHS), description="how much left by each channel in each minute; 13 months unless set"
    )
    folder: Path = Field(Path("archive"), description="where the archive is, in the workspace unless absolute")
