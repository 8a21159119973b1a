"""Versions of courses and their outlines."""

import pytest
from sqlalchemy import select

from app.courses.events import CourseVersionPublished
from app.courses.models import CourseVersion
from app.courses.outline import get_lesson_body, get_outline
from app.courses.queries import find_course, find_current_outline, get_current_outline
from app.courses.services import Door, ModuleDraft, publish_version
from app.kernel import events
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import NotFound
from app.people.models import AuditEntry
from tests.courses.factories import course_draft, lesson_draft
from tests.people.factories import make_user, sign_in


def publish(draft):
    with transaction():
        return publish_version(draft, None)


def test_the_outline_knows_its_lessons_in_order(app):
    version = publish(course_draft())
    course = get_outline(version.id)
    assert [lesson.key for lesson in course.lessons] == ["a", "b", "c"]
    assert [[lesson.key for lesson in module.lessons] for module in course.modules] == [["a", "b"], ["c"]]
    assert course.learning_minutes == 61.5
    assert (course.next("b").key, course.next("c"), course.previous("c").key) == ("c", None, "b")
    assert course.lesson("c").requires == ("a",)
    assert course.lesson("c").module_key == "dua"
    assert course.lesson("a").slug == "a"
    assert [basis.title for basis in course.law(course.lesson("a").legal_basis)] == ["UU 25/2009"]
    assert get_lesson_body(course.lesson("a").lesson_version_id) == "<p>Teks a.</p>\n"


def test_a_lesson_or_module_that_is_not_there_is_not_found(app):
    course = get_outline(publish(course_draft()).id)
    with pytest.raises(NotFound):
        course.lesson("x")
    with pytest.raises(NotFound):
        course.module("x")
    with pytest.raises(NotFound):
        get_outline(99)
    with pytest.raises(NotFound):
        get_lesson_body(99)
    with pytest.raises(NotFound):
        get_current_outline("x")
    assert find_course("x") is None


def test_an_outline_cannot_be_changed_by_who_reads_it(app):
    lesson = get_outline(publish(course_draft()).id).lesson("a")
    with pytest.raises(TypeError):
        lesson.content["x"] = 1
    with pytest.raises(AttributeError):
        lesson.title = "x"


def test_the_same_draft_again_is_no_new_version(app):
    publish(course_draft())
    assert publish(course_draft()) is None
    assert publish(course_draft(digest="2")).number == 2


def test_an_old_text_published_again_is_a_new_version(app):
    first = publish(course_draft())
    publish(course_draft(digest="2"))
    again = publish(course_draft())
    assert (again.number, again.digest) == (3, first.digest)


def test_lessons_keep_their_identity_when_they_move_or_change(app):
    before = {lesson.key: lesson.lesson_id for lesson in get_outline(publish(course_draft()).id).lessons}
    moved = (ModuleDraft("lain", "Lain", (lesson_draft("c"), lesson_draft("a", title="Baru"), lesson_draft("d"))),)
    after = {lesson.key: lesson.lesson_id for lesson in get_outline(publish(course_draft(digest="2", modules=moved)).id).lessons}
    assert {key: after[key] for key in ("a", "c")} == {key: before[key] for key in ("a", "c")}
    assert after["d"] not in before.values()


def test_the_same_key_in_another_course_is_another_lesson(app):
    one = get_outline(publish(course_draft("satu")).id).lesson("a").lesson_id
    two = get_outline(publish(course_draft("dua")).id).lesson("a").lesson_id
    assert one != two


def test_an_outline_read_before_the_commit_is_not_kept(app):
    seen = []

    def fail_after_reading():
        with transaction():
            seen.append(get_outline(publish_version(course_draft(), None).id).title)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_reading()
    version = publish(course_draft("lain"))
    assert seen == ["Kursus pelayanan"]
    assert get_outline(version.id).title == "Kursus lain"


def test_a_current_outline_costs_one_query_once_it_was_read(app, count_queries):
    publish(course_draft())
    find_current_outline("pelayanan")
    count_queries.clear()
    assert find_current_outline("pelayanan") is not None
    assert len(count_queries) == 1


def test_publication_is_announced_with_what_it_replaces(app, monkeypatch):
    heard = []
    monkeypatch.setitem(events._inside, CourseVersionPublished, [heard.append])
    first, second = publish(course_draft()), publish(course_draft(digest="2"))
    assert [(event.version_id, event.previous_version_id) for event in heard] == [(first.id, None), (second.id, first.id)]


def test_a_published_version_stays_as_it_was(app):
    first = publish(course_draft())
    publish(course_draft(digest="2", title="Judul baru"))
    assert get_outline(first.id).title == "Kursus pelayanan"
    assert db.session.scalars(select(CourseVersion.number).order_by(CourseVersion.number)).all() == [1, 2]


def with_test(score: int, *, title: str = "Tes akhir") -> tuple[ModuleDraft, ...]:
    return (ModuleDraft("m", "Modul", (lesson_draft("a"), lesson_draft("tes", kind="quiz", title=title, content={"passing_score": score}))),)


def test_a_publication_is_noted_with_jp_and_passing_scores_before_and_after(client, app):
    instructor = make_user("Bambang", role=Role.INSTRUCTOR)
    publish(course_draft(modules=with_test(60)))
    publish(course_draft(modules=with_test(60)))
    with transaction():
        publish_version(course_draft(digest="2", jp=2, modules=with_test(70)), instructor.id, Door.STUDIO)
    with transaction():
        publish_version(course_draft(digest="3", jp=2, modules=with_test(0)), instructor.id, Door.STUDIO)
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "courses.version_published").order_by(AuditEntry.id)).all()
    course = find_course("pelayanan")
    assert {(entry.object_type, entry.object_id) for entry in noted} == {("course", course.id)}
    first = {"version": 1, "jp": 1, "passing_score": ["Tes akhir 60 %"]}
    second = {"version": 2, "jp": 2, "passing_score": ["Tes akhir 70 %"]}
    third = {"version": 3, "jp": 2, "passing_score": None}
    assert [(entry.actor_id, entry.before, entry.after) for entry in noted] == [
        (None, {}, first | {"through": "COMMAND_LINE"}),
        (instructor.id, first, second | {"through": "STUDIO"}),
        (instructor.id, second, third | {"through": "STUDIO"}),
    ]
    page = sign_in(client, make_user("Audi Tor", role=Role.AUDITOR)).get("/kelola/audit?tindakan=courses.version_published").text
    assert "Versi kursus diterbitkan" in page
    assert "JP: 1 menjadi 2" in page
    assert "nilai lulus: Tes akhir 60 % menjadi Tes akhir 70 %" in page
    assert "nilai lulus: Tes akhir 70 % menjadi –" in page
    assert "lewat: baris perintah" in page
    assert "lewat: studio" in page


def test_a_publication_that_fails_leaves_no_note(app):
    def fail():
        with transaction():
            publish_version(course_draft(), None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert db.session.scalars(select(AuditEntry)).all() == []
