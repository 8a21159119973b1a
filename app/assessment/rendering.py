"""Questions and answers as clean HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from app.assessment.question_types import Json, Layout, Mark, Question, Text, perfect_response, presented, solution
from app.kernel.html import sanitize_html

_BLANK_LINES = re.compile(r"\n{2,}")
_ONE_PARAGRAPH = re.compile(r"\A<p>((?:(?!</?p>).)*)</p>\s*\Z", re.DOTALL)
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@lru_cache(maxsize=4096)
def _block_html(source: str, format: str) -> str:
    if format == "markdown":
        return sanitize_html(_markdown.render(source))
    if format == "html":
        return sanitize_html(source)
    return "".join(f"<p>{_lines(part)}</p>" for part in _BLANK_LINES.split(source))


def _lines(text: str) -> str:
    return str(escape(text)).replace("\n", "<br>")


def block_html(text: Text | Json) -> Markup:
    """A text in paragraphs. Plain text keeps its line breaks."""
    source, form = (text.source, text.format) if isinstance(text, Text) else (text["text"], text["format"])
    return Markup(_block_html(source, form))  # noqa: S704 - cleaned or escaped just above


def inline_html(text: Text | Json) -> Markup:
    """The same for a place inside a line, such as an option: a single paragraph goes without its frame."""
    markup = block_html(text)
    found = _ONE_PARAGRAPH.match(markup)
    return Markup(found[1]) if found else markup  # noqa: S704 - a part of what was cleaned


@dataclass(frozen=True, slots=True)
class Line:
    """One part of an answer in words; `mark` says whether it was right, None when that is not told."""

    html: Markup
    mark: bool | None = None


_Describe = Callable[[Json, Any], "list[tuple[str, Markup]]"]


def _options(shown: Json, answer: Any) -> list[tuple[str, Markup]]:
    chosen = answer if isinstance(answer, list) else [answer]
    return [(option["id"], inline_html(option)) for option in shown["options"] if option["id"] in chosen]


def _truth(shown: Json, answer: Any) -> list[tuple[str, Markup]]:
    return [("true", escape(_("Benar")))] if answer in (True, "true") else [("false", escape(_("Salah")))]


def _typed(shown: Json, answer: Any) -> list[tuple[str, Markup]]:
    return [("answer", escape(answer))]


def _pairs(shown: Json, answer: Any) -> list[tuple[str, Markup]]:
    rights = {right["id"]: inline_html(right) for right in shown["rights"]}
    lefts = [(left["id"], inline_html(left)) for left in shown["lefts"]]
    return [(name, Markup("{} – {}").format(left, rights[answer[name]])) for name, left in lefts if answer.get(name) in rights]


def _sequence(shown: Json, answer: Any) -> list[tuple[str, Markup]]:
    items = {item["id"]: inline_html(item) for item in shown["items"]}
    known = [name for name in answer if name in items]
    return [(name, Markup("{}. {}").format(place, items[name])) for place, name in enumerate(known, 1)]


_DESCRIBED: Mapping[str, _Describe] = {
    "single_choice": _options,
    "multiple_choice": _options,
    "true_false": _truth,
    "short_answer": _typed,
    "numerical": _typed,
    "matching": _pairs,
    "ordering": _sequence,
}


def describe_answer(question: Question, layout: Layout, answer: Any, marks: tuple[Mark, ...] = ()) -> list[Line]:
    """What was answered, a line for each part, in the order the attempt showed it; nothing for no answer."""
    if answer is None:
        return []
    right = {mark.key: mark.right for mark in marks}
    return [Line(html, right.get(name)) for name, html in _DESCRIBED[question.type_name](presented(question, layout), answer)]


def describe_solution(question: Question, layout: Layout) -> list[Line]:
    """The right answer, to be shown when the rules allow it."""
    if question.type_name == "numerical":
        return [Line(_range(Decimal(key["value"]), Decimal(key["tolerance"]))) for key in solution(question, layout)["answers"]]
    if question.type_name == "short_answer":
        return [Line(escape(text)) for text in solution(question, layout)["answers"]]
    return describe_answer(question, layout, perfect_response(question, layout).to_json())


def _range(value: Decimal, tolerance: Decimal) -> Markup:
    if not tolerance:
        return escape(_number(value))
    return escape(_("%(low)s sampai %(high)s", low=_number(value - tolerance), high=_number(value + tolerance)))


def _number(value: Decimal) -> str:
    from app.ui.formats import angka

    return angka(value, desimal=6)
