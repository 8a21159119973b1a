"""The page of a webinar that has ended: its recording, with everything that was asked, said and shown on the same clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import select

from app.assessment.models import Quiz
from app.assessment.queries import QuizStanding, standing_of
from app.attendance import held, words
from app.attendance import queries as attendance
from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.regulation import find_rule
from app.learning import queries, rules, services, spans, watching
from app.learning.kinds import video
from app.learning.notes import list_notes
from app.media import presentation
from app.media.models import MediaAsset
from app.media.queries import list_captions
from app.recordings import beside, missed, story
from app.recordings.lesson import REPLAY_COUNTS_AS
from app.recordings.models import Recording, RecordingState
from app.recordings.parts import length_ms, parts_of
from app.room.models import QuestionState
from app.room.questions.services import count_by_state
from app.ui.formats import durasi
from app.webinars import gates
from app.webinars import queries as webinars
from app.webinars.agenda import list_items
from app.webinars.models import Webinar
from app.webinars.participants import Participant
from app.webinars.permissions import MODERATE, SEE_REPORT

LONGEST_SEARCH = 100


@dataclass(slots=True)
class Desk:
    """The recording as this person has it: the player, and what they have watched. Guests watch without a record."""

    player: Markup
    asset: MediaAsset
    chapters: list[dict[str, Any]]
    duration: float
    lesson: Any = None
    course: Any = None
    is_enrolled: bool = False
    is_complete: bool = False
    ticket: str = ""
    once: list[spans.Span] = field(default_factory=list)
    again: list[spans.Span] = field(default_factory=list)
    share: int = 0
    position: float = 0.0

    @property
    def once_seconds(self) -> list[tuple[float, float]]:
        return in_seconds(self.once)

    @property
    def again_seconds(self) -> list[tuple[float, float]]:
        return in_seconds(self.again)

    @property
    def covered(self) -> float:
        return spans.length(self.once) / 1000


@dataclass(frozen=True, slots=True)
class There:
    """How much of the webinar a person was there for, and what they missed, in words and seconds."""

    spans: list[tuple[float, float]]
    words: str
    seconds: float
    missed_words: str
    is_untouched: bool  # nothing of it was watched since
    left: list[tuple[float, float, str]]
    left_words: str


def in_seconds(found: list[spans.Span]) -> list[tuple[float, float]]:
    return [(start / 1000, end / 1000) for start, end in found]


def describe(presence: missed.Presence) -> There:
    there, left, was_missed = presence.there, presence.missed, presence.was_missed
    return There(
        spans=in_seconds(there),
        words=", ".join(_("%(start)s sampai %(end)s", start=durasi(start), end=durasi(end)) for start, end in in_seconds(there)),
        seconds=spans.length(there) / 1000,
        missed_words=video.length_words(spans.length(was_missed)) if was_missed else "",
        is_untouched=spans.length(left) >= spans.length(was_missed),
        left=[(start / 1000, end / 1000, video.length_words(end - start)) for start, end in left],
        left_words=video.length_words(spans.length(left)),
    )


def draw(webinar: Webinar, person: Participant | None) -> Any:
    """Everybody signed in may watch; the chat is for those who were part of it. Strangers read what it was and how to get in."""
    user = current_user if current_user.is_authenticated else None
    if user is None and person is None:
        return render_template("recordings/closed.html", webinar=webinar, agenda=list_items(webinar.id))
    recording = db.session.get(Recording, webinar.id)
    parts = parts_of(recording.parts) if recording and recording.state == RecordingState.READY else ()
    wanted = request.args.get("cari", "").strip()[:LONGEST_SEARCH]
    told = story.read(webinar.id, parts)
    desk = _desk(recording, user) if recording and parts else None
    presence = missed.presence_of(webinar.id, person.key, parts, desk.once if desk else []) if person and parts else None
    chat = beside.list_chat(webinar.id, parts) if person else []
    questions = [q for q in told.questions if beside.found_in(wanted, q.text, q.answer, q.author)]
    return render_template(
        "recordings/after.html",
        webinar=webinar,
        person=person,
        recording=recording,
        desk=desk,
        agenda=told.agenda,
        questions=questions,
        to_deal_with=_to_deal_with(webinar, user),
        slides=told.slides,
        chat=[one for one in chat if beside.found_in(wanted, one.text, one.author)],
        polls=beside.list_polls(webinar.id, parts),
        handouts=beside.list_handouts(webinar, person, user),
        wanted=wanted,
        there=describe(presence) if presence else None,
        notes=list_notes(user.id, desk.lesson.lesson_id) if user and desk and desk.is_enrolled else [],
        replay_rule=find_rule(REPLAY_COUNTS_AS, clock.today()),
        most_jp=held.most_jp_of(webinar),
        attendance=_attendance(webinar, person),
        posttest=_posttest(webinar, person),
        offer=missed.offer_for(user.id, desk.course, presence)
        if user and presence and desk and desk.course and not desk.is_complete
        else None,
        whole=length_ms(parts) / 1000,
        may_report=bool(user and webinars.holds(user, SEE_REPORT, webinar)),  # type: ignore[arg-type]
        may_see_attendance=bool(user and webinars.may_see_report(user, webinar)),  # type: ignore[arg-type]
    )


def _to_deal_with(webinar: Webinar, user: Any) -> tuple[int, int]:
    """For who moderates it: how many questions nobody has decided about, and how many wait for an answer in writing."""
    if user is None or not webinars.holds(user, MODERATE, webinar):
        return 0, 0
    counts = count_by_state(webinar.id)
    return counts.get(QuestionState.NEW, 0), counts.get(QuestionState.DEFERRED, 0)


def _attendance(webinar: Webinar, person: Participant | None) -> list[dict[str, Any]]:
    """What the webinar asked of this person, and what of it is missing."""
    if person is None:
        return []
    figures = attendance.figures_of(webinar, [person.key], clock.now())[person.key]
    return words.items_of(figures.conditions, webinar, figures.presence)


def _posttest(webinar: Webinar, person: Participant | None) -> QuizStanding | None:
    """How a person stands in the post-test while it is open to them."""
    if person is None or person.user_id is None or not webinar.posttest_key or not gates.posttest_is_open(webinar):
        return None
    quiz_id = db.session.scalar(select(Quiz.id).where(Quiz.key == webinar.posttest_key))
    return standing_of(person.user_id, quiz_id) if quiz_id else None


def _desk(recording: Recording, user: Any) -> Desk:
    asset = db.session.get_one(MediaAsset, recording.asset_id)
    captions = tuple((caption.id, str(caption.updated_at)) for caption in list_captions(asset.id))
    now = presentation.AsItIs(asset.id, asset.state, asset.generation, captions)
    named = [{"at": at, "title": title} for at, title, _sort in recording.chapters]
    course = missed.course_of(recording)
    lesson = course.lessons[0]
    if user is None:
        return Desk(_player(now, lesson.title, named, 0.0, None), asset, named, asset.duration_seconds or 0.0)
    standing = queries.standing_in(user.id, course)
    if standing.is_enrolled and lesson.key not in standing.lessons:
        with transaction():
            services.open_lesson(user.id, course, lesson)
        standing = queries.standing_in(user.id, course)
    once, again = video.watched_layers(user.id, lesson)
    whole = video.duration_ms(lesson)
    is_complete = lesson.key in standing.completed
    if standing.is_enrolled and not is_complete and video.is_covered(lesson, spans.length(once)):
        with transaction():
            is_complete = services.complete_lesson(user.id, course, lesson) or True
    progress = standing.lessons.get(lesson.key)
    position = (progress.position.get("seconds") if progress else None) or 0.0
    return Desk(
        player=_player(now, lesson.title, named, position, user),
        asset=asset,
        chapters=video.chapters_watched(lesson, once),
        duration=whole / 1000,
        lesson=lesson,
        course=course,
        is_enrolled=standing.is_enrolled,
        is_complete=is_complete,
        ticket=watching.make_ticket(user.id, lesson.lesson_id),
        once=once,
        again=again,
        share=rules.percent(spans.length(once), whole),
        position=position,
    )


def _player(now: presentation.AsItIs, title: str, chapters: list[dict[str, Any]], start_at: float, user: Any) -> Markup:
    return presentation.draw_player(now, title, tuple((one["at"], one["title"]) for one in chapters), start_at, user)
