"""Alerts: the staff are told what can't wait, by Apprise (extra `[alerts]`): Slack, Teams, mail and many more.

Texts hold ids only. What the services are called by holds tokens, and so is never printed, logged or put into an error.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from scheduler.durations import HOUR, MINUTE
from scheduler.errors import SettingsError
from scheduler.rulebook.people import PEOPLE_FILE, People, read_people
from scheduler.settings import Settings

if TYPE_CHECKING:
    import apprise

REPEATED = 60 * MINUTE
"""An alert of one kind about one subject is told once within this time."""
REST = 5 * MINUTE
"""How long a service that failed is left alone."""
TRIED = 24 * HOUR
"""How long an alert that nobody took is tried again."""

_ADDRESS = re.compile(r"[^\s/]*(?:@|%40)[^\s/]*")
_TALKATIVE = ("apprise", "urllib3", "requests")
"""Loggers that write URLs, and with them tokens."""


class AlertKind(StrEnum):
    """What can't wait."""

    NEW_TASK = "new_task"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    HOLD = "hold"
    BRAKE = "brake"
    QUARANTINED = "quarantined"
    CLOCK = "clock"
    COPY = "copy"
    STUCK = "stuck"
    TEST = "test"


TITLES: Mapping[AlertKind, str] = MappingProxyType(
    {
        AlertKind.NEW_TASK: "There is a new task",
        AlertKind.OVERDUE: "A task is overdue",
        AlertKind.ESCALATED: "A task was overdue, and is somebody else's now",
        AlertKind.HOLD: "Sending is held",
        AlertKind.BRAKE: "Sending has held itself",
        AlertKind.QUARANTINED: "A message is in quarantine: it broke its worker three times",
        AlertKind.CLOCK: "The clock has jumped, and sending has held itself",
        AlertKind.COPY: "The database is a copy or was restored, and sending has held itself",
        AlertKind.STUCK: "The work is stuck",
        AlertKind.TEST: "This is a test",
    }
)
"""What each kind says first."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody has to know now.

    `subject` says what it is about by its id, like an occasion's key or `channel:email`; `way_out` what to do.
    `assignee`, a person or role of `rules/people.yaml`, is told as well.
    """

    kind: AlertKind
    subject: str
    way_out: str
    assignee: str = ""

    @property
    def title(self) -> str:
        """Its first line."""
        return f"rightreason: {TITLES[self.kind]}"

    @property
    def text(self) -> str:
        """The rest; an id that is an address is left out."""
        return "\n".join(_ADDRESS.sub("(address)", line) for line in (self.subject, self.way_out) if line)


def new_task(assignee: str) -> Alert:
    """Somebody has new tasks; told once an hour for each assignee, however many tasks there are."""
    return Alert(AlertKind.NEW_TASK, assignee, f"rightreason tasks --assignee {assignee}", assignee)


def overdue(assignee: str) -> Alert:
    """Somebody has overdue tasks, and nobody else is there to do them; told as `new_task`."""
    return Alert(AlertKind.OVERDUE, assignee, f"rightreason tasks --assignee {assignee}", assignee)


def escalated(assignee: str) -> Alert:
    """Tasks that others did not do in time are somebody's now; told as `new_task`."""
    return Alert(AlertKind.ESCALATED, assignee, f"rightreason tasks --assignee {assignee}", assignee)


def held(name: str) -> Alert:
    """A channel (`channel:NAME`) that refuses everything is held; its words, which may name somebody, are left out."""
    release = f"rightreason release --{name.replace(':', ' ')}"
    return Alert(AlertKind.HOLD, name, f"`rightreason status` says why; put it right, then `{release}`")


def quarantined(rule: str) -> Alert:
    """Messages of a rule are in quarantine; told once an hour for each rule, however many there are."""
    return Alert(AlertKind.QUARANTINED, f"rule:{rule}", f"rightreason contacts --state quarantined --rule {rule}")


class Alerts:
    """Tells alerts to the services of `alerts.urls`, and to those that people have named for themselves.

    Raises `SettingsError` where a URL of `alerts.urls` is none of Apprise's, and where there are services and Apprise
    is not installed. Without services nothing is told, and nothing is imported.
    """

    def __init__(self, settings: Settings, people: People | None = None) -> None:
        urls = (settings.secret_of("alerts", "urls") or "").split()
        if urls:
            _prepare()
        self._staff = [_Service(f"alerts.urls, number {number}", url) for number, url in enumerate(urls, 1)]
        self._told: dict[tuple[AlertKind, str], int] = {}
        self._untold: dict[tuple[AlertKind, str], tuple[Alert, int]] = {}
        self._folder, self._problem = settings.workspace, ""
        self._people, self._own = People(), dict[str, _Service]()
        self._go_by(people or People())
        for service in self._staff:
            if not service.is_usable:
                raise SettingsError(f"{service.label}: this is no Apprise URL; write it like slack://… or mailto://…")

    def tell(self, alert: Alert, now: int) -> tuple[str, ...]:
        """Tell one alert, unless it was told within the hour; returns what went wrong, in sentences; never raises.

        `now` is an instant in UTC microseconds. A service is waited for, for a few seconds at most; one that failed is
        left alone for `REST`, and an alert that nobody took is told again by `tell_all`.
        """
        self._told = {about: at for about, at in self._told.items() if 0 <= now - at < REPEATED}
        about = (alert.kind, alert.subject)
        if about in self._told:
            return ()
        services = [*self._staff, *self._services_of(alert.assignee)]
        problems = [service.tell(alert, now) for service in services]
        if any(problem is None for problem in problems):
            self._told[about] = now
        elif services:
            self._untold.setdefault(about, (alert, now))
        return tuple(filter(None, problems))

    def tell_all(self, alerts: Iterable[Alert], now: int) -> tuple[str, ...]:
        """Tell these, and before them those that nobody took within `TRIED`; as `tell`.

        The people are those of the workspace's file as it is now; while that can't be used, those from before.
        """
        given, before, self._untold = tuple(alerts), self._untold, {}
        problems = self._follow() if given or before else []
        for about, (alert, since) in before.items():
            if 0 <= now - since < TRIED:
                problems += self.tell(alert, now)
                if about in self._untold:
                    self._untold[about] = alert, since
        for alert in given:
            problems += self.tell(alert, now)
        return tuple(problems)

    def _follow(self) -> list[str]:
        """What is wrong with the people's file is said once."""
        people, findings = read_people(self._folder)
        before, self._problem = self._problem, ""
        if any(finding.is_error for finding in findings):
            self._problem = f"{PEOPLE_FILE} can't be used, so nobody new is told; `rightreason check` says why"
        elif people != self._people:
            try:
                self._go_by(people)
            except SettingsError as error:
                self._problem = f"{PEOPLE_FILE}: {error}"
        return [self._problem] if self._problem not in ("", before) else []

    def _go_by(self, people: People) -> None:
        own = {name: person.alert for name, person in people.people.items() if person.alert}
        if own:
            _prepare()
        self._people = people
        self._own = {name: _Service(f"{PEOPLE_FILE}, alert of {name}", url) for name, url in own.items()}

    def _services_of(self, assignee: str) -> Iterator[_Service]:
        """The service of a person, or those of a role's members."""
        role = self._people.roles.get(assignee)
        for name in role.members if role else (assignee,):
            if name in self._own:
                yield self._own[name]


class _Service:
    """One place to tell alerts to; `label` says where its URL is written."""

    def __init__(self, label: str, url: str) -> None:
        self.label = label
        self._apprise = _opened(url)
        self._failed: int | None = None

    @property
    def is_usable(self) -> bool:
        """Whether its URL is one of Apprise's."""
        return self._apprise is not None

    def tell(self, alert: Alert, now: int) -> str | None:
        """Tell it: None where it was taken, or what went wrong; no word where it rests after a failure."""
        if self._failed is not None and 0 <= now - self._failed < REST:
            return ""
        problem = self._problem(alert)
        self._failed = None if problem is None else now
        return None if problem is None else f"{self.label}: an alert could not be told: {problem}"

    def _problem(self, alert: Alert) -> str | None:
        if self._apprise is None:
            return "this is no Apprise URL"
        try:
            taken = self._apprise.notify(title=alert.title, body=alert.text, body_format="text")
        except Exception as error:  # noqa: BLE001 - whatever a service stumbles over, sending goes on
            return type(error).__name__
        return None if taken else "it was refused, or nobody answered"


def _prepare() -> None:
    """Apprise is there, and what it uses writes no URLs into logs."""
    try:
        import apprise  # noqa: F401 - whether it is there
    except ImportError:
        raise SettingsError(
            'alerts are told by Apprise, which is not installed; pip install "rightreason[alerts]"'
        ) from None
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _opened(url: str) -> apprise.Apprise | None:
    import apprise

    opened = apprise.Apprise(asset=apprise.AppriseAsset(app_id="rightreason"))
    return opened if opened.add(url) else None
