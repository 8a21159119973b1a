"""A webinar's plan: read from a form, made, changed, announced, taken back, called off.

Whoever edits says which version they saw; somebody who was faster makes it a `Conflict`. Functions flush and never commit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from app.interchange.packages import markdown
from app.kernel import clock, events, jobs
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.regulation import find_rule, get_rule
from app.learning.ledger import MINUTES_PER_JP, per_day_key
from app.people import audit
from app.webinars import links, quizzes, rules
from app.webinars.events import WebinarCanceled, WebinarChanged, WebinarPublished
from app.webinars.labels import FORMS, MODERATIONS
from app.webinars.models import (
    AgendaItem,
    Moderation,
    RegistrationState,
    Webinar,
    WebinarQuota,
    WebinarRegistration,
    WebinarSpeaker,
    WebinarStaff,
    WebinarState,
)
from app.webinars.rules import SLOWEST_SECONDS

LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_BODY, LONGEST_PARTNER, LONGEST_REASON = 200, 500, 20_000, 200, 500
MOST_SEATS, MOST_WORDS, LONGEST_WORD, MOST_CHECKINS = 100_000, 100, 50, 5
SHORTEST, LONGEST, FARTHEST = timedelta(minutes=15), timedelta(days=3), timedelta(days=730)
BEFORE_IT_BEGINS = (WebinarState.DRAFT, WebinarState.PUBLISHED)
RESERVED_SLUGS = {"tamu"}
TOKEN = re.compile(r"[A-Za-z0-9_-]{16}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the form says; the fields are those of `Webinar`."""

    title: str
    summary: str
    body_markdown: str
    partner: str
    form: str
    jp: int
    starts_at: datetime
    ends_at: datetime
    seats: int | None
    registration_closes_at: datetime | None
    guests_welcome: bool
    question_moderation: str
    anonymous_questions: bool
    chat_open: bool
    slow_mode_seconds: int
    refused_words: list[str]
    presence_percent: int
    checkin_count: int
    checkins_needed: int
    pretest_key: str | None
    posttest_key: str | None
    posttest_closes_at: datetime | None


# ---- from the form ----


class _Reader:
    """Reads fields one after the other and remembers what is wrong with each."""

    def __init__(self, form: Mapping[str, str]):
        self.form, self.faults = form, dict[str, Any]()

    def raw(self, name: str) -> str:
        return self.form.get(name, "").replace("\0", "").strip()

    def line(self, name: str, longest: int, missing: str | None = None) -> str:
        return self._measured(name, " ".join(self.raw(name).split()), longest, missing)

    def text(self, name: str, longest: int) -> str:
        return self._measured(name, self.raw(name).replace("\r\n", "\n"), longest, None)

    def _measured(self, name: str, text: str, longest: int, missing: str | None) -> str:
        if len(text) > longest:
            self.faults[name] = ngettext("Paling panjang %(num)d huruf.", "Paling panjang %(num)d huruf.", longest)
        elif missing and not text:
            self.faults[name] = missing
        return text[:longest]

    def number(self, name: str, least: int, most: int) -> int:
        found = self.optional_number(name, least, most)
        if found is None and name not in self.faults:
            self.faults[name] = _("Isi dengan angka %(least)d sampai %(most)d.", least=least, most=most)
        return least if found is None else found

    def optional_number(self, name: str, least: int, most: int) -> int | None:
        text = self.raw(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
            self.faults[name] = _("Isi dengan angka %(least)d sampai %(most)d.", least=least, most=most)
            return None
        return int(text)

    def moment(self, name: str) -> datetime | None:
        """A day and time of day as people here write it, without a zone: the installation's."""
        text = self.raw(name)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo is not None or not 2000 <= found.year <= 2200:
            self.faults[name] = _("Isi tanggal dan jam, misalnya 2026-12-01T09:00.")
            return None
        return found.replace(tzinfo=clock.local_zone())

    def choice(self, name: str, choices: Collection[str]) -> str:
        text = self.raw(name)
        if text not in choices:
            self.faults[name] = _("Pilih salah satu.")
        return text

    def flag(self, name: str) -> bool:
        return self.raw(name) == "1"


def read_plan(form: Mapping[str, str], webinar: Webinar | None = None, planner: Any = None) -> Plan:
    """What a form plans; `webinar` as it is so far, `planner` whose quizzes it may name. Raises Invalid with every field that has to be mended."""
    read = _Reader(form)
    offered = {key for key, _title in quizzes.list_offered(planner, webinar)} if read.raw("pretest_key") or read.raw("posttest_key") else set()
    starts_at, ends_at = read.moment("starts_at"), read.moment("ends_at")
    _judge_times(read, starts_at, ends_at, webinar)
    checkin_count = read.number("checkin_count", 0, MOST_CHECKINS)
    plan = Plan(
        title=read.line("title", LONGEST_TITLE, _("Beri judul.")),
        summary=read.line("summary", LONGEST_SUMMARY),
        body_markdown=read.text("body_markdown", LONGEST_BODY),
        partner=read.line("partner", LONGEST_PARTNER),
        form=read.choice("form", FORMS),
        jp=read.number("jp", 0, 99),
        starts_at=starts_at or clock.now(),
        ends_at=ends_at or clock.now(),
        seats=read.optional_number("seats", 1, MOST_SEATS),
        registration_closes_at=read.moment("registration_closes_at"),
        guests_welcome=read.flag("guests_welcome"),
        question_moderation=read.choice("question_moderation", MODERATIONS),
        anonymous_questions=read.flag("anonymous_questions"),
        chat_open=read.flag("chat_open"),
        slow_mode_seconds=read.number("slow_mode_seconds", 0, SLOWEST_SECONDS),
        refused_words=_read_words(read),
        presence_percent=read.number("presence_percent", 1, 100),
        checkin_count=checkin_count,
        checkins_needed=read.number("checkins_needed", 0, checkin_count),
        pretest_key=_read_quiz(read, "pretest_key", offered),
        posttest_key=_read_quiz(read, "posttest_key", offered),
        posttest_closes_at=read.moment("posttest_closes_at"),
    )
    _judge_body(read, plan.body_markdown)
    if not {"starts_at", "ends_at"} & read.faults.keys():
        _judge_against_times(read, plan, webinar)
    if read.faults:
        raise Invalid(fields=read.faults)
    return plan


def _judge_times(read: _Reader, starts_at: datetime | None, ends_at: datetime | None, webinar: Webinar | None) -> None:
    now = clock.now()
    for name, moment in (("starts_at", starts_at), ("ends_at", ends_at)):
        if moment is None:
            read.faults.setdefault(name, _("Isi tanggal dan jam."))
    if starts_at and starts_at <= now and (webinar is None or webinar.starts_at != starts_at):
        read.faults["starts_at"] = _("Waktu ini sudah lewat.")
    if starts_at and starts_at > now + FARTHEST:
        read.faults["starts_at"] = _("Paling jauh dua tahun ke depan.")
    if starts_at and ends_at and ends_at <= starts_at:
        read.faults["ends_at"] = _("Selesai harus sesudah mulai.")
    elif starts_at and ends_at and ends_at - starts_at < SHORTEST:
        read.faults["ends_at"] = _("Paling singkat 15 menit.")
    elif starts_at and ends_at and ends_at - starts_at > LONGEST:
        read.faults["ends_at"] = _("Paling lama tiga hari.")


def _judge_against_times(read: _Reader, plan: Plan, webinar: Webinar | None) -> None:
    most = most_jp_of(plan.form, plan.starts_at, plan.ends_at) if plan.form in FORMS else 0
    if "jp" not in read.faults and plan.form in FORMS and plan.jp > most:
        read.faults["jp"] = _("Paling banyak %(most)d JP untuk bentuk dan lama ini.", most=most)
    closes_at, closed_so_far = plan.registration_closes_at, webinar.registration_closes_at if webinar else None
    if closes_at and closes_at > plan.ends_at:
        read.faults["registration_closes_at"] = _("Pendaftaran ditutup paling lambat saat webinar selesai.")
    elif closes_at and closes_at <= clock.now() and closes_at != closed_so_far:
        read.faults["registration_closes_at"] = _("Waktu ini sudah lewat.")
    if plan.posttest_closes_at and plan.posttest_closes_at <= plan.ends_at:
        read.faults["posttest_closes_at"] = _("Batas post-test harus sesudah webinar selesai.")
    if plan.posttest_closes_at and plan.posttest_closes_at > plan.ends_at + timedelta(days=90):
        read.faults["posttest_closes_at"] = _("Paling lama 90 hari sesudah webinar selesai.")


def most_jp_of(form: str, starts_at: datetime, ends_at: datetime) -> int:
    """The most JP by the rules of the day on which it begins (docs/adr/0006)."""
    on = clock.local_day(starts_at)
    days = (clock.local_day(ends_at - timedelta(seconds=1)) - on).days + 1
    per_day = find_rule(per_day_key(form), on)
    return rules.most_jp((ends_at - starts_at).total_seconds() / 60, days, get_rule(MINUTES_PER_JP, on).value, per_day.value if per_day else None)


def _read_words(read: _Reader) -> list[str]:
    words = list(dict.fromkeys(" ".join(line.split()).lower() for line in read.raw("refused_words").splitlines() if line.strip()))
    if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        read.faults["refused_words"] = _("Paling banyak %(words)d kata, masing-masing %(letters)d huruf.", words=MOST_WORDS, letters=LONGEST_WORD)
    return words[:MOST_WORDS]


def _read_quiz(read: _Reader, name: str, offered: Collection[str]) -> str | None:
    key = read.raw(name)
    if key and key not in offered:
        read.faults[name] = _("Kuis ini tidak ada, atau milik kursus yang tidak Anda kelola.")
    return key or None


def _judge_body(read: _Reader, text: str) -> None:
    examined = markdown.examine(text)
    refused = [words for _line, words in examined.faults]
    if examined.images:
        refused.append(_("Gambar tidak dapat ditaruh di sini."))
    if examined.lessons:
        refused.append(_("Tautan ke pelajaran memakai alamat https:// lengkap."))
    if refused:
        read.faults.setdefault("body_markdown", str(refused[0]))


def _render(text: str) -> str:
    return markdown.render(text, lesson_address=lambda _key: "", pictures={}) if text else ""


# ---- made and changed ----


def new_token() -> str:
    """What the form of a new webinar carries, and its share link later."""
    return secrets.token_urlsafe(12)


def create_webinar(actor_id: int | None, plan: Plan, token: str | None = None) -> Webinar:
    """A draft, which only those who plan it see. The same form sent twice (the same `token`) makes one."""
    token = token if token and TOKEN.fullmatch(token) else new_token()
    made = db.session.scalar(select(Webinar).where(Webinar.share_token == token))
    if made is not None and made.created_by_id == actor_id:
        return made
    webinar = Webinar(
        **asdict(plan),
        body_html=_render(plan.body_markdown),
        slug=_free_slug(plan.title),
        share_token=token if made is None else new_token(),
        created_by_id=actor_id,
        created_at=clock.now(),
    )
    db.session.add(webinar)
    db.session.flush()
    audit.note(actor_id, "webinars.created", ("webinar", webinar.id), after={"title": plan.title})
    return webinar


def _free_slug(title: str) -> str:
    stem = rules.slug_from(title)
    taken = set(db.session.scalars(select(Webinar.slug).where((Webinar.slug == stem) | Webinar.slug.startswith(f"{stem}-", autoescape=True))))
    taken |= RESERVED_SLUGS
    return next(slug for number in range(1, len(taken) + 2) if (slug := stem if number == 1 else f"{stem}-{number}") not in taken)


def get_webinar_by_id(webinar_id: int) -> Webinar:
    """Raises NotFound. Whoever asks has checked that the person may see it."""
    webinar = db.session.get(Webinar, webinar_id)
    if webinar is None:
        raise NotFound
    return webinar


def lock_for_edit(webinar_id: int, version: int | None, states: Collection[WebinarState] = BEFORE_IT_BEGINS) -> Webinar:
    """The webinar for one editor at a time, its version counted on. Raises Conflict when it was changed since, or is too far gone."""
    webinar = db.session.scalar(select(Webinar).where(Webinar.id == webinar_id).with_for_update())
    if webinar is None:
        raise NotFound
    if webinar.state not in states:
        raise Conflict(_("Webinar ini sudah berlangsung, selesai, atau dibatalkan; bagian ini tidak dapat diubah lagi."), code="too_late")
    if version is not None and webinar.version != version:
        raise Conflict(
            _("Orang lain mengubah webinar ini sementara Anda menyunting. Muat ulang halaman; yang Anda ketik di sini belum disimpan."),
            code="changed_meanwhile",
        )
    webinar.version += 1
    if webinar.state != WebinarState.DRAFT:
        jobs.enqueue("webinars.make_findable", webinar_id=webinar_id)
    return webinar


def change_webinar(actor_id: int | None, webinar_id: int, version: int, plan: Plan) -> Webinar:
    """Plan it differently. Those who are registered hear of another time; the agenda moves with the beginning."""
    webinar = lock_for_edit(webinar_id, version)
    if plan.seats is not None and plan.seats != webinar.seats and (largest := _largest_quota(webinar_id)) > plan.seats:
        raise Invalid(fields={"seats": _("Satu unit berkuota %(seats)d kursi. Turunkan dulu kuota itu.", seats=largest)})
    before = {name: value for name, value in asdict(plan).items() if getattr(webinar, name) != value}
    moved_from = webinar.starts_at if {"starts_at", "ends_at"} & before.keys() else None
    more_seats = "seats" in before
    told = {name: getattr(webinar, name) for name in before}
    for name, value in asdict(plan).items():
        setattr(webinar, name, value)
    webinar.body_html = _render(plan.body_markdown)
    if moved_from is not None:
        _move_agenda(webinar)
        _move_links(webinar)
    if before:
        audit.note(actor_id, "webinars.changed", ("webinar", webinar_id), _as_told(told), _as_told({name: getattr(webinar, name) for name in before}))
    db.session.flush()
    if webinar.state == WebinarState.PUBLISHED:
        events.record(WebinarChanged(webinar_id, webinar.version, moved_from, more_seats))
    return webinar


def _largest_quota(webinar_id: int) -> int:
    return db.session.scalar(select(func.max(WebinarQuota.seats)).where(WebinarQuota.webinar_id == webinar_id)) or 0


def _as_told(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts for the audit log: moments as text, long texts as their length."""
    told: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, datetime):
            told[name] = value.isoformat()
        elif isinstance(value, str) and len(value) > LONGEST_TITLE:
            told[name] = len(value)
        else:
            told[name] = value
    return told


def _move_agenda(webinar: Webinar) -> None:
    items = list(db.session.scalars(select(AgendaItem).where(AgendaItem.webinar_id == webinar.id).order_by(AgendaItem.position)))
    if sum(item.minutes for item in items) > webinar.minutes:
        raise Invalid(fields={"ends_at": _("Susunan acaranya lebih lama daripada ini; pendekkan susunan acara dulu.")})
    at = webinar.starts_at
    for item in items:
        item.starts_at, at = at, at + timedelta(minutes=item.minutes)


def _move_links(webinar: Webinar) -> None:
    for speaker in db.session.scalars(select(WebinarSpeaker).where(WebinarSpeaker.webinar_id == webinar.id, WebinarSpeaker.link_digest.is_not(None))):
        speaker.link_ends_at = links.ends_at(webinar)


# ---- announced, taken back, called off ----


@dataclass(frozen=True, slots=True)
class Needed:
    """One thing without which a webinar is not announced, as `missing_list` shows it."""

    label: str
    done: bool
    url: str
    amount: str = ""
    reason: str = ""


def explain_publication(webinar: Webinar) -> list[Needed]:
    """What a webinar needs before it is announced."""
    agenda, moderators, speakers = (
        db.session.scalar(select(func.count()).select_from(kind).where(kind.webinar_id == webinar.id, *conditions)) or 0
        for kind, conditions in (
            (AgendaItem, ()),
            (WebinarStaff, (WebinarStaff.role == "MODERATOR",)),
            (WebinarSpeaker, ()),
        )
    )
    return [
        Needed(_("Ringkasan"), bool(webinar.summary), "#f-summary", reason=_("Satu atau dua kalimat: untuk siapa dan apa gunanya.")),
        Needed(_("Waktu mulai belum lewat"), webinar.starts_at > clock.now(), "#f-starts_at"),
        *_explain_closing(webinar),
        Needed(_("Susunan acara"), agenda > 0, "#susunan"),
        Needed(_("Narasumber"), speakers > 0, "#narasumber"),
        Needed(_("Moderator"), moderators > 0, "#petugas", reason=_("Tanpa moderator tidak ada yang dapat memulai siaran.")),
    ]


def _explain_closing(webinar: Webinar) -> list[Needed]:
    """Announcing opens registration, so a time at which it closes must be still to come."""
    closes_at = webinar.registration_closes_at
    return [Needed(_("Waktu pendaftaran ditutup belum lewat"), closes_at > clock.now(), "#f-registration_closes_at")] if closes_at else []


def publish(actor_id: int | None, webinar_id: int, version: int) -> Webinar:
    """Announce it and open registration. Raises Conflict while something is missing."""
    webinar = lock_for_edit(webinar_id, version, [WebinarState.DRAFT])
    missing = [needed.label for needed in explain_publication(webinar) if not needed.done]
    if missing:
        raise Conflict(_("Belum dapat diumumkan. Yang masih kurang: %(parts)s.", parts=", ".join(missing)), code="incomplete")
    webinar.state, webinar.published_at = WebinarState.PUBLISHED, clock.now()
    audit.note(actor_id, "webinars.published", ("webinar", webinar_id))
    db.session.flush()
    events.record(WebinarPublished(webinar_id))
    return webinar


def unpublish(actor_id: int | None, webinar_id: int, version: int) -> Webinar:
    """Make it a draft again, as long as nobody has registered."""
    webinar = lock_for_edit(webinar_id, version, [WebinarState.PUBLISHED])
    if count_taken(webinar_id):
        raise Conflict(_("Sudah ada yang mendaftar. Ubah atau batalkan webinarnya, supaya mereka diberi tahu."), code="registered")
    webinar.state, webinar.published_at = WebinarState.DRAFT, None
    audit.note(actor_id, "webinars.unpublished", ("webinar", webinar_id))
    db.session.flush()
    return webinar


def cancel(actor_id: int | None, webinar_id: int, version: int, reason: str) -> Webinar:
    """Call it off; everybody who registered is told why."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(fields={"reason": _("Tulis alasannya, paling panjang %(most)d huruf; peserta membacanya.", most=LONGEST_REASON)})
    webinar = lock_for_edit(webinar_id, version, [WebinarState.PUBLISHED])
    webinar.state, webinar.cancel_reason = WebinarState.CANCELED, reason
    audit.note(actor_id, "webinars.canceled", ("webinar", webinar_id), after={"reason": reason})
    db.session.flush()
    events.record(WebinarCanceled(webinar_id))
    return webinar


def delete_draft(actor_id: int | None, webinar_id: int, version: int) -> None:
    webinar = lock_for_edit(webinar_id, version, [WebinarState.DRAFT])
    audit.note(actor_id, "webinars.deleted", ("webinar", webinar_id), before={"title": webinar.title})
    db.session.delete(webinar)
    db.session.flush()


def count_taken(webinar_id: int) -> int:
    """How many seats and places on the waiting list are taken."""
    active = (RegistrationState.REGISTERED, RegistrationState.WAITLISTED)
    query = select(func.count()).where(WebinarRegistration.webinar_id == webinar_id, WebinarRegistration.state.in_(active))
    return db.session.scalar(query) or 0


def new_values() -> dict[str, Any]:
    """What an empty form begins with."""
    presence = find_rule("attendance.presence_percent", clock.today())
    return {
        "form": "SEMINAR", "jp": 1, "question_moderation": Moderation.BEFORE, "anonymous_questions": True, "chat_open": True,
        "slow_mode_seconds": 0, "presence_percent": presence.value if presence else 80, "checkin_count": 2, "checkins_needed": 0,
    }  # fmt: skip
