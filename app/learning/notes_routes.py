"""A learner's own notes at a video: read, write, delete, take along."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, render_template, request
from flask_login import current_user

from app.courses.outline import CourseOutline, LessonOutline
from app.kernel import clock
from app.kernel.access import requires
from app.kernel.db import transaction
from app.kernel.errors import NotFound
from app.learning import notes, queries
from app.learning.permissions import LEARN
from app.learning.routes import bp


def _video_of(slug: str, key: str) -> tuple[CourseOutline, LessonOutline]:
    """The video of a course that this person takes. Raises NotFound for outsiders, and for lessons of another kind."""
    standing = queries.get_standing(current_user.id, slug)
    lesson = standing.course.lesson(key)
    if not standing.is_enrolled or lesson.kind != "video":
        raise NotFound
    return standing.course, lesson


def as_json(note: Any) -> dict[str, Any]:
    return {"key": note.key, "at": note.at_ms / 1000, "text": note.text}


@bp.get("/kursus/<slug>/belajar/<key>/catatan")
@requires(LEARN)
def list_notes(slug: str, key: str) -> Any:
    _course, lesson = _video_of(slug, key)
    return jsonify(notes=[as_json(note) for note in notes.list_notes(current_user.id, lesson.lesson_id)])


@bp.get("/kursus/<slug>/belajar/<key>/catatan.txt")
@requires(LEARN)
def export_notes(slug: str, key: str) -> Any:
    course, lesson = _video_of(slug, key)
    mine = notes.list_notes(current_user.id, lesson.lesson_id)
    text = render_template("learning/notes.txt", course=course, lesson=lesson, notes=mine, today=clock.today())
    answer = Response(text, content_type="text/plain; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=f"catatan-{lesson.key}.txt")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.put("/kursus/<slug>/belajar/<key>/catatan/<note>")
@requires(LEARN)
def save_note(slug: str, key: str, note: str) -> Any:
    """Saved when this answers; the browser sends it again until then, and that is the same note."""
    _course, lesson = _video_of(slug, key)
    draft = notes.Draft.parse(note, request.get_json(silent=True))
    with transaction():
        notes.save_note(current_user.id, lesson.lesson_id, draft)
    return jsonify(key=draft.key, at=draft.at_ms / 1000, text=draft.text)


@bp.delete("/kursus/<slug>/belajar/<key>/catatan/<note>")
@requires(LEARN)
def delete_note(slug: str, key: str, note: str) -> Any:
    _course, lesson = _video_of(slug, key)
    with transaction():
        notes.delete_note(current_user.id, lesson.lesson_id, note)
    return jsonify(deleted=True)
