"""Which templates there are, by the names of their files: `NAME.CHANNEL[.LOCALE].EXT`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CHANNELS = ("email", "sms", "post", "phone", "webhook", "file")
"""The channels there are."""
SCRIPTS = "phone"
"""The channel whose templates are the scripts of tasks, by whichever way somebody then reaches the customer."""
SEND_ORDER = ("email", "sms", "post", "webhook")
"""The channels that a rule without `by` uses, in this order, where they have a template."""
TEXT_ENDINGS = frozenset({"md", "txt", "html", "typ", "json"})
"""The endings of files that are templates."""

_WRITTEN = re.compile(
    r"templates/(?P<name>[A-Za-z0-9_-]+)\.(?P<channel>[a-z]+)(\.(?P<locale>[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*))?"
    r"\.(?P<ending>[a-z]+)"
)


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One template in one channel and locale; None is the locale that all others fall back to."""

    path: str
    name: str
    channel: str
    locale: str | None
    ending: str

    @classmethod
    def of(cls, path: str) -> TemplateFile | None:
        """What the path of a file says, or None if it is no template's."""
        match = _WRITTEN.fullmatch(path)
        if match is None or match["channel"] not in CHANNELS:
            return None
        return cls(path, match["name"], match["channel"], match["locale"], match["ending"])


def templates(files: Iterable[str]) -> Mapping[str, Mapping[str, tuple[TemplateFile, ...]]]:
    """The templates among the paths, by name and channel."""
    found: dict[str, dict[str, tuple[TemplateFile, ...]]] = {}
    for path in sorted(files):
        if template := TemplateFile.of(path):
            channels = found.setdefault(template.name, {})
            channels[template.channel] = (*channels.get(template.channel, ()), template)
    return found
