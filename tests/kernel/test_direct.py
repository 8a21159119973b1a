"""Statements given to the driver as they are: the same answers and the same errors, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.kernel import clock
from app.kernel.db import db, json_of, moment_of
from app.kernel.direct import Direct
from app.kernel.durable import write_durably
from app.kernel.jobs import Job

_job: Any = Job.__table__
NAMES = ("lane", "name", "arguments", "key", "state", "run_after", "created_at", "progress")
ADD = Direct(insert(_job).values({name: bindparam(name) for name in NAMES} | {"tries": 3}).returning(_job.c.id))
FIND = Direct(select(_job.c.name, _job.c.run_after, _job.c.arguments, _job.c.tries).where(_job.c.id == bindparam("this")))
COUNT_UP = Direct(update(_job).where(_job.c.id == bindparam("this")).values(tries=_job.c.tries + bindparam("more")))


def add(key: str) -> int:
    now = clock.now()
    given = {"lane": "default", "name": "x", "arguments": {"of": [1]}, "key": key, "state": "queued", "run_after": now, "created_at": now, "progress": {}}
    return write_durably(lambda connection: ADD.rows(connection, given))[0][0]


def test_what_was_written_is_read(app: Flask, at: Any) -> None:
    at(2026, 11, 23, 9, 0)
    job_id = add("one")
    assert write_durably(lambda connection: COUNT_UP.rows(connection, {"this": job_id, "more": 2})) == []
    name, run_after, arguments, tries = FIND.read(db.engine, {"this": job_id})[0]
    assert (name, moment_of(run_after), json_of(arguments), tries) == ("x", clock.now(), {"of": [1]}, 5)
    assert list(FIND.read(db.engine, {"this": job_id + 1})) == []


def test_what_the_database_refuses_is_refused_as_ever(app: Flask) -> None:
    add("one")
    with pytest.raises(IntegrityError):
        add("one")
    assert add("two")


def test_who_counts_statements_counts_these(app: Flask, count_queries: list[str]) -> None:
    count_queries.clear()
    FIND.read(db.engine, {"this": 1})
    FIND.rows(db.session.connection(), {"this": 1})
    assert len([query for query in count_queries if query.startswith("SELECT job.name")]) == 2
