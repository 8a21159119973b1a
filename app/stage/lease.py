"""Which one browser of the stage composes the programme. Pure; the server holds one lease for each room."""

from __future__ import annotations

from dataclasses import dataclass

SILENT_SECONDS = 2.0  # a composer that sends nothing for so long is taken to be lost


@dataclass(slots=True)
class Lease:
    """`epoch` counts the changes of hands: pieces that carry an older one come from somebody who has been replaced, and are refused."""

    connection: str | None = None
    participant: str | None = None
    epoch: int = 0
    heard_at: float = 0.0  # monotonic seconds of the last piece, or of being given

    def give(self, connection: str, participant: str, now: float) -> int:
        self.connection, self.participant, self.heard_at = connection, participant, now
        self.epoch += 1
        return self.epoch

    def take_back(self) -> None:
        self.connection = self.participant = None

    def holds(self, connection: str, epoch: int) -> bool:
        return self.connection == connection and self.epoch == epoch

    def heard(self, now: float) -> None:
        self.heard_at = now

    def is_silent(self, now: float) -> bool:
        return self.connection is not None and now - self.heard_at > SILENT_SECONDS
