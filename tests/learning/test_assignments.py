"""Who may assign what to whom, in which steps, and what the team page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.courses.outline import CourseOutline
from app.kernel import jobs
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict
from app.kernel.worker import drain
from app.learning import assignments, evidence, given, services
from app.learning.choosing import Choice
from app.learning.models import Assignment, AssignmentPerson, Enrollment
from app.notifications.models import Notification
from app.people import services as people_services
from app.people.models import AuditEntry, User
from tests.learning.factories import publish_course
from tests.people.factories import make_nip, make_unit, make_user, sign_in

At = Callable[..., None]
TOKEN = "t" * 24


class City:
    """A unit with a head, an admin and people; another unit with an outsider."""

    def __init__(self) -> None:
        self.unit = make_unit("Dinas Kesehatan")
        self.below = make_unit("Puskesmas Mekar", parent=self.unit)
        self.elsewhere = make_unit("Dinas Sosial")
        self.head = make_user("Raja Hafizah", role=Role.SUPERVISOR, unit=self.unit)
        self.admin = make_user("Muhammad Ridwan", role=Role.UNIT_ADMIN, unit=self.unit)
        self.training = make_user("Yulia Fransiska", role=Role.TRAINING_ADMIN, unit=self.elsewhere)
        self.siti = make_user("Siti Rahmah", unit=self.below, supervisor_id=self.head.id, nip=make_nip(7))
        self.budi = make_user("Budi Santoso", unit=self.unit, supervisor_id=self.head.id)
        self.outsider = make_user("Tuti Aminah", unit=self.elsewhere)
        self.course = publish_course()


@pytest.fixture
def city(app: Flask, at: At) -> City:
    at(2026, 11, 23, 9, 0)
    return City()


def give(assigner: User, course: CourseOutline, token: str = TOKEN, due_on: date | None = date(2026, 12, 1), reason: str = "", **choice: object) -> int:
    with transaction():
        assignment_id = assignments.give(assigner, course, Choice(**choice), due_on, reason, token)  # type: ignore[arg-type]
    assignments.carry(assignment_id)
    return assignment_id


def enrolled() -> dict[int, Enrollment]:
    db.session.rollback()
    return {row.user_id: row for row in db.session.scalars(select(Enrollment))}


def post(client: FlaskClient, path: str, **form: object) -> tuple[int, str]:
    answer = client.post(path, data=form)
    return answer.status_code, answer.text


def test_a_supervisor_assigns_to_the_team_with_a_date(client: FlaskClient, city: City) -> None:
    sign_in(client, city.head)
    page = client.get("/kursus/contoh/penugasan").text
    assert "Siti Rahmah" in page
    assert "Tuti Aminah" not in page
    token = re.search(r'name="token" value="([^"]+)"', page)[1]  # type: ignore[index]
    form = {"seluruh_tim": "1", "due_on": "2026-12-01", "reason": "Rencana kerja", "token": token}
    seen = client.post("/kursus/contoh/penugasan/tinjauan", data=form).text
    assert "untuk 2 orang" in seen
    answer = client.post("/kursus/contoh/penugasan", data=form)
    assert answer.status_code == 303
    assert "0 dari 2 orang sudah menyelesaikan" in client.get(answer.location).text
    found = enrolled()
    assert set(found) == {city.siti.id, city.budi.id}
    assert {(e.source, e.assigned_by_id, e.due_on) for e in found.values()} == {("ASSIGNED", city.head.id, date(2026, 12, 1))}
    assert evidence.verify(city.siti.id) == []


def test_sending_the_form_twice_is_one_assignment(client: FlaskClient, city: City) -> None:
    sign_in(client, city.head)
    form = {"orang": city.siti.id, "due_on": "2026-12-01", "token": TOKEN}
    first, second = (client.post("/kursus/contoh/penugasan", data=form).location for _ in range(2))
    assert first == second
    assert db.session.scalar(select(func.count()).select_from(Assignment)) == 1
    assert db.session.scalar(select(func.count()).select_from(Notification)) == 1


def test_a_unit_reaches_everybody_below_it(city: City) -> None:
    give(city.admin, city.course, unit_id=city.unit.id)
    assert set(enrolled()) == {city.siti.id, city.budi.id, city.head.id, city.admin.id}


def test_training_admin_reaches_everybody(city: City) -> None:
    give(city.training, city.course, unit_id=city.unit.id, person_ids=frozenset([city.outsider.id]))
    assert {city.outsider.id, city.siti.id} <= set(enrolled())


@pytest.mark.parametrize("path", ["/kursus/contoh/penugasan", "/penugasan", "/tim", "/penugasan/1"])
def test_these_pages_are_not_for_learners(client: FlaskClient, city: City, path: str) -> None:
    assert sign_in(client, city.siti).get(path).status_code == 403


@pytest.mark.parametrize("step", ["pilihan", "tinjauan", ""])
def test_somebody_elses_people_are_not_there(client: FlaskClient, city: City, step: str) -> None:
    path = f"/kursus/contoh/penugasan/{step}".rstrip("/")
    for who in (city.head, city.admin):
        sign_in(client, who)
        assert post(client, path, orang=city.outsider.id, token=TOKEN)[0] == 404
        assert post(client, path, unit=city.elsewhere.id, token=TOKEN)[0] == 404
    assert client.get(f"/kursus/contoh/penugasan?orang={city.outsider.id}").status_code == 404
    assert city.outsider.full_name not in client.get(f"/penugasan?orang={city.outsider.id}").text
    assert enrolled() == {}


def test_another_assigners_assignment_is_not_there(client: FlaskClient, city: City) -> None:
    number = give(city.head, city.course, whole_team=True)
    sign_in(client, city.admin)
    assert client.get(f"/penugasan/{number}").status_code == 404
    assert post(client, f"/penugasan/{number}/tenggat", due_on="2026-12-24")[0] == 404
    assert post(client, f"/penugasan/{number}/penarikan")[0] == 404
    assert post(client, "/kursus/contoh/penugasan", orang=city.budi.id, token=TOKEN)[0] == 422  # a foreign token
    assert enrolled()[city.siti.id].due_on == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"due_on": "2026-12-01"}, "Pilih unit atau paling sedikit satu orang."),
        ({"seluruh_tim": "1", "due_on": "2026-11-22"}, "Tenggat harus hari ini atau sesudahnya."),
        ({"seluruh_tim": "1", "due_on": "kemarin"}, "Tulis tanggal sebagai"),
        ({"seluruh_tim": "1", "due_on": "2126-11-22"}, "Tenggat ini terlalu jauh"),
        ({"seluruh_tim": "1", "reason": "x" * 501}, "Alasan paling banyak 500 karakter"),
    ],
)
def test_a_faulty_form_says_why_and_keeps_what_was_typed(client: FlaskClient, city: City, form: dict[str, str], said: str) -> None:
    sign_in(client, city.head)
    status, page = post(client, "/kursus/contoh/penugasan", token=TOKEN, **form)
    assert status == 422
    assert said in page
    assert form.get("due_on", "") in page
    assert enrolled() == {}


def test_people_are_found_by_name_and_by_number_without_an_address(client: FlaskClient, city: City) -> None:
    sign_in(client, city.admin)
    for text in ("siti rah", make_nip(7), str(city.siti.email)):
        assert "Siti Rahmah" in post(client, "/kursus/contoh/penugasan/pilihan", cari=text)[1]
    assert "Tidak ada pegawai aktif yang cocok" in post(client, "/kursus/contoh/penugasan/pilihan", cari="Tuti")[1]
    status, page = post(client, "/kursus/contoh/penugasan/pilihan", cari="budi", orang=city.siti.id)
    assert status == 200
    assert re.search(rf'value="{city.siti.id}" checked', page)


def test_who_completed_it_is_left_alone_and_who_takes_it_gets_the_date(city: City) -> None:
    with transaction():
        services.enrol(db.session.get_one(User, city.siti.id), city.course)
        services.enrol(db.session.get_one(User, city.budi.id), city.course)
    for key in ("satu", "dua", "tiga"):
        with transaction():
            services.complete_lesson(city.siti.id, city.course, city.course.lesson(key))
    number = give(city.head, city.course, whole_team=True)
    assert given.count_outcomes(number) == {"COMPLETED": 1, "ENROLLED": 1}
    assert enrolled()[city.siti.id].source == "SELF"
    assert enrolled()[city.budi.id].due_on == date(2026, 12, 1)


def test_changing_the_date_and_taking_back(client: FlaskClient, city: City) -> None:
    number = give(city.head, city.course, whole_team=True)
    sign_in(client, city.head)
    assert post(client, f"/penugasan/{number}/tenggat", due_on="2026-12-24")[0] == 303
    assert {e.due_on for e in enrolled().values()} == {date(2026, 12, 24)}
    post(client, f"/penugasan/{number}/tenggat", due_on="2026-01-01")
    assert "Tenggat harus hari ini" in client.get(f"/penugasan/{number}").text
    post(client, f"/penugasan/{number}/penarikan")
    assert {(e.source, e.due_on, e.assigned_by_id) for e in enrolled().values()} == {("SELF", None, None)}
    post(client, f"/penugasan/{number}/tenggat", due_on="2026-12-30")
    assert {e.due_on for e in enrolled().values()} == {None}


def test_a_date_somebody_else_gave_since_is_not_taken_back(city: City) -> None:
    number = give(city.head, city.course, person_ids=frozenset([city.siti.id]))
    give(city.training, city.course, token="u" * 24, due_on=date(2026, 12, 10), person_ids=frozenset([city.siti.id]))
    with transaction():
        assignments.withdraw(city.head.id, number)
    assignments.carry(number)
    assert (enrolled()[city.siti.id].due_on, enrolled()[city.siti.id].assigned_by_id) == (date(2026, 12, 10), city.training.id)


def test_many_people_are_left_to_the_worker_and_told_how_far_it_is(client: FlaskClient, city: City) -> None:
    for n in range(assignments.MOST_IN_REQUEST):
        make_user(f"Pegawai {n}", unit=city.unit)
    sign_in(client, city.admin)
    place = client.post("/kursus/contoh/penugasan", data={"unit": city.unit.id, "token": TOKEN}).location
    assert enrolled() == {}
    people = assignments.MOST_IN_REQUEST + 4
    assert client.get(place, headers={"Accept": "application/json"}).json == {"people": people, "carried": 0, "pending": people}
    assert "Sedang dibagikan" in client.get(place).text
    drain(client.application)
    assert len(enrolled()) == people
    assert "terdaftar baru" in client.get(place).text


def test_a_worker_that_died_half_way_goes_on_where_it_stopped(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(8):
        make_user(f"Pegawai {n}", unit=city.unit)
    with transaction():
        number = assignments.give(city.admin, city.course, Choice(unit_id=city.unit.id), None, "", TOKEN)
    calls = 0
    whole = services.enrol

    def dies(*args: object, **facts: object) -> object:
        nonlocal calls
        calls += 1
        if calls > assignments.AT_ONCE + 1:
            raise SystemExit
        return whole(*args, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(services, "enrol", dies)
    with pytest.raises(SystemExit):
        assignments.carry(number)
    assert len(enrolled()) == assignments.AT_ONCE
    monkeypatch.setattr(services, "enrol", whole)
    jobs.HANDLERS[assignments.CARRY].run(assignment_id=number)
    assert len(enrolled()) == 12
    assert db.session.scalar(select(func.count()).select_from(AssignmentPerson).where(AssignmentPerson.pending)) == 0


def test_closed_accounts_and_people_who_left_are_not_reached(city: City) -> None:
    with transaction():
        user = db.session.get_one(User, city.siti.id)
        assert user.employee
        user.employee.active = False
    give(city.admin, city.course, unit_id=city.unit.id)
    assert city.siti.id not in enrolled()


def test_the_way_in_stands_on_the_course_page_for_those_who_may(client: FlaskClient, city: City) -> None:
    assert "/kursus/contoh/penugasan" in sign_in(client, city.head).get("/kursus/contoh").text
    assert "/kursus/contoh/penugasan" not in sign_in(client, city.siti).get("/kursus/contoh").text


# ---- the team ----


def test_the_team_page_shows_own_people_with_courses_jp_and_what_is_late(client: FlaskClient, city: City, at: At) -> None:
    give(city.head, city.course, whole_team=True)
    for key in ("satu", "dua", "tiga"):
        with transaction():
            services.complete_lesson(city.budi.id, city.course, city.course.lesson(key))
    at(2026, 12, 2, 9, 0)
    sign_in(client, city.head)
    page = client.get("/tim").text
    assert "1 dari 2 orang melewati tenggat." in page
    assert "Siti Rahmah" in page
    assert "Tuti Aminah" not in page
    assert "1 dari 20" in page
    assert "1 kursus selesai" in page
    late = client.get("/tim?lewat=1").text
    assert "Siti Rahmah" in late
    assert "Budi Santoso" not in late


def test_a_unit_admin_sees_their_units_and_no_other(client: FlaskClient, city: City) -> None:
    sign_in(client, city.admin)
    page = client.get("/tim").text
    assert "Siti Rahmah" in page
    assert "Tuti Aminah" not in page
    assert client.get(f"/tim?unit={city.below.id}").text.count("Siti Rahmah") >= 1
    assert client.get(f"/tim?unit={city.elsewhere.id}").status_code == 404
    assert client.get("/tim?unit=x").status_code == 404


def test_a_number_typed_into_the_search_does_not_stay_in_the_address(client: FlaskClient, city: City) -> None:
    answer = sign_in(client, city.head).get(f"/tim?nama={make_nip(7)}")
    assert (answer.status_code, answer.location) == (303, "/tim")


def test_the_team_page_asks_as_much_for_200_people_as_for_5(client: FlaskClient, city: City, count_queries: list[str]) -> None:
    def queries() -> int:
        del count_queries[:]
        assert client.get("/tim").status_code == 200
        return len(count_queries)

    give(city.admin, city.course, unit_id=city.unit.id)
    sign_in(client, city.admin)
    queries()
    few = queries()
    with transaction():
        for n in range(200):
            people_services.create_user(f"Orang {n:03}", org_unit_id=city.unit.id, position="Analis")
    many = queries()
    assert few == many <= 12


def noted(*actions: str) -> list[tuple[str, int | None, int | None, dict[str, object], dict[str, object]]]:
    found = db.session.scalars(select(AuditEntry).where(AuditEntry.action.in_([f"learning.{action}" for action in actions])).order_by(AuditEntry.id))
    return [(entry.action, entry.actor_id, entry.object_id, entry.before, entry.after) for entry in found]


def test_giving_changing_and_withdrawing_are_in_the_audit_log_once(client: FlaskClient, city: City) -> None:
    number = give(city.head, city.course, whole_team=True, reason="Rencana kerja")
    assert give(city.head, city.course, whole_team=True) == number
    for _twice in range(2):
        with transaction():
            assignments.change_due(city.head.id, number, date(2026, 12, 5))
    for _twice in range(2):
        with transaction():
            assignments.withdraw(city.head.id, number)
    with pytest.raises(Conflict), transaction():
        assignments.change_due(city.head.id, number, date(2026, 12, 6))
    assert noted("course_assigned", "due_date_changed", "assignment_withdrawn") == [
        ("learning.course_assigned", city.head.id, number, {}, {"people": 2, "due_on": "2026-12-01"}),
        ("learning.due_date_changed", city.head.id, number, {"due_on": "2026-12-01"}, {"due_on": "2026-12-05", "people": 2}),
        ("learning.assignment_withdrawn", city.head.id, number, {}, {"people": 2}),
    ]
    page = sign_in(client, make_user("Audi Tor", role=Role.AUDITOR)).get("/kelola/audit").text
    assert "Kursus ditugaskan" in page
    assert ">Penugasan Kursus contoh</a>" in page
    assert "tenggat: 1 Desember 2026 menjadi 5 Desember 2026" in page


def test_the_audit_log_names_the_one_person_or_the_unit_that_was_chosen(client: FlaskClient, city: City) -> None:
    give(city.head, city.course, person_ids=frozenset([city.siti.id]), due_on=None)
    give(city.admin, city.course, token="u" * 24, unit_id=city.below.id)
    assert [after for *_rest, after in noted("course_assigned")] == [
        {"people": 1, "due_on": None, "user_id": city.siti.id},
        {"people": 1, "due_on": "2026-12-01", "unit_id": city.below.id},
    ]
    page = sign_in(client, make_user("Audi Tor", role=Role.AUDITOR)).get("/kelola/audit?tindakan=learning.course_assigned").text
    assert "orang: Siti Rahmah" in page
    assert "unit: Puskesmas Mekar" in page
