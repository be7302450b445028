"""The shop that `init` lays down, with the customers, events and consents of its sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scheduler.intake import Options, import_consents, import_customers, import_events
from scheduler.messages.check import channels_of, render_sample
from scheduler.messages.message import Email
from scheduler.messages.templates import Templates
from scheduler.rulebook.reader import read_rulebook
from scheduler.settings import Settings
from scheduler.starter import starter_files
from scheduler.store import Store
from scheduler.wallclock import parse_instant, zone

MONDAY = parse_instant("2026-11-02T08:00:00+01:00", zone("UTC"))
"""The morning on which the story of the sample is told."""


def lay_down(folder: Path, *rooms: str) -> None:
    """Write the files of the starter, or those in some of its folders."""
    for path, content in starter_files():
        if not rooms or path.partition("/")[0] in rooms:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)


def mails_of(folder: Path, settings: Settings) -> Iterator[tuple[str, str, Email]]:
    """Each mail of the rules there, of a sample customer: its rule, its locale (or nothing), and the message."""
    book, _ = read_rulebook(folder)
    templates = Templates(book.files, settings.brand.language)
    for rule in book.rules.values():
        if "email" in channels_of(rule, templates):
            for file in templates.variants(rule.template, "email"):
                made = render_sample(templates, rule, "email", settings, language=file.locale)
                assert isinstance(made, Email)
                yield rule.name, file.locale, made


def take_sample(store: Store, folder: Path) -> None:
    """Take the facts of the sample that was laid down there, as of Monday."""
    for take, file in (
        (import_customers, "customers.csv"),
        (import_events, "events.jsonl"),
        (import_consents, "consent.csv"),
    ):
        assert not take(store, folder / "sample" / file, Options(), now=MONDAY).rejected
