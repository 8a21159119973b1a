"""Captions in any language and by whom; passages of a video's words in the search, several for one lesson."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# As in 0006: the triggers go with the table when SQLite makes it anew.
TRIGGERS = (
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
    with op.batch_alter_table("media_caption") as table:
        table.alter_column("language", existing_type=sa.String(length=12), type_=sa.String(length=35), existing_nullable=False)
        table.add_column(sa.Column("updated_by_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_media_caption_updated_by_id_user_account"), "user_account", ["updated_by_id"], ["id"])
    with op.batch_alter_table("search_entry") as table:
        table.add_column(sa.Column("part", sa.Integer(), nullable=False, server_default="0"))
        table.drop_constraint(op.f("uq_search_entry_kind_object_id"), type_="unique")
        table.create_unique_constraint(op.f("uq_search_entry_kind_object_id_part"), ["kind", "object_id", "part"])
    _bring_triggers_back()


def downgrade() -> None:
    op.execute("DELETE FROM search_entry WHERE part > 0")
    with op.batch_alter_table("search_entry") as table:
        table.drop_constraint(op.f("uq_search_entry_kind_object_id_part"), type_="unique")
        table.create_unique_constraint(op.f("uq_search_entry_kind_object_id"), ["kind", "object_id"])
        table.drop_column("part")
    _bring_triggers_back()
    op.execute("DELETE FROM media_caption WHERE length(language) > 12")
    with op.batch_alter_table("media_caption") as table:
        table.drop_constraint(op.f("fk_media_caption_updated_by_id_user_account"), type_="foreignkey")
        table.drop_column("updated_by_id")
        table.alter_column("language", existing_type=sa.String(length=35), type_=sa.String(length=12), existing_nullable=False)


def _bring_triggers_back() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in TRIGGERS:
            op.execute(statement)
