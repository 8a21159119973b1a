"""The JP ledger holds activities that are no course (a webinar), and why an entry is not what was asked for; rules of seminars and presence."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

REGULATED_VALUES = sa.table(
    "regulated_value",
    sa.column("key", sa.String),
    sa.column("value", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
    sa.column("legal_basis", sa.String),
    sa.column("certainty", sa.String),
    sa.column("valid_from", sa.Date),
)
CONVERSION = "PerLAN 10/2018, lampiran konversi JP"
RULES = [
    ("jp.per_day.SEMINAR", 4, f"{CONVERSION} (seminar dan webinar 4 JP sehari)", "SECONDARY", date(2018, 1, 1)),
    ("jp.per_day.WORKSHOP", 5, f"{CONVERSION} (lokakarya 5 JP sehari)", "SECONDARY", date(2018, 1, 1)),
    ("jp.per_day.SOSIALISASI", 4, f"{CONVERSION} (sosialisasi 4 JP sehari)", "SECONDARY", date(2018, 1, 1)),
    ("attendance.presence_percent", 80, "Usulan, belum ada dasar hukumnya (hadir paling sedikit 80 persen)", "UNVERIFIED", date(2018, 1, 1)),
]


def upgrade() -> None:
    op.add_column("jp_credit", sa.Column("activity", sa.String(length=80), nullable=True))
    op.execute("UPDATE jp_credit SET activity = 'course:' || course_id")
    with op.batch_alter_table("jp_credit") as table:
        table.alter_column("activity", existing_type=sa.String(length=80), nullable=False)
        table.alter_column("course_id", existing_type=sa.Integer(), nullable=True)
        table.add_column(sa.Column("reason", sa.String(length=80), nullable=False, server_default=""))
        table.drop_constraint(op.f("uq_jp_credit_user_id_course_id"), type_="unique")
        table.create_unique_constraint(op.f("uq_jp_credit_user_id_activity"), ["user_id", "activity"])
    op.bulk_insert(
        REGULATED_VALUES,
        [{"key": key, "value": value, "legal_basis": basis, "certainty": sure, "valid_from": since} for key, value, basis, sure, since in RULES],
    )


def downgrade() -> None:
    op.execute(REGULATED_VALUES.delete().where(REGULATED_VALUES.c.key.in_([rule[0] for rule in RULES])))
    op.execute("DELETE FROM jp_credit WHERE course_id IS NULL")
    with op.batch_alter_table("jp_credit") as table:
        table.drop_constraint(op.f("uq_jp_credit_user_id_activity"), type_="unique")
        table.create_unique_constraint(op.f("uq_jp_credit_user_id_course_id"), ["user_id", "course_id"])
        table.alter_column("course_id", existing_type=sa.Integer(), nullable=False)
        table.drop_column("reason")
        table.drop_column("activity")
