"""Notes at a moment of a video; sittings and reports that a browser may send again."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learning_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_learning_note_lesson_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_learning_note_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_note")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_learning_note_user_id_key")),
    )
    op.create_index("ix_learning_note_of", "learning_note", ["user_id", "lesson_id", "at_ms"], unique=False)
    op.add_column("viewing", sa.Column("key", sa.String(length=40), nullable=True))
    op.add_column("viewing", sa.Column("last_number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("viewing", sa.Column("received", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_viewing_key", "viewing", ["user_id", "key"], unique=True)
    op.drop_index("ix_viewing_open", table_name="viewing")
    op.create_index("ix_viewing_open", "viewing", ["closed_at"], unique=False)
    op.create_index("ix_watched_span_lesson", "watched_span", ["lesson_id", "layer"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_watched_span_lesson", table_name="watched_span")
    op.drop_index("ix_viewing_open", table_name="viewing")
    op.create_index("ix_viewing_open", "viewing", ["closed_at", "reported_at"], unique=False)
    op.drop_index("ix_viewing_key", table_name="viewing")
    op.drop_column("viewing", "received")
    op.drop_column("viewing", "last_number")
    op.drop_column("viewing", "key")
    op.drop_index("ix_learning_note_of", table_name="learning_note")
    op.drop_table("learning_note")
