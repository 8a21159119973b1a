"""What a learner's home says, computed: the sentence, the distance, the next step, the dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app.courses.outline import LessonOutline
from app.courses.queries import CatalogueEntry, list_catalogue
from app.kernel import clock
from app.learning import ledger, queries, spans
from app.learning.ledger import YearTarget
from app.learning.models import JpCredit
from app.learning.queries import CourseStanding, CourseTaken
from app.people.models import User

MOST_OTHER_COURSES = 3
MOST_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class YearOfJp:
    """A person's JP in a year: what the ledger says, against the target and an even pace."""

    year: int
    today: date
    credits: list[JpCredit]
    target: YearTarget

    @property
    def total(self) -> int:
        return sum(entry.jp for entry in self.credits)

    @property
    def left(self) -> int:
        return max(0, self.target.jp - self.total)

    @property
    def days_left(self) -> int:
        """Days until the year ends, today not counted; 0 for a past year."""
        return max(0, (date(self.year, 12, 31) - self.today).days)

    @property
    def pace(self) -> float:
        """Where an even pace would stand today, in JP."""
        if self.today.year != self.year:
            return float(self.target.jp)
        return self.target.jp * self.today.timetuple().tm_yday / date(self.year, 12, 31).timetuple().tm_yday

    @property
    def entries(self) -> list[tuple[date, int]]:
        return [(entry.credited_on, entry.jp) for entry in self.credits]

    @property
    def above_ceiling(self) -> bool:
        return self.target.ceiling is not None and self.total > self.target.ceiling


def year_of_jp(user: User, year: int | None = None) -> YearOfJp:
    today = clock.today()
    chosen = year or today.year
    on = today if chosen == today.year else date(chosen, 12, 31)
    kind = user.employee.employment_type if user.employee else None
    return YearOfJp(chosen, today, ledger.credits_of_year(user.id, chosen), ledger.year_target(kind, on))


@dataclass(frozen=True, slots=True)
class Continue:
    """The one next step: a lesson, where in it, and how much of a video was watched."""

    standing: CourseStanding
    lesson: LessonOutline
    position_seconds: float | None
    duration_seconds: float | None
    once: list[tuple[float, float]]
    again: list[tuple[float, float]]

    @property
    def started(self) -> bool:
        return self.lesson.key in self.standing.lessons


def continue_with(user_id: int, taken: list[CourseTaken]) -> Continue | None:
    """Where to go on: the open course last seen; an assigned course whose date is near comes first when nothing was begun."""
    open_courses = [item for item in taken if item.completed_at is None]
    if not open_courses:
        return None
    begun = [item for item in open_courses if item.last_seen_at]
    chosen = begun[0] if begun else min(open_courses, key=lambda item: item.due_on or date.max)
    standing = queries.standing_in(user_id, chosen.course)
    lesson = standing.resume_at()
    if lesson is None:
        return None
    progress = standing.lessons.get(lesson.key)
    seconds = progress.position.get("seconds") if progress else None
    once: list[spans.Span] = []
    again: list[spans.Span] = []
    duration = lesson.content.get("duration_seconds") if lesson.kind == "video" else None
    if duration and progress:
        once, again = (spans.within(layer, round(duration * 1000)) for layer in queries.watched_layers(user_id, lesson.lesson_id))
    return Continue(standing, lesson, seconds, duration, _seconds(once), _seconds(again))


def _seconds(items: list[spans.Span]) -> list[tuple[float, float]]:
    return [(start / 1000, end / 1000) for start, end in items]


@dataclass(frozen=True, slots=True)
class Deadline:
    due_on: date
    title: str
    slug: str
    days_left: int
    share: float
    begun: bool


def deadlines(taken: list[CourseTaken], today: date) -> list[Deadline]:
    """Assigned courses that are not complete, the nearest date first."""
    return sorted(
        (
            Deadline(item.due_on, item.course.title, item.course.slug, (item.due_on - today).days, item.share, item.last_lesson_id is not None)
            for item in taken
            if item.due_on and item.completed_at is None
        ),
        key=lambda item: item.due_on,
    )


def suggestions(taken: list[CourseTaken]) -> list[CatalogueEntry]:
    """Courses of the catalogue that this person has not taken."""
    known = {item.course.slug for item in taken}
    return [entry for entry in list_catalogue() if entry.slug not in known][:MOST_SUGGESTIONS]


def part_of_day(moment: datetime) -> str:
    """`pagi`, `siang`, `sore` or `malam`, as people greet in Indonesia."""
    hour = clock.local(moment).hour
    if 4 <= hour < 11:
        return "pagi"
    if 11 <= hour < 15:
        return "siang"
    return "sore" if 15 <= hour < 18 else "malam"
