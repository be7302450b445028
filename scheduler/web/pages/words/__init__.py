"""What the pages say, a file a language, and which of them somebody reads."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

Words = Mapping[str, Any]
"""The texts of a language by section and key, with its `name`, `language` (BCP 47) and `direction`."""

OTHERWISE = "en"
_MOST = 20
"""No more languages of an `Accept-Language` are looked at."""


@cache
def all_words() -> Mapping[str, Words]:
    """The words of each language that there is, by its tag."""
    files = sorted(Path(__file__).parent.glob("*.toml"))
    found = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    return {words["language"]: words for words in found}


def words_for(wanted: Iterable[str]) -> Words:
    """The words of the first of these language tags that there are words in, or else the English ones.

    A tag that is not there in full counts by its language: `de-AT` is German, `pt` and `pt-PT` are `pt-BR`.
    """
    known = all_words()
    by_language = {tag.partition("-")[0]: words for tag, words in known.items()}
    for tag in wanted:
        language = tag.replace("_", "-").partition("-")[0].lower()
        if language in by_language:
            return by_language[language]
    return known[OTHERWISE]


def accepted(header: str) -> list[str]:
    """The language tags of an `Accept-Language` (RFC 9110, 12.5.4), the most wanted first."""
    weighed = []
    for one in header.split(",")[:_MOST]:
        tag, _, parameter = one.partition(";")
        name, _, weight = parameter.partition("=")
        quality = _quality(weight) if name.strip().lower() == "q" else 1.0
        if tag.strip() and quality > 0:
            weighed.append((-quality, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda one: one[0])]


def _quality(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return 0.0
