"""Enhanced status codes of mail systems (RFC 3463, registry of RFC 5248): what a refusal is about, and in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""No mail will ever reach this address: no such mailbox, domain or syntax, moved away, a domain that takes none."""

WRONG_SENDER = frozenset({"5.1.7", "5.1.8"})
"""The sender's address is no good: every message has the same fault."""

_STATUS = re.compile(r"(?<![\d.])([245]\.[0-7]\.\d{1,3})(?!\.?\d)")
_NOBODY = re.compile(
    r"(?:no such|unknown|invalid|non-?existent) (?:user|recipient|mailbox|address|account)"
    r"|(?:user|recipient|mailbox|account|address) (?:\S{1,320} )?"
    r"(?:unknown|not found|(?:does not|doesn.t|did not) exist)"
    r"|no mailbox here by that name|(?:does not|doesn.t) have an? \S{1,100} account",
    re.IGNORECASE,
)

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "1.1": "there is no such mailbox",
        "1.2": "there is no such mail domain",
        "1.3": "the address is not well formed",
        "1.6": "the mailbox has moved and left no address",
        "1.7": "the sender's address is not well formed",
        "1.8": "the sender's domain is no good",
        "1.10": "the address takes no mail",
        "2.1": "the mailbox is disabled",
        "2.2": "the mailbox is full",
        "2.3": "the message is too long for the mailbox",
        "3.4": "the message is too big",
        "4.1": "the host does not answer",
        "4.4": "no way to the host was found",
        "4.6": "the mail goes in circles",
        "4.7": "it could not be delivered in time",
        "7.1": "it was refused by policy",
    }
)
_SUBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "1": "the address was refused",
        "2": "the mailbox takes nothing",
        "3": "the mail system takes nothing",
        "4": "the way there is broken",
        "5": "the servers did not understand each other",
        "6": "the content was refused",
        "7": "it was refused by policy or for safety",
    }
)


def status_in(text: str) -> str:
    """The first status code that stands in a text, like `5.1.1`; empty where there is none."""
    found = _STATUS.search(text)
    return found[1] if found else ""


def is_unspecific(status: str) -> bool:
    """Whether it says no more than that something failed, so that only words can tell what."""
    return not status or status.endswith(".0") or status.startswith("5.5.")


def names_nobody(text: str) -> bool:
    """Whether words of a mail system say that there is no such mailbox."""
    return _NOBODY.search(text) is not None


def is_about_us(status: str) -> bool:
    """Whether it speaks of the message or of its sender, and so says nothing of the recipient's mailbox."""
    return status in WRONG_SENDER or status.partition(".")[2].partition(".")[0] in ("6", "7")


def meaning(status: str) -> str:
    """A status code in words of ours; unknown ones by their subject."""
    _, _, detail = status.partition(".")
    return _WORDS.get(detail) or _SUBJECTS.get(detail.partition(".")[0], "the mail system did not say why")
