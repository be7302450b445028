"""Whether a customer agrees to hear of a topic by a channel: the gate of consent, asked by itself."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

from scheduler.decisions import kernel
from scheduler.decisions.facts import Consent
from scheduler.decisions.numbering import Numbers


def agrees(consents: Sequence[Consent], topic: str, channel: str, *, opt_in: bool, now: int) -> bool:
    """Return whether somebody with these records agrees at `now`; with `opt_in`, silence is a no.

    The answer is that of the kernel's gate, which decides about every contact; pauses are left aside.
    """
    topics, channels = Numbers(), Numbers()
    slot = kernel.SlotRow(channel=channels[channel], topic=topics[topic], opt_in=int(opt_in))
    rows = [kernel.ConsentRow(one.at, topics[one.topic], channels[one.channel], int(one.given)) for one in consents]
    customer = kernel.CustomerRow(consent_to=len(rows))
    # the gate looks at no more than this
    program = cast("kernel.Program", SimpleNamespace(slots=[slot]))
    facts = cast("kernel.Facts", SimpleNamespace(customers=[customer], consents=rows))
    given, _ = kernel.gate_consent(program, facts, 0, now, 0)
    return given
