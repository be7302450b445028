"""Brings a database to the version of this program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect

from scheduler.errors import NewerDatabase, StoreError
from scheduler.store.lease import end_all

if TYPE_CHECKING:
    from alembic.config import Config

VERSIONS = Path(__file__).parent / "versions"


def versions() -> list[str]:
    """The versions that this program knows, oldest first."""
    return sorted(step.name.split("_")[0] for step in (VERSIONS / "steps").glob("[0-9]*.py"))


def version(connection: Connection) -> str | None:
    """The version of a database, None where nothing was made yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def bring_up_to_date(engine: Engine, *, create: bool = True) -> None:
    """Makes or migrates what is behind; nothing where all is well. Raises `NewerDatabase`, `StoreError`."""
    known = versions()
    with engine.connect() as connection, connection.begin():
        found = version(connection)
    if found == known[-1]:
        return
    if found is not None and found not in known:
        raise NewerDatabase(found=found)
    if found is None and not create:
        raise StoreError("this database is empty; import something first")
    with engine.connect() as connection, connection.execution_options(writes=True).begin():
        if engine.dialect.name == "postgresql":
            # two daemons that start at once must not both migrate
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7239150)")
        before = version(connection)
        if before != known[-1]:
            _upgrade(connection)
            if before is not None:
                # a program that was opened before may not know these tables: at its next mark it has lost its lease
                end_all(connection)


def configuration(connection: Connection) -> Config:
    """What Alembic needs to work on this connection."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", _escaped(VERSIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", _escaped(VERSIONS / "steps"))
    return config


def _upgrade(connection: Connection) -> None:
    # imported here: Alembic and SQLModel cost more time than opening a database that is up to date
    from alembic import command

    command.upgrade(configuration(connection), "head")


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
