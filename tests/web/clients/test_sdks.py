"""Segment's own SDKs send to a real server that ends, is killed and comes back: nothing is lost, nothing double."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from faults.daemons import KILLED
from faults.waiting import until
from segment.analytics.client import Client  # type: ignore[import-untyped] # ships no types
from serving import KEY, PATIENCE, Server, served

EVENTS = 10_000
MODULES = os.environ.get("SEGMENT_NODE", "")
"""The folder with Segment's SDK for Node, as `make test-sdk` fetches it."""


@pytest.fixture
def shop(tmp_path: Path, sqlite_file: Path) -> Path:
    shutil.copy(sqlite_file, tmp_path / "rightreason.db")
    return tmp_path


def named(events: int) -> Counter[str]:
    return Counter(f"e{number}" for number in range(events))


def ends_and_is_killed(server: Server) -> None:
    """End the server when a quarter of the events is there, and kill it at the half; start it again each time."""
    for share, end in ((4, server.stop), (2, server.kill)):
        until(lambda share=share: server.stored().total() >= EVENTS // share, "events to come in", PATIENCE)  # type: ignore[misc] # one of now
        assert end() in (0, KILLED)
        server.start()


@contextmanager
def python_sdk(server: Server, **settings: Any) -> Iterator[tuple[Client, list[str]]]:
    """The SDK as a shop sets it up, and what it gave up."""
    lost: list[str] = []

    def gave_up(error: Exception, batch: list[dict[str, Any]]) -> None:
        lost.extend(f"{message['messageId']}: {error}" for message in batch)

    client = Client(KEY, host=server.url, on_error=gave_up, **settings)
    try:
        yield client, lost
    finally:
        client.join()


def placed(client: Client, number: int) -> bool:
    properties = {"order_id": f"o{number}", "product": "Kettle", "total": 39.5}
    taken, _ = client.track("ana", "order_placed", properties, message_id=f"e{number}")
    return bool(taken)


def test_the_python_sdk_loses_nothing_and_doubles_nothing(shop: Path) -> None:
    with served(shop) as server, python_sdk(server, max_queue_size=2 * EVENTS) as (client, lost):
        assert all(placed(client, number) for number in range(EVENTS))
        ends_and_is_killed(server)
        client.flush()
        assert lost == []
        assert server.stored() == named(EVENTS)


def test_the_python_sdk_waits_where_a_key_sends_more_than_it_may(shop: Path) -> None:
    with served(shop, per_second=100) as server, python_sdk(server, upload_size=50) as (client, lost):
        assert all(placed(client, number) for number in range(250))
        client.flush()
        assert lost == []
        assert server.stored() == named(250)


@pytest.mark.skipif(not MODULES, reason="no SDK for Node is here: `make test-sdk` fetches it, where there is npm")
def test_the_node_sdk_loses_nothing_and_doubles_nothing(shop: Path) -> None:
    command = ["node", str(Path(__file__).with_name("send.mjs"))]
    with served(shop) as server:
        sending = subprocess.Popen([*command, server.url, KEY, str(EVENTS)], stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own script
        ends_and_is_killed(server)
        printed, _ = sending.communicate(timeout=4 * PATIENCE)
        assert json.loads(printed) == []
        assert server.stored() == named(EVENTS)
