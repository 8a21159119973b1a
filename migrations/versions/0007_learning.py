"""Enrollment, progress, evidence, watching, the JP ledger; the rules of JP as dated data."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
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
RULES = [
    ("jp.minutes", 45, "PerLAN 10/2018, lampiran (1 JP = 45 menit)", "SECONDARY", date(2018, 1, 1)),
    ("jp.day_cap.E_LEARNING", 3, "PerLAN 10/2018, lampiran konversi JP (e-learning paling banyak 3 JP sehari)", "SECONDARY", date(2018, 1, 1)),
    (
        "jp.annual_target",
        {"PNS": 20, "CPNS": 20, "PPPK": 20, "PPPK_PW": 20},
        "PP 11/2017 jo. PP 17/2020 pasal 203 (PNS paling sedikit 20 JP setahun)",
        "VERIFIED",
        date(2017, 4, 7),
    ),
    ("jp.annual_ceiling", {"PPPK": 24, "PPPK_PW": 24}, "PP 49/2018 pasal 39-40 (PPPK paling banyak 24 JP setahun)", "VERIFIED", date(2018, 11, 28)),
]


def upgrade() -> None:
    op.create_table('assignment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token', sa.String(length=64), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('assigned_by_id', sa.Integer(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['assigned_by_id'], ['user_account.id'], name=op.f('fk_assignment_assigned_by_id')),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_assignment_course_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignment')),
    sa.UniqueConstraint('token', name=op.f('uq_assignment_token'))
    )
    op.create_index('ix_assignment_assigner', 'assignment', ['assigned_by_id', 'created_at'], unique=False)
    op.create_table('assignment_person',
    sa.Column('assignment_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('pending', sa.Boolean(), nullable=False),
    sa.Column('outcome', sa.String(length=12), nullable=True),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_assignment_person_assignment_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_assignment_person_user_id')),
    sa.PrimaryKeyConstraint('assignment_id', 'user_id', name=op.f('pk_assignment_person'))
    )
    op.create_index('ix_assignment_person_todo', 'assignment_person', ['assignment_id', 'pending'], unique=False)
    op.create_index('ix_assignment_person_user', 'assignment_person', ['user_id'], unique=False)
    op.create_table('chain_head',
    sa.Column('person_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('mac', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['user_account.id'], name=op.f('fk_chain_head_person_id')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_chain_head'))
    )
    op.create_table('jp_credit',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('form', sa.String(length=80), nullable=False),
    sa.Column('title', sa.String(length=255), nullable=False),
    sa.Column('jp', sa.Integer(), nullable=False),
    sa.Column('course_jp', sa.Integer(), nullable=False),
    sa.Column('counted_minutes', sa.Double(), nullable=False),
    sa.Column('minutes_per_jp', sa.Double(), nullable=False),
    sa.Column('legal_basis', sa.String(length=255), nullable=False),
    sa.Column('credited_on', sa.Date(), nullable=False),
    sa.Column('event_sequence', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_jp_credit_course_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_jp_credit_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_jp_credit')),
    sa.UniqueConstraint('user_id', 'course_id', name=op.f('uq_jp_credit_user_id_course_id'))
    )
    op.create_index('ix_jp_credit_user_day', 'jp_credit', ['user_id', 'credited_on'], unique=False)
    op.create_table('learning_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('verb', sa.String(length=80), nullable=False),
    sa.Column('object_type', sa.String(length=80), nullable=False),
    sa.Column('object_id', sa.Integer(), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('source', sa.String(length=80), nullable=False),
    sa.Column('facts', JSON_VALUE, nullable=False),
    sa.Column('payload_digest', sa.String(length=64), nullable=True),
    sa.Column('previous_mac', sa.String(length=64), nullable=False),
    sa.Column('mac', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['user_account.id'], name=op.f('fk_learning_event_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_learning_event')),
    sa.UniqueConstraint('person_id', 'sequence', name=op.f('uq_learning_event_person_id_sequence'))
    )
    op.create_table('learning_payload',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('salt', sa.String(length=32), nullable=False),
    sa.Column('body', JSON_VALUE, nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['user_account.id'], name=op.f('fk_learning_payload_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_learning_payload')),
    sa.UniqueConstraint('person_id', 'digest', name=op.f('uq_learning_payload_person_id_digest'))
    )
    op.create_table('watch_clock',
    sa.Column('user_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('spent_until', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_watch_clock_user_id')),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_watch_clock'))
    )
    op.create_table('enrollment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=80), nullable=False),
    sa.Column('assigned_by_id', sa.Integer(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('org_unit_id', sa.Integer(), nullable=True),
    sa.Column('org_unit_name', sa.String(length=255), nullable=True),
    sa.Column('enrolled_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_lesson_id', sa.Integer(), nullable=True),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['assigned_by_id'], ['user_account.id'], name=op.f('fk_enrollment_assigned_by_id')),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_enrollment_course_id')),
    sa.ForeignKeyConstraint(['last_lesson_id'], ['lesson.id'], name=op.f('fk_enrollment_last_lesson_id')),
    sa.ForeignKeyConstraint(['org_unit_id'], ['org_unit.id'], name=op.f('fk_enrollment_org_unit_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_enrollment_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enrollment')),
    sa.UniqueConstraint('user_id', 'course_id', name=op.f('uq_enrollment_user_id_course_id'))
    )
    op.create_index('ix_enrollment_course', 'enrollment', ['course_id', 'completed_at'], unique=False)
    op.create_index('ix_enrollment_due', 'enrollment', ['due_on', 'completed_at'], unique=False)
    op.create_table('jp_accrual',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('lesson_id', sa.Integer(), nullable=False),
    sa.Column('form', sa.String(length=80), nullable=False),
    sa.Column('learned_on', sa.Date(), nullable=False),
    sa.Column('minutes', sa.Double(), nullable=False),
    sa.Column('counted_minutes', sa.Double(), nullable=False),
    sa.Column('day_cap_minutes', sa.Double(), nullable=True),
    sa.Column('event_sequence', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_jp_accrual_course_id')),
    sa.ForeignKeyConstraint(['lesson_id'], ['lesson.id'], name=op.f('fk_jp_accrual_lesson_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_jp_accrual_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_jp_accrual')),
    sa.UniqueConstraint('user_id', 'lesson_id', name=op.f('uq_jp_accrual_user_id_lesson_id'))
    )
    op.create_index('ix_jp_accrual_user_day', 'jp_accrual', ['user_id', 'learned_on'], unique=False)
    op.create_table('lesson_progress',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('lesson_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=80), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('position', JSON_VALUE, nullable=False),
    sa.Column('position_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_lesson_progress_course_id')),
    sa.ForeignKeyConstraint(['lesson_id'], ['lesson.id'], name=op.f('fk_lesson_progress_lesson_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_lesson_progress_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lesson_progress')),
    sa.UniqueConstraint('user_id', 'lesson_id', name=op.f('uq_lesson_progress_user_id_lesson_id'))
    )
    op.create_index('ix_lesson_progress_user_course', 'lesson_progress', ['user_id', 'course_id'], unique=False)
    op.create_table('viewing',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('lesson_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reported_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('claimed_ms', sa.Integer(), nullable=False),
    sa.Column('counted_ms', sa.Integer(), nullable=False),
    sa.Column('new_ms', sa.Integer(), nullable=False),
    sa.Column('reports', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_viewing_course_id')),
    sa.ForeignKeyConstraint(['lesson_id'], ['lesson.id'], name=op.f('fk_viewing_lesson_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_viewing_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_viewing'))
    )
    op.create_index('ix_viewing_open', 'viewing', ['closed_at', 'reported_at'], unique=False)
    op.create_index(op.f('ix_viewing_user_id'), 'viewing', ['user_id'], unique=False)
    op.create_table('watched_span',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('lesson_id', sa.Integer(), nullable=False),
    sa.Column('layer', sa.Integer(), nullable=False),
    sa.Column('start_ms', sa.Integer(), nullable=False),
    sa.Column('end_ms', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['lesson_id'], ['lesson.id'], name=op.f('fk_watched_span_lesson_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_watched_span_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_watched_span'))
    )
    op.create_index('ix_watched_span_of', 'watched_span', ['user_id', 'lesson_id', 'layer', 'start_ms'], unique=False)
    op.bulk_insert(
        REGULATED_VALUES,
        [
            {"key": key, "value": value, "legal_basis": basis, "certainty": certainty, "valid_from": since}
            for key, value, basis, certainty, since in RULES
        ],
    )


def downgrade() -> None:
    op.execute(REGULATED_VALUES.delete().where(REGULATED_VALUES.c.key.in_([rule[0] for rule in RULES])))
    op.drop_index('ix_watched_span_of', table_name='watched_span')
    op.drop_table('watched_span')
    op.drop_index(op.f('ix_viewing_user_id'), table_name='viewing')
    op.drop_index('ix_viewing_open', table_name='viewing')
    op.drop_table('viewing')
    op.drop_index('ix_lesson_progress_user_course', table_name='lesson_progress')
    op.drop_table('lesson_progress')
    op.drop_index('ix_jp_accrual_user_day', table_name='jp_accrual')
    op.drop_table('jp_accrual')
    op.drop_index('ix_enrollment_due', table_name='enrollment')
    op.drop_index('ix_enrollment_course', table_name='enrollment')
    op.drop_table('enrollment')
    op.drop_table('watch_clock')
    op.drop_table('learning_payload')
    op.drop_table('learning_event')
    op.drop_index('ix_jp_credit_user_day', table_name='jp_credit')
    op.drop_table('jp_credit')
    op.drop_table('chain_head')
    op.drop_index('ix_assignment_person_user', table_name='assignment_person')
    op.drop_index('ix_assignment_person_todo', table_name='assignment_person')
    op.drop_table('assignment_person')
    op.drop_index('ix_assignment_assigner', table_name='assignment')
    op.drop_table('assignment')
