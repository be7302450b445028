"""A template and what is known of one contact become a message."""

from __future__ import annotations

from email.utils import getaddresses
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from scheduler.decisions.facts import ADDRESSES
from scheduler.errors import TemplateError
from scheduler.messages.card import LETTERS, LINES, address_lines, lines_taken
from scheduler.messages.context import Context
from scheduler.messages.json_text import canonical
from scheduler.messages.message import Card, Email, Message, Notice, Text
from scheduler.messages.plain import one_line, text_of_html, tidied, without_controls
from scheduler.messages.sandbox import template_error
from scheduler.messages.templates import LAYOUT, Template, Templates
from scheduler.messages.words import words_in
from scheduler.settings.email import Email as EmailSettings


def render(templates: Templates, context: Context, email: EmailSettings) -> Message:
    """The message of one contact.

    `email` says who sends where a template does not. Raises `TemplateError`, with file and line, where the template is
    missing, where it prints what is not known, and where a message would have no subject, no body or, for e-mail, no
    way to unsubscribe, and where a card's text has no room on it; the contact is then held.
    """
    if context.channel == "webhook" and not templates.variants(context.template, context.channel):
        return _notice(context, "")
    template = templates.find(context.template, context.channel, context.language)
    language = _written_in(template, context)
    values = context.values(language)
    to = one_line(str(context.customer.get(ADDRESSES.get(context.channel, ""), "")))
    if context.channel == "email":
        return _email(templates, template, context, values, email, to, language)
    text = tidied(template.text.render(values)) if template.text else ""
    if not text.strip():
        raise template_error("the message is empty", template.file.path, way_out="write what it is to say")
    if context.channel == "webhook":
        return _notice(context, canonical(text, template.file.path))
    if context.channel == "post":
        return _card(template, context, values, to, text, language)
    return Text(to, text, context.channel)


def _notice(context: Context, text: str) -> Notice:
    rule = context.rule
    return Notice(rule.name, rule.campaign, context.customer_id, one_line(context.reason), rule.asks_for, text)


def _written_in(template: Template, context: Context) -> str:
    """The language of a template's text: the customer's own variant of it, or else what the file's name or house says.

    Who reads a mail aloud, or translates it, goes by this; so do the dates in it, and the words around it.
    """
    written = template.file.locale or context.brand.language
    is_theirs = context.language.partition("-")[0].lower() == written.partition("-")[0].lower()
    return context.language if is_theirs else written


def _email(
    templates: Templates,
    template: Template,
    context: Context,
    values: dict[str, Any],
    email: EmailSettings,
    to: str,
    language: str,
) -> Email:
    head = {key: one_line(piece.render(values)) for key, piece in template.head.items()}
    path = template.file.path
    if not head.get("subject"):
        raise template_error("the subject is empty", path, 1, 'write "subject: …" in its head')
    body = template.html.render(values) if template.html else ""
    text = template.text.render(values) if template.text else ""
    html = body
    if template.file.ext == "html":
        text = text or text_of_html(body)
    if not body.strip() or (not text.strip() and "<img" not in body):
        raise template_error("the message is empty", path, way_out="write what it is to say")
    if template.file.ext != "html":
        html, text = _in_layout(templates, language, {**values, **head}, body, text)
    unsubscribe = values["links"]["unsubscribe"]
    if unsubscribe not in html or unsubscribe not in text:
        raise _no_way_out(template, html=unsubscribe in html)
    sender = _mailbox(head.get("from") or email.from_, "from", path)
    return Email(
        to=to,
        subject=head["subject"],
        html=html,
        text=tidied(text),
        from_=sender,
        reply_to=_mailbox(head.get("reply_to") or email.reply_to or "", "reply_to", path),
        preheader=head.get("preheader", ""),
        language=language,
        headers=_headers(context, unsubscribe, sender),
    )


def _card(template: Template, context: Context, values: dict[str, Any], to: str, text: str, language: str) -> Card:
    if (taken := lines_taken(text)) > LINES:
        room = f"a card has room for {LINES} lines of {LETTERS} letters, and the text takes {taken}"
        raise template_error(room, template.file.path, way_out="make it shorter")
    customer, title = context.customer, template.head.get("subject")
    address, country = (str(customer.get(name, "")) for name in (ADDRESSES["post"], "country"))
    return Card(
        to=to,
        name=one_line(str(customer.get("name", ""))),
        address=address_lines(without_controls(address), country, context.brand.language),
        text=text,
        brand=context.brand,
        title=one_line(title.render(values)) if title else "",
        language=language,
    )


def _in_layout(templates: Templates, language: str, values: dict[str, Any], body: str, text: str) -> tuple[str, str]:
    layout = templates.find(LAYOUT, "email", language)
    common = {"preheader": "", **values, "language": language, "words": words_in(language)}
    if layout.html is None:
        raise template_error("the layout is no HTML", layout.file.path, way_out="name it layout.email.html")
    html = layout.html.render({**common, "body": Markup(body)})  # noqa: S704 - rendered with autoescape
    if layout.text is None:
        return html, text_of_html(html)
    return html, layout.text.render({**common, "body": text.strip()})


def _no_way_out(template: Template, *, html: bool) -> TemplateError:
    own = template.file.ext == "html"
    path = template.file.path if own else f"templates/{LAYOUT}.email.{'txt' if html else 'html'}"
    if own and html and template.text:
        path = template.text.path
    part = "text" if html else "HTML"
    return template_error(
        f"the {part} of the mail has no link to unsubscribe", path, way_out="put {{ links.unsubscribe }} into it"
    )


def _headers(context: Context, unsubscribe: str, sender: str) -> dict[str, str]:
    """RFC 2369 and RFC 8058 (one click, https only), RFC 3834, and Google's Feedback-ID."""
    domain = sender.rpartition("@")[2].rstrip(">")
    parts = (context.rule.name, context.rule.campaign, context.channel, domain)
    headers = {
        "List-Unsubscribe": f"<{unsubscribe}>",
        "Auto-Submitted": "auto-generated",
        "Feedback-ID": ":".join(_word(part) for part in parts),
    }
    if unsubscribe.startswith("https://"):
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


@lru_cache(maxsize=4096)
def _word(text: str) -> str:
    ascii_only = text.encode("ascii", "ignore").decode()
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in ascii_only).strip("-") or "none"


@lru_cache(maxsize=4096)
def _mailbox(text: str, field: str, path: str) -> str:
    """One address with its name; raises `TemplateError` where it is another number of addresses or none.

    What a `field` of the head has become is not repeated: it may hold facts.
    """
    if not text:
        return ""
    found = getaddresses([text])
    name, address = found[0]
    local, _, domain = address.rpartition("@")
    if len(found) != 1 or not local or not domain or not one_line(address) == address or " " in address:
        raise template_error(f"{field} is not one address", path, 1, 'write it like "Our shop <shop@example.com>"')
    return f"{name} <{address}>" if name else address
