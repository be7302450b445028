"""Where the web pages and the intake of facts can be reached, and who may hand facts in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from scheduler.settings.group import Group


class Serve(Group):
    """What `rightreason serve` listens at, and the keys by which it knows who hands facts in.

    Without its key, a way in is closed. Keys come from the environment or files of their own, never from the settings
    file; a file may hold several, one a line, so that a new one can be brought in before the old one goes.
    """

    host: str = Field("127.0.0.1", min_length=1, description="the address to listen at")
    port: Annotated[int, Field(gt=0, lt=65536)] = Field(8000, description="the port to listen at")
    processes: int = Field(1, ge=1, le=64, description="as many answer side by side")
    write_key: SecretStr | None = Field(None, min_length=8, description="only as RIGHTREASON_SERVE__WRITE_KEY")
    write_key_file: Path | None = Field(None, description="a file that holds the write keys of sources")
    webhook_key: SecretStr | None = Field(None, min_length=8, description="only as RIGHTREASON_SERVE__WEBHOOK_KEY")
    webhook_key_file: Path | None = Field(None, description="a file that holds the keys of Standard Webhooks")
    shopify_key: SecretStr | None = Field(None, min_length=8, description="only as RIGHTREASON_SERVE__SHOPIFY_KEY")
    shopify_key_file: Path | None = Field(None, description="a file that holds the app's client secret")
    stripe_key: SecretStr | None = Field(None, min_length=8, description="only as RIGHTREASON_SERVE__STRIPE_KEY")
    stripe_key_file: Path | None = Field(None, description="a file that holds the endpoint's signing secret")
    most_kb: int = Field(512, ge=1, le=65_536, description="the largest body of a request, unpacked, in KiB")
    per_second: int = Field(10_000, ge=1, description="as many facts a second from each key, in each process")
    skew: int = Field(300, ge=1, le=86_400, description="how far signatures and clocks may be off, in seconds")
