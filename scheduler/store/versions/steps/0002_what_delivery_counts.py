"""What delivery counts: breakdowns, traffic and soft bounces; and occasions found by what others call a message."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

NAME = sa.Text().with_variant(sa.Text(collation='C'), 'postgresql')


def upgrade() -> None:
    op.add_column('occasion', sa.Column('breaks', sa.Integer(), nullable=False, server_default=sa.text('0')))
    for column in ('message_id', 'provider_id'):
        named = sa.text(f"{column} <> ''")
        op.create_index(f'occasion_{column}', 'occasion', [column], sqlite_where=named, postgresql_where=named)
    op.create_table('traffic',
    sa.Column('channel', NAME, nullable=False),
    sa.Column('minute', sa.BigInteger(), nullable=False),
    sa.Column('sent', sa.Integer(), nullable=False),
    sa.Column('bounced', sa.Integer(), nullable=False),
    sa.Column('complained', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('channel', 'minute', name=op.f('pk_traffic')),
    sqlite_with_rowid=False
    )
    op.create_table('soft_bounce',
    sa.Column('channel', NAME, nullable=False),
    sa.Column('address', NAME, nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('last', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('channel', 'address', name=op.f('pk_soft_bounce')),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table('soft_bounce')
    op.drop_table('traffic')
    for column in ('provider_id', 'message_id'):
        op.drop_index(f'occasion_{column}', 'occasion')
    op.drop_column('occasion', 'breaks')
