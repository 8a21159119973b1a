"""GIFT's characters: which of them mean something, how they are written when they do not, and where in the file one is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from app.assessment.question_types._base import FORMATS, TextFormat

COMMENT = "\x00"
"""Stands for each character of a comment while a file is read; no file that is read contains it."""

_ESCAPE = re.compile(r"\\([\\~=#{}:n>/])")
_COMMENT_LINES = re.compile(rf"{COMMENT}+\n?")
_BLANK = re.compile(rf"[\s{COMMENT}]*")
_FORMAT = re.compile(rf"\[({'|'.join(FORMATS)})\]")
_TO_ESCAPE = re.compile(r"[\\~=#{}:]|(?<=-)>")
LOOKS_LIKE_WEIGHT = re.compile(r"%([^%\s]{0,20})%")


@dataclass(frozen=True)
class Source:
    """A file being read: its text with comments blanked out, and the way from an offset to a line and a column."""

    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass(frozen=True)
class Span:
    """A part of the file, such as one answer."""

    source: Source
    start: int
    end: int

    @property
    def raw(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def is_blank(self) -> bool:
        return _BLANK.fullmatch(self.source.text, self.start, self.end) is not None

    def part(self, start: int, end: int | None = None) -> Span:
        """From one offset in the file to another."""
        return Span(self.source, start, self.end if end is None else end)

    def stripped(self) -> Span:
        start, end, text = self.start, self.end, self.source.text
        while start < end and (text[start].isspace() or text[start] == COMMENT):
            start += 1
        while end > start and (text[end - 1].isspace() or text[end - 1] == COMMENT):
            end -= 1
        return Span(self.source, start, end)

    def marks(self, characters: str) -> Iterator[int]:
        """Offsets of the characters where they mean something: without a backslash before them."""
        pattern = re.compile(rf"{_ESCAPE.pattern}|[{re.escape(characters)}]")
        for match in pattern.finditer(self.source.text, self.start, self.end):
            if match[1] is None:
                yield match.start()

    def first(self, characters: str) -> int | None:
        return next(self.marks(characters), None)

    def split_once(self, character: str) -> tuple[Span, Span | None]:
        """What stands before the first such character, and what after it."""
        found = self.first(character)
        return (self, None) if found is None else (self.part(self.start, found), self.part(found + 1))


def unescape(raw: str) -> str:
    """The words as meant, with comments left out. A backslash before anything else is a backslash, as in Moodle."""
    return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], _COMMENT_LINES.sub("", raw)).replace(COMMENT, "")


def read_words(raw: str, default: TextFormat) -> tuple[str, TextFormat]:
    """A text and its format, which may be named in front: `[markdown]`. Lines that go on may be indented, except in Markdown."""
    raw = _COMMENT_LINES.sub("", raw).strip()
    found = _FORMAT.match(raw)
    format = cast(TextFormat, found[1]) if found else default
    raw = raw[found.end() :] if found else raw
    if format != "markdown":
        raw = re.sub(r"\n[ \t]+", "\n", raw)
    return unescape(raw), format


def escape(words: str) -> str:
    """Words on one line, with a backslash before every character that would mean something."""
    return _TO_ESCAPE.sub(lambda match: "\\" + match[0], words).replace("\n", "\\n")


def write_words(words: str, format: TextFormat, default: TextFormat) -> str:
    """Words with their format in front when it is not the one expected, or when they begin like a format or a weight."""
    guard = _FORMAT.match(words) or LOOKS_LIKE_WEIGHT.match(words)
    return (f"[{format}]" if guard or format != default else "") + escape(words)
