"""Addresses in a form that can be compared, and who uses one."""

# ruff: noqa: S608 (statements are put together from our own names only; every value is a parameter)

from __future__ import annotations

import hmac
from collections.abc import Mapping

from sqlalchemy import Connection, text

from scheduler.decisions.facts import ADDRESSES, Value

ATTRIBUTES = tuple(dict.fromkeys(ADDRESSES.values()))
"""The attributes that are addresses."""

_USERS = {
    attribute: text(f"SELECT id FROM customer WHERE {attribute} = :address AND {attribute} <> ''")
    for attribute in ATTRIBUTES
}


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
