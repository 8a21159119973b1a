"""What courses do when something happened."""

from __future__ import annotations

from app.courses.events import CourseVersionPublished
from app.courses.jobs import MAKE_FINDABLE
from app.courses.transcripts import MAKE_WORDS_FINDABLE
from app.kernel import events, jobs
from app.media.events import CaptionsChanged


def make_findable_on_publication(event: CourseVersionPublished) -> None:
    """The search box finds the new version once the worker has indexed it; asked for in the transaction that publishes."""
    jobs.enqueue(MAKE_FINDABLE, version_id=event.version_id)


def make_words_findable_on_captions_changed(event: CaptionsChanged) -> None:
    """The search finds what is said in a video as its captions say it now."""
    jobs.enqueue(MAKE_WORDS_FINDABLE, asset_id=event.asset_id)


def subscribe() -> None:
    events.on(CaptionsChanged, make_words_findable_on_captions_changed)
    events.on(CourseVersionPublished, make_findable_on_publication)
