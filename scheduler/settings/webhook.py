"""Where contacts go as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from scheduler.settings.group import Paced, WebAddress


class Webhook(Paced):
    """Who takes contacts as JSON. The secret comes from the environment or a file of its own."""

    url: WebAddress | None = Field(None, description="where contacts are posted to; https")
    secret: SecretStr | None = Field(None, description="whsec_…, only as RIGHTREASON_WEBHOOK__SECRET")
    secret_file: Path | None = Field(None, description="a file that holds the secret")
    timeout: Annotated[float, Field(gt=0, le=600)] = Field(15, description="seconds to wait for the server")
    allow_private: bool = Field(False, description="also to addresses of your own network, and by http")
    ca_file: Path | None = Field(None, description="certificates to trust instead of the machine's")

    @property
    def missing(self) -> str:
        """What has to be set before anything can be sent; empty where nothing is missing."""
        if self.url is None:
            return "set webhook.url"
        if self.secret is None and self.secret_file is None:
            return "set RIGHTREASON_WEBHOOK__SECRET, or webhook.secret_file"
        if not self.url.startswith("https://") and not self.allow_private:
            return "let webhook.url begin with https://, or set webhook.allow_private"
        return ""
