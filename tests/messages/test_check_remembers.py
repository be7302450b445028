"""What was found in templates is remembered, and worked out anew wherever anything that it follows from is edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sample import rule

from scheduler.messages.check import check_templates
from scheduler.rulebook.content_cache import ContentCache
from scheduler.rulebook.findings import Finding
from scheduler.rulebook.model import Rulebook
from scheduler.settings import Settings

MAIL = "templates/check_in.email.md"
GERMAN = "templates/check_in.email.de.md"
INNER = "templates/inner.email.md"
LAYOUT = "templates/layout.email.html"
WELL: Mapping[str, str] = {
    MAIL: '---\nsubject: Hello\n---\n{{ event.product }} {{ customer.plan }} {% include "inner.email.md" %}',
    INNER: "{{ reason }} {{ brand.address }}",
    LAYOUT: "{{ body }} {{ links.unsubscribe }}",
}


@dataclass(frozen=True)
class Shop:
    files: Mapping[str, str] = field(default_factory=lambda: WELL)
    keys: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, float] = field(default_factory=lambda: {"plan": 1.0})
    language: str = "en"

    def findings(self, cache: ContentCache | None) -> tuple[Finding, ...]:
        book = Rulebook(rules={"check_in": rule(**self.keys)}, files=self.files)
        settings = Settings.model_validate({"brand": {"language": self.language}})
        return check_templates(book, settings, attributes=self.attributes, cache=cache)


def with_file(path: str, text: str) -> Shop:
    return Shop(files={**WELL, path: text})


EDITS = {
    "the template": with_file(MAIL, "---\nsubject: Hello\n---\n{{ custmer }}"),
    "another language": with_file(GERMAN, "---\nsubject: Hallo\n---\n{{ kunde }}"),
    "what it includes": with_file(INNER, "{{ reson }}"),
    "the layout": with_file(LAYOUT, "{{ body }}"),
    "the trigger": Shop(keys={"when": {"date": "birthday"}}),
    "what customers are known to have": Shop(attributes={"tier": 1.0}),
    "how many customers have it": Shop(attributes={"plan": 0.9}),
    "the house's language": replace(
        with_file(GERMAN, WELL[MAIL]), language="fr", files={GERMAN: WELL[MAIL], INNER: "x"}
    ),
}


@pytest.mark.parametrize("edited", EDITS.values(), ids=EDITS)
def test_after_an_edit_the_findings_are_those_of_a_fresh_look(edited: Shop, tmp_path: Path) -> None:
    path = tmp_path / "messages.json"
    assert Shop().findings(ContentCache(path)) == ()
    fresh = edited.findings(None)
    assert fresh != ()
    assert edited.findings(ContentCache(path)) == fresh
    assert edited.findings(ContentCache(path)) == fresh
    assert Shop().findings(ContentCache(path)) == ()


def test_what_is_as_it_was_is_not_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "messages.json"
    wrong = EDITS["the template"]
    first = wrong.findings(ContentCache(path))
    monkeypatch.setattr("scheduler.messages.check.check_template", lambda *_, **__: pytest.fail("looked at again"))
    assert wrong.findings(ContentCache(path)) == first
