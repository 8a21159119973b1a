"""The admin's health page: the same checks as the probe, in words, loudest first, and what waits or has failed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app.kernel import clock, jobs
from app.kernel.access import Role, Scope, permission, requires
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict
from app.kernel.health import Check, loop_lag_seconds, run_checks
from app.kernel.jobs import Job, JobState, Lane
from app.kernel.logs import hide_nip
from app.notifications.queries import NEEDS_A_LOOK, count_mail_by_state

VIEW_HEALTH = permission("home.view_health", {Role.SYSTEM_ADMIN: Scope.ALL})
FAILED_SHOWN = 50
SLOW_LOOP_SECONDS = 1.0
NAMES = {
    "database": _l("Basis data"),
    "schema": _l("Skema basis data"),
    "storage": _l("Penyimpanan berkas"),
    "worker": _l("Pekerja"),
    "loop": _l("Server web"),
    "encoder": _l("Pengode siaran"),
}

health_page = Blueprint("health", __name__, template_folder="templates")


@dataclass(frozen=True, slots=True)
class LaneState:
    """What one lane of work looks like now."""

    lane: str
    waiting: int
    running: int
    failed: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class FailedJob:
    """Work that gave up, and why."""

    id: int
    name: str
    tries: int
    finished_at: datetime | None
    failure: str | None


@health_page.get("/kelola/kesehatan")
@requires(VIEW_HEALTH)
def index() -> Any:
    checks = [*run_checks(), check_loop()]
    amiss = [check for check in checks if not check.ok]
    broken = [check for check in amiss if check.known] or amiss  # what could not be looked at is explained by the others
    try:
        lanes, failed, mails = read_lanes(), list_failed(), count_mail_by_state()
    except SQLAlchemyError:  # said by the check of the database; the page must still come
        db.session.rollback()
        lanes, failed, mails = [], [], {}
    return render_template(
        "home/health.html",
        checks=checks,
        broken=broken,
        names=NAMES,
        lanes=lanes,
        failed=failed,
        mails_to_decide=sum(mails.get(state, 0) for state in NEEDS_A_LOOK),
        worker_is_dead=any(check.name == "worker" for check in broken),
    )


@health_page.post("/kelola/kesehatan/pekerjaan/<int:job_id>/percobaan")
@requires(VIEW_HEALTH)
def create_try(job_id: int) -> Any:
    with transaction():
        if not jobs.try_again(job_id):
            raise Conflict(_("Pekerjaan ini tidak sedang gagal; mungkin sudah dicoba lagi."))
    flash(_("Pekerjaan ini akan dicoba lagi."), "success")
    return redirect(url_for(".index"), 303)


def check_loop() -> Check:
    """Whether the web process answers promptly: how late it woke within the last ten seconds."""
    lag = loop_lag_seconds._value.get()
    remedy = _l("Ada yang menahan server web. Bila berulang, pindahkan pengodean video atau basis data ke mesin lain.")
    return Check("loop", lag < SLOW_LOOP_SECONDS, _l("terlambat paling lama %(ms)d milidetik", ms=round(lag * 1000)), remedy)


def read_lanes() -> list[LaneState]:
    """Each lane's waiting, running and failed work, and since when the oldest due job waits."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for lane, state, count in db.session.execute(select(Job.lane, Job.state, func.count()).group_by(Job.lane, Job.state)):
        counts[lane][state] = count
    due = (Job.state == JobState.QUEUED) & (Job.run_after <= clock.now())
    oldest = {row[0]: row[1] for row in db.session.execute(select(Job.lane, func.min(Job.run_after)).where(due).group_by(Job.lane))}
    return [
        LaneState(
            lane,
            counts[lane].get(JobState.QUEUED, 0),
            counts[lane].get(JobState.RUNNING, 0),
            counts[lane].get(JobState.FAILED, 0),
            oldest.get(lane),
        )
        for lane in Lane
    ]


def list_failed() -> list[FailedJob]:
    """The work that gave up, latest first."""
    rows = db.session.scalars(select(Job).where(Job.state == JobState.FAILED).order_by(Job.finished_at.desc()).limit(FAILED_SHOWN))
    return [FailedJob(row.id, row.name, row.tries, row.finished_at, hide_nip(row.failure)) for row in rows]
