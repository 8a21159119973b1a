"""Durable work: asked for with its cause, done at least once, by one worker at a time, whoever dies."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import select, update

from app.kernel import clock, jobs
from app.kernel.cli import alembic_config
from app.kernel.db import db, transaction
from app.kernel.health import check_worker
from app.kernel.jobs import Job, JobState, Lane, WorkerHeartbeat
from app.kernel.worker import Worker, drain
from tests.kernel.conftest import Start, until

Proof = Callable[[], dict[str, int]]


@pytest.fixture
def handlers() -> Iterator[None]:
    """The names of the children's jobs, known here too; what a test registers is forgotten again."""
    before, periodic = dict(jobs.HANDLERS), dict(jobs.PERIODIC)
    for name, lane in (("note", Lane.DEFAULT), ("slow_note", Lane.DEFAULT), ("encode", Lane.ENCODING), ("deadly", Lane.DEFAULT)):
        jobs.job(f"proof.{name}", lane=lane)(lambda **facts: None)
    yield
    for registry, kept in ((jobs.HANDLERS, before), (jobs.PERIODIC, periodic)):
        registry.clear()
        registry.update(kept)  # type: ignore[call-overload]


def ask(job_name: str, /, **facts: Any) -> int:
    with transaction():
        row = jobs.enqueue(job_name, **facts)
        assert row is not None
        return row.id


def job(job_id: int) -> Job:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Job, job_id)


def test_a_key_asks_once(app: Flask, handlers: None) -> None:
    with transaction():
        assert jobs.enqueue("proof.note", key="k", name="a") is not None
        assert jobs.enqueue("proof.note", key="k", name="b") is None
    assert db.session.scalars(select(Job.arguments)).all() == [{"name": "a"}]


def test_the_oldest_due_job_comes_first_and_tomorrow_waits(app: Flask, handlers: None) -> None:
    later = ask("proof.note", name="later", run_after=clock.now() + timedelta(days=1))
    first, second = ask("proof.note", name="1"), ask("proof.note", name="2")
    taken = [jobs.take(Lane.DEFAULT, f"holder-{i}") for i in range(3)]
    assert [row.id if row else None for row in taken] == [first, second, None]
    assert job(later).state == JobState.QUEUED


def test_a_lane_does_not_take_from_the_other(app: Flask, handlers: None) -> None:
    ask("proof.encode", name="x", seconds=0)
    assert jobs.take(Lane.DEFAULT, "a") is None
    assert jobs.take(Lane.ENCODING, "a") is not None


def test_two_workers_at_once_never_get_the_same_job(app: Flask, handlers: None) -> None:
    for number in range(20):
        ask("proof.note", name=str(number))
    got: list[int] = []
    together = Barrier(4)

    def take_all(holder: str) -> None:
        with app.app_context():
            together.wait()
            while (row := jobs.take(Lane.DEFAULT, holder)) is not None:
                got.append(row.id)

    threads = [Thread(target=take_all, args=(f"holder-{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 20


def test_a_lease_that_ran_out_gives_the_job_to_another_and_the_first_has_no_say(app: Flask, handlers: None, at: Callable[..., None]) -> None:
    at(2026, 11, 23, 9, 0)
    job_id = ask("proof.note", name="x")
    assert jobs.take(Lane.DEFAULT, "first") is not None
    assert jobs.take(Lane.DEFAULT, "second") is None
    at(2026, 11, 23, 9, 1)
    assert jobs.take(Lane.DEFAULT, "first", in_hand=[job_id]) is None  # still at it: not a second time in the same process
    assert jobs.take(Lane.DEFAULT, "second") is not None
    jobs.finish(job_id, "first")
    assert not jobs.fail(job_id, "first", "late", 1)
    assert job(job_id).state == JobState.RUNNING
    jobs.finish(job_id, "second")
    assert job(job_id).state == JobState.DONE


def test_a_worker_that_ends_gives_back_what_is_its_own(app: Flask, handlers: None, at: Callable[..., None]) -> None:
    at(2026, 11, 23, 9, 0)
    mine, foreign = ask("proof.note", name="x"), ask("proof.encode", name="y", seconds=0)
    worker = Worker(app)
    taken = jobs.take(Lane.DEFAULT, worker.holder), jobs.take(Lane.ENCODING, "somebody else")
    assert None not in taken
    worker.running = {mine: "proof.note", foreign: "proof.encode"}
    worker._put_down()
    assert (job(mine).state, job(mine).tries, job(mine).lease_holder) == (JobState.QUEUED, 0, None)
    assert (job(foreign).state, job(foreign).lease_holder) == (JobState.RUNNING, "somebody else")
    jobs.finish(mine, worker.holder)  # its thread comes to the end all the same
    again = jobs.take(Lane.DEFAULT, "next")
    assert again is not None
    assert (again.id, again.tries) == (mine, 1)


def test_a_renewed_lease_holds(app: Flask, handlers: None, at: Callable[..., None]) -> None:
    at(2026, 11, 23, 9, 0)
    job_id = ask("proof.note", name="x")
    jobs.take(Lane.DEFAULT, "first")
    for minute in range(1, 4):
        at(2026, 11, 23, 9, 0, minute * 15)
        jobs.renew([job_id], "first")
        assert jobs.take(Lane.DEFAULT, "second") is None


def test_a_failure_is_tried_again_later_and_the_last_one_stays(app: Flask, handlers: None) -> None:
    told: list[str] = []

    @jobs.job("proof.fails", most_tries=3, on_failure=lambda reason: told.append(reason))
    def fails() -> None:
        raise ValueError("no")

    job_id = ask("proof.fails")
    for tries in range(1, 4):
        drain(app)
        assert job(job_id).tries == tries
        assert job(job_id).run_after > clock.now()
        with transaction() as session:
            session.execute(update(Job).values(run_after=clock.now()))
    assert job(job_id).state == JobState.FAILED
    assert job(job_id).failure == "ValueError: no"
    assert told == ["no"]


def test_a_job_that_asks_the_process_to_end_only_fails(app: Flask, handlers: None) -> None:
    @jobs.job("proof.exits", most_tries=1)
    def exits() -> None:
        raise SystemExit(1)

    job_id = ask("proof.exits")
    drain(app)
    assert job(job_id).state == JobState.FAILED


def test_a_job_that_killed_its_worker_each_time_is_not_started_again(app: Flask, handlers: None, at: Callable[..., None]) -> None:
    ran: list[int] = []

    @jobs.job("proof.kills", most_tries=2)
    def kills() -> None:
        ran.append(1)

    job_id = ask("proof.kills")
    for hour in (9, 10):
        at(2026, 12, 1, hour)
        assert jobs.take(Lane.DEFAULT, f"died at {hour}") is not None
    at(2026, 12, 1, 11)
    drain(app)
    assert ran == []
    assert job(job_id).state == JobState.FAILED


def test_a_job_nobody_knows_any_more_fails_in_words(app: Flask, handlers: None) -> None:
    job_id = ask("proof.note", name="x")
    del jobs.HANDLERS["proof.note"]
    drain(app)
    assert job(job_id).state == JobState.FAILED
    assert "proof.note" in (job(job_id).failure or "")


def test_what_a_failed_job_had_begun_to_write_is_gone(app: Flask, handlers: None, proof: Proof) -> None:
    @jobs.job("proof.half", most_tries=1)
    def half() -> None:
        with transaction() as session:
            session.execute(update(Job).values(failure="half"))
            raise ValueError

    job_id = ask("proof.half")
    drain(app)
    assert job(job_id).failure == "ValueError: "


def test_periodic_work_is_asked_for_once_in_its_period_whoever_asks(app: Flask, handlers: None, at: Callable[..., None]) -> None:
    jobs.PERIODIC.clear()
    jobs.job("proof.hourly", every=timedelta(hours=1))(lambda: None)
    at(2026, 11, 23, 9, 10)
    together = Barrier(4)
    faults: list[BaseException] = []

    def ask_for_it() -> None:
        with app.app_context():
            together.wait()
            try:
                jobs.enqueue_periodic()
            except BaseException as fault:
                faults.append(fault)

    threads = [Thread(target=ask_for_it) for _i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(db.session.scalars(select(Job)).all()) == 1
    at(2026, 11, 23, 10, 0)
    jobs.enqueue_periodic()
    assert len(db.session.scalars(select(Job)).all()) == 2


def test_finished_work_is_forgotten_but_never_a_key_that_must_stay_known(app: Flask, handlers: None, at: Callable[..., None]) -> None:
    jobs.job("proof.hourly", every=timedelta(hours=1))(lambda: None)
    at(2026, 10, 1, 9, 0)
    for name, key in (("proof.note", None), ("proof.note", "once ever"), ("proof.hourly", "proof.hourly@1")):
        ask(name, key=key) if name == "proof.hourly" else ask(name, key=key, name="x")
    drain(app)
    at(2026, 11, 23, 9, 0)
    jobs.forget_finished_jobs()
    assert db.session.scalars(select(Job.key)).all() == ["once ever"]


@pytest.mark.parametrize("holder", ["", "x", "elsewhere:1:1", "::", "host:abc:1"])
def test_a_strange_holder_frightens_nobody(app: Flask, handlers: None, holder: str) -> None:
    ask("proof.note", name="x")
    jobs.take(Lane.DEFAULT, holder)
    assert jobs.release_leases_of_the_dead() == 0


def test_the_worker_is_missed_after_half_a_minute(app: Flask, at: Callable[..., None]) -> None:
    assert not check_worker().ok
    at(2026, 11, 23, 9, 0)
    jobs.renew([], "a")
    assert check_worker().ok
    at(2026, 11, 23, 9, 1)
    assert not check_worker().ok


# ---- real processes ----


@pytest.mark.slow
def test_a_killed_workers_job_is_done_by_the_next(app: Flask, handlers: None, proof: Proof, start: Start) -> None:
    job_id = ask("proof.slow_note", name="long", seconds=5)
    first = start("tests.kernel.children", "work")
    assert until(lambda: proof().get("long began"))
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert job(job_id).state == JobState.RUNNING
    second = start("tests.kernel.children", "work")
    assert until(lambda: proof().get("long done"))
    assert until(lambda: job(job_id).state == JobState.DONE)
    assert proof() == {"long began": 2, "long done": 1}
    assert job(job_id).tries == 2
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=60) == 0


@pytest.mark.slow
@pytest.mark.parametrize(("died", "rows"), [("after", {"cause": 1, "effect": 1}), ("before", {})])
def test_an_effect_survives_the_death_of_its_cause_and_only_with_it(
    app: Flask, handlers: None, proof: Proof, start: Start, died: str, rows: dict[str, int]
) -> None:
    child = start("tests.kernel.children", "cause-and-die", died)
    assert child.wait(timeout=120) == -signal.SIGKILL
    assert proof() == {name: count for name, count in rows.items() if name == "cause"}
    assert len(db.session.scalars(select(Job.id)).all()) == rows.get("effect", 0)
    start("tests.kernel.children", "work")
    ask("proof.note", name="witness")
    assert until(lambda: proof() == rows | {"witness": 1})


@pytest.mark.slow
def test_encoding_does_not_hold_up_other_work(app: Flask, handlers: None, proof: Proof, start: Start) -> None:
    for number in range(3):
        ask("proof.encode", name=f"film {number}", seconds=30)
    start("tests.kernel.children", "work")
    assert until(lambda: proof().get("film 0 began"))
    for number in range(5):
        ask("proof.note", name=f"mail {number}")
    assert until(lambda: all(proof().get(f"mail {number}") for number in range(5)))
    done = proof()
    assert "film 0 done" not in done
    assert "film 1 began" not in done


@pytest.mark.slow
def test_two_worker_processes_share_the_work(app: Flask, handlers: None, proof: Proof, start: Start) -> None:
    for number in range(40):
        ask("proof.note", name=str(number))
    for _i in range(2):
        start("tests.kernel.children", "work")
    assert until(lambda: len(proof()) == 40)
    assert until(lambda: not db.session.scalars(select(Job.id).where(Job.name == "proof.note", Job.state != JobState.DONE)).all() or db.session.rollback())
    assert set(proof().values()) == {1}
    assert until(lambda: len(db.session.scalars(select(WorkerHeartbeat.holder)).all()) == 2 or db.session.rollback())
    periodic = db.session.scalars(select(Job.key).where(Job.key.like("%@%"))).all()
    assert len(periodic) == len(set(periodic))


@pytest.mark.slow
def test_a_job_that_kills_every_worker_stops_at_its_last_try(app: Flask, handlers: None, proof: Proof, start: Start) -> None:
    job_id = ask("proof.deadly")
    for _i in range(2):
        assert start("tests.kernel.children", "work").wait(timeout=120) == -signal.SIGKILL
    survivor = start("tests.kernel.children", "work")
    assert until(lambda: job(job_id).state == JobState.FAILED)
    assert survivor.poll() is None
    assert proof() == {"deadly began": 2}


def test_a_worker_on_a_database_without_tables_says_so_and_works_once_they_are_there(app: Flask, start: Start) -> None:
    db.session.remove()
    command.downgrade(alembic_config(), "base")
    db.session.remove()
    child = start("tests.kernel.children", "work")
    assert child.stderr is not None
    first = child.stderr.readline()
    assert "database_unavailable" in first
    assert "schema_behind" in first
    command.upgrade(alembic_config(), "head")

    def works() -> bool:
        db.session.rollback()
        return check_worker().ok

    assert until(works)
    assert child.poll() is None
    child.terminate()
    _out, told = child.communicate(timeout=30)
    assert "Traceback" not in told
