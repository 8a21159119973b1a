"""Small writes of many people at once, each acknowledged only when it is on the disk, without one fsync each.

`write_durably(work)` runs `work(connection)` and returns its result after the commit. In the web process on SQLite, requests that
arrive while a commit is under way share the next one (group commit); each keeps its own savepoint, so one that fails spoils nobody
else's. On PostgreSQL, and outside the event loop, it is an ordinary transaction: the server groups by itself.
`work` must be short, must not yield (no emit, no HTTP, no sleep), and must not touch `db.session`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from app.kernel.db import db, write_intent
from app.kernel.off_the_loop import on_event_loop

T = TypeVar("T")
MOST_AT_ONCE = 64


def write_durably(work: Callable[[Connection], T]) -> T:
    """Run a short write and return when it cannot be lost any more. Raises what `work` raises, or `Busy`."""
    engine = db.engine
    if db.session.registry.has():
        db.session.rollback()
    if engine.dialect.name == "sqlite" and on_event_loop():
        return _committer_of(engine).submit(work)
    with write_intent(), engine.begin() as connection:
        return work(connection)


class _GroupCommitter:
    def __init__(self, engine: Engine):
        self.engine = engine
        self.waiting: deque[tuple[Callable[[Connection], Any], Any]] = deque()
        self.busy = False

    def submit(self, work: Callable[[Connection], Any]) -> Any:
        """Alone, a request commits for itself; those that arrive meanwhile are committed together."""
        from gevent import spawn
        from gevent.event import AsyncResult

        if self.busy:
            answer = AsyncResult()
            self.waiting.append((partial(copy_context().run, work), answer))  # whoever commits it, it runs as part of its own request
            return answer.get()
        self.busy = True
        try:
            with write_intent(), self.engine.begin() as connection:
                return work(connection)
        finally:
            if self.waiting:
                spawn(self._drain)
            else:
                self.busy = False

    def _drain(self) -> None:
        try:
            while self.waiting:
                batch = [self.waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self.waiting)))]
                self._commit(batch)
        finally:
            self.busy = False

    def _commit(self, batch: list[tuple[Callable[[Connection], Any], Any]]) -> None:
        outcomes: list[tuple[Any, Any, Exception | None]] = []
        try:
            with write_intent(), self.engine.begin() as connection:
                if len(batch) == 1:  # nobody else's work to keep apart
                    work, answer = batch[0]
                    outcomes.append((answer, work(connection), None))
                else:
                    for work, answer in batch:
                        connection.exec_driver_sql("SAVEPOINT one")
                        try:
                            outcomes.append((answer, work(connection), None))
                        except Exception as error:
                            connection.exec_driver_sql("ROLLBACK TO one")
                            outcomes.append((answer, None, error))
                        connection.exec_driver_sql("RELEASE one")
        except Exception as error:
            for _, answer in batch:
                answer.set_exception(error)
            return
        for answer, result, error in outcomes:
            answer.set_exception(error) if error else answer.set(result)


_committers: dict[int, _GroupCommitter] = {}


def _committer_of(engine: Engine) -> _GroupCommitter:
    return _committers.setdefault(id(engine), _GroupCommitter(engine))
