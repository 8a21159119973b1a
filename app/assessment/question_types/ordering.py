"""Items that were mixed are put in order; nine ways to give a part of the mark, as in Moodle's qtype_ordering."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from random import Random
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
    clean_line,
    count_problems,
    duplicates,
    list_of_ids,
    malformed,
    option_id,
    read_bool,
    read_choice,
    read_int,
    read_strings,
    shuffled,
)

SELECTIONS = ("ALL", "RANDOM", "CONTIGUOUS")
DIRECTIONS = ("VERTICAL", "HORIZONTAL")
NUMBERINGS = ("none", "123", "abc", "ABCD", "iii", "IIII")
LEAST_ITEMS = 2

Positions = Sequence[int]
"""A response as the right positions of its items: 0, 1, 2 ... is the right order."""


def _all_or_nothing(order: Positions) -> Fraction:
    return Fraction(int(list(order) == sorted(order)))


def _absolute_position(order: Positions) -> Fraction:
    """Items that stand where they belong."""
    return Fraction(sum(place == right for place, right in enumerate(order)), len(order))


def _relative_to_correct(order: Positions) -> Fraction:
    """Each item loses a step for every place it is away from where it belongs."""
    most = len(order) - 1
    return Fraction(sum(max(0, most - abs(place - right)) for place, right in enumerate(order)), most * len(order))


def _next_exclude_last(order: Positions) -> Fraction:
    """Items followed by the item that should follow; the last item has none."""
    return Fraction(sum(b == a + 1 for a, b in pairwise(order)), len(order) - 1)


def _next_include_last(order: Positions) -> Fraction:
    """Like the one before, and the last item counts when it is last."""
    followed = sum(b == a + 1 for a, b in pairwise(order))
    return Fraction(followed + (order[-1] == len(order) - 1), len(order))


def _one_previous_and_next(order: Positions) -> Fraction:
    """For each item, whether the one before it and the one after it are right; first and last have nothing beyond them."""
    framed = [-1, *order, len(order)]
    right = sum((framed[i] - framed[i - 1] == 1) + (framed[i + 1] - framed[i] == 1) for i in range(1, len(framed) - 1))
    return Fraction(right, 2 * len(order))


def _all_previous_and_next(order: Positions) -> Fraction:
    """Pairs of items that stand in the right order, near or far."""
    count = len(order)
    right = sum(order[i] < order[j] for i in range(count) for j in range(i + 1, count))
    return Fraction(right, count * (count - 1) // 2)


def _longest_ordered(order: Positions) -> Fraction:
    """The most items that can stay where they are while the others are taken out; a single item is no order."""
    ends: list[int] = []
    for position in order:
        place = bisect_left(ends, position)
        ends[place : place + 1] = [position]
    return Fraction(len(ends) if len(ends) > 1 else 0, len(order))


def _longest_contiguous(order: Positions) -> Fraction:
    """The longest unbroken run of items that follow each other as they should; a single item is no run."""
    longest = run = 1
    for before, after in pairwise(order):
        run = run + 1 if after == before + 1 else 1
        longest = max(longest, run)
    return Fraction(longest if longest > 1 else 0, len(order))


GRADINGS: dict[str, Callable[[Positions], Fraction]] = {
    "ALL_OR_NOTHING": _all_or_nothing,
    "ABSOLUTE_POSITION": _absolute_position,
    "RELATIVE_TO_CORRECT": _relative_to_correct,
    "RELATIVE_NEXT_EXCLUDE_LAST": _next_exclude_last,
    "RELATIVE_NEXT_INCLUDE_LAST": _next_include_last,
    "RELATIVE_ONE_PREVIOUS_AND_NEXT": _one_previous_and_next,
    "RELATIVE_ALL_PREVIOUS_AND_NEXT": _all_previous_and_next,
    "LONGEST_ORDERED_SUBSET": _longest_ordered,
    "LONGEST_CONTIGUOUS_SUBSET": _longest_contiguous,
}
"""https://docs.moodle.org/en/Ordering_question_type"""


@dataclass(frozen=True, kw_only=True)
class Ordering(Question):
    """`items` in the right order. With RANDOM or CONTIGUOUS an attempt gets only `select_count` of them."""

    type_name = "ordering"
    items: tuple[str, ...]
    grading: str = "RELATIVE_ALL_PREVIOUS_AND_NEXT"
    selection: str = "ALL"
    select_count: int = 0
    direction: str = "VERTICAL"
    show_grading: bool = True
    numbering: str = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "items", tuple(clean_line(item) for item in self.items))
        if self.selection == "ALL":
            object.__setattr__(self, "select_count", len(self.items))

    @property
    def item_ids(self) -> list[str]:
        return [option_id(item) for item in self.items]


@dataclass(frozen=True)
class OrderingResponse(Response):
    item_ids: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.item_ids

    def to_json(self) -> list[str] | None:
        return list(self.item_ids) or None


class OrderingType(QuestionType[Ordering, OrderingResponse]):
    name = "ordering"

    def parse_response(self, question: Ordering, raw: Any, layout: Layout | None = None) -> OrderingResponse:
        """A list of every item the attempt shows, in the learner's order."""
        if raw is None or raw == []:
            return OrderingResponse()
        shown = self._shown(question, layout)
        ids = list_of_ids(raw, shown)
        if len(ids) != (len(shown) if layout else question.select_count):
            raise InvalidResponse("incomplete_order")
        return OrderingResponse(tuple(ids))

    def _shown(self, question: Ordering, layout: Layout | None) -> list[str]:
        """The items of an attempt, in the right order."""
        ids = question.item_ids
        shown = set(layout.get("items", ids)) if layout else set(ids)
        return [name for name in ids if name in shown] or ids

    def grade(self, question: Ordering, response: OrderingResponse) -> Grade:
        given = set(response.item_ids)
        right_place = {name: place for place, name in enumerate(name for name in question.item_ids if name in given)}
        order = [right_place[name] for name in response.item_ids if name in right_place]
        if len(order) < LEAST_ITEMS:
            return NOTHING
        marks = tuple(Mark(name, right_place[name] == place) for place, name in enumerate(response.item_ids))
        return Grade(GRADINGS[question.grading](order), (), marks)

    def perfect_response(self, question: Ordering, layout: Layout | None = None) -> OrderingResponse:
        return OrderingResponse(tuple(self._shown(question, layout)[: None if layout else question.select_count]))

    def layout(self, question: Ordering, rng: Random | None) -> Layout:
        """Which items, and the order they start in: never the right one. Without `rng` the mix is the same each time."""
        rng = rng or Random(question.key)
        ids = question.item_ids
        count = question.select_count
        if question.selection == "CONTIGUOUS":
            start = rng.randrange(len(ids) - count + 1)
            ids = ids[start : start + count]
        elif question.selection == "RANDOM":
            ids = [ids[place] for place in sorted(rng.sample(range(len(ids)), count))]
        mixed = shuffled(ids, rng)
        while len(ids) > 1 and mixed == ids:
            mixed = shuffled(ids, rng)
        return {"items": mixed}

    def presented(self, question: Ordering, layout: Layout) -> Json:
        words = dict(zip(question.item_ids, question.items, strict=True))
        order = layout.get("items") or self.layout(question, None)["items"]
        return {
            "type": self.name,
            "text": question.text.to_json(),
            "items": [{"id": name, "format": "plain", "text": words[name]} for name in order if name in words],
            "direction": question.direction,
            "numbering": question.numbering,
        }

    def solution(self, question: Ordering, layout: Layout | None = None) -> Json:
        words = dict(zip(question.item_ids, question.items, strict=True))
        shown = self._shown(question, layout)
        return {"item_ids": shown, "items": [words[name] for name in shown], "show_grading": question.show_grading}

    def texts(self, question: Ordering) -> Iterable[Text]:
        return (Text(item, "plain") for item in question.items)

    def problems_of(self, question: Ordering) -> Iterable[Problem]:
        found = count_problems(len(question.items), LEAST_ITEMS)
        if not all(question.items):
            found.append(Problem("empty_answer"))
        if not found and not LEAST_ITEMS <= question.select_count <= len(question.items):
            found.append(Problem("select_count", {"least": LEAST_ITEMS, "most": len(question.items)}))
        return found + duplicates((name, item) for name, item in zip(question.item_ids, question.items, strict=True))

    def body_to_json(self, question: Ordering) -> Json:
        return {
            "items": list(question.items),
            "grading": question.grading,
            "selection": question.selection,
            "select_count": question.select_count,
            "direction": question.direction,
            "show_grading": question.show_grading,
            "numbering": question.numbering,
        }

    def body_from_json(self, common: Json, body: Mapping[str, Any]) -> Ordering:
        if not body.get("items"):
            raise malformed("items")
        return Ordering(
            **common,
            items=tuple(read_strings(body, "items")),
            grading=read_choice(body, "grading", tuple(GRADINGS)),
            selection=read_choice(body, "selection", SELECTIONS),
            select_count=read_int(body, "select_count"),
            direction=read_choice(body, "direction", DIRECTIONS),
            show_grading=read_bool(body, "show_grading"),
            numbering=read_choice(body, "numbering", NUMBERINGS),
        )


question_type = OrderingType()
