"""Assets, captions, pages of documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table('media_asset',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=80), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('original_name', sa.String(length=255), nullable=False),
    sa.Column('byte_size', sa.BigInteger(), nullable=False),
    sa.Column('content_type', sa.String(length=80), nullable=False),
    sa.Column('state', sa.String(length=80), nullable=False),
    sa.Column('stage', sa.String(length=80), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('failure_code', sa.String(length=80), nullable=True),
    sa.Column('failure_detail', sa.String(length=500), nullable=True),
    sa.Column('duration_seconds', sa.Double(), nullable=True),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('pages', sa.Integer(), nullable=True),
    sa.Column('words', sa.Integer(), nullable=True),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('renditions', JSON_VALUE, nullable=False),
    sa.Column('poster', sa.String(length=80), nullable=True),
    sa.Column('uploaded_by_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ready_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['uploaded_by_id'], ['user_account.id'], name=op.f('fk_media_asset_uploaded_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media_asset')),
    sa.UniqueConstraint('sha256', 'kind', name=op.f('uq_media_asset_sha256_kind'))
    )
    op.create_index(op.f('ix_media_asset_uploaded_by_id'), 'media_asset', ['uploaded_by_id'], unique=False)
    op.create_table('media_caption',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('asset_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=12), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('cues', JSON_VALUE, nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['asset_id'], ['media_asset.id'], name=op.f('fk_media_caption_asset_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media_caption')),
    sa.UniqueConstraint('asset_id', 'language', name=op.f('uq_media_caption_asset_id_language'))
    )
    op.create_table('media_page',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('asset_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('width', sa.Double(), nullable=False),
    sa.Column('height', sa.Double(), nullable=False),
    sa.Column('lines', JSON_VALUE, nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['asset_id'], ['media_asset.id'], name=op.f('fk_media_page_asset_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media_page')),
    sa.UniqueConstraint('asset_id', 'number', name=op.f('uq_media_page_asset_id_number'))
    )


def downgrade() -> None:
    op.drop_table('media_page')
    op.drop_table('media_caption')
    op.drop_index(op.f('ix_media_asset_uploaded_by_id'), table_name='media_asset')
    op.drop_table('media_asset')
