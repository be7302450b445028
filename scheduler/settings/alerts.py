"""Who among the staff is told what can't wait."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from scheduler.settings.group import Group


class Alerts(Group):
    """Who is told what can't wait: Apprise URLs, with white space between them.

    They hold tokens, so they come from the environment or a file of their own, never from the settings file.
    """

    urls: SecretStr | None = Field(None, description="only as RIGHTREASON_ALERTS__URLS")
    urls_file: Path | None = Field(None, description="a file that holds the URLs, one a line")
