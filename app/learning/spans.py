"""Arithmetic of watched seconds: spans of milliseconds, half open, kept sorted and apart. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The union, as few spans as possible. Spans that only touch become one."""
    result: list[Span] = []
    for start, end in sorted(s for s in spans if s[1] > s[0]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def length(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


def common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """What lies in both (each merged)."""
    result: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            result.append((start, end))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return result


def within(spans: list[Span], whole: int) -> list[Span]:
    """What of the (merged) spans lies in `[0, whole)`: a video may have been replaced by a shorter one since they were played."""
    return spans if not spans or spans[-1][1] <= whole else common(spans, [(0, whole)])


def gaps(spans: Sequence[Span], whole: int) -> list[Span]:
    """What of `[0, whole)` is in none of the (merged) spans."""
    result: list[Span] = []
    at = 0
    for start, end in spans:
        if start > at:
            result.append((at, min(start, whole)))
        at = max(at, end)
    if at < whole:
        result.append((at, whole))
    return result


def clipped(played: Sequence[Span], whole: int, budget: int) -> list[Span]:
    """The played spans inside `[0, whole)`, in the order they were played, cut off where the budget of milliseconds ends."""
    result: list[Span] = []
    for start, end in played:
        start, end = max(0, start), min(end, whole)
        if end <= start:
            continue
        end = min(end, start + budget)
        if end <= start:
            break
        result.append((start, end))
        budget -= end - start
    return result


def watch(once: Sequence[Span], again: Sequence[Span], played: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """Add played spans one after the other; return what was seen at least once, and what was seen more than once."""
    first, second = merged(once), merged(again)
    for start, end in played:
        if start >= end:
            continue
        at, beyond = _touched(first, start, end)
        for known_start, known_end in first[at:beyond]:
            _add(second, max(start, known_start), min(end, known_end))
        _add(first, start, end)
    return first, second


def _touched(spans: list[Span], start: int, end: int) -> tuple[int, int]:
    """Which of the (merged) spans the given one meets or touches, as the bounds of a slice."""
    return bisect_left(spans, start, key=itemgetter(1)), bisect_right(spans, end, key=itemgetter(0))


def _add(spans: list[Span], start: int, end: int) -> None:
    """Put one span into a merged list, in its place."""
    if start >= end:
        return
    at, beyond = _touched(spans, start, end)
    if at < beyond:
        start, end = min(start, spans[at][0]), max(end, spans[beyond - 1][1])
    spans[at:beyond] = [(start, end)]
