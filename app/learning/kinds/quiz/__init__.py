"""A quiz: complete when an attempt was passed, or for a pre-test and a practice, when one was handed in."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.assessment.events import AttemptGraded
from app.assessment.queries import QuizStanding, standing_of
from app.assessment.slots import register_gate, register_way_back, register_way_on
from app.courses.addresses import lesson_path
from app.courses.outline import CourseOutline, LessonOutline
from app.courses.queries import find_current_outline
from app.kernel import events
from app.kernel.errors import Conflict, NotAllowed, NotFound
from app.learning import evidence, missing, queries, services
from app.learning.kinds import Behavior, register
from app.learning.missing import Condition, LessonSeat


def conditions_of(seat: LessonSeat, quiz: QuizStanding) -> list[Condition]:
    best = quiz.best
    needed = quiz.policy.passing_score
    if not needed:
        return [Condition("submit", seat.is_complete, _("Kerjakan dan kumpulkan sekali"), reason=_("Berapa pun nilainya."))]
    return [
        Condition(
            "pass",
            seat.is_complete,
            _("Nilai paling sedikit %(score)d", score=needed),
            amount=_("terbaik %(score)d", score=best.percent) if best else "",
            reason="" if seat.is_complete else _("Jawaban tersimpan setiap kali Anda memilih."),
        )
    ]


def conditions(seat: LessonSeat) -> list[Condition]:
    return conditions_of(seat, standing_of(seat.user_id, seat.lesson.content["quiz_id"]))


def context(seat: LessonSeat) -> dict[str, Any]:
    quiz = standing_of(seat.user_id, seat.lesson.content["quiz_id"])
    return {"quiz": quiz, "body": quiz.content.introduction_html, "conditions": conditions_of(seat, quiz)}


def find_lesson_of(quiz_key: str) -> tuple[CourseOutline, LessonOutline] | None:
    """The course and the lesson a quiz belongs to; its key is `<course>/<lesson>`."""
    slug, _slash, key = quiz_key.partition("/")
    outline = find_current_outline(slug)
    lesson = outline.find_lesson(key) if outline else None
    return (outline, lesson) if outline and lesson and lesson.kind == "quiz" else None


def let_in(user: Any, quiz_key: str) -> None:
    """The gate of a quiz: for those who take its course and have reached it."""
    found = find_lesson_of(quiz_key)
    if found is None:
        raise NotFound
    standing = queries.standing_in(user.id, found[0])
    if not standing.is_enrolled:
        raise NotAllowed(_("Ikuti kursus ini dulu; kemajuan dicatat setelah Anda terdaftar."), code="not_enrolled")
    locks = missing.explain_lock(LessonSeat(user.id, standing, found[1]))
    if locks:
        raise Conflict(locks[0].label, code="locked")


def way_back(user: Any, quiz_key: str) -> tuple[str, str] | None:
    found = find_lesson_of(quiz_key)
    return (lesson_path(found[0].slug, found[1].key), found[0].title) if found else None


def way_on(user: Any, quiz_key: str) -> tuple[str, str] | None:
    """The next lesson, once it is open to this person."""
    found = find_lesson_of(quiz_key)
    following = found[0].next(found[1].key) if found else None
    if found is None or following is None:
        return None
    standing = queries.standing_in(user.id, found[0])
    if not standing.is_enrolled or standing.locked_by(following.key):
        return None
    return lesson_path(found[0].slug, following.key), following.title


def keep_evidence_on_attempt_graded(event: AttemptGraded) -> None:
    """Write down the attempt, and complete the lesson when that is what it asked for and it is open to this learner: a webinar may have let
    them take the quiz before. In the transaction that graded."""
    found = find_lesson_of(event.quiz_key)
    if found is None:
        return
    outline, lesson = found
    evidence.append(
        event.user_id,
        "passed" if event.passed else "failed",
        "quiz",
        event.quiz_id,
        happened_at=event.submitted_at,
        facts={"course": outline.slug, "lesson": lesson.key, "attempt": event.attempt_id, "percent": event.percent},
    )
    standing = queries.standing_in(event.user_id, outline)
    if event.passed and standing.is_enrolled and not standing.locked_by(lesson.key):
        services.complete_lesson(
            event.user_id, outline, lesson, happened_at=event.submitted_at, facts={"attempt": event.attempt_id, "percent": event.percent}
        )


register(Behavior("quiz", "learning/kinds/quiz.html", context, conditions))
register_gate(let_in)
register_way_back(way_back)
register_way_on(way_on)
events.on(AttemptGraded, keep_evidence_on_attempt_graded)
