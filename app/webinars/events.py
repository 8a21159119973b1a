"""What happens to webinars, for the features above."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class WebinarPublished:
    webinar_id: int


@dataclass(frozen=True, slots=True)
class WebinarWentLive:
    """It is on air for the first time."""

    webinar_id: int


@dataclass(frozen=True, slots=True)
class WebinarEnded:
    webinar_id: int


@dataclass(frozen=True, slots=True)
class WebinarCanceled:
    webinar_id: int


@dataclass(frozen=True, slots=True)
class WebinarChanged:
    """What is announced of it changed; `moved_from`: when it was to begin, where its time changed. `version` is that of the change."""

    webinar_id: int
    version: int
    moved_from: datetime | None
    more_seats: bool


@dataclass(frozen=True, slots=True)
class SpeakerLinksChanged:
    """A speaker's link was made, replaced or revoked: the one before has ended."""

    webinar_id: int
