"""What learning's templates call: names for codes, a lesson's line in the outline, the note about a day's cap."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.courses.addresses import course_path, lesson_path
from app.courses.kinds import get_kind
from app.courses.outline import CourseOutline, LessonOutline, ModuleOutline, get_outline
from app.kernel import clock
from app.learning import ledger
from app.learning.queries import CourseStanding
from app.learning.slots import reason_words
from app.learning.sounds import sound_lessons
from app.ui.drawing import draw, kept
from app.ui.formats import angka

FORM_LABELS = {
    "E_LEARNING": _l("e-learning"),
    "SEMINAR": _l("seminar atau webinar"),
    "WORKSHOP": _l("lokakarya"),
    "SOSIALISASI": _l("sosialisasi"),
}
SOUND = _l("Rekaman suara")


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(form_label=form_label, kind_label=kind_label, day_note=day_note, outline_module=outline_module)
    app.jinja_env.globals.update(course_path=course_path, lesson_path=lesson_path)
    app.jinja_env.globals.update(whereabouts=whereabouts, next_step=next_step, lesson_law=lesson_law, course_part=course_part, note_mold=note_mold)
    app.jinja_env.globals.update(reason_words=reason_words)


def form_label(form: str) -> Any:
    """A learning form as it stands inside a sentence; an unknown code as it is."""
    return FORM_LABELS.get(form, form)


def kind_label(course: CourseOutline, lesson: LessonOutline) -> Any:
    """What kind of lesson this is, in a word."""
    return SOUND if lesson.key in sound_lessons(course) else get_kind(lesson.kind).label


def outline_module(standing: CourseStanding, module: ModuleOutline, at: str | None) -> Markup:
    """A module with its lessons in the outline. There are few different ones in a course, so they are kept: every page shows them all."""
    lessons, course = module.lessons, standing.course
    here = at if at and course.lesson(at).module_key == module.key else None
    states = tuple(standing.states[lesson.key] for lesson in lessons) if standing.is_enrolled else ()
    is_open = here is not None or (not states and module.position == 1)
    openers = tuple(standing.openers.get(lesson.key, ()) for lesson in lessons) if states else ()
    added = standing.added.intersection(lesson.key for lesson in lessons)
    return kept(_draw_outline_module, course.version_id, module.key, states, openers, added, is_open, here, sound_lessons(course))


def _draw_outline_module(
    version_id: int,
    key: str,
    states: tuple[str, ...],
    openers: tuple[tuple[str, ...], ...],
    added: frozenset[str],
    is_open: bool,
    here: str | None,
    _sounds: frozenset[str],
) -> Markup:
    course = get_outline(version_id)
    titles = [", ".join(course.lesson(one).title for one in keys) for keys in openers]
    return draw("learning/_outline_module.html", "outline_module", course, course.module(key), states, titles, added, states.count("done"), is_open, here)


def course_part(part: str, course: CourseOutline) -> Markup:
    """`head`, `outcomes` or `basis` of a course's page."""
    return kept(_draw_course_part, part, course.version_id)


def _draw_course_part(part: str, version_id: int) -> Markup:
    return draw("learning/_course_parts.html", part, get_outline(version_id))


def note_mold() -> Markup:
    """An empty note, from which the page's script makes new ones."""
    return kept(draw, "learning/_notes.html", "note_row")


def whereabouts(course: CourseOutline, lesson: LessonOutline) -> Markup:
    """Where in its course a lesson stands, and its title."""
    return kept(_draw_lesson_part, "whereabouts", course.version_id, lesson.key)


def lesson_law(course: CourseOutline, lesson: LessonOutline) -> Markup:
    """The regulations a lesson rests on, and when it was reviewed; nothing when it rests on none."""
    return kept(_draw_lesson_part, "lesson_law", course.version_id, lesson.key)


def _draw_lesson_part(part: str, version_id: int, key: str) -> Markup:
    course = get_outline(version_id)
    lesson = course.lesson(key)
    if part == "whereabouts":
        return draw("learning/_lesson_parts.html", part, course, course.module(lesson.module_key), lesson)
    return draw("learning/_lesson_parts.html", part, course, lesson) if lesson.legal_basis else Markup()


def next_step(course: CourseOutline, lesson: LessonOutline, locked: bool, complete: bool) -> Markup:
    """Where to go on from a lesson; `locked` when what comes next waits for something."""
    return kept(_draw_next_step, course.version_id, lesson.key, locked, complete, sound_lessons(course))


def _draw_next_step(version_id: int, key: str, locked: bool, complete: bool, _sounds: frozenset[str]) -> Markup:
    course = get_outline(version_id)
    return draw("learning/_next_step.html", "next_step", course, course.previous(key), course.next(key), locked, complete)


def day_note(course: CourseOutline) -> str:
    """Why a long course cannot be credited in one day; empty when it can."""
    cap = ledger.day_cap(course.form, clock.today())
    if cap is None or course.learning_minutes <= cap.minutes:
        return ""
    return _(
        "E-learning dihitung paling banyak %(jp)s JP sehari, jadi kursus ini perlu paling sedikit %(days)d hari belajar.",
        jp=angka(cap.jp),
        days=-(-int(course.learning_minutes) // int(cap.minutes)),
    )
