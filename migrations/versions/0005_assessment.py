"""The tables of assessment."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    # A quiz and its version name each other: SQLite takes the reference with the table, PostgreSQL wants the other table first.
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    reference = sa.ForeignKeyConstraint(['current_version_id'], ['quiz_version.id'], name=op.f('fk_quiz_current_version_id'))
    current_version = [] if on_postgresql else [reference]
    op.create_table('quiz',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('current_version_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    *current_version,
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz')),
    sa.UniqueConstraint('key', name=op.f('uq_quiz_key'))
    )
    op.create_index(op.f('ix_quiz_current_version_id'), 'quiz', ['current_version_id'], unique=False)
    op.create_table('quiz_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('quiz_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('title', sa.String(length=255), nullable=False),
    sa.Column('policy', JSON_VALUE, nullable=False),
    sa.Column('questions', JSON_VALUE, nullable=False),
    sa.Column('introduction_html', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['quiz_id'], ['quiz.id'], name=op.f('fk_quiz_version_quiz_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz_version')),
    sa.UniqueConstraint('quiz_id', 'digest', name=op.f('uq_quiz_version_quiz_id_digest')),
    sa.UniqueConstraint('quiz_id', 'number', name=op.f('uq_quiz_version_quiz_id_number'))
    )
    if on_postgresql:
        op.create_foreign_key('fk_quiz_current_version_id', 'quiz', 'quiz_version', ['current_version_id'], ['id'])
    op.create_table('quiz_attempt',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('quiz_id', sa.Integer(), nullable=False),
    sa.Column('quiz_version_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('start_key', sa.String(length=64), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('deadline_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('layout', JSON_VALUE, nullable=False),
    sa.Column('state', sa.String(length=80), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by', sa.String(length=80), nullable=True),
    sa.Column('percent', sa.Integer(), nullable=True),
    sa.Column('passed', sa.Boolean(), nullable=True),
    sa.ForeignKeyConstraint(['quiz_id'], ['quiz.id'], name=op.f('fk_quiz_attempt_quiz_id')),
    sa.ForeignKeyConstraint(['quiz_version_id'], ['quiz_version.id'], name=op.f('fk_quiz_attempt_quiz_version_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_quiz_attempt_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz_attempt')),
    sa.UniqueConstraint('quiz_id', 'user_id', 'number', name=op.f('uq_quiz_attempt_quiz_id_user_id_number')),
    sa.UniqueConstraint('quiz_id', 'user_id', 'start_key', name=op.f('uq_quiz_attempt_quiz_id_user_id_start_key'))
    )
    op.create_index('ix_quiz_attempt_deadline', 'quiz_attempt', ['state', 'deadline_at'], unique=False)
    op.create_index(op.f('ix_quiz_attempt_quiz_version_id'), 'quiz_attempt', ['quiz_version_id'], unique=False)
    op.create_index(op.f('ix_quiz_attempt_user_id'), 'quiz_attempt', ['user_id'], unique=False)
    op.create_index('uq_quiz_attempt_open', 'quiz_attempt', ['quiz_id', 'user_id'], unique=True, sqlite_where=sa.text("state = 'OPEN'"), postgresql_where=sa.text("state = 'OPEN'"))
    op.create_table('quiz_answer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('attempt_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=80), nullable=False),
    sa.Column('question_key', sa.String(length=200), nullable=False),
    sa.Column('client_id', sa.String(length=64), nullable=False),
    sa.Column('client_sequence', sa.Integer(), nullable=False),
    sa.Column('response', JSON_VALUE, nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_late', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['attempt_id'], ['quiz_attempt.id'], name=op.f('fk_quiz_answer_attempt_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz_answer')),
    sa.UniqueConstraint('attempt_id', 'client_id', 'client_sequence', name=op.f('uq_quiz_answer_attempt_id_client_id_client_sequence'))
    )


def downgrade() -> None:
    op.drop_table('quiz_answer')
    op.drop_index('uq_quiz_attempt_open', table_name='quiz_attempt', sqlite_where=sa.text("state = 'OPEN'"), postgresql_where=sa.text("state = 'OPEN'"))
    op.drop_index(op.f('ix_quiz_attempt_user_id'), table_name='quiz_attempt')
    op.drop_index(op.f('ix_quiz_attempt_quiz_version_id'), table_name='quiz_attempt')
    op.drop_index('ix_quiz_attempt_deadline', table_name='quiz_attempt')
    op.drop_table('quiz_attempt')
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint('fk_quiz_current_version_id', 'quiz', type_='foreignkey')
    else:
        op.execute("UPDATE quiz SET current_version_id = NULL")
    op.drop_table('quiz_version')
    op.drop_index(op.f('ix_quiz_current_version_id'), table_name='quiz')
    op.drop_table('quiz')
