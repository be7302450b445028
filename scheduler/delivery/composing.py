"""Composes the message of a contact: the row of the ledger, the rule and the customer become words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from scheduler.decisions.facts import NOTHING, Customer
from scheduler.decisions.occasions import zone_of
from scheduler.decisions.reason import fill_reason
from scheduler.messages.context import Context, RuleFacts
from scheduler.messages.links import Links
from scheduler.messages.message import Message
from scheduler.messages.render import render
from scheduler.messages.templates import Templates
from scheduler.rulebook.model import Rule, Rulebook
from scheduler.rulebook.templates import SCRIPTS
from scheduler.settings import Settings
from scheduler.store import Row
from scheduler.wallclock import date_of


@dataclass(frozen=True)
class Composer:
    """Composes messages with the templates of one rulebook; `key` signs their links."""

    rulebook: Rulebook
    settings: Settings
    templates: Templates
    key: bytes

    def message(self, row: Row, channel: str, customer: Customer, now: int) -> Message:
        """The message of a row, by a channel, as of now; raises `TemplateError`."""
        rule, channel = self.rulebook.rules[row.rule], self.way(row.rule, channel)
        return render(self.templates, self._context(row, rule, channel, customer, now), self.settings.email)

    def way(self, rule: str, channel: str) -> str:
        """By which channel a rule's messages leave: a script goes to a person, however they reach the customer."""
        return SCRIPTS if self.rulebook.rules[rule].is_task else channel

    def _context(self, row: Row, rule: Rule, channel: str, customer: Customer, now: int) -> Context:
        event = next((event for event in customer.events if event.id == row.anchor), None)
        properties = event.properties if event else NOTHING
        own_zone = zone_of(customer, self.rulebook.house)
        return Context(
            template=rule.template,
            channel=channel,
            rule=_facts_of(rule.name, rule.campaign, rule.owner, str(rule.asks_for), str(rule.asks_for.serves)),
            customer_id=customer.id,
            reason=fill_reason(rule.reason, properties, customer.attributes),
            brand=self.settings.brand,
            links=Links(self.settings.brand.base_url, self.key, customer.id, row.key),
            today=date_of(own_zone.local_day(now)),
            customer=customer.attributes,
            event=properties,
        )


def composer(rulebook: Rulebook, settings: Settings) -> Composer:
    """A composer for a rulebook."""
    templates = _templates.of(rulebook, settings.brand.language)
    return Composer(rulebook, settings, templates, settings.signing_keys()[0])


class _Newest:
    """Keeps the templates of the newest rulebook: to compile them takes longer than all else for one message."""

    def __init__(self) -> None:
        self._rulebook: Rulebook | None = None
        self._templates = Templates({})

    def of(self, rulebook: Rulebook, language: str) -> Templates:
        """The templates of a rulebook in a house of that language."""
        templates = self._templates
        if self._rulebook is not rulebook or templates.language != language:
            self._rulebook, self._templates = rulebook, (templates := Templates(rulebook.files, language))
        return templates


_templates = _Newest()


@lru_cache(maxsize=1024)
def _facts_of(name: str, campaign: str, owner: str, asks_for: str, serves: str) -> RuleFacts:
    return RuleFacts(name, campaign, owner, asks_for, serves)
