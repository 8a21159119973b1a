"""The pages of the room: live and waiting for those who attend, the moderator's desk, and all questions with their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import case, func, select

from app.kernel import clock
from app.kernel.access import public, requires
from app.kernel.db import db, transaction
from app.kernel.errors import DomainError, Invalid, NotFound
from app.kernel.http import page_asked
from app.people.sessions import viewer
from app.room import slots
from app.room.chat.part import Chat
from app.room.models import PollKind, QuestionState, RoomQuestion, RoomQuestionVote
from app.room.polls.part import Polls
from app.room.questions import rules, services
from app.room.questions.events import LONGEST_ANSWER
from app.room.questions.part import Questions
from app.room.rooms import rooms_of
from app.room.ticket import write_ticket
from app.webinars import materials, queries
from app.webinars.links import find_speaker
from app.webinars.models import AgendaItem, Moderation, Webinar, WebinarState
from app.webinars.participants import Participant, user_key
from app.webinars.permissions import ATTEND, MODERATE, SPEAK
from app.webinars.registering import DOORS_OPEN
from app.webinars.routes import draw_before, get_shown
from app.webinars.slots import register_page
from app.webinars.visitors import current_participant

LINES_WITHOUT_SCRIPT = 20
QUESTIONS_ON_A_PAGE = 100

bp = Blueprint("room", __name__, template_folder="templates")


def register_pages() -> None:
    register_page(WebinarState.LIVE, draw_live)
    register_page(WebinarState.PUBLISHED, draw_waiting)


def draw_live(webinar: Webinar, person: Participant | None) -> Any:
    """The room, for who may be in it; what the webinar is, for everybody else."""
    if person is None or not person.may(ATTEND):
        return draw_before(webinar, person)
    return render_template("room/live.html", **read_room(webinar, person), stage_view=_drawn(slots.STAGE_VIEW, webinar, person))


def draw_waiting(webinar: Webinar, person: Participant | None) -> Any:
    """The same room a quarter of an hour before it begins; the webinar's own page until then."""
    if clock.now() < webinar.starts_at - DOORS_OPEN:
        return draw_before(webinar, person)
    return draw_live(webinar, person)


def read_room(webinar: Webinar, person: Participant) -> dict[str, Any]:
    """What the room's pages draw at once, with and without a script: the standing of this moment, from the open room."""
    room = rooms_of(current_app._get_current_object()).get(webinar.id)  # type: ignore[attr-defined]
    return {
        "webinar": webinar,
        "person": person,
        "ticket": write_ticket(person),
        "speakers": queries.list_speakers(webinar.id),
        "handouts": [one for one in materials.list_materials(webinar, person) if one.is_open and one.is_ready],
        "questions": room.part(Questions).shown()[:LINES_WITHOUT_SCRIPT],
        "polls": [poll for poll in room.part(Polls).shown() if poll["state"] == "CLOSED"],
        "lines": room.part(Chat).shown()["lines"][-LINES_WITHOUT_SCRIPT:],
        "agenda": db.session.scalars(select(AgendaItem).where(AgendaItem.webinar_id == webinar.id).order_by(AgendaItem.position)).all(),
        "panels": _drawn(slots.PANELS, webinar, person),
        "is_live": webinar.state == WebinarState.LIVE,
        "moderated_before": webinar.question_moderation == Moderation.BEFORE,
    }


def _drawn(panels: Iterable[slots.Panel], webinar: Webinar, person: Participant) -> list[dict[str, Any]]:
    return [{"panel": panel, "data": panel.context(webinar, person) if panel.context else {}} for panel in panels]


# ---- the moderator's desk, standing alone ----


@bp.get("/webinar/<slug>/moderasi")
@requires(MODERATE)
def moderation(slug: str) -> Any:
    webinar = queries.get_webinar_for(viewer(), MODERATE, slug)
    person = queries.participant_for_user(webinar, viewer())
    if person is not None and webinar.state == WebinarState.ENDED:
        return redirect(url_for(".questions_page", slug=slug))
    if person is None or webinar.state not in (WebinarState.PUBLISHED, WebinarState.LIVE):
        return redirect(url_for("webinars.webinar_page", slug=slug))
    return render_template("room/moderation.html", webinar=webinar, person=person, ticket=write_ticket(person))


@bp.app_template_global()
def desk_panels() -> list[slots.Panel]:
    return slots.DESK_PANELS


@bp.app_template_global()
def poll_kinds() -> list[tuple[str, str]]:
    return [
        (PollKind.SINGLE.value, _("Satu jawaban")),
        (PollKind.SEVERAL.value, _("Beberapa jawaban")),
        (PollKind.SCALE.value, _("Skala 1 sampai 5")),
        (PollKind.QUIZ.value, _("Kuis, ada jawaban benar")),
    ]


# ---- all questions, and answers in writing afterwards ----


@bp.get("/webinar/<slug>/tanya-jawab")
@public
def questions_page(slug: str) -> Any:
    """Every question with its answer; whoever speaks or moderates answers those that were put off, and moderators decide about those that
    nobody has decided about."""
    webinar = get_shown(slug)
    person = _reader_of(webinar)
    shown = rules.SEEN_BY_STAFF if person.may(MODERATE) else rules.SHOWN
    found = (RoomQuestion.webinar_id == webinar.id, RoomQuestion.state.in_(shown))
    total = db.session.scalar(select(func.count()).select_from(RoomQuestion).where(*found)) or 0
    votes = select(func.count()).where(RoomQuestionVote.question_id == RoomQuestion.id).scalar_subquery()
    pages = -(-total // QUESTIONS_ON_A_PAGE)
    page = min(page_asked("halaman"), max(1, pages))
    rank = case({"NEW": 0, "DEFERRED": 1, "REJECTED": 3}, value=RoomQuestion.state, else_=2)
    order = (rank, votes.desc(), RoomQuestion.id)
    rows = db.session.execute(
        select(RoomQuestion, votes).where(*found).order_by(*order).limit(QUESTIONS_ON_A_PAGE).offset((page - 1) * QUESTIONS_ON_A_PAGE)
    ).all()
    return render_template(
        "room/questions.html",
        webinar=webinar,
        person=person,
        rows=rows,
        page=page,
        pages=pages,
        may_answer=_may_answer(person),
        may_decide=person.may(MODERATE) and webinar.state == WebinarState.ENDED,
        undecided=services.count_by_state(webinar.id).get(QuestionState.NEW, 0) if person.may(MODERATE) else 0,
        key=request.args.get("tautan", ""),
        longest=LONGEST_ANSWER,
    )


@bp.post("/webinar/<slug>/tanya-jawab/<int:question_id>")
@public
def answer_question(slug: str, question_id: int) -> Any:
    webinar = get_shown(slug)
    person = _reader_of(webinar)
    if not _may_answer(person):
        raise NotFound
    text = request.form.get("text", "").strip()
    if not 1 <= len(text) <= LONGEST_ANSWER:
        raise Invalid(_("Tulis jawaban, paling banyak %(most)s huruf.", most=LONGEST_ANSWER))
    def answer() -> RoomQuestion:
        row = services.get_question(webinar.id, question_id)
        services.answer_in_writing(row, text, person.key)
        return row

    return _change(webinar, question_id, answer, _("Jawaban disimpan. Penanya dan pengikutnya diberi tahu."))


@bp.post("/webinar/<slug>/tanya-jawab/<int:question_id>/keputusan")
@requires(MODERATE)
def decide_question(slug: str, question_id: int) -> Any:
    """After the end: a moderator passes a question on to the speakers, or refuses it."""
    webinar = queries.get_webinar_for(viewer(), MODERATE, slug)
    state = rules.AFTERWARDS.get(request.form.get("to", ""))
    if state is None:
        raise Invalid
    by = user_key(viewer().id)
    said = _("Pertanyaan diteruskan kepada narasumber.") if state == QuestionState.DEFERRED else _("Pertanyaan ditolak.")
    return _change(webinar, question_id, lambda: services.decide_afterwards(webinar.id, question_id, state, by), said)


def _change(webinar: Webinar, question_id: int, change: Callable[[], RoomQuestion], said: str) -> Any:
    """Change a question, tell the room where it is still open, and go back to it. A refusal is said on the page. Raises NotFound."""
    try:
        with transaction():
            row = change()
    except DomainError as error:
        if isinstance(error, NotFound):
            raise
        flash(str(error.message), "error")
    else:
        room = rooms_of(current_app._get_current_object()).find(webinar.id)  # type: ignore[attr-defined]
        if room is not None:
            room.part(Questions).take(row)
        flash(said, "success")
    return redirect(url_for(".questions_page", slug=webinar.slug, tautan=request.args.get("tautan") or None) + f"#q{question_id}", 303)


def _reader_of(webinar: Webinar) -> Participant:
    """Who reads or answers: a participant, staff, or a speaker by the secret of their link. Raises NotFound for anybody else."""
    secret = request.args.get("tautan", "")
    speaker = find_speaker(secret) if secret else None
    if speaker is not None and speaker.webinar_id == webinar.id:
        return queries.participant_for_speaker(speaker)
    person = current_participant(webinar)
    if person is None:
        raise NotFound
    return person


def _may_answer(person: Participant) -> bool:
    return person.may(MODERATE) or person.may(SPEAK)
