"""Storing, showing, answering and grading questions of every type."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.assessment import question_types as types
from app.assessment.messages import PROBLEMS, RESPONSES
from app.assessment.question_types import InvalidQuestion, InvalidResponse, Text
from app.assessment.question_types._options import ChoiceOption
from app.assessment.question_types.matching import Matching, MatchingPair
from app.assessment.question_types.multiple_choice import MultipleChoice
from app.assessment.question_types.numerical import Numerical, NumericalKey, readings
from app.assessment.question_types.ordering import GRADINGS, Ordering, OrderingResponse
from app.assessment.question_types.short_answer import ShortAnswer, ShortAnswerKey
from app.assessment.question_types.single_choice import SingleChoice
from app.assessment.question_types.true_false import TrueFalse
from config import ROOT
from tests.assessment.questions import BY_TYPE, json_values, questions

sys.path.insert(0, str(ROOT / "scripts"))
import browsers

few = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def option(text: str, weight: str | int = 0, feedback: str = "") -> ChoiceOption:
    return ChoiceOption(Text(text), Decimal(weight), Text(feedback) or None)


def single(*options: ChoiceOption) -> SingleChoice:
    return SingleChoice(key="soal", text=Text("Apa yang dilakukan?"), options=options)


def multiple(*options: ChoiceOption) -> MultipleChoice:
    return MultipleChoice(key="soal", text=Text("Pilih dua"), options=options)


def short(*answers: str | ShortAnswerKey) -> ShortAnswer:
    keys = tuple(answer if isinstance(answer, ShortAnswerKey) else ShortAnswerKey(answer) for answer in answers)
    return ShortAnswer(key="soal", text=Text("Istilahnya?"), answers=keys)


def numerical(value: str, tolerance: str = "0") -> Numerical:
    return Numerical(key="soal", text=Text("Berapa?"), answers=(NumericalKey(Decimal(value), Decimal(tolerance)),))


def ordering(items: str = "abcd", **more: Any) -> Ordering:
    return Ordering(key="soal", text=Text("Urutkan"), items=tuple(items), **more)


def matching(*distractors: str) -> Matching:
    pairs = (MatchingPair(Text("Suap"), "sepakat"), MatchingPair(Text("Peras"), "paksa"), MatchingPair(Text("Hadiah"), "sepihak"))
    return Matching(key="soal", text=Text("Pasangkan"), pairs=pairs, distractors=distractors)


def fraction(question: Any, raw: Any) -> Fraction:
    return types.grade(question, types.parse_response(question, raw)).fraction


def problem_codes(question: Any) -> list[str]:
    return [problem.code for problem in types.type_of(question).problems(question)]


# For every type.


def test_every_type_of_the_format_is_there():
    assert set(types.QUESTION_TYPES) == set(BY_TYPE)


@few
@given(questions, st.randoms(use_true_random=False))
def test_a_perfect_response_earns_the_full_mark_in_any_layout(question, rng):
    layout = types.lay_out(question, rng)
    perfect = types.perfect_response(question, layout)
    assert types.grade(question, perfect).fraction == 1
    assert types.parse_response(question, json.loads(json.dumps(perfect.to_json())), layout) == perfect


@few
@given(questions)
def test_an_empty_response_earns_nothing_and_no_feedback(question):
    response = types.parse_response(question, None)
    assert response.is_empty
    assert response.to_json() is None
    assert types.grade(question, response) == types.Grade(Fraction(0))


@few
@given(questions)
def test_a_question_survives_being_stored(question):
    stored = json.loads(json.dumps(types.question_to_json(question)))
    assert types.question_from_json(stored) == question
    assert types.question_to_json(types.question_from_json(stored)) == stored


@few
@given(questions, json_values)
def test_arbitrary_json_is_refused_as_a_response_and_never_breaks(question, raw):
    code, response = parsed(question, raw)
    if response is None:
        assert code in RESPONSES
    else:
        assert 0 <= types.grade(question, response).fraction <= 1


def parsed(question, raw):
    """The code of the refusal, or the response."""
    try:
        return "", types.parse_response(question, raw, types.lay_out(question, Random(1)))
    except InvalidResponse as refused:
        return refused.code, None


@few
@given(questions, st.data())
def test_a_grade_lies_between_nothing_and_full_and_names_feedback_that_exists(question, data):
    layout = types.lay_out(question, Random(2))
    raw = data.draw(plausible_answers(question, layout))
    response = types.parse_response(question, raw, layout)
    given_grade = types.grade(question, response)
    assert 0 <= given_grade.fraction <= 1
    assert set(given_grade.feedback) <= set(types.feedback_texts(question))
    assert types.parse_response(question, response.to_json(), layout) == response


def plausible_answers(question, layout):
    shown = types.presented(question, layout)
    ids = [item["id"] for item in shown.get("options", shown.get("items", []))]
    match question.type_name:
        case "single_choice" | "true_false":
            return st.sampled_from(ids)
        case "multiple_choice":
            return st.lists(st.sampled_from(ids), unique=True)
        case "ordering":
            return st.permutations(ids)
        case "matching":
            rights = st.sampled_from([item["id"] for item in shown["rights"]])
            return st.fixed_dictionaries({}, optional={item["id"]: rights for item in shown["lefts"]})
        case "numerical":
            return st.integers(-(10**9), 10**9)
        case _:
            return st.text(max_size=50)


@few
@given(st.one_of(BY_TYPE["single_choice"], BY_TYPE["multiple_choice"], BY_TYPE["matching"]), st.data())
def test_the_order_of_options_never_changes_the_grade(question, data):
    name = "pairs" if question.type_name == "matching" else "options"
    layout = types.lay_out(question, None)
    raw = data.draw(plausible_answers(question, layout))
    other = replace(question, **{name: tuple(data.draw(st.permutations(getattr(question, name))))})
    if problem_codes(question):
        return
    assert fraction(question, raw) == fraction(other, raw)


@few
@given(questions, st.integers())
def test_a_layout_shows_each_option_once_and_can_be_stored(question, seed):
    layout = types.lay_out(question, Random(seed))
    assert layout == json.loads(json.dumps(layout))
    assert layout == types.lay_out(question, Random(seed))
    assert all(len(set(order)) == len(order) for order in layout.values())


@few
@given(st.one_of(BY_TYPE["single_choice"], BY_TYPE["multiple_choice"]), st.data())
def test_what_is_presented_does_not_depend_on_which_option_is_right(question, data):
    weights = data.draw(st.permutations([item.weight for item in question.options]))
    other = replace(question, options=tuple(replace(item, weight=weight) for item, weight in zip(question.options, weights, strict=True)))
    layout = types.lay_out(question, Random(3))
    assert types.presented(question, layout) == types.presented(other, layout)


def test_what_is_presented_hides_title_answers_and_feedback():
    question = numerical("30", "1")
    assert types.presented(question, {}) == {
        "type": "numerical",
        "text": {"format": "moodle", "text": "Berapa?"},
        "max_length": 40,
    }


@few
@given(json_values)
def test_arbitrary_json_is_refused_as_a_question(data):
    with pytest.raises(InvalidQuestion):
        types.question_from_json(data)


@few
@given(questions, json_values, st.data())
def test_a_damaged_question_is_refused_or_still_a_question(question, junk, data):
    stored = types.question_to_json(question)
    stored[data.draw(st.sampled_from(sorted(stored)))] = junk
    for problem in problems_when_stored(stored):
        assert "%(" not in str(PROBLEMS[problem.code]) % dict(problem.params)


def problems_when_stored(stored):
    try:
        question = types.question_from_json(stored)
    except InvalidQuestion as refused:
        return refused.problems
    return types.type_of(question).problems(question)


def test_a_title_and_a_question_text_are_needed():
    assert problem_codes(replace(numerical("1"), key=" ", text=Text(""))) == ["title_missing", "text_missing"]


def test_too_long_texts_are_refused():
    assert problem_codes(replace(numerical("1"), text=Text("a" * 20_001))) == ["text_too_long"]


# Words.


def test_words_of_question_options_and_feedback_are_counted():
    question = single(option("Menolak dengan sopan", 100, "Tepat sekali"), option("Menerima"))
    assert types.reading_words(question) == 3 + 3 + 2 + 1


@pytest.mark.parametrize(
    ("text", "format", "words"),
    [
        ("Kartu keluarga jadi hari ini.", "moodle", 5),
        ("Rp10.000 atau 2,5%", "plain", 5),
        ("Baca [pedoman UPG](https://contoh.go.id/a-b) **ini**", "markdown", 4),
        ("`x = 1`\n\n```\nkode di sini\n```\nselesai", "markdown", 1),
        ("![foto loket](media/x.png) loket", "markdown", 1),
        ("<p class='satu dua'>tiga</p>", "html", 1),
        ("tulis ke upg@contoh.go.id segera", "plain", 3),
        ("a < b dan c > d", "plain", 5),
        ("", "plain", 0),
    ],
)
def test_code_addresses_and_markup_are_no_words(text, format, words):
    assert types.count_words(text, format) == words


# Single choice.


def test_single_choice_grades_by_the_chosen_option():
    question = single(option("benar", 100, "ya"), option("hampir", "33.33333"), option("salah", -50))
    right, nearly, wrong = (item.id for item in question.options)
    assert types.grade(question, types.parse_response(question, right)) == types.Grade(Fraction(1), (right,), (types.Mark(right, True),))
    assert fraction(question, nearly) == Fraction("0.3333333")
    assert fraction(question, wrong) == 0


@pytest.mark.parametrize(("raw", "code"), [("tidak-ada", "unknown_option"), (3, "wrong_type"), ([], "wrong_type"), ("", "unknown_option")])
def test_single_choice_refuses_what_is_no_option(raw, code):
    with pytest.raises(InvalidResponse, match=code):
        types.parse_response(single(option("a", 100), option("b")), raw)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([option("a", 100)], "too_few_answers"),
        ([option("a", 50), option("b")], "no_right_answer"),
        ([option("a", 100), option("a")], "duplicate_answer"),
        ([option("a", 100), option("b", 100)], "no_wrong_answer"),
        ([option("", 100), option("b")], "empty_answer"),
        ([option(str(n), 100 if n == 0 else 0) for n in range(51)], "too_many_answers"),
    ],
)
def test_single_choice_that_cannot_be_asked_is_refused(options, code):
    assert code in problem_codes(single(*options))


# Multiple choice.


def test_multiple_choice_adds_weights_and_never_falls_below_nothing():
    question = multiple(option("a", 50), option("b", 50), option("c", -50), option("d", -100))
    a, b, c, d = (item.id for item in question.options)
    assert fraction(question, [a, b]) == 1
    assert fraction(question, [a]) == Fraction(1, 2)
    assert fraction(question, [a, b, c]) == Fraction(1, 2)
    assert fraction(question, [a, d]) == 0
    assert fraction(question, []) == 0


def test_three_thirds_are_a_whole():
    question = multiple(*(option(name, "33.33333") for name in "abc"), option("d", -100))
    assert fraction(question, [item.id for item in question.options[:3]]) == 1


def test_multiple_choice_refuses_an_option_twice():
    question = multiple(option("a", 100), option("b", -100))
    with pytest.raises(InvalidResponse, match="duplicate_option"):
        types.parse_response(question, [question.options[0].id] * 2)


def test_a_huge_list_is_refused():
    with pytest.raises(InvalidResponse, match="too_long"):
        types.parse_response(multiple(option("a", 100), option("b")), ["x"] * 100_000)


def test_positive_weights_must_add_up_to_a_hundred():
    assert problem_codes(multiple(option("a", 50), option("b", 40))) == ["weights_not_hundred"]


def test_ticking_everything_for_the_full_mark_is_pointed_out():
    question = multiple(option("a", 100), option("b"))
    assert [problem.code for problem in types.type_of(question).warnings(question)] == ["ticking_all_is_right"]


# True or false.


def test_true_false_names_the_feedback_of_moodles_order():
    question = TrueFalse(key="s", text=Text("Boleh?"), answer=False, wrong_feedback=Text("keliru"), right_feedback=Text("tepat"))
    assert types.grade(question, types.parse_response(question, True)).feedback == ("wrong",)
    assert types.grade(question, types.parse_response(question, "false")).feedback == ("right",)
    assert fraction(question, False) == 1


@pytest.mark.parametrize("raw", [1, 0, "benar", "TRUE", [True], {}])
def test_true_false_refuses_anything_else(raw):
    with pytest.raises(InvalidResponse):
        types.parse_response(TrueFalse(key="s", text=Text("?"), answer=True), raw)


# Short answer.


@pytest.mark.parametrize("typed", ["gratifikasi", " Gratifikasi ", "GRATIFIKASI", "gratiﬁkasi", "gra\u200btifi\u00adkasi"])
def test_case_spacing_ligatures_and_invisible_characters_do_not_matter(typed):
    assert fraction(short("Gratifikasi"), typed) == 1


@pytest.mark.parametrize(
    ("pattern", "typed", "fits"),
    [
        ("*tiga puluh*hari*", "paling lambat tiga  puluh hari kerja", True),
        ("*tiga puluh*hari*", "hari ke tiga puluh", False),
        ("ab*ba", "aba", False),
        ("ab*ba", "abba", True),
        ("*", "apa saja", True),
        (r"5 \* 3", "5 * 3", True),
        (r"5 \* 3", "5 x 3", False),
        ("unit pengendalian gratifikasi", "Unit Pengendalian  Gratifikasi", True),
        ("e-mail", "e–mail", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("menolak", "tidak menolak", False),
    ],
)
def test_wildcards_stand_for_any_run(pattern, typed, fits):
    assert fraction(short(pattern), typed) == int(fits)


def test_the_first_answer_that_matches_decides():
    question = short(ShortAnswerKey("*bukan*", Decimal(0), Text("perhatikan kata bukan")), ShortAnswerKey("*suap*"))
    assert types.grade(question, types.parse_response(question, "bukan suap")).feedback == ("0",)
    assert fraction(question, "suap") == 1


def test_a_right_answer_that_an_earlier_one_hides_is_refused():
    assert problem_codes(short(ShortAnswerKey("*", Decimal(0)), ShortAnswerKey("suap"))) == ["right_answer_hidden"]


def test_a_pattern_of_many_stars_is_quick_on_a_long_answer():
    question = short("*".join("a" * 100) + "*b", "x")
    assert fraction(question, "a" * 1000) == 0


@pytest.mark.parametrize(("raw", "code"), [("a" * 1001, "too_long"), (5, "wrong_type"), (["a"], "wrong_type")])
def test_short_answer_refuses_what_is_no_short_text(raw, code):
    with pytest.raises(InvalidResponse, match=code):
        types.parse_response(short("a"), raw)


def test_control_characters_and_broken_surrogates_never_reach_the_record():
    assert types.parse_response(short("a"), "a\x00b\ud800c").to_json() == "abc"


# Numerical.


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("30", ["30"]),
        ("2,5", ["2.5"]),
        ("2.5", ["2.5"]),
        ("1.500.000", ["1500000"]),
        ("1,500,000", ["1500000"]),
        ("1.500.000,50", ["1500000.5"]),
        ("1,500,000.50", ["1500000.5"]),
        ("1.500", ["1500", "1.5"]),
        ("1,500", ["1500", "1.5"]),
        ("0.500", ["0.5"]),
        ("1 500 000", ["1500000"]),
        ("Rp1.500.000", ["1500000"]),
        ("Rp 10.000,-", ["10000", "10"]),
        ("-4", ["-4"]),
        ("−4", ["-4"]),
        ("+4", ["4"]),
        ("３０", ["30"]),
        ("1.50.000", []),
        ("1.500,", []),
        ("12.34.56", []),
        ("30 hari", []),
        ("1e5", []),
        ("nan", []),
        ("--3", []),
        ("", []),
        ("٣", []),
    ],
)
def test_numbers_are_read_as_people_here_write_them(text, numbers):
    assert list(readings(text)) == [Decimal(number) for number in numbers]


def test_the_browser_takes_the_same_numbers():
    """What is typed without a connection is checked there: in the same way, or an answer that looked taken would be refused later."""
    rng = Random(20261123)
    pieces = ["1", "25", "000", "1" * 15, ".", ",", " ", "-", "–", "−", "+", "Rp", "rp. ", ",-", "lima", "\u00a0", "\ufeff", "²", "٣", "\t", "½", "e3"]
    texts = ["", *pieces, *("".join(rng.choices(pieces, k=rng.randint(2, 7))) for _ in range(20_000))]
    texts = [text[:40] for text in texts] + ["1" * 31, "1." + "0" * 29, "1 500,25", "Rp 1.500.000,--", "- Rp5"]
    module = (ROOT / "app/assessment/client/exam/numbers.ts").as_uri()
    script = f"import {{isNumber}} from '{module}'; import {{readFileSync}} from 'node:fs'; console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(isNumber)))"
    told = subprocess.run([browsers.node(), "--input-type=module", "--eval", script], input=json.dumps(texts), capture_output=True, text=True, check=True)  # noqa: S603
    assert [text for text, taken in zip(texts, json.loads(told.stdout), strict=True) if taken != bool(readings(text))] == []
    assert sum(bool(readings(text)) for text in texts) > 500


@pytest.mark.parametrize("typed", ["1500000", "1.500.000", "1,500,000", "Rp1.500.000", 1500000, 1500000.0])
def test_the_same_amount_written_in_many_ways_is_right(typed):
    assert fraction(numerical("1500000"), typed) == 1


@pytest.mark.parametrize("value", ["1500", "1.5"])
def test_a_point_that_can_be_read_in_two_ways_costs_nobody_the_mark(value):
    assert fraction(numerical(value), "1.500") == 1


@pytest.mark.parametrize(("typed", "right"), [("29", 1), ("31", 1), ("31,01", 0), ("28.99", 0)])
def test_the_ends_of_the_tolerance_are_included(typed, right):
    assert fraction(numerical("30", "1"), typed) == right


def test_wrong_numbers_get_the_feedback_for_the_rest():
    question = replace(numerical("30"), wrong_feedback=Text("Hitung lagi"))
    assert types.grade(question, types.parse_response(question, "7")).feedback == ("wrong",)


def test_several_answers_with_weights():
    question = replace(numerical("30"), answers=(NumericalKey(Decimal(30)), NumericalKey(Decimal(30), Decimal(5), Decimal(50))))
    assert [fraction(question, typed) for typed in ("30", "33", "36")] == [1, Fraction(1, 2), 0]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("tiga puluh", "not_a_number"),
        ("9" * 41, "too_long"),
        pytest.param("9" * 100_000, "too_long", id="huge text"),
        pytest.param(10**5000, "not_a_number", id="huge number"),
        (float("nan"), "not_a_number"),
        (float("-inf"), "not_a_number"),
        (True, "wrong_type"),
        ({}, "wrong_type"),
    ],
)
def test_numerical_refuses_what_is_no_number(raw, code):
    with pytest.raises(InvalidResponse, match=code):
        types.parse_response(numerical("1"), raw)


def test_a_negative_tolerance_is_refused():
    assert "tolerance_negative" in problem_codes(numerical("1", "-1"))


# Matching.


def test_each_right_pair_earns_its_part():
    question = matching("lalai")
    perfect = types.perfect_response(question).to_json()
    first, second, third = question.left_ids
    assert fraction(question, {first: perfect[first]}) == Fraction(1, 3)
    assert fraction(question, {first: perfect[second], second: perfect[second], third: None}) == Fraction(1, 3)


def test_distractors_are_offered_and_earn_nothing():
    question = matching("lalai")
    shown = types.presented(question, types.lay_out(question, Random(1)))
    distractor = next(item["id"] for item in shown["rights"] if item["text"] == "lalai")
    assert len(shown["rights"]) == 4
    assert fraction(question, dict.fromkeys(question.left_ids, distractor)) == 0


def test_partners_are_never_in_the_authors_order_when_nothing_is_shuffled():
    assert [item["text"] for item in types.presented(matching(), types.lay_out(matching(), None))["rights"]] == [
        "paksa",
        "sepakat",
        "sepihak",
    ]


def test_lefts_that_share_a_partner_offer_it_once():
    pairs = tuple(MatchingPair(Text(left), "boleh" if left != "c" else "jangan") for left in "abc")
    question = Matching(key="s", text=Text("?"), pairs=pairs)
    assert len(question.rights) == 2
    assert types.grade(question, types.perfect_response(question)).is_right


def test_matching_refuses_unknown_ids_on_either_side():
    question = matching()
    for raw in ({"x": next(iter(question.rights))}, {question.left_ids[0]: "x"}, {question.left_ids[0]: 5}, [1]):
        with pytest.raises(InvalidResponse):
            types.parse_response(question, raw)


def test_a_distractor_that_is_a_right_partner_is_refused():
    assert problem_codes(matching("paksa")) == ["distractor_is_right"]


# Ordering.


@pytest.mark.parametrize(
    ("grading", "order", "expected"),
    [
        ("ALL_OR_NOTHING", "abdc", "0"),
        ("ABSOLUTE_POSITION", "abdc", "1/2"),
        ("ABSOLUTE_POSITION", "bcda", "0"),
        ("RELATIVE_TO_CORRECT", "abdc", "10/12"),
        ("RELATIVE_TO_CORRECT", "dcba", "4/12"),
        ("RELATIVE_NEXT_EXCLUDE_LAST", "bcda", "2/3"),
        ("RELATIVE_NEXT_EXCLUDE_LAST", "dcba", "0"),
        ("RELATIVE_NEXT_INCLUDE_LAST", "bcda", "2/4"),
        ("RELATIVE_NEXT_INCLUDE_LAST", "bacd", "2/4"),
        ("RELATIVE_ONE_PREVIOUS_AND_NEXT", "bcda", "4/8"),
        ("RELATIVE_ONE_PREVIOUS_AND_NEXT", "abdc", "3/8"),
        ("RELATIVE_ALL_PREVIOUS_AND_NEXT", "bcda", "3/6"),
        ("RELATIVE_ALL_PREVIOUS_AND_NEXT", "dcba", "0"),
        ("LONGEST_ORDERED_SUBSET", "acbd", "3/4"),
        ("LONGEST_ORDERED_SUBSET", "dcba", "0"),
        ("LONGEST_CONTIGUOUS_SUBSET", "dabc", "3/4"),
        ("LONGEST_CONTIGUOUS_SUBSET", "acbd", "0"),
    ],
)
def test_ordering_gives_parts_as_moodle_does(grading, order, expected):
    question = ordering(grading=grading)
    ids = dict(zip(question.items, question.item_ids, strict=True))
    assert fraction(question, [ids[letter] for letter in order]) == Fraction(expected)


@pytest.mark.parametrize("grading", GRADINGS)
@given(order=st.permutations(list(range(6))))
@few
def test_only_the_right_order_is_worth_the_full_mark(grading, order):
    question = ordering("abcdef", grading=grading)
    ids = question.item_ids
    full = types.grade(question, OrderingResponse(tuple(ids[place] for place in order))).fraction == 1
    assert full == (order == sorted(order))


@few
@given(BY_TYPE["ordering"], st.one_of(st.none(), st.integers()))
def test_an_attempt_never_starts_in_the_right_order(question, seed):
    if problem_codes(question):
        return
    started = types.lay_out(question, None if seed is None else Random(seed))["items"]
    ids = question.item_ids
    assert [ids.index(name) for name in started] != sorted(ids.index(name) for name in started)
    assert len(started) == question.select_count


def test_a_contiguous_selection_shows_neighbors():
    question = ordering("abcdefgh", selection="CONTIGUOUS", select_count=3)
    for seed in range(20):
        places = sorted(question.item_ids.index(name) for name in types.lay_out(question, Random(seed))["items"])
        assert places == list(range(places[0], places[0] + 3))


def test_ordering_takes_the_items_of_the_attempt_and_no_others():
    question = ordering("abcdef", selection="RANDOM", select_count=3)
    layout = types.lay_out(question, Random(4))
    others = [name for name in question.item_ids if name not in layout["items"]]
    with pytest.raises(InvalidResponse, match="unknown_option"):
        types.parse_response(question, others, layout)
    with pytest.raises(InvalidResponse, match="incomplete_order"):
        types.parse_response(question, layout["items"][:2], layout)
    with pytest.raises(InvalidResponse, match="duplicate_option"):
        types.parse_response(question, [layout["items"][0]] * 3, layout)


def test_a_selection_larger_than_the_items_is_refused():
    assert problem_codes(ordering("abc", selection="RANDOM", select_count=4)) == ["select_count"]
