"""Copies of the package in which a fault can be seeded, so that nobody else ever runs it."""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

from .faults import Fault

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("scheduler", "rules", "templates", "tests", "pyproject.toml")
"""What the tests need of the project."""

LONGEST = 300
"""So many seconds a run may take; a fault that has the walk turn in circles is not caught, but stuck."""

UNREADABLE = {"AttributeError", "ImportError", "NameError", "SyntaxError", "TypeError", "UnboundLocalError"}
"""What code raises that makes no sense: such a fault would be caught by any test, and proves nothing."""

_FAILED = re.compile(r"^FAILED (.+?)(?: - (\w+).*)?$", re.MULTILINE)


class Unusable(Exception):
    """A copy that can't be used to try anything."""


@dataclass(frozen=True)
class Ended:
    """A run of tests: its exit code (None: it had to be stopped), what it printed, and its seconds."""

    code: int | None
    printed: str
    seconds: float

    @property
    def failed(self) -> str | None:
        """The node id of the first test that failed, None where none did or where it was no test that failed."""
        found = _FAILED.search(self.printed) if self.code == 1 else None
        return None if found is None or found[2] in UNREADABLE else found[1]

    @property
    def last_words(self) -> str:
        """How the run ended, in one line."""
        lines = self.printed.strip().splitlines() or [""]
        told = [line for line in lines if line.startswith(("FAILED", "ERROR"))] or lines
        return f"exit {self.code}: {told[0]}" if self.code is not None else f"did not end within {LONGEST} s"


@dataclass(frozen=True)
class Copy:
    """A copy of what the tests need, in a folder of its own."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Copy:
        """Copy the project into `folder`; raises `Unusable` where Python would import another one from there."""
        for name in NEEDED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, folder / name)
        # A file that was changed twice within a second keeps its time and perhaps its size: only its content tells.
        compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        copy = cls(folder)
        imported = copy._python("-c", "import scheduler; print(scheduler.__file__)").printed.strip()
        if imported != str(folder / "scheduler" / "__init__.py"):
            raise Unusable(f"in {folder} Python imports {imported}")
        return copy

    def run(self, tests: Sequence[str]) -> Ended:
        """Run tests, given as pytest's node ids, up to the first that fails."""
        return self._python("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests)

    @contextmanager
    def seeded(self, fault: Fault) -> Iterator[None]:
        """Put a fault in, and take it out again; its text has to be there exactly once."""
        path = self.folder / fault.file
        whole = path.read_text(encoding="utf-8")
        path.write_text(fault.put_into(whole), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(whole, encoding="utf-8")

    def _python(self, *arguments: str) -> Ended:
        own = {
            "PYTHONPATH": str(self.folder),  # stands before the folder that an editable install names
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # half of the time of a single test
            "PYTEST_ADDOPTS": "",
            "COLUMNS": "400",  # pytest leaves out what does not fit into a line
        }
        begun = time.monotonic()
        try:
            ended = subprocess.run(  # noqa: S603 (our own interpreter, and tests that stand in our own list)
                [sys.executable, *arguments],
                cwd=self.folder,
                env=os.environ | own,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Ended(None, "", time.monotonic() - begun)
        return Ended(ended.returncode, ended.stdout, time.monotonic() - begun)
