"""The course and lesson pages and their small answers: who gets in, what is refused and why, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest
from flask.testing import FlaskClient
from flask_babel import refresh
from sqlalchemy import select, update

from app.courses import outline as outlines
from app.courses.models import LessonVersion
from app.courses.outline import CourseOutline
from app.courses.queries import get_current_outline
from app.kernel.db import db, transaction
from app.learning import services
from app.learning.kinds import video
from app.learning.models import Enrollment, LessonProgress, WatchedSpan
from app.people import services as people_services
from app.people import sessions
from app.people.models import User
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_unit, make_user, sign_in

At = Callable[..., None]
JSON = {"Accept": "application/json"}
LESSON = "/kursus/contoh/belajar/satu"
SECOND = "/kursus/contoh/belajar/dua"


@pytest.fixture
def course(app: object, at: At) -> CourseOutline:
    at(2026, 11, 23, 9, 0)
    return publish_course()


@pytest.fixture
def siti(course: CourseOutline, client: FlaskClient) -> User:
    """Takes the course and is signed in."""
    user = make_user("Siti Rahmah")
    with transaction():
        services.enrol(user, course)
    sign_in(client, user)
    return user


@pytest.fixture
def outsider(course: CourseOutline, client: FlaskClient) -> User:
    """Is signed in and takes nothing."""
    user = make_user("Tuti Aminah")
    sign_in(client, user)
    return user


def writes(statements: list[str]) -> list[str]:
    return [s for s in statements if s.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]


# ---- getting in ----


def test_the_course_page_is_open_to_everybody(client: FlaskClient, course: CourseOutline) -> None:
    page = client.get("/kursus/contoh")
    assert page.status_code == 200
    assert "Masuk untuk mengikuti" in page.text
    assert "Materi satu" in page.text
    assert LESSON not in page.text


def test_an_unknown_course_is_not_there(client: FlaskClient, outsider: User) -> None:
    assert client.get("/kursus/tidak-ada").status_code == 404
    assert client.get("/kursus/contoh/belajar/tidak-ada").status_code == 404


def test_a_lesson_asks_to_sign_in(client: FlaskClient, course: CourseOutline) -> None:
    answer = client.get(LESSON)
    assert answer.status_code in (302, 303)
    assert "/masuk" in answer.location
    assert client.get(LESSON, headers=JSON).status_code == 401


def test_a_lesson_needs_enrollment(client: FlaskClient, outsider: User) -> None:
    answer = client.get(LESSON)
    assert (answer.status_code, answer.location) == (302, "/kursus/contoh")
    assert db.session.scalars(select(LessonProgress)).all() == []


def test_taking_a_course_leads_into_its_first_lesson(client: FlaskClient, outsider: User) -> None:
    answer = client.post("/kursus/contoh/pendaftaran", follow_redirects=True)
    assert answer.request.path == LESSON
    assert "Anda terdaftar di Kursus contoh." in answer.text


def test_sending_the_enrollment_twice_makes_one(client: FlaskClient, outsider: User) -> None:
    for _again in range(2):
        assert client.post("/kursus/contoh/pendaftaran").status_code == 302
    assert len(db.session.scalars(select(Enrollment)).all()) == 1


def test_a_course_that_asks_for_another_one_first_says_which(client: FlaskClient, outsider: User) -> None:
    publish_course("lanjutan", prerequisites=("contoh",))
    assert "Kursus contoh" in client.get("/kursus/lanjutan").text
    answer = client.post("/kursus/lanjutan/pendaftaran")
    assert answer.status_code == 409
    assert "Selesaikan dulu: Kursus contoh." in answer.text


def test_a_locked_lesson_tells_why_and_where_to_go(client: FlaskClient, siti: User) -> None:
    answer = client.get(SECOND)
    assert answer.status_code == 403
    assert "Selesaikan dulu “Materi satu”" in answer.text
    assert LESSON in answer.text
    assert "Isi dua" not in answer.text


def test_a_locked_lesson_takes_nothing(client: FlaskClient, siti: User) -> None:
    for path in ("selesai", "posisi"):
        answer = client.post(f"{SECOND}/{path}", json={"part": 0.5}, headers=JSON)
        assert (answer.status_code, answer.json["error"]) == (409, "locked")  # type: ignore[index]


# ---- completing ----


def test_completing_needs_a_seat(client: FlaskClient, outsider: User) -> None:
    answer = client.post(f"{LESSON}/selesai", headers=JSON)
    assert (answer.status_code, answer.json["error"]) == (403, "not_enrolled")  # type: ignore[index]
    assert db.session.scalars(select(LessonProgress)).all() == []


def test_completing_needs_the_lesson_to_have_been_opened(client: FlaskClient, siti: User) -> None:
    assert client.post(f"{LESSON}/selesai", headers=JSON).json["error"] == "not_opened"  # type: ignore[index]


def test_completing_too_early_says_when(client: FlaskClient, siti: User, at: At) -> None:
    client.get(LESSON)
    answer = client.post(f"{LESSON}/selesai", headers=JSON)
    assert (answer.status_code, answer.json["facts"]["seconds_left"]) == (409, 301)  # type: ignore[index]
    page = client.post(f"{LESSON}/selesai", follow_redirects=True)
    assert "Terlalu cepat untuk dihitung" in page.text
    at(2026, 11, 23, 9, 6)
    assert client.post(f"{LESSON}/selesai").location == SECOND
    assert client.post(f"{LESSON}/selesai", headers=JSON).json["completed"] is True  # type: ignore[index]


def test_a_quiz_or_video_completes_itself(client: FlaskClient, at: At) -> None:
    at(2026, 11, 23, 9, 0)
    course = publish_course("contoh", lesson("satu", kind="video", asset_id=1, coverage=0.9, chapters=[]))
    user = make_user()
    with transaction():
        services.enrol(user, course)
    sign_in(client, user)
    assert client.post(f"{LESSON}/selesai", headers=JSON).json["error"] == "completes_itself"  # type: ignore[index]


# ---- the place ----


def test_a_place_is_kept_for_oneself_only(client: FlaskClient, siti: User, course: CourseOutline) -> None:
    client.get(LESSON)
    assert client.post(f"{LESSON}/posisi", json={"part": 0.62}).json == {"saved": True}
    budi = make_user("Budi Santoso")
    sign_in(client, budi)
    assert client.post(f"{LESSON}/posisi", json={"part": 0.1}).status_code == 403
    with transaction():
        services.enrol(budi, course)
    client.get(LESSON)
    client.post(f"{LESSON}/posisi", json={"part": 0.1})
    rows = db.session.execute(select(LessonProgress.user_id, LessonProgress.position)).all()
    assert dict(rows) == {siti.id: {"part": 0.62}, budi.id: {"part": 0.1}}


@pytest.mark.parametrize("body", [None, [], {}, {"part": "x"}, {"seconds": -1}, {"seconds": True}, {"seconds": 1e9}, {"other": 1}])
def test_a_place_that_is_none_is_refused(client: FlaskClient, siti: User, body: object) -> None:
    client.get(LESSON)
    answer = client.post(f"{LESSON}/posisi", json=body, headers=JSON)
    assert (answer.status_code, answer.json["error"]) == (422, "bad_position")  # type: ignore[index]
    assert db.session.scalars(select(LessonProgress.position)).all() == [{}]


# ---- watching ----


@pytest.fixture
def viewer_of_video(client: FlaskClient, at: At, monkeypatch: pytest.MonkeyPatch) -> User:
    at(2026, 11, 23, 9, 0)
    monkeypatch.setattr("app.learning.kinds.video.duration_ms", lambda _lesson: 60_000)
    course = publish_course("contoh", lesson("satu", kind="video", asset_id=1, coverage=0.9, chapters=[]), lesson("dua"))
    user = make_user()
    with transaction():
        services.enrol(user, course)
    sign_in(client, user)
    return user


def test_an_article_has_no_viewings(client: FlaskClient, siti: User) -> None:
    assert client.post(f"{LESSON}/tontonan").status_code == 404
    assert client.post(f"{LESSON}/tontonan/laporan", json={"viewing": 1, "played": [[0, 1]]}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"viewing": "1", "played": []}, {"viewing": True, "played": []}, {"viewing": 1, "played": [[5, 1]]}, {"viewing": 1, "played": [[0, 1e12]]},
     {"viewing": 1, "played": [[0, 1]] * 201}, {"viewing": 1, "played": [["a", "b"]]}, {"viewing": 1, "played": [[0, 1]], "rate": 1000}],
)  # fmt: skip
def test_a_report_that_is_none_is_refused(client: FlaskClient, viewer_of_video: User, body: object) -> None:
    answer = client.post(f"{LESSON}/tontonan/laporan", json=body, headers=JSON)
    assert (answer.status_code, answer.json["error"]) == (422, "bad_report")  # type: ignore[index]


def test_a_viewing_of_somebody_else_is_not_there(client: FlaskClient, viewer_of_video: User, course_of_video: CourseOutline) -> None:
    viewing = client.post(f"{LESSON}/tontonan").json["viewing"]  # type: ignore[index]
    thief = make_user("Orang Lain")
    with transaction():
        services.enrol(thief, course_of_video)
    sign_in(client, thief)
    answer = client.post(f"{LESSON}/tontonan/laporan", json={"viewing": viewing, "played": [[0, 5]]}, headers=JSON)
    assert (answer.status_code, answer.json["error"]) == (404, "no_such_viewing")  # type: ignore[index]


@pytest.fixture
def course_of_video(viewer_of_video: User) -> CourseOutline:
    return get_current_outline("contoh")


def test_watching_needs_a_seat(client: FlaskClient, viewer_of_video: User) -> None:
    sign_in(client, make_user("Tuti Aminah"))
    assert client.post(f"{LESSON}/tontonan", headers=JSON).json["error"] == "not_enrolled"  # type: ignore[index]


def test_a_report_completes_the_lesson_when_the_clock_allows(client: FlaskClient, viewer_of_video: User, at: At) -> None:
    viewing = client.post(f"{LESSON}/tontonan").json["viewing"]  # type: ignore[index]
    report = {"viewing": viewing, "played": [[0, 58]], "position": 58}
    early = client.post(f"{LESSON}/tontonan/laporan", json=report).json
    assert (early["complete"], early["covered"]) == (False, 0)  # type: ignore[index]
    at(2026, 11, 23, 9, 1)
    late = client.post(f"{LESSON}/tontonan/laporan", json=report).json
    assert (late["complete"], late["covered"], late["percent"]) == (True, 58, 96)  # type: ignore[index]


def test_a_player_that_falls_silent_has_left_its_position(client: FlaskClient, viewer_of_video: User, at: At) -> None:
    client.get(LESSON)
    viewing = client.post(f"{LESSON}/tontonan").json["viewing"]  # type: ignore[index]
    at(2026, 11, 23, 9, 1)
    client.post(f"{LESSON}/tontonan/laporan", json={"viewing": viewing, "played": [[0, 4], [20, 31.5]], "position": 31.5})
    assert db.session.scalars(select(LessonProgress.position)).all() == [{"seconds": 31.5}]
    client.post(f"{LESSON}/tontonan/laporan", json={"viewing": viewing, "played": [[31.5, 5000]], "position": 5000})
    (position,) = db.session.scalars(select(LessonProgress.position).execution_options(populate_existing=True)).all()
    assert 31.5 < position["seconds"] <= 60


def test_a_browser_that_was_signed_out_elsewhere_reports_nothing(client: FlaskClient, viewer_of_video: User, at: At) -> None:
    viewing = client.post(f"{LESSON}/tontonan").json["viewing"]  # type: ignore[index]
    at(2026, 11, 23, 9, 1)
    with transaction():
        sessions.end_sessions(viewer_of_video.id)
    answer = client.post(f"{LESSON}/tontonan/laporan", json={"viewing": viewing, "played": [[0, 5]]}, headers=JSON)
    assert (answer.status_code, answer.json["error"]) == (401, "sign_in_needed")  # type: ignore[index]
    assert db.session.scalars(select(WatchedSpan)).all() == []


def test_a_report_is_answered_in_the_language_of_the_person(client: FlaskClient, viewer_of_video: User, at: At) -> None:
    viewing = client.post(f"{LESSON}/tontonan").json["viewing"]  # type: ignore[index]
    labels = []
    for language in ("id", "en"):
        with transaction() as session:
            session.execute(update(User).where(User.id == viewer_of_video.id).values(locale=language))
        refresh()  # the test's application context outlives a request, and with it the language chosen
        answer = client.post(f"{LESSON}/tontonan/laporan", json={"viewing": viewing, "played": []}, headers=JSON)
        labels.append(answer.json["missing"][0]["label"])  # type: ignore[index]
    assert labels == ["Tonton 54 detik lagi", "Watch 54 seconds more"]


def test_chapters_say_how_much_of_them_was_watched(viewer_of_video: User, course_of_video: CourseOutline) -> None:
    chapters = [{"at": at, "title": str(at)} for at in (0, 10, 30)]
    chosen = replace(course_of_video.lesson("satu"), content=MappingProxyType({"asset_id": 1, "chapters": chapters}))
    states = [chapter["state"] for chapter in video.chapters_watched(chosen, [(0, 9_500), (12_000, 20_000)])]
    assert states == ["done", "half", "todo"]


# ---- what is missing, one answer for every face ----


def test_programs_get_the_answer_that_the_page_draws(client: FlaskClient, siti: User) -> None:
    page = client.get("/kursus/contoh").text
    told = client.get("/kursus/contoh/kekurangan").json
    assert told["percent"] == 0  # type: ignore[index]
    (module,) = told["conditions"]  # type: ignore[index]
    for part in ("label", "amount", "reason"):
        assert module[part] in page
    lesson_page = client.get(LESSON).text
    conditions = client.get(f"{LESSON}/kekurangan").json["conditions"]  # type: ignore[index]
    assert {c["code"] for c in conditions} == {"reading_time", "mark_read"}
    assert all(c["label"] in lesson_page for c in conditions)


def test_what_is_missing_of_a_locked_lesson_is_the_one_before(client: FlaskClient, siti: User) -> None:
    told = client.get(f"{SECOND}/kekurangan").json
    assert [c["code"] for c in told["conditions"]] == ["lesson_first"]  # type: ignore[index]
    assert told["conditions"][0]["label"] in client.get(SECOND).text  # type: ignore[index]


def test_what_is_missing_for_an_outsider_is_to_enrol(client: FlaskClient, outsider: User) -> None:
    for path in ("/kursus/contoh/kekurangan", f"{LESSON}/kekurangan"):
        assert [c["code"] for c in client.get(path).json["conditions"]] == ["enrollment"]  # type: ignore[index]


# ---- what it costs ----


def test_reading_again_writes_nothing(client: FlaskClient, siti: User, count_queries: list[str]) -> None:
    client.get(LESSON)
    for path in ("/kursus/contoh", LESSON, f"{LESSON}/kekurangan", "/kursus/contoh/kekurangan", "/beranda", "/rekam-jejak"):
        client.get(path)
        del count_queries[:]
        assert client.get(path).status_code == 200
        assert writes(count_queries) == []


def test_pages_cost_the_same_with_few_and_many_people(client: FlaskClient, siti: User, course: CourseOutline, count_queries: list[str]) -> None:
    def cost(path: str) -> int:
        client.get(path)
        del count_queries[:]
        assert client.get(path).status_code == 200
        return len(count_queries)

    paths = ("/kursus/contoh", LESSON, "/beranda")
    few = {path: cost(path) for path in paths}
    unit = make_unit()
    for n in range(60):
        with transaction():
            person = people_services.create_user(f"Pegawai {n}", org_unit_id=unit.id, position="Analis")
            services.enrol(person, course)
            services.open_lesson(person.id, course, course.lessons[0])
    many = {path: cost(path) for path in paths}
    assert few == many
    assert max(many.values()) <= 8, many


def test_the_course_page_names_who_assigned_it(client: FlaskClient, siti: User, course: CourseOutline) -> None:
    assert "Ditugaskan" not in client.get("/kursus/contoh").text
    head = make_user("Raja Hafizah, S.Sos.")
    with transaction():
        services.enrol(db.session.get_one(User, siti.id), course, assigned_by=head)
    assert "Ditugaskan oleh Raja Hafizah, S.Sos." in client.get("/kursus/contoh").text


def test_what_was_done_stays_when_a_new_version_comes(client: FlaskClient, siti: User, course: CourseOutline, at: At) -> None:
    client.get(LESSON)
    at(2026, 11, 23, 10, 0)
    client.post(f"{LESSON}/selesai")
    publish_course("contoh", lesson("satu"), lesson("baru"), lesson("dua"), digest="e" * 64)
    assert "Materi baru" in client.get("/kursus/contoh/belajar", follow_redirects=True).text
    assert client.get("/kursus/contoh/kekurangan").json["conditions"][0]["amount"] == "1/3"  # type: ignore[index]


def test_text_of_a_course_is_never_markup(client: FlaskClient, siti: User) -> None:
    with transaction() as session:
        session.execute(update(LessonVersion).values(title="<script>alert(1)</script>"))
    publish_course("lain", lesson("x"))
    outlines._kept_outline.cache_clear()
    for path in ("/kursus/contoh", LESSON):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
        assert "<script>alert" not in answer.text


def test_json_nested_without_end_is_no_fault_of_the_server(client: FlaskClient, siti: User) -> None:
    answer = client.post(f"{LESSON}/posisi", data="[" * 100_000 + "]" * 100_000, content_type="application/json")
    assert answer.status_code == 422
