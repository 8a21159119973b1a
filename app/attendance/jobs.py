"""Work beside the pages: results after the end, and stays that a stopped server left open."""

from __future__ import annotations

from datetime import timedelta

from app.attendance import book, results
from app.kernel import clock
from app.kernel.durable import write_durably
from app.kernel.jobs import job

COMPUTE = "attendance.compute"
COMPUTE_PERSON = "attendance.compute_person"


@job(COMPUTE)
def compute(webinar_id: int) -> None:
    results.compute(webinar_id)


@job(COMPUTE_PERSON)
def compute_person(webinar_id: int, participant: str) -> None:
    results.compute(webinar_id, {participant})


@job("attendance.close_abandoned_stays", every=timedelta(minutes=1))
def close_abandoned_stays() -> None:
    before = clock.now() - book.SILENT
    write_durably(lambda connection: book.close_abandoned(connection, before))
