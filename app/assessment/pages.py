"""What the pages of an attempt show, question by question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.assessment.question_types import Grade, InvalidResponse, Question, feedback_texts, grade, parse_response, presented
from app.assessment.quizzes import AttemptFacts, QuizPolicy
from app.assessment.rendering import Line, block_html, describe_answer, describe_solution
from app.assessment.rules import VisibleFeedback, visible_feedback
from app.assessment.sheets import Sheet

WHAT_TO_DO: Mapping[str, Any] = {
    "single_choice": _l("satu jawaban"),
    "multiple_choice": _l("boleh lebih dari satu jawaban"),
    "true_false": _l("benar atau salah"),
    "short_answer": _l("isian singkat"),
    "numerical": _l("isian angka"),
    "matching": _l("pasangkan"),
    "ordering": _l("urutkan"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a learner is told about one answer; empty parts are not told."""

    word: str = ""
    kind: str = "todo"  # of the state component
    given: list[Line] = field(default_factory=list)
    texts: list[Markup] = field(default_factory=list)
    solution: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question as the attempt shows it; nothing here hints at the answer except a verdict that may be shown."""

    place: int
    type: str
    shown: dict[str, Any]
    answer: Any
    is_answered: bool
    is_doubtful: bool
    late_at: datetime | None
    error: str = ""
    verdict: Verdict | None = None

    @property
    def what_to_do(self) -> Any:
        return WHAT_TO_DO[self.type]


def question_views(facts: AttemptFacts, sheet: Sheet, errors: Mapping[int, str] | None = None) -> list[QuestionView]:
    """The questions of an attempt that goes on, in its order; practice tells what it may as soon as there is an answer."""

    def verdict(question: Question, answer: Any) -> Verdict | None:
        visible = visible_feedback(facts.content.policy, submitted=False, answered=answer is not None)
        return verdict_on(facts, question, answer, visible) if answer is not None and visible.texts else None

    return _views(facts, sheet, verdict, errors or {})


def result_views(facts: AttemptFacts, sheet: Sheet, policy: QuizPolicy, passed: bool, may_try_again: bool) -> list[QuestionView]:
    """The questions of a closed attempt, each with what the policy lets be seen."""

    def verdict(question: Question, answer: Any) -> Verdict | None:
        visible = visible_feedback(policy, submitted=True, answered=answer is not None, passed=passed, may_try_again=may_try_again)
        return verdict_on(facts, question, answer, visible)

    return _views(facts, sheet, verdict, {})


def _views(
    facts: AttemptFacts, sheet: Sheet, verdict: Callable[[Question, Any], Verdict | None], errors: Mapping[int, str]
) -> list[QuestionView]:
    """The questions in the attempt's order, each with its answer and what is said of it."""
    views = []
    for place, key in enumerate(facts.order, 1):
        question, answer, late = facts.content.questions[key], sheet.answers.get(key), sheet.late.get(key)
        views.append(
            QuestionView(
                place,
                question.type_name,
                presented(question, facts.options.get(key, {})),
                answer,
                answer is not None,
                key in sheet.doubtful,
                late.saved_at if late else None,
                errors.get(place, ""),
                verdict(question, answer),
            )
        )
    return views


def verdict_on(facts: AttemptFacts, question: Question, answer: Any, visible: VisibleFeedback) -> Verdict:
    layout = facts.options.get(question.key, {})
    graded = _graded(question, answer, facts)
    given = describe_answer(question, layout, answer, graded.marks if visible.marks else ())
    if not visible.marks:
        return Verdict(given=given)
    word, kind = _word(graded, answer)
    texts: list[Markup] = []
    if visible.texts:
        known = feedback_texts(question)
        texts = [block_html(known[name]) for name in graded.feedback if name in known]
        # The general feedback often names the answer: whoever may still try again sees it only for what they got right.
        if question.general_feedback and (visible.solution or graded.is_right):
            texts.append(block_html(question.general_feedback))
    needs_solution = visible.solution and not graded.is_right
    return Verdict(word, kind, given, texts, describe_solution(question, layout) if needs_solution else [])


def _graded(question: Question, answer: Any, facts: AttemptFacts) -> Grade:
    try:
        return grade(question, parse_response(question, answer, facts.options.get(question.key)))
    except InvalidResponse:
        # Answers are checked before they are kept; one that does not fit any more can only earn nothing.
        return grade(question, parse_response(question, None))


def _word(graded: Grade, answer: Any) -> tuple[str, str]:
    if answer is None:
        return _("Tidak dijawab"), "todo"
    if graded.is_right:
        return _("Tepat"), "done"
    return (_("Tepat sebagian"), "half") if graded.fraction else (_("Belum tepat"), "warn")
