"""The front page, the learner's home, the record and the site search: what they say, to whom, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.assessment.models import AttemptState, Quiz, QuizAttempt, QuizVersion
from app.courses.outline import CourseOutline
from app.home.record import MOST_ATTEMPTS
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.worker import drain
from app.learning import services
from app.people.models import EmploymentType, User
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_nip, make_unit, make_user, sign_in

At = Callable[..., None]


@pytest.fixture
def siti(client: FlaskClient, at: At) -> User:
    at(2026, 11, 23, 9, 0)
    user = make_user("Siti Rahmah, S.E.", unit=make_unit())
    sign_in(client, user)
    return user


def enrol(user: User, course: CourseOutline, *, due_on: date | None = None, by: User | None = None) -> None:
    with transaction():
        services.enrol(db.session.get_one(User, user.id), course, assigned_by=by, due_on=due_on)


def complete(user: User, course: CourseOutline, *keys: str) -> None:
    for key in keys or [item.key for item in course.lessons]:
        with transaction():
            services.complete_lesson(user.id, course, course.lesson(key))


# ---- front page ----


def test_the_front_page_shows_what_can_be_learned(client: FlaskClient, app: Flask) -> None:
    assert "Belum ada kursus" in client.get("/").text
    publish_course()
    page = client.get("/").text
    assert "Kursus contoh" in page
    assert "Belum ada kursus" not in page


def test_who_is_signed_in_goes_home(client: FlaskClient, siti: User) -> None:
    assert client.get("/").location == "/beranda"


def test_addresses_with_their_end_cut_off_lead_somewhere(client: FlaskClient, app: Flask) -> None:
    assert client.get("/kursus").location == "/katalog"
    assert client.get("/kelola").location.startswith("/masuk")
    for role, place in ((Role.TRAINING_ADMIN, "/kelola/pegawai"), (Role.UNIT_ADMIN, "/kelola/pegawai"), (Role.SYSTEM_ADMIN, "/kelola/pegawai")):
        sign_in(client, make_user(role=role, unit=make_unit(), email=f"{role}@b.go.id"))
        assert client.get("/kelola").location == place
    sign_in(client, make_user("Peserta", email="p@b.go.id"))
    assert client.get("/kelola").status_code == 403


# ---- home ----


def test_home_is_for_signed_in_people(client: FlaskClient, app: Flask) -> None:
    for path in ("/beranda", "/rekam-jejak"):
        assert client.get(path).status_code in (302, 303)


def test_a_first_visit_offers_a_course(client: FlaskClient, siti: User) -> None:
    publish_course()
    page = client.get("/beranda").text
    assert "Selamat pagi, Siti." in page
    assert "Kurang 20 JP, dan masih ada 38 hari." in page
    assert "Pilih kursus pertama Anda." in page
    assert "Kursus contoh" in page


@pytest.mark.parametrize(("hour", "greeting"), [(4, "Selamat pagi"), (11, "Selamat siang"), (15, "Selamat sore"), (18, "Selamat malam"), (1, "Selamat malam")])
def test_the_greeting_follows_the_day(client: FlaskClient, siti: User, at: At, hour: int, greeting: str) -> None:
    at(2026, 11, 23, hour, 0)
    sign_in(client, siti)
    assert f"{greeting}, Siti." in client.get("/beranda").text


def test_a_name_that_begins_with_a_comma_is_greeted_too(client: FlaskClient, app: Flask) -> None:
    sign_in(client, make_user(", S.H."))
    assert client.get("/beranda").status_code == 200


def test_home_goes_on_where_the_person_stopped(client: FlaskClient, siti: User, at: At) -> None:
    first, second = publish_course("satu-kursus"), publish_course("dua-kursus")
    enrol(siti, first)
    enrol(siti, second)
    complete(siti, second, "satu")
    client.get("/kursus/dua-kursus/belajar/dua")
    at(2026, 11, 23, 10, 0)
    page = client.get("/beranda").text
    assert page.index("Kursus dua-kursus") < page.index("Kursus satu-kursus")
    assert "/kursus/dua-kursus/belajar/dua" in page
    assert "1 dari 3 materi selesai" in page


def test_deadlines_stand_with_the_days_that_are_left(client: FlaskClient, siti: User, at: At) -> None:
    head = make_user(role=Role.SUPERVISOR)
    enrol(siti, publish_course("dekat"), due_on=date(2026, 11, 26), by=head)
    enrol(siti, publish_course("lewat"), due_on=date(2026, 11, 24), by=head)
    enrol(siti, publish_course("nanti"), due_on=date(2026, 11, 25), by=head)
    at(2026, 11, 25, 9, 0)
    page = sign_in(client, siti).get("/beranda").text
    assert "Lewat 1 hari" in page
    assert "Hari ini" in page
    assert "1 hari lagi." in page
    rows = page[page.index('id="tenggat"') :]
    assert rows.index("Kursus lewat") < rows.index("Kursus nanti") < rows.index("Kursus dekat")
    assert "Lanjutkan" not in rows.partition("</ul>")[0]
    assert "Mulai belajar" in rows


def test_a_completed_course_is_no_deadline_and_gives_jp(client: FlaskClient, siti: User) -> None:
    course = publish_course()
    enrol(siti, course, due_on=date(2026, 11, 30), by=make_user(role=Role.SUPERVISOR))
    complete(siti, course)
    page = client.get("/beranda").text
    assert 'id="tenggat"' not in page
    assert "Semua kursus Anda selesai." in page
    assert "Kurang 19 JP" in page


def test_pppk_above_the_advisory_ceiling_are_told_and_nothing_is_cut(client: FlaskClient, at: At) -> None:
    user = make_user("Nurul", unit=make_unit(), employment_type=EmploymentType.PPPK)
    for month in range(1, 11):
        at(2026, month, 5, 9, 0)
        course = publish_course(f"kursus-{month}", lesson("a", minutes=135), jp=3)
        enrol(user, course)
        complete(user, course)
    sign_in(client, user)
    page = client.get("/beranda").text
    assert "Target 20 JP tahun ini sudah tercapai." in page
    assert "JP Anda di atas 24, batas acuan tahunan untuk PPPK; kelebihannya tetap disimpan." in page


# ---- record ----


def test_the_record_explains_every_number(client: FlaskClient, siti: User) -> None:
    course = publish_course("panjang", lesson("a", minutes=130), lesson("b", minutes=20), jp=3)
    enrol(siti, course)
    complete(siti, course)
    page = client.get("/rekam-jejak").text
    assert "3 JP tercatat pada 2026." in page
    assert "135 menit dihitung, 45 menit satu JP." in page
    assert "15 menit di atas batas harian tidak dihitung." in page
    assert "Materi b" in page


def add_quiz(course: CourseOutline, passing_score: int) -> QuizVersion:
    quiz = Quiz(key=f"{course.slug}/tes-awal", created_at=clock.now())
    db.session.add(quiz)
    db.session.flush()
    version = QuizVersion(
        quiz_id=quiz.id, number=1, digest="d", title="Tes awal", policy={"passing_score": passing_score}, questions=[], introduction_html="", created_at=clock.now()
    )
    db.session.add(version)
    db.session.flush()
    return version


@pytest.mark.parametrize(
    ("passing_score", "passed", "words"),
    [(0, True, "Selesai, tanpa nilai lulus"), (70, True, "Lulus"), (70, False, "Belum lulus"), (70, None, "Sedang dikerjakan")],
)
def test_an_attempt_says_what_its_result_means(client: FlaskClient, siti: User, passing_score: int, passed: bool | None, words: str) -> None:
    course = publish_course()
    enrol(siti, course)
    with transaction():
        version = add_quiz(course, passing_score)
        is_open = passed is None
        attempt = QuizAttempt(
            quiz_id=version.quiz_id, quiz_version_id=version.id, user_id=siti.id, number=1, start_key="k", layout={}, started_at=clock.now(),
            state=AttemptState.OPEN if is_open else AttemptState.SUBMITTED, submitted_at=None if is_open else clock.now(), percent=None if is_open else 30, passed=passed,
        )
        db.session.add(attempt)
        db.session.flush()
        number = attempt.id
    page = client.get("/rekam-jejak").text
    section = page[page.index('id="percobaan"') :]
    assert f"{words}</" in section
    assert f'/kuis/percobaan/{number}{"" if is_open else "/hasil"}"' in section
    assert course.title in section
    assert ("(lulus mulai 70)" in section) == (passing_score > 0)
    assert section.count("09.00") == (1 if is_open else 2)


def test_of_many_attempts_the_newest_are_shown_and_how_many_there_are(client: FlaskClient, siti: User) -> None:
    course = publish_course()
    enrol(siti, course)

    def attempt(number: int) -> None:
        with transaction():
            version = db.session.scalar(select(QuizVersion)) or add_quiz(course, 70)
            db.session.add(
                QuizAttempt(
                    quiz_id=version.quiz_id, quiz_version_id=version.id, user_id=siti.id, number=number, start_key=str(number), layout={},
                    started_at=clock.now(), state=AttemptState.SUBMITTED, submitted_at=clock.now(), percent=80, passed=True,
                )
            )  # fmt: skip

    for number in range(1, MOST_ATTEMPTS + 1):
        attempt(number)
    assert "percobaan." not in client.get("/rekam-jejak").text
    attempt(MOST_ATTEMPTS + 1)
    assert "50 terbaru dari 51 percobaan." in client.get("/rekam-jejak").text


def test_a_running_course_says_where_its_minutes_come_from(client: FlaskClient, siti: User) -> None:
    course = publish_course("panjang", lesson("a", minutes=12.5), lesson("b", minutes=20))
    enrol(siti, course)
    page = client.get("/rekam-jejak").text
    assert "Dari mana angka ini" not in page
    complete(siti, course, "a")
    page = client.get("/rekam-jejak").text
    part = page[page.index('id="kursus"') : page.index('id="percobaan"')]
    assert "Dari mana angka ini" in part
    assert "Materi a" in part
    assert "Materi b" not in part
    assert part.count("12,5") == 5, "in the sentence, the lesson's row and the sums"
    assert "menit baku materi, bukan lamanya waktu" in part
    complete(siti, course, "b")
    page = client.get("/rekam-jejak").text
    assert page.count("Dari mana angka ini") == 1
    assert "menit baku materi" in page


def test_the_record_shows_own_learning_only(client: FlaskClient, siti: User) -> None:
    other, course = make_user("Budi"), publish_course("rahasia")
    enrol(other, course)
    complete(other, course)
    page = client.get("/rekam-jejak").text
    assert "Kursus rahasia" not in page
    assert "0 JP tercatat pada 2026." in page


def test_an_earlier_year_has_its_own_record(client: FlaskClient, siti: User, at: At) -> None:
    at(2025, 3, 3, 9, 0)
    course = publish_course()
    enrol(siti, course)
    complete(siti, course)
    at(2026, 11, 23, 9, 0)
    sign_in(client, siti)
    assert "0 JP tercatat pada 2026." in client.get("/rekam-jejak").text
    assert "1 JP tercatat pada 2025." in client.get("/rekam-jejak?tahun=2025").text


@pytest.mark.parametrize("year", ["1999", "2027", "-1"])
def test_a_year_that_cannot_be_is_not_there(client: FlaskClient, siti: User, year: str) -> None:
    assert client.get(f"/rekam-jejak?tahun={year}").status_code == 404


def test_a_year_that_is_none_is_this_one(client: FlaskClient, siti: User) -> None:
    assert "pada 2026." in client.get("/rekam-jejak?tahun=abc").text


# ---- search ----


@pytest.fixture
def findable(app: Flask, at: At) -> CourseOutline:
    at(2026, 11, 23, 9, 0)
    course = publish_course("gratifikasi", lesson("menolak"))
    drain(app)
    db.session.rollback()
    return course


def test_courses_and_lessons_are_found_by_everybody(client: FlaskClient, findable: CourseOutline) -> None:
    page = client.get("/cari?q=gratifikasi").text
    assert "/kursus/gratifikasi" in page
    assert "<mark>" in page


def test_nothing_found_says_what_to_do(client: FlaskClient, findable: CourseOutline) -> None:
    assert "Tidak ada yang cocok" in client.get("/cari?q=zebra").text
    assert "Cari kursus dan materi" in client.get("/cari").text


def test_people_are_found_only_by_those_who_may_see_them(client: FlaskClient, findable: CourseOutline) -> None:
    unit, elsewhere = make_unit(), make_unit("Dinas Lain")
    admin = make_user("Muhammad Ridwan", role=Role.UNIT_ADMIN, unit=unit)
    make_user("Hafizah Dalam", unit=unit)
    make_user("Hafizah Luar", unit=elsewhere)
    assert "Hafizah" not in client.get("/cari?q=hafizah").text.replace("“hafizah”", "")
    assert "Hafizah Dalam" not in sign_in(client, make_user("Orang Biasa", unit=unit)).get("/cari?q=hafizah").text
    page = sign_in(client, admin).get("/cari?q=hafizah").text
    assert "Hafizah Dalam" in page
    assert "Hafizah Luar" not in page


@pytest.mark.parametrize("typed", [make_nip(3), "19900517 201503 1 003", "1990.0517.2015"])
def test_a_nip_is_never_searched_in_an_address(client: FlaskClient, findable: CourseOutline, typed: str) -> None:
    make_user("Hafizah", unit=make_unit(), nip=make_nip(3))
    sign_in(client, make_user("Yulia", role=Role.TRAINING_ADMIN))
    page = client.get("/cari", query_string={"q": typed}).text
    assert "NIP tidak boleh tertulis di alamat halaman" in page
    assert "Hafizah" not in page


@pytest.mark.parametrize("typed", ['"', "' OR 1=1 --", "a* NOT b", "%", "x" * 5000, "<script>alert(1)</script>"])
def test_whatever_is_typed_is_only_searched_for(client: FlaskClient, findable: CourseOutline, typed: str) -> None:
    page = client.get("/cari", query_string={"q": typed})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
