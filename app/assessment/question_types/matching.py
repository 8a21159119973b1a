"""Each thing on the left is given its partner from a list that may hold partners nobody has. Every right pair earns its part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from app.assessment.question_types._base import (
    MAX_OPTIONS,
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
    duplicates,
    in_order,
    known_id,
    option_id,
    read_objects,
    read_string,
    read_strings,
    read_text,
    shuffled,
)


@dataclass(frozen=True)
class MatchingPair:
    left: Text
    right: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "right", clean_text(self.right))

    @property
    def id(self) -> str:
        return option_id("left", self.left.format, self.left.source)


@dataclass(frozen=True, kw_only=True)
class Matching(Question):
    """Several things on the left may share a partner; `distractors` are partners of none."""

    type_name = "matching"
    pairs: tuple[MatchingPair, ...]
    distractors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "distractors", tuple(clean_text(text) for text in self.distractors))

    @property
    def left_ids(self) -> list[str]:
        return [pair.id for pair in self.pairs]

    @property
    def rights(self) -> dict[str, str]:
        """Every partner on offer, once, by its id."""
        words = dict.fromkeys([*(pair.right for pair in self.pairs), *self.distractors])
        return {right_id(text): text for text in words}


def right_id(text: str) -> str:
    return option_id("right", text)


@dataclass(frozen=True)
class MatchingResponse(Response):
    pairs: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not self.pairs

    def to_json(self) -> dict[str, str] | None:
        return dict(sorted(self.pairs)) or None


class MatchingType(QuestionType[Matching, MatchingResponse]):
    name = "matching"

    def parse_response(self, question: Matching, raw: Any, layout: Layout | None = None) -> MatchingResponse:
        """An object from left id to right id; a left without a partner is left out or null."""
        if raw is None:
            return MatchingResponse()
        if not isinstance(raw, dict):
            raise InvalidResponse("wrong_type")
        if len(raw) > MAX_OPTIONS:
            raise InvalidResponse("too_long")
        lefts, rights = question.left_ids, question.rights
        chosen = {known_id(left, lefts): right for left, right in raw.items()}
        return MatchingResponse(frozenset((left, known_id(right, rights)) for left, right in chosen.items() if right is not None))

    def grade(self, question: Matching, response: MatchingResponse) -> Grade:
        if response.is_empty:
            return NOTHING
        marks = tuple(Mark(pair.id, (pair.id, right_id(pair.right)) in response.pairs) for pair in question.pairs)
        return Grade(Fraction(sum(mark.right for mark in marks), len(marks)), (), marks)

    def perfect_response(self, question: Matching, layout: Layout | None = None) -> MatchingResponse:
        return MatchingResponse(frozenset((pair.id, right_id(pair.right)) for pair in question.pairs))

    def layout(self, question: Matching, rng: Random | None) -> Layout:
        """Partners never stand in the author's order, which would give the pairs away: without shuffling they are sorted by their words."""
        rights = sorted(question.rights, key=lambda name: (question.rights[name].casefold(), name))
        return {"lefts": shuffled(question.left_ids, rng), "rights": shuffled(rights, rng)}

    def presented(self, question: Matching, layout: Layout) -> Json:
        lefts = {pair.id: pair.left for pair in question.pairs}
        rights = question.rights
        order = in_order(sorted(rights, key=lambda name: (rights[name].casefold(), name)), layout.get("rights"))
        return {
            "type": self.name,
            "text": question.text.to_json(),
            "lefts": [{"id": name} | lefts[name].to_json() for name in in_order(question.left_ids, layout.get("lefts"))],
            "rights": [{"id": name, "format": "plain", "text": rights[name]} for name in order],
        }

    def solution(self, question: Matching, layout: Layout | None = None) -> Json:
        pairs = [
            {"left_id": pair.id, "left": pair.left.to_json(), "right_id": right_id(pair.right), "right": pair.right}
            for pair in question.pairs
        ]
        return {"pairs": pairs}

    def texts(self, question: Matching) -> Iterable[Text]:
        yield from (pair.left for pair in question.pairs)
        yield from (Text(right, "plain") for right in question.rights.values())

    def problems_of(self, question: Matching) -> Iterable[Problem]:
        found = count_problems(len(question.pairs), 2) + count_problems(len(question.rights), 2)
        if any(not pair.left or not pair.right for pair in question.pairs) or not all(question.distractors):
            found.append(Problem("empty_answer"))
        right_words = {pair.right for pair in question.pairs}
        found += [Problem("distractor_is_right", {"answer": text}) for text in question.distractors if text in right_words]
        found += duplicates((text, text) for text in question.distractors)
        return found + duplicates((pair.id, pair.left.source) for pair in question.pairs)

    def body_to_json(self, question: Matching) -> Json:
        pairs = [{"left": pair.left.to_json(), "right": pair.right} for pair in question.pairs]
        return {"pairs": pairs, "distractors": list(question.distractors)}

    def body_from_json(self, common: Json, body: Mapping[str, Any]) -> Matching:
        pairs = tuple(MatchingPair(read_text(item, "left"), read_string(item, "right")) for item in read_objects(body, "pairs"))
        return Matching(**common, pairs=pairs, distractors=tuple(read_strings(body, "distractors")))


question_type = MatchingType()
