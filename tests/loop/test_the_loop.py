"""The whole loop, as customers and staff walk it: asked, disappointed, called, told, asked again, happy, and measured.

Every step is one of the product's own: commands on the sample shop's rules, a mail server, the pages in a browser.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from mailbox import listening
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sample_shop import lay_down
from typing_commands import run_in
from visiting import address_of, served_at

from scheduler.decisions.facts import Event
from scheduler.delivery.tick import tick
from scheduler.delivery.worker import at_work
from scheduler.store import CustomerEvent
from scheduler.wallclock import parse_instant, zone
from scheduler.web.site import Site
from scheduler.workspace import Workspace, open_workspace

LOOKED_AT = os.environ.get("SCREENSHOTS_OF_PAGES")
"""A folder for pictures of each page, for whoever wants to look at them."""
NARROW, WIDE = 320, 1280
BERLIN = zone("Europe/Berlin")
CUSTOMER = "ivo"
MONTHS = ("--month", "2027-04", "--months", "2")
IVO = {
    "name": "Ivo Holt",
    "first_name": "Ivo",
    "email": "ivo@example.com",
    "phone": "+4930123456",
    "timezone": "Europe/Berlin",
    "language": "en",
    "owner": "maja",
}
BREAD = {"product": "Rye sourdough", "category": "ingredients", "order_id": "A1"}


@dataclass
class Letters:
    """A mail server that keeps what it gets."""

    all: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.all.append(message_from_bytes(envelope.original_content, policy=policy.default))
        return "250 OK"

    def newest(self, subject: str) -> str:
        """The HTML of the newest mail, which has this subject."""
        assert self.all, "no mail has come"
        assert self.all[-1]["Subject"] == subject
        body = self.all[-1].get_body(("html",))
        assert isinstance(body, EmailMessage)
        return str(body.get_content())


@dataclass
class Loop:
    """A shop whose time goes on when it is told to, and a customer's browser."""

    workspace: Workspace
    letters: Letters
    browser: Browser
    now: str = ""

    def ticks(self, now: str) -> None:
        """It is now, in Berlin, and the scheduler works."""
        self.now = f"{now}:00"
        with at_work(self.workspace, "test", self.clock()) as worker:
            report = tick(worker, self.clock())
            assert report.problems == ()

    def learns(self) -> None:
        """A customer, whose bread was delivered."""
        at, store = self.clock(), self.workspace.store
        store.customers.add([(CUSTOMER, IVO)], now=at)
        store.events.add([CustomerEvent(CUSTOMER, Event("d1", "order_delivered", at, at, BREAD))], now=at)

    def runs(self, *words: str) -> str:
        """Type a command, which succeeds."""
        result = run_in(self.workspace.folder, *words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def clock(self) -> int:
        return parse_instant(self.now, BERLIN)

    def answers(self, subject: str, score: int, comment: str, picture: str) -> str:
        """Follow the link of a score in the newest mail, say why, and send it; what the page says then."""
        with self.page(self.letters.newest(subject)) as page:
            page.get_by_role("link", name=str(score), exact=True).click()
            assert page.get_by_role("radio", name=str(score), exact=True).is_checked()
            page.get_by_role("textbox").fill(comment)
            self.looks(page, picture)
            page.get_by_role("button", name="Send").click()
            self.looks(page, f"{picture}-thanks")
            return page.get_by_role("main").inner_text()

    @contextmanager
    def page(self, html: str) -> Iterator[Page]:
        page = self.browser.new_page(viewport={"width": NARROW, "height": 640}, java_script_enabled=False)
        page.set_content(html)
        yield page
        page.close()

    def looks(self, page: Page, name: str) -> None:
        """Take pictures of a page, narrow and wide, if somebody wants to look at them."""
        for width in (NARROW, WIDE) if LOOKED_AT else ():
            page.set_viewport_size({"width": width, "height": 640})
            page.screenshot(path=Path(str(LOOKED_AT)) / f"{name}-{width}.png", full_page=True)

    def tasks(self) -> list[dict[str, Any]]:
        """What people have to do."""
        listed = self.runs("tasks", "--format", "json", "--now", self.now)
        return [json.loads(line) for line in listed.splitlines()]

    def result(self, measure: str) -> dict[str, dict[str, Any]]:
        """A measure of all campaigns together, by month."""
        listed = self.runs("results", "--format", "json", "--now", self.now, *MONTHS)
        found = [json.loads(line) for line in listed.splitlines()]
        return {one["period"]: one for one in found if one["measure"] == measure and one["campaign"] is None}


@pytest.fixture
def loop(tmp_path: Path, browser: Browser) -> Iterator[Loop]:
    letters = Letters()
    with listening(letters) as port, socket.create_server(("127.0.0.1", 0)) as listener:
        lay_down(tmp_path)
        (tmp_path / "rightreason.toml").write_text(
            f'[brand]\nname = "The Patient Oven"\nbase_url = "{address_of(listener)}"\n'
            f'[email]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
            'from = "The Patient Oven <hello@patient-oven.example>"\n'
        )
        with open_workspace(tmp_path) as workspace:
            loop = Loop(workspace, letters, browser, "2026-11-02T08:00:00")
            with served_at(listener, Site(workspace, loop.clock)):
                yield loop


def test_a_detractor_is_cared_for_told_and_asked_again_and_the_results_show_it(loop: Loop, tmp_path: Path) -> None:
    loop.runs("activate", "--yes", "--now", loop.now)
    loop.now = "2026-12-01T09:00:00"
    loop.learns()

    # Asked once in the quarter, on a day of their own; disappointed, and said why.
    loop.ticks("2027-03-16T10:00")
    thanked = loop.answers("One number, once a quarter", 3, "The jar came broken.", "detractor")
    assert "person" in thanked

    # A task for the customer's owner, with what was said; nobody does it, and so it goes on to others.
    loop.ticks("2027-03-16T10:05")
    [task] = loop.tasks()
    assert (task["customer"], task["assignee"]) == (CUSTOMER, "maja")
    assert "The jar came broken." in loop.runs("show", task["occasion"])
    assert len(loop.letters.all) == 1
    for now in ("2027-03-17T18:00", "2027-03-18T18:00", "2027-03-19T18:00", "2027-03-22T09:00"):
        loop.ticks(now)
    [overdue] = loop.tasks()
    assert overdue["assignee"] == "ines", "the manager has it"
    assert "escalated" in loop.runs("show", task["occasion"])

    # Solved: told so, and asked again some days later.
    loop.now = "2027-03-30T11:00:00"
    loop.runs("done", task["occasion"], "--outcome", "solved", "--set", "reason=broken", "--now", loop.now)
    assert loop.tasks() == []
    loop.ticks("2027-03-30T11:01")
    assert len(loop.letters.all) == 2
    assert "it is solved" in loop.letters.newest("It is solved")
    loop.ticks("2027-04-04T10:00")
    assert len(loop.letters.all) == 3
    loop.answers("Is it right now?", 10, "Thank you, Inês!", "promoter")
    loop.ticks("2027-04-04T10:05")
    assert loop.tasks() == []

    # What came of it.
    loop.now = "2027-05-01T09:00:00"
    file = tmp_path / "results.html"
    loop.runs("results", *MONTHS, "--html", str(file), "--now", loop.now)
    with loop.page(file.read_text()) as page:
        loop.looks(page, "results")
        said = page.locator("body").inner_text()
    assert "Net promoter score" in said
    assert "too few to tell" in said
    nps, back = loop.result("nps"), loop.result("recovery_rate")
    assert {month: (one["value"], one["because"]) for month, one in nps.items()} == {
        "2027-03": (-100, "too few to tell"),
        "2027-04": (100, "too few to tell"),
    }
    assert (back["2027-03"]["part"], back["2027-03"]["count"]) == (1, 1)
