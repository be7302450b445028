"""Customers as files bring them: each field checked, and written the one way in which we keep it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from scheduler.decisions.facts import Value
from scheduler.errors import UnknownZone
from scheduler.intake import texts
from scheduler.intake.causes import Cause, Rejected
from scheduler.intake.columns import Form
from scheduler.intake.instants import Calendar
from scheduler.intake.texts import shown
from scheduler.wallclock import DAY, date_of, zone

FORM = Form(
    fact="customer",
    fields=(
        "id",
        "name",
        "email",
        "phone",
        "address",
        "timezone",
        "country",
        "language",
        "birthday",
        "owner",
    ),
    needed=("id",),
    keys=("id",),
)

EARLIEST_BIRTHDAY = date(1900, 1, 1)
_FIRST_TO_BE_BORN = 14 * DAY // 24  # a day begins 14 hours before UTC's in Kiribati
_AN_ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")


def customer(written: Mapping[str, str], calendar: Calendar, *, now: int) -> tuple[str, dict[str, Value]]:
    """A customer's id and attributes, from the filled fields of a row; raises `Rejected`."""
    attributes: dict[str, Value] = {}
    customer_id = needed(written.get("id", ""), "id")
    for field in ("name", "owner"):
        if filled := written.get(field):
            attributes[field] = texts.line(filled, field)
    if address := written.get("address"):
        attributes["address"] = texts.text(address, "address")
    if address := written.get("email"):
        attributes["email"] = email(address)
    if code := written.get("country"):
        attributes["country"] = country(code)
    if number := written.get("phone"):
        attributes["phone"] = phone(number, attributes.get("country"))
    if name := written.get("timezone"):
        attributes["timezone"] = timezone(name)
    if tag := written.get("language"):
        attributes["language"] = language(tag)
    if day := written.get("birthday"):
        attributes["birthday"] = birthday(day, calendar, now=now)
    return customer_id, attributes


def needed(written: str, field: str) -> str:
    """A one-line text that must be filled; raises `Rejected`."""
    if not written:
        raise Rejected(Cause.MISSING, "is empty", field)
    return texts.line(written, field)


def email(written: str) -> str:
    """One e-mail address, its domain in lower case (RFC 5321, 6531); nothing is looked up. Raises `Rejected`."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(written, check_deliverability=False).normalized
    except EmailNotValidError as error:
        addresses = _AN_ADDRESS.findall(written)
        if len(addresses) > 1:
            message = f"{shown(written)} holds {len(addresses)} addresses; a customer has one"
            raise Rejected(Cause.TWO_ADDRESSES, message, "email") from None
        raise Rejected(Cause.BAD_EMAIL, f"{shown(written)} is no address: {error}", "email") from None


def phone(written: str, country_code: Value | None) -> str:
    """A phone number in E.164, read as in the customer's country unless it begins with +; raises `Rejected`."""
    import phonenumbers

    region = country_code if isinstance(country_code, str) else None
    where = f" in {region}" if region else " (without a country, write it with +, like +49 30 123456)"
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        raise Rejected(Cause.BAD_PHONE, f"{shown(written)} is no phone number{where}", "phone") from None
    if not phonenumbers.is_valid_number(number):
        raise Rejected(Cause.BAD_PHONE, f"{shown(written)} is no phone number in use{where}", "phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def timezone(written: str) -> str:
    """The name of a time zone that is known; raises `Rejected`."""
    try:
        return zone(written).name
    except UnknownZone as unknown:
        raise Rejected(Cause.UNKNOWN_TIMEZONE, str(unknown), "timezone") from None


@lru_cache(1_000)
def country(written: str) -> str:
    """The two letters of ISO 3166 for a code of two or three letters (CLDR's aliases: UK is GB); raises `Rejected`."""
    from babel import Locale
    from babel.core import get_global

    code = written.upper()
    aliases = get_global("territory_aliases").get(code, [code])
    if len(aliases) == 1 and len(code) in (2, 3) and code.isalpha() and aliases[0] in _countries():
        return str(aliases[0])
    names = {name.casefold(): code for code, name in Locale("en").territories.items() if code in _countries()}
    meant = names.get(written.casefold())
    way_out = f"it is {meant}" if meant else "write its two letters, like DE"
    raise Rejected(Cause.UNKNOWN_COUNTRY, f"{shown(written)} is no ISO 3166 code; {way_out}", "country")


@lru_cache(1)
def _countries() -> frozenset[str]:
    from importlib.resources import files

    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line[:2] for line in table.splitlines() if line and not line.startswith("#"))


@lru_cache(1_000)
def language(written: str) -> str:
    """A language tag as BCP 47 writes it, like de or pt-BR; raises `Rejected`."""
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(written.replace("_", "-"), sep="-")).replace("_", "-")
    except (UnknownLocaleError, ValueError):
        message = f"{shown(written)} is no language; write a tag like de or pt-BR"
        raise Rejected(Cause.UNKNOWN_LANGUAGE, message, "language") from None


def birthday(written: str, calendar: Calendar, *, now: int) -> date:
    """A birthday from 1900 up to today; raises `Rejected`."""
    day = calendar.date(written, "birthday")
    if day < EARLIEST_BIRTHDAY:
        raise Rejected(Cause.TOO_EARLY, f"{day} is before 1900", "birthday")
    if day > date_of((now + _FIRST_TO_BE_BORN) // DAY):
        raise Rejected(Cause.IN_THE_FUTURE, f"{day} has not been yet", "birthday")
    return day
