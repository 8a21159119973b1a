"""Import and export of people and units: every refusal, all or nothing, going on after a crash, nothing changed by a round trip."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
import xlsxwriter
from sqlalchemy import func, select

from app.kernel import clock, jobs
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.worker import drain
from app.learning.team import people_of
from app.people import applying, exporting, importing, spreadsheets
from app.people.models import AuditEntry, Employee, EmployeeIdentifier, OrgUnit, PeopleImport, PeopleImportRow, UnitMembership, User
from app.people.queries import count_people_by_unit, get_user
from tests.conftest import child_environment
from tests.people.factories import make_nip, make_unit, make_user, sign_in

HEAD = "nama;nip;surel;kode_unit;jabatan;atasan"


@pytest.fixture
def boss(app, client):
    user = make_user("Bos BKPSDM", role=Role.TRAINING_ADMIN)
    sign_in(client, user)
    return user


def upload(client, source: bytes | str, subject: str = "pegawai", name: str = "pegawai.csv"):
    source = source.encode() if isinstance(source, str) else source
    return client.post(f"/kelola/impor/{subject}", data={"berkas": (io.BytesIO(source), name)}, content_type="multipart/form-data")


def checked(app, client, source: bytes | str, subject: str = "pegawai") -> PeopleImport:
    answer = upload(client, source, subject)
    assert answer.status_code == 303, answer.text
    drain(app)
    db.session.expire_all()
    return importing.get_import(int(answer.location.rsplit("/", 1)[1]))


def reasons(row: PeopleImport) -> str:
    found = db.session.scalars(select(PeopleImportRow).where(PeopleImportRow.import_id == row.id).order_by(PeopleImportRow.row_number))
    return " | ".join(f"{staged.row_number} {f['field']} {f['severity']}: {f['reason']}" for staged in found for f in staged.findings)


def apply(app, client, row: PeopleImport, how: str = "semua"):
    answer = client.post(f"/kelola/impor/{row.id}/penerapan", data={"cara": how})
    drain(app)
    db.session.expire_all()
    return answer


def xlsx(rows: list[list], formats: dict | None = None) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(y, x, value, day)
                else:
                    sheet.write(y, x, value)
    return target.getvalue()


def test_new_people_come_in_with_their_supervisors_of_the_same_file(app, client, boss):
    make_unit(code="A")
    source = f"{HEAD}\nAni;{make_nip(1)};;A;Analis;{make_nip(2)}\nBudi;{make_nip(2)};budi@b.go.id;A;Kabid;{boss.email}\n"
    row = checked(app, client, source)
    assert (row.state, row.counts["create"], row.counts["error"]) == ("checked", 2, 0), reasons(row)
    assert db.session.scalar(select(func.count()).select_from(Employee)) == 0
    assert apply(app, client, row).status_code == 303
    people = {u.full_name: u for u in db.session.scalars(select(User)).unique()}
    assert people["Ani"].employee.supervisor_id == people["Budi"].id
    assert people["Budi"].employee.supervisor_id == boss.id
    assert people["Ani"].roles == {Role.LEARNER}
    assert importing.get_import(row.id).state == "applied"
    assert "Sudah diterapkan" in client.get(f"/kelola/impor/{row.id}").text


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (";{nip};;A;;", "2 nama error"),
        ("Ani;123;;A;;", "18 angka"),
        ("Ani;1,98609E+17;;A;;", "dibulatkan"),
        ("Ani;{nip};bukan surel;A;;", "2 surel error"),
        ("Ani;{nip};;TIDAKADA;;", "Tidak ada unit dengan kode TIDAKADA"),
        ("Ani;{nip};;ENDED;;", "sudah tidak berlaku"),
        ("Ani;{nip};;;;", "2 kode_unit error: Wajib"),
        ("Ani;;;A;;", "tidak dapat masuk"),
        ("Ani;{nip};lain@b.go.id;A;;", "bukan pegawai"),
        ("Ani;{nip};;A;;tidak@ada.go.id", "Tidak ada akun dengan NIP atau surel atasan"),
        ("Ani;{nip};;A;;{nip}", "berputar"),
        ("=SUM(1);{nip};;A;;", "berisi rumus"),
        ("Ani;{nip};;A;;\nAna;{nip};;A;;", "3  error: Sama dengan baris 2"),
        ("Ani;{nip};a@b.go.id;A;;\nAna;199005172015031002;a@b.go.id;A;;", "3 surel error: Sama dengan baris 2"),
        ("Ani;{nip};;A;;199005172015031002\nAna;199005172015031002;;A;;{nip}", "berputar"),
        ("Ani;{nip};;A;;199005172015031002\nAna;199005172015031002;;X;;", "Atasannya ada di baris 3"),
    ],
)
def test_each_bad_row_is_refused_with_row_field_and_reason(app, client, boss, line, reason):
    make_unit(code="A")
    make_user(email="lain@b.go.id")
    ended = make_unit(code="ENDED")
    with transaction():
        db.session.get(OrgUnit, ended.id).valid_to = date(2025, 12, 31)
    row = checked(app, client, f"{HEAD}\n" + line.replace("{nip}", make_nip(1)))
    assert reason in reasons(row), reasons(row)
    assert row.counts["error"] >= 1
    assert apply(app, client, row).status_code == 409
    assert db.session.scalar(select(func.count()).select_from(Employee)) == 0
    assert "Temuan" in client.get(f"/kelola/impor/{row.id}?tampil=error").text


def test_good_rows_alone_come_in_when_one_says_so(app, client, boss):
    make_unit(code="A")
    row = checked(app, client, f"{HEAD}\nAni;{make_nip(1)};;A;;\nSalah;123;;A;;\n")
    assert apply(app, client, row, "baik").status_code == 303
    assert list(db.session.scalars(select(Employee.nip))) == [make_nip(1)]
    assert apply(app, client, row, "baik").status_code == 409


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"   ", "kosong"),
        (b"%PDF-1.7 abc", "bukan lembar kerja"),
        (b"\xd0\xcf\x11\xe0abc", "Excel lama"),
        (b"PK\x03\x04 broken", "rusak"),
        (b"nama;nip\nAni;1\n", "kode_unit"),
        (f"{HEAD}\n".encode(), "tidak ada baris data"),
        (b"nama;nama;kode_unit\na;b;c", "lebih dari sekali"),
        (b"nama;kode_unit\na\x00b;c", "Pengodean"),
        (b'nama;kode_unit\n"Ani;A\n', "kutip"),
        (b"nama;kode_unit\nAni;A;lebih\n", "lebih panjang daripada judul"),
        (b"nama;kode_unit\n" + b"x" * 1200 + b";A\n", "lebih panjang dari 1000"),
        (b"nama;kode_unit\n" + b"a;b\n" * 20_001, "20000 baris"),
        ("nama;kode_unit\nA;B".encode("utf-16")[:-1], "terpotong"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(app, client, boss, source, reason):
    answer = upload(client, source)
    drain(app)
    page = client.get(answer.location).text if answer.status_code == 303 else answer.text
    assert reason in page


def test_a_file_far_too_large_is_refused_before_anything_is_kept(app, client, boss, monkeypatch):
    monkeypatch.setattr(spreadsheets, "LARGEST_BYTES", 1 << 18)
    answer = upload(client, b"x" * (spreadsheets.LARGEST_BYTES + 1))
    assert answer.status_code == 413
    assert "lebih besar dari" in answer.text
    assert db.session.scalar(select(PeopleImport.id)) is None
    assert upload(client, b"", name="").status_code == 422


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("cp1252", "Windows-1252")],
)
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_encodings_and_separators_are_found_and_told(app, client, boss, encoding, note, separator):
    make_unit(code="A")
    row = checked(app, client, f"Nama;NIP;Kode Unit\nJosé Ñ;{make_nip(1)};A\n".replace(";", separator).encode(encoding))
    assert note in " ".join(row.notes)
    assert apply(app, client, row).status_code == 303
    assert db.session.scalar(select(User.full_name).where(User.id != boss.id)) == "José Ñ"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["Ani", 198609262015051001, "A", ""], "tersimpan sebagai angka"),
        (["Ani", make_nip(1), "A", date(2026, 4, 3)], "menjadi tanggal"),
        (["Ani", make_nip(1), "A", "=1+1"], "berisi rumus"),
    ],
)
def test_what_a_spreadsheet_did_to_a_cell_is_seen(app, client, boss, cells, reason):
    make_unit(code="A")
    row = checked(app, client, xlsx([["nama", "nip", "kode_unit", "golongan"], cells]))
    assert reason in reasons(row), reasons(row)


def test_dates_of_excel_are_read_where_a_date_belongs(app, client, boss):
    make_unit(code="A")
    row = checked(app, client, xlsx([["nama", "nip", "kode_unit", "berlaku_mulai"], ["Ani", make_nip(1), "A", date(2026, 4, 3)]]))
    apply(app, client, row)
    assert db.session.scalar(select(UnitMembership.valid_from)) == date(2026, 4, 3)


def test_an_unknown_layout_is_a_warning_that_may_be_accepted(app, client, boss):
    make_unit(code="A")
    row = checked(app, client, "nama;nip;kode_unit;jenis_kepegawaian\nAni;199001012025311001;A;PPPK Paruh Waktu\n")
    assert (row.counts["warning"], row.counts["error"]) == (1, 0)
    apply(app, client, row)
    assert db.session.scalar(select(Employee.employment_type)) == "PPPK_PW"


def _people(unit, boss):
    chief = make_user("=Aneh, S.E.", unit=unit, nip=make_nip(1), position="+Kepala; bidang \"satu\"")
    other = make_user("'-Tanda", unit=unit, nip=make_nip(2), supervisor_id=chief.id, grade_code="III/c")
    return chief, other


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_then_import_changes_nothing(app, client, boss, kind):
    unit = make_unit(code="A")
    _people(unit, boss)
    before = exporting.people_table(select(User.id))
    for subject in ("pegawai", "unit"):
        exported = client.get(f"/kelola/ekspor/{subject}.{kind}").data
        row = checked(app, client, exported, subject)
        assert row.counts | {"rows": 0} == {"create": 0, "update": 0, "same": row.counts["rows"], "warning": 0, "error": 0, "rows": 0}, reasons(row)
        assert "sama dengan data sekarang" in client.get(f"/kelola/impor/{row.id}").text
    assert exporting.people_table(select(User.id)) == before


def test_exports_neutralize_cells_that_a_spreadsheet_would_run(client, boss):
    _people(make_unit(code="A"), boss)
    text = client.get("/kelola/ekspor/pegawai.csv").data.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text), delimiter=";") for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert "'=Aneh, S.E." in cells
    for risky in ("=1", "+1", "-1", "@a", "\tx", "\rx", "'=1"):
        assert spreadsheets.neutralized(risky) == "'" + risky
        assert spreadsheets._plain(spreadsheets.neutralized(risky)) == risky
    assert spreadsheets.neutralized("Ani-Budi") == "Ani-Budi"


def test_a_unit_admin_exports_the_own_unit_and_imports_nothing(app, client):
    mine, other = make_unit(code="A"), make_unit(code="B")
    admin = make_user("Alma", role=Role.UNIT_ADMIN, unit=mine, nip=make_nip(1))
    make_user("Cici", unit=other, nip=make_nip(2))
    sign_in(client, admin)
    text = client.get("/kelola/ekspor/pegawai.csv").data.decode()
    assert "Alma" in text
    assert "Cici" not in text
    assert client.get("/kelola/impor/pegawai").status_code == 403
    assert upload(client, "x").status_code == 403
    for path in ("/kelola/impor/1", "/kelola/impor/1/keadaan", "/kelola/ekspor/unit.csv"):
        assert client.get(path).status_code == 403


def test_changed_people_keep_their_history(app, client, boss):
    a, b = make_unit(code="A"), make_unit(code="B")
    user = make_user("Ani", unit=a, nip=make_nip(1), since=date(2021, 1, 1))
    row = checked(app, client, f"nip;nama;kode_unit;berlaku_mulai\n{make_nip(1)};Ani, S.E.;B;01/07/2026\n")
    apply(app, client, row)
    ani = get_user(user.id)
    assert (ani.full_name, ani.employee.org_unit_id, ani.email) == ("Ani, S.E.", b.id, user.email)
    ends = db.session.execute(select(UnitMembership.org_unit_id, UnitMembership.valid_to).order_by(UnitMembership.id)).all()
    assert [tuple(e) for e in ends] == [(a.id, date(2026, 6, 30)), (b.id, None)]


def test_the_dry_run_shows_what_would_change(app, client, boss):
    a = make_unit(code="A")
    make_unit(code="B")
    make_user("Ani", unit=a, nip=make_nip(1), email="ani@b.go.id", since=date(2021, 1, 1))
    make_user("Budi", unit=a, nip=make_nip(2), email="budi@b.go.id")
    row = checked(app, client, f"nip;nama;surel;kode_unit;atasan\n{make_nip(1)};Ani, S.E.;ani@b.go.id;B;budi@b.go.id\n{make_nip(3)};Baru;;A;\n")
    page = client.get(f"/kelola/impor/{row.id}").text
    cells = [" > ".join(re.findall(r'data-label="(?:Kolom|Sekarang|Menjadi)">([^<]*)<', line)) for line in re.findall(r"<tr><td.*?</tr>", page)]
    assert cells == ["nama > Ani > Ani, S.E.", "kode_unit > A > B", "atasan > – > Budi"]
    warned = checked(app, client, f"nip;nama;surel;kode_unit\n{make_nip(1)};Ani;lain@b.go.id;\n")
    assert "Surel orang ini untuk masuk akan diganti." in client.get(f"/kelola/impor/{warned.id}").text
    assert "lain@b.go.id" in client.get(f"/kelola/impor/{warned.id}?tampil=berubah").text
    apply(app, client, warned)
    assert "lain@b.go.id" not in client.get(f"/kelola/impor/{warned.id}?tampil=berubah").text


def test_the_dry_run_shows_what_would_change_about_units(app, client, boss):
    top, unit = make_unit(code="TOP"), make_unit("Dinas A", code="A")
    row = checked(app, client, f"kode;nama;jenis;kode_induk\nA;Dinas Ketahanan;;{top.code}\n", "unit")
    page = client.get(f"/kelola/impor/{row.id}").text
    assert (unit.name in page, "Dinas Ketahanan" in page, ">TOP<" in page) == (True, True, True)


@pytest.mark.parametrize(("field", "value"), [("nama", "Orang Lain"), ("nip", make_nip(8)), ("surel", "lain@b.go.id"), ("aktif", "tidak")])
def test_who_a_stronger_account_is_and_whether_it_is_active_is_not_an_imports_to_change(app, client, boss, field, value):
    strong = make_user("Sistem", unit=make_unit(code="A"), nip=make_nip(1), email="sistem@b.go.id", role=Role.SYSTEM_ADMIN)
    columns = ("nama", "nip", "surel", "aktif")
    row = checked(app, client, ";".join(["id", "kode_unit", *columns]) + f"\n{strong.id};;" + ";".join(value if name == field else "" for name in columns) + "\n")
    assert f"2 {field} error: Akun ini memegang peran yang lebih tinggi" in reasons(row)
    assert row.counts["update"] == 0


def test_an_import_changes_nobodys_history_behind_its_back(app, client, boss):
    make_unit(code="B")
    make_user("Ani", unit=make_unit(code="A"), nip=make_nip(1), since=date(2021, 1, 1))
    tomorrow = clock.today() + timedelta(days=1)
    for day, reason in (("2020-12-31", "sebelum penempatan yang sekarang"), (tomorrow.isoformat(), "paling cepat pada harinya")):
        assert reason in reasons(checked(app, client, f"nip;nama;kode_unit;berlaku_mulai\n{make_nip(1)};;B;{day}\n"))


def test_units_come_in_whatever_their_order_in_the_file(app, client, boss):
    make_unit("Kota", code="K")
    row = checked(app, client, "kode;nama;jenis;kode_induk\nK.1.1;Bidang Satu;bidang;K.1\nK.1;Dinas Satu;Dinas;K\n", "unit")
    apply(app, client, row)
    units = {u.code: u for u in db.session.scalars(select(OrgUnit))}
    assert units["K.1.1"].path == f"/{units['K'].id}/{units['K.1'].id}/{units['K.1.1'].id}/"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A b;Dinas;dinas;K", "Kode unit"),
        ("X;Di;dinas;K", "3 sampai 255"),
        ("X;Dinas;warung;K", "tidak dikenal"),
        ("X;Dinas;dinas;TIDAK", "Tidak ada unit"),
        ("X;Dinas;dinas;Y\nY;Dinas;dinas;X", "berputar"),
        ("K;Kota;pemerintah;L", "berputar"),
        ("X;Dinas;dinas;K\nX;Dinas;dinas;K", "Sama dengan baris 2"),
    ],
)
def test_each_bad_unit_row_is_refused(app, client, boss, line, reason):
    top = make_unit("Kota", code="K")
    make_unit("Dinas L", parent=top, code="L")
    row = checked(app, client, f"kode;nama;jenis;kode_induk\n{line}\n", "unit")
    assert reason in reasons(row), reasons(row)


def test_data_that_changed_after_the_check_stop_an_all_or_nothing_import(app, client, boss):
    unit = make_unit(code="A")
    row = checked(app, client, f"{HEAD}\nAni;{make_nip(1)};;A;;\nBudi;{make_nip(2)};;A;;\n")
    make_user("Nomor Sama", unit=unit, nip=make_nip(2), email="sama@b.go.id")
    with transaction():
        db.session.get(OrgUnit, unit.id).valid_to = date(2025, 12, 31)
    apply(app, client, row)
    row = importing.get_import(row.id)
    assert row.state == "checked"
    assert "Data berubah" in " ".join(row.notes)
    assert db.session.scalar(select(Employee.id).where(Employee.nip == make_nip(1))) is None


def test_nobody_else_changes_people_while_an_import_is_carried_through(app, client, boss):
    unit = make_unit(code="A")
    row = checked(app, client, f"{HEAD}\nAni;{make_nip(1)};;A;;\n")
    assert client.post(f"/kelola/impor/{row.id}/penerapan", data={"cara": "semua"}).status_code == 303
    form = {"full_name": "Lain", "employment_type": "PNS", "position_type": "PELAKSANA", "org_unit_id": unit.id, "since": "2026-01-01"}
    answer = client.post("/kelola/pegawai/baru", data=form)
    assert answer.status_code == 409
    assert "Impor data sedang diterapkan" in answer.text
    assert client.get(f"/kelola/impor/{row.id}/keadaan").json["busy"] is True
    drain(app)
    assert client.post("/kelola/pegawai/baru", data=form).status_code == 303


def test_a_fault_in_the_middle_is_taken_up_again_without_doubling(app, client, boss, monkeypatch):
    make_unit(code="A")
    lines = "".join(f"Orang {n};{make_nip(n)};;A;;\n" for n in range(1, 121))
    row = checked(app, client, f"{HEAD}\n{lines}")
    client.post(f"/kelola/impor/{row.id}/penerapan", data={"cara": "semua"})
    real, calls = applying._create_people, []

    def breaks(batch, actor_id):
        real(batch, actor_id)
        calls.append(len(batch))
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(applying, "_create_people", breaks)
    with pytest.raises(KeyboardInterrupt):
        applying.apply_import(row.id)
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Employee)) == sum(calls[:2])
    monkeypatch.setattr(applying, "_create_people", real)
    applying.apply_import(row.id)
    db.session.expire_all()
    assert importing.get_import(row.id).state == "applied"
    assert sorted(db.session.scalars(select(Employee.nip))) == [make_nip(n) for n in range(1, 121)]


def test_nobody_of_an_import_is_seen_before_all_of_them(app, client, boss, monkeypatch):
    unit = make_unit(code="A")
    there = make_user("Sudah Ada", unit=unit, nip=make_nip(500), email="ada@b.go.id")
    lines = "".join(f"Orang {n};{make_nip(n)};;A;Analis;\n" for n in range(1, 41))
    row = checked(app, client, f"{HEAD}\n{lines}Sudah Ada;{make_nip(500)};ada@b.go.id;A;Kepala Bidang;\n")
    client.post(f"/kelola/impor/{row.id}/penerapan", data={"cara": "semua"})
    real = applying._switch
    monkeypatch.setattr(applying, "_switch", broken_off)
    with pytest.raises(KeyboardInterrupt):
        applying.apply_import(row.id)
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Employee)) == 41
    assert list(db.session.scalars(people_of(boss))) == [there.id]
    assert count_people_by_unit() == {unit.id: 1}
    assert db.session.scalar(select(func.count()).where(User.disabled_at.is_not(None))) == 40
    assert db.session.scalar(select(Employee.position).where(Employee.user_id == there.id)) != "Kepala Bidang"
    monkeypatch.setattr(applying, "_switch", real)
    applying.apply_import(row.id)
    db.session.expire_all()
    assert len(list(db.session.scalars(people_of(boss)))) == 41
    assert db.session.scalar(select(func.count()).where(User.disabled_at.is_not(None))) == 0
    assert db.session.scalar(select(Employee.position).where(Employee.user_id == there.id)) == "Kepala Bidang"


def broken_off(import_id: int, actor_id: int) -> None:
    raise KeyboardInterrupt


def test_who_is_imported_as_no_longer_working_stays_so(app, client, boss):
    make_unit(code="A")
    row = checked(app, client, f"nama;nip;kode_unit;aktif\nAni;{make_nip(1)};A;ya\nBudi;{make_nip(2)};A;tidak\n")
    apply(app, client, row)
    people = db.session.execute(select(User.full_name, Employee.active, User.disabled_at).join(Employee, Employee.user_id == User.id).order_by(User.full_name))
    assert [tuple(person) for person in people] == [("Ani", True, None), ("Budi", False, None)]


def test_everything_about_a_person_can_change_and_what_was_is_kept(app, client, boss):
    a, b = make_unit(code="A"), make_unit(code="B")
    ani = make_user("Ani", unit=a, nip=make_nip(1), email="ani@b.go.id", since=date(2021, 1, 1))
    budi = make_user("Budi", unit=a, nip=make_nip(2), email="budi@b.go.id")
    head = "id;nama;nip;surel;jenis_kepegawaian;golongan;jabatan;jenis_jabatan;jenjang;kode_unit;atasan;aktif;berlaku_mulai"
    row = checked(
        app,
        client,
        f"{head}\n{ani.id};Ani Baru;{make_nip(3)};baru@b.go.id;CPNS;III/b;Analis Ahli;FUNGSIONAL;Ahli Pertama;B;{budi.email};ya;2026-11-01\n"
        f"{budi.id};Budi;{make_nip(2)};budi@b.go.id;PNS;;;;;A;;tidak;\n",
    )
    assert row.counts["update"] == 2, reasons(row)
    apply(app, client, row)
    assert importing.get_import(row.id).state == "applied"
    work = get_user(ani.id).employee
    assert (get_user(ani.id).full_name, get_user(ani.id).email, work.nip, work.employment_type) == ("Ani Baru", "baru@b.go.id", make_nip(3), "CPNS")
    assert (work.grade_code, work.position, work.position_type, work.position_tier) == ("III/b", "Analis Ahli", "FUNGSIONAL", "Ahli Pertama")
    assert (work.org_unit_id, work.supervisor_id, work.active) == (b.id, budi.id, True)
    assert get_user(budi.id).employee.active is False
    places = db.session.execute(select(UnitMembership.org_unit_id, UnitMembership.valid_to).where(UnitMembership.employee_id == work.id).order_by(UnitMembership.id))
    assert [tuple(place) for place in places] == [(a.id, date(2026, 10, 31)), (b.id, None)]
    held = db.session.execute(select(EmployeeIdentifier.nip, EmployeeIdentifier.valid_to).where(EmployeeIdentifier.employee_id == work.id).order_by(EmployeeIdentifier.id))
    assert [(number, until is None) for number, until in held] == [(make_nip(1), False), (make_nip(3), True)]
    edited = select(func.count()).where(AuditEntry.action == "people.person_edited")
    assert db.session.scalar(edited) == 2


def test_more_changes_than_one_transaction_takes_come_in_portions(app, client, boss, monkeypatch):
    unit = make_unit(code="A")
    people = [make_user(f"Orang {n}", unit=unit, nip=make_nip(n), email=f"o{n}@b.go.id") for n in range(1, 6)]
    monkeypatch.setattr(applying, "CHANGES_AT_ONCE", 2)
    row = checked(app, client, "id;nama;nip;kode_unit\n" + "".join(f"{p.id};Nama {n};{make_nip(n)};A\n" for n, p in enumerate(people, 1)))
    apply(app, client, row)
    assert importing.get_import(row.id).state == "applied"
    assert sorted(db.session.scalars(select(User.full_name).where(User.full_name.startswith("Nama")))) == [f"Nama {n}" for n in range(1, 6)]


def test_an_import_can_be_thrown_away(app, client, boss):
    make_unit(code="A")
    row = checked(app, client, f"{HEAD}\nAni;{make_nip(1)};;A;;\n")
    assert client.post(f"/kelola/impor/{row.id}/buang").status_code == 303
    assert client.post(f"/kelola/impor/{row.id}/penerapan").status_code == 409


@pytest.mark.slow
def test_a_killed_worker_loses_and_doubles_nothing(app, client, boss, tmp_path):
    """kill -9 in the middle of writing; another worker finishes."""
    make_unit(code="A")
    total = 4000
    lines = "".join(f"Orang {n};1990{1 + n // 500 % 12:02}{1 + n // 999 % 28:02}2015031{1 + n % 999:03};;A;Analis;\n" for n in range(total))
    row = checked(app, client, f"{HEAD}\n{lines}")
    assert row.counts["create"] == total - row.counts["error"]
    client.post(f"/kelola/impor/{row.id}/penerapan", data={"cara": "baik"})
    worker = subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "worker"], env=child_environment(app), cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
    try:
        done, give_up = 0, time.monotonic() + 180
        while done < 200 and time.monotonic() < give_up:
            time.sleep(0.05)
            db.session.rollback()
            done = db.session.scalar(select(func.count()).select_from(Employee)) or 0
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    db.session.rollback()
    half = db.session.scalar(select(func.count()).select_from(Employee))
    assert 0 < half < row.counts["create"]
    jobs.release_leases_of_the_dead()
    drain(app)
    db.session.expire_all()
    assert importing.get_import(row.id).state == "applied"
    assert db.session.scalar(select(func.count()).select_from(Employee)) == row.counts["create"]
    assert db.session.scalar(select(func.count(func.distinct(Employee.nip)))) == row.counts["create"]
    assert db.session.scalar(select(func.count()).select_from(UnitMembership)) == row.counts["create"]


def far_cell(book: xlsxwriter.Workbook, sheet) -> None:
    sheet.write(1_048_575, 16_383, "x")


def many_rows(book: xlsxwriter.Workbook, sheet) -> None:
    for y in range(1, spreadsheets.MOST_ROWS + 10):
        sheet.write(y, 0, "x")


@pytest.mark.parametrize(("spoil", "reason"), [(far_cell, "jauh di luar tabel"), (many_rows, "Ada lebih dari 20000 baris")])
def test_a_sheet_that_would_fill_the_memory_is_refused_before_it_is_read(app, monkeypatch, spoil, reason):
    monkeypatch.setattr(spreadsheets, "CalamineWorkbook", None)
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "nama")
        spoil(book, sheet)
    with app.test_request_context(), pytest.raises(spreadsheets.Unreadable, match=reason):
        spreadsheets.read_table(target.getvalue())


def test_a_workbook_with_two_parts_of_one_name_is_refused(app):
    source = io.BytesIO(xlsx([["nama"], ["Ani"]]))
    with zipfile.ZipFile(source, "a") as package, pytest.warns(UserWarning, match="Duplicate name"):
        package.writestr("xl/worksheets/sheet1.xml", "<a/>")
    with app.test_request_context(), pytest.raises(spreadsheets.Unreadable, match="rusak"):
        spreadsheets.read_table(source.getvalue())


def test_an_empty_formatted_cell_far_out_is_no_reason_to_refuse(app):
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["nama", "Ani"])
        sheet.write_blank(1_048_575, 100, None, book.add_format({"bold": True}))
    with app.test_request_context():
        assert [number for number, _cells in spreadsheets.read_table(target.getvalue()).rows] == [2]


def lying(source: bytes, says: int) -> bytes:
    """The same workbook, whose first sheet says in the directory and before its bytes that it is only so large."""
    with zipfile.ZipFile(io.BytesIO(source)) as package:
        info = package.getinfo("xl/worksheets/sheet1.xml")
    size = info.file_size.to_bytes(4, "little")
    directory = source.index(b"PK\x01\x02")
    entry = source.index(b"xl/worksheets/sheet1.xml", directory) - 46
    assert source[entry + 24 : entry + 28] == size
    told = says.to_bytes(4, "little")
    source = source[: entry + 24] + told + source[entry + 28 :]
    return source[: info.header_offset + 22] + told + source[info.header_offset + 26 :]


@pytest.mark.parametrize("says", [10, 1 << 30])
def test_a_workbook_that_lies_about_its_size_is_refused(app, monkeypatch, says):
    monkeypatch.setattr(spreadsheets, "CalamineWorkbook", None)
    with app.test_request_context(), pytest.raises(spreadsheets.Unreadable, match="rusak"):
        spreadsheets.read_table(lying(xlsx([["nama"], ["Ani"]]), says))


def test_what_a_workbook_holds_is_counted_as_it_is_unpacked(app, monkeypatch):
    """Little on the disk, much once unpacked; it says it were little."""
    monkeypatch.setattr(spreadsheets, "CalamineWorkbook", None)
    monkeypatch.setattr(spreadsheets, "LARGEST_UNPACKED", 3_000_000)
    source = xlsx([["nama"], *[["a" * 900 + str(n)] for n in range(5000)]])
    assert len(source) < 1_000_000
    for sent, reason in ((source, "terlalu besar setelah dibuka"), (lying_everywhere(source), "rusak")):
        with app.test_request_context(), pytest.raises(spreadsheets.Unreadable, match=reason):
            spreadsheets.read_table(sent)


def lying_everywhere(source: bytes) -> bytes:
    found = source.find(b"PK\x01\x02")
    while found >= 0:
        source = source[: found + 24] + (10).to_bytes(4, "little") + source[found + 28 :]
        found = source.find(b"PK\x01\x02", found + 4)
    return source


def test_findings_name_the_person_and_the_row(app, client, boss):
    make_unit(code="A")
    row = checked(app, client, f"{HEAD}\nAni Salah;123;;A;;\n")
    page = client.get(f"/kelola/impor/{row.id}").text
    assert "Ani Salah" in page
