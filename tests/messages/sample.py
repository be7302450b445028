"""One contact, as tests of messages need it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from scheduler.messages.context import Context, RuleFacts
from scheduler.messages.links import Links
from scheduler.messages.message import Email, Message
from scheduler.messages.render import render
from scheduler.messages.templates import Templates
from scheduler.rulebook.model import Rule
from scheduler.settings.brand import Brand
from scheduler.settings.email import Email as EmailSettings

KEY = b"a key of tests, and of nothing else"
ANA: Mapping[str, Any] = {"first_name": "Ana", "email": "ana@example.com", "phone": "+49301234567"}


def contact(
    customer: Mapping[str, Any] = ANA,
    event: Mapping[str, Any] | None = None,
    *,
    channel: str = "email",
    template: str = "check_in",
    reason: str = "Their kettle has arrived.",
    **brand: Any,
) -> Context:
    house = Brand.model_validate({"name": "Kettle & Crumb", "base_url": "https://shop.example", **brand})
    return Context(
        template=template,
        channel=channel,
        rule=RuleFacts("delivery_check_in", "After the purchase"),
        customer_id="c1",
        reason=reason,
        brand=house,
        links=Links(house.base_url, KEY, "c1", "delivery_check_in/c1/e1"),
        today=date(2026, 3, 2),
        customer=customer,
        event={"product": "Kettle"} if event is None else event,
    )


def message(
    files: Mapping[str, str], context: Context | None = None, settings: Mapping[str, Any] | None = None
) -> Message:
    context = context or contact()
    return render(Templates(files, context.brand.language), context, EmailSettings.model_validate(settings or {}))


def mail(
    body: str,
    context: Context | None = None,
    *,
    head: str = "subject: Hello",
    settings: Mapping[str, Any] | None = None,
    file: str = "check_in.email.md",
) -> Email:
    made = message({f"templates/{file}": f"---\n{head}\n---\n{body}"}, context, settings)
    assert isinstance(made, Email)
    return made


def rule(**keys: Any) -> Rule:
    written = {
        "name": "check_in",
        "campaign": "After the purchase",
        "owner": "",
        "reason": "Their {event.product} has arrived; see that it is well.",
        "asks_for": "nothing",
        "when": "order_delivered",
        "send": "check_in",
        "by": ["email"],
        **keys,
    }
    return Rule.model_validate(written)
