"""A small IMAP server (RFC 3501) on the loopback: one folder, as much of the protocol as reading a mailbox needs."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CERTIFICATE = Path(__file__).parent / "channels" / "localhost.pem"
_KEY = CERTIFICATE.with_suffix(".key")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\([^)]*\)|[^\s"]+)')


@dataclass
class Kept:
    """A mail on the server, and its flags."""

    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class ImapFolder:
    """What the server holds and how it behaves.

    `said` are the commands it got, without their tags; `refuses` are those it says NO to; `before` happens before a
    command is answered and may close the connection by `ConnectionError`.
    """

    name: str = "INBOX"
    username: str = "shop"
    password: str = "good"  # noqa: S105 - made up
    keywords: bool = True
    readonly: bool = False
    starttls: bool = False
    mails: dict[int, Kept] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    before: Callable[[str], None] = lambda _: None
    port: int = 0

    def put(self, raw: bytes, *flags: str) -> int:
        """Let a mail come; its number."""
        number = 2 * len(self.mails) + 3
        self.mails[number] = Kept(raw, set(flags))
        return number

    def verbs(self) -> list[str]:
        """The commands it got, without what they were about."""
        return [line.split()[1] if line.startswith("UID") else line.split()[0] for line in self.said]


class _Dialogue(socketserver.StreamRequestHandler):
    """One connection."""

    server: _Listening

    def handle(self) -> None:
        self._logged_in = False
        self._say("* OK ready")
        while line := self.rfile.readline():
            tag, _, command = line.decode("ascii").strip().partition(" ")
            words = [
                quoted.replace('\\"', '"').replace("\\\\", "\\") or plain for quoted, plain in _WORD.findall(command)
            ]
            folder = self.server.folder
            folder.said.append(command)
            try:
                folder.before(command)
            except ConnectionError:
                return
            verb = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            if verb in folder.refuses:
                self._say(f"{tag} NO not today")
                continue
            answer = getattr(self, "_" + verb.lower().replace(" ", "_"))(folder, words)
            self._say(f"{tag} {answer}")
            if verb == "STARTTLS":
                self._secure()
            if verb == "LOGOUT":
                return

    def _say(self, text: str | bytes) -> None:
        self.connection.sendall((text.encode("ascii") if isinstance(text, str) else text) + b"\r\n")

    def _secure(self) -> None:
        self.rfile.close()
        self.connection = _trusted().wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _capability(self, folder: ImapFolder, _words: list[str]) -> str:
        self._say("* CAPABILITY IMAP4rev1" + (" STARTTLS" if folder.starttls else ""))
        return "OK done"

    def _starttls(self, _folder: ImapFolder, _words: list[str]) -> str:
        return "OK go on"

    def _login(self, folder: ImapFolder, words: list[str]) -> str:
        self._logged_in = words[1:] == [folder.username, folder.password]
        return "OK done" if self._logged_in else "NO [AUTHENTICATIONFAILED] who are you?"

    def _select(self, folder: ImapFolder, words: list[str]) -> str:
        if not self._logged_in or words[1] != folder.name:
            return "NO there is no such folder"
        lasting = r"\Answered \Flagged \Deleted \Seen \Draft" + (r" \*" if folder.keywords else "")
        self._say(f"* {len(folder.mails)} EXISTS")
        self._say(f"* OK [PERMANENTFLAGS ({'' if folder.readonly else lasting})] limited")
        return f"OK [{'READ-ONLY' if folder.readonly else 'READ-WRITE'}] done"

    def _uid_search(self, folder: ImapFolder, words: list[str]) -> str:
        without = {flag for word, flag in (("UNDELETED", r"\Deleted"), ("UNSEEN", r"\Seen")) if word in words}
        if "UNKEYWORD" in words:
            without.add(words[words.index("UNKEYWORD") + 1])
        found = [str(number) for number, mail in folder.mails.items() if not mail.flags & without]
        self._say(f"* SEARCH {' '.join(found)}".rstrip())
        return "OK done"

    def _uid_fetch(self, folder: ImapFolder, words: list[str]) -> str:
        mail = folder.mails.get(int(words[2]))
        if mail is None:
            return "OK there is none"
        most = int(words[3].rpartition(".")[2].rstrip(">)"))
        raw = mail.raw[:most]
        head = f"* {words[2]} FETCH (UID {words[2]} BODY[]<0> {{{len(raw)}}}\r\n".encode("ascii")
        self._say(head + raw + b")")
        return "OK done"

    def _uid_store(self, folder: ImapFolder, words: list[str]) -> str:
        folder.mails[int(words[2])].flags |= set(words[4].strip("()").split())
        return "OK done"

    def _logout(self, _folder: ImapFolder, _words: list[str]) -> str:
        self._say("* BYE until later")
        return "OK done"


class _Listening(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, folder: ImapFolder, *, tls: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Dialogue)
        self.folder = folder
        self._tls = _trusted() if tls else None

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to tell of."""


def _trusted() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, _KEY)
    return context


@contextmanager
def imap_server(folder: ImapFolder | None = None, *, tls: bool = False) -> Iterator[ImapFolder]:
    """An IMAP server on a free port of the loopback."""
    folder = folder or ImapFolder()
    with _Listening(folder, tls=tls) as server:
        folder.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield folder
        finally:
            server.shutdown()
            thread.join()
