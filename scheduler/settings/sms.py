"""Text messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from scheduler.settings.group import Paced, WebAddress


def _not_in_the_clear(url: str) -> str:
    """The token goes with every request."""
    if not url.startswith("https://") and urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("it has to begin with https://")
    return url


class Sms(Paced):
    """Twilio's account. The token comes from the environment or a file of its own, never from the settings file."""

    account: str | None = Field(None, pattern=r"^AC[0-9a-fA-F]{32}$", description="the Account SID, AC…")
    token: SecretStr | None = Field(None, description="the Auth Token, only as RIGHTREASON_SMS__TOKEN")
    token_file: Path | None = Field(None, description="a file that holds the token")
    from_: str | None = Field(
        None,
        alias="from",
        pattern=r"^(\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11})$",
        description="the number, short code or name that messages come from",
    )
    messaging_service: str | None = Field(
        None, pattern=r"^MG[0-9a-fA-F]{32}$", description="a Messaging Service that chooses it, MG…"
    )
    base_url: Annotated[WebAddress, AfterValidator(_not_in_the_clear)] = Field(
        "https://api.twilio.com", description="where Twilio's API is"
    )
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(30, description="seconds to wait for the server")

    @property
    def missing(self) -> str:
        """What has to be set before anything can be sent; empty where nothing is missing."""
        if self.account is None:
            return "set sms.account"
        if self.token is None and self.token_file is None:
            return "set RIGHTREASON_SMS__TOKEN, or sms.token_file"
        if self.from_ is None and self.messaging_service is None:
            return "set sms.from or sms.messaging_service"
        return ""
