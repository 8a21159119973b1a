"""What learning announces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A person takes a course: by themselves, or assigned by somebody, perhaps with a date. Announced again when the date changes.

    `assigned_by_id` and `due_on` are None for a course taken by oneself.
    """

    user_id: int
    course_id: int
    assigned_by_id: int | None
    due_on: date | None


@dataclass(frozen=True, slots=True)
class LessonCompleted:
    """A lesson was completed for the first time; its minutes were counted on the local day of `completed_at`."""

    user_id: int
    course_id: int
    lesson_id: int
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class ActivityCredited:
    """An activity that is no course (`webinar:12`) stands in the ledger with `jp`, or stands there with another number than `before`."""

    user_id: int
    activity: str
    title: str
    jp: int
    before: int
    sequence: int


@dataclass(frozen=True, slots=True)
class CourseCompleted:
    """The last lesson of a course was completed, and its JP (whole hours of 45 minutes) stand in the ledger."""

    user_id: int
    course_id: int
    completed_at: datetime
    jp: int
