"""A number, typed the way people here write numbers: 1.500.000 or 1500000, 2,5 or 2.5, Rp10.000,-."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
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
    read_decimal,
    read_objects,
    read_optional_text,
    read_weight,
    with_feedback,
)

MAX_RESPONSE = 40
MAX_DIGITS = 30
_RUPIAH = re.compile(r"^rp\.?\s*", re.IGNORECASE)
_GROUPED = {mark: re.compile(rf"[1-9][0-9]{{0,2}}({re.escape(mark)}[0-9]{{3}})+") for mark in ".,"}
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")


def _without_groups(digits: str, mark: str) -> str | None:
    """1.500.000 as 1500000, when the marks stand where thousands are parted."""
    return digits.replace(mark, "") if _GROUPED[mark].fullmatch(digits) else None


def _unsigned_readings(digits: str) -> list[str]:
    if "." in digits and "," in digits:
        point = max(".", ",", key=digits.rindex)
        whole, _, rest = digits.rpartition(point)
        joined = _without_groups(whole, "," if point == "." else ".")
        return [f"{joined}.{rest}"] if joined and rest.isdigit() else []
    mark = "," if "," in digits else "."
    grouped = _without_groups(digits, mark)
    plain = digits.replace(",", ".")
    found = [grouped] if grouped else []
    return found + ([plain] if _DECIMAL.fullmatch(plain) else [])


def readings(text: str) -> tuple[Decimal, ...]:
    """The numbers a text may mean: none, one, or two.

    "1.500" is fifteen hundred in Indonesian and one and a half in English (and "1,500" the other way round); a learner who writes either is
    not to lose the mark over it, so both count. "1.500.000", "0.500" and "1.500,25" can be read in one way only.
    """
    text = unicodedata.normalize("NFKC", clean_text(text)).replace("−", "-").replace("–", "-")
    text = _RUPIAH.sub("", text)
    sign = -1 if text.startswith("-") else 1
    digits = _RUPIAH.sub("", text[1:].strip() if text[:1] in {"+", "-"} else text)
    digits = re.sub(r",-{1,2}$", "", digits)
    if re.fullmatch(r"[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?", digits):
        digits = digits.replace(" ", "")
        return _to_decimals([digits.replace(",", ".")], sign)
    if len(digits) > MAX_RESPONSE or not re.fullmatch(r"[0-9.,]+", digits):
        return ()
    return _to_decimals(_unsigned_readings(digits), sign)


def _to_decimals(texts: list[str], sign: int) -> tuple[Decimal, ...]:
    return tuple(dict.fromkeys(sign * Decimal(text) for text in texts if sum(c.isdigit() for c in text) <= MAX_DIGITS))


@dataclass(frozen=True)
class NumericalKey:
    """An accepted number and how far an answer may be from it (both ends included); `weight` in percent of the full mark."""

    value: Decimal
    tolerance: Decimal = Decimal(0)
    weight: Decimal = HUNDRED
    feedback: Text | None = None

    def matches(self, number: Decimal) -> bool:
        return abs(Fraction(number) - Fraction(self.value)) <= Fraction(self.tolerance)


@dataclass(frozen=True, kw_only=True)
class Numerical(Question):
    """As in Moodle, the first answer that matches decides; `wrong_feedback` is for everything else."""

    type_name = "numerical"
    answers: tuple[NumericalKey, ...]
    wrong_feedback: Text | None = None


@dataclass(frozen=True)
class NumericalResponse(Response):
    text: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.text

    def to_json(self) -> str | None:
        return self.text or None


class NumericalType(QuestionType[Numerical, NumericalResponse]):
    name = "numerical"

    def parse_response(self, question: Numerical, raw: Any, layout: Layout | None = None) -> NumericalResponse:
        if raw is None:
            return NumericalResponse()
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            raise InvalidResponse("wrong_type")
        text = clean_text(raw[: MAX_RESPONSE + 1]) if isinstance(raw, str) else _written_out(raw)
        if len(text) > MAX_RESPONSE or (isinstance(raw, str) and len(raw) > MAX_RESPONSE):
            raise InvalidResponse("too_long")
        if text and not readings(text):
            raise InvalidResponse("not_a_number")
        return NumericalResponse(text)

    def grade(self, question: Numerical, response: NumericalResponse) -> Grade:
        if response.is_empty:
            return NOTHING
        found = [self._grade_number(question, number) for number in readings(response.text)]
        return max(found, key=lambda grade: grade.fraction, default=NOTHING)

    def _grade_number(self, question: Numerical, number: Decimal) -> Grade:
        for position, key in enumerate(question.answers):
            if key.matches(number):
                return Grade(fraction_of(key.weight), (str(position),) if key.feedback else (), (Mark("answer", key.weight > 0),))
        return Grade(NOTHING.fraction, ("wrong",) if question.wrong_feedback else (), (Mark("answer", False),))

    def _full_answers(self, question: Numerical) -> list[NumericalKey]:
        keys = [key for key in question.answers if key.weight == HUNDRED]
        return [key for key in keys if self._grade_number(question, key.value).is_right]

    def perfect_response(self, question: Numerical, layout: Layout | None = None) -> NumericalResponse:
        return NumericalResponse(decimal_text(self._full_answers(question)[0].value))

    def presented(self, question: Numerical, layout: Layout) -> Json:
        return {"type": self.name, "text": question.text.to_json(), "max_length": MAX_RESPONSE}

    def solution(self, question: Numerical, layout: Layout | None = None) -> Json:
        answers = [{"value": decimal_text(key.value), "tolerance": decimal_text(key.tolerance)} for key in self._full_answers(question)]
        return {"answers": answers}

    def feedback_texts(self, question: Numerical) -> dict[str, Text]:
        texts = {str(position): key.feedback for position, key in enumerate(question.answers)} | {"wrong": question.wrong_feedback}
        return {key: text for key, text in texts.items() if text}

    def texts(self, question: Numerical) -> Iterable[Text]:
        return self.feedback_texts(question).values()

    def problems_of(self, question: Numerical) -> Iterable[Problem]:
        found = count_problems(len(question.answers), 1)
        for key in question.answers:
            if key.tolerance < 0:
                found.append(Problem("tolerance_negative"))
            if max(_digits(key.value), _digits(key.tolerance)) > MAX_DIGITS:
                found.append(Problem("number_too_long", {"limit": MAX_DIGITS}))
        if not any(key.weight == HUNDRED for key in question.answers):
            found.append(Problem("no_right_answer"))
        elif not found and not self._full_answers(question):
            found.append(Problem("right_answer_hidden"))
        return found

    def body_to_json(self, question: Numerical) -> Json:
        answers = [
            with_feedback(
                {"value": decimal_text(key.value), "tolerance": decimal_text(key.tolerance), "weight": decimal_text(key.weight)},
                key.feedback,
            )
            for key in question.answers
        ]
        wrong = {"wrong_feedback": question.wrong_feedback.to_json()} if question.wrong_feedback else {}
        return {"answers": answers} | wrong

    def body_from_json(self, common: Json, body: Mapping[str, Any]) -> Numerical:
        answers = tuple(
            NumericalKey(
                read_decimal(item, "value"), read_decimal(item, "tolerance"), read_weight(item), read_optional_text(item, "feedback")
            )
            for item in read_objects(body, "answers")
        )
        return Numerical(**common, answers=answers, wrong_feedback=read_optional_text(body, "wrong_feedback"))


def _digits(value: Decimal) -> int:
    return sum(character.isdigit() for character in decimal_text(value))


def _written_out(raw: int | float) -> str:
    """A JSON number as its digits; raises InvalidResponse for what no answer can be."""
    if raw != raw or abs(raw) >= 10**MAX_DIGITS:
        raise InvalidResponse("not_a_number")
    return decimal_text(Decimal(repr(raw)))


question_type = NumericalType()
