"""Standard Webhooks (https://www.standardwebhooks.com, specification 1.0.0): an event of a customer, signed.

The body is `{"type": NAME, "timestamp": INSTANT, "data": {"customer": ID, …}}`, where the rest of `data` are the
event's properties. `webhook-id` is its identity.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from scheduler.intake.causes import Cause, Rejected
from scheduler.web.facts.names import named
from scheduler.web.facts.values import flat
from scheduler.web.facts.writer import Facts
from scheduler.web.webhooks.adapter import Adapter, House, Message, Part
from scheduler.web.webhooks.reading import happened, moment, needed
from scheduler.web.webhooks.signatures import ensure_recent, ensure_signed, from_base64

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def key_of(written: str) -> bytes:
    """The key in `whsec_` and base64; raises `ValueError`."""
    key = b64decode(written.removeprefix(_PREFIX), validate=True) if written.startswith(_PREFIX) else b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"a key is {_PREFIX} and then {_SHORTEST} to {_LONGEST} random bytes in base64")
    return key


def prove(message: Message, keys: tuple[bytes, ...]) -> bytes:
    """Raise `Problem` unless the id, the timestamp and the body are signed, and recent; what was signed."""
    id_, timestamp = (message.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp"))
    signatures = (one.partition(",") for one in message.headers.get("webhook-signature", "").split(" "))
    content = f"{id_}.{timestamp}.".encode() + message.body
    ensure_signed(content, [from_base64(one) for version, _, one in signatures if version == "v1"], keys)
    ensure_recent(timestamp, now=message.now, skew=message.skew)
    return content


def read(message: Message, payload: Any, _house: House) -> tuple[Part, ...]:
    """The event of a message."""
    data = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(data, dict):
        raise Rejected(Cause.NOT_JSON, 'is no object, such as {"customer": "C1"}', "data")
    happens = happened(
        f"webhook {needed(message.headers, 'webhook-id')}",
        needed(payload, "data", "customer"),
        named(needed(payload, "type"), "type"),
        moment(payload, "timestamp", now=message.now),
        flat({name: value for name, value in data.items() if name != "customer"}, "data"),
        now=message.now,
    )
    return (Part(Facts(events=(happens,))),)


ADAPTER = Adapter(
    name="Standard Webhooks",
    path="/webhooks/standard",
    setting="webhook_key",
    key_of=key_of,
    prove=prove,
    read=read,
    ids=True,
)
