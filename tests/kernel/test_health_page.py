"""The health page says in words what is wrong, loudest first, and lets failed work be tried again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from app.kernel import clock, health, jobs, schema
from app.kernel.access import Role
from app.kernel.cli import alembic_config
from app.kernel.db import db, transaction, write_intent
from app.kernel.jobs import Job, JobState, WorkerHeartbeat
from app.kernel.storage import LEAST_FREE_BYTES, storage
from tests.people.factories import make_user, sign_in

PAGE = "/kelola/kesehatan"


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user("Admin", role=Role.SYSTEM_ADMIN))


def failed_job(reason: str = "ValueError: berkas 199005172015031001 rusak") -> int:
    with transaction() as session:
        row = jobs.enqueue("kernel.forget_finished_jobs")
        assert row is not None
        session.execute(
            update(Job).where(Job.id == row.id).values(state=JobState.FAILED, tries=5, failure=reason, finished_at=clock.now(), lease_holder="gone")
        )
        return row.id


def test_a_dead_worker_is_shouted(admin: FlaskClient, at: Callable[..., None]) -> None:
    page = admin.get(PAGE).text
    assert "<h1>Pekerja mati. Surel, impor, dan video berhenti.</h1>" in page
    assert "belum pernah memberi tanda hidup" in page
    assert "flask worker" in page


def test_when_all_is_well_it_says_so(admin: FlaskClient) -> None:
    jobs.renew([], "worker")
    page = admin.get(PAGE).text
    assert "<h1>Semua berjalan baik.</h1>" in page
    assert "Tidak ada pekerjaan yang gagal" in page


def test_waiting_work_is_counted_by_lane(admin: FlaskClient) -> None:
    with transaction():
        for _i in range(3):
            jobs.enqueue("kernel.forget_finished_jobs")
    page = admin.get(PAGE).text
    assert '<td class="n" data-label="Menunggu">3</td>' in page
    assert '<td class="n" data-label="Menunggu">0</td>' in page


def test_failed_work_shows_its_reason_without_a_nip_and_is_tried_again(admin: FlaskClient) -> None:
    job_id = failed_job()
    page = admin.get(PAGE).text
    assert "ValueError: berkas [nip] rusak" in page
    assert "199005172015031001" not in page
    assert admin.post(f"{PAGE}/pekerjaan/{job_id}/percobaan").status_code == 303
    db.session.rollback()
    row = db.session.scalars(select(Job)).one()
    assert (row.state, row.tries, row.lease_holder) == (JobState.QUEUED, 0, None)
    assert admin.post(f"{PAGE}/pekerjaan/{job_id}/percobaan").status_code == 409
    assert admin.post(f"{PAGE}/pekerjaan/999/percobaan").status_code == 409


def test_a_reason_is_text(admin: FlaskClient) -> None:
    failed_job("<script>alert(1)</script>")
    answer = admin.get(PAGE)
    assert answer.status_code == 200
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>alert(1)" not in answer.text


def test_a_full_disk_is_told_with_what_to_do(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.renew([], "worker")
    monkeypatch.setattr(storage(), "free_bytes", lambda: LEAST_FREE_BYTES - 1)
    page = admin.get(PAGE).text
    assert "1 hal perlu ditangani sekarang." in page
    assert "Kosongkan ruang disk" in page
    answer = admin.get("/readyz")
    assert (answer.status_code, answer.json["checks"]["storage"]) == (503, False)  # type: ignore[index]


def test_a_disk_that_fills_is_told_before_anything_is_refused(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.renew([], "worker")
    monkeypatch.setattr(storage(), "free_bytes", lambda: LEAST_FREE_BYTES + 1)
    assert "Kosongkan ruang disk" in admin.get(PAGE).text
    answer = admin.get("/readyz")
    assert (answer.status_code, answer.get_json()["status"], answer.get_json()["warnings"]) == (200, "ready", ["storage"])
    assert set(answer.get_json()["checks"].values()) == {True}


def a_worker_silent_for_minutes() -> None:
    jobs.renew([], "worker")
    with transaction() as session:
        session.execute(update(WorkerHeartbeat).values(beat_at=clock.now() - timedelta(minutes=5)))
    db.session.remove()


@pytest.mark.parametrize("has_begun", [True, False])
def test_on_a_full_disk_nobody_says_that_the_worker_is_dead(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch, has_begun: bool) -> None:
    if has_begun:
        a_worker_silent_for_minutes()
    monkeypatch.setattr(storage(), "free_bytes", lambda: 0)
    page = admin.get(PAGE).text
    assert "Pekerja mati" not in page
    assert "1 hal perlu ditangani sekarang." in page
    assert "tidak diketahui: disk penuh, tanda hidupnya tidak dapat disimpan. Kosongkan ruang dulu" in page
    checks = admin.get("/readyz").get_json()["checks"]
    assert (checks["storage"], checks["worker"]) == (False, None)


@pytest.mark.sqlite_only
def test_a_full_disk_of_the_database_alone_is_told_as_that(app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    a_worker_silent_for_minutes()
    monkeypatch.setattr(storage(), "free_bytes", lambda: 1 << 40)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=0))
    page = admin.get(PAGE).text
    assert "disknya penuh: yang baru tidak dapat disimpan" in page
    assert "tidak diketahui: basis data tidak dapat ditulis" in page
    answer = admin.get("/readyz")
    assert (answer.status_code, answer.get_json()["checks"]["database"]) == (503, False)


# ---- a schema that does not fit ----


def be_at(revision: str | None) -> None:
    db.session.remove()
    with write_intent(), db.engine.begin() as connection:
        if revision is None:
            connection.execute(text("DELETE FROM alembic_version"))
        else:
            connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


@pytest.mark.parametrize(
    ("revision", "told", "remedy"),
    [
        (schema.REVISIONS[-3], "tertinggal: revisi", "flask db upgrade"),
        (None, "belum ada: basis data ini kosong", "flask db upgrade"),
        ("0999", "lebih baru: revisi 0999", "versi Gurindam yang lebih baru"),
    ],
)
def test_a_schema_that_does_not_fit_stops_and_is_told_with_what_to_do(admin: FlaskClient, revision: str | None, told: str, remedy: str) -> None:
    a_worker_silent_for_minutes()
    assert admin.get("/readyz").get_json()["checks"]["schema"] is True
    be_at(revision)
    answer = admin.get("/readyz")
    assert (answer.status_code, answer.get_json()["checks"]["schema"], answer.get_json()["checks"]["worker"]) == (503, False, None)
    page = admin.get(PAGE).text
    assert told in page
    assert remedy in page
    assert "Pekerja mati" not in page


@pytest.mark.sqlite_only
def test_a_database_that_no_migration_has_seen_has_no_revision(app: Flask) -> None:
    with write_intent(), db.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert schema.find_revision() is None


def test_an_empty_database_is_told_and_nothing_untrue_about_the_worker(app: Flask, client: FlaskClient) -> None:
    db.session.remove()
    command.downgrade(alembic_config(), "base")
    db.session.remove()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    checks = answer.get_json()["checks"]
    assert (checks["database"], checks["schema"], checks["worker"]) == (True, False, None)


@pytest.mark.parametrize(("revision", "is_behind"), [("0001", True), (schema.NEEDED, False)])
def test_a_page_that_misses_a_column_says_in_the_log_whether_the_schema_is_behind(client: FlaskClient, revision: str, is_behind: bool) -> None:
    with write_intent(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE webinar RENAME COLUMN summary TO resume"))
    be_at(revision)
    with capture_logs() as lines:
        answer = client.get("/webinar")
    (told,) = [line for line in lines if line["log_level"] == "error"]
    assert (told.get("reason") == "schema_behind") == is_behind
    if is_behind:
        assert (answer.status_code, "summary" in told["missed"]) == (503, True)


def test_a_held_up_loop_is_told(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.renew([], "worker")
    health.loop_lag_seconds.set(1.5)
    try:
        assert "terlambat paling lama 1500 milidetik" in admin.get(PAGE).text
    finally:
        health.loop_lag_seconds.set(0)


def test_the_page_comes_even_when_the_database_fails_half_way(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.home import health as page_module

    def away() -> Any:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(page_module, "read_lanes", away)
    assert admin.get(PAGE).status_code == 200


@pytest.mark.sqlite_only
def test_a_locked_database_is_told_as_that_and_the_worker_is_not_blamed(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LOCKED_AFTER_SECONDS", 0.1)
    a_worker_silent_for_minutes()
    path = db.engine.url.database
    assert path
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        page = admin.get(PAGE).text
        checks = admin.get("/readyz").get_json()["checks"]
    assert "terkunci: tidak ada yang dapat disimpan" in page
    assert "Pekerja mati" not in page
    assert (checks["database"], checks["worker"]) == (False, None)
    assert admin.get("/readyz").get_json()["checks"]["database"] is True


@pytest.mark.sqlite_only
def test_a_database_file_that_was_moved_away_is_told(app: Flask, admin: FlaskClient) -> None:
    path = Path(db.engine.url.database or "")
    assert admin.get("/readyz").get_json()["checks"]["database"] is True
    away = path.rename(path.with_suffix(".away"))
    assert admin.get("/readyz").get_json()["checks"]["database"] is False
    assert not path.exists(), "asking does not make an empty one"
    shutil.copy(away, path)
    assert "dipindah atau diganti saat berjalan" in str(health_of(app).detail)
    del app.extensions["database_file"]  # the next test's is another one


def health_of(app: Flask) -> health.Check:
    with app.test_request_context():
        return health.check_database()


@pytest.mark.parametrize("role", [Role.LEARNER, Role.TRAINING_ADMIN, Role.AUDITOR])
def test_it_is_for_the_system_admin(client: FlaskClient, app: Flask, role: Role) -> None:
    sign_in(client, make_user(role=role))
    job_id = failed_job()
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}/pekerjaan/{job_id}/percobaan").status_code == 403
    assert db.session.scalars(select(Job.state)).one() == JobState.FAILED
