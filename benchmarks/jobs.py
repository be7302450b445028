"""The jobs that are measured, and the shops and workspaces that they are measured on; each made and run once."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.processes import PROGRAM, PYTHON, Failed, Median, ended, median, printed_seconds, printing, say

HERE = Path(__file__).resolve().parent
NOW = "2026-11-01T12:00:00Z"
BACKTEST = (PROGRAM, "backtest", "--from", "2025-11-01", "--to", "2026-11-01")
PREVIEW = (PROGRAM, "preview", "--days", "30", "--now", NOW, "--format", "json")
EVENTS_EACH = 10
ONE = "c00000007"


@dataclass(frozen=True)
class KernelFigures:
    """What the kernel took for a year of a shop.

    `seconds` is the time in which all cores opened the windows and walked them, `decisions` how many occasions were
    decided. `plain_seconds` is what one core takes for `sample` customers in plain Python, `sample_seconds` what the
    kernel takes for the same ones on one core; `same` says whether both made the same contacts.
    """

    seconds: float
    decisions: int
    sample: int
    sample_seconds: float
    plain_seconds: float
    same: bool


@dataclass(frozen=True)
class Jobs:
    """Jobs in a scratch folder. Sizes are in customers; every method may raise `Failed`."""

    scratch: Path

    def kernel(self, customers: int) -> KernelFigures | None:
        """The walk alone, from columns to contacts; None where Numba is not installed."""
        return _kernel(_shop(self.scratch, "parquet", customers), _by_twelve_rules(self.scratch, None))

    def backtest_of_files(self, customers: int) -> Median:
        """A year from Parquet, summarised."""
        facts = _shop(self.scratch, "parquet", customers)
        return _median(*BACKTEST, "--facts", str(facts), folder=_by_twelve_rules(self.scratch, None))

    def bare_files(self, customers: int) -> Median:
        """The same files, read."""
        return _bare("parquet", _shop(self.scratch, "parquet", customers))

    def backtest_of_store(self, customers: int) -> Median:
        """A year from SQLite, summarised, with the contacts as a file."""
        folder = _by_twelve_rules(self.scratch, customers)
        return _median(*BACKTEST, "--contacts", "contacts.csv", folder=folder)

    def bare_store(self, customers: int) -> tuple[Median, Median]:
        """The same rows, read; and the same contacts, written."""
        self.backtest_of_store(customers)
        folder = _by_twelve_rules(self.scratch, customers)
        return _bare("sqlite", folder / "rightreason.db"), _bare("contacts", folder / "contacts.csv")

    def preview(self, customers: int) -> Median:
        """The next 30 days of all customers in SQLite, by the starter rules."""
        return _median(*PREVIEW, folder=_by_starter_rules(self.scratch, customers))

    def preview_of_one(self, customers: int) -> Median:
        """The next 30 days of one of them."""
        return _median(*PREVIEW, "--customer", ONE, folder=_by_starter_rules(self.scratch, customers))

    def intake(self, events: int) -> dict[str, float]:
        """Events by the twelve rules into SQLite: `rate` a second, `half` and `worst` of single ones in seconds."""
        return _inside("intake", _twelve_rules(self.scratch / "intake"), events)

    def sending(self, contacts: int) -> tuple[dict[str, float], dict[str, float] | str]:
        """Contacts by the twelve rules to a mail server: how many were `sent`, `rate` a second, `bare` the loop's.

        And by django-post-office: its best `rate`, reached with `threads` and mails in a `batch`, or why there is none.
        """
        folder = _twelve_rules(self.scratch / "sending")
        with printing(PYTHON, "-m", "benchmarks.mail_sink") as port:
            ours = _inside("sending", folder, contacts, int(port))
            try:
                peer = _peers_python(self.scratch / "peer")
            except Failed as error:
                return ours, f"its packages can't be fetched: {error}"
            script, mails = str(HERE / "peer.py"), str(folder / "mails.jsonl")
            return ours, json.loads(ended(peer, script, mails, str(self.scratch / "peer"), port).printed)

    def idle(self, planned: int) -> dict[str, float]:
        """The daemon on so many planned rows: `cpu` of a core, `half` and `worst` of its `wakes` in seconds."""
        times = self.scratch / "times"
        times.touch()
        with printing(PYTHON, "-m", "benchmarks.mail_sink", str(times)) as port:
            folder = str(self.scratch / "idle")
            printed = ended(PYTHON, "-m", "benchmarks.daemon", folder, str(planned), port, str(times)).printed
        found: dict[str, float] = json.loads(printed)
        return found

    def http(self, events: int, database: str, processes: int) -> dict[str, Any] | str:
        """Events by HTTP, as `benchmarks.by_http` tells it, or why there is no such database."""
        folder = str(self.scratch / f"http-{database}-{processes}")
        try:
            printed = ended(PYTHON, "-m", "benchmarks.by_http", folder, str(events), database, str(processes)).printed
        except Failed as error:
            return str(error)
        found: dict[str, Any] = json.loads(printed)
        return found


def _peers_python(folder: Path) -> str:
    """The Python of an environment for the peer alone, that holds what `peer.txt` names. Raises `Failed`."""
    uv = shutil.which("uv", path=f"{Path(PYTHON).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise Failed("there is no uv")
    python = str(folder / "env" / "bin" / "python")
    ended(uv, "venv", "--quiet", "--python", PYTHON, str(folder / "env"))
    ended(uv, "pip", "install", "--quiet", "--python", python, "--requirements", str(HERE / "peer.txt"))
    return python


@cache
def _shop(scratch: Path, form: str, customers: int) -> Path:
    folder = scratch / f"{form}-{customers}"
    folder.mkdir()
    made = ended(
        *(PYTHON, "-m", "benchmarks.shops", form, str(folder), "--until", NOW),
        *("--customers", str(customers), "--events-each", str(EVENTS_EACH)),
    )
    say(f"made a shop of {customers:,} customers ({form}) in {made.seconds:.0f} s")
    return folder


@cache
def _by_starter_rules(scratch: Path, customers: int) -> Path:
    folder = scratch / f"starter-{customers}"
    ended(PROGRAM, "init", str(folder))
    shutil.copyfile(_shop(scratch, "sqlite", customers) / "rightreason.db", folder / "rightreason.db")
    return folder


@cache
def _by_twelve_rules(scratch: Path, customers: int | None) -> Path:
    """A workspace that goes by the rules beside this file, without a database where no size is given."""
    folder = _twelve_rules(scratch / f"twelve-{customers or 'files'}")
    if customers is not None:
        shutil.copyfile(_shop(scratch, "sqlite", customers) / "rightreason.db", folder / "rightreason.db")
    return folder


def _twelve_rules(folder: Path) -> Path:
    ended(PROGRAM, "init", str(folder))
    shutil.rmtree(folder / "rules")
    for name in ("rules", "templates"):
        shutil.copytree(HERE / name, folder / name, dirs_exist_ok=True)
    ended(PROGRAM, "check", folder=folder)
    return folder


def _inside(job: str, folder: Path, *numbers: int) -> dict[str, float]:
    """What a job of `benchmarks.delivery` has measured of itself."""
    printed = ended(PYTHON, "-m", "benchmarks.delivery", job, str(folder), *map(str, numbers)).printed
    found: dict[str, float] = json.loads(printed)
    return found


@cache
def _median(*command: str, folder: Path) -> Median:
    return median(*command, folder=folder)


@cache
def _bare(job: str, path: Path) -> Median:
    return median(PYTHON, "-m", "benchmarks.bare", job, str(path), seconds_of=printed_seconds)


@cache
def _kernel(facts: Path, workspace: Path) -> KernelFigures | None:
    found = json.loads(ended(PYTHON, "-m", "benchmarks.kernel", str(facts), str(workspace)).printed)
    return None if found is None else KernelFigures(**found)
