"""Files that only their owner may read, and room on the disk."""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from scheduler.doctor.finding import Finding, Findings, error, ok, warning
from scheduler.doctor.subject import Subject
from scheduler.errors import SettingsError
from scheduler.rulebook.people import PEOPLE_FILE
from scheduler.settings import SECRET_FILE, SETTINGS_FILE, secret_settings
from scheduler.store.journal import beside

MEGABYTE = 1_000_000
SCARCE, LAST = 1_000 * MEGABYTE, 100 * MEGABYTE
"""With less room than this (bytes) on the disk, somebody should know; with less than this, soon nothing works."""
LONG_LOG = 1_000 * MEGABYTE
"""A write-ahead log longer than this (bytes) is not being emptied."""
_PASSWORD_IN_URL = re.compile(r"//[^/@:]*:[^/@]+@")


def secrets(subject: Subject) -> Findings:
    """Whether secrets are there, and files that hold them or customers are their owner's alone."""
    found = [*_set(subject), *_readable_by_others(subject)]
    yield from found or [ok("what is secret is there, and readable by its owner alone")]


def _set(subject: Subject) -> Iterator[Finding]:
    settings = subject.settings
    if settings.secret is None and not (subject.folder / SECRET_FILE).exists():
        yield warning(
            f"there is no {SECRET_FILE} yet, which signs the links in messages",
            "it is made on first use; keep a copy of it with your backups",
        )
    unread = set()
    for group, name in secret_settings():
        try:
            settings.secret_of(group, name)
        except SettingsError as problem:
            unread.add((group, name))
            variable = f"RIGHTREASON_{group.upper()}__{name.upper()}"
            yield error(str(problem), f"put the file there for this user to read, or set {variable} instead")
    for group, user in (("email", settings.email.username), ("bounces", settings.bounces.username)):
        if user is not None and (group, "password") not in unread and not settings.secret_of(group, "password"):
            variable = f"RIGHTREASON_{group.upper()}__PASSWORD"
            yield error(f"{group}.username is set, and no password", f"set {variable} or {group}.password_file")


def _readable_by_others(subject: Subject) -> Iterator[Finding]:
    for path in _private(subject):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue  # not there: told where it is needed
        if mode & 0o077:
            yield warning(f"{path} can be read by others on this machine", f"chmod 600 {path}")
    for folder in (subject.settings.outbox_folder, subject.settings.workspace / subject.settings.post.folder):
        if folder.is_dir() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
            yield warning(f"{folder}, which names customers, can be read by others", f"chmod 700 {folder}")


def _private(subject: Subject) -> Iterator[Path]:
    folder, settings = subject.folder, subject.settings
    yield folder / SECRET_FILE
    for group, name in secret_settings():
        if file := getattr(getattr(settings, group), f"{name}_file"):
            yield settings.workspace / file
    if database := subject.database_file:
        yield from (database, beside(database))
    if _PASSWORD_IN_URL.search(settings.database or ""):
        yield folder / SETTINGS_FILE
    if (people := folder / PEOPLE_FILE).exists() and "alert:" in people.read_text("utf-8", errors="replace"):
        yield people


def disk(subject: Subject) -> Findings:
    """Whether there is room to write, and whether the database's log is emptied."""
    database = subject.database_file
    places = {"workspace": subject.folder, **({"database": database.parent} if database else {})}
    free = {name: shutil.disk_usage(path).free for name, path in places.items() if path.exists()}
    name, least = min(free.items(), key=lambda item: item[1])
    told = f"{_size(least)} are free where the {name} is"
    if least < LAST:
        yield error(told, "make room: soon nothing can be written any more")
    elif least < SCARCE:
        yield warning(told, "make room")
    else:
        yield ok(told)
    if database is not None:
        log = database.with_name(f"{database.name}-wal")
        size = log.stat().st_size if log.exists() else 0
        if size > LONG_LOG:
            yield warning(
                f"{log} has grown to {_size(size)}",
                "some program reads the database without an end; stop it, and it is emptied",
            )


def _size(size: int) -> str:
    return f"{size / 1_000_000_000:.1f} GB" if size >= 1_000 * MEGABYTE else f"{size // MEGABYTE} MB"
