"""Named reads about learning. Few statements, whatever the number of people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import bindparam, func, select

from app.courses.models import Course, CourseVersion, LessonVersion
from app.courses.outline import CourseOutline, LessonOutline, get_outline
from app.courses.slots import Standing
from app.kernel.db import as_kept, day_of, db, json_of, moment_of
from app.kernel.direct import Direct
from app.kernel.errors import NotFound
from app.learning import rules
from app.learning.ledger import course_activity
from app.learning.models import Enrollment, JpAccrual, JpCredit, LessonProgress, LessonState, WatchedSpan
from app.people.models import User


class LessonStanding(NamedTuple):
    """How far a person is in one lesson. What the database holds is read when it is asked for: a page shows one lesson among many."""

    state: str
    kept_started_at: datetime | str
    kept_completed_at: datetime | str | None
    kept_position: dict[str, Any] | str | None

    @property
    def is_complete(self) -> bool:
        return self.state == LessonState.COMPLETED

    @property
    def started_at(self) -> datetime:
        return moment_of(self.kept_started_at)

    @property
    def completed_at(self) -> datetime | None:
        return moment_of(self.kept_completed_at)

    @property
    def position(self) -> dict[str, Any]:
        """Where the person stopped, as the lesson's kind wrote it down; empty when nowhere."""
        return json_of(self.kept_position) or {}


@dataclass(frozen=True, slots=True)
class EnrollmentFacts:
    """An enrollment as pages read it."""

    source: str
    assigned_by_id: int | None
    due_on: date | None
    enrolled_at: datetime
    completed_at: datetime | None
    last_lesson_id: int | None


@dataclass(frozen=True)
class CourseStanding:
    """A person in a course: the enrollment, and the state of each lesson by its key."""

    course: CourseOutline
    enrollment: Any  # EnrollmentFacts, or None for who does not take it
    lessons: dict[str, LessonStanding] = field(default_factory=dict)

    @property
    def is_enrolled(self) -> bool:
        return self.enrollment is not None

    @cached_property
    def completed(self) -> frozenset[str]:
        return frozenset(key for key, standing in self.lessons.items() if standing.is_complete)

    @property
    def percent(self) -> int:
        """Lessons done of lessons, the same figure as on the team's page and beside every "8 of 28 lessons"."""
        lessons = self.course.lessons
        return rules.percent(sum(lesson.key in self.completed for lesson in lessons), len(lessons))

    def locked_by(self, key: str) -> tuple[str, ...]:
        """Keys of the lessons to complete before this one; empty when open."""
        return rules.what_locks(self.course.lessons, key, self.course.sequence == "LINEAR", self.completed)

    @cached_property
    def states(self) -> dict[str, str]:
        """Each lesson as the outline draws it: done, half or todo, with "-shut" behind one to do while others have to be completed first."""
        found = {}
        for lesson in self.course.lessons:
            key = lesson.key
            state = "done" if key in self.completed else "half" if key in self.lessons else "todo"
            found[key] = "todo-shut" if key in self.openers else state
        return found

    @cached_property
    def openers(self) -> dict[str, tuple[str, ...]]:
        """For each lesson that is shut, what opens it: keys of the nearest one to complete before it where the order is fixed, and of those that
        its author named."""
        found: dict[str, tuple[str, ...]] = {}
        linear, done = self.course.sequence == "LINEAR", self.completed
        nearest: tuple[str, ...] = ()
        for lesson in self.course.lessons:
            if lesson.key in done:
                continue
            if needed := (*nearest, *(key for key in lesson.requires if key not in done)):
                found[lesson.key] = tuple(dict.fromkeys(needed))
            if linear:
                nearest = (lesson.key,)
        return found

    @cached_property
    def added(self) -> frozenset[str]:
        """Keys of the lessons that came into the course after this person took it, and that they have not opened yet."""
        if not self.is_enrolled:
            return frozenset()
        first, since = _first_published(self.course.version_id), self.enrollment.enrolled_at
        return frozenset(lesson.key for lesson in self.course.lessons if lesson.key not in self.lessons and first[lesson.lesson_id] > since)

    def next_lesson(self) -> LessonOutline | None:
        """Where to go on: the first open lesson that is not complete."""
        done = self.completed
        return next((lesson for lesson in self.course.lessons if lesson.key not in done), None)

    def resume_at(self) -> LessonOutline | None:
        """The lesson they were last in while it is not complete, else the next one; None when all is done."""
        last = self.enrollment.last_lesson_id if self.enrollment else None
        done = self.completed
        for lesson in self.course.lessons:
            if lesson.lesson_id == last and lesson.key not in done and not self.locked_by(lesson.key):
                return lesson
        return self.next_lesson()


@lru_cache(maxsize=256)
def _first_published(version_id: int) -> dict[int, datetime]:
    """When each lesson of a version first came out, by its id; kept, for neither this version nor the ones before it change."""
    ids = [lesson.lesson_id for lesson in get_outline(version_id).lessons]
    rows = db.session.execute(
        select(LessonVersion.lesson_id, func.min(CourseVersion.published_at))
        .join(CourseVersion, CourseVersion.id == LessonVersion.version_id)
        .where(LessonVersion.lesson_id.in_(ids))
        .group_by(LessonVersion.lesson_id)
    )
    return dict(rows.all())


_enrollment: Any = Enrollment.__table__
_progress: Any = LessonProgress.__table__
_STANDING_COLUMNS = (  # first the lesson and its LessonStanding, read by place for speed
    _progress.c.lesson_id,
    _progress.c.state,
    as_kept(_progress.c.started_at).label("started_at"),
    as_kept(_progress.c.completed_at).label("lesson_completed_at"),
    as_kept(_progress.c.position).label("position"),
    _enrollment.c.id,
    _enrollment.c.source,
    _enrollment.c.assigned_by_id,
    as_kept(_enrollment.c.due_on).label("due_on"),
    as_kept(_enrollment.c.enrolled_at).label("enrolled_at"),
    as_kept(_enrollment.c.completed_at).label("completed_at"),
    _enrollment.c.last_lesson_id,
)
_SAME_COURSE = (_progress.c.user_id == _enrollment.c.user_id) & (_progress.c.course_id == _enrollment.c.course_id)
_ENROLLMENT = 5  # where its columns begin
_STANDING = Direct(
    select(*_STANDING_COLUMNS)
    .select_from(_enrollment.outerjoin(_progress, _SAME_COURSE))
    .where(_enrollment.c.user_id == bindparam("user_id"), _enrollment.c.course_id == bindparam("course_id"))
)
_course: Any = Course.__table__
_STANDING_BY_SLUG = Direct(
    select(*_STANDING_COLUMNS, _course.c.current_version_id)
    .select_from(
        _course.outerjoin(
            _enrollment.outerjoin(_progress, _SAME_COURSE),
            (_enrollment.c.course_id == _course.c.id) & (_enrollment.c.user_id == bindparam("user_id")),
        )
    )
    .where(_course.c.slug == bindparam("slug"))
)


def standing_in(user_id: int, course: CourseOutline) -> CourseStanding:
    """One statement, built once: the enrollment with all its lesson rows."""
    return _standing(course, _STANDING.rows(db.session.connection(), {"user_id": user_id, "course_id": course.course_id}))


def get_standing(user_id: int, slug: str) -> CourseStanding:
    """A person in the course with this address, whether they take it or not; one statement. Raises NotFound."""
    rows = _STANDING_BY_SLUG.rows(db.session.connection(), {"user_id": user_id, "slug": slug})
    version_id = rows[0][-1] if rows else None
    if version_id is None:
        raise NotFound
    return _standing(get_outline(version_id), rows if rows[0][_ENROLLMENT] is not None else [])


def assigner_of(standing: CourseStanding) -> str | None:
    """The name of who assigned the course, None when it was taken by own choice."""
    if not standing.is_enrolled or standing.enrollment.assigned_by_id is None:
        return None
    return db.session.scalar(select(User.full_name).where(User.id == standing.enrollment.assigned_by_id))


def _standing(course: CourseOutline, rows: Sequence[Any]) -> CourseStanding:
    if not rows:
        return CourseStanding(course, None)
    keys = {lesson.lesson_id: lesson.key for lesson in course.lessons}
    lessons = {keys[row[0]]: LessonStanding._make(row[1:5]) for row in rows if row[0] in keys}
    source, assigned_by_id, due_on, enrolled_at, completed_at, last_lesson_id = rows[0][_ENROLLMENT + 1 : _ENROLLMENT + 7]
    enrollment = EnrollmentFacts(source, assigned_by_id, day_of(due_on), moment_of(enrolled_at), moment_of(completed_at), last_lesson_id)
    return CourseStanding(course, enrollment, lessons)


@dataclass(frozen=True, slots=True)
class CourseTaken:
    """One enrollment as a list shows it."""

    course: CourseOutline
    source: str
    due_on: date | None
    enrolled_at: datetime
    completed_at: datetime | None
    last_lesson_id: int | None
    last_seen_at: datetime | None
    lessons_done: int

    @property
    def share(self) -> float:
        """Lessons done, from 0 to 1; what was completed stays complete in a later version."""
        return 1.0 if self.completed_at else rules.percent(self.lessons_done, len(self.course.lessons)) / 100


_TAKEN = (
    select(
        _course.c.current_version_id,
        _enrollment.c.source,
        _enrollment.c.due_on,
        _enrollment.c.enrolled_at,
        _enrollment.c.completed_at,
        _enrollment.c.last_lesson_id,
        _enrollment.c.last_seen_at,
        func.count(_progress.c.id),
    )
    .select_from(
        _enrollment.join(_course, _course.c.id == _enrollment.c.course_id).outerjoin(
            _progress, _SAME_COURSE & (_progress.c.state == LessonState.COMPLETED)
        )
    )
    .where(_enrollment.c.user_id == bindparam("user_id"))
    .group_by(_enrollment.c.id, _course.c.current_version_id)
)


def list_courses_taken(user_id: int) -> list[CourseTaken]:
    """Every course a person takes or took, the one last seen first; one statement."""
    rows = db.session.execute(_TAKEN, {"user_id": user_id})
    taken: list[CourseTaken] = []
    for version_id, *rest in cast(Iterable[Any], rows):
        if version_id is not None:
            taken.append(CourseTaken(get_outline(version_id), *rest))
    return sorted(taken, key=lambda item: item.last_seen_at or item.enrolled_at, reverse=True)


def standings_of(user_id: int) -> dict[int, Standing]:
    """How a person stands in each course they take, by course id; one statement."""
    rows = db.session.execute(
        select(Enrollment.course_id, Enrollment.due_on, Enrollment.completed_at, CourseVersion.lesson_count, func.count(LessonProgress.id))
        .join(Course, Course.id == Enrollment.course_id)
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .outerjoin(
            LessonProgress,
            (LessonProgress.user_id == Enrollment.user_id)
            & (LessonProgress.course_id == Enrollment.course_id)
            & (LessonProgress.state == LessonState.COMPLETED),
        )
        .where(Enrollment.user_id == user_id)
        .group_by(Enrollment.course_id, Enrollment.due_on, Enrollment.completed_at, CourseVersion.lesson_count)
    )
    return {
        course_id: Standing(1.0) if completed_at else Standing(rules.percent(done, lessons) / 100, due_on)
        for course_id, due_on, completed_at, lessons, done in rows
    }


def completed_lesson_ids(user_id: int, course_id: int) -> set[int]:
    return set(
        db.session.scalars(
            select(LessonProgress.lesson_id).where(
                LessonProgress.user_id == user_id, LessonProgress.course_id == course_id, LessonProgress.state == LessonState.COMPLETED
            )
        )
    )


def accruals_by_course(user_id: int, course_ids: Collection[int]) -> dict[int, list[JpAccrual]]:
    """The minutes behind ledger entries, course by course, in the order they were learned; one statement."""
    found: dict[int, list[JpAccrual]] = {course_id: [] for course_id in course_ids}
    if course_ids:
        rows = db.session.scalars(
            select(JpAccrual).where(JpAccrual.user_id == user_id, JpAccrual.course_id.in_(course_ids)).order_by(JpAccrual.event_sequence)
        )
        for row in rows:
            found[row.course_id].append(row)
    return found


def counted_minutes_by_course(user_id: int) -> dict[int, float]:
    """All minutes that count so far, by course, credited or not."""
    rows = db.session.execute(
        select(JpAccrual.course_id, func.sum(JpAccrual.counted_minutes)).where(JpAccrual.user_id == user_id).group_by(JpAccrual.course_id)
    )
    return dict(rows.all())


def find_credit(user_id: int, course_id: int) -> JpCredit | None:
    """The ledger's entry for a course, when there is one."""
    return db.session.scalar(_CREDIT, {"user_id": user_id, "activity": course_activity(course_id)})


_CREDIT = select(JpCredit).where(JpCredit.user_id == bindparam("user_id"), JpCredit.activity == bindparam("activity"))


def missing_prerequisites(user_id: int, course: CourseOutline) -> list[tuple[str, str]]:
    """Courses (slug, title) to complete before this one, in the course's own order. A prerequisite that was never published binds nobody."""
    if not course.prerequisites:
        return []
    rows = db.session.execute(
        select(Course.slug, CourseVersion.title, Enrollment.completed_at)
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .outerjoin(Enrollment, (Enrollment.course_id == Course.id) & (Enrollment.user_id == user_id))
        .where(Course.slug.in_(course.prerequisites))
    ).all()
    open_ones = {slug: title for slug, title, completed_at in rows if completed_at is None}
    return [(slug, open_ones[slug]) for slug in course.prerequisites if slug in open_ones]


def watched_layers(user_id: int, lesson_id: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Milliseconds of a video a person played: at least once, and more than once."""
    once: list[tuple[int, int]] = []
    again: list[tuple[int, int]] = []
    for layer, start, end in db.session.execute(_WATCHED, {"user_id": user_id, "lesson_id": lesson_id}):
        (once if layer == 1 else again).append((start, end))
    return once, again


_span: Any = WatchedSpan.__table__
_WATCHED = (
    select(_span.c.layer, _span.c.start_ms, _span.c.end_ms)
    .where(_span.c.user_id == bindparam("user_id"), _span.c.lesson_id == bindparam("lesson_id"))
    .order_by(_span.c.layer, _span.c.start_ms)
)
