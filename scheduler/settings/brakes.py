"""When sending holds itself."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from scheduler.settings.group import Group


class Brakes(Group):
    """How much is too much: of an hour's messages, and of what comes back.

    0.3 % complaints is where large mailbox providers begin to refuse a sender (Google's and Yahoo's sender guidelines
    of 2024).
    """

    volume: float = Field(3, ge=1, allow_inf_nan=False, description="an hour may have so many times what was foreseen")
    unforeseen: int = Field(100, ge=0, description="an hour with so few messages holds nothing")
    bounces: float = Field(0.05, gt=0, le=1, description="so large a share of the last 500 may come back")
    complaints: float = Field(0.003, gt=0, le=1, description="so large a share of the last 5,000 may be called spam")

    @field_validator("*", mode="before")
    @classmethod
    def _is_a_number(cls, value: Any) -> Any:
        # `true` would count as 1; the types can't be strict, as the environment has texts only
        if isinstance(value, bool):
            raise PydanticCustomError("number", "input should be a number, not true or false")
        return value
