"""Addresses in a form that can be compared: who uses one, and which of them must not be used."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, text

from scheduler.decisions.facts import ADDRESSES, Value
from scheduler.store import values
from scheduler.store.batch import Batch, Statement
from scheduler.store.buckets import bucket_of

ATTRIBUTES = tuple(dict.fromkeys(ADDRESSES.values()))
"""The attributes that are addresses."""

_USERS = {
    attribute: text(f"SELECT id FROM customer WHERE {attribute} = :address AND {attribute} <> ''")
    for attribute in ATTRIBUTES
}
_ANY_SUPPRESSED = Statement("SELECT 1 FROM suppression LIMIT 1")
_SUPPRESSED = Batch(
    "SELECT channel, address FROM suppression WHERE address IN (SELECT address FROM {given})", {"address": "text"}
)
_EVER = text(
    "SELECT CAST(attributes AS TEXT) FROM customer WHERE bucket = :bucket AND id = :customer"
    " UNION ALL SELECT CAST(detail AS TEXT) FROM note WHERE about = :customer AND what = 'attributes changed'"
)


def normal(address: str) -> str:
    """The address without differences of case and of white space."""
    return " ".join(address.split()).casefold()


def normals(attributes: Mapping[str, Value]) -> dict[str, str]:
    """Each kind of address that these attributes hold, or empty."""
    return {name: normal(str(attributes[name])) if name in attributes else "" for name in ATTRIBUTES}


def hashed(address: str, pepper: bytes) -> str:
    """What is kept of a normal address after its customer's erasure: a hash keyed with `pepper`."""
    return "sha256:" + hmac.new(pepper, address.encode(), "sha256").hexdigest()


def users(connection: Connection, channel: str, address: str) -> list[str]:
    """The ids of the customers whose present address on that channel is this normal one."""
    attribute = ADDRESSES.get(channel)
    if attribute is None:
        return []
    return [id_ for (id_,) in connection.execute(_USERS[attribute], {"address": address})]


def ever_used(connection: Connection, customer: str, pepper: bytes) -> list[dict[str, str]]:
    """The addresses that a customer has or, by the notes, had: the `channel` of each, and it, `plain` and `hashed`."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for (attributes,) in connection.execute(_EVER, {"bucket": bucket_of(customer), "customer": customer}):
        present = normals(values.read(attributes))
        for channel, attribute in ADDRESSES.items():
            if plain := present[attribute]:
                found[channel, plain] = {"channel": channel, "plain": plain, "hashed": hashed(plain, pepper)}
    return list(found.values())


def suppressed(
    connection: Connection, attributes: Mapping[str, Mapping[str, Value]], pepper: bytes
) -> dict[str, frozenset[str]]:
    """The channels that must not be used, by customer, given their present attributes."""
    if not _ANY_SUPPRESSED.all(connection, {}):
        return {}
    using: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for customer, present in attributes.items():
        for attribute in ATTRIBUTES:
            if attribute in present:
                plain = normal(str(present[attribute]))
                using[plain].append((customer, attribute))
                using[hashed(plain, pepper)].append((customer, attribute))
    found: dict[str, set[str]] = defaultdict(set)
    for channel, address in _SUPPRESSED.all(connection, [{"address": address} for address in using]):
        for customer, attribute in using[address]:
            if ADDRESSES.get(channel) == attribute:
                found[customer].add(channel)
    return {customer: frozenset(channels) for customer, channels in found.items()}
