"""Rows of the ledger as they are printed: the same keys for all commands that show them."""

from __future__ import annotations

from typing import Any

from scheduler.cli.local_time import iso
from scheduler.store import Row
from scheduler.wallclock import Zone

KEYS = (
    *("occasion", "customer", "rule", "asks_for", "state", "at", "trigger", "opens", "closes", "next_at"),
    *("decided_at", "channel", "template", "reason", "because", "attempts", "message_id", "provider_id", "error"),
    "version",
)


def as_object(row: Row, where: Zone) -> dict[str, Any]:
    """A row with ISO 8601 instants of the customer's zone; `at` is the instant it was decided for."""
    return {
        "occasion": row.key,
        "customer": row.customer,
        "rule": row.rule,
        "asks_for": str(row.asks_for),
        "state": str(row.state),
        "at": iso(row.decided_for, where),
        "trigger": iso(row.trigger_at, where),
        "opens": iso(row.opens, where),
        "closes": iso(row.closes, where),
        "next_at": iso(row.next_at, where),
        "decided_at": iso(row.decided_at, where),
        "channel": row.channel or None,
        "template": row.template or None,
        "reason": row.reason,
        "because": list(row.because),
        "attempts": row.attempts,
        "message_id": row.message_id or None,
        "provider_id": row.provider_id or None,
        "error": row.error or None,
        "version": row.version,
    }
