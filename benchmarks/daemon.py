"""What the daemon takes while nothing is due, and how soon it wakes when something is; prints JSON.

python -m benchmarks.daemon WORKSPACE PLANNED PORT TIMES: a real `rightreason run` on so many planned rows. It sends
to the mail server at PORT, which writes to the file TIMES when each message came.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

from benchmarks.processes import ENVIRONMENT, PROGRAM, Failed, cpu
from scheduler.decisions.facts import Event
from scheduler.durations import HOUR
from scheduler.planning.activation import activate
from scheduler.planning.plan import plan_name
from scheduler.planning.rulebooks import Active, active
from scheduler.rulebook.model import AsksFor
from scheduler.rulebook.reader import load_rulebook
from scheduler.store import CustomerEvent, Row, Store
from scheduler.wallclock import DAY
from scheduler.workspace import open_workspace

RULES = """\
campaign: Idle
owner: care@example.com
rules:
  thanks:
    reason: They bought something and hear from us after an hour.
    asks_for: nothing
    when: bought
    after: 1 hour
    before: 1 day
    send: thanks
    by: [email]
"""
HOUSE = """\
timezone: Europe/Berlin
send_hours: {any: {from: "00:00", to: "24:00", days: all}}
frequency_caps: []
"""
TEMPLATE = "---\nsubject: Thank you\n---\nThank you for what you bought.\n"
SETTINGS = '[email]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nfrom = "Our shop <shop@example.com>"\n'

SECOND = 1_000_000
SETTLES, LOOKS, APART, ENDS = 20, 60, 3, 5
"""Seconds that the daemon gets to start, that it is watched, from one due moment to the next, and after the last."""
WAKES = 20
EACH = 10
"""As many planned rows has a customer."""
AT_ONCE = 1_000


def idle(folder: Path, planned: int, port: int, times: Path) -> dict[str, float]:
    """`cpu`: the share of a core while nothing is due; `half`, `worst`: seconds from due moments to the mail server."""
    _write(folder, port)
    with open_workspace(folder) as workspace:
        activate(workspace.store, load_rulebook(folder), "benchmark", _now() - DAY)
        rules = active(workspace.store)
        assert rules is not None  # noqa: S101 - they were just activated
        _fill(workspace.store, rules, planned)
        first = _now() + (SETTLES + LOOKS + ENDS) * SECOND
        due = [first + number * APART * SECOND for number in range(WAKES)]
        _will_be_due(workspace.store, due)
    with (folder / "daemon.log").open("w") as log:
        daemon = subprocess.Popen((PROGRAM, "run"), cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log)  # noqa: S603 - our own command
        try:
            time.sleep(SETTLES)
            before = cpu(daemon.pid)
            time.sleep(LOOKS)
            used = cpu(daemon.pid) - before
            time.sleep(max(0, due[-1] - _now()) / SECOND + ENDS)
        finally:
            daemon.terminate()
            daemon.wait()
    came = [int(line) for line in times.read_text().splitlines()]
    if len(came) != WAKES:
        raise Failed(f"{len(came)} of {WAKES} messages came; the daemon said: {(folder / 'daemon.log').read_text()}")
    late = sorted((at - moment) / SECOND for at, moment in zip(came, due, strict=True))
    return {"cpu": used / LOOKS, "half": late[WAKES // 2], "worst": late[-1], "wakes": WAKES}


def _write(folder: Path, port: int) -> None:
    for name in ("rules", "templates"):
        (folder / name).mkdir(parents=True)
    texts = {"rules/house_rules.yaml": HOUSE, "rules/idle.yaml": RULES, "templates/thanks.email.md": TEMPLATE}
    for name, text in {**texts, "rightreason.toml": SETTINGS.format(port=port)}.items():
        (folder / name).write_text(text)


def _fill(store: Store, rules: Active, planned: int) -> None:
    """Put rows into the ledger as planning does, each due on one of the next hundred days."""
    now = _now()
    names = [f"c{number:08}" for number in range(planned // EACH)]
    for some in _batches(names):
        store.customers.add([(name, _attributes(name)) for name in some], now=now)
        store.ledger.put([_row(rules, name, number, now) for name in some for number in range(EACH)])
        store.customers.mark_planned(store.customers.revisions(some).items(), plan_name(rules))


def _row(rules: Active, customer: str, number: int, now: int) -> Row:
    opens = now + (1 + number * EACH) * DAY + int(customer[1:]) * SECOND
    return Row(
        key=f"thanks/{customer}/e{number}",
        customer=customer,
        rule="thanks",
        anchor=f"e{number}",
        trigger_at=opens - HOUR,
        opens=opens,
        closes=opens + DAY,
        asks_for=AsksFor.NOTHING,
        next_at=opens,
        template="thanks",
        reason=rules.program.rules[0].reason,
        version=rules.version,
        revision=1,
    )


def _will_be_due(store: Store, moments: list[int]) -> None:
    names = [f"due{number:04}" for number, _ in enumerate(moments)]
    now = _now()
    store.customers.add([(name, _attributes(name)) for name in names], now=now)
    bought = [Event(name, "bought", at - HOUR, now) for name, at in zip(names, moments, strict=True)]
    store.events.add([CustomerEvent(event.id, event) for event in bought], now=now)


def _attributes(name: str) -> dict[str, str]:
    return {"name": name, "email": f"{name}@example.com"}


def _batches(names: list[str]) -> list[list[str]]:
    rest = iter(names)
    return list(iter(lambda: list(islice(rest, AT_ONCE)), []))


def _now() -> int:
    return time.time_ns() // 1_000


if __name__ == "__main__":
    where, number, port, times = sys.argv[1:]
    sys.stdout.write(json.dumps(idle(Path(where), int(number), int(port), Path(times))) + "\n")
