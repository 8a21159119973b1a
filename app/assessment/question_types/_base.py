"""What every question type shares: texts, answers, grades, and the shape a type must have."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from random import Random
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast

from app.assessment.question_types._words import count_words

TextFormat = Literal["moodle", "plain", "markdown", "html"]
FORMATS: tuple[TextFormat, ...] = ("moodle", "plain", "markdown", "html")
"""GIFT's names. `moodle` is text as typed: shown as plain text whose line breaks stay."""

MAX_OPTIONS = 50
MAX_TEXT = 20_000
MAX_TITLE = 200

Layout = dict[str, list[str]]
"""The order in which one attempt shows a question, by the ids of its options; fixed once, then kept with the attempt."""

Json = dict[str, Any]

_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\ud800-\udfff\ufeff]")
_LINE_END = re.compile(r"[ \t\u00a0]+\n")


def clean_text(source: str) -> str:
    """The text as it is kept: no control characters, no space at the end of a line or around the whole."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    source = _UNWANTED.sub("", source).replace("\t", " ")
    return _LINE_END.sub("\n", source).strip()


def clean_line(source: str) -> str:
    """Like `clean_text` for what stays on one line: a title."""
    return " ".join(unicodedata.normalize("NFC", _UNWANTED.sub("", source)).split())


@dataclass(frozen=True)
class Text:
    """What a person reads, and how it is marked up. Cleaned when made, so that the same words are the same text."""

    source: str
    format: TextFormat = "moodle"

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", clean_text(self.source))

    def __bool__(self) -> bool:
        return bool(self.source)

    @property
    def words(self) -> int:
        return count_words(self.source, self.format)

    def to_json(self) -> Json:
        return {"format": self.format, "text": self.source}


def optional_text(source: str, format: TextFormat) -> Text | None:
    """A text, or None when nothing is written."""
    text = Text(source, format)
    return text or None


def option_id(*parts: str) -> str:
    """A name for an option that depends on what it says and not on where it stands or whether it is right."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a question as its author wrote it; `params` fill the message."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


class InvalidQuestion(ValueError):
    """A question that cannot be asked or graded honestly; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__(", ".join(problem.code for problem in self.problems))


class InvalidResponse(ValueError):
    """An answer that does not fit its question: `code` is wrong_type, unknown_option, duplicate_option, too_long,
    not_a_number or incomplete_order."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One item of a quiz. `key` is its title: stable within its file, never shown while the attempt runs."""

    type_name: ClassVar[str]
    key: str
    text: Text
    general_feedback: Text | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", clean_line(self.key))


@dataclass(frozen=True)
class Response:
    """What a learner answered, checked against the question. An empty response is an answer taken back."""

    @property
    def is_empty(self) -> bool:
        raise NotImplementedError

    def to_json(self) -> Any:
        """What `parse_response` reads back; None when empty."""
        raise NotImplementedError


@dataclass(frozen=True)
class Mark:
    """Whether one part of an answer was right: an option chosen, a pair, an item in its place."""

    key: str
    right: bool


@dataclass(frozen=True)
class Grade:
    """The mark for one answer: an exact fraction of the full mark, 0 to 1; the keys of the feedback that fits, and each part's mark."""

    fraction: Fraction
    feedback: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def is_right(self) -> bool:
        return self.fraction == 1


NOTHING = Grade(Fraction(0))

HUNDRED = Decimal(100)
_PERCENT = re.compile(r"-?\d{1,3}(\.\d{1,6})?")


def fraction_of(weight: Decimal) -> Fraction:
    """A weight in percent as a fraction within 0 and 1."""
    return min(Fraction(1), max(Fraction(0), Fraction(weight) / 100))


def decimal_text(value: Decimal) -> str:
    """A number written out in the one way we write it: no exponent, no zeros that say nothing."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def parse_weight(text: str) -> Decimal | None:
    """Percent between -100 and 100 with at most six decimals, or None."""
    if not _PERCENT.fullmatch(text):
        return None
    weight = Decimal(text) + 0
    return weight if abs(weight) <= 100 else None


Q = TypeVar("Q", bound=Question)
R = TypeVar("R", bound=Response)


class QuestionType(ABC, Generic[Q, R]):
    """One kind of question: how it is stored, shown, answered and graded. One file in this package each."""

    name: ClassVar[str]
    version: ClassVar[int] = 1

    @abstractmethod
    def parse_response(self, question: Q, raw: Any, layout: Layout | None = None) -> R:
        """Turn JSON from a browser into a response; raises InvalidResponse and nothing else. None is the empty response."""

    @abstractmethod
    def grade(self, question: Q, response: R) -> Grade: ...

    @abstractmethod
    def perfect_response(self, question: Q, layout: Layout | None = None) -> R:
        """An answer that earns the full mark."""

    def layout(self, question: Q, rng: Random | None) -> Layout:
        """The order for one attempt: shuffled by `rng`, in the author's order without."""
        return {}

    @abstractmethod
    def presented(self, question: Q, layout: Layout) -> Json:
        """What a template needs to ask the question, with no hint of the answer (not even the title)."""

    @abstractmethod
    def solution(self, question: Q, layout: Layout | None = None) -> Json:
        """The right answer for feedback; only to be shown when the rules allow it."""

    def feedback_texts(self, question: Q) -> dict[str, Text]:
        """Feedback by the keys that a grade names."""
        return {}

    @abstractmethod
    def texts(self, question: Q) -> Iterable[Text]:
        """Every text of options and feedback that a learner reads, without the question's own and the general feedback."""

    @abstractmethod
    def problems_of(self, question: Q) -> Iterable[Problem]: ...

    def warnings(self, question: Q) -> Iterable[Problem]:
        """What may well be a slip of the author but can be asked and graded."""
        return ()

    @abstractmethod
    def body_to_json(self, question: Q) -> Json: ...

    @abstractmethod
    def body_from_json(self, common: Json, body: Mapping[str, Any]) -> Q: ...

    def problems(self, question: Q) -> list[Problem]:
        """Why this question cannot be used; empty when it can."""
        found: list[Problem] = []
        if not question.key:
            found.append(Problem("title_missing"))
        if len(question.key) > MAX_TITLE:
            found.append(Problem("title_too_long", {"limit": MAX_TITLE}))
        if not question.text:
            found.append(Problem("text_missing"))
        if any(len(text.source) > MAX_TEXT for text in self.all_texts(question)):
            found.append(Problem("text_too_long", {"limit": MAX_TEXT}))
        return found + list(self.problems_of(question))

    def all_texts(self, question: Q) -> list[Text]:
        general = [question.general_feedback] if question.general_feedback else []
        return [question.text, *self.texts(question), *general]

    def reading_words(self, question: Q) -> int:
        """Words of the question, its options and its feedback."""
        return sum(text.words for text in self.all_texts(question))

    def to_json(self, question: Q) -> Json:
        """The canonical form: the same question gives the same JSON (sort the keys when writing it)."""
        common = {"type": self.name, "version": self.version, "key": question.key, "text": question.text.to_json()}
        if question.general_feedback:
            common["general_feedback"] = question.general_feedback.to_json()
        return common | self.body_to_json(question)

    def from_json(self, data: Mapping[str, Any]) -> Q:
        """The question back; raises InvalidQuestion when the data is not one that could be asked."""
        if data.get("type") != self.name or data.get("version") != self.version:
            raise malformed("version")
        common = {
            "key": read_string(data, "key"),
            "text": read_text(data, "text"),
            "general_feedback": read_optional_text(data, "general_feedback"),
        }
        question = self.body_from_json(common, data)
        if problems := self.problems(question):
            raise InvalidQuestion(problems)
        return question


# Reading stored JSON without trusting it.


def malformed(name: str) -> InvalidQuestion:
    return InvalidQuestion([Problem("malformed", {"field": name})])


def read_string(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise malformed(name)
    return value


def read_bool(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name)
    if not isinstance(value, bool):
        raise malformed(name)
    return value


def read_int(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise malformed(name)
    return value


def read_list(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    if not isinstance(value, list) or len(value) > 10 * MAX_OPTIONS:
        raise malformed(name)
    return value


def read_objects(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    values = read_list(data, name)
    if not all(isinstance(value, Mapping) for value in values):
        raise malformed(name)
    return values


def read_strings(data: Mapping[str, Any], name: str) -> list[str]:
    values = read_list(data, name)
    if not all(isinstance(value, str) for value in values):
        raise malformed(name)
    return values


def read_text(data: Mapping[str, Any], name: str) -> Text:
    value = data.get(name)
    if not isinstance(value, Mapping) or not isinstance(value.get("text"), str) or value.get("format") not in FORMATS:
        raise malformed(name)
    return Text(value["text"], cast(TextFormat, value["format"]))


def read_optional_text(data: Mapping[str, Any], name: str) -> Text | None:
    return (read_text(data, name) or None) if data.get(name) is not None else None


def read_weight(data: Mapping[str, Any], name: str = "weight") -> Decimal:
    weight = parse_weight(read_string(data, name))
    if weight is None:
        raise malformed(name)
    return weight


def read_decimal(data: Mapping[str, Any], name: str) -> Decimal:
    text = read_string(data, name)
    if len(text) > 100 or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise malformed(name)
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise malformed(name) from error


def read_choice(data: Mapping[str, Any], name: str, allowed: Sequence[str]) -> str:
    value = read_string(data, name)
    if value not in allowed:
        raise malformed(name)
    return value


def with_feedback(body: Json, feedback: Text | None) -> Json:
    return body | ({"feedback": feedback.to_json()} if feedback else {})


# Small steps that several types share.


def shuffled(ids: Sequence[str], rng: Random | None) -> list[str]:
    order = list(ids)
    if rng is not None:
        rng.shuffle(order)
    return order


def in_order(ids: Sequence[str], wanted: Sequence[str] | None) -> list[str]:
    """The ids in the wanted order; what the order does not name comes last, what it names too much is left out."""
    known = set(ids)
    first = [name for name in dict.fromkeys(wanted or ()) if name in known]
    return first + [name for name in ids if name not in set(first)]


def count_problems(count: int, least: int) -> list[Problem]:
    if count < least:
        return [Problem("too_few_answers", {"least": least})]
    if count > MAX_OPTIONS:
        return [Problem("too_many_answers", {"limit": MAX_OPTIONS})]
    return []


def duplicates(labels: Iterable[tuple[str, str]]) -> list[Problem]:
    """A problem for each thing said twice; each label is its id and the words to quote."""
    seen: set[str] = set()
    found: list[Problem] = []
    for name, words in labels:
        if name in seen:
            found.append(Problem("duplicate_answer", {"answer": excerpt(words)}))
        seen.add(name)
    return found


def excerpt(words: str, length: int = 60) -> str:
    line = " ".join(words.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def known_id(raw: Any, ids: Iterable[str]) -> str:
    """An id out of the question; raises InvalidResponse for anything else."""
    if not isinstance(raw, str):
        raise InvalidResponse("wrong_type")
    if raw not in ids:
        raise InvalidResponse("unknown_option")
    return raw


def list_of_ids(raw: Any, ids: Sequence[str]) -> list[str]:
    if not isinstance(raw, list):
        raise InvalidResponse("wrong_type")
    if len(raw) > MAX_OPTIONS:
        raise InvalidResponse("too_long")
    known = [known_id(item, ids) for item in raw]
    if len(set(known)) != len(known):
        raise InvalidResponse("duplicate_option")
    return known
