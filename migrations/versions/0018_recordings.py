"""Recordings of webinars."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
REGULATED_VALUES = sa.table(
    "regulated_value",
    sa.column("key", sa.String),
    sa.column("value", JSON_VALUE),
    sa.column("legal_basis", sa.String),
    sa.column("certainty", sa.String),
    sa.column("valid_from", sa.Date),
)
REPLAY = {
    "key": "replay_counts_as",
    "value": "E_LEARNING",
    "legal_basis": "Kebijakan penyelenggara, menunggu penegasan BKPSDM: rekaman webinar yang ditonton dihitung sebagai e-learning",
    "certainty": "UNVERIFIED",
    "valid_from": date(2018, 1, 1),
}


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=True),
        sa.Column("course_id", sa.Integer(), nullable=True),
        sa.Column("parts", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("chapters", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("failure", sa.String(length=500), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raw_removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["media_asset.id"], name=op.f("fk_recording_asset_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_recording_course_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_recording_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webinar_id", name=op.f("pk_recording")),
    )
    op.bulk_insert(REGULATED_VALUES, [REPLAY])


def downgrade() -> None:
    op.drop_table("recording")
    op.execute(REGULATED_VALUES.delete().where(REGULATED_VALUES.c.key == REPLAY["key"]))
