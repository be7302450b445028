"""What the database's own errors become: which of them it is and what to do, without the values that it may quote."""

from __future__ import annotations

import re
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
_ROOM = "make room, then begin again: what was taken before this is kept"
_WAYS_OUT = _UNUSABLE | {
    "SQLITE_BUSY": "another process is writing; try again when it is done",
    "SQLITE_FULL": _ROOM,
    "SQLITE_CORRUPT": "put a backup in its place",
    "53100": _ROOM,
}
_OF_THE_SERVER = frozenset({"08", "25", "28", "3D", "40", "53", "54", "55", "57", "58"})
"""The classes of SQLSTATE (PostgreSQL, appendix A) that speak of the server and its sessions, and quote no values."""
_OF_THE_CONNECTION = frozenset({"OperationalError", "InterfaceError"})
"""What the driver itself raises where there is no server, or none any more."""
_QUOTED = re.compile(r"['\"].*", re.DOTALL)


@contextmanager
def as_store_error(engine: Engine) -> Iterator[None]:
    """Raises a failure of the engine's database in this block as `StoreError`, with its place and the way out."""
    try:
        yield
    except DBAPIError as error:
        raise _told(engine, error.orig or error) from error
    except NoSuchModuleError as error:
        raise StoreError(str(error)) from error
    except engine.dialect.loaded_dbapi.Error as error:  # the driver's own, where nothing of SQLAlchemy was in between
        raise _told(engine, error) from error


def _told(engine: Engine, error: BaseException) -> StoreError:
    kind = _kind(error)
    which = UnusableDatabase if kind in _UNUSABLE else StoreError
    place = engine.url.render_as_string(hide_password=True)
    return which(f"{place}: the database says: {_words(error, kind)}", way_out=_WAYS_OUT.get(kind, ""))


def _kind(error: BaseException) -> str:
    """SQLite's name of the kind of error, or PostgreSQL's code of it; empty where the driver knows neither."""
    if (state := getattr(error, "sqlstate", None)) is not None:
        return str(state)
    # extended names, such as SQLITE_READONLY_DIRECTORY, begin with the name of their kind
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])


def _words(error: BaseException, kind: str) -> str:
    """What it says, but no value of anybody: PostgreSQL quotes those of keys, and of what it can't read."""
    diagnosis = getattr(error, "diag", None)
    if diagnosis is not None and diagnosis.sqlstate is not None:
        if kind[:2] in _OF_THE_SERVER:
            return str(diagnosis.message_primary)
        names = (diagnosis.table_name, diagnosis.column_name, diagnosis.constraint_name)
        where = ", ".join(str(name) for name in names if name)
        return f"{type(error).__name__} ({kind})" + (f" at {where}" if where else "")
    text = str(error).strip()
    of_sqlite = kind not in ("", "SQLITE_ERROR")
    of_the_connection = not kind and type(error).__name__ in _OF_THE_CONNECTION
    return text if of_sqlite or of_the_connection else _QUOTED.sub("…", text)
