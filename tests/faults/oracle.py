"""Compares what the mail server took with what the ledger says.

Of everything that was due exactly one has to be true: it arrived once and is `sent`; it did not arrive, is not `sent`,
and a cause is given; or it is `unconfirmed`, and arrived once at the most.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from scheduler.channels.mime import message_id
from scheduler.store import Row, State

from .sink import Line

ARRIVED = frozenset({State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED})
"""What says that a message was taken."""


@dataclass(frozen=True)
class Verdict:
    """How often a fault was tried, on how many occasions, and what came of it; `findings` say what was not held."""

    cycles: int = 0
    cases: int = 0
    duplicates: int = 0
    lost: int = 0
    unconfirmed: int = 0
    wrongly_sent: int = 0
    findings: tuple[str, ...] = field(default=())

    @property
    def is_held(self) -> bool:
        """Whether all that was to be held was."""
        return not self.findings

    def __add__(self, other: Verdict) -> Verdict:
        """Both together."""
        numbers = ("cycles", "cases", "duplicates", "lost", "unconfirmed", "wrongly_sent")
        both = {name: getattr(self, name) + getattr(other, name) for name in numbers}
        return Verdict(**both, findings=self.findings + other.findings)

    def in_cycles(self, cycles: int) -> Verdict:
        """The same, after so many cycles."""
        return replace(self, cycles=cycles)

    def expecting(self, holds: object, otherwise: str) -> Verdict:
        """The same, with a finding more where something does not hold."""
        return self if holds else replace(self, findings=(*self.findings, otherwise))


def compare(
    due: Iterable[str],
    rows: Mapping[str, Row],
    lines: Iterable[Line],
    sender: str,
    stays: Collection[State] = (),
    sent_before: Iterable[str] = (),
) -> Verdict:
    """The verdict about occasions that were due, by their keys.

    `rows` are the ledger's, by key; `lines` the mail server's; `sender` whom mails are from. `stays` are states in
    which an occasion may be left with a cause though it is not over. `sent_before` are keys that arrived elsewhere.
    """
    keys = list(due)
    accepted = [line for line in lines if line.step == "accepted"]
    by_id: dict[str, list[Line]] = defaultdict(list)
    for line in accepted:
        by_id[line.id].append(line)
    counts: Counter[str] = Counter()
    findings: list[str] = []
    elsewhere = set(sent_before)
    for key in keys:
        arrived = len(by_id.pop(message_id(key, sender), ())) + (key in elsewhere)
        _judge(key, rows.get(key), arrived, stays, counts, findings)
    for identifier, found in by_id.items():
        counts["wrongly_sent"] += len(found)
        findings.append(f"{identifier}: arrived, and nothing of the kind was due")
    # The same order under two Message-IDs is one message too many as well.
    for subject, identifiers in _identifiers(accepted).items():
        counts["duplicates"] += len(identifiers) - 1
        findings += [f"{subject!r} arrived under {len(identifiers)} Message-IDs"] * (len(identifiers) > 1)
    return Verdict(cases=len(keys), **counts, findings=tuple(findings))


def _judge(
    key: str, row: Row | None, arrived: int, stays: Collection[State], counts: Counter[str], findings: list[str]
) -> None:
    if arrived > 1:
        counts["duplicates"] += arrived - 1
        findings.append(f"{key}: arrived {arrived} times")
    if row is None:
        counts["lost"] += 1
        findings.append(f"{key}: vanished from the ledger")
    elif row.state is State.UNCONFIRMED:
        counts["unconfirmed"] += 1
    elif row.state in ARRIVED:
        if not arrived:
            counts["lost"] += 1
            findings.append(f"{key}: is {row.state}, and never arrived")
    elif arrived:
        counts["wrongly_sent"] += 1
        findings.append(f"{key}: arrived, and is {row.state}")
    elif not row.state.is_over and row.state not in stays:
        counts["lost"] += 1
        findings.append(f"{key}: is {row.state} for ever ({row.error or 'no cause given'})")
    elif not (row.because or row.error):
        counts["lost"] += 1
        findings.append(f"{key}: is {row.state}, and nobody says why")


def _identifiers(lines: Iterable[Line]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.subject:
            found[line.subject].add(line.id)
    return found
