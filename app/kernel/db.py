"""The database: one SQLAlchemy for SQLite (embedded) and PostgreSQL (grown), and the one way to write.

Reading needs nothing: a request's queries run in a read transaction. Writing happens inside `transaction()`, at the edge (route, socket
handler, job, command), which commits once. On SQLite a write starts with BEGIN IMMEDIATE, because a plain BEGIN loses updates or
fails in the middle; the wait for the write lock is a sleep that lets other greenlets run, never a block inside SQLite.
"""

from __future__ import annotations

import contextlib
import gc
import json
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, Connection, DateTime, Engine, MetaData, String, TypeDecorator, event, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session, configure_mappers, mapped_column
from sqlalchemy.types import NULLTYPE

from app.kernel.errors import Busy
from app.kernel.off_the_loop import off_the_loop

LOCK_PATIENCE_SECONDS = 15.0
LONG_TRANSACTION_MS = 50
UNREADABLE = (SQLAlchemyError, sqlite3.Error, Busy)  # what reading from a database that is away, damaged or held raises

log = structlog.get_logger()


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Kept in UTC; a moment without a zone is refused, because nobody knows when it was."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """SQLite keeps a moment as a text, read here in one step instead of four."""
        return moment_of if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def as_kept(column: Any) -> Any:
    """A column as the driver gives it, for rows of which most values are never looked at: `moment_of`, `day_of` and `json_of` read them."""
    return type_coerce(column, NULLTYPE)


def moment_of(kept: Any) -> Any:
    """A `UtcDateTime` as a moment; None stays None."""
    return datetime.fromisoformat(kept).replace(tzinfo=UTC) if isinstance(kept, str) else kept


def day_of(kept: Any) -> Any:
    return date.fromisoformat(kept) if isinstance(kept, str) else kept


def json_of(kept: Any) -> Any:
    """A `JsonValue` that is an object or a list."""
    return json.loads(kept) if isinstance(kept, str) else kept


JsonValue = JSON().with_variant(JSONB(), "postgresql")

intpk = Annotated[int, mapped_column(primary_key=True)]
moment = Annotated[datetime, mapped_column(UtcDateTime())]
day = Annotated[date, mapped_column()]
short = Annotated[str, mapped_column(String(80))]
line = Annotated[str, mapped_column(String(255))]
json_object = Annotated[dict[str, Any], mapped_column(JsonValue)]
json_list = Annotated[list[Any], mapped_column(JsonValue)]

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

_write_intent: ContextVar[bool] = ContextVar("write_intent", default=False)


class _LoopFriendlyConnection(sqlite3.Connection):
    """A SQLite connection whose commit (an fsync) waits in a native thread while the event loop goes on."""

    writing = False
    read_only = False

    def commit(self) -> None:
        if self.writing:
            off_the_loop(super().commit)
        else:
            super().commit()
        self.writing = False

    def rollback(self) -> None:
        super().rollback()
        self.writing = False


def engine_options(database_url: str) -> dict[str, Any]:
    """What the engine needs beyond its address. Values never appear in error messages: they are people's data and one-time codes."""
    if database_url.startswith("sqlite"):
        return {
            "connect_args": {"factory": _LoopFriendlyConnection, "check_same_thread": False, "timeout": 0},
            "pool_size": 20,
            "max_overflow": 40,
            "hide_parameters": True,
        }
    return {"pool_size": 20, "max_overflow": 20, "pool_pre_ping": True, "hide_parameters": True}


def prepare_engine(engine: Engine) -> None:
    """Teach one engine how transactions begin. Called once for each engine."""
    if engine.dialect.name != "sqlite":
        event.listen(engine, "begin", _begin_on_postgresql)
        return

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "temp_store=MEMORY", "cache_size=-16000"):
            _patiently(lambda pragma=pragma: connection.execute(f"PRAGMA {pragma}"))

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        write = _is_for_writing(connection)
        if raw.read_only == write:
            raw.execute(f"PRAGMA query_only={'OFF' if write else 'ON'}")
            raw.read_only = not write
        if write:
            _patiently(lambda: raw.execute("BEGIN IMMEDIATE"))
            raw.writing = True
        else:
            raw.execute("BEGIN")


def _is_for_writing(connection: Connection) -> bool:
    return _write_intent.get() or connection.get_execution_options().get("write", False)


def _begin_on_postgresql(connection: Connection) -> None:
    """A stray write is refused here too: BEGIN READ ONLY unless writing was meant. It costs no round trip."""
    raw: Any = connection.connection.dbapi_connection
    if connection.get_isolation_level() != "AUTOCOMMIT":
        raw.read_only = not _is_for_writing(connection)


def _patiently(action: Any, seconds: float = LOCK_PATIENCE_SECONDS) -> None:
    """Run a statement that may find the database locked, again and again, sleeping in between; give up with `Busy`."""
    give_up = time.monotonic() + seconds
    pause = 0.001
    while True:
        try:
            action()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            if time.monotonic() > give_up:
                raise Busy(code="database_locked") from error
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 0.05)


def try_writing(seconds: float) -> int:
    """Ask the database for the right to write and give it back at once. Returns which file it is (0 where it is none).

    Raises Busy when others hold that right for longer than `seconds`, and what the driver raises when the database is not there.
    """
    file = database_file()
    if file is None:
        with write_intent(), db.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
        return 0
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)) as raw:
        _patiently(lambda: raw.execute("BEGIN IMMEDIATE"), seconds)
        raw.execute("ROLLBACK")
    return file.stat().st_ino


def database_file() -> Path | None:
    """The file that the database is; None where it is none."""
    path = db.engine.url.database
    return Path(path).absolute() if db.engine.dialect.name == "sqlite" and path and path != ":memory:" else None


def insert_into(table: Any, dialect: str | None = None) -> Any:
    """An INSERT that may say `on_conflict_do_nothing` or `on_conflict_do_update`, in the dialect at hand (or the named one)."""
    return (postgresql if (dialect or db.engine.dialect.name) == "postgresql" else sqlite).insert(table)


@contextmanager
def write_intent() -> Iterator[None]:
    """Connections begun inside are for writing. `transaction()` uses it; so does code that works below the session."""
    token = _write_intent.set(True)
    try:
        yield
    finally:
        _write_intent.reset(token)


@contextmanager
def transaction() -> Iterator[Session]:
    """All or nothing: commit at the end, then publish what was recorded; on an error nothing happened.

    What was read before is read anew inside, so that no update is built on an old value. Inside another `transaction()` it simply
    joins: the outermost one commits.
    """
    from app.kernel import events

    session = db.session()
    if session.info.get("writing"):
        yield session
        return
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("objects were changed outside transaction()")
    session.rollback()
    configure_mappers()  # nothing when done already; the first time it takes long, and nobody should wait for it
    session.info["writing"] = True
    announced: list[Any] = []
    session.info["announced"] = announced
    try:
        with write_intent(), _no_collecting():
            try:
                session.connection()
                begun = time.perf_counter(), time.thread_time()
                yield session
                session.commit()
                _tell_if_long(begun)
            except BaseException:
                session.rollback()
                raise
    finally:
        session.info.pop("writing", None)
        session.info.pop("announced", None)
    events.publish(announced)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Nobody waits for the lock while this process looks through its whole memory for garbage, which takes 100 ms after a large import."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _tell_if_long(begun: tuple[float, float]) -> None:
    """Others wait for the lock while somebody writes on SQLite: what holds it for long is to be split, and so it is told. `cpu_ms` is what
    it computed itself, and a warning when that is too much; the rest is waiting for the disk or for a busy machine. `where` is who wrote,
    beside the job or the request that the log names by itself."""
    held, computed = (time.perf_counter() - begun[0]) * 1000, (time.thread_time() - begun[1]) * 1000
    if held > LONG_TRANSACTION_MS:
        tell = log.warning if computed > LONG_TRANSACTION_MS else log.info
        tell("long_write_transaction", ms=round(held, 1), cpu_ms=round(computed, 1), where=_writer())


def _writer() -> str:
    """The function whose `transaction()` is about to end."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename in (__file__, contextlib.__file__):
        frame = frame.f_back
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"


@event.listens_for(Session, "before_flush")
def _refuse_stray_writes(session: Session, context: Any, instances: Any) -> None:
    if not session.info.get("writing") and not session.info.get("loose"):
        raise RuntimeError("a write outside transaction()")


def init_app(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
