"""Webinars, their agenda, people, quotas, registrations and materials."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webinar",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body_markdown", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("partner", sa.String(length=255), nullable=False),
        sa.Column("form", sa.String(length=80), nullable=False),
        sa.Column("jp", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("registration_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("guests_welcome", sa.Boolean(), nullable=False),
        sa.Column("share_token", sa.String(length=32), nullable=False),
        sa.Column("question_moderation", sa.String(length=80), nullable=False),
        sa.Column("anonymous_questions", sa.Boolean(), nullable=False),
        sa.Column("chat_open", sa.Boolean(), nullable=False),
        sa.Column("slow_mode_seconds", sa.Integer(), nullable=False),
        sa.Column("refused_words", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("presence_percent", sa.Integer(), nullable=False),
        sa.Column("checkin_count", sa.Integer(), nullable=False),
        sa.Column("checkins_needed", sa.Integer(), nullable=False),
        sa.Column("pretest_key", sa.String(length=200), nullable=True),
        sa.Column("posttest_key", sa.String(length=200), nullable=True),
        sa.Column("posttest_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(length=500), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["user_account.id"], name=op.f("fk_webinar_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar")),
        sa.UniqueConstraint("share_token", name=op.f("uq_webinar_share_token")),
        sa.UniqueConstraint("slug", name=op.f("uq_webinar_slug")),
    )
    op.create_index("ix_webinar_state", "webinar", ["state", "starts_at"], unique=False)
    op.create_table(
        "webinar_agenda_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_agenda_item_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_agenda_item")),
        sa.UniqueConstraint("webinar_id", "position", name=op.f("uq_webinar_agenda_item_webinar_id_position")),
    )
    op.create_table(
        "webinar_guest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("full_name", sa.String(length=255), nullable=False),
        sa.Column("institution", sa.String(length=255), nullable=False),
        sa.Column("link_digest", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_guest_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_guest")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_webinar_guest_link_digest")),
        sa.UniqueConstraint("webinar_id", "email", name=op.f("uq_webinar_guest_webinar_id_email")),
    )
    op.create_table(
        "webinar_material",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("is_slides", sa.Boolean(), nullable=False),
        sa.Column("open_from", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["media_asset.id"], name=op.f("fk_webinar_material_asset_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_material_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_material")),
        sa.UniqueConstraint("webinar_id", "asset_id", name=op.f("uq_webinar_material_webinar_id_asset_id")),
    )
    op.create_index(op.f("ix_webinar_material_asset_id"), "webinar_material", ["asset_id"], unique=False)
    op.create_table(
        "webinar_quota",
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("org_unit_id", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org_unit_id"], ["org_unit.id"], name=op.f("fk_webinar_quota_org_unit_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_quota_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webinar_id", "org_unit_id", name=op.f("pk_webinar_quota")),
    )
    op.create_table(
        "webinar_staff",
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_webinar_staff_user_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_staff_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("webinar_id", "user_id", name=op.f("pk_webinar_staff")),
    )
    op.create_index(op.f("ix_webinar_staff_user_id"), "webinar_staff", ["user_id"], unique=False)
    op.create_table(
        "webinar_registration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("guest_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("org_unit_id", sa.Integer(), nullable=True),
        sa.Column("org_unit_name", sa.String(length=255), nullable=False),
        sa.Column("quota_unit_id", sa.Integer(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guest_id"], ["webinar_guest.id"], name=op.f("fk_webinar_registration_guest_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["org_unit_id"], ["org_unit.id"], name=op.f("fk_webinar_registration_org_unit_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_webinar_registration_user_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_registration_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_registration")),
        sa.UniqueConstraint("webinar_id", "guest_id", name=op.f("uq_webinar_registration_webinar_id_guest_id")),
        sa.UniqueConstraint("webinar_id", "user_id", name=op.f("uq_webinar_registration_webinar_id_user_id")),
    )
    op.create_index("ix_webinar_registration_line", "webinar_registration", ["webinar_id", "state", "registered_at"], unique=False)
    op.create_index(op.f("ix_webinar_registration_user_id"), "webinar_registration", ["user_id"], unique=False)
    op.create_table(
        "webinar_speaker",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("agenda_item_id", sa.Integer(), nullable=True),
        sa.Column("full_name", sa.String(length=255), nullable=False),
        sa.Column("institution", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("link_digest", sa.String(length=64), nullable=True),
        sa.Column("link_made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("device_check", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agenda_item_id"], ["webinar_agenda_item.id"], name=op.f("fk_webinar_speaker_agenda_item_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_speaker_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_speaker")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_webinar_speaker_link_digest")),
    )
    op.create_index(op.f("ix_webinar_speaker_webinar_id"), "webinar_speaker", ["webinar_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_webinar_speaker_webinar_id"), table_name="webinar_speaker")
    op.drop_table("webinar_speaker")
    op.drop_index(op.f("ix_webinar_registration_user_id"), table_name="webinar_registration")
    op.drop_index("ix_webinar_registration_line", table_name="webinar_registration")
    op.drop_table("webinar_registration")
    op.drop_index(op.f("ix_webinar_staff_user_id"), table_name="webinar_staff")
    op.drop_table("webinar_staff")
    op.drop_table("webinar_quota")
    op.drop_index(op.f("ix_webinar_material_asset_id"), table_name="webinar_material")
    op.drop_table("webinar_material")
    op.drop_table("webinar_guest")
    op.drop_table("webinar_agenda_item")
    op.drop_index("ix_webinar_state", table_name="webinar")
    op.drop_table("webinar")
