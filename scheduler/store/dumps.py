"""PostgreSQL's own backups: written by `pg_dump`, and put in place by `pg_restore` and `psql`, in one transaction.

Only our own tables are dumped. Those that are there when a dump is put in place are moved aside, into a schema, until
what they tell of the time after the dump is replayed.
"""

# ruff: noqa: S603 (the programs are PostgreSQL's)

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, inspect

from scheduler.errors import NewerDatabase, StoreError
from scheduler.store.migrations import versions

ASIDE = "rightreason_before"
"""The schema of the tables that a dump took the place of."""

_VERSION = "alembic_version"
_CHUNK = 1 << 20
PATIENCE = 60
"""So many seconds the tables may be somebody else's before it is given up."""

_QUOTED = re.compile(r"['\"].*", re.DOTALL)
"""What a server quotes may be about a customer."""


def dump(engine: Engine, file: Path) -> str:
    """Writes our tables to a file in the custom format; the version of the database. Raises `StoreError`."""
    with engine.connect() as connection:
        schema, tables = _here(connection)
    named = [f"--table={schema}.{table}" for table in tables]
    command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", *named, f"--dbname={_uri(engine)}"]
    program = _found(command[0], f"{shlex.join(command)} > FILE")
    with file.open("wb") as out:
        done = subprocess.run(
            [program, *command[1:]], stdout=out, stderr=subprocess.PIPE, check=False, env=_environment(engine)
        )
    if done.returncode:
        raise StoreError(f"pg_dump says: {_last(done.stderr.decode('utf-8', 'replace'))}")
    _read_by_pg_restore(file)
    return version_in(file)


def version_in(file: Path) -> str:
    """The version of the database in a dump. Raises `StoreError` where it is none of ours."""
    lines = iter(_read_by_pg_restore(file, "--data-only", f"--table={_VERSION}", to="-").splitlines())
    if not any(line.startswith("COPY ") and _VERSION in line for line in lines):
        raise StoreError(f"{file} is no backup of a database of ours: it has no version")
    return next(lines)


def restore(engine: Engine, file: Path, then: str) -> str:
    """Puts a dump in the place of our tables and executes `then` in the same transaction; all of it, or nothing.

    The tables that were there are aside then, in the schema whose name is returned; where an earlier restore did not
    end, those that it set aside stay. Raises `NewerDatabase`, `StoreError`.
    """
    if (version := version_in(file)) not in versions():
        raise NewerDatabase(found=version)
    with engine.connect() as connection:
        schema, tables = _here(connection)
        is_aside = ASIDE in inspect(connection).get_schema_names()
    engine.dispose()
    away = f"DROP TABLE {schema}.%s CASCADE" if is_aside else f"ALTER TABLE {schema}.%s SET SCHEMA {ASIDE}"
    first = [f"SET lock_timeout = '{PATIENCE}s'", *([] if is_aside else [f"CREATE SCHEMA {ASIDE}"])]
    first += [away % table for table in tables]
    last = [f"SET search_path = {schema}", then]
    _pour(engine, file, first, last)
    return ASIDE


def clear(connection: Connection) -> None:
    """Throws away what was set aside."""
    connection.exec_driver_sql(f"DROP SCHEMA {ASIDE} CASCADE")


def _pour(engine: Engine, file: Path, first: list[str], last: list[str]) -> None:
    """Lets psql execute statements, a dump, and statements; nothing of it stays where any of it fails."""
    script = [_found("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--dbname={_uri(engine)}"]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        source = subprocess.Popen(script, stdout=subprocess.PIPE, stderr=complained)
        target = subprocess.Popen(
            [_found("psql"), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=_environment(engine),
        )
        assert source.stdout is not None  # noqa: S101 (tells mypy: it is a pipe)
        assert target.stdin is not None  # noqa: S101 (as above)
        try:
            _write(target.stdin, first)
            while chunk := source.stdout.read(_CHUNK):
                target.stdin.write(chunk)
            if source.wait():
                raise StoreError(f"{file} is damaged: {_last(_read(complained))}")
            _write(target.stdin, last)
            target.stdin.close()
            if target.wait():
                raise BrokenPipeError
        except BrokenPipeError:
            target.wait()
            why = _QUOTED.sub("…", _last(_read(said)))
            raise StoreError(f"{file} can't be put in place: {why}; nothing was changed") from None
        finally:
            for process in (target, source):  # psql is ended before it could take the end of its input for a commit
                process.kill()
                process.wait()
            for pipe in (source.stdout, target.stdin):
                with suppress(BrokenPipeError):
                    pipe.close()


def _read_by_pg_restore(file: Path, *options: str, to: str = os.devnull) -> str:
    """What there is in a dump, as SQL. Raises `StoreError` where it can't be read to its end."""
    asked = [_found("pg_restore"), *options, f"--file={to}", str(file)]
    done = subprocess.run(asked, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise StoreError(f"{file} is no sound backup: {_last(done.stderr)}")
    return done.stdout


def _write(stream: IO[bytes], statements: list[str]) -> None:
    stream.write("".join(f"{statement};\n" for statement in statements).encode())


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _found(program: str, by_hand: str = "") -> str:
    path = shutil.which(program)
    if path is None:
        elsewhere = f", or type where there is one: {by_hand}" if by_hand else ""
        raise StoreError(f"there is no {program} on this machine; install PostgreSQL's client programs{elsewhere}")
    return path


def _uri(engine: Engine) -> str:
    """Where the database is, for PostgreSQL's programs: without the password, which others could read there."""
    url = engine.url.set(drivername="postgresql").difference_update_query(["password"])
    return url._replace(password=None).render_as_string()


def _environment(engine: Engine) -> dict[str, str]:
    password = engine.url.query.get("password", engine.url.password)
    return {"PGCONNECT_TIMEOUT": "10", **os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def _here(connection: Connection) -> tuple[str, list[str]]:
    """The schema that we work in, and those of our tables that are in it."""
    # imported here: nothing else of the store needs the models
    from scheduler.store.tables import Table

    schema = str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())
    ours = {*Table.metadata.tables, _VERSION}
    return connection.dialect.identifier_preparer.quote(schema), sorted(
        ours & set(inspect(connection).get_table_names())
    )


def _last(said: str) -> str:
    """The last line that a program said of what is wrong, without the values that it may quote."""
    lines = [line for line in said.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
    return (lines or said.splitlines() or [""])[-1].strip()
