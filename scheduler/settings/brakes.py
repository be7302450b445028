"""When sending holds itself."""

from __future__ import annotations

from pydantic import Field

from scheduler.settings.group import Group


class Brakes(Group):
    """How much is too much: of an hour's messages, and of what comes back.

    0.3 % complaints is where large mailbox providers begin to refuse a sender (Google's and Yahoo's sender guidelines
    of 2024).
    """

    volume: float = Field(3, ge=1, description="an hour may have so many times what was foreseen")
    unforeseen: int = Field(100, ge=0, description="an hour with so few messages holds nothing")
    bounces: float = Field(0.05, gt=0, le=1, description="so large a share of the last 500 may come back")
    complaints: float = Field(0.003, gt=0, le=1, description="so large a share of the last 5,000 may be called spam")
