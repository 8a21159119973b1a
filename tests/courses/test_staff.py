"""BKPSDM says who is in a course's team; nobody else does."""

import pytest
from sqlalchemy import select

from app.courses import staff
from app.courses.models import CourseStaff
from app.courses.permissions import EDIT_COURSES
from app.courses.queries import find_course, titles_of
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import Invalid, NotFound
from app.people.models import AuditEntry
from app.people.queries import find_holders
from app.people.services import disable_user
from tests.learning.factories import publish_course
from tests.people.factories import make_unit, make_user, sign_in

TEAM = "/kelola/kursus/contoh/tim"


@pytest.fixture
def cast(app):
    """Yulia names; Bambang teaches; Citra learns."""
    unit = make_unit("BKPSDM")
    publish_course()
    return {
        "yulia": make_user("Yulia Fransiska", role=Role.TRAINING_ADMIN, unit=unit),
        "bambang": make_user("Bambang Setiawan", role=Role.INSTRUCTOR, unit=unit),
        "citra": make_user("Citra Dewi", unit=unit),
    }


def team():
    db.session.rollback()
    return {row.user_id: row.role for row in db.session.scalars(select(CourseStaff))}


def test_somebody_is_found_by_name_and_named(client, cast):
    sign_in(client, cast["yulia"])
    page = client.post(f"{TEAM}/pilihan", data={"cari": "bambang"}).text
    assert "Bambang Setiawan" in page
    assert client.post(TEAM, data={"orang": cast["bambang"].id, "peran": "INSTRUCTOR"}).status_code == 303
    assert team() == {cast["bambang"].id: "INSTRUCTOR"}
    assert "Bambang Setiawan" in client.get("/kelola/kursus").text
    assert "Bambang Setiawan" in client.get(TEAM).text
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "courses.staff_named")).one()
    assert (entry.actor_id, entry.after["user_id"]) == (cast["yulia"].id, cast["bambang"].id)


def test_the_audit_log_tells_of_it_in_words(client, cast):
    sign_in(client, cast["yulia"])
    client.post(TEAM, data={"orang": cast["bambang"].id, "peran": "INSTRUCTOR"})
    log = client.get("/kelola/audit?tindakan=courses.staff_named").text
    assert "peran: Instruktur" in log
    assert "INSTRUCTOR" not in log
    course = find_course("contoh")
    assert course is not None
    assert f">Kursus {titles_of({course.id})[course.id]}</a>" in log


def test_naming_again_changes_the_role_and_naming_the_same_changes_nothing(client, cast):
    sign_in(client, cast["yulia"])
    for role in ("INSTRUCTOR", "EDITOR", "EDITOR"):
        client.post(TEAM, data={"orang": cast["bambang"].id, "peran": role})
    assert team() == {cast["bambang"].id: "EDITOR"}
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "courses.staff_named")).all()) == 2


def test_removing_somebody_is_noted_and_removing_them_twice_is_refused(client, cast):
    sign_in(client, cast["yulia"])
    client.post(TEAM, data={"orang": cast["bambang"].id, "peran": "EDITOR"})
    assert client.post(f"{TEAM}/{cast['bambang'].id}/keluar").status_code == 303
    assert team() == {}
    assert client.post(f"{TEAM}/{cast['bambang'].id}/keluar").status_code == 404
    assert db.session.scalars(select(AuditEntry).where(AuditEntry.action == "courses.staff_removed")).one().before["role"] == "EDITOR"


def test_a_learner_is_neither_found_nor_accepted(client, cast):
    sign_in(client, cast["yulia"])
    assert "Citra Dewi" not in client.post(f"{TEAM}/pilihan", data={"cari": "citra"}).text
    refused = client.post(TEAM, data={"orang": cast["citra"].id, "peran": "EDITOR"})
    assert refused.status_code == 422
    assert "peran instruktur" in refused.text
    assert team() == {}


@pytest.mark.parametrize("data", [{}, {"orang": "satu"}, {"orang": "9" * 30, "peran": "EDITOR"}, {"orang": "999999", "peran": "EDITOR"}])
def test_bad_input_is_refused_in_words(client, cast, data):
    sign_in(client, cast["yulia"])
    assert client.post(TEAM, data=data).status_code == 422


def test_an_unknown_role_is_refused(app, cast):
    with pytest.raises(Invalid), transaction():
        staff.add_to_team(find_course("contoh"), cast["bambang"].id, "OWNER", cast["yulia"].id)


DOORS = [("get", "/kelola/kursus"), ("get", TEAM), ("post", f"{TEAM}/pilihan"), ("post", TEAM), ("post", f"{TEAM}/1/keluar")]


@pytest.mark.parametrize("who", ["bambang", "citra"])
def test_nobody_else_gets_in(client, cast, who):
    sign_in(client, cast[who])
    assert [getattr(client, method)(path).status_code for method, path in DOORS] == [403] * len(DOORS)


def test_an_unknown_course_is_not_found(client, cast):
    sign_in(client, cast["yulia"])
    assert client.get("/kelola/kursus/tidak-ada/tim").status_code == 404
    assert client.post("/kelola/kursus/tidak-ada/tim", data={"orang": cast["bambang"].id, "peran": "EDITOR"}).status_code == 404


def test_the_team_may_edit_its_course_and_nobody_elses(app, cast):
    publish_course("lain")
    course = find_course("contoh")
    with transaction():
        staff.add_to_team(course, cast["bambang"].id, "EDITOR", cast["yulia"].id)
        staff.add_to_team(course, cast["yulia"].id, "EDITOR", cast["yulia"].id)
    assert staff.get_course_to_edit(cast["bambang"], "contoh").slug == "contoh"
    assert staff.get_course_to_edit(cast["yulia"], "lain").slug == "lain"
    for person, slug in ((cast["bambang"], "lain"), (cast["citra"], "contoh"), (cast["bambang"], "tidak-ada")):
        with pytest.raises(NotFound):
            staff.get_course_to_edit(person, slug)


def test_somebody_who_lost_the_role_stays_in_sight_and_cannot_edit(app, cast):
    with transaction():
        staff.add_to_team(find_course("contoh"), cast["bambang"].id, "EDITOR", cast["yulia"].id)
    with transaction():
        disable_user(cast["yulia"], db.session.merge(cast["bambang"]))
    assert [member.can_edit for member in staff.list_team(find_course("contoh").id)] == [False]
    assert find_holders(cast["yulia"], EDIT_COURSES, "bambang") == []


def test_the_lists_cost_the_same_however_long_they_are(client, cast, count_queries):
    sign_in(client, cast["yulia"])
    client.get("/kelola/kursus")
    costs = []
    for number in range(2):
        count_queries.clear()
        client.get("/kelola/kursus")
        costs.append(len(count_queries))
        for more in range(3):
            publish_course(f"k{number}{more}")
    assert costs[0] == costs[1]
