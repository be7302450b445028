"""Customers who are named on the command line."""

from __future__ import annotations

from scheduler.decisions.facts import Customer
from scheduler.errors import InputError
from scheduler.store import Store


def customer_called(store: Store, text: str) -> Customer:
    """The customer of that id, or the one of that name or e-mail address.

    Raises `InputError` with those who may be meant.
    """
    if (known := store.customers.get(text)) is not None:
        return known
    near = store.customers.called(text)
    wanted = text.casefold()
    found = [
        one for one in near if wanted in {str(one.attributes.get(key, "")).casefold() for key in ("name", "email")}
    ]
    if len(found) == 1:
        return found[0]
    named = [f"{one.id} ({name})" if (name := one.attributes.get("name")) else one.id for one in found or near]
    if found:
        raise InputError(f"several customers are called {text!r}: {', '.join(named)}")
    raise InputError(f"there is no customer {text!r}" + (f"; did you mean {' or '.join(named)}?" if named else ""))
