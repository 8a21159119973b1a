"""The outline's states say the same as the rule that locks lessons."""

from types import SimpleNamespace

import pytest

from app.assessment.events import AttemptGraded
from app.assessment.slots import way_on_for
from app.courses.queries import get_current_outline
from app.kernel import clock, events
from app.kernel.db import db, transaction
from app.learning import queries, services
from app.learning.models import LessonState
from app.learning.queries import CourseStanding, LessonStanding
from app.learning.templating import outline_module
from app.people.models import User
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_user, sign_in


@pytest.mark.parametrize("sequence", ["LINEAR", "FREE"])
@pytest.mark.parametrize("done", [(), ("satu",), ("dua",), ("satu", "dua"), ("satu", "tiga"), ("satu", "dua", "tiga", "empat")])
def test_a_lesson_is_shut_exactly_when_something_locks_it(app, sequence, done):
    lessons = (lesson("satu"), lesson("dua"), lesson("tiga", requires=("dua",)), lesson("empat", requires=("satu", "tiga")))
    publish_course("contoh", *lessons, sequence=sequence)
    course = get_current_outline("contoh")
    standings = {key: LessonStanding(LessonState.COMPLETED, clock.now(), clock.now(), {}) for key in done}
    standing = CourseStanding(course, SimpleNamespace(last_lesson_id=None, enrolled_at=clock.now()), standings)
    assert {key for key, state in standing.states.items() if state.endswith("-shut")} == {x.key for x in lessons if standing.locked_by(x.key)}
    assert {key for key, state in standing.states.items() if state.startswith("done")} == set(done)


def test_an_opened_lesson_is_half_done(app):
    publish_course("contoh")
    course = get_current_outline("contoh")
    standing = CourseStanding(
        course,
        SimpleNamespace(last_lesson_id=None, enrolled_at=clock.now()),
        {
            "satu": LessonStanding(LessonState.COMPLETED, clock.now(), clock.now(), {}),
            "dua": LessonStanding(LessonState.STARTED, clock.now(), None, {}),
        },
    )
    assert standing.states == {"satu": "done", "dua": "half", "tiga": "todo-shut"}


def test_the_outline_says_how_far_each_module_is(app):
    publish_course("contoh")
    course = get_current_outline("contoh")
    done = {"satu": LessonStanding(LessonState.COMPLETED, clock.now(), clock.now(), {})}
    with app.test_request_context("/"):
        begun = outline_module(CourseStanding(course, SimpleNamespace(last_lesson_id=None, enrolled_at=clock.now()), done), course.modules[0], "dua")
        visitor = outline_module(CourseStanding(course, None), course.modules[0], None)
    assert "1 dari 3" in begun
    assert '<li class="yes"><a href="/kursus/contoh/belajar/satu">' in begun
    assert 'class="here"><a href="/kursus/contoh/belajar/dua" aria-current="step">' in begun
    assert '<span class="shut">Materi tiga</span>' in begun
    assert begun.count("Terbuka setelah") == 1
    assert "Terbuka setelah Materi dua" in begun
    assert "<a " not in visitor
    assert visitor.count("<li") == 4


def test_a_lesson_that_came_in_later_is_marked_and_said_to_be_new(app, client, at):
    at(2026, 11, 23, 9, 0)
    first = publish_course("contoh", lesson("satu"), lesson("dua"), lesson("kuis"))
    siti, later = make_user("Siti"), make_user("Kemudian", email="nanti@b.go.id")
    with transaction():
        services.enrol(db.session.get_one(User, siti.id), first)
        services.complete_lesson(siti.id, first, first.lesson("satu"))
        services.complete_lesson(siti.id, first, first.lesson("dua"))
    sign_in(client, siti)
    assert "Baru" not in client.get("/kursus/contoh").text
    at(2026, 11, 24, 9, 0)
    course = publish_course("contoh", lesson("tambahan"), lesson("satu"), lesson("dua"), lesson("kuis"))
    with transaction():
        services.enrol(db.session.get_one(User, later.id), course)
    sign_in(client, siti)
    page = client.get("/kursus/contoh").text
    assert "ditambahkan sesudah Anda mengikuti kursus ini" in page
    assert page.count('<span class="badge">Baru</span>') == 1
    shut = client.get("/kursus/contoh/belajar/kuis")
    assert shut.status_code == 403
    assert "Selesaikan dulu “Materi tambahan”" in shut.text
    assert "Materi itu ditambahkan sesudah Anda mengikuti kursus ini; yang ini terbuka setelahnya." in shut.text
    client.get("/kursus/contoh/belajar/tambahan")
    assert "Baru" not in client.get("/kursus/contoh").text, "who has opened it knows it"
    sign_in(client, later)
    assert "Baru" not in client.get("/kursus/contoh").text


def test_after_a_quiz_the_next_lesson_is_offered_once_it_is_open(app, at):
    at(2026, 11, 23, 9, 0)
    course = publish_course("contoh", lesson("kuis", kind="quiz", quiz_id=1), lesson("dua"), lesson("akhir", kind="quiz", quiz_id=2))
    siti, outsider = make_user("Siti"), make_user("Luar", email="luar@b.go.id")
    with transaction():
        services.enrol(db.session.get_one(User, siti.id), course)
    assert way_on_for(siti, "contoh/kuis") is None
    with transaction():
        services.complete_lesson(siti.id, course, course.lesson("kuis"))
    assert way_on_for(siti, "contoh/kuis") == ("/kursus/contoh/belajar/dua", "Materi dua")
    assert way_on_for(outsider, "contoh/kuis") is None
    assert way_on_for(siti, "contoh/akhir") is None
    assert way_on_for(siti, "lain/kuis") is None


def test_a_quiz_that_is_passed_before_its_lesson_is_open_completes_nothing(app, at):
    at(2026, 11, 23, 9, 0)
    course = publish_course("contoh", lesson("satu"), lesson("kuis", kind="quiz", quiz_id=1))
    siti = make_user("Siti")
    with transaction():
        services.enrol(db.session.get_one(User, siti.id), course)

    def states_after_passing():
        with transaction():
            events.record(AttemptGraded(1, siti.id, 1, "contoh/kuis", 90, True, clock.now()))
        return queries.standing_in(siti.id, course).states["kuis"]

    assert states_after_passing() == "todo-shut"
    with transaction():
        services.complete_lesson(siti.id, course, course.lesson("satu"))
    assert states_after_passing() == "done"


def test_what_opens_a_lesson_is_named_also_when_the_one_before_it_is_done(app):
    """A lesson was put in before two that this person had completed."""
    publish_course("contoh", lesson("baru"), lesson("satu"), lesson("dua"), lesson("tiga"), sequence="LINEAR")
    course = get_current_outline("contoh")
    done = {key: LessonStanding(LessonState.COMPLETED, clock.now(), clock.now(), {}) for key in ("satu", "dua")}
    standing = CourseStanding(course, SimpleNamespace(last_lesson_id=None, enrolled_at=clock.now()), done)
    assert standing.openers == {"tiga": ("baru",)}
    with app.test_request_context("/"):
        drawn = outline_module(standing, course.modules[0], None)
    assert "Terbuka setelah Materi baru" in drawn
    assert '<a href="/kursus/contoh/belajar/dua">' in drawn
