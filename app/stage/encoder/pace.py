"""Whether the encoder keeps up with a recording, and so on which step of its ladders it goes on. Pure: the caller brings clock and places.

Late alone says little: after a break there is much to catch up with, and that goes well on an idle machine. Late and not catching up means
that the machine is too slow for what it makes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

LATE_MS = 4000  # a run that keeps up is two to three seconds behind
WATCHED_SECONDS = 10.0
CATCHES_UP = 1.1  # seconds of the recording that a late run must make in each second
FIRST_PATIENCE, LONGEST_PATIENCE = 300.0, 3600.0  # on a cheaper step, before the better one is tried again
SOON_SECONDS = 120.0  # a better step that did not hold so long makes the next try wait twice as long


@dataclass(slots=True)
class Pace:
    """`steps` is how many ladders there are; step 0 is the whole one."""

    steps: int
    step: int = 0
    patience: float = FIRST_PATIENCE
    rose_at: float = float("-inf")
    calm_since: float | None = None
    looks: deque[tuple[float, bool, int]] = field(default_factory=deque)  # when, whether late, how far the recording is made (ms)

    def begin(self, steps: int) -> None:
        """Another run, perhaps of a recording with other ladders: nothing is known of how it does."""
        self.steps, self.step = steps, min(self.step, steps - 1)
        self.looks.clear()
        self.calm_since = None

    def look(self, now: float, arrived_ms: int, made_ms: int) -> int:
        """The step to go on with."""
        late = arrived_ms - made_ms > LATE_MS
        self.looks.append((now, late, made_ms))
        while len(self.looks) > 2 and now - self.looks[1][0] >= WATCHED_SECONDS:
            self.looks.popleft()
        self.calm_since = None if late else now if self.calm_since is None else self.calm_since
        if self._falls_behind():
            return self.lower(now)
        if self.step and self.calm_since is not None and now - self.calm_since >= self.patience:
            self.step, self.rose_at = self.step - 1, now
        return self.step

    def lower(self, now: float) -> int:
        """One step cheaper, where there is one."""
        if self.step < self.steps - 1:
            self.patience = min(LONGEST_PATIENCE, self.patience * 2) if now - self.rose_at < SOON_SECONDS else FIRST_PATIENCE
            self.step += 1
        return self.step

    def _falls_behind(self) -> bool:
        """Late all the time, and what comes out is too little to catch up with. (Nothing at all says that it hangs.)"""
        (begun, _late, before), (ended, _later, after) = self.looks[0], self.looks[-1]
        if ended - begun < WATCHED_SECONDS or not all(late for _now, late, _made in self.looks):
            return False
        return 0 < after - before < CATCHES_UP * (ended - begun) * 1000
