"""The chat of a webinar is slowed by five minutes at most, as a moderator may set it: plans that said more say that."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE webinar SET slow_mode_seconds = 300 WHERE slow_mode_seconds > 300")


def downgrade() -> None:
    pass
