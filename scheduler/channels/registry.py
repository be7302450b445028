"""Which channels there are, and which of them a workspace has set up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from scheduler.channels.channel import Channel
from scheduler.channels.file import FileChannel
from scheduler.errors import ChannelError
from scheduler.rulebook.findings import meant
from scheduler.rulebook.templates import CHANNELS as KNOWN
from scheduler.settings import DeliverBy, Settings
from scheduler.wallclock import zone


def _email(settings: Settings) -> Channel:
    if settings.mails_go_to_files:
        return FileChannel(settings.outbox_folder, "email")
    from scheduler.channels.email import EmailChannel

    return EmailChannel(settings.email, settings.secret_of("email", "password"))


def _phone(_: Settings) -> Channel:
    from scheduler.channels.phone import PhoneChannel

    return PhoneChannel()


def _post(settings: Settings) -> Channel:
    from scheduler.channels.post import PostChannel

    return PostChannel(settings.workspace / settings.post.folder, zone(settings.post.timezone))


def _sms(settings: Settings) -> Channel:
    from scheduler.channels.sms import SmsChannel

    token = settings.secret_of("sms", "token")
    if not token:
        raise ChannelError("sms.token is empty: nothing can be sent by sms; write Twilio's Auth Token", channel="sms")
    return SmsChannel(settings.sms, token)


def _webhook(settings: Settings) -> Channel:
    from scheduler.channels.webhook import WebhookChannel

    return WebhookChannel(settings.webhook, settings.secret_of("webhook", "secret") or "")


CHANNELS: Mapping[str, Callable[[Settings], Channel]] = MappingProxyType(
    {"email": _email, "sms": _sms, "post": _post, "phone": _phone, "webhook": _webhook}
)
"""Every channel by the name that rules use, and how it is opened. Into files, every channel can be delivered."""
_MISSING: Mapping[str, Callable[[Settings], str]] = MappingProxyType(
    {"sms": lambda settings: settings.sms.missing, "webhook": lambda settings: settings.webhook.missing}
)
"""Of channels that need settings: what has to be set before anything can be sent, or nothing."""


class Channels:
    """The channels of one worker: each is opened on first use and kept."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open: dict[str, Channel] = {}

    def __getitem__(self, name: str) -> Channel:
        """The channel of a name; raises `ChannelError` where there is none, `SettingsError` where its secret is not."""
        if name not in self._open:
            self._open[name] = self._opened(name)
        return self._open[name]

    def _opened(self, name: str) -> Channel:
        if self.settings.deliver_by is DeliverBy.FILE and name in KNOWN:
            return FileChannel(self.settings.outbox_folder, name)
        if way_out := _way_out(name, self.settings):
            raise ChannelError(_not_set_up(name, way_out), channel=name)
        return CHANNELS[name](self.settings)

    def close(self) -> None:
        """Close them all."""
        for channel in self._open.values():
            channel.close()
        self._open.clear()


def not_set_up(names: Iterable[str], settings: Settings) -> dict[str, str]:
    """Those of these channels that nothing can be sent by, each with a sentence that says so."""
    if settings.deliver_by is DeliverBy.FILE:
        ways_out = {name: "" if name in KNOWN else _meant(name) for name in names}
    else:
        ways_out = {name: _way_out(name, settings) for name in names}
    return {name: _not_set_up(name, ways_out[name]) for name in sorted(ways_out) if ways_out[name]}


def _way_out(name: str, settings: Settings) -> str:
    """What is to be done before anything can be sent by a channel; empty where it is set up."""
    if name not in CHANNELS:
        return _meant(name)
    return _MISSING[name](settings) if name in _MISSING else ""


def _meant(name: str) -> str:
    return meant(name, CHANNELS, f"there are {', '.join(CHANNELS)}")


def _not_set_up(name: str, way_out: str) -> str:
    return f"the channel {name} is not set up: nothing can be sent by it; {way_out}"
