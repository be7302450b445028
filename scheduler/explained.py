"""Codes that explain themselves: for the database and for other programs a word, for people a sentence."""

from __future__ import annotations

from enum import StrEnum


class Explained(StrEnum):
    """What the causes of each room are: members written `NAME = "code", "what it means"`."""

    meaning: str

    def __new__(cls, code: str, meaning: str = "") -> Explained:
        """A member is its code, wherever a text is asked for; `meaning` is what people are told."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member
