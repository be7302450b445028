"""A mail server that takes whatever comes and keeps nothing: the least that can stand at the other end.

It prints its port and runs until it is ended: python -m benchmarks.mail_sink [TIMES]. To the file TIMES it writes when
each message came, in UTC microseconds, line by line.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

ANSWERS = {b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Dialogue(asyncio.Protocol):
    """One connection; `times` is where it is noted when messages came."""

    def __init__(self, times: Path | None) -> None:
        self.times = times

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - servers of streams have no other
        self.transport, self.held, self.in_data = transport, b"", False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer each command and each end of a message."""
        self.held += data
        while True:
            end, length = (b"\r\n.\r\n", 5) if self.in_data else (b"\r\n", 2)
            at = self.held.find(end)
            if at < 0:
                return
            command, self.held = self.held[:4].upper(), self.held[at + length :]
            if self.in_data:
                self.in_data = False
                if self.times is not None:
                    with self.times.open("a") as file:
                        file.write(f"{time.time_ns() // 1_000}\n")
                self.transport.write(b"250 taken\r\n")
                continue
            self.in_data = command == b"DATA"
            self.transport.write(ANSWERS.get(command, b"250 ok\r\n"))


async def main() -> None:
    """Serve on a free port of the loopback."""
    times = Path(sys.argv[1]) if sys.argv[1:] else None
    server = await asyncio.get_running_loop().create_server(lambda: Dialogue(times), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
