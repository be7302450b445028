"""Instants as the customer's clock shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scheduler.decisions.occasions import zone_of
from scheduler.rulebook.model import HouseRules
from scheduler.store import Store
from scheduler.wallclock import Zone, zone


def zones_of(store: Store, ids: Iterable[str], house: HouseRules) -> Mapping[str, Zone]:
    """The zone of each of these customers; the house's for those that are gone."""
    wanted = list(dict.fromkeys(ids))
    zones = dict.fromkeys(wanted, zone(house.timezone))
    zones.update((customer.id, zone_of(customer, house)) for customer in store.customers.read(wanted))
    return zones


def shown(at: int | None, where: Zone) -> str:
    """An instant for people, to the minute: `Mon 2 Mar 2026 10:00`; nothing for None."""
    if at is None:
        return ""
    wall = where.wall(at)
    return f"{wall:%a} {wall.day:2} {wall:%b %Y %H:%M}"


def told_zones(zones: Iterable[Zone]) -> str:
    """What stands below a table of local times in order of instants; nothing where all are of one zone."""
    return "each in the customer's own time" if len({one.name for one in zones}) > 1 else ""


def iso(at: int | None, where: Zone) -> str | None:
    """An instant in ISO 8601 with the zone's offset."""
    return None if at is None else where.iso(at)
