"""What came in by webhooks: messages that may come once, and the newest version of things."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('received',
    sa.Column('key', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_received')),
    sqlite_with_rowid=False
    )
    op.create_index(op.f('ix_received_until'), 'received', ['until'])


def downgrade() -> None:
    op.drop_table('received')
