"""Runs migrations on the application's own engine."""

from alembic import context
from flask import current_app

from app.kernel.db import Base, db, write_intent

with write_intent(), db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()

assert current_app
