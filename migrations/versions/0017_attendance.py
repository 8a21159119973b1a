"""Stays, check-ins, results and appeals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendance_appeal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("granted_minutes", sa.Integer(), nullable=False),
        sa.Column("granted_checkins", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["media_asset.id"], name=op.f("fk_attendance_appeal_asset_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user_account.id"], name=op.f("fk_attendance_appeal_decided_by_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_attendance_appeal_user_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_attendance_appeal_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_appeal")),
    )
    op.create_index("ix_attendance_appeal_open", "attendance_appeal", ["webinar_id", "state"], unique=False)
    op.create_index(op.f("ix_attendance_appeal_user_id"), "attendance_appeal", ["user_id"], unique=False)
    op.create_index(
        "uq_attendance_appeal_one_open",
        "attendance_appeal",
        ["webinar_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("state = 'OPEN'"),
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "attendance_checkin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_attendance_checkin_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_checkin")),
        sa.UniqueConstraint("webinar_id", "number", name=op.f("uq_attendance_checkin_webinar_id_number")),
    )
    op.create_table(
        "attendance_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("full_name", sa.String(length=255), nullable=False),
        sa.Column("unit_name", sa.String(length=255), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("present_ms", sa.Integer(), nullable=False),
        sa.Column("lost_ms", sa.Integer(), nullable=False),
        sa.Column("granted_ms", sa.Integer(), nullable=False),
        sa.Column("live_ms", sa.Integer(), nullable=False),
        sa.Column("checkins", sa.Integer(), nullable=False),
        sa.Column("granted_checkins", sa.Integer(), nullable=False),
        sa.Column("fulfilled", sa.Boolean(), nullable=False),
        sa.Column("missing", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("jp", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_attendance_result_user_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_attendance_result_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_result")),
        sa.UniqueConstraint("webinar_id", "participant", name=op.f("uq_attendance_result_webinar_id_participant")),
    )
    op.create_index(op.f("ix_attendance_result_user_id"), "attendance_result", ["user_id"], unique=False)
    op.create_table(
        "attendance_stay",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("full_name", sa.String(length=255), nullable=False),
        sa.Column("unit_name", sa.String(length=255), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_attendance_stay_user_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_attendance_stay_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_stay")),
    )
    op.create_index("ix_attendance_stay_open", "attendance_stay", ["webinar_id", "left_at"], unique=False)
    op.create_index("ix_attendance_stay_person", "attendance_stay", ["webinar_id", "participant"], unique=False)
    op.create_index(op.f("ix_attendance_stay_user_id"), "attendance_stay", ["user_id"], unique=False)
    op.create_table(
        "attendance_checkin_answer",
        sa.Column("checkin_id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=24), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["checkin_id"], ["attendance_checkin.id"], name=op.f("fk_attendance_checkin_answer_checkin_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("checkin_id", "participant", name=op.f("pk_attendance_checkin_answer")),
    )


def downgrade() -> None:
    op.drop_table("attendance_checkin_answer")
    op.drop_index(op.f("ix_attendance_stay_user_id"), table_name="attendance_stay")
    op.drop_index("ix_attendance_stay_person", table_name="attendance_stay")
    op.drop_index("ix_attendance_stay_open", table_name="attendance_stay")
    op.drop_table("attendance_stay")
    op.drop_index(op.f("ix_attendance_result_user_id"), table_name="attendance_result")
    op.drop_table("attendance_result")
    op.drop_table("attendance_checkin")
    op.drop_index("uq_attendance_appeal_one_open", table_name="attendance_appeal")
    op.drop_index(op.f("ix_attendance_appeal_user_id"), table_name="attendance_appeal")
    op.drop_index("ix_attendance_appeal_open", table_name="attendance_appeal")
    op.drop_table("attendance_appeal")
