"""Where failure reports, complaints and answers arrive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from scheduler.settings.email import Security
from scheduler.settings.group import Group


class Bounces(Group):
    """The mailbox that failure reports and complaints come to: a maildir, a folder on an IMAP server, or both.

    The password comes from the environment or a file of its own, never from the settings file.
    """

    maildir: Path | None = Field(None, description="a maildir, in the workspace unless the path is absolute")
    host: str | None = Field(None, description="an IMAP server")
    port: Annotated[int, Field(gt=0, lt=65536)] | None = Field(None, description="993 with tls, else 143")
    security: Security = Field(Security.TLS, description="none, starttls or tls")
    username: str | None = Field(None, pattern=r"^[ -~]+$")
    password: SecretStr | None = Field(None, description="only as RIGHTREASON_BOUNCES__PASSWORD")
    password_file: Path | None = Field(None, description="a file that holds the password")
    folder: str = Field("INBOX", pattern=r"^[ -~]+$", description="the folder on the IMAP server, in ASCII")
    ca_file: Path | None = Field(None, description="certificates to trust instead of the machine's")
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(30, description="seconds to wait for the server")

    @property
    def at_port(self) -> int:
        """The port: the one that is set, or the usual one for this security (RFC 8314, RFC 9051)."""
        return self.port or (993 if self.security is Security.TLS else 143)
