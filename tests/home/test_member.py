"""The record of one person, for who answers for their learning: who may look, what they see, that it is written down."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.learning import services
from app.learning.team import read_team
from app.people.models import AuditEntry, EmploymentType, User
from app.people.nip import grouped
from tests.learning.factories import publish_course
from tests.people.factories import make_nip, make_unit, make_user, sign_in


@pytest.fixture
def head(app, at) -> User:
    at(2026, 11, 23, 9, 0)
    return make_user("Raja Hafizah", unit=make_unit(code="A"), role=Role.SUPERVISOR)


@pytest.fixture
def siti(head) -> User:
    course = publish_course()
    user = make_user("=Siti Rahmah", unit=head.employee.org_unit, supervisor_id=head.id, email="siti@b.go.id")
    with transaction():
        services.enrol(db.session.get_one(User, user.id), course, assigned_by=db.session.get_one(User, head.id), due_on=date(2026, 12, 1))
    for item in course.lessons:
        with transaction():
            services.complete_lesson(user.id, course, item)
    return user


def looks() -> list[tuple[int | None, str, int | None]]:
    found = db.session.execute(select(AuditEntry.actor_id, AuditEntry.action, AuditEntry.object_id).where(AuditEntry.action.startswith("learning.")))
    return [tuple(row) for row in found]


def test_a_supervisor_sees_courses_jp_with_reasons_and_the_look_is_written_down(client, head, siti):
    page = sign_in(client, head).get(f"/tim/{siti.id}")
    assert page.headers["Cache-Control"] == "no-store"
    assert "=Siti Rahmah" in page.text
    assert "Dari mana angka ini" in page.text
    assert "Kursus contoh" in page.text
    assert "rantai bukti belajar orang ini" in page.text
    assert "/kuis/percobaan/" not in page.text
    assert looks() == [(head.id, "learning.progress_seen", siti.id)]
    assert f'href="/tim/{siti.id}"' in client.get("/tim").text


def test_nobody_sees_a_record_out_of_reach(client, head, siti):
    other = make_user("Kepala Lain", unit=make_unit(code="B"), role=Role.SUPERVISOR)
    for who, status in ((other, 404), (siti, 403), (make_user("Peserta"), 403)):
        assert sign_in(client, who).get(f"/tim/{siti.id}").status_code == status
    assert sign_in(client, head).get(f"/tim/{head.id}").status_code == 404
    assert client.get("/tim/999999").status_code == 404
    assert client.get(f"/tim/{siti.id}?tahun=2999").status_code == 404
    client.delete_cookie("session")
    assert looks() == []


def test_a_closed_account_is_not_shown(client, head, siti):
    with transaction():
        db.session.get_one(User, siti.id).disabled_at = db.session.get_one(User, siti.id).created_at
    assert sign_in(client, head).get(f"/tim/{siti.id}").status_code == 404


@pytest.mark.parametrize("kind", [EmploymentType.PPPK, EmploymentType.PPPK_PW])
def test_a_pppk_is_told_no_rule_for_pns_as_the_basis_of_the_target(client, app, at, kind):
    at(2026, 11, 23, 9, 0)
    sign_in(client, make_user("Ani", unit=make_unit(code="A"), employment_type=kind))
    page = client.get("/rekam-jejak").text
    assert "PP 11/2017" not in page
    assert "tidak menetapkan jumlah JP paling sedikit" in page
    assert "PP 49/2018 pasal 39-40" in page
    sign_in(client, make_user("Budi", unit=make_unit(code="B"), email="budi@b.go.id"))
    assert "Dasar target: PP 11/2017" in client.get("/rekam-jejak").text


def test_the_team_can_be_taken_along_and_no_cell_runs(client, head, siti):
    rest = make_user("Tuti", unit=head.employee.org_unit, supervisor_id=head.id, email="tuti@b.go.id")
    sign_in(client, head)
    answer = client.get("/tim/ekspor.csv")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("text/csv", "no-store")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:4] == ["Nama", "Nomor orang", "Jabatan", "Unit"]
    assert [row[1] for row in rows[1:]] == [str(siti.id), str(rest.id)]
    assert [(row[0], row[6], row[9]) for row in rows[1:]] == [("'=Siti Rahmah", "Kursus contoh", "Selesai"), (rest.full_name, "", "Belum mengikuti kursus")]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(client.get("/tim/ekspor.xlsx?nama=siti").data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet[1:]] == ["'=Siti Rahmah"]
    assert [what for _who, what, _object in looks()] == ["learning.progress_exported"] * 2


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_jp_and_target_of_a_person_with_two_courses_stand_once_and_add_up(client, head, siti, kind):
    second = publish_course("kedua")
    with transaction():
        services.enrol(db.session.get_one(User, siti.id), second)
    make_user("Tuti", unit=head.employee.org_unit, supervisor_id=head.id)
    sign_in(client, head)
    data = client.get(f"/tim/ekspor.{kind}").data
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    else:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    jp, target, course = rows[0].index("JP 2026"), rows[0].index("Target JP"), rows[0].index("Kursus")
    of_siti = [row for row in rows[1:] if row[0] == "'=Siti Rahmah"]
    assert [row[course] for row in of_siti] == ["Kursus kedua", "Kursus contoh"]
    assert [(row[jp], row[target]) for row in of_siti] == [("1", "20"), ("", "")]
    shown = read_team(db.session.get_one(User, head.id))
    assert sum(int(row[jp]) for row in rows[1:] if row[jp]) == sum(member.jp for member in shown.members)
    assert sum(int(row[target]) for row in rows[1:] if row[target]) == sum(member.target for member in shown.members)
    assert len([row for row in rows[1:] if row[jp]]) == shown.total


def test_a_nip_goes_along_only_for_who_may_export_people_and_only_theirs(client, head, siti):
    other = make_unit(code="B")
    make_user("Budi", unit=other, nip=make_nip(8))
    own = make_user("Tuti", unit=head.employee.org_unit, nip=make_nip(7), supervisor_id=head.id)
    admin = make_user("Ridwan", unit=head.employee.org_unit, roles=[Role.UNIT_ADMIN, Role.AUDITOR])
    rows = list(csv.reader(io.StringIO(sign_in(client, admin).get("/tim/ekspor.csv").data.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:3] == ["Nama", "NIP", "Nomor orang"]
    assert {row[0]: row[1] for row in rows[1:] if row[0] in ("Tuti", "Budi")} == {"Tuti": grouped(make_nip(7)), "Budi": ""}
    told = sign_in(client, head).get("/tim/ekspor.csv").data.decode("utf-8-sig")
    assert str(own.id) in told
    assert "NIP" not in told
    assert make_nip(7) not in told.replace(" ", "")


def test_exports_reach_no_further_than_the_pages(client, head, siti):
    other = make_user("Kepala Lain", unit=make_unit(code="B"), role=Role.SUPERVISOR)
    sign_in(client, other)
    assert len(client.get("/tim/ekspor.csv").data.decode().strip().splitlines()) == 1
    assert client.get(f"/tim/ekspor.csv?unit={head.employee.org_unit_id}").status_code == 404
    assert client.get("/tim/ekspor.pdf").status_code == 404
    sign_in(client, siti)
    for path in ("/tim/ekspor.csv", "/penugasan/ekspor.csv", "/penugasan/1/ekspor.xlsx"):
        assert client.get(path).status_code == 403


def test_an_assignment_and_its_people_can_be_taken_along(client, head, siti):
    sign_in(client, head)
    place = client.post("/kursus/contoh/penugasan", data={"orang": siti.id, "token": "t" * 24, "reason": "+wajib"}).location
    assert f'href="/tim/{siti.id}"' in client.get(place).text
    people = client.get(f"{place}/ekspor.csv").data.decode("utf-8-sig")
    assert "'=Siti Rahmah" in people
    assert "sudah selesai sebelumnya" in people
    given = list(csv.reader(io.StringIO(client.get("/penugasan/ekspor.csv").data.decode("utf-8-sig")), delimiter=";"))
    assert [(row[0], row[3], row[4], row[5]) for row in given[1:]] == [("Kursus contoh", "'+wajib", "1", "1")]
    other = make_user("Kepala Lain", unit=make_unit(code="B"), role=Role.SUPERVISOR)
    assert sign_in(client, other).get(f"{place}/ekspor.csv").status_code == 404
