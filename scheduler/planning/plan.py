"""Plans: what is known of customers, and the rules, become rows of the ledger.

Only customers are planned about whom something is new, or whose plan was made by other rules or other zone data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from scheduler.decisions.facts import NOTHING, Customer
from scheduler.decisions.occasions import Occasion
from scheduler.decisions.reason import fill_reason
from scheduler.decisions.windows import pending
from scheduler.planning.apart import apart, fault_in
from scheduler.planning.rulebooks import Active
from scheduler.rulebook.model import Exemption
from scheduler.store import Said, Store
from scheduler.store.batch import no_collection
from scheduler.wallclock import ZONE_DATA_VERSION

BATCH = 1_000
"""As many customers are planned in one transaction."""


@dataclass(frozen=True, slots=True)
class Planned:
    """How many customers were planned, and how many occasions were added, moved and cancelled.

    `problems` says who could not be planned, since the program broke over them.
    """

    customers: int = 0
    added: int = 0
    moved: int = 0
    cancelled: int = 0
    problems: tuple[str, ...] = ()

    def __add__(self, other: Planned) -> Planned:
        return Planned(
            self.customers + other.customers,
            self.added + other.added,
            self.moved + other.moved,
            self.cancelled + other.cancelled,
            self.problems + other.problems,
        )


def plan(
    store: Store,
    rules: Active,
    now: int,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> Planned:
    """Plan every customer who is to be planned; each batch is one transaction, and `stopping` may end it after any.

    Planning twice changes nothing. A customer over whom the program breaks is left as they are, and tried again the
    next time.
    """
    name = plan_name(rules)
    done = Planned()
    left: set[str] = set()
    while not stopping() and (found := _unplanned(store, name, left)):
        planned, broken = apart(lambda some: plan_customers(store, rules, some, now), found)
        left.update(customer for customer, _ in broken)
        problems = tuple(f"customer {customer} can't be planned: {fault_in(error)}" for customer, error in broken)
        done = sum(planned, done + Planned(problems=problems))
    return done


def _unplanned(store: Store, name: str, left: Collection[str]) -> list[str]:
    """The next batch of customers who are to be planned, without those who are `left`."""
    found = store.customers.unplanned(name, BATCH + len(left))
    return [customer for customer, _ in found if customer not in left][:BATCH]


def plan_customers(store: Store, rules: Active, ids: Iterable[str], now: int) -> Planned:
    """Plan some customers, whether or not anything about them is new, in one transaction."""
    with no_collection():
        customers = list(store.customers.read(ids))
        over = set[str]()
        rows = list(rows_of(rules, customers, now, over))
        with store.together() as both:
            taken = both.ledger.put(rows, whole=(one.id for one in customers), over=over, now=now)
            both.customers.mark_planned([(one.id, one.revision) for one in customers], plan_name(rules))
    return Planned(len(customers), taken.added, taken.updated, taken.withdrawn)


def plan_again(store: Store, rules: Active, ids: Iterable[str], now: int) -> None:
    """Plan some customers anew; those over whom the program breaks are left for `plan`."""
    _, broken = apart(lambda some: plan_customers(store, rules, some, now), list(ids))
    left = store.customers.read(customer for customer, _ in broken) if broken else ()
    store.customers.mark_planned([(one.id, one.revision) for one in left], "")


def plan_name(rules: Active) -> str:
    """What a plan is made with beside the facts."""
    return f"{rules.version} {ZONE_DATA_VERSION}"


def _was_over(occasion: Occasion, active: int | None, now: int) -> bool:
    """Whether it closed before its rule was active; of a paused rule, whether it closed and was known, by now."""
    if active is None:
        return max(occasion.closes, occasion.known) <= now
    return occasion.closes <= min(now, active)


def rows_of(rules: Active, customers: Sequence[Customer], now: int, over: set[str]) -> Iterator[Said]:
    """What is said of the pending occasions of customers, each with its first moment from now on.

    An event that was learned when its window had closed has a row too, that is due at once and ends as too late;
    what closed before its rule was active, or is not admitted by `backfill`, has none. `over` takes the keys of what
    has closed of rules that are not active: it has no row, unless it had one while it was open.
    """
    since = min(now, min(rules.activated.values(), default=now))
    version = rules.version
    for customer, occasion, moment in pending(rules.program, customers, since, now, rules.activated):
        if not occasion.admitted:
            continue
        rule = rules.program.rules[occasion.rule]
        active = rules.activated.get(rule.name)
        if _was_over(occasion, active, now):
            if active is None:
                over.add(occasion.key)
            continue
        event = occasion.event
        yield Said(
            key=occasion.key,
            customer=customer.id,
            rule=rule.name,
            anchor=occasion.anchor,
            trigger_at=occasion.trigger,
            opens=occasion.opens,
            closes=occasion.closes,
            asks_for=str(rule.asks_for),
            next_at=max(occasion.closes, occasion.opens, occasion.known, now) if moment is None else moment,
            template=rule.template,
            reason=fill_reason(rule.reason, event.properties if event else NOTHING, customer.attributes),
            version=version,
            revision=customer.revision,
            exempt=Exemption.FREQUENCY_CAPS in rule.exempt,
        )
