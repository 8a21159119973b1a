"""Reading and writing questions in GIFT."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.assessment import messages as assessment_messages
from app.assessment.question_types import Text, question_from_json, question_to_json
from app.assessment.question_types.matching import Matching, MatchingPair
from app.assessment.question_types.multiple_choice import MultipleChoice
from app.assessment.question_types.numerical import Numerical, NumericalKey
from app.assessment.question_types.ordering import Ordering
from app.assessment.question_types.short_answer import ShortAnswer
from app.assessment.question_types.single_choice import SingleChoice
from app.assessment.question_types.true_false import TrueFalse
from app.interchange.gift import GiftError, GiftLine, GiftProblem, message, message_with_place, parse_gift, write_gift
from app.interchange.gift.messages import MESSAGES
from tests.assessment.questions import SPECIAL, WORDS, questions

few = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
CONTENT = Path(__file__).resolve().parents[2] / "content"


def one(text: str):
    (question,) = parse_gift(text).questions
    return question


def faults(text: str | bytes) -> list[tuple[str, int, int]]:
    with pytest.raises(GiftError) as caught:
        parse_gift(text)
    return [(problem.code, problem.line, problem.column) for problem in caught.value.problems]


# For every question.


@few
@given(questions)
def test_what_is_written_is_read_back_as_the_same_question_and_written_as_the_same_bytes(question):
    text = write_gift([question])
    assert parse_gift(text).questions == (question,)
    assert write_gift(parse_gift(text).questions) == text


@few
@given(st.lists(questions, min_size=2, max_size=4, unique_by=lambda question: question.key))
def test_several_questions_survive_together(several):
    assert parse_gift(write_gift(several)).questions == tuple(several)


@few
@given(questions)
def test_what_is_read_from_gift_can_be_stored(question):
    assert question_from_json(question_to_json(one(write_gift([question])))) == question


def read_or_refused(data):
    try:
        return parse_gift(data).questions
    except GiftError as error:
        return [message_with_place(problem) for problem in error.problems]


gift_like = st.lists(
    st.sampled_from(
        [*SPECIAL, *WORDS, "::t::", "{", "}", "{#", "{>2 ALL ", "=", "~", "30:1", "28..32", "%-50%", "TRUE", "\n\n::u:: x ", "#"]
    ),
    max_size=25,
).map("".join)


@few
@given(st.one_of(st.text(), gift_like, gift_like.map(lambda text: f"::t:: x {{{text}}}")))
def test_arbitrary_text_is_read_or_refused_with_a_message_and_never_breaks(text):
    outcome = read_or_refused(text)
    assert outcome
    assert not any(isinstance(line, str) and "%(" in line for line in outcome)


@few
@given(gift_like.map(lambda text: f"::t:: x {{{text}}}"))
def test_whatever_is_read_is_written_so_that_it_is_read_the_same(text):
    outcome = read_or_refused(text)
    if isinstance(outcome, tuple):
        written = write_gift(outcome)
        assert parse_gift(written).questions == outcome
        assert write_gift(parse_gift(written).questions) == written


@few
@given(st.binary())
def test_arbitrary_bytes_are_read_or_refused(data):
    assert read_or_refused(data)


@pytest.mark.parametrize("path", sorted(CONTENT.rglob("*.gift")), ids=lambda path: str(path.relative_to(CONTENT)))
def test_the_shipped_courses_are_read_and_survive_the_canonical_form(path):
    file = parse_gift(path.read_bytes())
    assert parse_gift(write_gift(file.questions)).questions == file.questions
    assert {warning.code for warning in file.warnings} <= {"ordering_not_moodle"}


# The types.


def test_single_choice_with_feedback():
    question = one("::kado:: Sikap Anda? {=Menolak #Tepat. ~Menerima #Keliru. ~%50%Bertanya dulu ####Lihat pelajaran 2.}")
    assert isinstance(question, SingleChoice)
    assert [(option.text.source, option.weight) for option in question.options] == [
        ("Menolak", 100),
        ("Menerima", 0),
        ("Bertanya dulu", 50),
    ]
    assert [option.feedback and option.feedback.source for option in question.options] == ["Tepat.", "Keliru.", None]
    assert question.general_feedback == Text("Lihat pelajaran 2.")


def test_multiple_choice_has_weights_and_no_equals():
    question = one("::a:: Pilih dua {\n~%50%UPG\n~%50%GOL\n~%-50%Grup kantor #Tidak.\n}")
    assert isinstance(question, MultipleChoice)
    assert [option.weight for option in question.options] == [50, 50, -50]


@pytest.mark.parametrize(("word", "answer"), [("TRUE", True), ("T", True), ("FALSE", False), ("F", False)])
def test_true_false_has_the_feedback_for_the_wrong_answer_first(word, answer):
    assert one(f"::a:: Boleh. {{{word} #keliru #tepat}}") == TrueFalse(
        key="a", text=Text("Boleh."), answer=answer, wrong_feedback=Text("keliru"), right_feedback=Text("tepat")
    )


def test_true_false_with_feedback_for_the_right_answer_only():
    question = one("::a:: Boleh. {T##tepat}")
    assert (question.wrong_feedback, question.right_feedback) == (None, Text("tepat"))


def test_short_answers_with_weights():
    question = one("::a:: Istilahnya? {=gratifikasi =%50%hadiah* #Kurang tepat.}")
    assert isinstance(question, ShortAnswer)
    assert [(key.pattern, key.weight) for key in question.answers] == [("gratifikasi", 100), ("hadiah*", 50)]


@pytest.mark.parametrize(
    ("answers", "value", "tolerance"),
    [
        ("#30", "30", "0"),
        ("#30:1", "30", "1"),
        ("#28..32", "30", "2"),
        ("#=2.5:0.25", "2.5", "0.25"),
        ("# -1 .. 0", "-0.5", "0.5"),
        ("#1e3", "1000", "0"),
    ],
)
def test_numerical_forms(answers, value, tolerance):
    question = one(f"::a:: Berapa? {{{answers}}}")
    assert isinstance(question, Numerical)
    assert question.answers == (NumericalKey(Decimal(value), Decimal(tolerance)),)


def test_several_numbers_with_weights_and_feedback_for_the_rest():
    question = one("::a:: Berapa? {#\n=30 #Tepat.\n=%50%25..35 #Hampir.\n~#Hitung lagi.\n}")
    assert question.answers == (
        NumericalKey(Decimal(30), feedback=Text("Tepat.")),
        NumericalKey(Decimal(30), Decimal(5), Decimal(50), Text("Hampir.")),
    )
    assert question.wrong_feedback == Text("Hitung lagi.")


def test_any_other_number_may_be_a_star():
    assert one("::a:: Berapa? {#=30 =%0%*#Hitung lagi.}").wrong_feedback == Text("Hitung lagi.")


def test_matching_with_a_partner_nobody_has():
    assert one("::a:: Pasangkan {\n=Suap -> sepakat\n=Peras -> paksa\n= -> lalai\n}") == Matching(
        key="a",
        text=Text("Pasangkan"),
        pairs=(MatchingPair(Text("Suap"), "sepakat"), MatchingPair(Text("Peras"), "paksa")),
        distractors=("lalai",),
    )


def test_ordering_as_moodle_writes_it():
    file = parse_gift("::a:: Urutkan {>3 RANDOM HORIZONTAL ABSOLUTE_POSITION HIDE abc\nsatu\ndua\n\ttiga: akhir\n}")
    assert file.questions == (
        Ordering(
            key="a",
            text=Text("Urutkan"),
            items=("satu", "dua", "tiga: akhir"),
            grading="ABSOLUTE_POSITION",
            selection="RANDOM",
            select_count=3,
            direction="HORIZONTAL",
            show_grading=False,
            numbering="abc",
        ),
    )
    assert file.warnings == ()


def test_ordering_with_moodles_defaults():
    question = one("::a:: Urutkan {>2 \nsatu\ndua\n####Begitu.}")
    assert (question.selection, question.grading, question.select_count) == ("RANDOM", "RELATIVE_NEXT_EXCLUDE_LAST", 2)
    assert question.general_feedback == Text("Begitu.")


def test_ordering_fields_out_of_moodles_order_are_understood_and_pointed_out():
    file = parse_gift("::a:: Urutkan {>4 ALL RELATIVE_ALL_PREVIOUS_AND_NEXT NONE SHOW NONE satu\ndua\n}")
    assert file.questions[0].items == ("satu", "dua")
    assert [warning.code for warning in file.warnings] == ["ordering_not_moodle"]


# Texts.


def test_escapes_stand_for_the_characters():
    question = one(r"::a\:b:: Pukul 08\:00 \{a\} \\ \= \~ \#1\n\nlalu 50% {=x\=y ~z\*}")
    assert question.key == "a:b"
    assert question.text.source == "Pukul 08:00 {a} \\ = ~ #1\n\nlalu 50%"
    assert [option.text.source for option in question.options] == ["x=y", "z\\*"]


def test_formats_are_inherited_from_the_question_and_may_change():
    question = one("::a:: [markdown] Baca *ini* {=[plain]a #b ~[html]<b>c</b> #[moodle]d ####[plain]e}")
    assert question.text == Text("Baca *ini*", "markdown")
    assert [option.text.format for option in question.options] == ["plain", "html"]
    assert [option.feedback.format for option in question.options] == ["markdown", "moodle"]
    assert question.general_feedback == Text("e", "plain")


def test_square_brackets_that_name_no_format_are_text():
    assert one("::a:: [lampiran] dibaca {T}").text == Text("[lampiran] dibaca")


def test_answers_in_the_middle_leave_a_gap():
    assert one("::a:: Ibu kota {=Tanjungpinang ~Batam} adalah Kepulauan Riau.").text.source == "Ibu kota _____ adalah Kepulauan Riau."


def test_lines_of_a_text_stay_and_their_indentation_goes():
    assert one("::a:: Baris satu\n   baris dua {T}").text.source == "Baris satu\nbaris dua"


def test_comments_and_categories_are_kept_apart():
    file = parse_gift("// kuis modul 1\n$CATEGORY: modul/1\n\n::a:: Satu {\n  // yang benar\n  =x\n  ~y\n}\n// akhir\n")
    assert file.comments == (GiftLine(1, "kuis modul 1"), GiftLine(5, "yang benar"), GiftLine(9, "akhir"))
    assert file.categories == (GiftLine(2, "modul/1"),)
    assert file.questions[0].options[0].text == Text("x")
    assert file.lines == {"a": 4}


def test_an_address_in_a_text_is_no_comment():
    assert one("::a:: Buka https://lapor.go.id // segera {T}").text.source == "Buka https://lapor.go.id // segera"


def test_percent_signs_in_an_answer_are_text_unless_they_are_a_weight():
    assert [option.text.source for option in one("::a:: Potongan? {=5% ~%lima% ~100% tunai}").options] == ["5%", "%lima%", "100% tunai"]


# The writer.


def test_the_canonical_form():
    questions = parse_gift(
        "::a::x{=1#b ~%50%2 ####g}\n\n::b::y{T#w#r}\n\n::c::[markdown]z{=p =%50%q}\n\n::d::n{#28..32}\n\n::e::m{=l->r =k->s =->t}\n\n"
        "::f::o{>9 ALL\nI\nII}"
    ).questions
    assert write_gift(questions) == (
        "::a:: x {\n\t=1 #b\n\t~%50%2\n\t####g\n}\n\n"
        "::b:: y {TRUE #w #r}\n\n"
        "::c:: [markdown]z {\n\t=p\n\t=%50%q\n}\n\n"
        "::d:: n {#30:2}\n\n"
        "::e:: m {\n\t=l -> r\n\t=k -> s\n\t= -> t\n}\n\n"
        "::f:: o {>2 ALL VERTICAL RELATIVE_NEXT_EXCLUDE_LAST SHOW none\n\tI\n\tII\n}\n"
    )


def test_no_questions_are_no_text():
    assert write_gift([]) == ""


@pytest.mark.parametrize("item", ["// bukan komentar", "[html]", "SHOW", "> dua", "#### x", "a -> b", "%50%"])
def test_items_that_look_like_syntax_survive(item):
    question = Ordering(key="a", text=Text("?"), items=(item, "dua"))
    assert one(write_gift([question])) == question


# What is refused, and where.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("no_questions", 1, 1)),
        ("// hanya komentar\n", ("no_questions", 1, 1)),
        ("::a:: Tulis pendapat Anda {}", ("essay", 1, 28)),
        ("::a:: Uraian saja", ("description", 1, 7)),
        ("Tanpa judul {T}", ("title_missing", 1, 1)),
        (":: :: Tanpa judul {T}", ("title_missing", 1, 1)),
        ("::a: Judul terbuka {T}", ("title_not_closed", 1, 1)),
        ("::a:: Soal {=x ~y", ("brace_not_closed", 1, 12)),
        ("::a:: Soal {\n=x\n\n~y }", ("brace_not_closed", 1, 12)),
        ("::a:: Soal } =x {", ("brace_not_opened", 1, 12)),
        ("::a:: Soal {=x ~{y}", ("brace_in_answer", 1, 17)),
        ("::a:: Satu {T}\n::b:: Dua {F}", ("second_braces", 2, 11)),
        ("::a:: Soal {benar ~salah}", ("unmarked_answer", 1, 13)),
        ("::a:: Soal {gratifikasi}", ("unmarked_answer", 1, 13)),
        ("::a:: Soal {true}", ("true_false_spelling", 1, 13)),
        ("::a:: Soal {Salah #x}", ("true_false_spelling", 1, 13)),
        ("::a:: Soal {=x ~%150%y}", ("weight", 1, 17)),
        ("::a:: Soal {=x ~%1,5%y}", ("weight", 1, 17)),
        ("::a:: Soal {=%50%x ~y =z}", ("weight_after_equals", 1, 14)),
        ("::a:: Soal {=x ->y =z}", ("arrow_missing", 1, 21)),
        ("::a:: Soal {=x -> y #z =p -> q}", ("feedback_in_matching", 1, 21)),
        ("::a:: Soal {#tiga}", ("not_a_number", 1, 14)),
        ("::a:: Soal {#2,5}", ("number_comma", 1, 14)),
        ("::a:: Soal {#}", ("not_a_number", 1, 14)),
        ("::a:: Soal {#1 ~2#x}", ("wrong_number_feedback", 1, 17)),
        ("::a:: Soal {#32..28}", ("tolerance_negative", 1, 13)),
        ("::a:: Soal {> tiga}", ("ordering_header", 1, 13)),
        ("::a:: Soal {>3 RANDOM\nx\ny}", ("select_count", 1, 13)),
        ("::a:: Soal {=x =y ~x}", ("duplicate_answer", 1, 13)),
        ("::a:: Soal {~%50%x ~%20%y}", ("weights_not_hundred", 1, 13)),
        ("::a:: Soal {~x ~= ~y}", ("empty_answer", 1, 13)),
        ("::a:: {T}", ("text_missing", 1, 8)),
        ("a\x07", ("control_character", 1, 2)),
        ("::a:: x {T}\r\n", ("carriage_return", 1, 12)),
        ("\ufeff::a:: x {T}", ("byte_order_mark", 1, 1)),
        (b"::a::\n x\xff {T}", ("not_utf8", 2, 3)),
        ("::a:: x {" + "~y" * 60 + "}", ("too_many_answers", 1, 110)),
    ],
)
def test_a_mistake_is_named_with_its_line_and_column(text, expected):
    assert expected in faults(text)


def test_a_title_used_twice_names_the_first_line():
    with pytest.raises(GiftError) as caught:
        parse_gift("::a:: x {T}\n\n::a:: y {F}")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, dict(problem.params)) == ("title_twice", 3, {"title": "a", "line": 1})


def test_all_mistakes_of_a_file_are_found_at_once_in_its_order():
    text = "::a:: x {}\n\ny {~}\n\n::c:: z {T}\n\n::d:: w {#x}\n"
    assert [(code, line) for code, line, _ in faults(text)] == [
        ("essay", 1),
        ("title_missing", 3),
        ("too_few_answers", 3),
        ("empty_answer", 3),
        ("weights_not_hundred", 3),
        ("not_a_number", 7),
    ]


def test_a_file_over_the_limit_is_refused_unread():
    assert faults(b"a" * (1024 * 1024 + 1)) == [("file_too_large", 1, 1)]
    assert faults("é" * 600_000) == [("file_too_large", 1, 1)]


def test_more_than_a_thousand_questions_are_refused():
    text = "\n\n".join(f"::{number}:: x {{T}}" for number in range(1001))
    assert faults(text) == [("too_many_questions", 2001, 1)]


def test_a_file_full_of_mistakes_reports_a_hundred():
    assert len(faults("x\n\n" * 5000)) == 100


@pytest.mark.parametrize(
    "text", ["{" * 500_000, "\\" * 500_000, "#" * 500_000, "::a:: x {" + "=%" * 300_000 + "}", ":" * 500_000, "[" * 500_000, "/" * 500_000]
)
def test_a_hostile_file_is_refused_quickly(text):
    assert faults(text)


def test_likely_slips_are_pointed_out():
    file = parse_gift("::a:: x {=p #q = r ~s}\n\n::b:: y {~%100%p ~q}")
    assert [(warning.code, warning.line) for warning in file.warnings] == [("several_right", 1), ("ticking_all_is_right", 3)]


def test_messages_name_the_place():
    with pytest.raises(GiftError) as caught:
        parse_gift("::a:: x {=y ~%150%z}")
    assert message_with_place(caught.value.problems[0]).startswith("Baris 1, kolom 14: Bobot %150% tidak terbaca.")


@pytest.mark.parametrize("code", MESSAGES)
def test_every_message_can_be_filled(code):
    params = dict.fromkeys(["limit", "line", "title", "number", "weight"], 7)
    assert "%(" not in message(GiftProblem(code, 1, 1, params))


def test_questions_from_elsewhere_are_written_with_their_feedback():
    question = replace(one("::a:: x {T}"), right_feedback=Text("ya"))
    assert write_gift([question]) == "::a:: x {TRUE # #ya}\n"


def english_of(feature: str) -> dict[str, str]:
    from babel.messages.pofile import read_po

    path = Path(__file__).resolve().parents[2] / "app" / feature / "translations/en/LC_MESSAGES/messages.po"
    with path.open("rb") as source:
        return {str(entry.id): str(entry.string) for entry in read_po(source, locale="en", abort_invalid=True) if entry.id}


@pytest.mark.parametrize(
    ("feature", "texts"),
    [
        (
            "assessment",
            [*assessment_messages.PROBLEMS.values(), *assessment_messages.RESPONSES.values(), *assessment_messages.REFUSALS.values()],
        ),
        ("interchange", [*MESSAGES.values()]),
    ],
    ids=["assessment", "interchange"],
)
def test_every_message_has_its_english_with_the_same_facts(feature, texts):
    english = english_of(feature)
    for text in map(str, texts):
        assert english[text]
        assert sorted(re.findall(r"%\(\w+\)\w|%%", english[text])) == sorted(re.findall(r"%\(\w+\)\w|%%", text))
