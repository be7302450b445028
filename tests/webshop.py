"""A shop that is served: what is asked of it goes through the real application, into a real database."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from scheduler.decisions.facts import Customer, Event
from scheduler.wallclock import zone
from scheduler.web.app import create_app
from scheduler.web.site import Site
from scheduler.workspace import Workspace, open_workspace

KEY = "the-key-of-the-shop"
NOW = 1_793_610_000_000_000
"""2026-11-02T09:00:00Z."""


@dataclass
class Shop:
    """A workspace that is served as of `now` (UTC microseconds since 1970)."""

    workspace: Workspace
    client: TestClient
    now: int = NOW

    def post(self, path: str, body: Any, **options: Any) -> Any:
        """The answer to a request with JSON (None: with what `options` say) and the shop's key."""
        if body is not None:
            options = {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}, **options}
        return self.client.post(path, **{"auth": (KEY, ""), **options})

    def customer(self, customer: str) -> Customer:
        """A customer, who is there."""
        found = self.workspace.store.customers.get(customer)
        assert found is not None, f"there is no {customer}"
        return found

    def event(self, id_: str, customer: str = "17") -> Event:
        """An event of a customer, which is there."""
        return next(event for event in self.customer(customer).events if event.id == id_)


@contextmanager
def serving(folder: Path, empty: Path | None = None, **options: Any) -> Iterator[Shop]:
    """A workspace in a folder that is served, on a copy of an empty database if there is one; `options` are settings."""
    if empty is not None:
        shutil.copy(empty, folder / "rightreason.db")
    given = {"secret": "a secret of the tests", "serve": {"write_key": KEY}, **options}
    with open_workspace(folder, **given) as workspace:
        shop: Shop
        site = Site(workspace, lambda: shop.now)
        with TestClient(create_app(site), raise_server_exceptions=False) as client:
            shop = Shop(workspace, client)
            yield shop


def iso(at: int) -> str:
    """An instant as libraries write it."""
    return zone("UTC").iso(at)
