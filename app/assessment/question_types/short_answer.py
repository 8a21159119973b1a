"""A word or a few, typed. Case, spacing and the kind of quote or dash do not matter; `*` in an answer stands for anything."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.assessment.question_types._base import (
    HUNDRED,
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
    clean_text,
    count_problems,
    decimal_text,
    fraction_of,
    read_objects,
    read_optional_text,
    read_string,
    read_weight,
    with_feedback,
)

MAX_RESPONSE = 1_000
_ANYTHING = "\x00"
_STAR = re.compile(r"\\\*|\*")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060]")
_LOOKALIKES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-", "—": "-"})


def normalized(text: str) -> str:
    """The form in which two answers are compared."""
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_LOOKALIKES).casefold()
    return " ".join(unicodedata.normalize("NFKC", text).split())


@dataclass(frozen=True)
class ShortAnswerKey:
    """An accepted answer: `*` matches any run of characters, `\\*` a star. `weight` in percent of the full mark."""

    pattern: str
    weight: Decimal = HUNDRED
    feedback: Text | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", clean_text(self.pattern))

    @property
    def pieces(self) -> list[str]:
        """What stands between the stars."""
        marked = _STAR.sub(lambda star: _ANYTHING if star[0] == "*" else "*", self.pattern)
        return normalized(marked).split(_ANYTHING)

    @property
    def example(self) -> str:
        """A plain answer that this key accepts."""
        words = _STAR.sub(lambda star: "" if star[0] == "*" else "*", self.pattern)
        return words.strip() or "…"

    def matches(self, answer: str) -> bool:
        """Whether a normalized answer fits. Steps forward only, so that no pattern makes it slow."""
        first, *rest = self.pieces
        if not rest:
            return answer == first
        if not answer.startswith(first):
            return False
        position = len(first)
        for piece in rest[:-1]:
            found = answer.find(piece, position)
            if found < 0:
                return False
            position = found + len(piece)
        return len(answer) - len(rest[-1]) >= position and answer.endswith(rest[-1])


@dataclass(frozen=True, kw_only=True)
class ShortAnswer(Question):
    """As in Moodle, the first answer that matches decides."""

    type_name = "short_answer"
    answers: tuple[ShortAnswerKey, ...]


@dataclass(frozen=True)
class ShortAnswerResponse(Response):
    text: str = ""

    @property
    def is_empty(self) -> bool:
        return not normalized(self.text)

    def to_json(self) -> str | None:
        return self.text or None


class ShortAnswerType(QuestionType[ShortAnswer, ShortAnswerResponse]):
    name = "short_answer"

    def parse_response(self, question: ShortAnswer, raw: Any, layout: Layout | None = None) -> ShortAnswerResponse:
        if raw is None:
            return ShortAnswerResponse()
        if not isinstance(raw, str):
            raise InvalidResponse("wrong_type")
        if len(raw) > MAX_RESPONSE:
            raise InvalidResponse("too_long")
        return ShortAnswerResponse(clean_text(raw))

    def grade(self, question: ShortAnswer, response: ShortAnswerResponse) -> Grade:
        answer = normalized(response.text)
        if not answer:
            return NOTHING
        for number, key in enumerate(question.answers):
            if key.matches(answer):
                return Grade(fraction_of(key.weight), (str(number),) if key.feedback else (), (Mark("answer", key.weight > 0),))
        return Grade(NOTHING.fraction, (), (Mark("answer", False),))

    def _full_examples(self, question: ShortAnswer) -> list[str]:
        examples = [key.example for key in question.answers if key.weight == HUNDRED]
        return [text for text in examples if self.grade(question, ShortAnswerResponse(text)).is_right]

    def perfect_response(self, question: ShortAnswer, layout: Layout | None = None) -> ShortAnswerResponse:
        return ShortAnswerResponse(self._full_examples(question)[0])

    def presented(self, question: ShortAnswer, layout: Layout) -> Json:
        return {"type": self.name, "text": question.text.to_json(), "max_length": MAX_RESPONSE}

    def solution(self, question: ShortAnswer, layout: Layout | None = None) -> Json:
        return {"answers": self._full_examples(question)}

    def feedback_texts(self, question: ShortAnswer) -> dict[str, Text]:
        return {str(number): key.feedback for number, key in enumerate(question.answers) if key.feedback}

    def texts(self, question: ShortAnswer) -> Iterable[Text]:
        for key in question.answers:
            yield Text(key.pattern, "plain")
            if key.feedback:
                yield key.feedback

    def problems_of(self, question: ShortAnswer) -> Iterable[Problem]:
        found = count_problems(len(question.answers), 1)
        if any(not key.pattern for key in question.answers):
            found.append(Problem("empty_answer"))
        if any(len(key.pattern) > MAX_RESPONSE for key in question.answers):
            found.append(Problem("answer_too_long", {"limit": MAX_RESPONSE}))
        elif not any(key.weight == HUNDRED for key in question.answers):
            found.append(Problem("no_right_answer"))
        elif not found and not self._full_examples(question):
            found.append(Problem("right_answer_hidden"))
        return found

    def body_to_json(self, question: ShortAnswer) -> Json:
        return {
            "answers": [
                with_feedback({"answer": key.pattern, "weight": decimal_text(key.weight)}, key.feedback) for key in question.answers
            ]
        }

    def body_from_json(self, common: Json, body: Mapping[str, Any]) -> ShortAnswer:
        answers = tuple(
            ShortAnswerKey(read_string(item, "answer"), read_weight(item), read_optional_text(item, "feedback"))
            for item in read_objects(body, "answers")
        )
        return ShortAnswer(**common, answers=answers)


question_type = ShortAnswerType()
