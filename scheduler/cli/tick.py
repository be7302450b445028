"""`rightreason tick`: plan, decide and deliver once."""

from __future__ import annotations

import typer

from scheduler.cli import frame
from scheduler.cli.moments import Now, clock, instant_in
from scheduler.errors import InputError


def tick(ctx: typer.Context, now: Now = None) -> None:
    """Plan, decide and deliver once, then end (for cron).

    Ends with 3 where daemons are at work for all customers already. What went wrong is told on stderr, and ends with 1.

    Examples:
      rightreason tick
      rightreason tick --now "2026-03-02 10:00"      # where mails go to files
    """
    from scheduler.channels.alert import Alert, Alerts
    from scheduler.cli.reports import lines_of
    from scheduler.cli.rules import house_of
    from scheduler.delivery.guard import Guard, guarded_tick, told_of
    from scheduler.delivery.tick import tick as tick_once
    from scheduler.delivery.worker import at_work, this_process
    from scheduler.logs import log_as_json
    from scheduler.wallclock import zone

    with frame.opened(ctx) as workspace:
        house = house_of(workspace)
        if now is not None and not workspace.settings.mails_go_to_files:
            raise InputError(
                "--now would send real mails at a made-up time, and end for good what is too late by then; "
                'take `rightreason simulate`, or set deliver_by = "file"'
            )
        present = clock() if now is None else instant_in(now, house.timezone, "--now")
        staff, alerts = Alerts(workspace.settings), list[Alert]()
        with log_as_json(), at_work(workspace, this_process(), present) as worker:
            if now is None:
                guard = Guard(
                    workspace.store,
                    clock,
                    folder=workspace.folder,
                    on_hold=lambda who, cause: alerts.append(told_of(who, cause)),
                )
                report = guarded_tick(worker, guard, clock, guard.check)
                guard.beat()
                alerts += report.alerts
            else:  # a made-up time says nothing of the clock, and nobody has to know of it now
                report = tick_once(worker, present)
        problems = [*report.problems, *staff.tell_all(alerts, present)]
    for line in lines_of(report, zone(house.timezone)):
        typer.echo(line)
    for problem in problems:
        typer.echo(f"rightreason: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
