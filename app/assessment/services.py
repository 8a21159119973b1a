"""What happens to quizzes and attempts. Functions flush and never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from random import SystemRandom
from typing import Any

from sqlalchemy import insert, select, update

from app.assessment.events import AttemptGraded
from app.assessment.messages import refusal_message
from app.assessment.models import AttemptState, ClosedBy, Quiz, QuizAttempt, QuizVersion
from app.assessment.queries import decide_start, get_attempt_for, standing_of
from app.assessment.question_types import Question, lay_out, parse_response, question_to_json
from app.assessment.quizzes import QuizContent, QuizPolicy, digest_of, get_attempt_facts, get_content, policy_from_json
from app.assessment.rules import AttemptScore, deadline_for, is_late, is_passed, score_attempt
from app.assessment.sheets import read_sheet
from app.assessment.slots import check_gates, register_gate, register_way_back
from app.kernel import clock, events
from app.kernel.db import db, insert_into
from app.kernel.errors import Conflict
from app.people.models import User
from app.ui.formats import waktu

__all__ = ["close_if_over", "prepare_quiz", "publish_quiz", "publish_quizzes", "register_gate", "register_way_back", "start_attempt", "submit_attempt"]


@dataclass(frozen=True, slots=True)
class PreparedQuiz:
    """A quiz ready to be published: everything that can be worked out before the transaction. `digest` stands for all of it."""

    key: str
    title: str
    digest: str
    policy: dict[str, Any]
    questions: list[dict[str, Any]]
    introduction_html: str


def prepare_quiz(
    key: str, title: str, questions: Sequence[Question], policy: QuizPolicy | Mapping[str, Any], introduction_html: str = ""
) -> PreparedQuiz:
    """The slow half of publishing a quiz, for any number of questions.

    `policy` has the fields of a quiz lesson in docs/content-format.md. `introduction_html` is clean already. Raises ValueError for a
    quiz without questions, with two of the same key, or with a policy that cannot be meant.
    """
    if not isinstance(policy, QuizPolicy):
        policy = policy_from_json(policy)
    keys = [question.key for question in questions]
    if not keys or len(set(keys)) != len(keys):
        raise ValueError("a quiz has at least one question, and each key once")
    digest = digest_of(title, policy, questions, introduction_html)
    return PreparedQuiz(key, title, digest, asdict(policy), [question_to_json(question) for question in questions], introduction_html)


def publish_quizzes(prepared: Sequence[PreparedQuiz]) -> dict[str, tuple[int, int]]:
    """Make prepared questions what the quizzes ask from now on: (quiz id, version id) by key. As many statements for fifty as for one.

    Publishing the same again gives the same version; open attempts keep theirs.
    """
    if not prepared:
        return {}
    now, keys = clock.now(), [quiz.key for quiz in prepared]
    new = insert_into(Quiz).values([{"key": key, "created_at": now} for key in keys])
    db.session.execute(new.on_conflict_do_nothing(index_elements=["key"]))
    quizzes = {row.key: row for row in db.session.execute(select(Quiz.id, Quiz.key, Quiz.current_version_id).where(Quiz.key.in_(keys)))}
    versions, newest = _versions_of([row.id for row in quizzes.values()])
    absent = [quiz for quiz in prepared if (quizzes[quiz.key].id, quiz.digest) not in versions]
    if absent:
        db.session.execute(
            insert(QuizVersion),
            [
                {
                    "quiz_id": quizzes[quiz.key].id,
                    "number": newest.get(quizzes[quiz.key].id, 0) + 1,
                    "digest": quiz.digest,
                    "title": quiz.title,
                    "policy": quiz.policy,
                    "questions": quiz.questions,
                    "introduction_html": quiz.introduction_html,
                    "created_at": now,
                }
                for quiz in absent
            ],
        )
        versions, newest = _versions_of([row.id for row in quizzes.values()])
    published = {quiz.key: (quizzes[quiz.key].id, versions[quizzes[quiz.key].id, quiz.digest]) for quiz in prepared}
    turned = [{"id": quiz_id, "current_version_id": version_id} for key, (quiz_id, version_id) in published.items() if quizzes[key].current_version_id != version_id]
    if turned:
        db.session.execute(update(Quiz), turned)
    return published


def _versions_of(quiz_ids: Sequence[int]) -> tuple[dict[tuple[int, str], int], dict[int, int]]:
    """The versions of some quizzes by quiz and digest, and each quiz's newest number."""
    versions, newest = {}, {}
    rows = db.session.execute(select(QuizVersion.id, QuizVersion.quiz_id, QuizVersion.digest, QuizVersion.number).where(QuizVersion.quiz_id.in_(quiz_ids)))
    for row in rows:
        versions[row.quiz_id, row.digest] = row.id
        newest[row.quiz_id] = max(row.number, newest.get(row.quiz_id, 0))
    return versions, newest


def publish_quiz(
    key: str, title: str, questions: Sequence[Question], policy: QuizPolicy | Mapping[str, Any], introduction_html: str = ""
) -> QuizVersion:
    """`prepare_quiz` and `publish_quizzes` for one quiz, with what they raise."""
    prepared = prepare_quiz(key, title, questions, policy, introduction_html)
    _quiz_id, version_id = publish_quizzes([prepared])[key]
    return db.session.get_one(QuizVersion, version_id, populate_existing=True)


# Attempts.


def start_attempt(user: Any, quiz_id: int, start_key: str | None = None) -> QuizAttempt:
    """Start a quiz, or give the attempt to continue: an open one, or the one that this `start_key` started before.

    Raises NotFound for an unknown quiz, what a gate raises, and Conflict when no attempt is left now; it says when the next may start.
    """
    # One start of a person at a time. SQLite has one writer anyway.
    db.session.execute(select(User.id).where(User.id == user.id).with_for_update(key_share=True))
    standing = standing_of(user.id, quiz_id)
    mine = select(QuizAttempt).where(QuizAttempt.quiz_id == quiz_id, QuizAttempt.user_id == user.id)
    if start_key and (started := db.session.scalar(mine.where(QuizAttempt.start_key == start_key))):
        return started
    now = clock.now()
    open_attempt = db.session.scalar(mine.where(QuizAttempt.state == AttemptState.OPEN).with_for_update())
    if open_attempt is not None:
        if open_attempt.deadline_at is None or now <= open_attempt.deadline_at:
            return open_attempt
        _close(open_attempt, ClosedBy.CLOCK, open_attempt.deadline_at)
    check_gates(user, standing.quiz_key)
    decision = decide_start(standing.policy, standing.attempts)
    if not decision.allowed:
        facts: dict[str, Any] = {"opens_at": decision.opens_at.isoformat()} if decision.opens_at else {}
        raise Conflict(refusal_message(decision, waktu(decision.opens_at)), code=str(decision.refusal), **facts)
    attempt = QuizAttempt(
        quiz_id=quiz_id,
        quiz_version_id=standing.content.version_id,
        user_id=user.id,
        number=max((attempt.number for attempt in standing.attempts), default=0) + 1,
        start_key=start_key or None,
        started_at=now,
        deadline_at=deadline_for(standing.policy, now),
        layout=_lay_out(standing.content),
        state=AttemptState.OPEN,
    )
    db.session.add(attempt)
    db.session.flush()
    return attempt


def _lay_out(content: QuizContent) -> dict[str, Any]:
    """The order of questions and options for one attempt; unpredictable when the quiz is shuffled."""
    rng = SystemRandom() if content.policy.shuffle else None
    order = list(content.questions)
    if rng is not None:
        rng.shuffle(order)
    return {"order": order, "options": {key: lay_out(content.questions[key], rng) for key in order}}


def submit_attempt(user: Any, attempt_id: int) -> QuizAttempt:
    """Close an attempt and grade it. Submitting again changes nothing. Raises NotFound for other people's attempts."""
    attempt = _locked(get_attempt_for(user, attempt_id).id)
    if attempt.state == AttemptState.OPEN:
        now = clock.now()
        if attempt.deadline_at is not None and is_late(now, attempt.deadline_at):
            _close(attempt, ClosedBy.CLOCK, attempt.deadline_at)
        else:
            _close(attempt, ClosedBy.LEARNER, now)
    return attempt


def close_if_over(attempt_id: int) -> bool:
    """Close an attempt whose time is over, with what was saved in time; False when it is closed already or goes on."""
    attempt = _locked(attempt_id)
    if (
        attempt is None
        or attempt.state != AttemptState.OPEN
        or attempt.deadline_at is None
        or not is_late(clock.now(), attempt.deadline_at)
    ):
        return False
    _close(attempt, ClosedBy.CLOCK, attempt.deadline_at)
    return True


def _locked(attempt_id: int) -> Any:
    return db.session.scalar(
        select(QuizAttempt).where(QuizAttempt.id == attempt_id).with_for_update().execution_options(populate_existing=True)
    )


def _close(attempt: QuizAttempt, closed_by: ClosedBy, submitted_at: datetime) -> None:
    score = score_of(attempt.id)
    passed = is_passed(get_content(attempt.quiz_version_id).policy, score)
    attempt.state, attempt.closed_by, attempt.submitted_at = AttemptState.SUBMITTED, closed_by, submitted_at
    attempt.percent, attempt.passed = score.percent, passed
    db.session.flush()
    key = db.session.scalar(select(Quiz.key).where(Quiz.id == attempt.quiz_id))
    assert key is not None
    events.record(AttemptGraded(attempt.id, attempt.user_id, attempt.quiz_id, key, score.percent, passed, submitted_at))


def score_of(attempt_id: int) -> AttemptScore:
    """The score by everything that was saved in time; the same before and after an attempt is closed."""
    facts = get_attempt_facts(attempt_id)
    answers = read_sheet(facts).answers
    questions = facts.content.questions
    responses = {key: parse_response(questions[key], raw, facts.options.get(key)) for key, raw in answers.items() if raw is not None}
    return score_attempt(list(questions.values()), responses)
