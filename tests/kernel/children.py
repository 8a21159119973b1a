"""Processes that tests start and kill: `python -m tests.kernel.children <act> ...`, on the database of the test."""

from __future__ import annotations

import sys

if sys.argv[1:2] == ["group-commit"]:
    from gevent import monkey

    monkey.patch_all()

import os
import signal
import sqlite3
import time
from typing import Any

from flask import Flask, current_app, g
from sqlalchemy import text

from app.kernel import jobs
from app.kernel.db import db, transaction
from app.kernel.jobs import Lane


@jobs.job("proof.note")
def note(name: str) -> None:
    """Done so often as there are rows: the effect is visible from outside."""
    with transaction() as session:
        session.execute(text("INSERT INTO proof (name, n) VALUES (:name, :pid)"), {"name": name, "pid": os.getpid()})


@jobs.job("proof.slow_note")
def slow_note(name: str, seconds: float) -> None:
    """Says that it began, takes its time, says that it is done."""
    note(f"{name} began")
    time.sleep(seconds)
    note(f"{name} done")


@jobs.job("proof.encode", lane=Lane.ENCODING)
def encode(name: str, seconds: float) -> None:
    slow_note(name, seconds)


@jobs.job("proof.deadly", most_tries=2)
def deadly() -> None:
    note("deadly began")
    os.kill(os.getpid(), signal.SIGKILL)


def build() -> Flask:
    from app.factory import create_app
    from config import Settings

    return create_app(Settings.from_environment(), async_mode="threading")


def increment(times: int) -> None:
    """Read-modify-write through the session, the way services do it."""
    with build().app_context():
        for _i in range(times):
            with transaction() as session:
                n = session.scalar(text("SELECT n FROM proof WHERE name = 'counter'" + locking()))
                session.execute(text("UPDATE proof SET n = :n WHERE name = 'counter'"), {"n": n + 1})


def locking() -> str:
    return "" if db.engine.dialect.name == "sqlite" else " FOR UPDATE"


def hold(path: str, seconds: float) -> None:
    """A writer that keeps the database's write lock."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("holding", flush=True)
    time.sleep(seconds)
    connection.execute("ROLLBACK")
    print("released", flush=True)


def cause_and_die(when: str) -> None:
    """Commit a cause with its effect asked for, and die; or die just before the commit."""
    with build().app_context():
        with transaction() as session:
            session.execute(text("INSERT INTO proof (name, n) VALUES ('cause', 1)"))
            jobs.enqueue("proof.note", name="effect")
            if when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def work() -> None:
    from app.kernel import worker

    worker.BEAT_SECONDS = 1.0
    worker.Worker(build()).run()


def group_commit(writers: int) -> None:
    """Many greenlets write at once; each says so when it is acknowledged, until the process kills itself in the middle."""
    import gevent

    from app.kernel.durable import write_durably

    app = build()
    acknowledged = 0

    def write(writer: int) -> None:
        nonlocal acknowledged
        with app.app_context():
            g.writer = writer
            for number in range(1000):
                name = f"{writer}-{number}"

                def insert(connection: Any, name: str = name, number: int = number) -> str:
                    assert (current_app.name, g.writer) == (app.name, writer)  # within its own request, whoever commits it
                    connection.execute(text("INSERT INTO proof (name, n) VALUES (:name, 0)"), {"name": name})
                    if number % 7 == 3:
                        raise ValueError(name)
                    return name

                try:
                    os.write(1, f"{write_durably(insert)}\n".encode())
                except ValueError:
                    os.write(1, f"refused {name}\n".encode())
                acknowledged += 1
                if acknowledged >= writers * 8:
                    os.kill(os.getpid(), signal.SIGKILL)

    gevent.joinall([gevent.spawn(write, writer) for writer in range(writers)], raise_error=True)


def serve_impatiently() -> None:
    """The web process as users run it, but for its patience: a second instead of a minute."""
    from app import serve

    serve.SILENT_SECONDS = 1
    raise SystemExit(serve.main())


if __name__ == "__main__":
    act, given = sys.argv[1], sys.argv[2:]
    if act == "increment":
        increment(int(given[0]))
    elif act == "hold":
        hold(given[0], float(given[1]))
    elif act == "cause-and-die":
        cause_and_die(given[0])
    elif act == "work":
        work()
    elif act == "group-commit":
        group_commit(int(given[0]))
    elif act == "serve-impatiently":
        serve_impatiently()
    else:
        raise SystemExit(f"no act is called {act}")
