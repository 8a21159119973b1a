"""What is still missing, and why: one answer for the learner's page, the helpdesk and programs.

Every condition of a lesson or a course is one `Condition`, met or not; the page draws the list, JSON carries the same list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.courses.addresses import lesson_path
from app.courses.outline import CourseOutline, LessonOutline
from app.learning.queries import CourseStanding, LessonStanding


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold. `code` is for programs; `label` is a sentence; `amount` how far; `reason` why or where."""

    code: str
    done: bool
    label: str
    amount: str = ""
    reason: str = ""
    url: str = ""
    links: tuple[tuple[str, str], ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "done": self.done, "label": self.label, "amount": self.amount, "reason": self.reason, "url": self.url}


@dataclass(frozen=True, slots=True)
class LessonSeat:
    """One person before one lesson: everything a lesson kind may look at."""

    user_id: int
    standing: CourseStanding
    lesson: LessonOutline

    @property
    def course(self) -> CourseOutline:
        return self.standing.course

    @property
    def progress(self) -> LessonStanding | None:
        return self.standing.lessons.get(self.lesson.key)

    @property
    def is_complete(self) -> bool:
        return self.lesson.key in self.standing.completed


def explain_lock(seat: LessonSeat) -> list[Condition]:
    """The lessons to complete before this one opens; empty when it is open."""
    course = seat.course
    return [
        Condition(
            "lesson_first",
            False,
            _("Selesaikan dulu “%(title)s”", title=course.lesson(key).title),
            reason=_("Materi itu ditambahkan sesudah Anda mengikuti kursus ini; yang ini terbuka setelahnya.")
            if key in seat.standing.added
            else _("Materi ini terbuka setelahnya."),
            url=lesson_path(course.slug, key),
        )
        for key in seat.standing.locked_by(seat.lesson.key)[:1]
    ]


def explain_lesson(seat: LessonSeat) -> list[Condition]:
    """What is missing for a lesson: first what locks it, else what its kind asks for."""
    from app.learning.kinds import behavior_of  # the kinds import this module for their conditions

    if not seat.standing.is_enrolled:
        return [Condition("enrollment", False, _("Ikuti kursus ini dulu"), reason=_("Kemajuan dicatat setelah Anda terdaftar."))]
    return explain_lock(seat) or behavior_of(seat.lesson.kind).conditions(seat)


def explain_course(user_id: int, standing: CourseStanding) -> list[Condition]:
    """What is missing for a course: each module in turn, the open lessons named."""
    if not standing.is_enrolled:
        return [Condition("enrollment", False, _("Ikuti kursus ini dulu"), reason=_("Kemajuan dicatat setelah Anda terdaftar."))]
    conditions = []
    upcoming = standing.next_lesson()
    for module in standing.course.modules:
        left = [lesson for lesson in module.lessons if lesson.key not in standing.completed]
        total = len(module.lessons)
        names = ", ".join(lesson.title for lesson in left[:2])
        conditions.append(
            Condition(
                f"module:{module.key}",
                not left,
                _("Modul %(number)s: %(title)s", number=module.position, title=module.title),
                amount=f"{total - len(left)}/{total}",
                reason=_remaining(names, len(left) - 2) if left else "",
                url=lesson_path(standing.course.slug, left[0].key) if left and upcoming in left else "",
            )
        )
    return conditions


def _remaining(names: str, more: int) -> str:
    if more <= 0:
        return _("Belum: %(names)s.", names=names)
    return ngettext("Belum: %(names)s, dan %(num)s lagi.", "Belum: %(names)s, dan %(num)s lagi.", more, names=names)
