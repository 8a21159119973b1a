"""The tables of courses, and what the search box looks through."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

# SQLite: an FTS5 table that keeps no text of its own and follows `search_entry` by triggers.
FTS5 = (
    """CREATE VIRTUAL TABLE search_index USING fts5(
        title_terms, body_terms, content='search_entry', content_rowid='id', tokenize='unicode61', prefix='3 4 5')""",
    """CREATE TRIGGER search_entry_insert AFTER INSERT ON search_entry BEGIN
        INSERT INTO search_index(rowid, title_terms, body_terms) VALUES (new.id, new.title_terms, new.body_terms);
    END""",
    """CREATE TRIGGER search_entry_delete AFTER DELETE ON search_entry BEGIN
        INSERT INTO search_index(search_index, rowid, title_terms, body_terms) VALUES ('delete', old.id, old.title_terms, old.body_terms);
    END""",
    """CREATE TRIGGER search_entry_update AFTER UPDATE ON search_entry BEGIN
        INSERT INTO search_index(search_index, rowid, title_terms, body_terms) VALUES ('delete', old.id, old.title_terms, old.body_terms);
        INSERT INTO search_index(rowid, title_terms, body_terms) VALUES (new.id, new.title_terms, new.body_terms);
    END""",
)


def upgrade() -> None:
    op.create_table('course',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('slug', sa.String(length=80), nullable=False),
    sa.Column('current_version_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course')),
    sa.UniqueConstraint('slug', name=op.f('uq_course_slug'))
    )
    op.create_table('course_staff',
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=80), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_course_staff_course_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_course_staff_user_id')),
    sa.PrimaryKeyConstraint('course_id', 'user_id', name=op.f('pk_course_staff'))
    )
    op.create_index('ix_course_staff_user_id', 'course_staff', ['user_id'], unique=False)
    op.create_table('course_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('title', sa.String(length=255), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('outcomes', JSON_VALUE, nullable=False),
    sa.Column('jp', sa.Integer(), nullable=False),
    sa.Column('form', sa.String(length=80), nullable=False),
    sa.Column('competency_group', sa.String(length=80), nullable=False),
    sa.Column('competency', sa.String(length=255), nullable=False),
    sa.Column('competency_level', sa.Integer(), nullable=False),
    sa.Column('partner', sa.String(length=255), nullable=False),
    sa.Column('sequence', sa.String(length=80), nullable=False),
    sa.Column('prerequisites', JSON_VALUE, nullable=False),
    sa.Column('legal_basis', JSON_VALUE, nullable=False),
    sa.Column('reviewed_on', sa.Date(), nullable=False),
    sa.Column('review_note', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('learning_minutes', sa.Double(), nullable=False),
    sa.Column('lesson_count', sa.Integer(), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_course_version_course_id')),
    sa.ForeignKeyConstraint(['published_by_id'], ['user_account.id'], name=op.f('fk_course_version_published_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course_version')),
    sa.UniqueConstraint('course_id', 'number', name=op.f('uq_course_version_course_id_number'))
    )
    op.create_table('lesson',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_lesson_course_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lesson')),
    sa.UniqueConstraint('course_id', 'key', name=op.f('uq_lesson_course_id_key'))
    )
    op.create_table('course_module',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=255), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['course_version.id'], name=op.f('fk_course_module_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course_module')),
    sa.UniqueConstraint('version_id', 'key', name=op.f('uq_course_module_version_id_key')),
    sa.UniqueConstraint('version_id', 'position', name=op.f('uq_course_module_version_id_position'))
    )
    op.create_table('lesson_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('module_id', sa.Integer(), nullable=False),
    sa.Column('lesson_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=80), nullable=False),
    sa.Column('title', sa.String(length=255), nullable=False),
    sa.Column('minutes', sa.Double(), nullable=False),
    sa.Column('legal_basis', JSON_VALUE, nullable=False),
    sa.Column('reviewed_on', sa.Date(), nullable=False),
    sa.Column('requires', JSON_VALUE, nullable=False),
    sa.Column('body_markdown', sa.Text(), nullable=False),
    sa.Column('body_html', sa.Text(), nullable=False),
    sa.Column('content', JSON_VALUE, nullable=False),
    sa.ForeignKeyConstraint(['lesson_id'], ['lesson.id'], name=op.f('fk_lesson_version_lesson_id')),
    sa.ForeignKeyConstraint(['module_id'], ['course_module.id'], name=op.f('fk_lesson_version_module_id')),
    sa.ForeignKeyConstraint(['version_id'], ['course_version.id'], name=op.f('fk_lesson_version_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lesson_version')),
    sa.UniqueConstraint('version_id', 'lesson_id', name=op.f('uq_lesson_version_version_id_lesson_id')),
    sa.UniqueConstraint('version_id', 'position', name=op.f('uq_lesson_version_version_id_position'))
    )
    op.create_index(op.f('ix_lesson_version_lesson_id'), 'lesson_version', ['lesson_id'], unique=False)
    op.create_table('lesson_asset',
    sa.Column('lesson_version_id', sa.Integer(), nullable=False),
    sa.Column('asset_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['asset_id'], ['media_asset.id'], name=op.f('fk_lesson_asset_asset_id')),
    sa.ForeignKeyConstraint(['lesson_version_id'], ['lesson_version.id'], name=op.f('fk_lesson_asset_lesson_version_id')),
    sa.PrimaryKeyConstraint('lesson_version_id', 'asset_id', name=op.f('pk_lesson_asset'))
    )
    op.create_index('ix_lesson_asset_asset_id', 'lesson_asset', ['asset_id'], unique=False)
    op.create_index('ix_course_current_version_id', 'course', ['current_version_id'], unique=False)
    op.create_table('search_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=80), nullable=False),
    sa.Column('object_id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=255), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('title_terms', sa.Text(), nullable=False),
    sa.Column('body_terms', sa.Text(), nullable=False),
    sa.Column('locator', JSON_VALUE, nullable=False),
    sa.Column('visibility', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_entry')),
    sa.UniqueConstraint('kind', 'object_id', name=op.f('uq_search_entry_kind_object_id'))
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key('fk_course_current_version_id', 'course', 'course_version', ['current_version_id'], ['id'])
        op.execute(
            "ALTER TABLE search_entry ADD COLUMN terms tsvector GENERATED ALWAYS AS (setweight(to_tsvector('simple', title_terms), 'A')"
            " || setweight(to_tsvector('simple', body_terms), 'D')) STORED"
        )
        op.create_index('ix_search_entry_terms', 'search_entry', ['terms'], postgresql_using='gin')
    else:
        with op.batch_alter_table('course') as batch:
            batch.create_foreign_key('fk_course_current_version_id', 'course_version', ['current_version_id'], ['id'])
        for statement in FTS5:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint('fk_course_current_version_id', 'course', type_='foreignkey')
    else:
        op.execute("UPDATE course SET current_version_id = NULL")
        op.execute("DROP TABLE search_index")
    op.drop_table('search_entry')
    op.drop_table('lesson_asset')
    op.drop_index(op.f('ix_lesson_version_lesson_id'), table_name='lesson_version')
    op.drop_table('lesson_version')
    op.drop_table('course_module')
    op.drop_table('lesson')
    op.drop_table('course_version')
    op.drop_index('ix_course_staff_user_id', table_name='course_staff')
    op.drop_table('course_staff')
    op.drop_index('ix_course_current_version_id', table_name='course')
    op.drop_table('course')
