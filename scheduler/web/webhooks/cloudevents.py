"""CloudEvents 1.0 by HTTP: structured, in batches, and in binary mode (the specification's HTTP binding, 1.0.2).

`type` names the event, `subject` its customer, `data` its properties; `source` and `id` are its identity.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from scheduler.intake.causes import Cause, Rejected
from scheduler.web.bodies import media_type
from scheduler.web.facts.keys import presented
from scheduler.web.facts.names import named
from scheduler.web.facts.values import flat
from scheduler.web.facts.writer import Facts
from scheduler.web.webhooks.adapter import Adapter, House, Message, Part
from scheduler.web.webhooks.reading import happened, moment_or, needed, text
from scheduler.web.webhooks.signatures import unsigned

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
BINARY = "application/json"
_HEADER = "ce-"
_DOMAIN = re.compile(r"(?:com|org|net|io|dev|app|edu|gov|info|example|[a-z]{2})\.[a-z0-9-]+\.(?=.)", re.ASCII)


def prove(message: Message, keys: tuple[bytes, ...]) -> bytes:
    """Raise `Problem` unless the message brings a write key; a message may come again, since it has an id."""
    given = presented(message.headers.get("authorization", ""))
    if True not in [hmac.compare_digest(key, given) for key in keys]:
        raise unsigned("the write key is missing or not known; send it as Bearer, or as the user of Basic")
    return b""


def read(message: Message, payload: Any, _house: House) -> tuple[Part, ...]:
    """The events of a message."""
    if message.media_type == BATCHED:
        if not isinstance(payload, list):
            raise Rejected(Cause.NOT_JSON, "a batch is a list of events")
        return tuple(_of_batch(one, place, message.now) for place, one in enumerate(payload))
    if message.media_type == STRUCTURED:
        return (_event(payload, message.now),)
    attributes = {
        name.removeprefix(_HEADER): unquote(value.strip('"'))
        for name, value in message.headers.items()
        if name.startswith(_HEADER)
    }
    return (_event({**attributes, "data": payload}, message.now),)


def _of_batch(event: Any, place: int, now: int) -> Part:
    try:
        return _event(event, now)
    except Rejected as refused:
        raise Rejected(refused.cause, str(refused), f"event {place + 1}") from None


def _event(event: Any, now: int) -> Part:
    if not isinstance(event, dict):
        raise Rejected(Cause.NOT_JSON, "an event is an object")
    if text(event, "specversion") != "1.0":
        raise Rejected(Cause.MISSING, "is not 1.0, which is all that is read", "specversion")
    source, id_, kind = (needed(event, name) for name in ("source", "id", "type"))
    if " " in source:
        raise Rejected(Cause.NOT_JSON, "is no URI reference: it holds a blank", "source")
    happens = happened(
        f"{source} {id_}",  # a source is a URI reference, which holds no blank
        needed(event, "subject"),
        event_name(kind),
        moment_or(now, event, "time", now=now),
        flat(_data(event), "data"),
        now=now,
    )
    return Part(Facts(events=(happens,)))


def event_name(kind: str) -> str:
    """The name that rules have for a type: in snake_case, without a domain written backwards before it.

    `com.example.order.placed` is `order_placed`. Raises `Rejected`.
    """
    return named(_DOMAIN.sub("", kind, count=1) if _DOMAIN.match(kind) else kind, "type")


def _data(event: Mapping[str, Any]) -> dict[str, Any]:
    kind = media_type(text(event, "datacontenttype"))
    data = event.get("data")
    if "data_base64" in event or (kind and kind != BINARY and not kind.endswith("+json")):
        raise Rejected(Cause.NOT_JSON, "is not JSON, which is all that is read", "data")
    if data is not None and not isinstance(data, dict):
        raise Rejected(Cause.NOT_JSON, 'is no object, such as {"order_id": "A1"}', "data")
    return data or {}


ADAPTER = Adapter(
    name="CloudEvents",
    path="/events",
    setting="write_key",
    key_of=str.encode,
    prove=prove,
    read=read,
    types=(STRUCTURED, BATCHED, BINARY),
    ids=True,
)
