"""The recording as a lesson: a course of one module with one video, published like any course, so that watching, notes, search and JP work
as they do everywhere."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.courses.kinds import half_minutes, whole_jp
from app.courses.lesson_kinds.video import DEFAULT_COVERAGE
from app.courses.models import Course
from app.courses.outline import FREE
from app.courses.services import CourseDraft, Door, LessonDraft, ModuleDraft, publish_version
from app.kernel import clock, jobs
from app.kernel.db import db
from app.kernel.html import plain_text, sanitize_html
from app.kernel.regulation import find_rule
from app.recordings.models import Recording
from app.recordings.story import Story
from app.ui.drawing import draw
from app.webinars.models import Webinar

LESSON_KEY = "rekaman"
REPLAY_COUNTS_AS = "replay_counts_as"
LONGEST_SLUG = 80
MAKE_FINDABLE = "recordings.make_findable"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A course that only lacks the number of its video."""

    draft: CourseDraft


def replay_form(on: datetime) -> str | None:
    """As which learning form watching a recording counts, by the rule of that day; None when there is none: then it earns no JP."""
    rule = find_rule(REPLAY_COUNTS_AS, clock.local_day(on))
    return rule.value if rule else None


def slug_of(webinar: Webinar) -> str:
    slug = f"rekaman-{webinar.slug}"
    if len(slug) > LONGEST_SLUG:
        slug = f"{slug[: LONGEST_SLUG - 12].rstrip('-')}-{webinar.id}"
    return slug


def prepare(webinar_id: int, told: Story, seconds: float) -> Prepared:
    """The course in words; reads, and draws its text."""
    webinar = db.session.get_one(Webinar, webinar_id)
    minutes = half_minutes(seconds / 60)
    ended_at = webinar.ended_at or clock.now()
    form = replay_form(ended_at)
    body = sanitize_html(str(draw("recordings/_lesson_text.html", "lesson_text", webinar, told.agenda, told.questions)))
    content: dict[str, Any] = {
        "duration_seconds": seconds,
        "captions": [],
        "chapters": [{"at": chapter.seconds, "title": chapter.title} for chapter in told.chapters],
        "coverage": DEFAULT_COVERAGE,
    }
    lesson = LessonDraft(
        key=LESSON_KEY,
        kind="video",
        title=webinar.title,
        minutes=minutes,
        legal_basis=(),
        reviewed_on=clock.local_day(ended_at),
        requires=(),
        body_markdown=plain_text(body),
        body_html=body,
        content=content,
    )
    draft = CourseDraft(
        slug=slug_of(webinar),
        digest="",
        title=_("Rekaman: %(title)s", title=webinar.title)[:255],
        summary=webinar.summary or _("Rekaman webinar %(title)s.", title=webinar.title),
        outcomes=tuple(item.title for item in told.agenda),
        jp=min(webinar.jp, whole_jp(minutes)) if form else 0,
        form=form or webinar.form,
        competency_group="TEKNIS",
        competency=_("Webinar"),
        competency_level=1,
        partner=webinar.partner,
        sequence=FREE,
        prerequisites=(),
        legal_basis=(),
        reviewed_on=clock.local_day(ended_at),
        review_note=_("Rekaman siaran langsung, ditampilkan tanpa disunting."),
        language="id",
        modules=(ModuleDraft("rekaman", _("Rekaman"), (lesson,)),),
    )
    return Prepared(draft)


def publish(prepared: Prepared, asset_id: int, course_id: int | None) -> int:
    """Publish it in the caller's transaction; returns the course. A course of that name which is not this recording's is left alone."""
    draft = prepared.draft
    taken = db.session.scalar(
        select(Course.id)
        .outerjoin(Recording, Recording.course_id == Course.id)
        .where(Course.slug == draft.slug, Course.id != (course_id or 0))
    )
    if taken is not None:
        draft = replace(draft, slug=f"{draft.slug[: LONGEST_SLUG - 7].rstrip('-')}-{asset_id}")
    lesson = draft.modules[0].lessons[0]
    lesson = replace(lesson, content={"asset_id": asset_id, **lesson.content}, asset_ids=(asset_id,))
    draft = replace(draft, modules=(replace(draft.modules[0], lessons=(lesson,)),))
    publish_version(replace(draft, digest=_digest(draft)), None, Door.RECORDING)
    return db.session.scalars(select(Course.id).where(Course.slug == draft.slug)).one()


def _digest(draft: CourseDraft) -> str:
    lesson = draft.lessons[0]
    said = [draft.slug, draft.title, draft.summary, draft.outcomes, draft.jp, draft.form, draft.partner, lesson.title, lesson.minutes]
    return hashlib.sha256(json.dumps([*said, lesson.body_html, dict(lesson.content)]).encode()).hexdigest()


def ask_to_be_found(webinar_id: int) -> None:
    jobs.enqueue(MAKE_FINDABLE, webinar_id=webinar_id)
