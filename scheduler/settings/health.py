"""Where the daemon can be asked how it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from scheduler.settings.group import Group


class Health(Group):
    """Where the daemon answers /health and /metrics, which name no customer."""

    port: Annotated[int, Field(gt=0, lt=65536)] | None = Field(None, description="without one, it answers nowhere")
    host: str = Field("127.0.0.1", min_length=1, description="the address to listen at")
