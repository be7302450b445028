"""A mail server on a raw socket, a program of its own: `python smtp.py LOG`. It knows nothing of what it is told by.

It prints its port, then takes orders, one JSON object a line, on stdin, and answers each with a line; it ends with
stdin. Of each message that it takes it appends a line to the log, and flushes it to the disk, before it answers.

The steps of a message are `connect`, `mail`, `rcpt`, `data`, `end` (the final dot came, nothing is written yet),
`accepted` (the line is written, no answer is given yet) and `answered`. A script says what happens at a step:

    {"step": "rcpt", "do": "550 5.1.1 nobody", "to": "ana@example.com", "skip": 2, "times": 1}

`do` is a reply, `close`, `kill` (the process that it was told the pid of), `late` (the good answer, `seconds` later) or
`pause` (the good answer, once it is told to go on). `to` is any recipient where it is not given; the first `skip` times
are passed over, and after `times` times (not given: always) it is over.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any, BinaryIO

_ADDRESS = re.compile(rb"<([^>]*)>")
_ORDERED = 30
"""So many seconds a step waits for the pid that it is to kill."""


class Closed(Exception):
    """This connection is over."""


class Server:
    """What all connections share."""

    def __init__(self, log: str) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.lock = threading.Lock()
        self.script: list[dict[str, Any]] = []
        self.pid = 0
        self.aimed, self.going = threading.Event(), threading.Event()

    def write(self, **line: Any) -> None:
        """Append a line, which is on the disk once this returns."""
        told = json.dumps({**line, "at": time.time_ns() // 1_000}) + "\n"
        with self.lock:
            os.write(self.log, told.encode())
            os.fsync(self.log)

    def order(self, given: dict[str, Any]) -> None:
        """Do as told: a new script, the pid to kill, or to go on."""
        with self.lock:
            if "script" in given:
                self.script = [dict(entry) for entry in given["script"]]
                self.aimed.clear()
                self.going.clear()
            if "pid" in given:
                self.pid = int(given["pid"])
                self.aimed.set()
            if "go" in given:
                self.going.set()

    def turn(self, step: str, to: str) -> dict[str, Any] | None:
        """What the script says of this step."""
        with self.lock:
            for entry in self.script:
                if entry["step"] != step or entry.get("to", to) != to or entry.get("times") == 0:
                    continue
                if entry.get("skip", 0) > 0:
                    entry["skip"] -= 1
                    continue
                if "times" in entry:
                    entry["times"] -= 1
                return entry
        return None


class Dialogue:
    """One connection, from the greeting to its end."""

    def __init__(self, server: Server, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.reader: BinaryIO = connection.makefile("rb")
        self.to = ""

    def run(self) -> None:
        """Speak SMTP until one side has enough."""
        with suppress(OSError, Closed), self.connection:
            self.answer("connect", "220 sink ESMTP")
            while line := self.reader.readline():
                self.command(line.strip())

    def command(self, line: bytes) -> None:
        """Do one command."""
        verb = line[:4].upper()
        if verb == b"EHLO":
            self.say("250-sink\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
        elif verb == b"MAIL":
            self.to = ""
            self.answer("mail", "250 2.1.0 OK")
        elif verb == b"RCPT":
            found = _ADDRESS.search(line)
            self.to = found[1].decode() if found else ""
            self.answer("rcpt", "250 2.1.5 OK")
        elif verb == b"DATA":
            if self.answer("data", "354 go on"):
                self.message()
        elif verb in (b"HELO", b"RSET", b"NOOP"):
            self.say("250 2.0.0 OK")
        elif verb == b"QUIT":
            self.say("221 2.0.0 bye")
            raise Closed
        else:
            self.say("502 5.5.1 unknown")

    def message(self) -> None:
        """Take a message: the line is on the disk before the answer leaves."""
        content = bytearray()
        while (line := self.reader.readline()) != b".\r\n":
            if not line:
                raise Closed
            content += line
        told = {"id": header(content, b"message-id"), "to": self.to, "subject": header(content, b"subject")}
        if not self.obey("end"):
            self.server.write(**told, step="refused")
            return
        self.server.write(**told, step="accepted")
        self.answer("accepted", "250 2.0.0 taken")
        self.obey("answered")

    def answer(self, step: str, well: str) -> bool:
        """Answer as the script says, or else well; whether it went well."""
        goes_well = self.obey(step)
        if goes_well:
            self.say(well)
        return goes_well

    def obey(self, step: str) -> bool:
        """Do what the script says of this step; whether the good answer may follow."""
        entry = self.server.turn(step, self.to)
        if entry is None:
            return True
        do = entry["do"]
        self.server.write(to=self.to, step=f"{do} at {step}")
        if do == "late":
            time.sleep(entry["seconds"])
        elif do == "pause":
            self.server.going.wait()
        elif do == "close":
            raise Closed
        elif do == "kill":
            self.kill()
        else:
            self.say(do)
            if do.startswith("421"):
                raise Closed
            return False
        return True

    def kill(self) -> None:
        """Kill, and say nothing more: what is dead closes its end."""
        if not self.server.aimed.wait(_ORDERED):
            raise Closed
        with suppress(ProcessLookupError):
            os.kill(self.server.pid, signal.SIGKILL)
        while self.reader.read(65536):
            pass
        raise Closed

    def say(self, line: str) -> None:
        self.connection.sendall(f"{line}\r\n".encode())


def header(content: bytes | bytearray, name: bytes) -> str:
    """A header of a message, unfolded; empty where it is not there."""
    head = bytes(content).partition(b"\r\n\r\n")[0]
    found = re.search(rb"(?im)^" + name + rb":[ \t]*(.*(?:\r\n[ \t].*)*)", head)
    return b" ".join(found[1].split()).decode("ascii", "replace") if found else ""


def main() -> None:
    """Listen, and do as told until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with who started it
    server = Server(sys.argv[1])
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)

    def listen() -> None:
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=Dialogue(server, connection).run, daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        server.order(json.loads(line))
        sys.stdout.write("done\n")
        sys.stdout.flush()
    os._exit(0)  # connections may be in the midst of a pause


if __name__ == "__main__":
    main()
