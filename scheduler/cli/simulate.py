"""`rightreason simulate`: the daemon on a simulated clock, on a copy of the workspace."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import count
from scheduler.cli.moments import Now, instant_in
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.cli.reports import Whole
    from scheduler.delivery.tick import Report
    from scheduler.workspace import Workspace

MARK = ".simulated"
"""The file that tells a simulation's folder from any other: only such a folder is ever replaced."""
_DATABASE = "rightreason.db"
_SETTINGS = "rightreason.toml"


def simulate(
    ctx: typer.Context,
    until: Annotated[str, typer.Option("--until", metavar="INSTANT", help="Up to then, in the house's time.")],
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="Where the copy goes; else simulated/ here."),
    ] = None,
    active: Annotated[
        bool, typer.Option("--active", help="By the rules that are active, rather than those in the folder.")
    ] = False,
    now: Now = None,
) -> None:
    """Let the daemon work on a simulated clock, and look.

    It works on a copy of the workspace, and every message becomes a file there: nothing is sent, and nothing here is
    changed. The copy is a workspace of its own, so all commands can look around in it.

    Examples:
      rightreason simulate --until 2026-12-24
      rightreason --workspace simulated contacts
    """
    from scheduler.cli import rules
    from scheduler.cli.person import who
    from scheduler.cli.reports import Whole
    from scheduler.planning.activation import activate

    with frame.opened(ctx) as source:
        going_by, since = rules.rules_and_moment(source, now, running=active, option="--now")
        zone_name = going_by.program.house.timezone
        end = instant_in(until, zone_name, "--until")
        if end <= since:
            raise InputError(f"--until {until}: that is over already")
        folder = into or source.folder / "simulated"
        with copied(source, folder) as copy:
            activate(copy.store, going_by.program.rulebook, who(), since)
            whole = Whole()
            for report in simulated(copy, since, end):
                whole.add(report)
            outbox = copy.settings.outbox_folder
            made = _made(copy, since, end)
    _print(whole, made, folder, outbox)


def simulated(workspace: Workspace, since: int, until: int) -> Iterator[Report]:
    """Each tick of the daemon from `since` on and before `until`, with a bar on stderr where that is a terminal."""
    from scheduler.delivery.simulation import simulate as ticks
    from scheduler.delivery.worker import at_work, this_process

    with at_work(workspace, this_process(), since) as worker:
        yield from _watched(ticks(worker, since, until), since, until)


@contextmanager
def copied(source: Workspace, folder: Path) -> Iterator[Workspace]:
    """A copy of a workspace in a folder, which delivers into files and belongs to nobody.

    A former simulation in that folder is replaced. Raises `InputError` where something else is there, or where the
    database can't be copied.
    """
    from scheduler.workspace import open_workspace

    if source.store.is_postgresql:
        raise InputError("simulate works on a copy of the database, and can copy SQLite only")
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir() if folder.is_dir() else [folder]):
        raise InputError(f"{folder} is there already and is no simulation; name another folder by --into")
    if (folder / MARK).exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    for part in ("rules", "templates"):
        if (source.folder / part).is_dir():
            shutil.copytree(source.folder / part, folder / part)
    if (source.folder / ".secret").exists():
        shutil.copy2(source.folder / ".secret", folder / ".secret")
    settings = source.folder / _SETTINGS
    written = settings.read_text(encoding="utf-8") if settings.exists() else ""
    (folder / _SETTINGS).write_text(_harmless(written), encoding="utf-8")
    source.store.copy(folder / _DATABASE)
    database = f"sqlite:///{(folder / _DATABASE).absolute()}"
    with open_workspace(folder, database=database, deliver_by="file", outbox=Path("outbox")) as copy:
        held = copy.store.leases.held()
        if held is not None:  # whoever works on the original does not work here
            copy.store.leases.release(held[0], now=held[1])
        yield copy


def _harmless(settings: str) -> str:
    """Settings that deliver into files, and name no database but the copy's own."""
    top, *tables = re.split(r"(?m)^(?=[ \t]*\[)", settings, maxsplit=1)
    kept = re.sub(r"(?m)^[ \t]*(database|deliver_by|outbox)[ \t]*=.*\n?", "", top)
    return "".join(['deliver_by = "file"\n', kept, *tables])


def _made(copy: Workspace, since: int, until: int) -> dict[str, int]:
    from collections import Counter

    from scheduler.store import CONTACTED

    rows = copy.store.ledger.rows(states=CONTACTED, since=since, until=until)
    return Counter(row.rule for row in rows)


def _print(whole: Whole, made: dict[str, int], folder: Path, outbox: Path) -> None:
    from scheduler.cli.chart import bars

    typer.echo(f"{count(sum(made.values()), 'contact')} in {count(whole.ticks, 'tick')}:")
    for line in bars(made, indent=2):
        typer.echo(line)
    for problem, times in whole.problems.most_common(10):
        typer.echo(f"rightreason: {problem}" + (f" ({times} times)" if times > 1 else ""), err=True)
    typer.echo(f"\nThe messages are in {outbox}. Look around in the copy:\n  rightreason --workspace {folder} contacts")


def _watched(reports: Iterable[Report], since: int, until: int) -> Iterator[Report]:
    if not sys.stderr.isatty():
        yield from reports
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("simulating", total=until - since)
        for report in reports:
            bar.update(task, completed=report.now - since)
            yield report
