"""`rightreason collect`: read what came back by e-mail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from scheduler.cli import frame
from scheduler.cli.formats import count
from scheduler.cli.moments import Now, now_in
from scheduler.errors import SettingsError

if TYPE_CHECKING:
    from scheduler.delivery.inbox import Collected


def collect(ctx: typer.Context, now: Now = None) -> None:
    """Read what came back: bounces, complaints and replies.

    They come to the mailbox that [bounces] in rightreason.toml names. A bounced address that there is not, and
    whoever complains, are never written to again. What went wrong is told on stderr, and ends with 1.

    Examples:
      rightreason collect
    """
    from scheduler.delivery.inbox import collect as collect_once

    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace:
        bounces = workspace.settings.bounces
        if bounces.maildir is None and bounces.host is None:
            raise SettingsError(
                "there is no mailbox to read: set bounces.maildir, or bounces.host for one on an IMAP server"
            )
        collected = collect_once(workspace.store, workspace.settings, at)
    for line in _lines(collected):
        typer.echo(line)
    for problem in collected.problems:
        typer.echo(f"rightreason: {problem}", err=True)
    if collected.problems:
        raise typer.Exit(1)


def _lines(collected: Collected) -> Iterator[str]:
    from scheduler.cli.reports import counted

    told = [
        *collected.effects.items(),
        ("about something else", collected.others),
        ("unreadable", collected.unreadable),
    ]
    yield f"read        {count(collected.mails, 'mail')}: {counted(told)}"
    yield f"suppressed  {count(collected.suppressed, 'address', 'addresses')}"
