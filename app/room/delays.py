"""How long after the stage the audience saw it, gathered over a webinar: a few numbers of a fixed size, however many watched and however long.

Twice a minute the latest reports of all viewers are counted into steps of a tenth of a second, and the moment is kept at which the viewer in
the middle was furthest behind. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from statistics import median
from typing import Any

STEP_MS = 100
COARSE_FROM_MS, COARSE_MS = 20_000, 1_000  # nobody asks for tenths of a delay of half a minute


@dataclass(frozen=True, slots=True)
class Worst:
    """When the viewer in the middle was furthest behind, and how far."""

    delay_ms: int
    at: datetime


@dataclass(slots=True)
class Delays:
    counts: dict[int, int] = field(default_factory=dict)  # by the middle of the step, in ms
    worst: Worst | None = None

    def take(self, reports: Collection[int], now: datetime) -> None:
        """The delays, in ms, that all viewers have now."""
        if not reports:
            return
        for delay in reports:
            step = step_of(delay)
            self.counts[step] = self.counts.get(step, 0) + 1
        middle = round(median(reports))
        if self.worst is None or middle > self.worst.delay_ms:
            self.worst = Worst(middle, now)

    @property
    def typical_ms(self) -> int | None:
        """The delay in the middle of all that was reported; None when nobody reported any."""
        return self._at_share(0.5)

    @property
    def most_ms(self) -> int | None:
        """The delay that nineteen of twenty reports stayed within."""
        return self._at_share(0.95)

    def _at_share(self, share: float) -> int | None:
        steps = sorted(self.counts)
        totals = list(accumulate(self.counts[step] for step in steps))
        return steps[bisect_left(totals, share * totals[-1])] if totals else None

    # ---- as it is kept ----

    def as_value(self) -> dict[str, Any]:
        worst = [self.worst.delay_ms, self.worst.at.isoformat()] if self.worst else None
        return {"counts": sorted(self.counts.items()), "worst": worst}

    @classmethod
    def from_value(cls, value: Any) -> Delays:
        if not value:
            return cls()
        worst = value["worst"]
        counts: dict[int, int] = dict(value["counts"])
        return cls(counts, Worst(worst[0], datetime.fromisoformat(worst[1])) if worst else None)


def step_of(delay_ms: int) -> int:
    """The step a delay falls into, named by its middle."""
    size = STEP_MS if delay_ms < COARSE_FROM_MS else COARSE_MS
    return delay_ms // size * size + size // 2
