"""What the plan foresaw for each clock hour."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('forecast',
    sa.Column('hour', sa.BigInteger(), nullable=False),
    sa.Column('foreseen', sa.BigInteger(), nullable=False),
    sa.Column('made', sa.BigInteger(), nullable=False),
    sa.Column('rules', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('hour', name=op.f('pk_forecast')),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table('forecast')
