"""The worker process: threads that take jobs, one that renews leases and gives the sign of life, one timetable.

Run it with `flask worker`. It ends cleanly on SIGTERM and SIGINT: a running job is finished or, after a grace, given back to the queue.
"""

from __future__ import annotations

import gc
import signal
import threading
import time

import structlog
from flask import Flask
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from app.kernel import jobs
from app.kernel.db import db
from app.kernel.errors import Busy
from app.kernel.jobs import Lane
from app.kernel.outage import is_outage, tell_outage

IDLE_SECONDS = 0.5
BEAT_SECONDS = 5.0
SIGN_ON_SECONDS = 2.0  # between two tries of the first sign of life
THREADS = {Lane.DEFAULT: 2, Lane.ENCODING: 1}
OUTAGES = (Busy, OperationalError, ProgrammingError, NoConnectionFree)
log = structlog.get_logger()


class WorkerDied(Exception):
    """A job was started as often as it may and never came to an end, so it is not started again."""


class Worker:
    def __init__(self, app: Flask, threads: dict[Lane, int] | None = None):
        self.app = app
        self.holder = jobs.holder_name()
        self.threads = threads or THREADS
        self.stopping = threading.Event()
        self.running: dict[int, str] = {}

    def run(self) -> None:
        """Work until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        self._sign_on()
        workers = [
            threading.Thread(target=self._serve, args=(lane,), name=f"{lane}-{i}", daemon=True) for lane, count in self.threads.items() for i in range(count)
        ]
        for thread in workers:
            thread.start()
        gc.freeze()
        log.info("worker_started", holder=self.holder)
        while not self.stopping.wait(BEAT_SECONDS):
            self._beat()
        give_up = time.monotonic() + 10
        for thread in workers:
            thread.join(max(0.0, give_up - time.monotonic()))
        self._put_down()
        log.info("worker_stopped", unfinished=len(self.running))

    def _sign_on(self) -> None:
        """The first sign of life; while the database is locked, away or not yet set up, again and again."""
        while not self.stopping.is_set():
            with self.app.app_context():
                try:
                    jobs.renew([], self.holder)
                    jobs.release_leases_of_the_dead()
                    return
                except OUTAGES as error:
                    _tell(error, "not_signed_on")
            self.stopping.wait(SIGN_ON_SECONDS)

    def _put_down(self) -> None:
        """What is not finished goes back to the queue; without a database its lease runs out by itself."""
        unfinished = list(self.running)
        if not unfinished:
            return
        with self.app.app_context():
            try:
                jobs.give_back(unfinished, self.holder)
            except Exception:
                log.exception("not_given_back", jobs=unfinished)

    def _beat(self) -> None:
        with self.app.app_context():
            try:
                jobs.renew(list(self.running), self.holder)
                jobs.enqueue_periodic()
            except OUTAGES as error:
                _tell(error, "heartbeat_failed")
            except Exception:
                log.exception("heartbeat_failed")
                db.session.rollback()

    def _serve(self, lane: Lane) -> None:
        while not self.stopping.is_set():
            try:
                if not self.work_once(lane):
                    self.stopping.wait(IDLE_SECONDS)
            except OUTAGES as error:
                with self.app.app_context():
                    _tell(error, "worker_fault")
                self.stopping.wait(IDLE_SECONDS if isinstance(error, Busy) else BEAT_SECONDS)
            except Exception:
                log.exception("worker_fault", lane=lane)
                self.stopping.wait(BEAT_SECONDS)

    def work_once(self, lane: Lane) -> bool:
        """Take one job and do it. False when there was none."""
        with self.app.app_context():
            row = jobs.take(lane, self.holder, list(self.running))
            if row is None:
                return False
            handler = jobs.HANDLERS.get(row.name)
            if handler is None:
                log.error("job_unknown", job=row.name, job_id=row.id)
                jobs.fail(row.id, self.holder, f"no handler is called {row.name}", most_tries=0)
                return True
            structlog.contextvars.bind_contextvars(job=row.name, job_id=row.id)
            self.running[row.id] = row.name
            started = time.perf_counter()
            try:
                if row.tries > handler.most_tries:
                    raise WorkerDied(row.failure or "the worker died each time it ran this")
                handler.run(**row.arguments)
            except (Exception, SystemExit) as error:
                db.session.rollback()
                log.exception("job_failed", tries=row.tries)
                if jobs.fail(row.id, self.holder, f"{type(error).__name__}: {error}", handler.most_tries) and handler.on_failure:
                    handler.on_failure(**row.arguments, reason=str(error))
            else:
                db.session.rollback()
                jobs.finish(row.id, self.holder)
                log.info("job_done", seconds=round(time.perf_counter() - started, 2))
            finally:
                self.running.pop(row.id, None)
                structlog.contextvars.clear_contextvars()
            return True


def _tell(error: Busy | OperationalError | ProgrammingError | NoConnectionFree, fault: str) -> None:
    """One line when the database is the reason; `fault` with all that is known when a statement is wrong."""
    db.session.rollback()
    if is_outage(error):
        tell_outage(error)
    else:
        log.error(fault, exc_info=error)


def drain(app: Flask) -> int:
    """Do everything that is due now, in this thread, and return how many jobs that was (tests)."""
    worker, done = Worker(app), 0
    while any(worker.work_once(lane) for lane in Lane):
        done += 1
    return done
