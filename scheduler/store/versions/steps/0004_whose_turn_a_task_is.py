"""Whose turn a task is: the role that it came from, since when its assignee has it, and when it escalates."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

ASSIGNED = sa.text("state = 'assigned'")


def upgrade() -> None:
    op.add_column('task', sa.Column('role', sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column('task', sa.Column('assigned_at', sa.BigInteger(), nullable=False, server_default=sa.text('0')))
    for column in ('deputy_at', 'escalates_at', 'escalated_at'):
        op.add_column('task', sa.Column(column, sa.BigInteger(), nullable=True))
    op.execute("UPDATE task SET assigned_at = created, deputy_at = due")
    op.create_index('task_open', 'task', ['due'], sqlite_where=ASSIGNED, postgresql_where=ASSIGNED)


def downgrade() -> None:
    op.drop_index('task_open', 'task')
    for column in ('escalated_at', 'escalates_at', 'deputy_at', 'assigned_at', 'role'):
        op.drop_column('task', column)
