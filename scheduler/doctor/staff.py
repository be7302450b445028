"""People who take tasks, and whom alerts are told."""

from __future__ import annotations

from scheduler.channels.alert import Alert, AlertKind, Alerts
from scheduler.doctor.finding import Findings, error, ok, warning
from scheduler.doctor.subject import Subject
from scheduler.rulebook.people import ACCOUNT_OWNER, CARE, PEOPLE_FILE, People, read_people


def people(subject: Subject) -> Findings:
    """Whether everybody is there whom the rules give tasks to."""
    rules = subject.rulebook.rules
    assigned = sorted({assign for name in subject.speaking if (assign := rules[name].assign)})
    found, findings = read_people(subject.folder)
    if any(one.is_error for one in findings):
        yield error(f"{PEOPLE_FILE} can't be used", "rightreason check")
        return
    missing = [one for one in assigned if not found.takes(one)]
    if missing:
        yield error(
            f"rules give tasks to {', '.join(missing)}, whom {PEOPLE_FILE} does not know", f"add to {PEOPLE_FILE}"
        )
    elif ACCOUNT_OWNER in assigned and CARE not in found.roles:
        yield warning(
            f"tasks of customers without an owner go to the role {CARE}, which {PEOPLE_FILE} does not know",
            f"add it to {PEOPLE_FILE}",
        )
    elif assigned:
        yield ok(f"{', '.join(assigned)}: known to {PEOPLE_FILE}")
    else:
        yield ok("no rule gives anybody a task")


def alerts(subject: Subject) -> Findings:
    """Whether somebody is told what can't wait; with `alert`, they are told that this is a test."""
    settings = subject.settings
    urls = len((settings.secret_of("alerts", "urls") or "").split())
    found, findings = read_people(subject.folder)
    service = Alerts(settings, People() if any(one.is_error for one in findings) else found)
    if not urls and subject.alert:
        yield error(
            "nobody could be told a test: alerts.urls is not set",
            "set RIGHTREASON_ALERTS__URLS or alerts.urls_file, and install the extra rightreason[alerts]",
        )
        return
    if not urls:
        yield warning(
            "alerts.urls is not set: nobody is told when sending holds itself",
            "set RIGHTREASON_ALERTS__URLS or alerts.urls_file",
        )
        return
    if not subject.alert:
        yield ok(f"alerts.urls has {urls}, each such as Apprise knows; --alert tells them a test")
        return
    problems = service.tell(
        Alert(AlertKind.TEST, "rightreason doctor --alert", "Nothing is to be done."), subject.clock()
    )
    yield from (error(problem, "look at the URL, and at the service") for problem in problems)
    if not problems:
        yield ok(f"a test was told to {urls}: look whether it came")
