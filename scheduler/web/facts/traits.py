"""Traits of a person, as Segment's spec reserves their names, as our attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from scheduler.intake import customers
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.texts import shown, text_of
from scheduler.web.facts.names import inside, named
from scheduler.web.facts.values import CALENDAR, flat
from scheduler.web.facts.writer import Attributes

OURS = ("name", "email", "phone", "timezone", "country", "language", "birthday", "owner")
"""Traits that are attributes under the same name, and are checked as those of a file are."""
_MORE = ("address", "id", "locale")
_IS = {"locale": "language"}
"""Traits that are attributes under another name."""
_NAMES = ("first_name", "last_name")
_PARTS = ("street", "city", "state", "postal_code", "country")
_DATE_LENGTH = 10


def attributes(customer: str, traits: Mapping[str, Any], context: Mapping[str, Any], *, now: int) -> Attributes:
    """A customer's attributes, as traits name them; of the context, its `timezone` and `locale`.

    `firstName` and `lastName` make the name where none is given, `locale` the language; an `address` of parts becomes
    one of lines, and its country the country where that is one. Traits without a meaning of their own become
    attributes under their names in snake_case. A trait that is null is None, unless another trait has a value for the
    same attribute; the context fills no such gap. Raises `Rejected`.
    """
    given = _by_name(traits, "traits")
    if (other := given.get("id")) is not None and str(other) != customer:
        raise Rejected(Cause.SAME_ID, f"{shown(str(other))} is not the userId", "traits.id")
    found = flat({name: value for name, value in given.items() if name not in (*OURS, *_MORE)}, "traits")
    written = {name: text_of(given.get(name), f"traits.{name}") for name in OURS}
    written["birthday"] = _day(written["birthday"])
    written["name"] = written["name"] or " ".join(str(found[name]) for name in _NAMES if name in found)
    address = given.get("address")
    if isinstance(address, dict):
        parts = _by_name(address, "traits.address")
        found |= flat({"address": {name: value for name, value in parts.items() if name not in _PARTS}}, "traits")
        written["address"] = _lines(parts)
        written["country"] = written["country"] or _told(parts.get("country"), customers.country)
    else:
        written["address"] = text_of(address, "traits.address")
    written["language"] = written["language"] or text_of(given.get("locale"), "traits.locale")
    gone = dict.fromkeys(_IS.get(name, name) for name in _nulls(traits, "traits"))
    gone |= dict.fromkeys(_made_of_nothing(address, gone))
    # What a device says of itself is no trait of a person: it is left out where it can't be read.
    for name, told, check in (("language", "locale", customers.language), ("timezone", "timezone", customers.timezone)):
        written[name] = written[name] or ("" if name in gone else _told(context.get(told), check))
    _, checked = customers.customer({**written, "id": customer}, CALENDAR, now=now)
    return {**gone, **found, **checked}


def _by_name(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    """What is there, by its names in snake_case; raises `Rejected` where two values have one name."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if value is not None and found.setdefault(named(key, place), value) != value:
            raise Rejected(Cause.NOT_JSON, f"is called {named(key, place)} here, as another is", inside(place, key))
    return found


def _nulls(given: Mapping[str, Any], place: str, prefix: str = "") -> Iterator[str]:
    """The names of what is null, of objects inside it as `flat` names them."""
    for key, value in given.items():
        if value is None:
            yield f"{prefix}{named(key, place)}"
        elif isinstance(value, dict):
            yield from _nulls(value, inside(place, key), f"{prefix}{named(key, place)}_")


def _made_of_nothing(address: Any, gone: Mapping[str, None]) -> Iterator[str]:
    """The attributes that are made of traits which are all taken away."""
    if gone.keys() >= {*_NAMES}:
        yield "name"
    if isinstance(address, dict) and any(f"address_{part}" in gone for part in _PARTS):
        yield "address"


def _day(written: str) -> str:
    """A date, of a date or of the instant as which a library writes one."""
    return written[:_DATE_LENGTH] if written[_DATE_LENGTH : _DATE_LENGTH + 1] in ("T", " ") else written


def _lines(parts: Mapping[str, Any]) -> str:
    """An address of parts in lines: the street, then the town as its country writes it, then the country."""
    street, city, state, code, country = (text_of(parts.get(name), f"traits.address.{name}") for name in _PARTS)
    town = (city, f"{state} {code}") if state else (f"{code} {city}",)
    lines = (street, ", ".join(filled for one in town if (filled := one.strip())), country)
    return "\n".join(line for line in lines if line)


def _told(written: Any, check: Callable[[str], str]) -> str:
    """What is written, where it can be read; else nothing."""
    with suppress(Rejected):
        if isinstance(written, str) and (text := written.strip()):
            return check(text)
    return ""
