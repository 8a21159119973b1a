"""Is it alive, is it ready, what is wrong: one set of checks for the probe, the health page and the operator."""

from __future__ import annotations

import hmac
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from flask_babel import format_decimal
from flask_babel import lazy_gettext as _l
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import func, select

from app.kernel import clock, schema
from app.kernel.access import public
from app.kernel.db import UNREADABLE, database_file, db, try_writing
from app.kernel.errors import Busy, NotFound
from app.kernel.jobs import Job, WorkerHeartbeat
from app.kernel.storage import LEAST_FREE_BYTES, storage

WORKER_SILENT_AFTER = timedelta(seconds=30)
LOCKED_AFTER_SECONDS = 1.0
WARN_BELOW_BYTES = 2 * LEAST_FREE_BYTES  # so that there is time to make room before anything is refused
DATABASE_NEEDS_BYTES = 16 << 20  # on SQLite's disk: what a busy minute writes before it is brought into the file

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

registry = CollectorRegistry()
requests_total = Counter("gurindam_requests", "Answered requests", ["route", "method", "status"], registry=registry)
request_seconds = Histogram("gurindam_request_seconds", "Time to answer", ["route"], registry=registry)
loop_lag_seconds = Gauge("gurindam_event_loop_lag_seconds", "Largest delay of the event loop in the last ten seconds", registry=registry)
jobs_waiting = Gauge("gurindam_jobs", "Jobs by lane and state", ["lane", "state"], registry=registry)
worker_age_seconds = Gauge("gurindam_worker_heartbeat_age_seconds", "Since the newest sign of life of a worker", registry=registry)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold; `detail` says what was seen, `remedy` what the operator can do. Something that `stops` nothing yet is told to
    the operator, and leaves the product ready. What is not `known` could not be looked at, because of something that another check tells."""

    name: str
    ok: bool
    detail: Any
    remedy: Any = ""
    stops: bool = True
    known: bool = True


def check_database() -> Check:
    """Whether it can be written, and is still the file with which this process began (what is written into one that was moved away is lost)."""
    try:
        file = try_writing(LOCKED_AFTER_SECONDS)
    except Busy:
        return Check("database", False, _l("terkunci: tidak ada yang dapat disimpan"), _l("Cari proses lain yang memegang basis data (cadangan, alat kueri) dan akhiri."))
    except Exception as error:
        db.session.rollback()
        return Check("database", False, type(error).__name__, _l("Periksa apakah basis data berjalan dan alamatnya (DATABASE_URL) benar."))
    if file != current_app.extensions.setdefault("database_file", file):
        remedy = _l("Hentikan semua proses sekarang, kembalikan berkas yang benar, lalu jalankan lagi.")
        return Check("database", False, _l("berkasnya dipindah atau diganti saat berjalan"), remedy)
    where = database_file()
    if where is not None and shutil.disk_usage(where.parent).free < DATABASE_NEEDS_BYTES:
        remedy = _l("Kosongkan ruang di disk basis data. Yang sudah tersimpan aman.")
        return Check("database", False, _l("disknya penuh: yang baru tidak dapat disimpan"), remedy)
    return Check("database", True, db.engine.dialect.name)


def check_schema() -> Check:
    """Whether the migrations have brought the database to what this code asks for, and no further."""
    try:
        found = schema.find_revision()
    except UNREADABLE:
        db.session.rollback()
        return Check("schema", False, _l("tidak diketahui: basis data tidak menjawab"), known=False)
    if found == schema.NEEDED:
        return Check("schema", True, _l("revisi %(found)s", found=found))
    if found is None or found in schema.REVISIONS:
        remedy = _l("Jalankan flask db upgrade, lalu jalankan kembali semua proses.")
        if found is None:
            return Check("schema", False, _l("belum ada: basis data ini kosong"), remedy)
        return Check("schema", False, _l("tertinggal: revisi %(found)s, padahal versi ini memerlukan %(needed)s", found=found, needed=schema.NEEDED), remedy)
    remedy = _l("Jalankan versi Gurindam yang lebih baru, atau pulihkan cadangan dari sebelum pembaruan.")
    return Check("schema", False, _l("lebih baru: revisi %(found)s, padahal versi ini hanya mengenal sampai %(needed)s", found=found, needed=schema.NEEDED), remedy)


def check_storage() -> Check:
    try:
        free = storage().free_bytes()
    except OSError as error:
        return Check("storage", False, error.strerror, _l("Periksa folder penyimpanan dan hak aksesnya (STORAGE_URL)."))
    detail = _l("%(gb)s GB kosong", gb=format_decimal(round(free / 1e9, 1)))
    remedy = _l("Kosongkan ruang disk: unggahan, pengodean, dan siaran berhenti bila sisanya kurang dari %(mib)d MiB.", mib=LEAST_FREE_BYTES >> 20)
    return Check("storage", free >= WARN_BELOW_BYTES, detail, remedy, stops=free < LEAST_FREE_BYTES)


def check_worker() -> Check:
    try:
        newest = db.session.scalar(select(func.max(WorkerHeartbeat.beat_at)))
    except UNREADABLE:
        db.session.rollback()
        return Check("worker", False, _l("tidak diketahui: basis data tidak dapat dibaca"), known=False)
    remedy = _l("Jalankan kembali pekerja (flask worker); bila yang lama masih ada tetapi diam, akhiri dulu. Surel, impor, dan video menunggu sampai ia hidup.")
    age = None if newest is None else clock.now() - newest
    if (age is None or age >= WORKER_SILENT_AFTER) and (why := _what_keeps_beats_away()):
        return Check("worker", False, why, known=False)
    if age is None:
        return Check("worker", False, _l("belum pernah memberi tanda hidup"), remedy)
    return Check("worker", age < WORKER_SILENT_AFTER, _l("tanda hidup terakhir %(s)d detik lalu", s=int(age.total_seconds())), remedy)


def _what_keeps_beats_away() -> Any:
    """Why a worker that lives may be unable to say so; None when nothing hinders it."""
    room = check_storage()
    if room.stops and not room.ok:
        return _l("tidak diketahui: disk penuh, tanda hidupnya tidak dapat disimpan. Kosongkan ruang dulu")
    if not check_database().ok:
        return _l("tidak diketahui: basis data tidak dapat ditulis")
    if not check_schema().ok:
        return _l("tidak diketahui: skema basis data belum sesuai")
    return None


CHECKS: list[Callable[[], Check]] = [check_database, check_schema, check_storage, check_worker]


def run_checks() -> list[Check]:
    return [check() for check in CHECKS]


bp = Blueprint("kernel", __name__)


@bp.get("/healthz")
@public
def healthz() -> Response:
    return jsonify(status="alive")


@bp.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """In `checks` stands what stops: true, false, or null where it could not be looked at. What is to be mended soon is a warning."""
    checks = run_checks()
    ready = all(c.ok or not c.stops for c in checks)
    body = {
        "status": "ready" if ready else "not_ready",
        "checks": {c.name: (c.ok or not c.stops) if c.known else None for c in checks},
        "warnings": [c.name for c in checks if not c.ok and not c.stops],
    }
    return jsonify(body), 200 if ready else 503


def may_read_metrics() -> bool:
    """With METRICS_TOKEN set: whoever shows it. Without: only this machine itself, and not through a proxy."""
    token = current_app.config["GURINDAM"].metrics_token
    if token is not None:
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"))
    return request.remote_addr in ("127.0.0.1", "::1") and not forwarded


@bp.get("/metrics")
@public
def metrics() -> Response:
    if not may_read_metrics():
        raise NotFound
    jobs_waiting.clear()
    for lane, state, count in db.session.execute(select(Job.lane, Job.state, func.count()).group_by(Job.lane, Job.state)):
        jobs_waiting.labels(lane, state).set(count)
    newest = db.session.scalar(select(func.max(WorkerHeartbeat.beat_at)))
    worker_age_seconds.set((clock.now() - newest).total_seconds() if newest else float("inf"))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@lru_cache(maxsize=2048)
def _counter(route: str, method: str, status: int) -> Counter:
    return requests_total.labels(route, method, status)


@lru_cache(maxsize=1024)
def _timer(route: str) -> Histogram:
    return request_seconds.labels(route)


def init_app(app: Flask) -> None:
    @app.after_request
    def _count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.method in METHODS else "other"  # a visitor may send any word
        _counter(route, method, response.status_code).inc()
        if "started" in g:
            _timer(route).observe(time.perf_counter() - g.started)
        return response

    app.register_blueprint(bp)


def watch_the_loop() -> None:
    """Measure how late the event loop wakes a sleeper; runs for ever in a greenlet of the web process."""
    step, window = 0.05, 200
    while True:
        worst = 0.0
        for _i in range(window):
            before = time.perf_counter()
            time.sleep(step)
            worst = max(worst, time.perf_counter() - before - step)
        loop_lag_seconds.set(worst)
