"""The organization's tree: seeded once, changed with its history kept, seen by reach."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, Invalid
from app.people import units
from app.people.models import OrgUnit, OrgUnitName, UnitMembership, User
from app.people.permissions import VIEW_UNITS
from app.people.queries import get_unit, visible_unit_ids
from app.people.seeding import seed_units
from tests.people.factories import make_nip, make_unit, make_user, sign_in


def test_the_citys_structure_is_seeded_once(app):
    with transaction():
        added = seed_units()
    with transaction():
        assert seed_units() == 0
    assert added == db.session.scalar(select(func.count()).select_from(OrgUnit))
    kinds = dict(db.session.execute(select(OrgUnit.kind, func.count()).group_by(OrgUnit.kind)).all())
    assert (kinds["kecamatan"], kinds["kelurahan"]) == (4, 18)
    timur = db.session.scalar(select(OrgUnit).where(OrgUnit.name == "Kelurahan Tanjungpinang Timur"))
    assert get_unit(timur.parent_id).name == "Kecamatan Bukit Bestari"


def test_moving_rewrites_every_path_below(app):
    city = make_unit("Kota")
    old, new = make_unit("Dinas Lama", parent=city), make_unit("Dinas Baru", parent=city)
    child = make_unit("Bidang", parent=old)
    leaf = make_unit("Seksi", parent=child)
    with transaction():
        units.move_unit(get_unit(child.id), get_unit(new.id))
    assert get_unit(leaf.id).path == f"/{city.id}/{new.id}/{child.id}/{leaf.id}/"
    assert get_unit(child.id).parent_id == new.id
    assert get_unit(old.id).path == f"/{city.id}/{old.id}/"


def test_a_unit_never_hangs_below_itself(app):
    top = make_unit()
    below = make_unit("Bidang", parent=top)
    with pytest.raises(Invalid), transaction():
        units.move_unit(get_unit(top.id), get_unit(below.id))
    with pytest.raises(Invalid), transaction():
        units.merge_unit(get_unit(top.id), get_unit(below.id), date(2026, 1, 1))


def test_merging_moves_people_with_their_history_and_ends_the_unit(app):
    old, new = make_unit("Dinas Lama"), make_unit("Dinas Baru")
    child = make_unit("Bidang", parent=old)
    user = make_user(unit=old, nip=make_nip(), since=date(2021, 1, 1))
    fresh = make_user(unit=old, since=date(2026, 7, 1))
    with transaction():
        assert units.merge_unit(get_unit(old.id), get_unit(new.id), date(2026, 7, 1)) == 2
    assert db.session.get(User, user.id).employee.org_unit_id == new.id
    rows = db.session.execute(select(UnitMembership.employee_id, UnitMembership.org_unit_id, UnitMembership.valid_to).order_by(UnitMembership.id)).all()
    assert [tuple(r)[1:] for r in rows if r[0] == user.employee.id] == [(old.id, date(2026, 6, 30)), (new.id, None)]
    assert [r[1] for r in rows if r[0] == fresh.employee.id] == [new.id]
    assert get_unit(old.id).valid_to == date(2026, 6, 30)
    assert get_unit(old.id).merged_into_id == new.id
    assert get_unit(child.id).path == f"/{new.id}/{child.id}/"
    with pytest.raises(Conflict), transaction():
        units.merge_unit(get_unit(old.id), get_unit(new.id), date(2026, 8, 1))


def test_a_new_name_keeps_the_old_one(app):
    unit = make_unit("Dinas Lama")
    with transaction():
        units.rename_unit(get_unit(unit.id), "Dinas Baru", date(2026, 7, 1))
    names = db.session.execute(select(OrgUnitName.name, OrgUnitName.valid_from, OrgUnitName.valid_to).order_by(OrgUnitName.id)).all()
    assert [tuple(n) for n in names] == [("Dinas Lama", date(2020, 1, 1), date(2026, 6, 30)), ("Dinas Baru", date(2026, 7, 1), None)]
    for since in (date(2019, 1, 1), date(2026, 6, 30), clock.today() + timedelta(days=1)):
        with pytest.raises(Invalid), transaction():
            units.rename_unit(get_unit(unit.id), "Dinas Lain", since)
    with transaction():
        units.rename_unit(get_unit(unit.id), "Dinas Baru dan Benar", date(2026, 7, 1))
    assert list(db.session.scalars(select(OrgUnitName.name).order_by(OrgUnitName.valid_from))) == ["Dinas Lama", "Dinas Baru dan Benar"]


def test_nothing_about_units_begins_in_the_future(app):
    old, new = make_unit("Dinas A"), make_unit("Dinas B")
    tomorrow = clock.today() + timedelta(days=1)
    with pytest.raises(Invalid), transaction():
        units.merge_unit(get_unit(old.id), get_unit(new.id), tomorrow)
    with pytest.raises(Invalid), transaction():
        units.add_unit(name="Dinas C", kind="dinas", code="C", parent_id=None, valid_from=tomorrow)


def test_who_came_after_the_merger_is_in_the_other_unit_since_they_came(app):
    old, new = make_unit("Dinas A"), make_unit("Dinas B")
    late = make_user(unit=old, since=date(2026, 9, 1))
    with transaction():
        units.merge_unit(get_unit(old.id), get_unit(new.id), date(2026, 7, 1))
    rows = db.session.execute(select(UnitMembership.org_unit_id, UnitMembership.valid_from).where(UnitMembership.employee_id == late.employee.id)).all()
    assert [tuple(row) for row in rows] == [(new.id, date(2026, 9, 1))]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "", "kind": "dinas", "code": "X1", "valid_from": "2026-01-01"}, "f-name-error"),
        ({"name": "Bidang A", "kind": "warung", "code": "X1", "valid_from": "2026-01-01"}, "f-kind-error"),
        ({"name": "Bidang A", "kind": "bidang", "code": "a b", "valid_from": "2026-01-01"}, "f-code-error"),
        ({"name": "Bidang A", "kind": "bidang", "code": "U-TOP", "valid_from": "2026-01-01"}, "f-code-error"),
        ({"name": "Bidang A", "kind": "bidang", "code": "X1", "valid_from": "31/01/2026"}, "f-valid_from-error"),
    ],
)
def test_a_refused_unit_says_which_field_and_keeps_what_was_typed(client, form, field):
    top = make_unit(code="U-TOP")
    sign_in(client, make_user(role=Role.TRAINING_ADMIN))
    answer = client.post(f"/kelola/unit/{top.id}/bawahan", data=form)
    assert answer.status_code in (409, 422)
    assert field in answer.text
    assert form["name"] in answer.text
    assert db.session.scalar(select(func.count()).select_from(OrgUnit)) == 1


def test_the_pages_change_the_tree(client):
    top = make_unit("Kota")
    a, b = make_unit("Dinas A", parent=top), make_unit("Dinas B", parent=top)
    sign_in(client, make_user(role=Role.TRAINING_ADMIN))
    assert client.get("/kelola/unit").status_code == 200
    form = {"name": "Bidang Satu", "kind": "bidang", "code": "A.1", "valid_from": "2026-01-01"}
    assert client.post(f"/kelola/unit/{a.id}/bawahan", data=form).status_code == 303
    child = db.session.scalar(select(OrgUnit).where(OrgUnit.code == "A.1"))
    assert client.post(f"/kelola/unit/{child.id}/nama", data={"new_name": "Bidang Kesatu", "since": "2026-06-01"}).status_code == 303
    assert client.post(f"/kelola/unit/{child.id}/induk", data={"parent_id": b.id}).status_code == 303
    assert client.post(f"/kelola/unit/{child.id}/gabung", data={"into_id": a.id, "merged_on": "2026-09-01"}).status_code == 303
    page = client.get(f"/kelola/unit/{child.id}").text
    assert "Bidang Kesatu" in page
    assert "Digabung ke" in page


def test_a_unit_admin_sees_the_own_subtree_and_changes_nothing(client):
    city = make_unit("Kota")
    mine, other = make_unit("Dinas A", parent=city), make_unit("Dinas B", parent=city)
    below = make_unit("Bidang A1", parent=mine)
    admin = make_user(role=Role.UNIT_ADMIN, unit=mine)
    sign_in(client, admin)
    assert set(db.session.scalars(visible_unit_ids(admin, VIEW_UNITS))) == {mine.id, below.id}
    assert client.get(f"/kelola/unit/{below.id}").status_code == 200
    assert client.get(f"/kelola/unit/{other.id}").status_code == 404
    assert client.post(f"/kelola/unit/{mine.id}/nama", data={"new_name": "X", "since": "2026-01-01"}).status_code == 403
    assert "Dinas B" not in client.get("/kelola/unit").text


def test_a_learner_has_no_business_here(client):
    unit = make_unit()
    sign_in(client, make_user(unit=unit))
    for path in ("/kelola/unit", f"/kelola/unit/{unit.id}", "/kelola/pegawai"):
        assert client.get(path).status_code == 403
