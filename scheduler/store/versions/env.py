"""Runs the migrations on the connection that the caller hands over."""

import sqlmodel  # noqa: F401 (the steps name its types)
from alembic import context

from scheduler.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
