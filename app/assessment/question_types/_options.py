"""The options that single and multiple choice have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.assessment.question_types._base import (
    Json,
    Problem,
    Question,
    Text,
    count_problems,
    decimal_text,
    duplicates,
    in_order,
    option_id,
    read_objects,
    read_optional_text,
    read_text,
    read_weight,
    with_feedback,
)


@dataclass(frozen=True)
class ChoiceOption:
    """One option; `weight` is what choosing it is worth, in percent of the full mark."""

    text: Text
    weight: Decimal
    feedback: Text | None = None

    @property
    def id(self) -> str:
        return option_id(self.text.format, self.text.source)


@dataclass(frozen=True, kw_only=True)
class ChoiceQuestion(Question):
    options: tuple[ChoiceOption, ...]

    @property
    def option_ids(self) -> list[str]:
        return [option.id for option in self.options]


def options_to_json(question: ChoiceQuestion) -> Json:
    return {
        "options": [
            with_feedback({"text": option.text.to_json(), "weight": decimal_text(option.weight)}, option.feedback)
            for option in question.options
        ]
    }


def options_from_json(body: Mapping[str, Any]) -> tuple[ChoiceOption, ...]:
    return tuple(
        ChoiceOption(read_text(item, "text"), read_weight(item), read_optional_text(item, "feedback"))
        for item in read_objects(body, "options")
    )


def present_options(question: ChoiceQuestion, order: list[str] | None) -> list[Json]:
    by_id = {option.id: option for option in question.options}
    return [{"id": name} | by_id[name].text.to_json() for name in in_order(question.option_ids, order)]


def option_texts(question: ChoiceQuestion) -> Iterable[Text]:
    for option in question.options:
        yield option.text
        if option.feedback:
            yield option.feedback


def option_feedback(question: ChoiceQuestion) -> dict[str, Text]:
    return {option.id: option.feedback for option in question.options if option.feedback}


def option_problems(question: ChoiceQuestion) -> list[Problem]:
    found = count_problems(len(question.options), 2)
    if any(not option.text for option in question.options):
        found.append(Problem("empty_answer"))
    return found + duplicates((option.id, option.text.source) for option in question.options)
