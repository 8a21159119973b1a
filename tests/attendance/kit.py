"""Rooms whose attendance is written now, not within the second."""

from __future__ import annotations

import time

from flask import Flask
from sqlalchemy import select

from app.attendance.models import Stay
from app.attendance.part import AttendancePart
from app.kernel.db import db, transaction
from app.kernel.jobs import HANDLERS, Job, JobState
from app.room.rooms import rooms_of
from app.webinars import services
from app.webinars.models import Webinar


def part_of(app: Flask, webinar_id: int) -> AttendancePart:
    return rooms_of(app).get(webinar_id).part(AttendancePart)


def settled(app: Flask, webinar_id: int) -> AttendancePart:
    """The attendance of a room, with everything written that has happened."""
    part = part_of(app, webinar_id)
    give_up = time.monotonic() + 20
    while part.working.locked() or part.begun or part.left:
        part.work(app)
        assert time.monotonic() < give_up
    part.work(app)
    db.session.rollback()
    return part


def stays_of(webinar_id: int) -> list[Stay]:
    return list(db.session.scalars(select(Stay).where(Stay.webinar_id == webinar_id).order_by(Stay.joined_at)).all())


def go_live(webinar: Webinar) -> None:
    with transaction():
        services.go_live(webinar.id)


def end(webinar: Webinar) -> None:
    with transaction():
        services.end_webinar(webinar.id)


def run_jobs(prefix: str = "attendance.") -> int:
    """Run the jobs that were asked for, as a worker would."""
    rows = db.session.scalars(select(Job).where(Job.state == JobState.QUEUED, Job.name.startswith(prefix))).all()
    asked = [(row.id, row.name, dict(row.arguments)) for row in rows]
    for job_id, name, arguments in asked:
        db.session.rollback()
        HANDLERS[name].run(**arguments)
        with transaction() as session:
            session.get_one(Job, job_id).state = JobState.DONE
    return len(asked)
