"""Pages of attendance: one's own, the report and its files, check-ins without a socket; and who gets none of them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.attendance import checkins, queries, report, words
from app.attendance.models import CheckInAnswer
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.people import spreadsheets
from app.people.models import AuditEntry, User
from app.room.rooms import NAMESPACE
from app.webinars.models import Webinar
from app.webinars.queries import participant_for_guest, participant_for_speaker
from tests.attendance.kit import end, go_live, part_of, run_jobs, settled
from tests.people.factories import make_nip, make_unit, make_user, sign_in
from tests.room.kit import Visitor, visit
from tests.webinars.factories import make_guest, make_speaker, make_webinar, register

At = Callable[..., None]


def user_named(name: str) -> User:
    return db.session.scalars(select(User).where(User.full_name == name)).unique().one()


@pytest.fixture
def webinar(app: Flask, at: At) -> Webinar:
    """On air since 9: Alia of one unit, Budi of another, a guest; Dewi moderates."""
    at(2026, 11, 28, 8, 50)
    webinar = make_webinar(make_user("Dewi", role=Role.MODERATOR), checkin_count=0, slug="pelayanan")
    for serial, (name, unit) in enumerate((("Alia", "Dinas Satu"), ("Budi", "Dinas Dua")), 1):
        user = make_user(name, unit=make_unit(unit), nip=make_nip(serial))
        register(webinar, user)
        visit(app, webinar, user)
    guest = participant_for_guest(webinar, make_guest(webinar, "=Tamu Batam"))
    assert guest is not None
    Visitor(app, guest)
    at(2026, 11, 28, 9, 0)
    go_live(webinar)
    settled(app, webinar.id)
    return webinar


def finish(app: Flask, webinar: Webinar, at: At) -> None:
    at(2026, 11, 28, 11, 0)
    end(webinar)
    settled(app, webinar.id)
    run_jobs()


def page_of(client: FlaskClient, name: str, address: str) -> tuple[int, str]:
    answer = sign_in(client, user_named(name)).get(address)
    return answer.status_code, answer.text


def test_ones_own_attendance_during_and_after(app: Flask, client: FlaskClient, webinar: Webinar, at: At) -> None:
    at(2026, 11, 28, 9, 42)
    part_of(app, webinar.id).seen_at -= 11
    settled(app, webinar.id)
    assert "Anda hadir 42 menit sejauh ini." in page_of(client, "Alia", "/webinar/pelayanan/kehadiran")[1]
    finish(app, webinar, at)
    assert "2 JP tercatat" in client.get("/webinar/pelayanan/kehadiran").text


def test_what_is_missing_is_said_with_its_reason(app: Flask, client: FlaskClient, webinar: Webinar, at: At) -> None:
    room = part_of(app, webinar.id).room
    at(2026, 11, 28, 9, 30)
    room.leave(next(iter(room.people[f"u{user_named('Alia').id}"])), "lost")
    finish(app, webinar, at)
    status, page = page_of(client, "Alia", "/webinar/pelayanan/kehadiran")
    assert status == 200
    assert "belum memenuhi syarat" in page
    assert "Terputus dari jaringan 90 menit." in page
    assert "Ajukan sanggahan" in page


def test_outsiders_find_nothing(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    make_user("Cici")
    for address in ("/webinar/pelayanan/kehadiran", "/webinar/pelayanan/presensi"):
        assert client.get(address).status_code == 404
        assert page_of(client, "Cici", address)[0] == 404
        client.delete_cookie("session")
    assert page_of(client, "Cici", "/kelola/webinar/pelayanan/kehadiran")[0] == 403
    assert sign_in(client, user_named("Cici")).post("/webinar/pelayanan/kehadiran/sanggahan", data={"text": "x" * 50}).status_code == 404


def test_a_moderator_of_another_webinar_sees_no_report(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    make_user("Eko", role=Role.MODERATOR)
    for address in ("", "/ekspor.xlsx", "/u1"):
        assert page_of(client, "Eko", f"/kelola/webinar/pelayanan/kehadiran{address}")[0] == 404


def test_the_report_lives_and_stands_afterwards(app: Flask, client: FlaskClient, webinar: Webinar, at: At) -> None:
    status, page = page_of(client, "Dewi", "/kelola/webinar/pelayanan/kehadiran")
    assert status == 200
    assert "3 orang di ruang sekarang" in page
    finish(app, webinar, at)
    page = client.get("/kelola/webinar/pelayanan/kehadiran").text
    assert "3 dari 3 orang memenuhi syarat kehadiran." in page
    assert "Terdiri dari 2 peserta, 1 tamu." in page
    assert "Dinas Satu" in page
    assert "Alia" not in client.get("/kelola/webinar/pelayanan/kehadiran?unit=Dinas+Dua").text
    assert "Tidak ada yang cocok" in client.get("/kelola/webinar/pelayanan/kehadiran?syarat=belum").text
    seen = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "attendance.report_seen")).all()
    assert len(seen) == 4


def test_the_conditions_count_for_those_who_can_fulfill_them(app: Flask, client: FlaskClient, webinar: Webinar, at: At) -> None:
    visit(app, webinar, user_named("Dewi"))
    Visitor(app, participant_for_speaker(make_speaker(webinar)))
    finish(app, webinar, at)
    address = "/kelola/webinar/pelayanan/kehadiran"
    page = page_of(client, "Dewi", address)[1]
    assert "3 dari 3 orang memenuhi syarat kehadiran." in page
    assert "Terdiri dari 2 peserta, 1 tamu, 1 narasumber, 1 petugas. Syaratnya hanya berlaku bagi peserta dan tamu." in page
    assert page.count("tidak berlaku") == 2
    fulfilled = client.get(f"{address}?syarat=terpenuhi").text
    assert "Raja Fatimah" not in fulfilled
    assert "Alia" in fulfilled
    assert "Ringkasan penyelenggara" in page


def test_guests_cannot_pass_a_post_test_and_do_not_count_where_one_is_asked(app: Flask, client: FlaskClient, webinar: Webinar, at: At) -> None:
    with transaction() as session:
        session.get_one(Webinar, webinar.id).posttest_key = "tes/akhir"
    finish(app, webinar, at)
    page = page_of(client, "Dewi", "/kelola/webinar/pelayanan/kehadiran")[1]
    assert "0 dari 2 orang memenuhi syarat kehadiran." in page
    assert "Syaratnya hanya berlaku bagi peserta." in page


def test_minutes_that_were_lost_and_minutes_that_were_there_agree(app: Flask, client: FlaskClient, webinar: Webinar, at: At) -> None:
    """15 minutes and 40 seconds on air, of which 30 seconds were lost: 15 of 15 minutes, and less than one lost."""
    user = user_named("Alia")
    at(2026, 11, 28, 9, 15, 10)
    room = part_of(app, webinar.id).room
    room.leave(next(iter(room.people[f"u{user.id}"])), "lost")
    at(2026, 11, 28, 9, 15, 40)
    end(webinar)
    settled(app, webinar.id)
    run_jobs()
    page = page_of(client, "Alia", "/webinar/pelayanan/kehadiran")[1]
    assert "Hadir 15 dari 15 menit tayang." in page
    db.session.expire_all()
    key = f"u{user_named('Alia').id}"
    figures = queries.figures_of(db.session.get_one(Webinar, webinar.id), [key], clock.now())[key]
    assert words.gaps_in_words(figures.presence) == "Terputus dari jaringan kurang dari semenit."


def test_a_nip_is_masked_and_never_stays_in_the_address(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    numbers = [make_nip(1), make_nip(2)]
    page = page_of(client, "Dewi", "/kelola/webinar/pelayanan/kehadiran")[1]
    assert not any(number in page.replace(" ", "") for number in numbers)
    assert client.get(f"/kelola/webinar/pelayanan/kehadiran?nama={numbers[0]}").status_code == 303


def test_a_unit_admin_sees_the_own_units_people_only(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    make_user("Fitri", role=Role.UNIT_ADMIN, unit=user_named("Alia").employee.org_unit)  # type: ignore[union-attr]
    page = page_of(client, "Fitri", "/kelola/webinar/pelayanan/kehadiran")[1]
    assert "Alia" in page
    assert "Budi" not in page
    assert "Tamu" not in page
    assert make_nip(1) in page.replace(" ", "")
    assert client.get(f"/kelola/webinar/pelayanan/kehadiran/u{user_named('Budi').id}").status_code == 404
    assert client.get(f"/kelola/webinar/pelayanan/kehadiran/u{user_named('Alia').id}").status_code == 200


@pytest.mark.parametrize("key", ["u0", "x1", "u1'", "u99999", "..", "u1%20"])
def test_keys_that_nobody_has_find_nothing(app: Flask, client: FlaskClient, webinar: Webinar, key: str) -> None:
    assert page_of(client, "Dewi", f"/kelola/webinar/pelayanan/kehadiran/{key}")[0] in (404, 308)


def test_the_files_say_what_the_page_says(app: Flask, client: FlaskClient, webinar: Webinar, at: At) -> None:
    finish(app, webinar, at)
    answer = sign_in(client, user_named("Dewi")).get("/kelola/webinar/pelayanan/kehadiran/ekspor.xlsx")
    table = spreadsheets.read_table(answer.data)
    assert table.headings[:3] == ["nama", "nip", "unit_atau_instansi"]
    rows = {cells[0].text: [cell.text for cell in cells] for _number, cells in table.rows}
    assert rows["Alia"][3] == "peserta"
    assert rows["Alia"][-2:] == ["terpenuhi", "2"]
    assert rows["Alia"][5] == "120"
    assert rows["=Tamu Batam"][3] == "tamu"
    csv = client.get("/kelola/webinar/pelayanan/kehadiran/ekspor.csv").data.decode("utf-8-sig")
    assert "'=Tamu Batam" in csv
    exported = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "attendance.report_exported")).all()
    assert [entry.after["rows"] for entry in exported] == [3, 3]


def test_the_statements_of_the_report_do_not_grow(app: Flask, client: FlaskClient, webinar: Webinar, count_queries: list[str], at: At) -> None:
    sign_in(client, user_named("Dewi"))
    client.get("/kelola/webinar/pelayanan/kehadiran")
    counted = []
    for more in (0, 30):
        for n in range(more):
            guest = participant_for_guest(webinar, make_guest(webinar, f"Tamu {n}"))
            assert guest is not None
            Visitor(app, guest)
        settled(app, webinar.id)
        with part_of(app, webinar.id).working:
            count_queries.clear()
            client.get("/kelola/webinar/pelayanan/kehadiran")
            counted.append(len(count_queries))
    assert counted[0] == counted[1]


# ---- check-ins over plain HTTP ----


def test_a_check_in_is_answered_without_a_socket(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    sign_in(client, user_named("Alia"))
    assert client.get("/webinar/pelayanan/presensi").json == {"open": None}
    part_of(app, webinar.id).note_opened(checkins.open_another(webinar.id))
    told = client.get("/webinar/pelayanan/presensi").json
    assert told is not None
    assert (told["open"]["number"], told["answered"]) == (1, None)
    taken = client.post("/webinar/pelayanan/presensi", data={"number": "1"}, headers={"Accept": "application/json"}).json
    assert client.get("/webinar/pelayanan/presensi").json["answered"] == taken["at"]  # type: ignore[index]
    assert client.post("/webinar/pelayanan/presensi", data={"number": "1"}).status_code == 303
    assert len(db.session.scalars(select(CheckInAnswer)).all()) == 1
    assert part_of(app, webinar.id).shown_to_staff() == {"counts": [{"number": 1, "answers": 1, "people": 3}]}


@pytest.mark.parametrize("number", ["2", "", "-1", "1e3", "１", "999999999"])
def test_forged_numbers_over_http_are_refused(app: Flask, client: FlaskClient, webinar: Webinar, number: str) -> None:
    part_of(app, webinar.id).note_opened(checkins.open_another(webinar.id))
    sign_in(client, user_named("Alia"))
    assert client.post("/webinar/pelayanan/presensi", data={"number": number}, headers={"Accept": "application/json"}).status_code == 404
    assert db.session.scalars(select(CheckInAnswer)).all() == []


def test_a_late_answer_over_http_is_told_in_words(app: Flask, client: FlaskClient, webinar: Webinar, at: At) -> None:
    part_of(app, webinar.id).note_opened(checkins.open_another(webinar.id))
    at(2026, 11, 28, 9, 1, 1)
    answer = sign_in(client, user_named("Alia")).post("/webinar/pelayanan/presensi", data={"number": "1"}, headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert "09.01" in answer.json["message"]  # type: ignore[index]


def test_two_devices_answer_once(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    user = user_named("Alia")
    part_of(app, webinar.id).note_opened(checkins.open_another(webinar.id))
    visitor = visit(app, webinar, user)
    first = visitor.send("answer_checkin", {"number": 1})
    again = sign_in(client, user).post("/webinar/pelayanan/presensi", data={"number": "1"}, headers={"Accept": "application/json"}).json
    assert again == first
    visitor.socket.disconnect(NAMESPACE)


def test_xlsx_is_no_other_format(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    sign_in(client, user_named("Dewi"))
    assert client.get("/kelola/webinar/pelayanan/kehadiran/ekspor.exe").status_code == 404
    assert io.BytesIO(client.get("/kelola/webinar/pelayanan/kehadiran/ekspor.xlsx").data).read(2) == b"PK"


def test_the_moderators_desk_asks_for_a_check_in(client: FlaskClient, webinar: Webinar) -> None:
    status, page = page_of(client, "Dewi", "/webinar/pelayanan/moderasi")
    assert status == 200
    assert "data-desk-attendance" in page
    assert "Minta presensi sekarang" in page
    assert "attendance-desk" in page, "with its script"
    assert "data-desk-attendance" not in page_of(client, "Alia", "/webinar/pelayanan")[1]


def test_the_room_leads_moderators_to_the_stage(client: FlaskClient, webinar: Webinar) -> None:
    way = 'href="/webinar/pelayanan/panggung"'
    assert way in page_of(client, "Dewi", "/webinar/pelayanan")[1]
    assert way not in page_of(client, "Alia", "/webinar/pelayanan")[1]


def test_whoever_may_read_the_report_finds_it_before_and_after(app: Flask, client: FlaskClient, webinar: Webinar, at: At) -> None:
    before = make_webinar(slug="nanti", starts_at=clock.now() + timedelta(days=1))
    make_user("Audi Tor", role=Role.AUDITOR)
    make_user("Pimpinan", role=Role.EXECUTIVE)
    make_user("Fitri", role=Role.UNIT_ADMIN, unit=user_named("Alia").employee.org_unit)  # type: ignore[union-attr]
    make_user("Eko", role=Role.MODERATOR)
    finish(app, webinar, at)
    for slug in (before.slug, "pelayanan"):
        link = f'href="/kelola/webinar/{slug}/kehadiran"'
        for name, sees in (("Audi Tor", True), ("Pimpinan", True), ("Fitri", True), ("Eko", False), ("Budi", False)):
            assert (link in page_of(client, name, f"/webinar/{slug}")[1]) == sees, (slug, name)
        client.delete_cookie("session")
        assert link not in client.get(f"/webinar/{slug}").text


def test_the_list_of_reports_holds_what_a_person_may_read(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    other = make_webinar(slug="lain", state="ENDED")
    make_webinar(slug="nanti")
    make_user("Audi Tor", role=Role.AUDITOR)
    make_user("Fitri", role=Role.UNIT_ADMIN, unit=user_named("Alia").employee.org_unit)  # type: ignore[union-attr]
    for name, slugs in (("Audi Tor", {"pelayanan", other.slug}), ("Fitri", {"pelayanan", other.slug}), ("Dewi", {"pelayanan"})):
        status, page = page_of(client, name, "/kelola/kehadiran")
        assert status == 200
        assert set(re.findall(r'href="/kelola/webinar/([\w-]+)/kehadiran"', page)) == slugs
    make_user("Eko", role=Role.MODERATOR)
    assert "Belum ada laporan" in page_of(client, "Eko", "/kelola/kehadiran")[1]
    assert page_of(client, "Budi", "/kelola/kehadiran")[0] == 403
    assert 'href="/kelola/kehadiran"' in page_of(client, "Audi Tor", "/kelola/audit")[1]


def test_a_long_list_of_reports_has_pages(app: Flask, client: FlaskClient, at: At) -> None:
    at(2026, 11, 28, 8, 50)
    for number in range(report.PAGE + 1):
        make_webinar(slug=f"w-{number}", state="ENDED", starts_at=clock.now() - timedelta(days=number + 1))
    make_user("Audi Tor", role=Role.AUDITOR)
    first, second = (page_of(client, "Audi Tor", f"/kelola/kehadiran?page={number}")[1] for number in (1, 9))
    assert first.count("/kehadiran\"") - second.count("/kehadiran\"") == report.PAGE - 1
    assert f"/kelola/webinar/w-{report.PAGE}/kehadiran" in second
