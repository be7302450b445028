"""What messages go by, what stands in them, and where answers come in. Nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from scheduler.channels.channel import HandoverKind
from scheduler.channels.email import EmailChannel
from scheduler.channels.mime import bare_address
from scheduler.channels.registry import CHANNELS, not_set_up
from scheduler.delivery.inbox import inboxes
from scheduler.doctor.finding import Findings, error, ok, warning
from scheduler.doctor.reach import unreachable
from scheduler.doctor.subject import Subject
from scheduler.errors import ChannelError, SettingsError
from scheduler.rulebook.model import PREFERRED
from scheduler.settings import DeliverBy
from scheduler.settings.brand import Brand

_MADE_UP = ("example.com", "example.org", "example.net", "localhost")
_SAMPLE_ADDRESS = "Am Mühlbach 7, 12345 Brotingen"
"""Of the made-up shop, as `init` writes it."""
_DEFAULT_BRAND = Brand.model_validate({})


def channels(subject: Subject) -> Findings:
    """Whether each channel that the rules use is set up, and answers."""
    settings = subject.settings
    if settings.deliver_by is DeliverBy.FILE:
        yield warning(
            f"deliver_by is file: nothing is sent, all is written to {settings.outbox_folder}",
            'in earnest: deliver_by = "real"',
        )
        return
    rules = subject.rulebook.rules
    used = sorted({use.channel for name in subject.speaking for use in rules[name].by} - {PREFERRED})
    missing = not_set_up(used, settings)
    for name in used:
        if name in missing:
            yield error(missing[name])
        elif name in _REACH:
            try:
                yield from _REACH[name](subject)
            except (ChannelError, SettingsError) as problem:
                yield error(f"{name}: {problem}")
    if not used:
        yield ok("the rules name none: each customer is reached as they prefer")


def _email(subject: Subject) -> Findings:
    settings = subject.settings
    if settings.mails_go_to_files:
        yield warning(
            f"email: email.host is not set, so mails are written to {settings.outbox_folder} and not sent",
            "set email.host",
        )
        return
    server = f"{settings.email.host}:{settings.email.at_port}"
    found = EmailChannel(settings.email, settings.secret_of("email", "password")).check()
    if found.kind is HandoverKind.SENT:
        yield ok(f"email: {server} answers" + (" and takes the login" if settings.email.username else ""))
    else:
        yield error(f"email: {server}: {found.detail}", "look at the settings of [email], or ask whose server it is")


def _sms(subject: Subject) -> Findings:
    settings = subject.settings.sms
    CHANNELS["sms"](subject.settings).close()
    yield from _answers("sms", settings.base_url, "sms.base_url", settings.timeout)


def _webhook(subject: Subject) -> Findings:
    settings = subject.settings.webhook
    CHANNELS["webhook"](subject.settings).close()
    yield from _answers(
        "webhook",
        settings.url or "",
        "webhook.url",
        settings.timeout,
        private=settings.allow_private,
        ca_file=settings.ca_file,
        by_proxy=False,
    )


def _answers(
    name: str,
    url: str,
    setting: str,
    timeout: float,
    *,
    private: bool = True,
    ca_file: Path | None = None,
    by_proxy: bool = True,
) -> Findings:
    """Whether there is a server that shows who it is; its host is told, and not the rest of the URL."""
    host = urlsplit(url).hostname
    if by_proxy and any(os.environ.get(one) for one in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        yield ok(f"{name}: {host} is asked by the proxy of the environment, so that it was not tried")
        return
    problem = unreachable(url, timeout, private=private, ca_file=ca_file)
    if problem:
        yield error(f"{name}: {host}: {problem}", f"look at {setting}, and whether this machine may reach it")
    else:
        yield ok(f"{name}: {host} answers; whether it takes the login is seen at the first message")


def _post(subject: Subject) -> Findings:
    folder = subject.settings.workspace / subject.settings.post.folder
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if os.access(there, os.W_OK):
        yield ok(f"post: cards are written to {folder}")
    else:
        yield error(f"post: {there} can't be written to", "let this user write there, or set post.folder")


def _phone(_: Subject) -> Findings:
    yield ok("phone: people call, by their tasks")


_REACH: Mapping[str, Callable[[Subject], Findings]] = MappingProxyType(
    {"email": _email, "sms": _sms, "webhook": _webhook, "post": _post, "phone": _phone}
)


def sender(subject: Subject) -> Findings:
    """Whether mails come from an address of yours."""
    settings = subject.settings
    address = bare_address(settings.email.from_)
    domain = address.rpartition("@")[2]
    if _is_made_up(domain):
        told = f"email.from is {address}, which nobody can answer"
        yield (warning if settings.mails_go_to_files else error)(told, "set email.from to an address of your domain")
    else:
        yield ok(f"{address}; whether {domain} lets your server send for it (SPF, DKIM, DMARC) docs/operations.md says")


def brand(subject: Subject) -> Findings:
    """Whether messages say who you are and lead to your pages."""
    found = subject.settings.brand
    host = urlsplit(found.base_url).hostname or ""
    in_earnest = not subject.settings.mails_go_to_files
    if _is_made_up(host) or host.startswith("127."):
        told = f"brand.base_url is {found.base_url}, where customers find nothing"
        yield (error if in_earnest else warning)(told, "set it to where your pages for unsubscribing are")
    elif not found.base_url.startswith("https://"):
        yield warning(
            "brand.base_url is not https: mailboxes offer no one-click unsubscribe (RFC 8058)", "serve it by https"
        )
    else:
        yield ok(f"links in messages lead to {host}")
    if not found.address.strip():
        told = "brand.address is not set: many laws want a postal address in each mail"
        yield (error if in_earnest else warning)(told, "set brand.address")
    elif found.address.strip() == _SAMPLE_ADDRESS:
        yield warning("brand.address is that of the made-up sample shop", "set it to yours")
    for name in ("review_url", "refer_url", "shop_url"):
        url = getattr(found, name)
        if url and _is_made_up(urlsplit(url).hostname or ""):
            yield warning(f"brand.{name} is {url}, where customers find nothing", "set it to your page, or remove it")
    if found.name == _DEFAULT_BRAND.name:
        yield warning(f"brand.name is {found.name!r}", "set it to the name that customers know")


def inbox(subject: Subject) -> Findings:
    """Whether what comes back can be read."""
    settings = subject.settings
    problems: list[str] = []
    found = inboxes(settings, problems)
    for one in found:
        name = type(one).__name__.lower()
        try:
            with closing(one):
                waiting = next(iter(one.take()), None) is not None
        except ChannelError as problem:
            problems.append(str(problem))
        else:
            yield ok(f"{name}: it can be read, and {'something waits' if waiting else 'nothing waits'} in it")
    yield from (error(problem, "look at the settings of [bounces]") for problem in problems)
    if not found and not problems and not settings.mails_go_to_files:
        yield warning(
            "no mailbox is set that failure reports come to: bad addresses are written to again and again",
            "set bounces.maildir or bounces.host, and email.bounces_to",
        )


def _is_made_up(host: str) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in _MADE_UP)
