"""What the making of a video needs besides its row."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain columns with a default: a table that others point to is never copied.
    op.add_column("media_asset", sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("media_asset", sa.Column("asked", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("media_asset", sa.Column("crashes", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("media_asset", sa.Column("is_watchable", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("media_asset", sa.Column("seconds_left", sa.Integer(), nullable=True))
    op.execute("UPDATE media_asset SET attempt = generation")


def downgrade() -> None:
    for name in ("seconds_left", "is_watchable", "crashes", "asked", "attempt"):
        op.drop_column("media_asset", name)
