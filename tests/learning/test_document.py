"""The document lesson: pages as pictures with text, ten at a time, the place remembered; who may have the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app.courses.models import CourseStaff
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.learning import services
from app.learning.kinds.document import first_of
from app.media import delivery
from app.media.models import AssetKind, AssetState, MediaAsset, MediaPage, Stage
from app.people.models import User
from tests.learning.factories import lesson, publish_course
from tests.media.factories import prepared
from tests.media.test_documents import pdf
from tests.people.factories import make_user, sign_in

At = Callable[..., None]


def make_document(pages: int = 3, state: str = AssetState.READY) -> int:
    """A document as the worker leaves it, without its files."""
    with transaction() as session:
        asset = MediaAsset(
            kind=AssetKind.DOCUMENT,
            sha256=f"{pages:064x}",
            original_name="pedoman.pdf",
            byte_size=40_000,
            content_type="application/pdf",
            state=state,
            stage=Stage.DONE if state == AssetState.READY else Stage.WAITING,
            failure_code="UNREADABLE" if state == AssetState.FAILED else None,
            pages=pages if state == AssetState.READY else None,
            words=100,
            generation=1,
            renditions={"pages": [[{"path": f"{n:04}-{w}.webp", "width": w, "height": w * 2} for w in (800, 1600)] for n in range(1, pages + 1)]},
            created_at=clock.now(),
        )
        session.add(asset)
        session.flush()
        session.execute(
            insert(MediaPage),
            [
                {"asset_id": asset.id, "number": n, "width": 420.0, "height": 595.0, "lines": [[60, 80, 200, 12, f"Kalimat halaman {n}."]], "text": f"Kalimat halaman {n}."}
                for n in range(1, pages + 1)
            ],
        )
        return asset.id


def course_with(asset_id: int):  # type: ignore[no-untyped-def]
    document = lesson("pedoman", kind="document", minutes=4, asset_id=asset_id)
    with_file = type(document)(**{name: getattr(document, name) for name in document.__dataclass_fields__} | {"asset_ids": (asset_id,)})
    return publish_course("contoh", lesson("satu", minutes=0), with_file)


@pytest.fixture
def reader(client: FlaskClient, at: At) -> User:
    at(2026, 11, 23, 9, 0)
    user = make_user()
    sign_in(client, user)
    return user


def enrol(user: User, course, *done: str) -> None:  # type: ignore[no-untyped-def]
    with transaction():
        services.enrol(user, course)
    for key in done:
        with transaction():
            services.complete_lesson(user.id, course, course.lesson(key))


PAGE = "/kursus/contoh/belajar/pedoman"


def test_pages_are_pictures_with_text_and_the_pdf_is_a_download(client: FlaskClient, reader: User) -> None:
    enrol(reader, course_with(make_document()), "satu")
    page = client.get(PAGE).text
    assert page.count("<img ") == 3
    assert 'loading="lazy"' in page
    assert "800w" in page
    assert "1600w" in page
    assert "Kalimat halaman 3." in page
    assert "berkas.pdf" in page
    assert "<iframe" not in page
    assert "<object" not in page


def test_a_long_document_shows_ten_pages_at_a_time_and_ends_with_the_mark(client: FlaskClient, reader: User) -> None:
    enrol(reader, course_with(make_document(23)), "satu")
    first, last, beyond = (client.get(f"{PAGE}{query}").text for query in ("", "?halaman=21", "?halaman=99"))
    assert first.count('class="doc-page"') == 10
    assert "Tandai selesai ada di halaman terakhir." in first
    assert last.count('class="doc-page"') == 3
    assert "Kalimat halaman 23." in last
    assert "Tandai selesai dan lanjut" in last
    assert "Kalimat halaman 23." in beyond
    assert client.get(f"{PAGE}?halaman=x").status_code == 200


def test_the_page_is_remembered_for_every_device(client: FlaskClient, reader: User) -> None:
    enrol(reader, course_with(make_document(23)), "satu")
    client.get(PAGE)
    assert client.post(f"{PAGE}/posisi", json={"page": 14}).status_code == 200
    page = client.get(PAGE).text
    assert "Anda berhenti di halaman 14" in page
    assert 'id="halaman-14"' in page
    assert 'id="halaman-1"' not in page


def test_it_is_marked_as_read_when_enough_time_passed(client: FlaskClient, reader: User, at: At) -> None:
    enrol(reader, course_with(make_document()), "satu")
    client.get(PAGE)
    asks_json = {"Accept": "application/json"}
    early = client.post(f"{PAGE}/selesai", headers=asks_json)
    assert (early.status_code, early.json["error"]) == (409, "too_early")  # type: ignore[index]
    at(2026, 11, 23, 9, 2)
    assert client.post(f"{PAGE}/selesai", headers=asks_json).json["completed"] is True  # type: ignore[index]


@pytest.mark.parametrize(("state", "words"), [(AssetState.QUEUED, "Menunggu giliran untuk disiapkan."), (AssetState.FAILED, "Dokumen tidak dapat ditampilkan")])
def test_a_document_that_cannot_be_shown_says_so_and_cannot_be_marked(client: FlaskClient, reader: User, at: At, state: str, words: str) -> None:
    enrol(reader, course_with(make_document(state=state)), "satu")
    page = client.get(PAGE)
    assert page.status_code == 200
    assert words in page.text
    assert "Tandai selesai dan lanjut" not in page.text
    at(2026, 11, 23, 10, 0)
    assert client.post(f"{PAGE}/selesai", headers={"Accept": "application/json"}).json["error"] == "not_ready"  # type: ignore[index]


def test_a_real_pdf_goes_all_the_way(app: Flask, client: FlaskClient, reader: User, tmp_path: Path) -> None:
    asset = prepared(app, pdf(tmp_path / "a.pdf"), AssetKind.DOCUMENT)
    enrol(reader, course_with(asset.id), "satu")
    page = client.get(PAGE).text
    assert "Halaman ke-2 menyebut jangka waktu." in page
    source = page.split('<img src="')[1].split('"')[0]
    assert client.get(source, buffered=True).content_type == "image/webp"


def test_the_page_costs_few_queries_however_long_the_document(client: FlaskClient, reader: User, count_queries: list[str]) -> None:
    enrol(reader, course_with(make_document(30)), "satu")
    client.get(PAGE)
    client.get(PAGE)
    del count_queries[:]
    client.get(PAGE)
    assert len(count_queries) <= 8, count_queries


def test_tens_of_pages() -> None:
    assert [first_of(page) for page in (1, 10, 11, 20, 21)] == [1, 1, 11, 11, 21]


# ---- who may have the file ----


def may(user: User, asset_id: int) -> bool:
    db.session.rollback()
    asset = db.session.get(MediaAsset, asset_id)
    assert asset
    return delivery.may_read(db.session.get(User, user.id), asset)


def test_the_file_is_for_those_for_whom_the_lesson_is_open(app: Flask) -> None:
    asset_id = make_document()
    course = course_with(asset_id)
    ahead, behind, outsider = make_user("Sudah"), make_user("Terkunci"), make_user("Luar")
    enrol(ahead, course, "satu")
    enrol(behind, course)
    assert [may(user, asset_id) for user in (ahead, behind, outsider)] == [True, False, False]


def test_the_file_is_for_those_who_answer_for_the_course(app: Flask) -> None:
    asset_id = make_document()
    course = course_with(asset_id)
    instructor, other, admin = make_user(role=Role.INSTRUCTOR), make_user(role=Role.INSTRUCTOR), make_user(role=Role.TRAINING_ADMIN)
    with transaction() as session:
        session.add(CourseStaff(course_id=course.course_id, user_id=instructor.id, role="INSTRUCTOR", added_at=clock.now()))
    assert [may(user, asset_id) for user in (instructor, other, admin)] == [True, False, True]


def test_a_file_of_an_older_version_or_of_no_course_is_for_nobody_but_bkpsdm(app: Flask) -> None:
    asset_id, alone = make_document(), make_document(4)
    user = make_user()
    enrol(user, course_with(asset_id), "satu")
    publish_course("contoh", lesson("satu"), digest="f" * 64)
    assert may(user, asset_id) is False
    assert [may(make_user(role=role), alone) for role in (Role.EXECUTIVE, Role.AUDITOR, Role.TRAINING_ADMIN)] == [False, False, True]
