"""The migrations lead to what the models say, and back."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.kernel import schema
from app.kernel.cli import alembic_config
from app.kernel.db import Base, db


def _ours(name, kind, parents):
    """Leave out what only one database has for searching, and Alembic's own table."""
    if kind == "table":
        return not name.startswith(("search_index", "alembic_version"))
    table = parents.get("table_name")
    return not (table == "search_entry" and name in ("terms", "ix_search_entry_terms"))


def _differences():
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _ours})
        return compare_metadata(context, Base.metadata)


def test_the_migrations_make_what_the_models_say(app):
    assert _differences() == []


def test_down_to_nothing_and_up_again(app):
    db.session.remove()
    command.downgrade(alembic_config(), "base")
    db.session.remove()
    left = set(inspect(db.engine).get_table_names()) - {"alembic_version"}
    assert left == set()
    command.upgrade(alembic_config(), "head")
    assert _differences() == []


def test_the_revisions_that_the_product_knows_are_those_of_the_migrations():
    scripts = ScriptDirectory.from_config(alembic_config())
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(schema.REVISIONS))
    assert scripts.get_current_head() == schema.NEEDED
