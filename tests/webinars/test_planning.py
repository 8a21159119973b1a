"""Planning: what a webinar may be, who plans it, what is refused and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.kernel.access import Role
from app.kernel.cli import alembic_config
from app.kernel.clock import local_zone, now
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, Invalid
from app.kernel.jobs import Job
from app.people.models import AuditEntry, User
from app.webinars import agenda, planning, quizzes, quotas, rules
from app.webinars.agenda import Row
from app.webinars.models import AgendaItem, Webinar, WebinarSpeaker, WebinarStaff, WebinarState
from tests.assessment.factories import make_quiz
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_unit, make_user, sign_in
from tests.webinars.factories import make_speaker, make_webinar, register

At = Callable[..., None]
BASE = "/kelola/webinar"


@pytest.fixture(autouse=True)
def _morning(app: object, at: At) -> None:
    at(2026, 11, 23, 9, 0)


def form(**changes: Any) -> dict[str, str]:
    """What the form sends for a plain webinar of three hours."""
    return {
        "title": "Pelayanan Ramah Disabilitas", "summary": "Untuk semua petugas loket.", "starts_at": "2026-12-01T09:00",
        "ends_at": "2026-12-01T12:00", "form": "SEMINAR", "jp": "4", "partner": "Dinas Sosial", "body_markdown": "## Isi\n\n- satu",
        "question_moderation": "BEFORE", "anonymous_questions": "1", "chat_open": "1", "slow_mode_seconds": "0", "presence_percent": "80",
        "checkin_count": "2", "checkins_needed": "1",
    } | changes  # fmt: skip


@pytest.fixture
def planner(app: object) -> User:
    return make_user("Yulia Fransiska", role=Role.TRAINING_ADMIN)


@pytest.fixture
def admin(client: FlaskClient, planner: User) -> FlaskClient:
    return sign_in(client, planner)


def made(admin: FlaskClient, **changes: Any) -> Webinar:
    answer = admin.post(f"{BASE}/baru", data=form(**changes))
    assert answer.status_code == 303, answer.text
    return db.session.scalars(select(Webinar).order_by(Webinar.id.desc())).first()  # type: ignore[return-value]


def faults_of(**changes: Any) -> dict[str, Any]:
    with pytest.raises(Invalid) as refusal:
        planning.read_plan(form(**changes))
    return refusal.value.fields


# ---- rules ----


@pytest.mark.parametrize(
    ("minutes", "days", "per_day", "most"),
    [(180, 1, 4, 4), (120, 1, 4, 2), (44, 1, 4, 0), (45, 1, 4, 1), (480, 1, 4, 4), (480, 2, 4, 8), (480, 1, None, 10), (134.99, 1, 4, 2)],
)
def test_jp_are_whole_hours_of_45_minutes_and_at_most_the_days_rule(minutes: float, days: int, per_day: int | None, most: int) -> None:
    assert rules.most_jp(minutes, days, 45, per_day) == most


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Pelayanan Ramah Disabilitas!", "pelayanan-ramah-disabilitas"), ("Évaluasi  &  Café", "evaluasi-cafe"), ("中文", "webinar"), ("x" * 200, "x" * 60)],
)
def test_a_slug_is_plain(title: str, slug: str) -> None:
    assert rules.slug_from(title) == slug


@pytest.mark.parametrize(("path", "found"), [("/1/12/40/", 40), ("/1/12/41/", 12), ("/1/13/", None), ("/", None)])
def test_the_nearest_quota_holds(path: str, found: int | None) -> None:
    assert rules.nearest_quota(path, {40: 5, 12: 10}) == found


# ---- the form ----


def test_a_plan_is_read_in_the_zone_of_the_government() -> None:
    plan = planning.read_plan(form(seats="50", refused_words="Judi\njudi\n\nslot gacor"))
    assert plan.starts_at.astimezone(UTC) == datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
    assert (plan.seats, plan.jp, plan.guests_welcome, plan.refused_words) == (50, 4, False, ["judi", "slot gacor"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 10_000}, "title"),
        ({"summary": "x" * 501}, "summary"),
        ({"body_markdown": "x" * 20_001}, "body_markdown"),
        ({"starts_at": "2026-11-22T09:00"}, "starts_at"),
        ({"starts_at": "2026-11-23T09:00"}, "starts_at"),
        ({"starts_at": "2029-12-01T09:00", "ends_at": "2029-12-01T12:00"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:00", "ends_at": "9999-12-31T23:59"}, "starts_at"),
        ({"starts_at": "besok"}, "starts_at"),
        ({"starts_at": "2026-12-01T09:00+07:00"}, "starts_at"),
        ({"starts_at": ""}, "starts_at"),
        ({"ends_at": "2026-12-01T08:00"}, "ends_at"),
        ({"ends_at": "2026-12-01T09:00"}, "ends_at"),
        ({"ends_at": "2026-12-01T09:10"}, "ends_at"),
        ({"ends_at": "2026-12-05T09:10"}, "ends_at"),
        ({"form": "DIKLAT"}, "form"),
        ({"jp": "5"}, "jp"),
        ({"jp": "-1"}, "jp"),
        ({"jp": "1.5"}, "jp"),
        ({"jp": "٣"}, "jp"),
        ({"jp": "3", "ends_at": "2026-12-01T11:00"}, "jp"),
        ({"seats": "0"}, "seats"),
        ({"seats": "100001"}, "seats"),
        ({"registration_closes_at": "2026-12-01T12:30"}, "registration_closes_at"),
        ({"registration_closes_at": "2026-11-23T04:00"}, "registration_closes_at"),
        ({"question_moderation": "NEVER"}, "question_moderation"),
        ({"slow_mode_seconds": "301"}, "slow_mode_seconds"),
        ({"refused_words": "x" * 51}, "refused_words"),
        ({"refused_words": "\n".join(f"kata {n}" for n in range(101))}, "refused_words"),
        ({"presence_percent": "0"}, "presence_percent"),
        ({"presence_percent": "101"}, "presence_percent"),
        ({"checkin_count": "6"}, "checkin_count"),
        ({"checkins_needed": "3"}, "checkins_needed"),
        ({"pretest_key": "tidak/ada"}, "pretest_key"),
        ({"posttest_closes_at": "2026-12-01T11:00"}, "posttest_closes_at"),
        ({"posttest_closes_at": "2027-12-01T11:00"}, "posttest_closes_at"),
        ({"body_markdown": "# Judul"}, "body_markdown"),
        ({"body_markdown": "[x](http://contoh.test)"}, "body_markdown"),
        ({"body_markdown": "![x](https://contoh.test/x.png)"}, "body_markdown"),
        ({"body_markdown": "[x](lesson:satu)"}, "body_markdown"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(changes: dict[str, str], field: str) -> None:
    assert field in faults_of(**changes)


def test_a_plan_from_before_the_limit_is_as_slow_as_a_moderator_may_set_it() -> None:
    within, beyond = make_webinar(slow_mode_seconds=45).id, make_webinar(slow_mode_seconds=600).id
    db.session.remove()
    command.downgrade(alembic_config(), "0019")
    command.upgrade(alembic_config(), "head")
    assert [db.session.get_one(Webinar, number).slow_mode_seconds for number in (within, beyond)] == [45, rules.SLOWEST_SECONDS]


def test_raw_html_is_text(admin: FlaskClient) -> None:
    webinar = made(admin, body_markdown="<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1))")
    assert "<script" not in webinar.body_html
    assert "<img" not in webinar.body_html
    assert "href" not in webinar.body_html
    assert "&lt;script&gt;" in webinar.body_html


def test_an_international_day_counts_for_two(admin: FlaskClient) -> None:
    assert planning.read_plan(form(ends_at="2026-12-02T09:00", jp="8")).jp == 8
    assert list(faults_of(ends_at="2026-12-02T09:00", jp="9")) == ["jp"]
    assert list(faults_of(ends_at="2026-12-02T00:00", jp="5")) == ["jp"], "it ends with the first day"


def test_a_quiz_is_chosen_by_its_key(admin: FlaskClient) -> None:
    make_quiz("awal/pretest")
    assert made(admin, pretest_key="awal/pretest").pretest_key == "awal/pretest"


def test_only_a_quiz_of_no_course_or_of_an_own_course_is_named(admin: FlaskClient) -> None:
    publish_course("pelayanan", lesson("akhir", kind="quiz"))
    for key in ("pelayanan/akhir", "awal/pretest"):
        make_quiz(key)
    moderator = make_user("Dewi Lestari", role=Role.MODERATOR)
    webinar, named = made(admin), made(admin, posttest_key="pelayanan/akhir")
    with transaction() as session:
        session.add_all(WebinarStaff(webinar_id=one.id, user_id=moderator.id, role="MODERATOR") for one in (webinar, named))
    with pytest.raises(Invalid) as refusal:
        planning.read_plan(form(pretest_key="pelayanan/akhir"), webinar, moderator)
    assert list(refusal.value.fields) == ["pretest_key"]
    assert list(faults_of(pretest_key="pelayanan/akhir")) == ["pretest_key"]
    assert [key for key, _title in quizzes.list_offered(moderator, webinar)] == ["awal/pretest"]
    assert planning.read_plan(form(posttest_key="pelayanan/akhir"), named, moderator).posttest_key == "pelayanan/akhir", "as somebody else named it"
    dewi = sign_in(admin, moderator)
    assert dewi.post(f"{BASE}/{webinar.id}", data=form(pretest_key="pelayanan/akhir", version=str(webinar.version))).status_code == 422
    assert "pelayanan/akhir" not in dewi.get(f"{BASE}/{webinar.id}").text


# ---- created, changed ----


def test_slugs_make_themselves_and_differ(admin: FlaskClient) -> None:
    assert [made(admin).slug, made(admin).slug, made(admin, title="Tamu").slug] == [
        "pelayanan-ramah-disabilitas",
        "pelayanan-ramah-disabilitas-2",
        "tamu-2",
    ]


def test_the_same_form_sent_twice_makes_one_draft(admin: FlaskClient, client: FlaskClient) -> None:
    token = {"token": "a" * 16}
    assert made(admin, **token).id == made(admin, **token).id
    assert made(admin, token="b" * 16).id != made(admin, token="zu kurz").id
    sign_in(client, make_user(role=Role.TRAINING_ADMIN))
    assert made(client, **token).share_token != "a" * 16, "somebody else's form is another webinar"


def test_what_was_typed_stays_when_it_is_refused(admin: FlaskClient) -> None:
    answer = admin.post(f"{BASE}/baru", data=form(jp="9", title="Judul <b>saya</b>"))
    assert answer.status_code == 422
    assert "Judul &lt;b&gt;saya&lt;/b&gt;" in answer.text
    assert "Paling banyak 4 JP" in answer.text
    assert db.session.scalar(select(func.count(Webinar.id))) == 0


def test_what_is_wrong_is_listed_at_the_top_with_the_way_to_its_field(admin: FlaskClient) -> None:
    page = admin.post(f"{BASE}/baru", data=form(registration_closes_at="2026-11-23T04:00")).text
    assert '<a href="#f-registration_closes_at">Pendaftaran ditutup</a>: Waktu ini sudah lewat.' in page
    assert 'id="f-registration_closes_at"' in page


def test_a_closing_time_that_has_passed_meanwhile_hinders_no_other_change(admin: FlaskClient, at: At) -> None:
    webinar = made(admin, registration_closes_at="2026-11-23T09:10")
    at(2026, 11, 23, 9, 20)
    kept = form(registration_closes_at="2026-11-23T09:10", title="Judul lain", version="1")
    assert admin.post(f"{BASE}/{webinar.id}", data=kept).status_code == 303
    assert admin.post(f"{BASE}/{webinar.id}", data=kept | {"version": "2", "registration_closes_at": "2026-11-23T09:11"}).status_code == 422


def test_the_seats_are_not_fewer_than_a_quota(admin: FlaskClient) -> None:
    webinar, unit = made(admin, seats="40"), make_unit()
    with transaction():
        quotas.set_quota(None, webinar.id, unit.id, "30")
    address = f"{BASE}/{webinar.id}"
    refused = admin.post(address, data=form(seats="29", title="Judul lain", version="2"))
    assert refused.status_code == 422
    assert "Satu unit berkuota 30 kursi" in refused.text
    assert "Judul lain" in refused.text, "what was typed is not lost"
    with transaction():
        db.session.get_one(Webinar, webinar.id).seats = 20
    assert admin.post(address, data=form(seats="20", title="Judul lain", version="2")).status_code == 303, "seats that were so before hinder no other change"
    assert admin.post(address, data=form(seats="30", version="3")).status_code == 303
    assert admin.post(address, data=form(version="4")).status_code == 303, "no number at all: as many as come"


def test_two_editors_notice(admin: FlaskClient) -> None:
    webinar = made(admin)
    address = f"{BASE}/{webinar.id}"
    assert admin.post(address, data=form(title="Yang pertama", version="1")).status_code == 303
    late = admin.post(address, data=form(title="Yang kedua", version="1"))
    assert late.status_code == 409
    assert "Orang lain mengubah webinar ini" in late.text
    assert "Yang kedua" in late.text, "what was typed is not lost"
    db.session.expire_all()
    assert db.session.get_one(Webinar, webinar.id).title == "Yang pertama"
    assert admin.post(address, data=form()).status_code == 404, "a form without its version is none of ours"


def test_changes_are_in_the_audit_log_in_words(admin: FlaskClient, planner: User) -> None:
    webinar = made(admin)
    admin.post(f"{BASE}/{webinar.id}", data=form(title="Lain", version="1"))
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "webinars.changed")).one()
    assert (entry.actor_id, entry.before["title"], entry.after["title"]) == (planner.id, "Pelayanan Ramah Disabilitas", "Lain")
    assert "Rencana webinar diubah" in admin.get("/kelola/audit").text


# ---- agenda ----


def rows(*titles: str, minutes: str = "30", kind: str = "TALK", ids: tuple[str, ...] = ()) -> list[Row]:
    return [Row(ids[n] if n < len(ids) else "", title, minutes, kind) for n, title in enumerate(titles)]


def save(webinar: Webinar, lines: list[Row], version: int | None = None) -> list[AgendaItem]:
    with transaction():
        agenda.save_agenda(None, webinar.id, version, lines)
    return list(db.session.scalars(select(AgendaItem).where(AgendaItem.webinar_id == webinar.id).order_by(AgendaItem.position)))


def test_sessions_follow_one_another_and_keep_their_ids() -> None:
    webinar = make_webinar()
    first, second = save(webinar, rows("Pembukaan", "Paparan"))
    speaker = make_speaker(webinar, agenda_item_id=second.id)
    assert second.starts_at - webinar.starts_at == timedelta(minutes=30)
    swapped = save(webinar, agenda.moved_up(rows("Pembukaan", "Paparan", "Penutup", ids=(str(first.id), str(second.id))), 1))
    assert [(item.id, item.title) for item in swapped][:2] == [(second.id, "Paparan"), (first.id, "Pembukaan")]
    assert swapped[0].starts_at == webinar.starts_at
    assert db.session.get_one(WebinarSpeaker, speaker.id).agenda_item_id == second.id
    left = save(webinar, rows("", "Penutup", ids=(str(second.id), str(swapped[2].id))))
    assert [item.title for item in left] == ["Penutup"]
    db.session.expire_all()
    assert db.session.get_one(WebinarSpeaker, speaker.id).agenda_item_id is None


@pytest.mark.parametrize(
    "lines",
    [
        rows("Panjang", minutes="121"),
        rows("a", "b", "c", "d", "e"),
        rows("Nol", minutes="0"),
        rows("Huruf", minutes="tiga"),
        rows("x" * 201),
        rows("Jenis", kind="LUNCH"),
    ],
)
def test_an_agenda_that_cannot_be_is_refused(lines: list[Row]) -> None:
    with pytest.raises(Invalid):
        save(make_webinar(), lines)


def test_too_many_sessions_are_refused() -> None:
    with pytest.raises(Invalid):
        agenda.read_rows(["" for _n in range(61)], ["Sesi"] * 61, ["1"] * 61, ["TALK"] * 61)
    with pytest.raises(Invalid):
        agenda.read_rows([""], ["a", "b"], ["1"], ["TALK"])


def typed_agenda(version: int, *lines: tuple[str, str, str, str]) -> dict[str, Any]:
    """The agenda's form as it is sent: id, title, minutes and kind of each line."""
    ids, titles, minutes, kinds = (list(column) for column in zip(*lines, strict=True))
    return {"item": ids, "item_title": titles, "item_minutes": minutes, "item_kind": kinds, "version": str(version)}


def test_a_refused_agenda_comes_back_as_it_was_typed(admin: FlaskClient) -> None:
    webinar = make_webinar()
    kept = save(webinar, rows("Pembukaan"))[0]
    lines = [(str(kept.id), "Pembukaan resmi", "70", "OPENING"), ("", "Tanya jawab", "90", "QUESTIONS"), ("", "", "", "TALK")]
    answer = admin.post(f"{BASE}/{webinar.id}/susunan", data=typed_agenda(webinar.version, *lines))
    assert answer.status_code == 422
    assert "Semua sesi bersama 160 menit, padahal webinarnya 120 menit." in answer.text
    for value in ("Pembukaan resmi", "70", "Tanya jawab", "90"):
        assert f'value="{value}"' in answer.text
    assert answer.text.count('<option value="QUESTIONS" selected>') == 1
    assert f'name="item" value="{kept.id}"' in answer.text, "a session that is kept stays the same one"
    again = [(one, title, "30", kind) if title else (one, title, minutes, kind) for one, title, minutes, kind in lines]
    assert admin.post(f"{BASE}/{webinar.id}/susunan", data=typed_agenda(webinar.version, *again)).status_code == 303


def test_an_agenda_of_two_editors_keeps_what_the_later_one_typed_and_overwrites_nothing(admin: FlaskClient) -> None:
    webinar = make_webinar()
    seen, kept = webinar.version, save(webinar, rows("Pembukaan"))[0]
    for _press in range(2):
        answer = admin.post(f"{BASE}/{webinar.id}/susunan", data=typed_agenda(seen, ("", "Milik saya", "20", "TALK")))
        assert answer.status_code == 409
        assert 'value="Milik saya"' in answer.text
        assert f'name="version" value="{seen}"' in answer.text
    assert db.session.get(AgendaItem, kept.id) is not None


def test_a_new_session_with_a_length_needs_a_title() -> None:
    with pytest.raises(Invalid):
        agenda.read_rows(["", ""], ["Pembukaan", ""], ["10", "30"], ["TALK", "TALK"])


def test_sessions_of_another_webinar_are_not_there(admin: FlaskClient) -> None:
    mine, other = make_webinar(), make_webinar()
    foreign = save(other, rows("Milik orang"))[0]
    lines = {"item": str(foreign.id), "item_title": "Diambil", "item_minutes": "10", "item_kind": "TALK", "version": str(mine.version)}
    assert admin.post(f"{BASE}/{mine.id}/susunan", data=lines).status_code == 404
    speaker = {"full_name": "Raja Fatimah", "agenda_item_id": str(foreign.id)}
    assert admin.post(f"{BASE}/{mine.id}/narasumber", data=speaker).status_code == 404
    assert admin.post(f"{BASE}/{mine.id}/narasumber", data=speaker | {"agenda_item_id": "9" * 30}).status_code == 404
    assert db.session.get_one(AgendaItem, foreign.id).title == "Milik orang"


def test_the_same_session_twice_is_refused() -> None:
    webinar = make_webinar()
    item = save(webinar, rows("Satu"))[0]
    with pytest.raises(Invalid):
        save(webinar, rows("Satu", "Satu lagi", ids=(str(item.id), str(item.id))))


def test_the_agenda_moves_with_the_beginning(admin: FlaskClient) -> None:
    webinar = made(admin)
    save(webinar, rows("Pembukaan", "Paparan", minutes="60"))
    version = str(db.session.get_one(Webinar, webinar.id).version)
    answer = admin.post(f"{BASE}/{webinar.id}", data=form(starts_at="2026-12-02T13:00", ends_at="2026-12-02T14:00", jp="1", version=version))
    assert answer.status_code == 422
    assert "lebih lama" in answer.text
    assert admin.post(f"{BASE}/{webinar.id}", data=form(starts_at="2026-12-02T13:00", ends_at="2026-12-02T16:00", version=version)).status_code == 303
    db.session.expire_all()
    times = [item.starts_at.astimezone(local_zone()).strftime("%d %H.%M") for item in db.session.scalars(select(AgendaItem).order_by(AgendaItem.position))]
    assert times == ["02 13.00", "02 14.00"]


# ---- announced, taken back, called off ----


def _ready(admin: FlaskClient) -> Webinar:
    webinar = made(admin)
    save(webinar, rows("Paparan"))
    make_speaker(webinar)
    moderator = make_user("Dewi Lestari", role=Role.MODERATOR)
    with transaction() as session:
        session.add(WebinarStaff(webinar_id=webinar.id, user_id=moderator.id, role="MODERATOR"))
    db.session.expire_all()
    return db.session.get_one(Webinar, webinar.id)


def test_an_incomplete_webinar_is_not_announced(admin: FlaskClient) -> None:
    webinar = made(admin, summary="")
    answer = admin.post(f"{BASE}/{webinar.id}/pengumuman", data={"version": "1"})
    assert answer.status_code == 409
    assert "Ringkasan, Susunan acara, Narasumber, Moderator" in answer.text
    assert db.session.get_one(Webinar, webinar.id).state == WebinarState.DRAFT


def test_registration_that_is_closed_is_not_announced_as_open(admin: FlaskClient) -> None:
    webinar = _ready(admin)
    with transaction() as session:
        session.get_one(Webinar, webinar.id).registration_closes_at = now() - timedelta(hours=5)
    db.session.expire_all()
    page = admin.get(f"{BASE}/{webinar.id}").text
    assert '<a href="#f-registration_closes_at">Waktu pendaftaran ditutup belum lewat</a>' in page
    answer = admin.post(f"{BASE}/{webinar.id}/pengumuman", data={"version": str(webinar.version)})
    assert answer.status_code == 409
    assert "Yang masih kurang: Waktu pendaftaran ditutup belum lewat" in answer.text


def test_announced_once_and_found_by_the_search(admin: FlaskClient) -> None:
    webinar = _ready(admin)
    version = str(webinar.version)
    assert admin.post(f"{BASE}/{webinar.id}/pengumuman", data={"version": version}).status_code == 303
    assert admin.post(f"{BASE}/{webinar.id}/pengumuman", data={"version": version}).status_code == 409
    db.session.expire_all()
    assert webinar.state == WebinarState.PUBLISHED
    assert db.session.scalar(select(func.count(Job.id)).where(Job.name == "webinars.make_findable")) == 1
    from app.webinars.jobs import make_findable

    make_findable(webinar.id)
    assert f'href="/webinar/{webinar.slug}"' in admin.get("/cari?q=disabilitas").text
    with transaction():
        planning.cancel(None, webinar.id, webinar.version, "Narasumber sakit")
    make_findable(webinar.id)
    assert "Tidak ada yang cocok" in admin.get("/cari?q=disabilitas").text


def test_a_webinar_with_registrations_is_not_taken_back(admin: FlaskClient) -> None:
    webinar = _ready(admin)
    with transaction():
        planning.publish(None, webinar.id, webinar.version)
    with transaction():
        planning.unpublish(None, webinar.id, webinar.version)
    with transaction():
        planning.publish(None, webinar.id, webinar.version)
    register(webinar, make_user())
    with pytest.raises(Conflict), transaction():
        planning.unpublish(None, webinar.id, webinar.version)


def test_calling_off_needs_a_reason(admin: FlaskClient) -> None:
    webinar = make_webinar()
    for reason in ("", "   ", "x" * 501):
        answer = admin.post(f"{BASE}/{webinar.id}/pembatalan", data={"version": str(webinar.version), "reason": reason})
        assert answer.status_code == 422
    assert admin.post(f"{BASE}/{webinar.id}/pembatalan", data={"version": str(webinar.version), "reason": "Narasumber sakit"}).status_code == 303
    assert "Narasumber sakit" in admin.get(f"/webinar/{webinar.slug}").text


@pytest.mark.parametrize("state", [WebinarState.LIVE, WebinarState.ENDED, WebinarState.CANCELED])
def test_what_has_begun_is_not_planned_any_more(admin: FlaskClient, state: WebinarState) -> None:
    webinar = make_webinar(state=state)
    version = {"version": str(webinar.version)}
    for what, data in (("", form()), ("/susunan", {}), ("/pengumuman", {}), ("/penarikan", {}), ("/pembatalan", {"reason": "x"}), ("/hapus", {})):
        assert admin.post(f"{BASE}/{webinar.id}{what}", data=data | version).status_code == 409, what


def test_what_is_over_leads_to_its_report_and_its_summary(admin: FlaskClient) -> None:
    webinar = make_webinar(state=WebinarState.ENDED)
    page = admin.get(f"{BASE}/{webinar.id}").text
    assert f'href="/kelola/webinar/{webinar.slug}/kehadiran"' in page
    assert f'href="/kelola/webinar/{webinar.slug}/ringkasan"' in page
    assert "/ringkasan" not in admin.get(f"{BASE}/{make_webinar().id}").text


def test_a_draft_is_deleted_with_all_that_belongs_to_it(admin: FlaskClient) -> None:
    webinar = _ready(admin)
    assert admin.post(f"{BASE}/{webinar.id}/hapus", data={"version": str(webinar.version)}).status_code == 303
    assert db.session.scalar(select(func.count(AgendaItem.id))) == 0
    assert admin.get(f"{BASE}/{webinar.id}").status_code == 404


# ---- speakers, staff ----


def test_a_speakers_link_is_shown_once_and_kept_as_a_digest(admin: FlaskClient) -> None:
    from app.notifications.models import OutboxMail
    from app.webinars import links

    webinar = make_webinar()
    speaker = make_speaker(webinar, email="fatimah@contoh.go.id")
    answer = admin.post(f"{BASE}/{webinar.id}/narasumber/{speaker.id}/tautan")
    secret = answer.text.split("/narasumber/")[-1].split('"')[0]
    for part in answer.text.split('value="')[1:]:
        if "/narasumber/" in part:
            secret = part.split("/narasumber/")[1].split('"')[0]
    assert answer.headers["Cache-Control"] == "no-store"
    db.session.expire_all()
    assert links.find_speaker(secret).id == speaker.id  # type: ignore[union-attr]
    assert secret not in str(vars(db.session.get_one(WebinarSpeaker, speaker.id)))
    mail = db.session.scalars(select(OutboxMail)).one()
    assert (mail.address, mail.secret) == ("fatimah@contoh.go.id", True)
    assert f"/narasumber/{secret}" in mail.body
    assert secret not in admin.get(f"{BASE}/{webinar.id}").text
    assert "Salin tautan" in answer.text
    assert "Tautan yang lama tidak berlaku lagi." not in answer.text, "there was none"
    again = admin.post(f"{BASE}/{webinar.id}/narasumber/{speaker.id}/tautan")
    assert links.find_speaker(secret) is None, "a new link ends the old one"
    assert "Tautan yang lama tidak berlaku lagi." in again.text
    admin.post(f"{BASE}/{webinar.id}/narasumber/{speaker.id}/tautan/cabut")
    db.session.expire_all()
    assert db.session.get_one(WebinarSpeaker, speaker.id).link_digest is None


def test_a_link_ends_two_weeks_after_the_event(at: At) -> None:
    from app.webinars import links, speakers

    webinar = make_webinar()
    speaker = make_speaker(webinar)
    with transaction():
        address = speakers.renew_link(None, webinar.id, speaker.id)
    secret = address.rpartition("/")[2]
    at(2026, 12, 7, 11, 0)
    assert links.find_speaker(secret) is not None
    at(2026, 12, 7, 12, 0)
    assert links.find_speaker(secret) is None
    assert links.find_speaker("x" * 5000) is None


@pytest.mark.parametrize("email", ["bukan surel", "a@b", "a@@b.id", "x" * 250 + "@b.id", "a@b.id\nBcc: c@d.id", "a..b@c..id", "<a@b.id>"])
def test_an_address_that_is_none_is_refused(admin: FlaskClient, email: str) -> None:
    webinar = make_webinar()
    answer = admin.post(f"{BASE}/{webinar.id}/narasumber", data={"full_name": "Raja Fatimah", "email": email})
    assert answer.status_code == 422
    assert db.session.scalar(select(func.count(WebinarSpeaker.id))) == 0


def test_speakers_of_another_webinar_are_not_there(admin: FlaskClient) -> None:
    mine, other = make_webinar(), make_webinar()
    speaker = make_speaker(other)
    for what in ("", "/hapus", "/tautan", "/tautan/cabut"):
        assert admin.post(f"{BASE}/{mine.id}/narasumber/{speaker.id}{what}", data={"full_name": "Lain"}).status_code == 404, what


def test_only_who_could_run_it_becomes_staff(admin: FlaskClient) -> None:
    webinar, learner, moderator = make_webinar(), make_user("Tuti Aminah"), make_user("Dewi Lestari", role=Role.MODERATOR)
    found = admin.post(f"{BASE}/{webinar.id}/petugas/pilihan", data={"cari": "i"}).text
    assert moderator.full_name in found
    assert learner.full_name not in found
    add = f"{BASE}/{webinar.id}/petugas"
    assert admin.post(add, data={"person": str(learner.id), "role": "MODERATOR"}).status_code == 422
    assert admin.post(add, data={"person": str(moderator.id), "role": "HOST"}).status_code == 422
    assert admin.post(add, data={"person": "999999", "role": "MODERATOR"}).status_code == 404
    assert admin.post(add, data={"person": str(moderator.id), "role": "MODERATOR"}).status_code == 303
    assert admin.post(add, data={"person": str(moderator.id), "role": "ORGANIZER"}).status_code == 303
    assert db.session.scalars(select(WebinarStaff.role)).one() == "ORGANIZER"
    assert admin.post(f"{add}/{moderator.id}/keluar").status_code == 303
    assert admin.post(f"{add}/{moderator.id}/keluar").status_code == 404


# ---- who may ----

DOORS = ("", "/susunan", "/narasumber", "/kuota", "/bahan", "/pengumuman", "/penarikan", "/pembatalan", "/hapus", "/petugas", "/petugas/pilihan")


@pytest.mark.parametrize("role", [Role.LEARNER, Role.UNIT_ADMIN, Role.SUPERVISOR, Role.MODERATOR, Role.INSTRUCTOR, Role.AUDITOR])
def test_outsiders_find_nothing(client: FlaskClient, role: Role) -> None:
    webinar = make_webinar(make_user("Petugas", role=Role.MODERATOR))
    outsider = sign_in(client, make_user("Orang Luar", role=role, unit=make_unit()))
    assert outsider.get(f"{BASE}/{webinar.id}").status_code in (403, 404)
    for door in DOORS:
        assert outsider.post(f"{BASE}/{webinar.id}{door}", data=form(version="1")).status_code in (403, 404), door
    assert outsider.get(f"{BASE}/baru").status_code == 403
    assert webinar.title not in (outsider.get(BASE).text if role in (Role.MODERATOR, Role.INSTRUCTOR) else "")
    db.session.expire_all()
    assert db.session.get_one(Webinar, webinar.id).version == 1


def test_staff_edit_their_own_and_announce_nothing(client: FlaskClient) -> None:
    moderator = make_user("Dewi Lestari", role=Role.MODERATOR)
    webinar = make_webinar(moderator, starts_at=now() + timedelta(days=8))
    inside = sign_in(client, moderator)
    assert webinar.title in inside.get(BASE).text
    assert inside.post(f"{BASE}/{webinar.id}", data=form(version="1")).status_code == 303
    assert inside.post(f"{BASE}/{webinar.id}/narasumber", data={"full_name": "Raja Fatimah"}).status_code == 303
    for door in ("/pengumuman", "/penarikan", "/pembatalan", "/hapus", "/petugas", "/petugas/pilihan"):
        assert inside.post(f"{BASE}/{webinar.id}{door}", data={"version": "2", "reason": "x"}).status_code == 403, door


def test_moderators_find_their_way_there_and_admins_have_one_way(client: FlaskClient) -> None:
    moderator, planner = make_user(role=Role.MODERATOR), make_user(role=Role.TRAINING_ADMIN)
    assert f'<a href="{BASE}"' in sign_in(client, moderator).get("/beranda").text
    assert f'<a href="{BASE}"' not in sign_in(client, planner).get("/beranda").text
    assert f'<a href="{BASE}"' not in sign_in(client, make_user()).get("/beranda").text


def test_the_pages_cost_the_same_for_every_webinar(admin: FlaskClient, count_queries: list[str]) -> None:
    def cost(address: str) -> int:
        count_queries.clear()
        assert admin.get(address).status_code == 200
        return len(count_queries)

    webinar = make_webinar(jp=2)
    addresses = (f"{BASE}/{webinar.id}", BASE, f"{BASE}/{webinar.id}/peserta")
    first = [cost(address) for address in addresses] and [cost(address) for address in addresses]
    for item in save(webinar, rows("a", "b", "c")):
        make_speaker(webinar, agenda_item_id=item.id)
        register(make_webinar(), make_user())
        register(webinar, make_user())
    assert [cost(address) for address in addresses] == first
