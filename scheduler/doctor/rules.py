"""The rules, in the folder and at work, and what they are worked out with."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec

from scheduler.checking import check_workspace
from scheduler.doctor.finding import Findings, error, ok, warning
from scheduler.doctor.subject import Subject
from scheduler.messages.check import check_templates
from scheduler.wallclock import ZONE_DATA_VERSION


def in_folder(subject: Subject) -> Findings:
    """Whether rules, templates and tests in the folder are right, and are those that are active."""
    found = check_workspace(subject.folder, subject.settings, cache=subject.cache)
    errors = sum(one.is_error for one in found.findings)
    warnings = len(found.findings) - errors
    if errors:
        yield error(f"{errors} errors in the folder" if errors > 1 else "an error in the folder", "rightreason check")
        return
    if warnings:
        yield warning(f"warnings in the folder: {warnings}", "rightreason check")
    if subject.active is None:
        yield warning("no rules are active, so nobody is contacted", "rightreason preview, then rightreason activate")
    elif found.rulebook.version != subject.active.version:
        yield warning(
            "the rules in the folder differ from the active ones", "rightreason diff, then rightreason activate"
        )
    else:
        yield ok(f"the {len(found.rulebook.rules)} rules in the folder are right, and active")


def active(subject: Subject) -> Findings:
    """Whether the templates of the active rules render with the settings as they are."""
    if subject.active is None:
        return
    found = [one for one in check_templates(subject.active, subject.settings) if one.is_error]
    if found:
        yield error(f"{found[0].place}: {found[0].message}", "mend the template, then rightreason activate")
    else:
        yield ok("all of their templates render")


def zone_data(subject: Subject) -> Findings:
    """Whether the time zones are those of this year: governments change them at short notice."""
    year = datetime.fromtimestamp(subject.clock() // 1_000_000, UTC).year
    if int(ZONE_DATA_VERSION[:4]) < year - 1:
        yield warning(
            f"version {ZONE_DATA_VERSION} is old: clocks may have been changed since", "pip install -U tzdata"
        )
    else:
        yield ok(f"version {ZONE_DATA_VERSION}")


def speed(_: Subject) -> Findings:
    """Whether Numba is there, which makes large plans fast."""
    if find_spec("numba"):
        yield ok("Numba is there: plans are walked as machine code")
    else:
        yield ok(
            'without Numba all is the same, but slower for more than some ten thousand customers: "rightreason[fast]"'
        )
