"""Writes GIFT in one canonical way: what is written is read back as the same questions, and written again as the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from app.assessment.question_types import Question, Text
from app.assessment.question_types._base import HUNDRED, decimal_text
from app.assessment.question_types._options import ChoiceQuestion
from app.assessment.question_types.matching import Matching
from app.assessment.question_types.numerical import Numerical
from app.assessment.question_types.ordering import Ordering
from app.assessment.question_types.short_answer import ShortAnswer
from app.assessment.question_types.single_choice import SingleChoice
from app.assessment.question_types.true_false import TrueFalse
from app.interchange.gift.syntax import escape, write_words


def write_gift(questions: Iterable[Question]) -> str:
    """The questions, one after the other with a blank line between; the text ends with one line end unless there is no question."""
    blocks = [_write_question(question) for question in questions]
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def _write_question(question: Question) -> str:
    answers = WRITERS[question.type_name](question)
    text = write_words(question.text.source, question.text.format, "moodle")
    general = [f"####{_words(question.general_feedback, question)}"] if question.general_feedback else []
    lines = [*answers, *general]
    body = lines[0] if len(lines) == 1 else "".join(["\n\t" + line for line in lines]) + "\n"
    if len(lines) > 1 and answers[0][0] in "#>":
        body = body[2:]
    return f"::{escape(question.key)}:: {text} {{{body}}}"


def _words(text: Text, question: Question) -> str:
    return write_words(text.source, text.format, question.text.format)


def _with_feedback(answer: str, feedback: Text | None, question: Question) -> str:
    return f"{answer} #{_words(feedback, question)}" if feedback else answer


def _write_choice(question: ChoiceQuestion) -> list[str]:
    lines = []
    for option in question.options:
        if option.weight == HUNDRED and isinstance(question, SingleChoice):
            mark = "="
        else:
            mark = f"~%{decimal_text(option.weight)}%" if option.weight else "~"
        lines.append(_with_feedback(mark + _words(option.text, question), option.feedback, question))
    return lines


def _write_true_false(question: TrueFalse) -> list[str]:
    line = "TRUE" if question.answer else "FALSE"
    if question.wrong_feedback or question.right_feedback:
        line = _with_feedback(line, question.wrong_feedback, question) if question.wrong_feedback else f"{line} #"
    return [_with_feedback(line, question.right_feedback, question)]


def _weighted(weight: Any) -> str:
    return "=" if weight == HUNDRED else f"=%{decimal_text(weight)}%"


def _write_short_answer(question: ShortAnswer) -> list[str]:
    format = question.text.format
    return [
        _with_feedback(_weighted(key.weight) + write_words(key.pattern, format, format), key.feedback, question) for key in question.answers
    ]


def _write_numerical(question: Numerical) -> list[str]:
    lines = []
    for key in question.answers:
        number = decimal_text(key.value) + (f":{decimal_text(key.tolerance)}" if key.tolerance else "")
        lines.append(_with_feedback(_weighted(key.weight) + number, key.feedback, question))
    if question.wrong_feedback:
        lines.append(f"~#{_words(question.wrong_feedback, question)}")
    return [f"#{lines[0].removeprefix('=')}"] if len(lines) == 1 and not question.general_feedback else ["#", *lines]


def _write_matching(question: Matching) -> list[str]:
    lines = [f"={_words(pair.left, question)} -> {escape(pair.right)}" for pair in question.pairs]
    return lines + [f"= -> {escape(distractor)}" for distractor in question.distractors]


def _write_ordering(question: Ordering) -> list[str]:
    shown = "SHOW" if question.show_grading else "HIDE"
    head = f">{question.select_count} {question.selection} {question.direction} {question.grading} {shown} {question.numbering}"
    # An item that begins like a comment would be one: it stands first on its line.
    return [head, *(("\\" if item.startswith("//") else "") + escape(item) for item in question.items)]


WRITERS: dict[str, Callable[[Any], list[str]]] = {
    "single_choice": _write_choice,
    "multiple_choice": _write_choice,
    "true_false": _write_true_false,
    "short_answer": _write_short_answer,
    "numerical": _write_numerical,
    "matching": _write_matching,
    "ordering": _write_ordering,
}
