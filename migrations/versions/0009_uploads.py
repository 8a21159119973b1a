"""Uploads that are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('media_upload',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=43), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('byte_size', sa.BigInteger(), nullable=False),
    sa.Column('byte_offset', sa.BigInteger(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=True),
    sa.Column('told_sha256', sa.String(length=64), nullable=True),
    sa.Column('state', sa.String(length=80), nullable=False),
    sa.Column('failure_code', sa.String(length=80), nullable=True),
    sa.Column('asset_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['asset_id'], ['media_asset.id'], name=op.f('fk_media_upload_asset_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_media_upload_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media_upload')),
    sa.UniqueConstraint('public_id', name=op.f('uq_media_upload_public_id'))
    )
    op.create_index(op.f('ix_media_upload_expires_at'), 'media_upload', ['expires_at'], unique=False)
    op.create_index(op.f('ix_media_upload_user_id'), 'media_upload', ['user_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_media_upload_user_id'), table_name='media_upload')
    op.drop_index(op.f('ix_media_upload_expires_at'), table_name='media_upload')
    op.drop_table('media_upload')
