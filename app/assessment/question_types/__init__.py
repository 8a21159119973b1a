"""The kinds of question a quiz can ask, one file each.

A file here that has a `question_type` is a type: its questions can be stored, laid out, checked and graded. To be asked on a page it has a
macro in `templates/assessment/questions/` and its line in `forms`, `rendering` and `pages`; to be written by authors, its place in
`app/interchange/gift`. A test names what a new type still lacks; docs/contributing.md has the steps. Everything here is plain data and pure
functions: no session, no request, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from random import Random
from typing import Any

from app.assessment.question_types._base import (
    MAX_OPTIONS,
    MAX_TEXT,
    MAX_TITLE,
    Grade,
    InvalidQuestion,
    InvalidResponse,
    Json,
    Layout,
    Mark,
    Problem,
    Question,
    QuestionType,
    Response,
    Text,
    malformed,
)
from app.assessment.question_types._words import count_words

__all__ = [
    "MAX_OPTIONS",
    "MAX_TEXT",
    "MAX_TITLE",
    "QUESTION_TYPES",
    "Grade",
    "InvalidQuestion",
    "InvalidResponse",
    "Json",
    "Layout",
    "Mark",
    "Problem",
    "Question",
    "QuestionType",
    "Response",
    "Text",
    "count_words",
    "feedback_texts",
    "grade",
    "lay_out",
    "parse_response",
    "perfect_response",
    "presented",
    "question_from_json",
    "question_to_json",
    "reading_words",
    "solution",
    "type_of",
]


def _discover() -> dict[str, QuestionType[Any, Any]]:
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__) if not found.name.startswith("_"))
    return {module.question_type.name: module.question_type for module in modules}


QUESTION_TYPES = _discover()


def type_of(question: Question) -> QuestionType[Any, Any]:
    return QUESTION_TYPES[question.type_name]


def question_to_json(question: Question) -> Json:
    """The question as plain data, to be kept with the quiz and with every attempt made on it."""
    return type_of(question).to_json(question)


def question_from_json(data: Any) -> Question:
    """The question back; raises InvalidQuestion for anything that is not a question we know."""
    name = data.get("type") if isinstance(data, Mapping) else None
    if not isinstance(name, str) or name not in QUESTION_TYPES:
        raise malformed("type")
    return QUESTION_TYPES[name].from_json(data)


def parse_response(question: Question, raw: Any, layout: Layout | None = None) -> Response:
    """An answer from a browser, checked; raises InvalidResponse. None is an answer taken back."""
    return type_of(question).parse_response(question, raw, layout)


def grade(question: Question, response: Response) -> Grade:
    return type_of(question).grade(question, response)


def perfect_response(question: Question, layout: Layout | None = None) -> Response:
    return type_of(question).perfect_response(question, layout)


def lay_out(question: Question, rng: Random | None) -> Layout:
    """The order of options for one attempt; `rng` shuffles, None keeps the author's order where that gives nothing away."""
    return type_of(question).layout(question, rng)


def presented(question: Question, layout: Layout) -> Json:
    return type_of(question).presented(question, layout)


def solution(question: Question, layout: Layout | None = None) -> Json:
    return type_of(question).solution(question, layout)


def feedback_texts(question: Question) -> dict[str, Text]:
    return type_of(question).feedback_texts(question)


def reading_words(question: Question) -> int:
    return type_of(question).reading_words(question)
