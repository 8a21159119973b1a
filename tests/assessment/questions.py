"""Questions of every type, as hypothesis draws them; `kind` strategies make only questions without problems."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from app.assessment.question_types import Question, Text, type_of
from app.assessment.question_types._options import ChoiceOption
from app.assessment.question_types.matching import Matching, MatchingPair
from app.assessment.question_types.multiple_choice import MultipleChoice
from app.assessment.question_types.numerical import Numerical, NumericalKey
from app.assessment.question_types.ordering import DIRECTIONS, GRADINGS, NUMBERINGS, SELECTIONS, Ordering
from app.assessment.question_types.short_answer import ShortAnswer, ShortAnswerKey
from app.assessment.question_types.single_choice import SingleChoice
from app.assessment.question_types.true_false import TrueFalse

SPECIAL = [
    "~",
    "=",
    "#",
    "{",
    "}",
    ":",
    "\\",
    "->",
    "//",
    "%50%",
    "[html]",
    "[plain]x",
    "####",
    "\n",
    "\n\n",
    "*",
    "\\*",
    "::",
    "$CATEGORY:",
    "TRUE",
    ">3",
    "_",
]
WORDS = ["loket", "Rp10.000", "é", "e\u0301", "ﬁ", "“kutip”", "12,5", "–", " ", "  ", "\u00a0", "中", "🙂", "kuasa"]

sources = st.one_of(
    st.lists(st.sampled_from(SPECIAL + WORDS), min_size=1, max_size=6).map("".join),
    st.text(min_size=1, max_size=30),
)
formats = st.sampled_from(["moodle", "plain", "markdown", "html"])
texts = st.builds(Text, sources, formats).filter(bool)
feedback = st.none() | texts
titles = st.one_of(
    st.sampled_from(["soal-1", "a:b", "tenggat = 30", "{x}", "#1", "\\"]), st.text(min_size=1, max_size=20).map(lambda t: t + "x")
)
weights = st.decimals(min_value=-100, max_value=100, places=5).map(lambda weight: weight + 0)
numbers = st.decimals(min_value=Decimal("-1e9"), max_value=Decimal("1e9"), places=3).map(lambda number: number + 0)


def usable(question: Question) -> bool:
    return not type_of(question).problems(question)


def common(draw: st.DrawFn) -> dict[str, Any]:
    return {"key": draw(titles), "text": draw(texts), "general_feedback": draw(feedback)}


@st.composite
def single_choices(draw: st.DrawFn) -> SingleChoice:
    wrong = draw(st.lists(st.builds(ChoiceOption, texts, weights.filter(lambda w: w < 100), feedback), min_size=1, max_size=5))
    options = [ChoiceOption(draw(texts), Decimal(100), draw(feedback)), *wrong]
    return SingleChoice(**common(draw), options=tuple(draw(st.permutations(options))))


@st.composite
def multiple_choices(draw: st.DrawFn) -> MultipleChoice:
    plans = [["50", "50"], ["100"], ["33.33333"] * 3, ["25"] * 4, ["60", "40"]]
    given = [Decimal(weight) for weight in draw(st.sampled_from(plans))]
    given += draw(st.lists(weights.filter(lambda w: w <= 0), min_size=1, max_size=4))
    options = [ChoiceOption(draw(texts), weight, draw(feedback)) for weight in given]
    return MultipleChoice(**common(draw), options=tuple(draw(st.permutations(options))))


@st.composite
def true_falses(draw: st.DrawFn) -> TrueFalse:
    return TrueFalse(**common(draw), answer=draw(st.booleans()), wrong_feedback=draw(feedback), right_feedback=draw(feedback))


@st.composite
def short_answers(draw: st.DrawFn) -> ShortAnswer:
    keys = [ShortAnswerKey(draw(sources), Decimal(100), draw(feedback))]
    keys += draw(st.lists(st.builds(ShortAnswerKey, sources, weights, feedback), max_size=4))
    return ShortAnswer(**common(draw), answers=tuple(keys))


@st.composite
def numericals(draw: st.DrawFn) -> Numerical:
    tolerances = st.decimals(min_value=0, max_value=1000, places=2)
    keys = [NumericalKey(draw(numbers), draw(tolerances), Decimal(100), draw(feedback))]
    keys += draw(st.lists(st.builds(NumericalKey, numbers, tolerances, weights, feedback), max_size=3))
    return Numerical(**common(draw), answers=tuple(keys), wrong_feedback=draw(feedback))


@st.composite
def matchings(draw: st.DrawFn) -> Matching:
    pairs = draw(st.lists(st.builds(MatchingPair, texts, sources), min_size=2, max_size=5))
    return Matching(**common(draw), pairs=tuple(pairs), distractors=tuple(draw(st.lists(sources, max_size=3))))


@st.composite
def orderings(draw: st.DrawFn) -> Ordering:
    items = draw(st.lists(sources, min_size=2, max_size=7))
    return Ordering(
        **common(draw),
        items=tuple(items),
        grading=draw(st.sampled_from(list(GRADINGS))),
        selection=draw(st.sampled_from(SELECTIONS)),
        select_count=draw(st.integers(2, len(items))),
        direction=draw(st.sampled_from(DIRECTIONS)),
        show_grading=draw(st.booleans()),
        numbering=draw(st.sampled_from(NUMBERINGS)),
    )


BY_TYPE = {
    "single_choice": single_choices(),
    "multiple_choice": multiple_choices(),
    "true_false": true_falses(),
    "short_answer": short_answers(),
    "numerical": numericals(),
    "matching": matchings(),
    "ordering": orderings(),
}
questions = st.one_of(*BY_TYPE.values()).filter(usable)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=15,
)
