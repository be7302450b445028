"""The kernel, as plain Python or compiled: the same functions from the same file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.abc import SourceLoader
from importlib.metadata import PackageNotFoundError, version
from types import FunctionType, ModuleType
from typing import Any

from scheduler.decisions import kernel
from scheduler.decisions.program import Program
from scheduler.decisions.rows import floats, listed_rows, whole

ENTRIES = ("open_windows", "walk")
"""The functions that are called from outside."""

_ROWS = {
    "rules": kernel.RuleRow,
    "gates": kernel.GateRow,
    "slots": kernel.SlotRow,
    "caps": kernel.CapRow,
    "spans": kernel.SpanRow,
    "hours": kernel.HoursRow,
    "leaves": kernel.LeafRow,
    "streams": kernel.StreamRow,
    "house": kernel.HouseRow,
}


@dataclass(frozen=True)
class Kernel:
    """The functions of the kernel that are called from outside, and whether they want arrays."""

    open_windows: Callable[..., int]
    walk: Callable[..., tuple[int, int, int]]
    arrays: bool

    @property
    def chunk(self) -> int:
        """As many customers are best walked together, so that memory does not grow with their number."""
        return 10_000 if self.arrays else 1_000

    @staticmethod
    def plain() -> Kernel:
        """The kernel as it is written, on lists."""
        return PLAIN

    def tables(self, program: Program) -> kernel.Program:
        """The program's tables, as this kernel wants them."""
        return arrays_of(program) if self.arrays else program.tables


PLAIN = Kernel(kernel.open_windows, kernel.walk, arrays=False)


def arrays_of(program: Program) -> kernel.Program:
    """The program's tables as arrays."""
    tables = program.tables._asdict()
    made: dict[str, Any] = {}
    for name, table in tables.items():
        if name in _ROWS:
            made[name] = listed_rows(table, _ROWS[name], arrays=True)
        elif name == "tests":
            made[name] = floats(table, arrays=True)
        else:
            made[name] = table if isinstance(table, int) else whole(table, arrays=True)
    return kernel.Program(**made)


@cache
def compiled(folder: str | None = None) -> Kernel:
    """The kernel compiled with Numba, which takes up to a minute at the first call of each of its functions.

    The machine code is kept in `folder`, which has to be writable, for the next process; raises `ImportError` where
    Numba is not installed.
    """
    import numba

    from scheduler.decisions.references import reference

    if folder is not None:
        numba.config.CACHE_DIR = folder
    # More effort makes no faster walk here, but takes half as long again.
    numba.config.OPT = type(numba.config.OPT)(1)
    numba.config.LOOP_VECTORIZE = numba.config.SLP_VECTORIZE = False
    twin: Any = _twin()
    twin.reference = reference
    for name, function in list(vars(twin).items()):
        if isinstance(function, FunctionType) and function.__module__ == twin.__name__:
            entry = name in ENTRIES
            compile_later = numba.njit(
                nogil=True,
                # No reference is counted: every array outlives the call, and counting takes longer than the walk.
                _nrt=False,
                no_cpython_wrapper=not entry,
                no_cfunc_wrapper=True,
                cache=entry and folder is not None,
            )
            setattr(twin, name, compile_later(function))
    return Kernel(twin.open_windows, twin.walk, arrays=True)


def source_version() -> str:
    """A version of what machine code is made from: what was made from another one must not be used."""
    digest = sha256()
    for name in (kernel.__name__, __name__, f"{__package__}.references"):
        found = importlib.util.find_spec(name)
        if found is not None and isinstance(found.loader, SourceLoader):
            digest.update((found.loader.get_source(name) or "").encode())
    with suppress(PackageNotFoundError):
        digest.update(version("numba").encode())
    return digest.hexdigest()[:16]


def _twin() -> ModuleType:
    """The kernel's module once more, to be compiled, as the plain one is wanted too."""
    found = importlib.util.find_spec(kernel.__name__)
    if found is None or found.origin is None:
        raise ImportError("the kernel's source is not there to be compiled")
    spec = importlib.util.spec_from_file_location(f"{kernel.__name__}_compiled", found.origin)
    if spec is None or spec.loader is None:
        raise ImportError("the kernel's source is not there to be compiled")
    twin = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = twin
    spec.loader.exec_module(twin)
    return twin
