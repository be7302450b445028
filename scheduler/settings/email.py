"""The mail server."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from scheduler.settings.group import OneAddress, Paced


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Email(Paced):
    """The mail server. The password comes from the environment or a file of its own, never from the settings file."""

    host: str | None = Field(None, description="the server; without one, mails are written to the outbox")
    port: Annotated[int, Field(gt=0, lt=65536)] | None = Field(None, description="587, 465 with tls, 25 with none")
    security: Security = Field(Security.STARTTLS, description="none, starttls or tls")
    username: str | None = None
    password: SecretStr | None = Field(None, description="only as RIGHTREASON_EMAIL__PASSWORD")
    password_file: Path | None = Field(None, description="a file that holds the password")
    ca_file: Path | None = Field(None, description="certificates to trust instead of the machine's")
    from_: OneAddress = Field("Our shop <shop@example.com>", alias="from", description="the sender")
    reply_to: OneAddress | None = Field(None, description="where answers go, if not to the sender")
    bounces_to: OneAddress | None = Field(None, description="where failure reports go, if not to the sender")
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(30, description="seconds to wait for the server")

    @property
    def at_port(self) -> int:
        """The port: the one that is set, or the usual one for this security (RFC 6409, RFC 8314)."""
        return self.port or {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}[self.security]
