"""Takes of the stage, and who was on it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stage_take",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("composer", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("mime_type", sa.String(length=80), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_stage_take_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_take")),
        sa.UniqueConstraint("webinar_id", "number", name=op.f("uq_stage_take_webinar_id_number")),
        sa.UniqueConstraint("webinar_id", "composer", "key", name=op.f("uq_stage_take_webinar_id_composer_key")),
    )
    op.create_table(
        "stage_appearance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=24), nullable=False),
        sa.Column("full_name", sa.String(length=255), nullable=False),
        sa.Column("by_voice", sa.Boolean(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_stage_appearance_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_appearance")),
    )
    op.create_index("ix_stage_appearance_webinar", "stage_appearance", ["webinar_id", "participant"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_stage_appearance_webinar", table_name="stage_appearance")
    op.drop_table("stage_appearance")
    op.drop_table("stage_take")
