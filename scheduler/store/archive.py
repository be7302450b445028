"""The archive: Parquet files of what has left the database, in a folder for each table.

A file is named after the month of its rows, and is complete once it is there: it is written beside its place, synced
and read back, and takes its place when its rows have gone from the database.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from scheduler.errors import StoreError
from scheduler.store.buckets import bucket_of
from scheduler.store.erasure import pseudonym

if TYPE_CHECKING:
    import polars

NEW = ".new"
"""Ends the name of a file that has not taken its place yet: of which only the database knows whether it counts."""

_HALF = ".half"
_LOCK = ".lock"

KEYS: Mapping[str, tuple[str, ...]] = {
    "event": ("id",),
    "occasion": ("key",),
    "task": ("occasion",),
    "attempt": ("occasion", "number"),
    "note": ("number", "at"),
    "traffic": ("channel", "minute"),
}
"""The tables that are archived, with the columns that tell their rows apart."""

_PERSONAL = ("event", "occasion", "task", "attempt", "note")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else changes the archive before the end of the block; made on first use, for its owner only."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"the archive's folder {folder} can't be used ({error.strerror})") from None
    with os.fdopen(handle, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for half in folder.glob(f"*/*{_HALF}"):
            half.unlink()
        yield


def files(folder: Path, table: str) -> list[Path]:
    """The files of a table that have taken their place, the oldest month first."""
    return sorted((folder / table).glob("*.parquet"))


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    from polars.exceptions import PanicException, PolarsError

    try:
        yield
    except (OSError, PolarsError, PanicException) as error:
        cause = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        raise StoreError(
            f"the archive's {file} can't be read ({cause}); put it back from a backup, or move it away, and try again"
        ) from None


def _parts(folder: Path, table: str, rows: polars.Expr | None = None) -> Iterator[polars.DataFrame]:
    """What each file of a table has, or of that the rows asked for; raises `StoreError` where one can't be read."""
    import polars as pl

    for file in files(folder, table):
        with _reading(file):
            part = pl.read_parquet(file) if rows is None else pl.scan_parquet(file).filter(rows).collect()
        yield part


def read(folder: Path, table: str) -> polars.DataFrame:
    """All rows of a table, each once; instants are in UTC. Without any, a frame without columns."""
    import polars as pl

    found = [*_parts(folder, table)]
    return (
        pl.concat(found, how="diagonal").unique(KEYS[table], keep="last", maintain_order=True)
        if found
        else pl.DataFrame()
    )


def rows_of(folder: Path, customer: str) -> dict[str, list[dict[str, Any]]]:
    """What the archive has about a customer, by table, each row once, where there is anything."""
    import polars as pl

    found: dict[str, list[dict[str, Any]]] = {}
    for table in _PERSONAL:
        parts = [*_parts(folder, table, _about(table, customer))]
        if (
            parts
            and (rows := pl.concat(parts, how="diagonal").unique(KEYS[table], keep="last", maintain_order=True)).height
        ):
            found[table] = rows.to_dicts()
    return found


def erase(folder: Path, customer: str, pepper: bytes) -> int:
    """Takes a customer out of all files; how many rows were about them.

    To be called when the database has erased them. As there, occasions stay under a pseudonym, without texts.
    Each file is replaced whole or not at all; after a failure it can be called again.
    """
    if not folder.exists():
        return 0
    return sum(_erase(folder, customer, pepper))


def _erase(folder: Path, customer: str, pepper: bytes) -> Iterator[int]:
    import polars as pl

    with locked(folder):
        for table in _PERSONAL:
            theirs = _about(table, customer)
            for file in (*files(folder, table), *(folder / table).glob(f"*{NEW}")):
                with _reading(file):
                    count = pl.scan_parquet(file).filter(theirs).select(pl.len()).collect().item()
                    rows = pl.read_parquet(file) if count else pl.DataFrame()
                if count:
                    kept = rows.filter(~theirs)
                    if table == "occasion":
                        kept = pl.concat([kept, _without_the_person(rows.filter(theirs), customer, pepper)])
                    write(file, kept)
                    yield count


def _about(table: str, customer: str) -> polars.Expr:
    """Whether a row is about a customer; a note may also be about one of their occasions, by its key."""
    import polars as pl

    if table != "note":
        return pl.col("customer") == customer
    in_key = pl.col("about").str.split("/").list.get(1, null_on_oob=True)
    return (pl.col("about") == customer) | in_key.eq_missing(quote(customer, safe=""))


def _without_the_person(rows: polars.DataFrame, customer: str, pepper: bytes) -> polars.DataFrame:
    """Rows of occasions as `erasure` leaves them in the ledger."""
    import polars as pl

    other = pseudonym(customer, pepper)
    anchors = [pseudonym(key, pepper) for key in rows["key"]]
    keys = [f"{key.split('/')[0]}/{other}/{anchor}" for key, anchor in zip(rows["key"], anchors, strict=True)]
    nothing = [pl.lit("").alias(name) for name in ("reason", "message_id", "provider_id", "error")]
    return rows.with_columns(
        pl.Series("key", keys),
        pl.Series("anchor", anchors),
        pl.lit(other).alias("customer"),
        pl.lit(bucket_of(other), rows.schema["bucket"]).alias("bucket"),
        *nothing,
    )


def next_file(folder: Path, table: str, month: str) -> Path:
    """Where the next rows of a month go, like `event/2024-03-000001-8f3a90c2.parquet`.

    What makes the name one of a kind keeps machines apart that write to folders of their own.
    """
    there = [path.name for path in (folder / table).glob(f"{month}-*")]
    number = max((int(name.split("-")[2]) for name in there), default=0) + 1
    return folder / table / f"{month}-{number:06}-{token_hex(4)}.parquet"


def write(file: Path, rows: polars.DataFrame) -> None:
    """Writes a file whole, for its owner only, and reads it back; raises `StoreError` where that fails."""
    import polars as pl
    from polars.exceptions import PolarsError

    half = file.with_name(file.name + _HALF)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(half, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as out:
            rows.write_parquet(out, compression="zstd")
            out.flush()
            os.fsync(out.fileno())
        whole = pl.read_parquet(half).equals(rows)
        if whole:
            half.replace(file)
            sync(file.parent)
    except (OSError, PolarsError) as error:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        cause = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise StoreError(f"the archive's {file} can't be written ({cause}); its rows stay in the database") from None
    if not whole:
        half.unlink(missing_ok=True)
        raise StoreError(f"the archive's {file} reads otherwise than it was written; its rows stay in the database")


def settle(folder: Path, counts: Callable[[str], bool]) -> None:
    """Ends what was left between the writing of a file and the end of its transaction.

    `counts` says of a file, as `TABLE/NAME`, whether that transaction was committed: then it takes its place, else it
    is removed. To be called while `locked`.
    """
    for file in folder.glob(f"*/*{NEW}"):
        place = file.with_name(file.name.removesuffix(NEW))
        if counts(name_of(folder, place)):
            file.replace(place)
        else:
            file.unlink()
        sync(place.parent)


def name_of(folder: Path, file: Path) -> str:
    """How the database calls a file of the archive."""
    return file.relative_to(folder).as_posix()


def sync(folder: Path) -> None:
    """Makes sure that the names in a folder outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def frame(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> polars.DataFrame:
    """Rows of the database as a frame; each column is `text`, `number`, `bool` or an instant, `at`."""
    import polars as pl

    types = {"text": pl.String(), "number": pl.Int64(), "bool": pl.Boolean(), "at": pl.Int64()}
    series = []
    for (name, kind), values in zip(columns.items(), zip(*rows, strict=True), strict=True):
        plain = [None if one is None else bool(one) for one in values] if kind == "bool" else values
        one = pl.Series(name, plain, dtype=types[kind])
        series.append(one.cast(pl.Datetime("us", "UTC")) if kind == "at" else one)
    return pl.DataFrame(series)
