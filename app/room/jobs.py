"""What the worker does for the room."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.kernel.db import db, transaction
from app.kernel.jobs import job
from app.notifications.services import mail_somebody, notify
from app.room.models import QuestionState, RoomQuestion
from app.room.questions.services import TELL_ANSWER, TELL_TASKS, count_by_state, who_to_tell
from app.room.subscribers import ANSWERED
from app.ui.formats import waktu
from app.webinars import links, queries
from app.webinars.models import Webinar, WebinarGuest, WebinarSpeaker, WebinarStaff, WebinarState
from app.webinars.participants import guest_id_of, user_id_of

PEOPLE_AT_ONCE = 50
TASKS, WEBINAR = "room_tasks", "webinar"  # how their keys begin; the kind of mail they are


@job(TELL_ANSWER)
def tell_answer(question_id: int) -> None:
    """Tell whoever asked or follows a question that it was answered: an account by a line behind the bell, and by mail when it was in
    writing; a guest, who has no bell, by mail."""
    question = db.session.get(RoomQuestion, question_id)
    if question is None or question.state not in (QuestionState.ANSWERED, QuestionState.WRITTEN):
        return
    people = who_to_tell(question)
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        with transaction():
            for key in people[start : start + PEOPLE_AT_ONCE]:
                _tell(key, question_id)


def _tell(key: str, question_id: int) -> None:
    question = db.session.get_one(RoomQuestion, question_id)
    webinar = db.session.get_one(Webinar, question.webinar_id)
    written = question.state == QuestionState.WRITTEN
    user_id, guest_id = user_id_of(key), guest_id_of(key)
    if user_id is not None:
        notify(
            user_id,
            ANSWERED.name,
            lambda: _title(webinar.title, written),
            lambda: f"{question.text}\n\n{question.answer_text}" if written else question.text,
            f"/webinar/{webinar.slug}/tanya-jawab#q{question.id}",
            key=f"room_answer:{question.id}:{question.state}:{user_id}",
            mail=written,
        )
    elif guest_id is not None:
        _mail_guest(guest_id, webinar, question, written)


def _mail_guest(guest_id: int, webinar: Webinar, question: RoomQuestion, written: bool) -> None:
    """By their own link, which leads to the page where question and answer stand. Only an address its owner has confirmed is written to."""
    guest = db.session.get(WebinarGuest, guest_id)
    if guest is None or guest.confirmed_at is None:
        return
    mail_somebody(
        guest.email,
        guest.full_name,
        ANSWERED.name,
        lambda: _title(webinar.title, written),
        lambda: f"{question.text}\n\n{question.answer_text if written else _aloud()}",
        links.guest_path(links.guest_secret(guest)),
        key=f"room_answer:{question.id}:{question.state}:g{guest.id}",
        secret=True,
    )


def _title(title: str, written: bool) -> Any:
    if written:
        return _("Pertanyaan Anda dijawab tertulis: %(title)s", title=title)
    return _("Pertanyaan Anda dijawab: %(title)s", title=title)


def _aloud() -> str:
    return _("Dijawab lisan di siaran. Sesudah webinar, rekamannya dapat diputar mulai dari jawaban ini.")


# ---- what is left to answer ----


@job(TELL_TASKS)
def tell_tasks(webinar_id: int) -> None:
    """After the end: speakers read by mail how many questions wait for their answer in writing, each once for a webinar, however often this
    is asked for; the moderators, behind the bell, how many nobody has decided about."""
    webinar = db.session.get(Webinar, webinar_id)
    if webinar is None or webinar.state != WebinarState.ENDED:
        return
    counts = count_by_state(webinar_id)
    tasks, undecided = counts.get(QuestionState.DEFERRED, 0), counts.get(QuestionState.NEW, 0)
    with transaction():
        webinar = db.session.get_one(Webinar, webinar_id)
        if tasks:
            for speaker in queries.list_speakers(webinar_id):
                _mail_tasks(webinar, speaker, tasks)
        if undecided:
            _tell_moderators(webinar, undecided)


def _mail_tasks(webinar: Webinar, speaker: WebinarSpeaker, tasks: int) -> None:
    """Only to who has an address and a link that still works."""
    if not speaker.email or not links.is_open(speaker):
        return
    mail_somebody(
        speaker.email,
        speaker.full_name,
        WEBINAR,
        lambda: _("Pertanyaan menunggu jawaban Anda: %(title)s", title=webinar.title),
        lambda: ngettext(
            "%(num)d pertanyaan peserta belum sempat dijawab di %(title)s. Jawab tertulis di halaman ini, tanpa akun, sampai %(until)s; penanya "
            "diberi tahu begitu Anda menjawab. Tautan ini hanya untuk Anda.",
            "%(num)d pertanyaan peserta belum sempat dijawab di %(title)s. Jawab tertulis di halaman ini, tanpa akun, sampai %(until)s; penanya "
            "diberi tahu begitu Anda menjawab. Tautan ini hanya untuk Anda.",
            tasks,
            title=webinar.title,
            until=waktu(speaker.link_ends_at),
        ),
        f"/webinar/{webinar.slug}/tanya-jawab?tautan={links.second_secret(speaker)}",
        key=f"{TASKS}:{speaker.id}",
        secret=True,
    )


def _tell_moderators(webinar: Webinar, undecided: int) -> None:
    staff = select(WebinarStaff.user_id).where(WebinarStaff.webinar_id == webinar.id).order_by(WebinarStaff.user_id)
    for user_id in db.session.scalars(staff).all():
        notify(
            user_id,
            WEBINAR,
            lambda: _("Pertanyaan belum dimoderasi: %(title)s", title=webinar.title),
            lambda: ngettext(
                "%(num)d pertanyaan belum diterima atau ditolak. Teruskan kepada narasumber, jawab, atau tolak di halaman tanya jawab.",
                "%(num)d pertanyaan belum diterima atau ditolak. Teruskan kepada narasumber, jawab, atau tolak di halaman tanya jawab.",
                undecided,
            ),
            f"/webinar/{webinar.slug}/tanya-jawab",
            key=f"{TASKS}:undecided:{webinar.id}:{user_id}",
            mail=False,
        )
