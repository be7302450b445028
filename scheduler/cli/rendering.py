"""Messages as files, before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from scheduler.channels.channel import HandoverKind
from scheduler.channels.file import FileChannel
from scheduler.cli.decision_rows import Told
from scheduler.delivery.composing import composer
from scheduler.errors import RightReasonError, TemplateError
from scheduler.planning.rulebooks import Active
from scheduler.store import Row
from scheduler.workspace import Workspace


def write_messages(workspace: Workspace, going_by: Active, contacts: Sequence[Told], folder: Path) -> int:
    """Write the message of each contact into a folder; how many.

    A message that can't be composed is told on stderr, and the others are written. Raises `RightReasonError` where
    the folder can't be written to.
    """
    compose = composer(going_by.program.rulebook, workspace.settings)
    customers = {one.id: one for one in workspace.store.customers.read({one.decision.customer for one in contacts})}
    channel = FileChannel(folder)
    written = 0
    for one in contacts:
        decision = one.decision
        try:
            message = compose.message(_row(one), decision.channel or "", customers[decision.customer], decision.at)
        except TemplateError as error:
            typer.echo(f"{decision.occasion}: {error}", err=True)
            continue
        outcome = channel.deliver(message, decision.occasion, decision.at)
        if outcome.kind is not HandoverKind.SENT:
            raise RightReasonError(f"{folder}: {outcome.detail}")
        written += 1
    channel.close()
    return written


def _row(one: Told) -> Row:
    decision = one.decision
    return Row(
        key=decision.occasion,
        customer=decision.customer,
        rule=decision.rule,
        anchor=decision.event.id if decision.event else "",
        trigger_at=decision.trigger,
        opens=decision.opens,
        closes=decision.closes,
        asks_for=decision.asks_for,
    )
