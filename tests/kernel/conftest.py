"""A table to write into, and processes of one's own on the test's database."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from app.kernel.db import db, write_intent
from config import ROOT
from tests.conftest import child_environment

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def proof(app: Flask) -> Callable[[], dict[str, int]]:
    """A table `proof (name, n)`; call it for how many rows each name has."""
    key = "INTEGER PRIMARY KEY" if db.engine.dialect.name == "sqlite" else "SERIAL PRIMARY KEY"
    with write_intent(), db.engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE proof (id {key}, name TEXT NOT NULL, n INTEGER NOT NULL)"))

    def rows() -> dict[str, int]:
        with db.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(text("SELECT name, count(*) FROM proof GROUP BY name"))}

    return rows


@pytest.fixture
def start(app: Flask) -> Iterator[Start]:
    """Start a module as a process; what is still running at the end of the test is killed."""
    env = child_environment(app) | {
        "PYTHONUNBUFFERED": "1",
        "LOG_LEVEL": "warning",  # nobody reads the pipe while it runs, and a full one would stop the process
    }
    children: list[subprocess.Popen[str]] = []

    def run(module: str, *arguments: object, **more_env: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", module, *map(str, arguments)],
            cwd=ROOT,
            env=env | more_env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield run
    for child in children:
        if child.poll() is None:
            child.kill()
        child.communicate()


def until(reached: Callable[[], object], seconds: float = 120.0) -> bool:
    """Wait for something that other processes bring about; False when it never came."""
    give_up = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True
