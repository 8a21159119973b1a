"""Printed codes for the first access, and the log of who saw and changed what."""

from __future__ import annotations

import ast
import io
import re
from datetime import timedelta

import pypdfium2
import pytest
from sqlalchemy import select, update

from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.storage import storage
from app.kernel.worker import drain
from app.people import audit, labels, slips
from app.people.models import AccessCode, AuditEntry, RoleGrant, SlipBatch, User
from config import ROOT
from tests.people.factories import make_nip, make_unit, make_user, sign_in


@pytest.fixture
def unit(app):
    """A unit with an admin, two people who never signed in and one who did."""
    top = make_unit("Dinas A")
    below = make_unit("Bidang A1", parent=top)
    for name, where, number in (("Ani *Baru* #x", top, 1), ("Budi Baru", below, 2), ("Bos Kuat", top, 3)):
        user = make_user(name, unit=where, nip=make_nip(number), role=Role.SYSTEM_ADMIN if name == "Bos Kuat" else None)
        with transaction():
            db.session.get(User, user.id).password_hash = None
    return top


def _words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    text = "\n".join(document[n].get_textpage().get_text_bounded() for n in range(len(document)))
    document.close()
    return text


def test_slips_carry_name_number_and_a_code_that_works(app, client, unit):
    admin = make_user("Alma", role=Role.UNIT_ADMIN, unit=unit)
    sign_in(client, admin)
    assert "2 orang" in client.get(f"/kelola/unit/{unit.id}/slip").text
    assert client.post(f"/kelola/unit/{unit.id}/slip").status_code == 303
    drain(app)
    batch_id = db.session.scalar(select(SlipBatch.id))
    answer = client.get(f"/kelola/slip/{batch_id}.pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    text = _words(answer.data)
    assert "Ani *Baru* #x" in text
    assert "19900517 201503 1 002" in text
    assert "Bos Kuat" not in text
    code = next(line.strip() for line in text[text.index("Budi") :].splitlines() if len(line.strip()) == 11 and line.strip()[5] == "-")
    form = {"identifier": make_nip(2), "code": code, "password": "Perahu-Layar 9 tiang", "repeat": "Perahu-Layar 9 tiang"}
    assert app.test_client().post("/masuk/kode", data=form).location == "/beranda"
    assert code.replace("-", "") not in str(db.session.scalars(select(AccessCode.code_digest)).all())


def test_only_the_issuer_downloads_and_only_for_a_week(app, client, unit, at):
    at(2026, 3, 2, 8, 0)
    admin, other = make_user(role=Role.UNIT_ADMIN, unit=unit), make_user(role=Role.TRAINING_ADMIN)
    sign_in(client, admin)
    client.post(f"/kelola/unit/{unit.id}/slip")
    assert client.get("/kelola/slip/1.pdf").status_code == 404
    assert client.get("/kelola/slip/1/keadaan").json["busy"] is True
    drain(app)
    db.session.rollback()
    key = db.session.scalar(select(SlipBatch.storage_key))
    elsewhere = sign_in(app.test_client(), other)
    assert elsewhere.get("/kelola/slip/1.pdf").status_code == 404
    assert elsewhere.get("/kelola/slip/1/keadaan").status_code == 404
    assert client.get("/kelola/slip/1.pdf").status_code == 200
    clock.freeze(clock.now() + slips.KEPT)
    sign_in(client, admin)
    assert client.get("/kelola/slip/1.pdf").status_code == 404
    slips.forget_slips()
    assert not storage().exists(key)


def test_another_units_admin_prints_nothing_here(client, unit):
    sign_in(client, make_user(role=Role.UNIT_ADMIN, unit=make_unit("Dinas B")))
    assert client.get(f"/kelola/unit/{unit.id}/slip").status_code == 404
    assert client.post(f"/kelola/unit/{unit.id}/slip").status_code == 404
    assert db.session.scalar(select(SlipBatch.id)) is None


def test_the_log_is_for_auditors_and_central_admins(client):
    for role, status in ((Role.AUDITOR, 200), (Role.TRAINING_ADMIN, 200), (Role.SYSTEM_ADMIN, 200), (Role.EXECUTIVE, 403), (None, 403)):
        sign_in(client, make_user(role=role))
        assert client.get("/kelola/audit").status_code == status
    sign_in(client, make_user(role=Role.UNIT_ADMIN, unit=make_unit()))
    assert client.get("/kelola/audit").status_code == 403


def test_the_log_shows_who_did_what_and_filters(client):
    auditor = make_user("Audi Tor", role=Role.AUDITOR)
    sign_in(client, auditor)
    with transaction():
        audit.note(auditor.id, "courses.published", ("course", 7), before={"state": "draft"}, after={"state": "published"})
    page = client.get("/kelola/audit?tindakan=courses.published").text
    assert "keadaan: draft menjadi published" in page
    assert "Audi Tor" in page
    day = (clock.today() - timedelta(days=1)).isoformat()
    assert "Belum ada catatan" in client.get(f"/kelola/audit?sampai={day}").text
    assert client.get("/kelola/audit?sampai=kemarin").status_code == 422
    assert client.get("/kelola/audit?pelaku=x&objek=%27&page=-1").status_code == 200


def test_the_log_is_found_by_days_and_by_whom_it_concerns(client):
    auditor, other = make_user("Audi Tor", role=Role.AUDITOR), make_user("Rina Sari")
    sign_in(client, auditor)
    with transaction():
        audit.note(auditor.id, "people.person_edited", ("user", other.id), after={"full_name": "Rina Sari"})
        audit.note(other.id, "courses.published", ("course", 7))
        audit.note(auditor.id, "courses.published", ("course", 8))
    assert "nama: Rina Sari" in client.get("/kelola/audit?nama=sari%20rina").text  # what was done to her
    assert client.get("/kelola/audit?nama=sari%20rina&tindakan=courses.published").text.count("<tr>") == 2  # the heading, and what she did
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    assert "Belum ada catatan" in client.get(f"/kelola/audit?dari={tomorrow}").text
    assert client.get(f"/kelola/audit?dari={clock.today().isoformat()}&sampai={clock.today().isoformat()}").text.count("<tr>") > 3
    assert client.get("/kelola/audit?dari=besok").status_code == 422


def test_a_number_typed_where_a_name_belongs_is_turned_away_and_the_other_filters_stay(client):
    sign_in(client, make_user(role=Role.AUDITOR))
    answer = client.get(f"/kelola/audit?nama={make_nip(1)}&dari=2026-01-01&_external=1&_scheme=x")
    assert (answer.status_code, answer.location) == (303, "/kelola/audit?dari=2026-01-01&_external=1&_scheme=x")
    assert "Nomor tidak dicari di sini" in client.get(answer.location).text
    for address in (f"/kelola/audit.csv?nama={make_nip(1)}", f"/kelola/pegawai?nama={make_nip(1)}", f"/tim?nama={make_nip(1)}"):
        assert client.get(address).location == address.partition("?")[0]
    assert make_nip(1) not in str(db.session.scalars(select(AuditEntry.after)).all())


def test_dates_the_wrong_way_round_are_told(client):
    sign_in(client, make_user(role=Role.AUDITOR))
    answer = client.get("/kelola/audit?dari=2026-11-02&sampai=2026-11-01")
    assert (answer.status_code, "Tanggal ini sebelum tanggal awalnya." in answer.text) == (422, True)
    assert 'value="2026-11-02"' in answer.text
    assert client.get("/kelola/audit.csv?dari=2026-11-02&sampai=2026-11-01").status_code == 422


def test_whom_a_line_names_in_its_details_is_found(client):
    auditor, named = make_user("Audi Tor", role=Role.AUDITOR), make_user("Nurul Hidayah")
    sign_in(client, auditor)
    with transaction():
        audit.note(auditor.id, "webinars.staff_named", ("webinar", 7), after={"user_id": named.id, "role": "MODERATOR"})
        audit.note(auditor.id, "webinars.staff_removed", ("webinar", 7), before={"user_id": named.id, "role": "MODERATOR"})
        audit.note(None, "recordings.raw_removed", ("webinar", 7), after={"days": 30})
    page = client.get("/kelola/audit?nama=nurul").text
    assert page.count("orang: Nurul Hidayah") == 2
    assert "hari: 30" in client.get("/kelola/audit?nama=sistem").text


def test_what_stayed_the_same_is_not_told_and_moments_are_written_out(client):
    auditor = make_user("Audi Tor", role=Role.AUDITOR)
    sign_in(client, auditor)
    with transaction():
        audit.note(auditor.id, "webinars.changed", ("webinar", 7), {"jp": 2, "starts_at": "2026-11-29T21:45:00+00:00"}, {"jp": 2, "starts_at": None})
    page = client.get("/kelola/audit?tindakan=webinars.changed").text
    assert "JP: 2" not in page
    assert "mulai: 30 November 2026, 04.45 WIB menjadi –" in page


def test_the_log_is_taken_along_as_a_file_and_that_is_a_line_of_it(client):
    auditor = make_user("=Audi Tor", role=Role.AUDITOR)
    sign_in(client, auditor)
    with transaction():
        audit.note(auditor.id, "courses.published", ("course", 7), before={"state": "draft"}, after={"state": "published"})
    text = client.get("/kelola/audit.csv?tindakan=courses.published").get_data(as_text=True)
    assert len(text.splitlines()) == 2
    assert "'=Audi Tor" in text
    assert "keadaan: draft menjadi published" in text
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "people.audit_exported")).one()
    assert entry.after == {"rows": 1, "kind": "csv", "filters": {"action": "courses.published"}}
    assert "saringan: tindakan courses.published" in client.get("/kelola/audit?tindakan=people.audit_exported").text
    assert client.get("/kelola/audit.xlsx").mimetype.endswith("sheet")
    for role in (Role.UNIT_ADMIN, Role.EXECUTIVE, None):
        sign_in(client, make_user(role=role, unit=make_unit() if role == Role.UNIT_ADMIN else None))
        assert client.get("/kelola/audit.csv").status_code == 403


def test_every_deed_is_told_in_words(client):
    """A deed written in the code has a name on screen."""
    written = set()
    for path in (ROOT / "app").rglob("*.py"):
        written |= set(re.findall(r'audit\.note\(\s*[^,]+,\s*"([a-z_]+\.[a-z_]+)"', path.read_text(encoding="utf-8")))
    assert len(written) > 20
    assert sorted(deed for deed in written if audit.word_for(deed) == deed) == []
    auditor = make_user("Audi Tor", role=Role.AUDITOR)
    sign_in(client, auditor)
    with transaction():
        audit.note(auditor.id, "people.role_granted", ("user", auditor.id), before={"role": None}, after={"role": Role.UNIT_ADMIN})
        audit.note(auditor.id, "people.import_applied", ("people_import", 3), after={"counts": {"create": 2, "error": 0}, "only_good_rows": False})
    page = client.get("/kelola/audit").text
    assert "Peran diberikan" in page
    assert "peran: – menjadi Admin unit" in page
    assert "jumlah: baru 2" in page
    assert "hanya baris yang benar: tidak" in page
    assert "Impor 3" in page
    unit = make_unit("Dinas Perhubungan")
    with transaction():
        audit.note(auditor.id, "people.person_edited", ("user", auditor.id), before={"org_unit_id": 99}, after={"org_unit_id": unit.id})
        audit.note(auditor.id, "people.unit_renamed", ("org_unit", unit.id), after={"fields": ["nip", "x"], "odd": {"list": [1]}})
    page = client.get("/kelola/audit").text
    assert "unit: 99 menjadi Dinas Perhubungan" in page
    assert ">Dinas Perhubungan</a>" in page


def test_every_field_of_a_deed_is_told_in_words():
    """What is written as before and after has a name on screen, wherever in the code it is written."""
    fields = set()
    for path in (ROOT / "app").rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        noting = [call for call in calls if ast.unparse(call.func) == "audit.note"]
        facts = [part for call in noting for part in ast.walk(call) if isinstance(part, ast.Dict)]
        fields |= {key.value for fact in facts for key in fact.keys if isinstance(key, ast.Constant)}
    assert len(fields) > 20
    assert sorted(map(str, fields - labels.FIELDS.keys())) == []


def test_an_admin_who_moved_prints_and_downloads_nothing_of_the_unit_before(app, client, unit):
    admin, elsewhere = make_user(role=Role.UNIT_ADMIN, unit=unit), make_unit("Dinas B")
    sign_in(client, admin)
    for _sheet in range(2):
        assert client.post(f"/kelola/unit/{unit.id}/slip").status_code == 303
        if _sheet == 0:
            drain(app)
    with transaction():
        db.session.execute(update(RoleGrant).where(RoleGrant.user_id == admin.id, RoleGrant.role == Role.UNIT_ADMIN).values(org_unit_id=elsewhere.id))
    codes_before = db.session.scalars(select(AccessCode.code_digest)).all()
    db.session.rollback()
    drain(app)
    db.session.rollback()
    assert list(db.session.scalars(select(SlipBatch.state).order_by(SlipBatch.id))) == ["ready", "failed"]
    assert db.session.scalars(select(AccessCode.code_digest)).all() == codes_before
    sign_in(client, admin)
    assert client.get("/kelola/slip/1.pdf").status_code == 404
    assert client.get("/kelola/slip/2.pdf").status_code == 404
