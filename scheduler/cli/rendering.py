"""Messages as files, before anything is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from scheduler.channels.channel import HandoverKind
from scheduler.channels.file import FileChannel
from scheduler.cli.decision_rows import Told
from scheduler.cli.formats import count
from scheduler.delivery.composing import composer
from scheduler.errors import RightReasonError, TemplateError
from scheduler.messages.segments import Segments, named, segments
from scheduler.planning.rulebooks import Active
from scheduler.store import Row
from scheduler.workspace import Workspace

LETTERS = 10
"""So many of the letters that make text messages dear are named."""


@dataclass(frozen=True)
class Written:
    """How many messages were written, and for each rule that sends SMS what they cost, in a sentence."""

    number: int
    lengths: tuple[str, ...]


def write_messages(workspace: Workspace, going_by: Active, contacts: Sequence[Told], folder: Path) -> Written:
    """Write the message of each contact into a folder.

    A message that can't be composed is told on stderr, and the others are written. Raises `RightReasonError` where
    the folder can't be written to.
    """
    compose = composer(going_by.program.rulebook, workspace.settings)
    customers = {one.id: one for one in workspace.store.customers.read({one.decision.customer for one in contacts})}
    channel = FileChannel(folder)
    written = 0
    texts: dict[str, list[Segments]] = defaultdict(list)
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
        if message.channel == "sms":
            texts[decision.rule].append(segments(message.text.strip()))
    channel.close()
    return Written(written, tuple(_lengths(texts)))


def _lengths(texts: Mapping[str, Sequence[Segments]]) -> Iterator[str]:
    for rule, found in sorted(texts.items()):
        line = f"{rule}: {count(len(found), 'SMS', 'SMS')}, {count(sum(one.count for one in found), 'segment')}"
        letters = list(dict.fromkeys("".join(one.because for one in found)))
        if letters:
            dear = sum(bool(one.because) for one in found)
            more = " …" if len(letters) > LETTERS else ""
            line += f"; {count(dear, 'SMS', 'SMS')} in UCS-2 because of {named(letters[:LETTERS])}{more}"
        yield line


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
