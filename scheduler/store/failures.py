"""What the database's own errors become."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from scheduler.errors import StoreError, UnusableDatabase

_UNUSABLE = {
    "SQLITE_NOTADB": "name another file by `database` in rightreason.toml, or put a backup in its place",
    "SQLITE_CANTOPEN": "let this user write the file and the folder it is in, or name another by `database`",
    "SQLITE_READONLY": "let this user write the file and the folder it is in",
}
_WAYS_OUT = _UNUSABLE | {
    "SQLITE_BUSY": "another process is writing; try again when it is done",
    "SQLITE_FULL": "make room, then begin again: what was taken before this is kept",
    "SQLITE_CORRUPT": "put a backup in its place",
}


@contextmanager
def as_store_error(engine: Engine) -> Iterator[None]:
    """Raises a failure of the engine's database in this block as `StoreError`, with its place and the way out."""
    try:
        yield
    except DBAPIError as error:
        raise _told(engine, error) from error
    except NoSuchModuleError as error:
        raise StoreError(str(error)) from error


def _told(engine: Engine, error: DBAPIError) -> StoreError:
    # extended names, such as SQLITE_READONLY_DIRECTORY, begin with the name of their kind
    kind = "_".join(getattr(error.orig, "sqlite_errorname", "").split("_")[:2])
    which = UnusableDatabase if kind in _UNUSABLE else StoreError
    place = engine.url.render_as_string(hide_password=True)
    return which(f"{place}: the database says: {str(error.orig).strip()}", way_out=_WAYS_OUT.get(kind, ""))
