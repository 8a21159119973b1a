"""People for those who look after them: who is seen, what may be changed, what is refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app.courses.permissions import EDIT_COURSES
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.people.models import AuditEntry, EmployeeIdentifier, RoleGrant, UnitMembership, User
from app.people.permissions import VIEW_PEOPLE
from app.people.queries import Holder, find_holders, get_user, visible_user_ids
from tests.people.factories import PASSWORD, make_nip, make_unit, make_user, sign_in


@pytest.fixture
def city(app):
    """Two agencies: Alma administers A, where Budi works; Cici works in B."""

    class City:
        top = make_unit("Kota")
        a, b = make_unit("Dinas A", parent=top), make_unit("Dinas B", parent=top)
        below = make_unit("Bidang A1", parent=a)
        alma = make_user("Alma Admin", role=Role.UNIT_ADMIN, unit=a, nip=make_nip(1))
        budi = make_user("Budi Bidang", unit=below, nip=make_nip(2), since=date(2021, 1, 1))
        cici = make_user("Cici Lain", unit=b, nip=make_nip(3))
        boss = make_user("Bos BKPSDM", role=Role.TRAINING_ADMIN, unit=a)

    return City


def _form(**changes):
    return {
        "full_name": "Dedi Baru",
        "email": "dedi@contoh.go.id",
        "nip": make_nip(9),
        "employment_type": "PNS",
        "grade_code": "III/c",
        "position": "Analis",
        "position_type": "PELAKSANA",
        "position_tier": "",
        "supervisor": "",
        "since": "2026-01-05",
        "active": "1",
    } | changes


def test_reach_decides_whom_one_sees(city):
    chief = make_user(role=Role.SUPERVISOR, unit=city.b)
    with transaction():
        get_user(city.cici.id).employee.supervisor_id = chief.id
    seen = {who.full_name: set(db.session.scalars(visible_user_ids(who, VIEW_PEOPLE))) for who in (city.alma, chief, city.budi)}
    assert seen["Alma Admin"] == {city.alma.id, city.budi.id, city.boss.id}
    assert seen[chief.full_name] == {chief.id, city.cici.id}
    assert seen["Budi Bidang"] == set()
    assert len(set(db.session.scalars(visible_user_ids(city.boss, VIEW_PEOPLE)))) == 5


def test_who_names_a_team_finds_the_holders_of_the_right_whom_they_may_see(city):
    here, there = (make_user(f"Dewi Pengajar {unit.name}", role=Role.INSTRUCTOR, unit=unit) for unit in (city.a, city.b))
    make_user("Dewi Peserta", unit=city.a)
    assert [one.user_id for one in find_holders(city.boss, EDIT_COURSES, "pengajar dewi")] == [here.id, there.id]
    assert find_holders(city.alma, EDIT_COURSES, "dewi") == [Holder(here.id, here.full_name, "Dinas A")]
    assert find_holders(city.boss, EDIT_COURSES, "dewi", known=[here.id, there.id]) == []
    assert find_holders(city.budi, EDIT_COURSES, "dewi") == []
    assert find_holders(city.boss, EDIT_COURSES, "  ") == []


def test_another_units_admin_finds_nobody_there(client, city):
    sign_in(client, city.alma)
    cici = f"/kelola/pegawai/{city.cici.id}"
    assert client.get(cici).status_code == 404
    assert client.get(f"{cici}/ubah").status_code == 404
    for action in ("ubah", "kode", "nonaktif", "aktif"):
        assert client.post(f"{cici}/{action}", data=_form()).status_code == 404, action
    for action in ("peran", "peran/1/hapus", "verifikasi/mati"):
        assert client.post(f"{cici}/{action}", data={"role": "learner"}).status_code == 403, action
    assert "Cici" not in client.get("/kelola/pegawai").text


def test_the_list_filters_by_name_and_unit(client, city):
    sign_in(client, city.boss)
    page = client.get(f"/kelola/pegawai?nama=bud&unit={city.a.id}").text
    assert "Budi Bidang" in page
    assert "Alma" not in page.split("<tbody>")[1]
    assert "Tidak ada yang cocok" in client.get("/kelola/pegawai?nama=%25").text


def test_a_nip_is_searched_by_post_and_never_stays_in_an_address(client, city, capfd):
    sign_in(client, city.alma)
    found = client.post("/kelola/pegawai/cari", data={"cari": "19900517 201503 1 002"})
    assert found.location == f"/kelola/pegawai/{city.budi.id}"
    assert client.post("/kelola/pegawai/cari", data={"cari": make_nip(3)}).location == "/kelola/pegawai"
    assert client.post("/kelola/pegawai/cari", data={"cari": "budi"}).location == "/kelola/pegawai?nama=budi"
    assert client.get("/kelola/pegawai?nama=19900517%20201503%201%20002").location == "/kelola/pegawai"
    assert make_nip(2) not in "".join(capfd.readouterr())


def test_the_list_costs_the_same_for_many(client, city, count_queries):
    sign_in(client, city.boss)
    client.get("/kelola/pegawai")
    count_queries.clear()
    client.get("/kelola/pegawai")
    few = len(count_queries)
    for _ in range(20):
        make_user(unit=city.b)
    count_queries.clear()
    client.get("/kelola/pegawai")
    assert len(count_queries) == few


def test_numbers_are_masked_for_those_who_only_look(client, city):
    sign_in(client, make_user(role=Role.AUDITOR))
    for path in ("/kelola/pegawai", f"/kelola/pegawai/{city.budi.id}"):
        page = client.get(path).text
        assert "19900517******1002" in page
        assert "201503" not in page


def test_looking_at_a_person_is_noted(client, city):
    sign_in(client, city.alma)
    client.get(f"/kelola/pegawai/{city.budi.id}")
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "people.person_seen"))
    assert (entry.actor_id, entry.object_id) == (city.alma.id, city.budi.id)


def test_a_new_person_belongs_to_the_unit_from_the_day_given(client, city):
    sign_in(client, city.alma)
    answer = client.post("/kelola/pegawai/baru", data=_form(org_unit_id=city.below.id, supervisor=make_nip(1)))
    user = get_user(int(answer.location.rsplit("/", 1)[1]))
    assert user.employee.supervisor_id == city.alma.id
    assert user.password_hash is None
    assert db.session.scalar(select(UnitMembership.valid_from).where(UnitMembership.employee_id == user.employee.id)) == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"full_name": " "}, "full_name"),
        ({"email": "bukan surel"}, "email"),
        ({"email": "SAMA@contoh.go.id"}, "email"),
        ({"nip": "123"}, "nip"),
        ({"nip": make_nip(2)}, "nip"),
        ({"employment_type": "HONORER"}, "employment_type"),
        ({"grade_code": "III/c ruang lain"}, "grade_code"),
        ({"org_unit_id": ""}, "org_unit_id"),
        ({"org_unit_id": "OTHER"}, "org_unit_id"),
        ({"supervisor": "tidak@ada.go.id"}, "supervisor"),
        ({"since": "kemarin"}, "since"),
    ],
)
def test_a_refused_person_says_which_field_and_keeps_what_was_typed(client, city, changes, field):
    make_user(email="sama@contoh.go.id")
    before = db.session.scalar(select(func.count()).select_from(User))
    sign_in(client, city.alma)
    form = _form(org_unit_id=city.below.id) | changes
    form["org_unit_id"] = city.b.id if form["org_unit_id"] == "OTHER" else form["org_unit_id"]
    answer = client.post("/kelola/pegawai/baru", data=form)
    assert answer.status_code in (409, 422)
    assert f"f-{field}-error" in answer.text
    assert "Analis" in answer.text
    assert db.session.scalar(select(func.count()).select_from(User)) == before


def test_a_change_keeps_the_history_of_unit_and_number(client, city):
    sign_in(client, city.alma)
    form = _form(full_name="Budi Bidang", email=city.budi.email, nip=make_nip(7), org_unit_id=city.a.id, position="Ketua Tim", since="2026-09-01")
    assert client.post(f"/kelola/pegawai/{city.budi.id}/ubah", data=form).status_code == 303
    db.session.expire_all()
    budi = get_user(city.budi.id)
    assert (budi.employee.nip, budi.employee.org_unit_id) == (make_nip(7), city.a.id)
    identifiers = db.session.execute(select(EmployeeIdentifier.nip, EmployeeIdentifier.valid_to).where(EmployeeIdentifier.employee_id == budi.employee.id))
    assert {nip: bool(end) for nip, end in identifiers} == {make_nip(2): True, make_nip(7): False}
    assert client.post("/kelola/pegawai/baru", data=_form(nip=make_nip(2), org_unit_id=city.a.id)).status_code == 409
    assert "NIP" not in str(db.session.scalars(select(AuditEntry.after)).all())
    assert make_nip(7) not in str(db.session.scalars(select(AuditEntry.after)).all())


def test_a_change_begins_neither_in_the_future_nor_inside_the_history(client, city):
    sign_in(client, city.alma)
    edit = f"/kelola/pegawai/{city.budi.id}/ubah"
    form = _form(full_name="Budi Bidang", email=city.budi.email, nip=make_nip(2), org_unit_id=city.a.id, position="Ketua Tim")
    for since in ((clock.today() + timedelta(days=1)).isoformat(), "2020-12-31"):
        answer = client.post(edit, data=form | {"since": since})
        assert (answer.status_code, "f-since-error" in answer.text) == (422, True), since
    assert client.post("/kelola/pegawai/baru", data=_form(org_unit_id=city.a.id, since="2099-01-01")).status_code == 422
    assert get_user(city.budi.id).employee.org_unit_id == city.below.id
    for position in ("Ketua Tim", "Ketua"):  # the second corrects the first, which began on the same day
        assert client.post(edit, data=form | {"position": position, "since": "2026-09-01"}).status_code == 303
    rows = db.session.execute(
        select(UnitMembership.position, UnitMembership.valid_from, UnitMembership.valid_to)
        .where(UnitMembership.employee_id == city.budi.employee.id)
        .order_by(UnitMembership.valid_from)
    ).all()
    assert [tuple(row)[1:] for row in rows] == [(date(2021, 1, 1), date(2026, 8, 31)), (date(2026, 9, 1), None)]
    assert rows[1].position == "Ketua"
    assert "berlaku mulai: 1 September 2026" in sign_in(client, city.boss).get("/kelola/audit?tindakan=people.person_edited").text


def test_saving_what_is_so_already_changes_and_records_nothing(client, city):
    sign_in(client, city.alma)
    form = _form(full_name="Budi Bidang", email=city.budi.email, nip=make_nip(2), grade_code="", position="Analis", org_unit_id=city.below.id)
    page = client.post(f"/kelola/pegawai/{city.budi.id}/ubah", data=form, follow_redirects=True).text
    assert "Tidak ada yang berubah." in page
    assert db.session.scalar(select(func.count()).where(AuditEntry.action == "people.person_edited")) == 0


def test_the_line_of_supervisors_never_closes(client, city):
    sign_in(client, city.boss)
    with transaction():
        get_user(city.alma.id).employee.supervisor_id = city.budi.id
    form = _form(full_name="Budi Bidang", email=city.budi.email, nip=make_nip(2), org_unit_id=city.below.id, supervisor=city.alma.email)
    answer = client.post(f"/kelola/pegawai/{city.budi.id}/ubah", data=form)
    assert answer.status_code == 422
    assert "berputar" in answer.text


def test_an_admin_hands_out_a_code_that_opens_the_account(client, city, app):
    sign_in(client, city.alma)
    page = client.post(f"/kelola/pegawai/{city.budi.id}/kode")
    code = page.text.split('issued-code num">')[1].split("<")[0]
    assert page.headers["Cache-Control"] == "no-store"
    form = {"identifier": make_nip(2), "code": code, "password": "Perahu-Layar 9 tiang", "repeat": "Perahu-Layar 9 tiang"}
    assert app.test_client().post("/masuk/kode", data=form).location == "/beranda"


def test_a_unit_admin_cannot_take_over_a_stronger_account(client, city):
    sign_in(client, city.alma)
    boss = f"/kelola/pegawai/{city.boss.id}"
    assert client.post(f"{boss}/kode").status_code == 403
    assert client.post(f"{boss}/nonaktif").status_code == 403
    form = _form(full_name=city.boss.full_name, email="milik-alma@contoh.go.id", nip="", org_unit_id=city.a.id)
    assert client.post(f"{boss}/ubah", data=form).status_code == 403
    db.session.expire_all()
    assert get_user(city.boss.id).email != "milik-alma@contoh.go.id"


@pytest.mark.parametrize("change", [{"full_name": "Bukan Bos"}, {"nip": make_nip(8)}, {"active": None}])
def test_a_unit_admin_changes_neither_who_a_stronger_account_is_nor_whether_it_is_active(client, city, change):
    sign_in(client, city.alma)
    boss = get_user(city.boss.id)
    same = {"full_name": boss.full_name, "email": boss.email or "", "nip": boss.employee.nip or "", "position": boss.employee.position}
    form = {name: value for name, value in (_form(**same, org_unit_id=city.a.id) | change).items() if value is not None}
    assert client.post(f"/kelola/pegawai/{boss.id}/ubah", data=form).status_code == 403
    db.session.expire_all()
    kept = get_user(city.boss.id)
    assert (kept.full_name, kept.employee.nip, kept.employee.active) == ("Bos BKPSDM", same["nip"] or None, True)
    sign_in(client, make_user(role=Role.SYSTEM_ADMIN))
    assert client.post(f"/kelola/pegawai/{kept.id}/ubah", data=form).status_code == 303


def test_roles_are_handed_out_within_limits(client, city):
    sign_in(client, city.boss)
    budi = f"/kelola/pegawai/{city.budi.id}/peran"
    assert client.post(budi, data={"role": "unit_admin"}).status_code == 422
    assert client.post(budi, data={"role": "unit_admin", "org_unit_id": city.a.id}).status_code == 303
    assert client.post(budi, data={"role": "raja"}).status_code == 422
    assert client.post(budi, data={"role": "system_admin"}).status_code == 403
    grant_id = db.session.scalar(select(RoleGrant.id).where(RoleGrant.user_id == city.budi.id, RoleGrant.role == "unit_admin"))
    assert client.post(f"{budi}/{grant_id}/hapus").status_code == 303
    assert db.session.get(RoleGrant, grant_id) is None


def test_the_last_system_admin_keeps_the_role(client, city):
    root = make_user(role=Role.SYSTEM_ADMIN)
    sign_in(client, root)
    grant_id = db.session.scalar(select(RoleGrant.id).where(RoleGrant.role == "system_admin"))
    assert client.post(f"/kelola/pegawai/{root.id}/peran/{grant_id}/hapus").status_code == 409


def test_a_disabled_person_is_out_at_once(client, city, app):
    theirs = sign_in(app.test_client(), city.budi)
    sign_in(client, city.alma)
    assert client.post(f"/kelola/pegawai/{city.budi.id}/nonaktif").status_code == 303
    assert theirs.get("/masuk").status_code == 200
    assert theirs.post("/masuk", data={"identifier": city.budi.email, "password": PASSWORD}).status_code == 422
    assert client.post(f"/kelola/pegawai/{city.budi.id}/aktif").status_code == 303
    assert theirs.post("/masuk", data={"identifier": city.budi.email, "password": PASSWORD}).status_code == 303


def test_naming_a_supervisor_elsewhere_tells_no_number(client, city):
    """Whoever knows an address must not read the NIP off the form, and saving the form again keeps the supervisor."""
    sign_in(client, city.alma)
    edit = f"/kelola/pegawai/{city.budi.id}/ubah"
    form = _form(full_name="Budi Bidang", email="", nip=make_nip(2), org_unit_id=city.below.id)
    assert client.post(edit, data=form | {"supervisor": city.cici.email}).status_code == 303
    page = client.get(edit).text
    assert 'value="Cici Lain"' in page
    assert make_nip(3)[-6:] not in page.replace(" ", "")
    assert client.post(edit, data=form | {"supervisor": "Cici Lain", "position": "Arsiparis"}).status_code == 303
    employee = get_user(city.budi.id).employee
    assert (employee.supervisor_id, employee.position) == (city.cici.id, "Arsiparis")
    assert client.post(edit, data=form | {"supervisor": "Bos BKPSDM"}).status_code == 422


@pytest.mark.parametrize("since", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31", "2026-02-30", ""])
def test_a_day_that_cannot_be_meant_is_refused(client, city, since):
    sign_in(client, city.alma)
    answer = client.post(f"/kelola/pegawai/{city.budi.id}/ubah", data=_form(org_unit_id=city.below.id, since=since))
    assert answer.status_code == 422


def test_the_audit_log_up_to_the_end_of_time_is_refused(client, city):
    sign_in(client, city.boss)
    assert client.get("/kelola/audit?sampai=9999-12-31").status_code == 422
    assert client.get("/kelola/audit?sampai=2026-12-31").status_code == 200


@pytest.mark.parametrize("path", ["/kelola/pegawai", "/kelola/audit", "/profil", "/tim", "/penugasan"])
def test_pages_about_people_are_kept_by_no_browser(client, city, path):
    sign_in(client, city.boss)
    assert client.get(path).headers["Cache-Control"] == "no-store"
