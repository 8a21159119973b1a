"""One option is chosen; usually one is right, and an option may earn a part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    fraction_of,
    known_id,
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


@dataclass(frozen=True, kw_only=True)
class SingleChoice(ChoiceQuestion):
    type_name = "single_choice"


@dataclass(frozen=True)
class SingleChoiceResponse(Response):
    option_id: str | None = None

    @property
    def is_empty(self) -> bool:
        return self.option_id is None

    def to_json(self) -> str | None:
        return self.option_id


class SingleChoiceType(QuestionType[SingleChoice, SingleChoiceResponse]):
    name = "single_choice"

    def parse_response(self, question: SingleChoice, raw: Any, layout: Layout | None = None) -> SingleChoiceResponse:
        return SingleChoiceResponse(None if raw is None else known_id(raw, question.option_ids))

    def grade(self, question: SingleChoice, response: SingleChoiceResponse) -> Grade:
        chosen = next((option for option in question.options if option.id == response.option_id), None)
        if chosen is None:
            return NOTHING
        keys = (chosen.id,) if chosen.feedback else ()
        return Grade(fraction_of(chosen.weight), keys, (Mark(chosen.id, chosen.weight > 0),))

    def perfect_response(self, question: SingleChoice, layout: Layout | None = None) -> SingleChoiceResponse:
        return SingleChoiceResponse(next(option.id for option in question.options if option.weight == HUNDRED))

    def layout(self, question: SingleChoice, rng: Random | None) -> Layout:
        return {"options": shuffled(question.option_ids, rng)}

    def presented(self, question: SingleChoice, layout: Layout) -> Json:
        return {"type": self.name, "text": question.text.to_json(), "options": present_options(question, layout.get("options"))}

    def solution(self, question: SingleChoice, layout: Layout | None = None) -> Json:
        right = [option for option in question.options if option.weight == HUNDRED]
        return {"option_ids": [option.id for option in right], "texts": [option.text.to_json() for option in right]}

    def feedback_texts(self, question: SingleChoice) -> dict[str, Text]:
        return option_feedback(question)

    def texts(self, question: SingleChoice) -> Iterable[Text]:
        return option_texts(question)

    def problems_of(self, question: SingleChoice) -> Iterable[Problem]:
        found = option_problems(question)
        if not any(option.weight == HUNDRED for option in question.options):
            found.append(Problem("no_right_answer"))
        if question.options and all(option.weight == HUNDRED for option in question.options):
            found.append(Problem("no_wrong_answer"))
        return found

    def warnings(self, question: SingleChoice) -> Iterable[Problem]:
        if sum(option.weight == HUNDRED for option in question.options) > 1:
            yield Problem("several_right")

    def body_to_json(self, question: SingleChoice) -> Json:
        return options_to_json(question)

    def body_from_json(self, common: Json, body: Mapping[str, Any]) -> SingleChoice:
        return SingleChoice(**common, options=options_from_json(body))


question_type = SingleChoiceType()
