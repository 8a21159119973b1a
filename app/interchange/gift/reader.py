"""Reads GIFT. A mistake in one question does not hide those in the next: all are found in one go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any

from app.assessment.question_types import MAX_OPTIONS, Question, Text, type_of
from app.assessment.question_types._base import HUNDRED, TextFormat, clean_line, optional_text, parse_weight
from app.assessment.question_types._options import ChoiceOption
from app.assessment.question_types.matching import Matching, MatchingPair
from app.assessment.question_types.multiple_choice import MultipleChoice
from app.assessment.question_types.numerical import Numerical, NumericalKey
from app.assessment.question_types.ordering import GRADINGS, Ordering
from app.assessment.question_types.short_answer import ShortAnswer, ShortAnswerKey
from app.assessment.question_types.single_choice import SingleChoice
from app.assessment.question_types.true_false import TrueFalse
from app.interchange.gift.errors import MAX_PROBLEMS, GiftError, GiftProblem
from app.interchange.gift.syntax import COMMENT, LOOKS_LIKE_WEIGHT, Source, Span, read_words, unescape

MAX_BYTES = 1024 * 1024
MAX_QUESTIONS = 1_000
GAP = "_____"
"""What stands in the question where its answers stood in the middle of the text."""

_UNREADABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_NUMBER = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?")
_TRUE = {"T", "TRUE"}
_FALSE = {"F", "FALSE"}
_MEANT_TRUE_FALSE = _TRUE | _FALSE | {"BENAR", "SALAH", "YA", "TIDAK", "B", "S"}


@dataclass(frozen=True)
class GiftLine:
    """A line that is no question: a comment, or a category."""

    line: int
    text: str


@dataclass(frozen=True)
class GiftFile:
    """What a GIFT file holds. `lines` says where each question begins, by its key; `warnings` are likely slips."""

    questions: tuple[Question, ...]
    categories: tuple[GiftLine, ...] = ()
    comments: tuple[GiftLine, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[GiftProblem, ...] = ()


class _Fault(Exception):
    """A mistake after which the rest of its question cannot be read."""

    def __init__(self, code: str, offset: int, **params: Any):
        self.code, self.offset, self.params = code, offset, params


def parse_gift(data: str | bytes) -> GiftFile:
    """Read a file's questions. Raises GiftError, and nothing else, with everything that is wrong."""
    text = _readable(data)
    reader = _Reader(text)
    reader.read()
    if reader.problems:
        raise GiftError(reader.problems)
    return reader.result()


def _readable(data: str | bytes) -> str:
    if isinstance(data, bytes):
        if len(data) > MAX_BYTES:
            raise GiftError([GiftProblem("file_too_large", 1, 1, {"limit": MAX_BYTES // 1024})])
        try:
            data = data.decode("utf-8")
        except UnicodeDecodeError as error:
            before = data[: error.start].decode("utf-8")
            line = before.count("\n") + 1
            raise GiftError([GiftProblem("not_utf8", line, len(before) - before.rfind("\n"))]) from error
    if len(data) > MAX_BYTES or len(data.encode("utf-8", "replace")) > MAX_BYTES:
        raise GiftError([GiftProblem("file_too_large", 1, 1, {"limit": MAX_BYTES // 1024})])
    if data.startswith("\ufeff"):
        raise GiftError([GiftProblem("byte_order_mark", 1, 1)])
    if "\r" in data:
        raise GiftError([GiftProblem("carriage_return", *Source(data).position(data.index("\r")))])
    if found := _UNREADABLE.search(data):
        raise GiftError([GiftProblem("control_character", *Source(data).position(found.start()), {"number": f"{ord(found[0]):04X}"})])
    return data


class _Reader:
    def __init__(self, text: str):
        self.problems: list[GiftProblem] = []
        self.warnings: list[GiftProblem] = []
        self.questions: list[Question] = []
        self.lines: dict[str, int] = {}
        self.comments: list[GiftLine] = []
        self.categories: list[GiftLine] = []
        self.text = text
        self.source = Source(text)

    def result(self) -> GiftFile:
        return GiftFile(tuple(self.questions), tuple(self.categories), tuple(self.comments), self.lines, tuple(self.warnings))

    def complain(self, code: str, offset: int, **params: Any) -> None:
        self.problems.append(GiftProblem(code, *self.source.position(offset), params))

    def read(self) -> None:
        blocks = self._blocks()
        for number, block in enumerate(blocks):
            if number == MAX_QUESTIONS:
                self.complain("too_many_questions", block.start, limit=MAX_QUESTIONS)
                return
            try:
                self._read_question(block)
            except _Fault as fault:
                self.complain(fault.code, fault.offset, **fault.params)
            if len(self.problems) >= MAX_PROBLEMS:
                return
        if not blocks:
            self.complain("no_questions", 0)

    def _blocks(self) -> list[Span]:
        """The questions: what blank lines part, without comments and categories."""
        bounds: list[tuple[int, int]] = []
        kept: list[str] = []
        start: int | None = None
        offset = 0
        for number, line in enumerate(self.text.split("\n"), 1):
            bare = line.strip()
            if bare.startswith("//"):
                self.comments.append(GiftLine(number, bare[2:].strip()))
                line = COMMENT * len(line)
            elif start is None and bare.startswith("$CATEGORY:"):
                self.categories.append(GiftLine(number, bare.removeprefix("$CATEGORY:").strip()))
                line = COMMENT * len(line)
            elif bare and start is None:
                start = offset
            elif not bare and start is not None:
                bounds.append((start, offset))
                start = None
            kept.append(line)
            offset += len(line) + 1
        if start is not None:
            bounds.append((start, offset - 1))
        self.source = Source("\n".join(kept))
        return [Span(self.source, first, last).stripped() for first, last in bounds]

    def _read_question(self, block: Span) -> None:
        key, rest = self._read_title(block)
        text, answers = self._split_text(rest)
        answers, general = _split_general_feedback(answers)
        words, format = read_words(text, "moodle")
        common = {
            "key": key or "?",
            "text": Text(words, format),
            "general_feedback": _optional(general, format),
        }
        question = self._read_answers(answers.stripped(), common)
        faults = list(type_of(question).problems(question))
        for problem in faults:
            self.complain(problem.code, answers.start, **problem.params)
        if faults or not key:
            return
        for problem in type_of(question).warnings(question):
            self.warnings.append(GiftProblem(problem.code, *self.source.position(answers.start), problem.params))
        self._keep(question, block)

    def _keep(self, question: Question, block: Span) -> None:
        if question.key in self.lines:
            self.complain("title_twice", block.start, title=question.key, line=self.lines[question.key])
            return
        self.lines[question.key] = self.source.position(block.start)[0]
        self.questions.append(question)

    def _read_title(self, block: Span) -> tuple[str, Span]:
        if not block.raw.startswith("::"):
            self.complain("title_missing", block.start)
            return "", block
        inner = block.part(block.start + 2)
        last = -2
        for offset in inner.marks(":"):
            if offset == last + 1:
                key = clean_line(unescape(inner.part(inner.start, last).raw))
                if not key:
                    self.complain("title_missing", block.start)
                return key, inner.part(offset + 1)
            last = offset
        raise _Fault("title_not_closed", block.start)

    def _split_text(self, rest: Span) -> tuple[str, Span]:
        """The question's words, with a gap where the answers stood in their middle, and the answers."""
        opened, closed = rest.first("{"), rest.first("}")
        if opened is None and closed is None:
            raise _Fault("description", rest.stripped().start)
        if opened is None or (closed is not None and closed < opened):
            raise _Fault("brace_not_opened", closed or rest.start)
        if closed is None:
            raise _Fault("brace_not_closed", opened)
        answers, after = rest.part(opened + 1, closed), rest.part(closed + 1)
        if (second := answers.first("{")) is not None:
            raise _Fault("brace_in_answer", second)
        if (second := after.first("{}")) is not None:
            raise _Fault("second_braces", second)
        before = rest.part(rest.start, opened).raw
        return (before if after.is_blank else before + GAP + after.raw), answers

    def _read_answers(self, answers: Span, common: dict[str, Any]) -> Question:
        """Which type it is follows from the marks, in Moodle's order."""
        if answers.is_blank:
            raise _Fault("essay", answers.start)
        if answers.raw.startswith(">"):
            return self._read_ordering(answers, common)
        if answers.raw.startswith("#"):
            return self._read_numerical(answers.part(answers.start + 1), common)
        if answers.first("~") is not None:
            return self._read_choice(answers, common)
        if answers.first("=") is not None and "->" in answers.raw:
            return self._read_matching(answers, common)
        verdict = unescape(answers.split_once("#")[0].raw).strip()
        if verdict in _TRUE | _FALSE:
            return _read_true_false(verdict in _TRUE, answers, common)
        if verdict.upper() in _MEANT_TRUE_FALSE and answers.first("=") is None:
            raise _Fault("true_false_spelling", answers.start)
        return self._read_short_answer(answers, common)

    def _pieces(self, answers: Span, marks: str) -> Iterator[tuple[str, Span]]:
        """Each answer with the mark before it. Nothing but blanks may stand before the first."""
        found = list(answers.marks(marks))
        first = answers.part(answers.start, found[0]) if found else answers
        if not first.is_blank:
            raise _Fault("unmarked_answer", first.stripped().start)
        if len(found) > MAX_OPTIONS:
            raise _Fault("too_many_answers", found[MAX_OPTIONS], limit=MAX_OPTIONS)
        for offset, end in zip(found, [*found[1:], answers.end], strict=True):
            yield answers.source.text[offset], answers.part(offset + 1, end).stripped()

    def _weight(self, piece: Span) -> tuple[Decimal | None, Span]:
        """The weight before an answer, when there is one, and the answer."""
        found = LOOKS_LIKE_WEIGHT.match(piece.source.text, piece.start, piece.end)
        if not found or not re.search(r"[0-9]", found[1]):
            return None, piece
        weight = parse_weight(found[1])
        if weight is None:
            self.complain("weight", piece.start, weight=found[1])
        return weight or Decimal(0), piece.part(found.end())

    def _read_choice(self, answers: Span, common: dict[str, Any]) -> Question:
        format: TextFormat = common["text"].format
        options: list[ChoiceOption] = []
        marks: set[str] = set()
        for mark, piece in self._pieces(answers, "~="):
            marks.add(mark)
            weight, rest = self._weight(piece)
            if mark == "=" and weight is not None:
                self.complain("weight_after_equals", piece.start)
            words, feedback = rest.split_once("#")
            worth = HUNDRED if mark == "=" else weight or Decimal(0)
            options.append(ChoiceOption(Text(*read_words(words.raw, format)), worth, _optional(feedback, format)))
        kind = SingleChoice if "=" in marks else MultipleChoice
        return kind(**common, options=tuple(options))

    def _read_short_answer(self, answers: Span, common: dict[str, Any]) -> ShortAnswer:
        format: TextFormat = common["text"].format
        keys: list[ShortAnswerKey] = []
        for _, piece in self._pieces(answers, "="):
            weight, rest = self._weight(piece)
            words, feedback = rest.split_once("#")
            keys.append(
                ShortAnswerKey(read_words(words.raw, format)[0], HUNDRED if weight is None else weight, _optional(feedback, format))
            )
        return ShortAnswer(**common, answers=tuple(keys))

    def _read_matching(self, answers: Span, common: dict[str, Any]) -> Matching:
        format: TextFormat = common["text"].format
        pairs: list[MatchingPair] = []
        distractors: list[str] = []
        for _, piece in self._pieces(answers, "="):
            if (feedback := piece.first("#")) is not None:
                raise _Fault("feedback_in_matching", feedback)
            left, arrow, right = piece.raw.partition("->")
            if not arrow:
                raise _Fault("arrow_missing", piece.start)
            if left.strip(f" \t\n{COMMENT}"):
                pairs.append(MatchingPair(Text(*read_words(left, format)), unescape(right.strip())))
            else:
                distractors.append(unescape(right.strip()))
        return Matching(**common, pairs=tuple(pairs), distractors=tuple(distractors))

    def _read_numerical(self, answers: Span, common: dict[str, Any]) -> Numerical:
        format: TextFormat = common["text"].format
        rest = answers.first("~")
        wrong = None if rest is None else self._wrong_feedback(answers.part(rest + 1), format)
        answers = answers if rest is None else answers.part(answers.start, rest)
        marked = answers if answers.stripped().raw.startswith("=") else None
        pieces = [piece for _, piece in self._pieces(answers, "=")] if marked else self._after_unmarked_first(answers)
        keys: list[NumericalKey] = []
        for piece in pieces:
            weight, value = self._weight(piece)
            number, feedback = value.split_once("#")
            if number.stripped().raw == "*" and weight == 0:
                wrong = _optional(feedback, format)
                continue
            middle, tolerance = self._number_and_tolerance(number.stripped())
            keys.append(NumericalKey(middle, tolerance, HUNDRED if weight is None else weight, _optional(feedback, format)))
        return Numerical(**common, answers=tuple(keys), wrong_feedback=wrong)

    def _after_unmarked_first(self, answers: Span) -> list[Span]:
        """The first number needs no `=` before it."""
        found = [answers.start - 1, *answers.marks("=")]
        return [answers.part(offset + 1, end).stripped() for offset, end in zip(found, [*found[1:], answers.end], strict=True)][
            : MAX_OPTIONS + 1
        ]

    def _wrong_feedback(self, rest: Span, format: TextFormat) -> Text | None:
        """What `~#` says to every other number."""
        _, rest = self._weight(rest.stripped())
        words, feedback = rest.split_once("#")
        if words.stripped().raw not in {"", "*"}:
            raise _Fault("wrong_number_feedback", words.stripped().start)
        return _optional(feedback, format)

    def _number_and_tolerance(self, span: Span) -> tuple[Decimal, Decimal]:
        """`30`, `30:1` and `28..32`."""
        low, dots, high = span.raw.partition("..")
        with localcontext(prec=200):
            if dots:
                least, most = self._number(low, span), self._number(high, span)
                return (least + most) / 2, (most - least) / 2
            value, colon, tolerance = span.raw.partition(":")
            return self._number(value, span), self._number(tolerance, span) if colon else Decimal(0)

    def _number(self, text: str, span: Span) -> Decimal:
        text = text.strip()
        if not _NUMBER.fullmatch(text):
            code = "number_comma" if _NUMBER.fullmatch(text.replace(",", ".")) else "not_a_number"
            raise _Fault(code, span.start, number=text[:40])
        return Decimal(text) + 0

    def _read_ordering(self, answers: Span, common: dict[str, Any]) -> Ordering:
        header = re.compile(r">[ \t]*([0-9]{1,4})(?![^\s])").match(answers.source.text, answers.start, answers.end)
        if not header:
            raise _Fault("ordering_header", answers.start)
        fields: dict[str, Any] = {}
        names: list[str] = []
        place = header.end()
        keyword = re.compile(r"[ \t]*(\S+)")
        while (found := keyword.match(answers.source.text, place, answers.end)) and _take_keyword(found[1], fields, names):
            place = found.end()
        if names != sorted(names, key=_MOODLES_ORDER.index) or len(names) != len(set(names)):
            self.warnings.append(GiftProblem("ordering_not_moodle", *self.source.position(answers.start)))
        lines = answers.part(place).raw.split("\n")
        items = [words for words in (clean_line(unescape(line)) for line in lines) if words]
        return Ordering(
            **common,
            items=tuple(items),
            **({"selection": "RANDOM", "grading": "RELATIVE_NEXT_EXCLUDE_LAST", "select_count": int(header[1])} | fields),
        )


_MOODLES_ORDER = ("selection", "direction", "grading", "show_grading", "numbering")
_KEYWORDS: dict[str, tuple[str, Any]] = {
    "ALL": ("selection", "ALL"),
    "EXACT": ("selection", "ALL"),
    "RANDOM": ("selection", "RANDOM"),
    "CONTIGUOUS": ("selection", "CONTIGUOUS"),
    "CONTIG": ("selection", "CONTIGUOUS"),
    "HORIZONTAL": ("direction", "HORIZONTAL"),
    "HORI": ("direction", "HORIZONTAL"),
    "VERTICAL": ("direction", "VERTICAL"),
    "VERT": ("direction", "VERTICAL"),
    **{name: ("grading", name) for name in GRADINGS},
    "ABSOLUTE": ("grading", "ABSOLUTE_POSITION"),
    "ABS": ("grading", "ABSOLUTE_POSITION"),
    "RELATIVE": ("grading", "RELATIVE_NEXT_EXCLUDE_LAST"),
    "SHOW": ("show_grading", True),
    "TRUE": ("show_grading", True),
    "YES": ("show_grading", True),
    "HIDE": ("show_grading", False),
    "FALSE": ("show_grading", False),
    "NO": ("show_grading", False),
    "NONE": ("numbering", "none"),
    **{name: ("numbering", name) for name in ("none", "123", "abc", "ABCD", "iii", "IIII")},
}


def _take_keyword(word: str, fields: dict[str, Any], names: list[str]) -> bool:
    """Note one word of an ordering's first line; False when it is none of them, so that the items begin.

    Moodle wants its five in one order. Any order is understood here, and NONE for a field left open.
    """
    name, value = _KEYWORDS.get(word, ("", None))
    if not name or (name in fields and word != "NONE"):
        return False
    fields.setdefault(name, value)
    names.append(name)
    return True


def _read_true_false(answer: bool, answers: Span, common: dict[str, Any]) -> TrueFalse:
    format: TextFormat = common["text"].format
    _, feedback = answers.split_once("#")
    wrong, right = feedback.split_once("#") if feedback else (None, None)
    return TrueFalse(**common, answer=answer, wrong_feedback=_optional(wrong, format), right_feedback=_optional(right, format))


def _split_general_feedback(answers: Span) -> tuple[Span, Span | None]:
    """What stands after the last `####` is for everyone."""
    run: list[int] = []
    last: int | None = None
    for offset in answers.marks("#"):
        run = [*run[-3:], offset] if run and offset == run[-1] + 1 else [offset]
        last = run[0] if len(run) == 4 else last
    return (answers, None) if last is None else (answers.part(answers.start, last), answers.part(last + 4))


def _optional(span: Span | None, format: TextFormat) -> Text | None:
    return None if span is None else optional_text(*read_words(span.raw, format))
