"""The one way to write: all or nothing, joined when nested, told after the commit, refused anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from structlog.contextvars import clear_contextvars, merge_contextvars
from structlog.testing import capture_logs

from app.kernel import events, jobs
from app.kernel.db import db, transaction, write_intent
from app.kernel.durable import write_durably
from app.kernel.regulation import RegulatedValue
from tests.kernel.conftest import Start

Proof = Callable[[], dict[str, int]]


@dataclass(frozen=True, slots=True)
class LampLit:
    """Something happened."""

    number: int


@pytest.fixture
def reactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_inside", type(events._inside)(list))
    monkeypatch.setattr(events, "_afterwards", type(events._afterwards)(list))


def a_value(key: str = "proof.value", **facts: Any) -> RegulatedValue:
    return RegulatedValue(**{"key": key, "value": 1, "legal_basis": "-", "certainty": "VERIFIED", "valid_from": date(2026, 1, 1)} | facts)


def known() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(RegulatedValue.key).where(RegulatedValue.key.like("proof.%")).order_by(RegulatedValue.key)))


def test_a_commit_keeps_and_an_error_undoes_everything(app: Flask) -> None:
    with transaction() as session:
        session.add(a_value("proof.kept"))

    def fail_halfway() -> None:
        with transaction() as session:
            session.add(a_value("proof.lost"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert known() == ["proof.kept"]


def test_nested_transactions_are_one(app: Flask) -> None:
    def fail_outside() -> None:
        with transaction() as session:
            with transaction() as inner:
                assert inner is session
                inner.add(a_value("proof.inner"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_outside()
    assert known() == []


def test_a_flush_outside_is_refused(app: Flask) -> None:
    db.session.add(a_value())
    with pytest.raises(RuntimeError, match="outside transaction"):
        db.session.flush()
    db.session.rollback()


def test_what_was_changed_outside_does_not_slip_in(app: Flask) -> None:
    db.session.add(a_value())
    with pytest.raises(RuntimeError, match="outside transaction"), transaction():
        pass
    db.session.rollback()
    assert known() == []


@pytest.mark.parametrize("how", ["session", "engine"])
def test_a_statement_below_the_session_is_refused_too(app: Flask, how: str) -> None:
    facts = {"key": "proof.stray", "value": 1, "legal_basis": "-", "certainty": "VERIFIED", "valid_from": date(2026, 1, 1)}

    def write() -> None:
        if how == "session":
            db.session.execute(insert(RegulatedValue).values(**facts))
            db.session.commit()
        else:
            with db.engine.begin() as connection:
                connection.execute(insert(RegulatedValue).values(**facts))

    with pytest.raises(DBAPIError, match=r"read-?\s?only"):
        write()
    db.session.rollback()
    assert known() == []


def test_a_reading_connection_used_for_writing_next_writes(app: Flask) -> None:
    for number in range(3):
        assert len(known()) == number
        with transaction() as session:
            session.add(a_value(f"proof.{number}"))


def test_what_was_read_before_is_read_anew(app: Flask) -> None:
    with transaction() as session:
        session.add(a_value())
    row = db.session.scalars(select(RegulatedValue).where(RegulatedValue.key == "proof.value")).one()
    assert row.value == 1
    db.session.rollback()
    with write_intent(), db.engine.begin() as connection:
        connection.execute(text("UPDATE regulated_value SET value = '2' WHERE key = 'proof.value'"))
    with transaction():
        assert row.value == 2


def test_reactions_run_inside_or_after(app: Flask, reactions: None) -> None:
    seen: list[tuple[str, list[str]]] = []
    events.on(LampLit, lambda event: seen.append((f"inside {event.number}", [])))
    events.after(LampLit, lambda event: seen.append((f"after {event.number}", known())))
    with transaction() as session:
        session.add(a_value())
        events.record(LampLit(7))
        assert [what for what, _ in seen] == ["inside 7"]
    assert seen == [("inside 7", []), ("after 7", ["proof.value"])]


def test_a_reaction_inside_that_fails_undoes_the_cause(app: Flask, reactions: None) -> None:
    def fail(event: LampLit) -> None:
        raise ZeroDivisionError

    after: list[LampLit] = []
    events.on(LampLit, fail)
    events.after(LampLit, after.append)

    def light() -> None:
        with transaction() as session:
            session.add(a_value())
            events.record(LampLit(1))

    with pytest.raises(ZeroDivisionError):
        light()
    assert known() == []
    assert after == []


def test_a_reaction_afterwards_that_fails_stops_nobody(app: Flask, reactions: None) -> None:
    def fail(event: LampLit) -> None:
        with transaction() as session:
            session.add(a_value("proof.half"))
            session.flush()
            raise ZeroDivisionError

    after: list[LampLit] = []
    events.after(LampLit, fail)
    events.after(LampLit, after.append)
    with transaction() as session:
        session.add(a_value())
        events.record(LampLit(1))
    assert after == [LampLit(1)]
    assert known() == ["proof.value"]


def test_the_same_reaction_is_registered_once(app: Flask, reactions: None) -> None:
    seen: list[LampLit] = []
    events.on(LampLit, seen.append)
    same = seen.append
    events.on(LampLit, same)
    with transaction():
        events.record(LampLit(1))
    assert len(seen) == 1


def test_an_event_outside_is_refused(app: Flask) -> None:
    with pytest.raises(RuntimeError, match="outside transaction"):
        events.record(LampLit(1))


def test_work_is_asked_for_with_its_cause_or_not_at_all(app: Flask) -> None:
    def ask_and_fail() -> None:
        with transaction():
            jobs.enqueue("kernel.forget_finished_jobs")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_and_fail()
    assert db.session.scalar(select(jobs.Job.id)) is None
    with pytest.raises(RuntimeError, match="outside transaction"):
        jobs.enqueue("kernel.forget_finished_jobs")


def test_a_durable_write_that_fails_leaves_nothing(app: Flask, proof: Proof) -> None:
    def insert_and_fail(connection: Any) -> None:
        connection.execute(text("INSERT INTO proof (name, n) VALUES ('lost', 1)"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_durably(insert_and_fail)
    write_durably(lambda connection: connection.execute(text("INSERT INTO proof (name, n) VALUES ('kept', 1)")).rowcount)
    assert proof() == {"kept": 1}


def test_error_messages_do_not_repeat_the_values_of_a_statement(app: Flask) -> None:
    with transaction() as session:
        session.add(a_value("proof.199005172015031001"))

    def add_it_again() -> None:
        with transaction() as session:
            session.add(a_value("proof.199005172015031001"))

    with pytest.raises(DBAPIError) as caught:
        add_it_again()
    assert "hide_parameters" in str(caught.value)
    assert "VERIFIED" not in str(caught.value)


@pytest.mark.slow
def test_eight_processes_lose_no_update(app: Flask, proof: Proof, start: Start) -> None:
    with write_intent(), db.engine.begin() as connection:
        connection.execute(text("INSERT INTO proof (name, n) VALUES ('counter', 0)"))
    children = [start("tests.kernel.children", "increment", 60) for _i in range(8)]
    assert [(child.wait(timeout=300), child.stderr.read() if child.stderr and child.returncode else "") for child in children] == [(0, "")] * 8
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT n FROM proof WHERE name = 'counter'")) == 480


@pytest.mark.sqlite_only
def test_sqlite_keeps_what_was_acknowledged_through_a_power_cut(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("about SQLite")
    for intent in (write_intent(), nullcontext()):
        with intent, db.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 0  # waiting is ours, never a block inside SQLite


def test_a_long_write_names_who_wrote_and_for_which_request(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kernel.db.LONG_TRANSACTION_MS", 0)
    clear_contextvars()
    with capture_logs(processors=[merge_contextvars]) as told:
        write_a_value()
        client.post("/masuk", data={"identifier": "tidak-ada@contoh.go.id", "password": "bukan ini"})
    first, *others = [one for one in told if one["event"] == "long_write_transaction"]
    assert (first["where"], first.get("route")) == (f"{__name__}.write_a_value", None)
    assert others
    assert {one["route"] for one in others} == {"/masuk"}
    assert all(one["where"].startswith("app.people.") for one in others)


def write_a_value() -> None:
    with transaction() as session:
        session.add(a_value("proof.long"))
