"""Chapters of a recording: sessions of the agenda, answered questions, slides that were opened. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

SHORTEST_SECONDS = 5.0
MOST_CHAPTERS = 80
LONGEST_TITLE = 120


class Sort(IntEnum):
    """What a chapter is; of two that begin together the smaller stays."""

    AGENDA = 1
    QUESTION = 2
    SLIDES = 3
    START = 4


@dataclass(frozen=True, slots=True)
class Chapter:
    seconds: float
    title: str
    sort: Sort


def shortened(text: str, longest: int = LONGEST_TITLE) -> str:
    """One line of at most so many characters, cut between words."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[longest // 2 :] else cut).rstrip(" ,;:.") + "…"


def chosen(found: Iterable[Chapter], whole_seconds: float, opening: str) -> list[Chapter]:
    """The chapters in order: the first at 0, none after the end, none so close to another that nobody could tell them apart, and no opening
    before one that the agenda has."""
    kept: list[Chapter] = []
    for chapter in sorted(found, key=lambda one: (one.sort, one.seconds)):
        if not 0 <= chapter.seconds < whole_seconds or len(kept) >= MOST_CHAPTERS:
            continue
        if all(abs(chapter.seconds - other.seconds) >= SHORTEST_SECONDS for other in kept):
            kept.append(chapter)
    kept.sort(key=lambda one: one.seconds)
    if not kept or (kept[0].seconds >= SHORTEST_SECONDS and kept[0].title != opening):
        kept.insert(0, Chapter(0.0, opening, Sort.START))
    first = kept[0]
    return [Chapter(0.0, first.title, first.sort), *(Chapter(round(one.seconds, 1), one.title, one.sort) for one in kept[1:])]
