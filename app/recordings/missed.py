"""Which part of a webinar a person was not there for, which of it they have watched since, and what that is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.attendance.models import Stay
from app.courses.models import Course
from app.courses.outline import CourseOutline, get_outline
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict
from app.kernel.regulation import get_rule
from app.learning import ledger, queries, services, spans
from app.learning.kinds import video
from app.learning.missing import LessonSeat
from app.learning.slots import register_jp_limit
from app.learning.spans import Span
from app.learning.watching import needed_ms
from app.recordings import credit
from app.recordings.models import Recording
from app.recordings.parts import Part, length_ms, parts_of, spans_of
from app.webinars.participants import user_key

REASON = "caught_up"
WORDS = _l("Menit yang terlewat dan ditonton dari rekaman; yang dihadiri langsung dinilai tersendiri.")
SHORTEST_GAP_MS = 5_000  # a blink of the connection is nothing to catch up with


@dataclass(frozen=True, slots=True)
class Presence:
    """A person and a recording, in milliseconds of it: when they were there, what they watched since, and what neither covers."""

    whole: int
    there: list[Span]
    watched: list[Span]

    @property
    def seen(self) -> list[Span]:
        return spans.merged([*self.there, *self.watched])

    @property
    def missed(self) -> list[Span]:
        """What is still to be caught up with."""
        return [gap for gap in spans.gaps(self.seen, self.whole) if gap[1] - gap[0] >= SHORTEST_GAP_MS]

    @property
    def was_missed(self) -> list[Span]:
        """What they were not there for, watched since or not."""
        return [gap for gap in spans.gaps(self.there, self.whole) if gap[1] - gap[0] >= SHORTEST_GAP_MS]

    @property
    def caught_up_ms(self) -> int:
        """How much of what they missed they have watched."""
        return spans.length(self.watched) - spans.length(spans.common(self.watched, self.there))


def spans_there(webinar_id: int, participant: str, parts: Sequence[Part]) -> list[Span]:
    """When a person was in the room, as stretches of the recording. A stay that no end was written for lasted until it was last seen."""
    rows = db.session.execute(
        select(Stay.joined_at, Stay.left_at, Stay.seen_at).where(Stay.webinar_id == webinar_id, Stay.participant == participant)
    ).all()
    return spans.merged(span for joined, left, seen in rows for span in spans_of(joined, left or seen, parts))


def presence_of(webinar_id: int, participant: str, parts: Sequence[Part], watched: list[Span]) -> Presence:
    whole = length_ms(parts)
    there = spans_there(webinar_id, participant, parts)
    return Presence(whole, spans.within(there, whole), spans.within(watched, whole))


@dataclass(frozen=True, slots=True)
class Offer:
    """What catching up is worth now: JP that could be written at once, and JP for watching the recording as such."""

    now: int
    whole: int

    @property
    def is_open(self) -> bool:
        return self.now > 0


def offer_for(user_id: int, course: CourseOutline, presence: Presence) -> Offer:
    """The minutes that were missed and have been watched, in whole JP: once everything has been seen, live or recorded."""
    (lesson,) = course.lessons
    most = max(0, credit.limit_replay(user_id, course.course_id, course.jp))
    coverage = lesson.content["coverage"]
    if spans.length(presence.seen) < needed_ms(presence.whole, coverage):
        return Offer(0, most)
    per_jp = get_rule(ledger.MINUTES_PER_JP, clock.today()).value
    return Offer(min(most, int(presence.caught_up_ms / 60_000 / per_jp + 1e-9)), most)


def write_down(user_id: int, course: CourseOutline, presence: Presence) -> int:
    """Complete the recording with what was seen live and caught up with, in the caller's transaction; returns the JP. Raises Conflict when
    that is worth nothing (yet), or was written before."""
    seat = LessonSeat(user_id, queries.standing_in(user_id, course), course.lessons[0])
    if not seat.standing.is_enrolled:
        raise Conflict(_("Mulai pencatatan tontonan dulu."), code="not_enrolled")
    if seat.is_complete:
        raise Conflict(_("Rekaman ini sudah tercatat selesai."), code="complete")
    offer = offer_for(user_id, course, presence)
    if not offer.is_open:
        raise Conflict(_("Yang terlewat belum cukup ditonton untuk dicatat."), code="not_enough")
    facts = {
        "there_seconds": round(spans.length(presence.there) / 1000),
        "watched_seconds": round(spans.length(presence.watched) / 1000),
        "caught_up_jp": offer.now,
    }
    services.complete_lesson(user_id, course, seat.lesson, facts=facts)
    found = queries.find_credit(user_id, course.course_id)
    return found.jp if found else 0


def limit_caught_up(user_id: int, course_id: int, jp: int) -> int:
    """Whoever completes a recording without having watched enough of it as a video gets JP for the minutes they caught up with."""
    recording = db.session.scalar(select(Recording).where(Recording.course_id == course_id))
    if recording is None:
        return jp
    course = course_of(recording)
    once, _again = video.watched_layers(user_id, course.lessons[0])
    if video.is_covered(course.lessons[0], spans.length(once)):
        return jp
    presence = presence_of(recording.webinar_id, user_key(user_id), parts_of(recording.parts), once)
    return min(jp, offer_for(user_id, course, presence).now)


def course_of(recording: Recording) -> CourseOutline:
    """The course whose one lesson shows this recording, as it is now."""
    version_id = db.session.scalars(select(Course.current_version_id).where(Course.id == recording.course_id)).one()
    assert version_id is not None
    return get_outline(version_id)


def register() -> None:
    register_jp_limit(limit_caught_up, REASON, WORDS)
