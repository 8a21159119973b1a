"""Durable background work: a table with leases, at least once.

`enqueue` writes a row in the caller's transaction, so work is asked for if and only if its cause was committed. A worker takes the
oldest due row of its lane with a conditional update and holds it by a lease that it renews; when the worker dies the lease runs out
and another one takes the row again. A job may therefore start twice: handlers are idempotent. Lanes keep long work (encoding) from
delaying short work (mail, imports, publishing).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Index, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.db import Base, db, insert_into, intpk, json_object, moment, short, transaction

LEASE = timedelta(seconds=20)
RETRY_PAUSES = (5, 30, 120, 600, 3600)  # seconds before the 2nd, 3rd, ... try


class Lane(StrEnum):
    """Which queue a job waits in; each has workers of its own."""

    DEFAULT = "default"
    ENCODING = "encoding"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Base):
    """One piece of work: a name, arguments that fit in JSON, and how far it is."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due", "state", "lane", "run_after"),)

    id: Mapped[intpk]
    lane: Mapped[short]
    name: Mapped[short]
    arguments: Mapped[json_object]
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    state: Mapped[short] = mapped_column(default=JobState.QUEUED)
    tries: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[moment]
    lease_holder: Mapped[str | None] = mapped_column(String(120))
    lease_until: Mapped[moment | None]
    progress: Mapped[json_object] = mapped_column(default=dict)
    failure: Mapped[str | None]
    created_at: Mapped[moment]
    finished_at: Mapped[moment | None]


class WorkerHeartbeat(Base):
    """A worker's sign of life; the health page shouts when the newest is old."""

    __tablename__ = "worker_heartbeat"

    holder: Mapped[str] = mapped_column(String(120), primary_key=True)
    started_at: Mapped[moment]
    beat_at: Mapped[moment]


@dataclass(frozen=True, slots=True)
class Handler:
    """What is run for a job of this name; `most_tries` counts the first one."""

    name: str
    lane: Lane
    run: Callable[..., None]
    most_tries: int
    on_failure: Callable[..., None] | None


@dataclass(frozen=True, slots=True)
class Periodic:
    name: str
    every: timedelta


HANDLERS: dict[str, Handler] = {}
PERIODIC: dict[str, Periodic] = {}


def job(
    name: str,
    *,
    lane: Lane = Lane.DEFAULT,
    most_tries: int = 5,
    every: timedelta | None = None,
    on_failure: Callable[..., None] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a handler. It gets the arguments given to `enqueue`, outside any transaction. `every` also runs it again and again.

    `on_failure` is called with the same arguments plus `reason` when the last try failed, to leave no state stuck.
    """

    def register(run: Callable[..., None]) -> Callable[..., None]:
        HANDLERS[name] = Handler(name, lane, run, most_tries, on_failure)
        if every:
            PERIODIC[name] = Periodic(name, every)
        return run

    return register


def enqueue(name: str, /, *, key: str | None = None, run_after: datetime | None = None, **arguments: Any) -> Job | None:
    """Ask for work, in the current transaction. With a `key` it is asked for once, ever: None when it already was."""
    if not db.session.info.get("writing"):
        raise RuntimeError(f"{name} was asked for outside transaction()")
    job_id = _insert(db.session.connection(), name, key, run_after, arguments)
    return None if job_id is None else db.session.get_one(Job, job_id)


def enqueue_on(connection: Connection, name: str, /, *, key: str, **arguments: Any) -> None:
    """Like `enqueue` with a key, for work that writes below the session (`write_durably`)."""
    _insert(connection, name, key, None, arguments)


def _insert(connection: Connection, name: str, key: str | None, run_after: datetime | None, arguments: dict[str, Any]) -> int | None:
    """A key that is there already, or that another transaction is just writing, is no error: the work was asked for."""
    now = clock.now()
    values = {"lane": HANDLERS[name].lane, "name": name, "arguments": arguments, "key": key, "state": JobState.QUEUED, "tries": 0}
    times = {"run_after": run_after or now, "created_at": now, "progress": {}}
    row = insert_into(Job, connection.dialect.name).values(values | times)
    return connection.scalar(row.on_conflict_do_nothing(index_elements=["key"]).returning(Job.id))


def holder_name() -> str:
    """Names this process so that another one on the same machine can tell whether it still lives."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_ticks(os.getpid())}"


def _start_ticks(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return "0"


def release_leases_of_the_dead() -> int:
    """Give back at once what a worker of this machine held that no longer runs; others wait for the lease to end."""
    here = socket.gethostname()
    with transaction() as session:
        holders = session.scalars(select(Job.lease_holder).where(Job.state == JobState.RUNNING).distinct())
        dead = [h for h in holders if h and _is_dead(h, here)]
        freed = update(Job).where(Job.lease_holder.in_(dead), Job.state == JobState.RUNNING).values(lease_until=clock.now()).returning(Job.id)
        return len(session.scalars(freed).all())


def _is_dead(holder: str, here: str) -> bool:
    host, _, process = holder.partition(":")
    pid, _, ticks = process.partition(":")
    return host == here and pid.isdigit() and _start_ticks(int(pid)) != ticks


def take(lane: Lane, holder: str, in_hand: Collection[int] = ()) -> Job | None:
    """The next due job of a lane, leased to `holder`; None when there is nothing to do.

    `in_hand` are jobs this holder is still at, whatever their leases say.
    """
    now = clock.now()
    due = (Job.state == JobState.QUEUED) & (Job.run_after <= now)
    abandoned = (Job.state == JobState.RUNNING) & (Job.lease_until <= now) & Job.id.not_in(in_hand)
    if db.session.scalar(select(Job.id).where(Job.lane == lane, due | abandoned).limit(1)) is None:
        db.session.rollback()
        return None
    with transaction() as session:
        row = session.scalar(
            select(Job).where(Job.lane == lane, due | abandoned).order_by(Job.run_after, Job.id).limit(1).with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.state, row.tries, row.lease_holder, row.lease_until = JobState.RUNNING, row.tries + 1, holder, now + LEASE
        return row


def renew(job_ids: list[int], holder: str) -> None:
    """Keep the leases of running jobs, and give the worker's sign of life."""
    now = clock.now()
    with transaction() as session:
        if job_ids:
            session.execute(
                update(Job).where(Job.id.in_(job_ids), Job.lease_holder == holder, Job.state == JobState.RUNNING).values(lease_until=now + LEASE)
            )
        beat = session.get(WorkerHeartbeat, holder)
        if beat is None:
            session.add(WorkerHeartbeat(holder=holder, started_at=now, beat_at=now))
        else:
            beat.beat_at = now


def give_back(job_ids: list[int], holder: str) -> None:
    """A worker that is told to end puts down what it could not finish: due at once, for whoever comes next, and the try does not count."""
    mine = update(Job).where(Job.id.in_(job_ids), Job.lease_holder == holder, Job.state == JobState.RUNNING)
    with transaction() as session:
        session.execute(mine.values(state=JobState.QUEUED, tries=Job.tries - 1, run_after=clock.now(), lease_holder=None, lease_until=None))


def finish(job_id: int, holder: str) -> None:
    """Note that a job is done, unless another worker has it by now."""
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.id == job_id, Job.lease_holder == holder)
            .values(state=JobState.DONE, finished_at=clock.now(), lease_until=None, failure=None)
        )


def fail(job_id: int, holder: str, reason: str, most_tries: int) -> bool:
    """Note a failure. True when it was the last try."""
    now = clock.now()
    with transaction() as session:
        row = session.scalar(select(Job).where(Job.id == job_id, Job.lease_holder == holder).with_for_update())
        if row is None:
            return False
        row.failure, row.lease_until = reason[:2000], None
        last = row.tries >= most_tries
        row.state = JobState.FAILED if last else JobState.QUEUED
        row.finished_at = now if last else None
        row.run_after = now + timedelta(seconds=RETRY_PAUSES[min(row.tries, len(RETRY_PAUSES)) - 1])
        return last


def try_again(job_id: int) -> bool:
    """Ask for a failed job anew, with all its tries. False when it is not a failed one. Call inside `transaction()`."""
    failed = update(Job).where(Job.id == job_id, Job.state == JobState.FAILED)
    return bool(
        db.session.execute(
            failed.values(state=JobState.QUEUED, tries=0, run_after=clock.now(), finished_at=None, lease_holder=None, lease_until=None)
        ).rowcount  # type: ignore[attr-defined]
    )


def report_progress(job_id: int, **progress: Any) -> None:
    """Tell how far a job is (what a progress bar shows). Its own short transaction."""
    with transaction() as session:
        session.execute(update(Job).where(Job.id == job_id).values(progress=progress))


def enqueue_periodic() -> None:
    """Ask for each periodic job once in each of its periods, whichever worker is first."""
    now = clock.now()
    for item in PERIODIC.values():
        slot = int(now.timestamp() // item.every.total_seconds())
        key = f"{item.name}@{slot}"
        known = db.session.scalar(select(Job.id).where(Job.key == key))
        db.session.rollback()
        if known is None:
            with transaction():
                enqueue(item.name, key=key)


@job("kernel.forget_finished_jobs", every=timedelta(hours=6))
def forget_finished_jobs() -> None:
    """Done work is kept for a week, failures for thirty days, silent heartbeats for a day.

    Work with a key of its own stays, because it is asked for once, ever; a periodic job's keys name a period that is over.
    """
    now = clock.now()
    done = (Job.state == JobState.DONE) & (Job.finished_at < now - timedelta(days=7))
    failed = (Job.state == JobState.FAILED) & (Job.finished_at < now - timedelta(days=30))
    repeatable = Job.key.is_(None) | Job.name.in_(PERIODIC)
    while True:
        with transaction() as session:
            ids = session.scalars(select(Job.id).where(done | failed, repeatable).limit(500)).all()
            session.execute(delete(Job).where(Job.id.in_(ids)))
        if not ids:
            break
    with transaction() as session:
        session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.beat_at < now - timedelta(days=1)))
