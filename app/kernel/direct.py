"""Statements of the hottest paths, given to SQLite's driver as they are.

SQLAlchemy spends some 100 µs of CPU on each statement it executes, several times what SQLite needs for it. A `Direct` is compiled once; on
SQLite it then costs what the driver costs. On PostgreSQL it is executed as usual, because the way to the server costs more than all that.
Rows come as the driver gives them: `moment_of`, `day_of` and `json_of` of `kernel.db` read them on both. Who listens to the engine for its
statements hears of these too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

_SQLITE = sqlite.dialect()


class Direct:
    """One statement with named parameters, all of which are given each time.

    Raises what SQLAlchemy raises (`OperationalError`, `IntegrityError`), so that errors are answered alike.
    """

    def __init__(self, statement: Any):
        self.statement = statement
        self._compiled: tuple[str, list[tuple[str, Any]], dict[str, Any]] | None = None

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """What the statement finds or returns; empty for one that returns nothing."""
        if connection.dialect.name != "sqlite":
            result = connection.execute(self.statement, parameters)
            return result.all() if result.returns_rows else []
        return self._fetch(connection.connection.dbapi_connection, parameters, connection.engine)

    def read(self, engine: Engine, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """What a single SELECT finds, in a transaction of its own."""
        if engine.dialect.name != "sqlite":
            with engine.connect() as connection:
                return connection.execute(self.statement, parameters).all()
        borrowed = engine.raw_connection()
        try:
            return self._fetch(borrowed.dbapi_connection, parameters, engine)
        finally:
            borrowed.close()

    def _fetch(self, driver: Any, parameters: Mapping[str, Any], engine: Engine) -> Sequence[Any]:
        text, binds, constants = self._compiled or self._compile()
        values = {**constants, **parameters}
        for tell in engine.dispatch.before_cursor_execute:
            tell(None, None, text, values, None, False)
        try:
            return driver.execute(text, [process(values[name]) if process else values[name] for name, process in binds]).fetchall()
        except sqlite3.Error as error:
            raise DBAPIError.instance(text, None, error, sqlite3.Error, hide_parameters=True, dialect=engine.dialect) from error

    def _compile(self) -> tuple[str, list[tuple[str, Any]], dict[str, Any]]:
        made = self.statement.compile(dialect=_SQLITE)
        constants = {name: value for name, value in made.params.items() if not made.binds[name].required}
        self._compiled = str(made), [(name, made._bind_processors.get(name)) for name in made.positiontup or ()], constants
        return self._compiled
