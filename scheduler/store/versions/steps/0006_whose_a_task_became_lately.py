"""An index by which to count the tasks that became somebody's lately, however many there are from before."""

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('task_lately', 'task', ['assigned_at', 'assignee'])


def downgrade() -> None:
    op.drop_index('task_lately', 'task')
