"""How much of its minutes a webinar must have been on air for each JP."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
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
HELD = {
    "key": "webinar.held_percent",
    "value": 80,
    "legal_basis": "Kebijakan penyelenggara, menunggu penegasan BKPSDM: satu JP untuk tiap 36 menit tayang (80 persen dari 45 menit), paling banyak JP yang direncanakan",
    "certainty": "UNVERIFIED",
    "valid_from": date(2018, 1, 1),
}


def upgrade() -> None:
    op.bulk_insert(REGULATED_VALUES, [HELD])


def downgrade() -> None:
    op.execute(REGULATED_VALUES.delete().where(REGULATED_VALUES.c.key == HELD["key"]))
