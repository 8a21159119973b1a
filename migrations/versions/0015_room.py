"""What is asked, said, voted and shown in a webinar's room."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "room_incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("facts", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_room_incident_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_incident")),
    )
    op.create_index(op.f("ix_room_incident_webinar_id"), "room_incident", ["webinar_id"], unique=False)
    op.create_table(
        "room_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("author_name", sa.String(length=255), nullable=False),
        sa.Column("author_unit", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reply_to_id", sa.Integer(), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["reply_to_id"], ["room_message.id"], name=op.f("fk_room_message_reply_to_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_room_message_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_message")),
        sa.UniqueConstraint("webinar_id", "participant", "key", name=op.f("uq_room_message_webinar_id_participant_key")),
    )
    op.create_index("ix_room_message_line", "room_message", ["webinar_id", "id"], unique=False)
    op.create_table(
        "room_poll",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("right", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_room_poll_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_poll")),
        sa.UniqueConstraint("webinar_id", "key", name=op.f("uq_room_poll_webinar_id_key")),
    )
    op.create_index(op.f("ix_room_poll_webinar_id"), "room_poll", ["webinar_id"], unique=False)
    op.create_table(
        "room_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("author_name", sa.String(length=255), nullable=False),
        sa.Column("author_unit", sa.String(length=255), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=24), nullable=True),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_text", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["merged_into_id"], ["room_question.id"], name=op.f("fk_room_question_merged_into_id")),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_room_question_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_question")),
        sa.UniqueConstraint("webinar_id", "participant", "key", name=op.f("uq_room_question_webinar_id_participant_key")),
    )
    op.create_index(op.f("ix_room_question_participant"), "room_question", ["participant"], unique=False)
    op.create_index("ix_room_question_state", "room_question", ["webinar_id", "state"], unique=False)
    op.create_table(
        "room_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("value", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_room_state_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_state")),
        sa.UniqueConstraint("webinar_id", "name", name=op.f("uq_room_state_webinar_id_name")),
    )
    op.create_table(
        "room_poll_vote",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=24), nullable=False),
        sa.Column("choices", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["room_poll.id"], name=op.f("fk_room_poll_vote_poll_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("poll_id", "round", "participant", name=op.f("pk_room_poll_vote")),
    )
    op.create_table(
        "room_question_follow",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"], ["room_question.id"], name=op.f("fk_room_question_follow_question_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("question_id", "participant", name=op.f("pk_room_question_follow")),
    )
    op.create_table(
        "room_question_vote",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(length=24), nullable=False),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["room_question.id"], name=op.f("fk_room_question_vote_question_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("question_id", "participant", name=op.f("pk_room_question_vote")),
    )
    op.create_table(
        "room_slide_turn",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Integer(), nullable=False),
        sa.Column("material_id", sa.Integer(), nullable=True),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("turned_by", sa.String(length=24), nullable=False),
        sa.Column("turned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["material_id"], ["webinar_material.id"], name=op.f("fk_room_slide_turn_material_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["webinar_id"], ["webinar.id"], name=op.f("fk_room_slide_turn_webinar_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_slide_turn")),
    )
    op.create_index("ix_room_slide_turn_line", "room_slide_turn", ["webinar_id", "turned_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_room_slide_turn_line", table_name="room_slide_turn")
    op.drop_table("room_slide_turn")
    op.drop_table("room_question_vote")
    op.drop_table("room_question_follow")
    op.drop_table("room_poll_vote")
    op.drop_table("room_state")
    op.drop_index("ix_room_question_state", table_name="room_question")
    op.drop_index(op.f("ix_room_question_participant"), table_name="room_question")
    op.drop_table("room_question")
    op.drop_index(op.f("ix_room_poll_webinar_id"), table_name="room_poll")
    op.drop_table("room_poll")
    op.drop_index("ix_room_message_line", table_name="room_message")
    op.drop_table("room_message")
    op.drop_index(op.f("ix_room_incident_webinar_id"), table_name="room_incident")
    op.drop_table("room_incident")
