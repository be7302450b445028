"""The e-mail channel: any SMTP relay, over several connections that are kept open."""

from __future__ import annotations

import re
from threading import Condition

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.mime import bare_address, mail_bytes
from scheduler.channels.smtp import SmtpConnection
from scheduler.messages.message import Email, Message
from scheduler.settings.email import Email as EmailSettings

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class EmailChannel:
    """Sends by SMTP, from as many threads at a time as ask it to: each has a connection of its own meanwhile.

    `password` is separate from the settings, which never hold it.
    """

    name = "email"
    promises = Promise.NOTHING

    def __init__(self, settings: EmailSettings, password: str | None = None) -> None:
        self.settings = settings
        self._password = password
        self._idle: list[SmtpConnection] = []
        self._at_work = 0
        self._most = settings.connections
        self._changed = Condition()

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        """Send one mail to its one recipient."""
        if not isinstance(message, Email):
            return Handover(HandoverKind.FAILED, f"a message by {message.channel} is no e-mail")
        to = usable_address(message.to)
        if to is None:
            return Handover(HandoverKind.FAILED, "the recipient is not one valid address", suppress=True)
        sender = bare_address(self.settings.bounces_to or message.from_)
        if not sender.isascii():
            return Handover(HandoverKind.RETRY, "the sender's address has letters that SMTP does not take", hold=True)
        mail = mail_bytes(message, key, now)
        connection = self._taken()
        if isinstance(connection, Handover):
            return connection
        try:
            return connection.send(sender, to, mail)
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close the connections; the next message opens another."""
        with self._changed:
            while self._idle:
                self._idle.pop().close()

    def check(self) -> Handover:
        """Whether the server takes the login: `sent` means that it would."""
        return SmtpConnection(self.settings, self._password).check()

    def _taken(self) -> SmtpConnection | Handover:
        """A connection that is open and idle, or why there is none.

        A server that takes no more connections beside those at work is not asked for more, until all are idle.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._at_work < self._most)
            connection = self._idle.pop() if self._idle else SmtpConnection(self.settings, self._password)
            self._at_work += 1
        refused = connection.open()
        if refused is None:
            return connection
        with self._changed:
            self._end_of_work()
            if refused.hold or not (self._at_work or self._idle):
                return refused
            self._most = max(self._at_work, 1)
        return self._taken()

    def _give_back(self, connection: SmtpConnection) -> None:
        with self._changed:
            self._idle.append(connection)
            self._end_of_work()

    def _end_of_work(self) -> None:
        self._at_work -= 1
        if not self._at_work:
            self._most = self.settings.connections
        self._changed.notify_all()


def usable_address(text: str) -> str | None:
    """The one address that a text is, ready for an envelope; None where it is none, or several."""
    if _ADDRESS.fullmatch(text) and ".." not in text:
        return text
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(text, check_deliverability=False).ascii_email
    except EmailNotValidError:
        return None
