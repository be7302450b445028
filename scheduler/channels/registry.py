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


def _email(settings: Settings) -> Channel:
    if settings.mails_go_to_files:
        return FileChannel(settings.outbox_folder, "email")
    from scheduler.channels.email import EmailChannel

    return EmailChannel(settings.email, settings.secret_of("email", "password"))


def _phone(_: Settings) -> Channel:
    from scheduler.channels.phone import PhoneChannel

    return PhoneChannel()


CHANNELS: Mapping[str, Callable[[Settings], Channel]] = MappingProxyType({"email": _email, "phone": _phone})
"""Every channel by the name that rules use, and how it is opened. Into files, every channel can be delivered."""


class Channels:
    """The channels of one worker: each is opened on first use and kept."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open: dict[str, Channel] = {}

    def __getitem__(self, name: str) -> Channel:
        """The channel of a name; raises `ChannelError` where there is none."""
        if name not in self._open:
            self._open[name] = self._opened(name)
        return self._open[name]

    def _opened(self, name: str) -> Channel:
        if self.settings.deliver_by is DeliverBy.FILE and name in KNOWN:
            return FileChannel(self.settings.outbox_folder, name)
        if name not in CHANNELS:
            raise ChannelError(_not_set_up(name), channel=name)
        return CHANNELS[name](self.settings)

    def close(self) -> None:
        """Close them all."""
        for channel in self._open.values():
            channel.close()
        self._open.clear()


def not_set_up(names: Iterable[str], settings: Settings) -> dict[str, str]:
    """Those of these channels that nothing can be sent by, each with a sentence that says so."""
    there = KNOWN if settings.deliver_by is DeliverBy.FILE else CHANNELS
    return {name: _not_set_up(name) for name in sorted(set(names)) if name not in there}


def _not_set_up(name: str) -> str:
    there = f"there are {', '.join(CHANNELS)}"
    return f"the channel {name} is not set up: nothing can be sent by it; {meant(name, CHANNELS, there)}"
