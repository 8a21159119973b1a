"""The Markdown of a lesson: CommonMark with tables, without raw HTML, with the blocks case, practice, feedback and note.

`examine` says what is in a text and what is wrong with it; `render` makes clean HTML of it. Raw HTML is text to both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flask_babel import gettext as _
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from markupsafe import escape

from app.kernel.html import sanitize_html

TITLED = ("case", "practice", "note")
BLOCKS = (*TITLED, "feedback")
LABELS = {
    "id": {"case": "Kasus", "practice": "Latihan", "feedback": "Bandingkan dengan jawaban Anda", "table": "Tabel"},
    "en": {"case": "Case", "practice": "Practice", "feedback": "Compare with your answer", "table": "Table"},
}
HEADING_PREFIX = "bagian-"  # so that a heading's id never meets one of the page

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_OPENING = re.compile(r" {0,3}:::[ \t]*([A-Za-z][\w-]*)(?:[ \t]+(.*))?")
_CLOSING = re.compile(r" {0,3}:::[ \t]*")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Block:
    """A block by the numbers of its lines, from 0."""

    name: str
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A link to a lesson (its key) or a picture (its path), and the line it stands on, from 0."""

    target: str
    line: int


@dataclass(frozen=True, slots=True)
class Examined:
    """What a text holds: words that count, practices, lessons and pictures it names, faults as (line from 0, message)."""

    words: int
    practices: int
    lessons: tuple[Reference, ...]
    images: tuple[Reference, ...]
    faults: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a picture of the package is found on the site, and its size in pixels."""

    address: str
    width: int
    height: int


def find_blocks(text: str) -> tuple[dict[int, Block], list[tuple[int, str]]]:
    """The blocks of a text by their first line, and what is wrong with them."""
    blocks: dict[int, Block] = {}
    faults: list[tuple[int, str]] = []
    open_blocks: list[tuple[str, str, int]] = []
    feedbacks: dict[int, int] = {}
    fence = ""
    for number, line in enumerate(text.split("\n")):
        if found := _FENCE.match(line):
            mark = found[1]
            if not fence:
                fence = mark
            elif mark[0] == fence[0] and len(mark) >= len(fence) and not line.strip(" " + mark[0]):
                fence = ""
        if fence or found:
            continue
        if _CLOSING.fullmatch(line):
            if not open_blocks:
                faults.append((number, _("Baris ::: ini menutup blok yang tidak pernah dibuka.")))
                continue
            name, title, start = open_blocks.pop()
            blocks[start] = Block(name, title, start, number)
            if name == "practice" and feedbacks.get(start) != 1:
                faults.append((start, _("Blok practice memuat tepat satu blok feedback.")))
        elif opening := _OPENING.fullmatch(line):
            name, title = opening[1], (opening[2] or "").strip()
            parent = open_blocks[-1] if open_blocks else None
            if name not in BLOCKS:
                faults.append((number, _("Blok %(name)s tidak dikenal; yang ada: case, practice, feedback, note.", name=name)))
            elif name in TITLED and not title:
                faults.append((number, _("Blok %(name)s memerlukan judul pada baris pembukanya.", name=name)))
            elif name == "feedback" and (parent is None or parent[0] != "practice"):
                faults.append((number, _("Blok feedback hanya ada di dalam practice.")))
            elif name != "feedback" and parent is not None:
                faults.append((number, _("Blok %(name)s tidak boleh berada di dalam blok lain.", name=name)))
            if name == "feedback" and parent is not None:
                feedbacks[parent[2]] = feedbacks.get(parent[2], 0) + 1
            open_blocks.append((name, title, number))
    faults += [(start, _("Blok %(name)s tidak ditutup dengan baris :::", name=name)) for name, _title, start in open_blocks]
    return blocks, faults


def _block_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    block: Block | None = state.env["blocks"].get(start)
    if block is None or block.end >= end or block.name not in BLOCKS:
        return False
    if silent:
        return True
    opening = state.push("learning_block_open", "", 1)
    opening.block, opening.map, opening.meta = True, [start, block.end + 1], {"block": block}
    if block.title:
        # The title is one line of inline Markdown like any heading's.
        title = state.push("inline", "", 0)
        title.content, title.map, title.children = block.title, [start, start + 1], []
        title.meta = {"title_of": block.name}
    body = state.push("learning_block_body", "", 0)
    body.block, body.meta = True, {"block": block}
    parent, last = state.parentType, state.lineMax
    state.parentType, state.lineMax = "learning_block", block.end  # type: ignore[assignment]
    state.md.block.tokenize(state, start + 1, block.end)
    state.parentType, state.lineMax = parent, last
    closing = state.push("learning_block_close", "", -1)
    closing.block, closing.meta = True, {"block": block}
    state.line = block.end + 1
    return True


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 40}).enable("table")
    parser.block.ruler.before("fence", "learning_block", _block_rule, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    for name in (
        "learning_block_open",
        "learning_block_body",
        "learning_block_close",
        "table_open",
        "table_close",
        "th_open",
        "th_close",
        "image",
    ):
        parser.add_render_rule(name, globals()[f"_render_{name}"])
    return parser


def parse(text: str) -> tuple[list[Token], list[tuple[int, str]]]:
    """The tokens of a text, and what is wrong with its blocks."""
    blocks, faults = find_blocks(text)
    return _parser.parse(text, {"blocks": blocks}), faults


def examine(text: str) -> Examined:
    """Read a text for its words, references and faults."""
    tokens, faults = parse(text)
    words = 0
    lessons: list[Reference] = []
    images: list[Reference] = []
    for token, line in _with_lines(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            faults.append((line, _("Judul di dalam teks dimulai dari ##; judul pelajaran sudah ada di bagian depan.")))
        elif token.type == "text":
            words += sum(1 for _word in _WORD.finditer(_ADDRESS.sub(" ", token.content)))
        elif token.type == "link_open":
            target = str(token.attrGet("href") or "")
            if target.startswith("lesson:"):
                lessons.append(Reference(target.removeprefix("lesson:"), line))
            elif not target.startswith("https://"):
                faults.append((line, _("Tautan %(target)s tidak diterima: pakai https:// atau lesson:kunci.", target=target[:80])))
        elif token.type == "image":
            target = str(token.attrGet("src") or "")
            images.append(Reference(target, line))
            if not token.content.strip():
                faults.append((line, _("Gambar %(target)s memerlukan teks pengganti: ![apa yang terlihat](…).", target=target[:80])))
    practices = sum(1 for token in tokens if token.type == "learning_block_open" and token.meta["block"].name == "practice")
    return Examined(words, practices, tuple(lessons), tuple(images), tuple(faults))


def _with_lines(tokens: Sequence[Token]) -> Iterator[tuple[Token, int]]:
    """Every token, those inside lines too, with the line it stands on."""
    for token in tokens:
        line = token.map[0] if token.map else 0
        if token.type != "inline":
            yield token, line
        for child in token.children or ():
            yield child, line
            if child.type in ("softbreak", "hardbreak"):
                line += 1


def render(text: str, *, lesson_address: Callable[[str], str], pictures: Mapping[str, Picture], language: str = "id") -> str:
    """Clean HTML of a text that `examine` found no fault with."""
    tokens, _faults = parse(text)
    _name_headings(tokens)
    for token, _line in _with_lines(tokens):
        if token.type == "link_open" and str(token.attrGet("href")).startswith("lesson:"):
            token.attrSet("href", lesson_address(str(token.attrGet("href")).removeprefix("lesson:")))
    env = {"labels": LABELS.get(language, LABELS["id"]), "pictures": pictures, "tables": 0}
    return sanitize_html(_parser.renderer.render(tokens, _parser.options, env))


def _name_headings(tokens: Sequence[Token]) -> None:
    taken: set[str] = set()
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        plain = unicodedata.normalize("NFKD", inline.content.lower()).encode("ascii", "ignore").decode()
        base = HEADING_PREFIX + ("-".join(_WORD.findall(plain))[:60] or "teks")
        name, count = base, 2
        while name in taken:
            name, count = f"{base}-{count}", count + 1
        taken.add(name)
        opening.attrSet("id", name)


def _render_learning_block_open(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    block: Block = tokens[index].meta["block"]
    label = escape(env["labels"].get(block.name, ""))
    if block.name == "feedback":
        return f'<details class="feedback">\n<summary>{"" if block.title else label}'
    if block.name == "note":
        return '<aside class="note">\n<p><strong>'
    return f'<section class="{block.name}">\n<h2><small>{label}</small> '


def _render_learning_block_body(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return {"feedback": "</summary>\n", "note": "</strong></p>\n"}.get(tokens[index].meta["block"].name, "</h2>\n")


def _render_learning_block_close(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return {"feedback": "</details>\n", "note": "</aside>\n"}.get(tokens[index].meta["block"].name, "</section>\n")


def _render_table_open(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    # A wide table scrolls by itself on a phone, and the keyboard must reach what scrolls.
    env["tables"] += 1
    name = escape(f"{env['labels']['table']} {env['tables']}")
    return f'<div class="table-wrap" role="region" tabindex="0" aria-label="{name}">\n<table>\n'


def _render_table_close(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "</table>\n</div>\n"


def _render_th_open(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return '<th scope="col">' if tokens[index + 1].content else "<td>"  # an empty cell in the corner heads nothing


def _render_th_close(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return "</th>\n" if tokens[index - 1].content else "</td>\n"


def _render_image(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    picture: Picture = env["pictures"][str(token.attrGet("src"))]
    alt = escape(renderer.renderInlineAsText(token.children or [], options, env))
    return f'<img src="{escape(picture.address)}" alt="{alt}" width="{picture.width}" height="{picture.height}" loading="lazy">'


_parser = _make_parser()
