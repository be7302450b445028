"""How the daemon is, for machines: /health says whether it works, in sentences; /metrics are numbers for Prometheus.

Neither names a customer, and causes that people wrote are left out. /health asks no database, so it answers whatever
the database does.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any

import structlog

from scheduler.errors import SettingsError, StoreError
from scheduler.logs import told
from scheduler.settings.health import Health
from scheduler.store import State, Store
from scheduler.store.buckets import SLICES
from scheduler.store.standing import outcomes, standing

if TYPE_CHECKING:
    from prometheus_client import Metric

SECOND = 1_000_000
SILENT = 180 * SECOND
"""An idle daemon ticks every minute: one that has not for so long (microseconds) is not well."""
STUCK = 1800 * SECOND
"""A tick that has not moved for so long hangs; a mail server may be waited for ten minutes, a few times."""
COUNTED = 300 * SECOND
"""What looks through all rows is counted at most this often."""
_PLAIN = "text/plain; charset=utf-8"


@dataclass
class Pulse:
    """What a daemon knows of itself; the daemon writes it, others read it.

    Instants are even microseconds, those of `steady`; `ticked_at` is UTC microseconds since 1970.
    """

    steady: Callable[[], int]
    ticked: int = field(init=False)
    moved: int = field(init=False)
    beaten: int = field(init=False)
    ticked_at: int | None = None
    working: bool = False
    database_away: bool = False
    faulty: bool = False
    held: tuple[str, ...] = ()
    slices: int = SLICES

    def __post_init__(self) -> None:
        self.ticked = self.moved = self.beaten = self.steady()

    @property
    def is_stuck(self) -> bool:
        """Whether its work has come to a standstill."""
        return self.working and self.steady() - self.moved > STUCK

    @property
    def ailments(self) -> list[str]:
        """What is wrong with it, in sentences; none where it is well."""
        found = []
        if self.database_away:
            found.append("The database can't be used; it is tried again.")
        if self.faulty:
            found.append("The last tick ended by a fault of the program; the log says where.")
        if self.is_stuck:
            found.append(f"The tick that is at work has not moved for {_ago(self.steady() - self.moved)}.")
        elif not self.working and self.steady() - self.ticked > SILENT:
            found.append(f"There has been no tick for {_ago(self.steady() - self.ticked)}.")
        return found

    @property
    def sentences(self) -> list[str]:
        """How it is: what is wrong, or that it is well; and what is held, which is for a person and no ailment."""
        well = [f"The daemon is at work; it ticked {_ago(self.steady() - self.ticked)} ago."]
        if self.ticked_at is None:
            well = ["The daemon is at work; it has not ticked yet."]
        share = [] if self.slices == SLICES else [f"Its share of the customers is {self.slices} of {SLICES} slices."]
        held = [f"{name} is held; `rightreason status` says why." for name in self.held]
        return (self.ailments or well) + share + held


@contextmanager
def answering(settings: Health, pulse: Pulse, store: Store, clock: Callable[[], int]) -> Iterator[int | None]:
    """Answer /health and /metrics in this block, by threads of its own; the port, None where none is set.

    Raises `SettingsError` where the port can't be had.
    """
    if settings.port is None:
        yield None
        return
    with served(settings.host, settings.port, pulse, store, clock) as port:
        yield port


@contextmanager
def served(host: str, port: int, pulse: Pulse, store: Store, clock: Callable[[], int]) -> Iterator[int]:
    """As `answering`, at any free port where `port` is 0."""
    metrics = Metrics(pulse, store, clock)
    try:
        server = _Server((host, port), lambda *given: _Answer(pulse, metrics, *given))
    except OSError as error:
        why = error.strerror or str(error)
        raise SettingsError(f"health.port: {host}:{port} can't be listened at ({why}); set another") from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Metrics:
    """The numbers of one daemon and its store; prometheus-client collects them each time that they are asked for."""

    def __init__(self, pulse: Pulse, store: Store, clock: Callable[[], int]) -> None:
        self._pulse, self._store, self._clock = pulse, store, clock
        self._counted: tuple[int, dict[tuple[str, State], int]] | None = None
        self._one_by_one = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """Every number; those of the database only while it can be asked."""
        from prometheus_client.core import GaugeMetricFamily

        def gauge(name: str, what: str, value: float) -> Metric:
            return GaugeMetricFamily(f"rightreason_{name}", what, value=value)

        pulse, now = self._pulse, self._clock()
        yield gauge("up", "Whether the daemon is well, as /health says.", not pulse.ailments)
        yield gauge(
            "heartbeat_age_seconds", "Seconds since the last sign of life.", _seconds(pulse.steady() - pulse.beaten)
        )
        share = pulse.slices / SLICES
        yield gauge("share_ratio", "The part of the customers that this daemon works for, from 0 to 1.", share)
        if pulse.ticked_at is not None:
            yield gauge("last_tick_timestamp_seconds", "When the last tick ended well.", _seconds(pulse.ticked_at))
        try:
            there, ended = standing(self._store, now), self._outcomes()
        except StoreError:
            yield gauge("database_up", "Whether the database can be asked.", 0)
            return
        yield gauge("database_up", "Whether the database can be asked.", 1)
        yield gauge("unplanned", "Customers with something new who are not planned yet.", there.unplanned)
        yield gauge("due", "Occasions that are due to be decided.", there.due)
        yield gauge("overdue_seconds", "How long the oldest of what is to be done has waited.", _seconds(there.overdue))
        yield gauge("queued", "Messages that are to be sent, now or later.", there.queued)
        yield gauge("sending", "Messages that are being sent.", there.sending)
        for state in (State.UNCONFIRMED, State.QUARANTINED):
            number = sum(count for (_, one), count in ended.items() if one is state)
            yield gauge(
                str(state), f"Messages that are {state}: a person has to decide. Up to five minutes old.", number
            )
        held = GaugeMetricFamily("rightreason_held", "What is held: all, a rule or a channel.", labels=["name"])
        for name in there.holds:
            held.add_metric([name], 1)
        yield held
        contacts = GaugeMetricFamily(
            "rightreason_contacts",
            "Contacts by what became of them. Up to five minutes old.",
            labels=["channel", "state"],
        )
        for (channel, state), number in ended.items():
            contacts.add_metric([channel, str(state)], number)
        yield contacts

    def page(self) -> tuple[bytes, str]:
        """The page of numbers, and its type."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        with self._one_by_one:
            return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4

    def _outcomes(self) -> dict[tuple[str, State], int]:
        steady = self._pulse.steady()
        if self._counted is None or steady - self._counted[0] >= COUNTED:
            self._counted = steady, outcomes(self._store)
        return self._counted[1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Listen, without asking the network for a name, as the base class would."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as it is called
        """Say where it failed; the base class would print a trace. A caller that went away is no failure."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            structlog.get_logger().error("a question about the daemon's health found no answer", **told(error))


class _Answer(BaseHTTPRequestHandler):
    timeout = 10
    server_version = "rightreason"
    sys_version = ""

    def __init__(self, pulse: Pulse, metrics: Metrics, *given: Any) -> None:
        self._pulse, self._metrics = pulse, metrics
        super().__init__(*given)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/health":
            status = HTTPStatus.SERVICE_UNAVAILABLE if self._pulse.ailments else HTTPStatus.OK
            self._send(status, "".join(f"{line}\n" for line in self._pulse.sentences).encode(), _PLAIN)
        elif path == "/metrics":
            self._send(HTTPStatus.OK, *self._metrics.page())
        else:
            self._send(HTTPStatus.NOT_FOUND, b"There are /health and /metrics.\n", _PLAIN)

    do_HEAD = do_GET  # noqa: N815 - as above

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as above
        """Say nothing: who asks, and what, is in nobody's log."""

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _seconds(microseconds: int) -> float:
    return microseconds / SECOND


def _ago(microseconds: int) -> str:
    seconds = microseconds // SECOND
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
