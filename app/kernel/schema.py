"""Whether the database has the tables and columns that this code asks for: its revision, against the newest of `migrations/`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from app.kernel.db import UNREADABLE, db

# All that this code knows, oldest first, as they were when the process began. The files are numbered, so Alembic is not needed for it.
REVISIONS = tuple(sorted(path.name.partition("_")[0] for path in (Path(__file__).resolve().parents[2] / "migrations" / "versions").glob("[0-9]*_*.py")))
NEEDED = REVISIONS[-1]
_UNDEFINED_ON_POSTGRESQL = frozenset({"42P01", "42703"})  # a table, a column


def find_revision() -> str | None:
    """What the database is at; None when it has no schema at all. Raises one of `UNREADABLE` when it does not answer."""
    try:
        return db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except (OperationalError, ProgrammingError) as error:
        db.session.rollback()
        if not _names_what_is_not_there(error):
            raise
        return None


def explains(error: DBAPIError) -> bool:
    """Whether a statement failed because the database has another schema than this code. Ends the session's transaction."""
    if not _names_what_is_not_there(error):
        return False
    db.session.rollback()
    try:
        return find_revision() != NEEDED
    except UNREADABLE:
        db.session.rollback()
        return False


def _names_what_is_not_there(error: DBAPIError) -> bool:
    said = error.orig
    return getattr(said, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR or getattr(said, "sqlstate", None) in _UNDEFINED_ON_POSTGRESQL
