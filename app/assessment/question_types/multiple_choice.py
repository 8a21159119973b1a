"""Any number of options is chosen; each adds or takes away its weight, and the sum is never below nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from app.assessment.question_types._base import (
    HUNDRED,
    NOTHING,
    Grade,
    Json,
    Layout,
    Mark,
    Problem,
    QuestionType,
    Response,
    Text,
    decimal_text,
    list_of_ids,
    shuffled,
)
from app.assessment.question_types._options import (
    ChoiceQuestion,
    option_feedback,
    option_problems,
    option_texts,
    options_from_json,
    options_to_json,
    present_options,
)

ROUNDING = 1
"""Percent by which positive weights may miss 100: thirds and sevenths do not add up when written out."""


@dataclass(frozen=True, kw_only=True)
class MultipleChoice(ChoiceQuestion):
    type_name = "multiple_choice"


@dataclass(frozen=True)
class MultipleChoiceResponse(Response):
    option_ids: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not self.option_ids

    def to_json(self) -> list[str] | None:
        return sorted(self.option_ids) or None


class MultipleChoiceType(QuestionType[MultipleChoice, MultipleChoiceResponse]):
    name = "multiple_choice"

    def parse_response(self, question: MultipleChoice, raw: Any, layout: Layout | None = None) -> MultipleChoiceResponse:
        return MultipleChoiceResponse(frozenset() if raw is None else frozenset(list_of_ids(raw, question.option_ids)))

    def grade(self, question: MultipleChoice, response: MultipleChoiceResponse) -> Grade:
        """The weights chosen as a part of all positive weights, so that choosing what is right is worth exactly the full mark."""
        chosen = [option for option in question.options if option.id in response.option_ids]
        whole = sum((Fraction(option.weight) for option in question.options if option.weight > 0), Fraction(0))
        if not chosen or not whole:
            return NOTHING
        earned = sum((Fraction(option.weight) for option in chosen), Fraction(0)) / whole
        return Grade(
            min(Fraction(1), max(Fraction(0), earned)),
            tuple(option.id for option in chosen if option.feedback),
            tuple(Mark(option.id, option.weight > 0) for option in chosen),
        )

    def perfect_response(self, question: MultipleChoice, layout: Layout | None = None) -> MultipleChoiceResponse:
        return MultipleChoiceResponse(frozenset(option.id for option in question.options if option.weight > 0))

    def layout(self, question: MultipleChoice, rng: Random | None) -> Layout:
        return {"options": shuffled(question.option_ids, rng)}

    def presented(self, question: MultipleChoice, layout: Layout) -> Json:
        return {"type": self.name, "text": question.text.to_json(), "options": present_options(question, layout.get("options"))}

    def solution(self, question: MultipleChoice, layout: Layout | None = None) -> Json:
        right = [option for option in question.options if option.weight > 0]
        return {"option_ids": [option.id for option in right], "texts": [option.text.to_json() for option in right]}

    def feedback_texts(self, question: MultipleChoice) -> dict[str, Text]:
        return option_feedback(question)

    def texts(self, question: MultipleChoice) -> Iterable[Text]:
        return option_texts(question)

    def problems_of(self, question: MultipleChoice) -> Iterable[Problem]:
        found = option_problems(question)
        total = sum((option.weight for option in question.options if option.weight > 0), HUNDRED * 0)
        if abs(total - HUNDRED) > ROUNDING:
            found.append(Problem("weights_not_hundred", {"total": decimal_text(total)}))
        return found

    def warnings(self, question: MultipleChoice) -> Iterable[Problem]:
        weights = [option.weight for option in question.options]
        if min(weights) >= 0 and 0 in weights:
            yield Problem("ticking_all_is_right")

    def body_to_json(self, question: MultipleChoice) -> Json:
        return options_to_json(question)

    def body_from_json(self, common: Json, body: Mapping[str, Any]) -> MultipleChoice:
        return MultipleChoice(**common, options=options_from_json(body))


question_type = MultipleChoiceType()
