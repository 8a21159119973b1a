"""The arithmetic of the drawings: plain numbers in, SVG coordinates out. The macros in `templates/components/` only write them down."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, cos, pi, sin

MOST_TICKS = 30  # more ticks than this run together on a ring of 160 px


@dataclass(frozen=True, slots=True)
class Ring:
    """The JP ring: one tick is one JP while that stays legible, otherwise a twentieth of the target."""

    ticks: int
    off: str
    on: str
    pace: tuple[float, float, float, float] | None
    reached: bool


def ring(value: float, target: float, pace: float | None = None) -> Ring:
    """Ticks of the year's JP. `pace` is where an even pace would stand today, in JP; no mark once the target is reached.

    A target of zero or less has nothing to reach and draws as reached.
    """
    reached = target <= 0 or value >= target
    ticks = 20 if target <= 0 or target > MOST_TICKS else ceil(target)
    full = 0.8  # of each tick's share of the circle, the rest is the gap
    filled = float(ticks) if reached else max(0.0, value) * ticks / target
    lengths: list[float] = []
    for index in range(ceil(filled)):
        lengths += [round(full * min(1.0, filled - index), 3)]
        lengths += [round(1 - lengths[-1], 3)]
    # The closing pair draws nothing for the rest of the circle, so that the pattern never starts again.
    on = " ".join(_short(n) for n in [*lengths, 0, ticks]) if lengths else f"0 {ticks}"
    mark = None
    if pace is not None and not reached:
        angle = 2 * pi * min(1.0, max(0.0, pace / target)) - pi / 2
        mark = tuple(round(60 + r * part, 1) for r in (45, 60) for part in (cos(angle), sin(angle)))
    return Ring(ticks, f"{full} {round(1 - full, 1)}", on, mark, reached)  # type: ignore[arg-type]


def _short(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".").removeprefix("0") or "0"


def tick_count(value: float, target: float, most: int = 20) -> tuple[int, int]:
    """How many ticks are lit, and of how many; all only when the target is really reached."""
    total = most if target <= 0 or target > most else ceil(target)
    if target <= 0 or value >= target:
        return total, total
    lit = round(max(0.0, value) * total / target)
    return min(lit, total - 1), total


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Strip:
    """Seconds of a recording: seen once, seen again, chapter cuts, position; in 800 units of width."""

    once: list[Bar]
    again: list[Bar]
    cuts: list[float]
    head: float | None
    width: int = 800


def strip(
    length: float,
    watched: Iterable[tuple[float, float]],
    repeated: Iterable[tuple[float, float]] = (),
    chapters: Iterable[float] = (),
    position: float | None = None,
) -> Strip:
    """The watched strip of a recording of `length` seconds. Intervals are (start, end) in seconds; parts outside are cut off."""
    width = 800

    def at(second: float) -> float:
        return round(min(max(second, 0), length) * width / length, 1)

    def bars(intervals: Iterable[tuple[float, float]]) -> list[Bar]:
        return [Bar(at(a), round(at(b) - at(a), 1)) for a, b in intervals if at(b) > at(a)]

    if length <= 0:
        return Strip([], [], [], None)
    return Strip(
        once=bars(watched),
        again=bars(repeated),
        cuts=[round(at(c) - 1.5, 1) for c in chapters if 0 < c < length],
        head=round(min(max(at(position) - 2, 0), width - 4), 1) if position is not None else None,
    )


@dataclass(frozen=True, slots=True)
class MonthSteps:
    """JP of one year as steps, on a field of 400 by 150 units."""

    path: str
    dot: tuple[float, float]
    goal: str
    grid: list[tuple[float, str]]  # height and its number
    months: list[tuple[float, int]]  # position and month
    left: float
    right: float
    base: float
    pace: tuple[float, float] | None


LEFT, RIGHT, TOP, BASE = 6.0, 372.0, 14.0, 126.0


def month_steps(entries: Sequence[tuple[date, float]], target: float, today: date) -> MonthSteps:
    """Steps of JP over the year of `today`. `entries` are (day, JP gained that day), in any order; other years are left out."""
    year = today.year
    days = 366 if monthrange(year, 2)[1] == 29 else 365
    gained = sorted((day, jp) for day, jp in entries if day.year == year and day <= today)
    total = sum(jp for _, jp in gained)
    top = max(target, total, 1.0)

    def x(day: date) -> float:
        return round(LEFT + (RIGHT - LEFT) * ((day - date(year, 1, 1)).days + 1) / days, 1)

    def y(jp: float) -> float:
        return round(BASE - (BASE - TOP) * jp / top, 1)

    path, sum_so_far = f"M{LEFT} {BASE}", 0.0
    for day, jp in gained:
        sum_so_far += jp
        path += f"H{x(day)}V{y(sum_so_far)}"
    path += f"H{x(today)}"
    grid = [(y(value), f"{value:g}") for value in ([target, target / 2] if target > 0 else [])]
    return MonthSteps(
        path=path,
        dot=(x(today), y(total)),
        goal=f"M{LEFT} {BASE}L{RIGHT} {y(target)}" if target > 0 else "",
        grid=grid,
        months=[(round(LEFT + (RIGHT - LEFT) * (date(year, m, 1) - date(year, 1, 1)).days / days, 1), m) for m in (1, 4, 7, 10)],
        left=LEFT,
        right=RIGHT,
        base=BASE,
        pace=(x(today), y(even_pace(target, today))) if target > 0 else None,
    )


def even_pace(target: float, today: date) -> float:
    """JP that an even pace would have reached at the end of this day."""
    days = 366 if monthrange(today.year, 2)[1] == 29 else 365
    return target * ((today - date(today.year, 1, 1)).days + 1) / days
