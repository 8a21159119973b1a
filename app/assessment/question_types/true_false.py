"""A statement that is true or false. Moodle's two feedbacks belong to the wrong and the right answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from app.assessment.question_types._base import (
    NOTHING,
    Grade,
    InvalidResponse,
    Json,
    Layout,
    Mark,
    Problem,
    Question,
    QuestionType,
    Response,
    Text,
    read_bool,
    read_optional_text,
)


@dataclass(frozen=True, kw_only=True)
class TrueFalse(Question):
    type_name = "true_false"
    answer: bool
    wrong_feedback: Text | None = None
    right_feedback: Text | None = None


@dataclass(frozen=True)
class TrueFalseResponse(Response):
    answer: bool | None = None

    @property
    def is_empty(self) -> bool:
        return self.answer is None

    def to_json(self) -> bool | None:
        return self.answer


class TrueFalseType(QuestionType[TrueFalse, TrueFalseResponse]):
    name = "true_false"

    def parse_response(self, question: TrueFalse, raw: Any, layout: Layout | None = None) -> TrueFalseResponse:
        """True or false as JSON, or as the words a plain form sends."""
        if raw is None or isinstance(raw, bool):
            return TrueFalseResponse(raw)
        if not isinstance(raw, str):
            raise InvalidResponse("wrong_type")
        if raw not in ("true", "false"):
            raise InvalidResponse("unknown_option")
        return TrueFalseResponse(raw == "true")

    def grade(self, question: TrueFalse, response: TrueFalseResponse) -> Grade:
        if response.answer is None:
            return NOTHING
        right = response.answer == question.answer
        key = "right" if right else "wrong"
        chosen = "true" if response.answer else "false"
        return Grade(Fraction(int(right)), (key,) if key in self.feedback_texts(question) else (), (Mark(chosen, right),))

    def perfect_response(self, question: TrueFalse, layout: Layout | None = None) -> TrueFalseResponse:
        return TrueFalseResponse(question.answer)

    def presented(self, question: TrueFalse, layout: Layout) -> Json:
        return {"type": self.name, "text": question.text.to_json(), "options": [{"id": "true"}, {"id": "false"}]}

    def solution(self, question: TrueFalse, layout: Layout | None = None) -> Json:
        return {"option_ids": ["true" if question.answer else "false"]}

    def feedback_texts(self, question: TrueFalse) -> dict[str, Text]:
        texts = {"wrong": question.wrong_feedback, "right": question.right_feedback}
        return {key: text for key, text in texts.items() if text}

    def texts(self, question: TrueFalse) -> Iterable[Text]:
        return self.feedback_texts(question).values()

    def problems_of(self, question: TrueFalse) -> Iterable[Problem]:
        return ()

    def body_to_json(self, question: TrueFalse) -> Json:
        texts = {key: text.to_json() for key, text in self.feedback_texts(question).items()}
        return {"answer": question.answer} | {f"{key}_feedback": text for key, text in texts.items()}

    def body_from_json(self, common: Json, body: Mapping[str, Any]) -> TrueFalse:
        return TrueFalse(
            **common,
            answer=read_bool(body, "answer"),
            wrong_feedback=read_optional_text(body, "wrong_feedback"),
            right_feedback=read_optional_text(body, "right_feedback"),
        )


question_type = TrueFalseType()
