"""The files that course versions were published from."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('package_file',
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('path', sa.String(length=200), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('byte_size', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['asset_id'], ['media_asset.id'], name=op.f('fk_package_file_asset_id')),
    sa.ForeignKeyConstraint(['version_id'], ['course_version.id'], name=op.f('fk_package_file_version_id')),
    sa.PrimaryKeyConstraint('version_id', 'path', name=op.f('pk_package_file'))
    )


def downgrade() -> None:
    op.drop_table('package_file')
