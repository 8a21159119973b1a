"""One webinar that is announced for the next working morning, and one draft: made by the services that people use. When its day is over,
there is another one to try."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, time, timedelta

from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.notifications.calendar import working_moment
from app.people.models import User
from app.webinars import agenda, planning, registering, speakers
from app.webinars.agenda import Row
from app.webinars.models import Webinar, WebinarStaff, WebinarState
from app.webinars.planning import Plan
from app.webinars.queries import LATE_END
from app.webinars.speakers import SpeakerFacts

SLUG, DRAFT_SLUG = "pelayanan-ramah-disabilitas", "kecerdasan-artifisial-untuk-administrasi-pemerintahan"
BODY = """Warga dengan disabilitas datang ke loket yang sama, dengan hak yang sama. Webinar ini melatih hal-hal kecil yang menentukan: bertanya
lebih dulu, berbicara kepada orangnya, dan menata ruang tunggu.

## Untuk siapa

- petugas loket kecamatan dan kelurahan,
- petugas pendaftaran puskesmas dan RSUD,
- siapa pun yang menerima tamu di kantornya.
"""
AGENDA = (
    Row("", "Pembukaan", "15", "OPENING"),
    Row("", "Lima pertanyaan sebelum membantu", "50", "TALK"),
    Row("", "Jeda", "10", "BREAK"),
    Row("", "Loket dan ruang tunggu yang dapat dipakai semua orang", "55", "TALK"),
    Row("", "Tanya jawab", "45", "QUESTIONS"),
)


def make_webinars(people: dict[str, User]) -> None:
    """Nothing is made twice, and what somebody changed since stays: one that nobody began is moved to the next working morning, and after one
    that was held another is announced. `people`: demo accounts by their name."""
    if not {"admin-bkpsdm", "moderator", "asn"} <= people.keys():
        return
    admin_id, moderator_id, learner_id = (people[name].id for name in ("admin-bkpsdm", "moderator", "asn"))
    latest = _find_latest()
    if latest is None or _was_held(latest):
        _announce(admin_id, moderator_id, learner_id)
    elif latest.state == WebinarState.PUBLISHED and latest.ends_at < clock.now():
        _move(admin_id, latest)
    if not _is_there(DRAFT_SLUG):
        starts_at = next_morning() + timedelta(days=14)
        with transaction():
            plan = _plan("Kecerdasan Artifisial untuk Administrasi Pemerintahan", starts_at, starts_at + timedelta(hours=2), jp=2)
            planning.create_webinar(admin_id, plan)


def _is_there(slug: str) -> bool:
    return db.session.scalar(select(Webinar.id).where(Webinar.slug == slug)) is not None


def _find_latest() -> Webinar | None:
    ours = (Webinar.slug == SLUG) | Webinar.slug.startswith(f"{SLUG}-", autoescape=True)
    return db.session.scalar(select(Webinar).where(ours).order_by(Webinar.id.desc()).limit(1))


def _was_held(webinar: Webinar) -> bool:
    """It has ended, or its day is over while it was left on air or was canceled. A draft is somebody's work and stays what it is."""
    if webinar.state == WebinarState.ENDED:
        return True
    return webinar.state in (WebinarState.LIVE, WebinarState.CANCELED) and webinar.ends_at + LATE_END < clock.now()


def _move(admin_id: int, webinar: Webinar) -> None:
    """To the next working morning, with everything that hangs on its time."""
    later = next_morning() - webinar.starts_at
    plan = Plan(**{field.name: getattr(webinar, field.name) for field in fields(Plan)})
    moments = ("starts_at", "ends_at", "registration_closes_at", "posttest_closes_at")
    moved = {name: moment + later for name in moments if (moment := getattr(plan, name)) is not None}
    with transaction():
        planning.change_webinar(admin_id, webinar.id, webinar.version, replace(plan, **moved))


def next_morning() -> datetime:
    """09.00 on the next working day."""
    morning = datetime.combine(clock.today() + timedelta(days=1), time(9), tzinfo=clock.local_zone())
    day = clock.local_day(working_moment(morning))
    return datetime.combine(day, time(9), tzinfo=clock.local_zone())


def _announce(admin_id: int, moderator_id: int, learner_id: int) -> None:
    starts_at = next_morning()
    with transaction() as session:
        plan = _plan(
            "Pelayanan Ramah Disabilitas", starts_at, starts_at + timedelta(hours=3), jp=4, seats=500,
            summary="Cara kecil yang menentukan di loket: bertanya dulu, baru membantu. Untuk semua yang melayani warga.",
            body=BODY, partner="Dinas Sosial Kota Tanjungpinang",
        )  # fmt: skip
        webinar = planning.create_webinar(admin_id, plan)
        agenda.save_agenda(admin_id, webinar.id, None, AGENDA)
        sessions = agenda.list_items(webinar.id)
        speakers.add_speaker(admin_id, webinar.id, SpeakerFacts("Raja Fatimah, S.Sos.", "Dinas Sosial Kota Tanjungpinang", None, sessions[1].id))
        speakers.add_speaker(admin_id, webinar.id, SpeakerFacts("Syarifah Aini, S.T., M.T.", "Dinas Pekerjaan Umum dan Penataan Ruang", None, sessions[3].id))
        session.add(WebinarStaff(webinar_id=webinar.id, user_id=moderator_id, role="MODERATOR"))
        session.flush()
        planning.publish(admin_id, webinar.id, webinar.version)
    with transaction():
        registering.register_user(webinar.id, learner_id)


def _plan(
    title: str, starts_at: datetime, ends_at: datetime, *, jp: int, seats: int | None = None, summary: str = "", body: str = "", partner: str = ""
) -> Plan:
    return Plan(
        title=title, summary=summary, body_markdown=body, partner=partner, form="SEMINAR", jp=jp, starts_at=starts_at, ends_at=ends_at,
        seats=seats, registration_closes_at=None, guests_welcome=True, question_moderation="BEFORE", anonymous_questions=True, chat_open=True,
        slow_mode_seconds=0, refused_words=[], presence_percent=80, checkin_count=2, checkins_needed=1, pretest_key=None, posttest_key=None,
        posttest_closes_at=None,
    )  # fmt: skip
