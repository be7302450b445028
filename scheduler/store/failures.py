"""What the database's own errors become."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from scheduler.errors import StoreError


@contextmanager
def as_store_error() -> Iterator[None]:
    """Raises a failure of the database in this block as `StoreError`."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"the database says: {str(error.orig).strip()}") from error
    except NoSuchModuleError as error:
        raise StoreError(str(error)) from error
