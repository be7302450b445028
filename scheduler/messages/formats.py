"""The filters of templates: dates, money and numbers as the text's language writes them, and harmless work on text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from jinja2 import filters, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined

from scheduler.messages.sandbox import CHARACTERS, STEPS, Unfit, scalar

LOCALE = "_locale"
CURRENCY = "_currency"
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>\"]+", re.IGNORECASE)


class StandIn(str):
    """A sample of a value whose kind is not known: it compares, counts and prints as if it were right."""

    __slots__ = ()

    def _yes(self, _other: object) -> bool:
        return True

    def _self(self, *_others: object) -> StandIn:
        return self

    __lt__ = __le__ = __gt__ = __ge__ = _yes
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _self
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _self
    __hash__ = str.__hash__


@lru_cache(maxsize=256)
def locale_of(language: str, otherwise: str = "en") -> Locale:
    """CLDR's locale of a language tag like `de-AT`, or else the nearest, or `otherwise`."""
    for tag in (language, language.partition("-")[0], otherwise, "en"):
        try:
            return Locale.parse(tag.replace("_", "-"), sep="-")
        except (ValueError, UnknownLocaleError, TypeError):
            continue
    return Locale("en")


def _kind(value: Any) -> str:
    """A value without itself: what is wrong with a message is in the ledger and in logs, where no facts belong."""
    if isinstance(value, str):
        return f"a text of {len(value)} characters" if value else "an empty text"
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, int | float):
        return "a number"
    return "a date" if isinstance(value, date) else f"a {type(value).__name__}"


def _known(value: Any) -> Any:
    if isinstance(value, Undefined):
        str(value)
    return value


@pass_context
def _date(context: Context, value: Any, pattern: str = "long") -> str:
    """A date as the text's language writes it; `full`, `long`, `medium`, `short`, or a CLDR pattern like `d MMMM`."""
    day = _known(value)
    if isinstance(day, str) and re.fullmatch(r"\d{4}-\d\d-\d\d.*", day):
        with suppress(ValueError):  # 2026-02-30
            day = date.fromisoformat(day[:10])
    if not isinstance(day, date):
        if isinstance(value, StandIn):
            return str(value)
        raise Unfit(f"date: {_kind(value)} is no date", "give it a date, like 2026-03-01, or take |date out")
    return format_date(day, format=pattern, locale=context[LOCALE])


def _amount(name: str, value: Any) -> int | float | None:
    number = _known(value)
    if isinstance(number, StandIn):
        return None
    if isinstance(number, str):
        try:
            number = float(number)
        except ValueError:
            number = None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise Unfit(f"{name}: {_kind(value)} is no number", f"give it a number, like 49.90, or take |{name} out")
    return number


@pass_context
def _money(context: Context, value: Any, currency: str = "") -> str:
    """An amount in a currency (ISO 4217), as the text's language writes it."""
    amount = _amount("money", value)
    if amount is None:
        return str(value)
    return format_currency(amount, currency or context[CURRENCY], locale=context[LOCALE])


@pass_context
def _number(context: Context, value: Any, digits: int | None = None) -> str:
    """A number as the text's language writes it, with so many digits after the point."""
    amount = _amount("number", value)
    if amount is None:
        return str(value)
    if digits is None:
        return format_decimal(amount, locale=context[LOCALE])
    pattern = "#,##0" + ("." + "0" * digits if 0 < digits <= 9 else "")
    return format_decimal(amount, format=pattern, locale=context[LOCALE])


def _url(value: Any) -> str:
    """An address that a link may lead to: web, mail or telephone."""
    address = str(_known(value))
    if isinstance(value, StandIn) or _ADDRESS.fullmatch(address):
        return address
    way_out = "let it begin with https://, http://, mailto: or tel:"
    raise Unfit(f"url: {_kind(value)} is no address that a link may lead to", way_out)


def _urlpart(value: Any) -> str:
    """Text as a part of an address, percent-encoded."""
    return quote(str(scalar(_known(value))), safe="")


def _replace(value: Any, old: str, new: str) -> Any:
    text = str(scalar(_known(value)))
    if len(text) + text.count(old) * len(new) > CHARACTERS:
        raise SecurityError(f"it becomes longer than {CHARACTERS:,} characters")
    return text.replace(old, new)


def _round(value: Any, precision: int = 0) -> Any:
    return round(_known(value), max(0, min(precision, 12)))


def _list(value: Iterable[Any]) -> list[Any]:
    result = []
    for item in _known(value):
        result.append(item)
        if len(result) > STEPS:
            raise SecurityError(f"lists are limited to {STEPS} values")
    return result


def _of_text(work: Callable[..., Any]) -> Callable[..., Any]:
    def on_one(value: Any, *others: Any, **named: Any) -> Any:
        return work(str(scalar(_known(value))), *others, **named)

    return on_one


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _truncate(text: str, length: int = 80, end: str = "…") -> str:
    if len(text) <= length:
        return text
    return text[: max(0, length - len(end))].rsplit(" ", 1)[0].rstrip() + end


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "date": _date,
        "money": _money,
        "number": _number,
        "url": _url,
        "urlpart": _urlpart,
        "default": filters.do_default,
        "d": filters.do_default,
        "escape": filters.FILTERS["escape"],
        "e": filters.FILTERS["escape"],
        "upper": _of_text(str.upper),
        "lower": _of_text(str.lower),
        "title": _of_text(filters.do_title),
        "capitalize": _of_text(_capitalize),
        "trim": _of_text(str.strip),
        "truncate": _of_text(_truncate),
        "replace": _replace,
        "round": _round,
        "abs": abs,
        "int": filters.do_int,
        "float": filters.do_float,
        "length": len,
        "count": len,
        "first": filters.FILTERS["first"],
        "last": filters.FILTERS["last"],
        "list": _list,
        "sort": filters.do_sort,
        "unique": filters.do_unique,
    }
)
"""Everything that may stand after a `|`, beside `join`."""
