"""The mailbox that reports come to: read, taken into the ledger, and marked only after that is committed.

A mail that is done keeps its place and every flag that people see: it is marked for us alone, so that the same
mailbox can be read by people.
"""

from __future__ import annotations

import imaplib
import os
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from scheduler.channels.reports import LONGEST, is_mail, read_report
from scheduler.delivery.reported import Effect, Nameless, apply_one
from scheduler.errors import ChannelError, SettingsError
from scheduler.settings import Settings
from scheduler.settings.bounces import Bounces
from scheduler.settings.email import Security
from scheduler.store import Store

MOST = 1_000
"""As many mails are read in one go; the others the next time."""

_DONE = "P"
"""The flag of maildirs for what was passed on."""
_KEYWORD = "RightReason"
_INFO = ":2,"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail by its name in the mailbox, and the first `LONGEST` bytes of it: none where it can't be read."""

    name: str
    raw: bytes


class Inbox(Protocol):
    """A mailbox. Its methods raise `ChannelError` where it can't be reached or used."""

    def take(self) -> Iterator[Mail]:
        """The mails that are not done yet, the oldest first."""

    def done(self, mail: Mail) -> None:
        """Never take this mail again."""

    def set_aside(self, mail: Mail) -> None:
        """Never take this mail again, and show that it could not be read."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True)
class Collected:
    """What came back: mails by what they did or were, and how many addresses were suppressed by that.

    `problems` are sentences about what somebody has to put right.
    """

    mails: int = 0
    effects: Counter[Effect] = field(default_factory=Counter)
    suppressed: int = 0
    others: int = 0
    unreadable: int = 0
    problems: tuple[str, ...] = ()


def collect(store: Store, settings: Settings, now: int, most: int = MOST) -> Collected:
    """Read what has come to the mailboxes that are set, and take it as of `now`; at most so many mails of each.

    Each report is committed before its mail is marked, so after a break nothing is lost and nothing counts twice.
    """
    collecting = _Collecting(store, now, Nameless(store))
    for inbox in inboxes(settings, collecting.problems):
        collecting.nameless = Nameless(store)
        try:
            with closing(inbox):
                for mail in islice(inbox.take(), most):
                    collecting.take(inbox, mail)
        except ChannelError as error:
            collecting.problems.append(str(error))
    return collecting.told()


def inboxes(settings: Settings, problems: list[str]) -> list[Inbox]:
    """The mailboxes that are set; `problems` takes a sentence about each that can't be used as it is set."""
    bounces = settings.bounces
    found: list[Inbox] = []
    if bounces.maildir is not None:
        found.append(Maildir(settings.workspace / bounces.maildir))
    if bounces.host is not None:
        try:
            password = settings.secret_of("bounces", "password")
        except SettingsError as error:
            problems.append(str(error))
        else:
            found.append(Imap(bounces, password))
    return found


@dataclass
class _Collecting:
    store: Store
    now: int
    nameless: Nameless
    mails: int = 0
    effects: Counter[Effect] = field(default_factory=Counter)
    suppressed: int = 0
    others: int = 0
    unreadable: int = 0
    problems: list[str] = field(default_factory=list)

    def take(self, inbox: Inbox, mail: Mail) -> None:
        self.mails += 1
        try:
            if not is_mail(mail.raw):
                inbox.set_aside(mail)
                self.unreadable += 1
            elif not self._is_early(mail.raw):
                inbox.done(mail)
        except ChannelError as error:
            self.problems.append(str(error))

    def _is_early(self, raw: bytes) -> bool:
        """Take what a mail says; whether it has to be read again later."""
        report = read_report(raw)
        if report is None:
            self.others += 1
            return False
        change = apply_one(self.store, report, self.now, self.nameless)
        self.effects[change.effect] += 1
        self.suppressed += change.suppressed
        return change.effect is Effect.EARLY

    def told(self) -> Collected:
        problems = tuple(dict.fromkeys(self.problems))
        return Collected(self.mails, self.effects, self.suppressed, self.others, self.unreadable, problems)


class Maildir:
    """A maildir: what is done gets the flag P (passed on), what can't be read goes to its folder `.unreadable`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def take(self) -> Iterator[Mail]:
        """The mails without our flag, in order of their names, which begin with the time they came."""
        for folder, name in sorted(self._names(), key=lambda found: found[1]):
            try:
                with (self.path / folder / name).open("rb") as file:
                    raw = file.read(LONGEST)
            except FileNotFoundError:
                continue  # a reader of this mailbox has moved it: it is found the next time
            except OSError:
                raw = b""
            yield Mail(f"{folder}/{name}", raw)

    def done(self, mail: Mail) -> None:
        """Add the flag to those the mail has."""
        base, _, flags = Path(mail.name).name.partition(_INFO)
        self._move(mail, self.path / "cur" / f"{base}{_INFO}{''.join(sorted({*flags, _DONE}))}")

    def set_aside(self, mail: Mail) -> None:
        """Move it to the folder `.unreadable`, which is a maildir as well."""
        aside = self.path / ".unreadable"
        try:
            for folder in ("cur", "new", "tmp"):
                (aside / folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ChannelError(f"{aside} can't be made ({error.strerror}); let this user write there") from None
        self._move(mail, aside / "new" / Path(mail.name).name.partition(_INFO)[0])

    def close(self) -> None:
        """Nothing is kept open."""

    def _names(self) -> Iterator[tuple[str, str]]:
        for folder in ("new", "cur"):
            try:
                with os.scandir(self.path / folder) as entries:
                    yield from ((folder, entry.name) for entry in entries if _is_to_take(entry))
            except OSError as error:
                raise ChannelError(
                    f"bounces.maildir: {self.path / folder} can't be read ({error.strerror}); "
                    "name a maildir, which has the folders new, cur and tmp, and let this user write there"
                ) from None

    def _move(self, mail: Mail, target: Path) -> None:
        source = self.path / mail.name
        try:
            source.rename(target)
        except OSError as error:
            if not os.path.lexists(source):
                return  # moved by a reader of this mailbox: taken again the next time, and then known
            raise ChannelError(
                f"bounces.maildir: a mail can't be moved to {target.parent} ({error.strerror}); "
                "let this user write there: until then it is read again and again"
            ) from None


class Imap:
    """A folder on an IMAP server (RFC 3501): what is done gets a keyword of ours, what can't be read a star as well.

    Where the server lets us make no keywords, what is done is marked as read.
    """

    def __init__(self, settings: Bounces, password: str | None) -> None:
        self.settings = settings
        self._password = password
        self._server: imaplib.IMAP4 | None = None
        self._mark = _KEYWORD

    def take(self) -> Iterator[Mail]:
        """The mails without our mark, in the order in which they came."""
        with self._speaking("to open the folder"):
            server = self._open()
            unmarked = "UNSEEN" if self._mark != _KEYWORD else f"UNKEYWORD {_KEYWORD}"
            numbers = _ok(server.uid("SEARCH", f"UNDELETED {unmarked}"))[0] or b""
        for number in numbers.decode("ascii").split():
            with self._speaking("to read a mail"):
                kind, parts = server.uid("FETCH", number, f"(BODY.PEEK[]<0.{LONGEST}>)")
            texts = [part[1] for part in parts if isinstance(part, tuple) and b"BODY[" in part[0].upper()]
            if texts or kind != "OK":
                yield Mail(number, texts[0] if texts else b"")

    def done(self, mail: Mail) -> None:
        """Give it our mark."""
        self._flag(mail, self._mark)

    def set_aside(self, mail: Mail) -> None:
        r"""Give it our mark and `\Flagged`, which mail programs show as a star."""
        self._flag(mail, rf"{self._mark} \Flagged")

    def close(self) -> None:
        """Say good-bye."""
        server, self._server = self._server, None
        if server is None:
            return
        try:
            server.logout()
        except (OSError, imaplib.IMAP4.error):
            with suppress(OSError):
                server.shutdown()

    def _flag(self, mail: Mail, flags: str) -> None:
        with self._speaking("to mark a mail"):
            _ok(self._open().uid("STORE", mail.name, "+FLAGS.SILENT", f"({flags})"))

    def _open(self) -> imaplib.IMAP4:
        if self._server is not None:
            return self._server
        settings = self.settings
        if settings.username is None or self._password is None:
            raise ChannelError(
                "bounces: a login is needed; set bounces.username, and RIGHTREASON_BOUNCES__PASSWORD or "
                "bounces.password_file"
            )
        host, trust = settings.host or "localhost", None
        if settings.security is not Security.NONE:
            trust = ssl.create_default_context(cafile=settings.ca_file)
        if settings.security is Security.TLS:
            server: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                host, settings.at_port, ssl_context=trust, timeout=settings.timeout
            )
        else:
            server = imaplib.IMAP4(host, settings.at_port, timeout=settings.timeout)
        self._server = server
        if settings.security is Security.STARTTLS:
            if "STARTTLS" not in server.capabilities:
                raise ChannelError("bounces.security: the server offers no STARTTLS; set tls, or none on one machine")
            server.starttls(ssl_context=trust)
        with self._speaking("the login"):
            server.login(_quoted(settings.username), self._password)
        _ok(server.select(_quoted(settings.folder)))
        _, permanent = server.response("PERMANENTFLAGS")
        allowed = (permanent[0] or b"").decode("ascii", "replace") if permanent else ""
        if r"\*" not in allowed and _KEYWORD not in allowed:
            self._mark = r"\Seen"
        return server

    @contextmanager
    def _speaking(self, doing: str) -> Iterator[None]:
        """Tell in words, and without theirs, what goes wrong in this block."""
        place = f"bounces: {self.settings.host}:{self.settings.at_port}"
        try:
            yield
        except UnicodeEncodeError:
            raise ChannelError("bounces.password holds characters that IMAP can't carry; use ASCII") from None
        except ssl.SSLError as error:
            raise ChannelError(f"{place}: no secure connection ({error.reason})") from None
        except TimeoutError:
            raise ChannelError(f"{place}: the server did not answer in time") from None
        except imaplib.IMAP4.readonly:
            raise ChannelError(f"{place}: the folder can only be read; let this user write there") from None
        except imaplib.IMAP4.abort:
            raise ChannelError(f"{place}: the connection broke; it is tried again the next time") from None
        except imaplib.IMAP4.error:
            raise ChannelError(f"{place}: the server refuses {doing}; look at the settings of bounces") from None
        except OSError as error:
            raise ChannelError(f"{place}: no connection ({error.strerror or error})") from None


def _is_to_take(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or _DONE in entry.name.partition(_INFO)[2]:
        return False
    try:
        return entry.is_file()
    except OSError:
        return True


def _ok(answer: tuple[str, list[bytes | None]]) -> list[bytes | None]:
    """What an IMAP server answered; raises `IMAP4.error` where it said no."""
    kind, parts = answer
    if kind != "OK":
        raise imaplib.IMAP4.error
    return parts


def _quoted(text: str) -> str:
    """A text as IMAP's quoted strings hold it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
