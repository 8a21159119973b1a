"""A video: complete when enough of its seconds were really played."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import Text, bindparam, cast, literal_column, select, union_all

from app.courses.models import Course, Lesson
from app.courses.outline import CourseOutline, LessonOutline, get_lesson_body, get_outline
from app.kernel.db import as_kept, db, transaction
from app.kernel.direct import Direct
from app.learning import queries, rules, services, spans, watching
from app.learning.kinds import Behavior, register
from app.learning.missing import Condition, LessonSeat
from app.learning.models import LearningNote, WatchedSpan
from app.learning.sounds import sound_lessons
from app.media import presentation
from app.media.models import AssetState, MediaAsset, MediaCaption
from app.media.queries import list_captions
from app.ui.drawing import draw, kept
from app.ui.formats import durasi

MOST_GAPS_NAMED = 3


class _NotFinal(Exception):
    """A video that is still being made: its length is what the probe found, and may change by a fraction of a second."""

    def __init__(self, seconds: float | None):
        self.seconds = seconds


@lru_cache(maxsize=1024)
def _kept_duration(asset_id: int) -> float:
    found = db.session.execute(select(MediaAsset.duration_seconds, MediaAsset.state).where(MediaAsset.id == asset_id)).one_or_none()
    seconds = found.duration_seconds if found else None
    if found is None or seconds is None or found.state != AssetState.READY:
        raise _NotFinal(seconds)  # not kept
    return seconds


def duration_ms(lesson: LessonOutline) -> int:
    """The length of a lesson's video in milliseconds; 0 while it is not known. It is known as soon as people can watch."""
    try:
        seconds = _kept_duration(lesson.content["asset_id"])
    except _NotFinal as growing:
        seconds = growing.seconds or 0
    return int(seconds * 1000)


def is_covered(lesson: LessonOutline, covered_ms: int) -> bool:
    whole = duration_ms(lesson)
    return whole > 0 and covered_ms >= watching.needed_ms(whole, lesson.content["coverage"])


def watched_layers(user_id: int, lesson: LessonOutline) -> tuple[list[spans.Span], list[spans.Span]]:
    """What a person played at least once and more than once, of the video that the lesson shows now."""
    once, again = queries.watched_layers(user_id, lesson.lesson_id)
    whole = duration_ms(lesson)
    return (spans.within(once, whole), spans.within(again, whole)) if whole else (once, again)


def find_covered(user_id: int, lesson_id: int) -> tuple[CourseOutline, LessonOutline] | None:
    """The course and lesson, when this person has really watched enough of it; None otherwise."""
    version_id = db.session.scalar(select(Course.current_version_id).join(Lesson, Lesson.course_id == Course.id).where(Lesson.id == lesson_id))
    outline = get_outline(version_id) if version_id else None
    lesson = next((item for item in outline.lessons if item.lesson_id == lesson_id), None) if outline else None
    if outline is None or lesson is None or lesson.kind != "video":
        return None
    once, _again = watched_layers(user_id, lesson)
    return (outline, lesson) if is_covered(lesson, spans.length(once)) else None


def length_words(milliseconds: int) -> str:
    """A length as people say it: "4 menit 12 detik"; a second that has begun is named whole."""
    seconds = -(-milliseconds // 1000)
    if seconds < 60:
        return _("%(s)d detik", s=seconds)
    return _("%(m)d menit %(s)d detik", m=seconds // 60, s=seconds % 60) if seconds % 60 else _("%(m)d menit", m=seconds // 60)


def describe_watching(lesson: LessonOutline, once: list[spans.Span], is_complete: bool) -> list[Condition]:
    """How much is still to be watched, and which parts."""
    whole, covered = duration_ms(lesson), spans.length(once)
    needed = watching.needed_ms(whole, lesson.content["coverage"])
    share = rules.percent(covered, whole)
    done = is_complete or is_covered(lesson, covered)
    if not whole:
        return [Condition("not_ready", is_complete, _("Video sedang disiapkan"), reason=_("Halaman ini dapat ditonton begitu videonya siap."))]
    if done:
        return [Condition("coverage", True, _("Video sudah ditonton"), amount=f"{share} %")]
    left = spans.gaps(once, whole)
    named = ", ".join(
        _("%(start)s sampai %(end)s", start=durasi(start / 1000), end=_("akhir") if end >= whole else durasi(end / 1000))
        for start, end in left[:MOST_GAPS_NAMED]
    )
    return [
        Condition(
            "coverage",
            False,
            _("Tonton %(time)s lagi", time=length_words(needed - covered)),
            amount=f"{share} %",
            reason=_("Perlu %(need)s. Belum ditonton: %(parts)s.", need=f"{round(lesson.content['coverage'] * 100)} %", parts=named),
        )
    ]


def chapters_watched(lesson: LessonOutline, once: list[spans.Span]) -> list[dict[str, Any]]:
    """The chapters with how much of each was watched: todo, half or done (all but the last second)."""
    whole, chapters = duration_ms(lesson), lesson.content["chapters"]
    starts = [round(chapter["at"] * 1000) for chapter in chapters]
    found = []
    for chapter, start, end in zip(chapters, starts, [*starts, whole][1:], strict=True):
        seen = spans.length(spans.common(once, [(start, end)]))
        state = "todo" if seen == 0 else "done" if seen >= end - start - 1000 else "half"
        found.append({"at": chapter["at"], "title": chapter["title"], "state": state})
    return found


def conditions(seat: LessonSeat) -> list[Condition]:
    return describe_watching(seat.lesson, watched_layers(seat.user_id, seat.lesson)[0], seat.is_complete)


class Note(NamedTuple):
    """A person's own note at a moment of the video, as `notes.list_notes` has it."""

    key: str
    at_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person finds on the page of a video: the parts they played, their notes, and the video as it is now (None: it is gone)."""

    once: list[spans.Span]
    again: list[spans.Span]
    notes: list[Note]
    material: presentation.AsItIs | None


_span: Any = WatchedSpan.__table__
_note: Any = LearningNote.__table__
_asset: Any = MediaAsset.__table__
_caption: Any = MediaCaption.__table__
_HERS = {"user_id": bindparam("user_id"), "lesson_id": bindparam("lesson_id")}
_ONCE, _AGAIN, _NOTE, _ASSET, _CAPTION = 1, 2, 3, 4, 5  # the first two are the layers of watched spans


def _select(what: Any, first: Any, second: Any, key: Any, text: Any, *where: Any) -> Any:
    return select(what.label("what"), first.label("first"), second.label("second"), key.label("key"), text.label("text")).where(*where)


def _of_hers(table: Any) -> list[Any]:
    return [table.c[name] == value for name, value in _HERS.items()]


_NOTHING, _THIS_ASSET = literal_column("''"), bindparam("asset_id")
_ALL = union_all(
    _select(_span.c.layer, _span.c.start_ms, _span.c.end_ms, _NOTHING, _NOTHING, *_of_hers(_span)),
    _select(literal_column(str(_NOTE)), _note.c.at_ms, _note.c.id, _note.c.key, _note.c.text, *_of_hers(_note)),
    _select(literal_column(str(_ASSET)), _asset.c.generation, literal_column("0"), _NOTHING, _asset.c.state, _asset.c.id == _THIS_ASSET),
    _select(
        literal_column(str(_CAPTION)), _caption.c.id, literal_column("0"), _NOTHING, cast(as_kept(_caption.c.updated_at), Text),
        _caption.c.asset_id == _THIS_ASSET,
    ),
).order_by("what", "first", "second")  # fmt: skip
_ON_THE_DESK = Direct(_ALL)  # one statement instead of four


def _desk_of(user_id: int, lesson: LessonOutline) -> Desk:
    asset_id, whole = lesson.content["asset_id"], duration_ms(lesson)
    found: dict[int, list[Any]] = {_ONCE: [], _AGAIN: [], _NOTE: [], _ASSET: [], _CAPTION: []}
    asked = {"user_id": user_id, "lesson_id": lesson.lesson_id, "asset_id": asset_id}
    for what, first, second, key, text in _ON_THE_DESK.rows(db.session.connection(), asked):
        found[what].append((first, second) if what <= _AGAIN else Note(key, first, text) if what == _NOTE else (first, text))
    once, again = (spans.within(found[layer], whole) if whole else found[layer] for layer in (_ONCE, _AGAIN))
    material = None
    if found[_ASSET]:
        generation, state = found[_ASSET][0]
        material = presentation.AsItIs(asset_id, state, generation, tuple(found[_CAPTION]))
    return Desk(once, again, found[_NOTE], material)


def _player(lesson: LessonOutline, now: presentation.AsItIs, start_at: float) -> tuple[Markup | None, MediaAsset | None]:
    """The player; or None, and the video that cannot be watched yet."""
    chapters = tuple((chapter["at"], chapter["title"]) for chapter in lesson.content["chapters"])
    if now.state == AssetState.READY:
        return presentation.draw_player(now, lesson.title, chapters, start_at, current_user), None
    asset = db.session.get_one(MediaAsset, now.asset_id)
    if not asset.is_playable:
        return None, asset
    sources, tracks = presentation.video_sources(asset, current_user), presentation.caption_tracks(asset, list_captions(asset.id), current_user)
    return presentation.draw_player_of(sources, tracks, lesson.title, chapters, start_at), None


def _draw_chapters(version_id: int, key: str, states: tuple[str, ...]) -> Markup:
    chapters = get_outline(version_id).lesson(key).content["chapters"]
    named = [{"at": chapter["at"], "title": chapter["title"], "state": state} for chapter, state in zip(chapters, states, strict=True)]
    return draw("media/_player.html", "chapters", named)


def context(seat: LessonSeat) -> dict[str, Any]:
    lesson = seat.lesson
    desk = _desk_of(seat.user_id, lesson)
    covered, whole = spans.length(desk.once), duration_ms(lesson)
    if not seat.is_complete and is_covered(lesson, covered):
        with transaction():
            services.complete_lesson(seat.user_id, seat.course, lesson)
    position = (seat.progress.position.get("seconds") if seat.progress else None) or 0
    player, waiting = _player(lesson, desk.material, position) if desk.material else (None, None)
    chapters = chapters_watched(lesson, desk.once)
    return {
        "body": get_lesson_body(lesson.lesson_version_id),
        "ticket": watching.make_ticket(seat.user_id, lesson.lesson_id),
        "notes": desk.notes,
        "file": waiting,
        "player": player,
        "transcript": presentation.draw_transcript(lesson.content["asset_id"], desk.material.captions if desk.material else ()),
        "chapters": chapters,
        "chapter_list": kept(_draw_chapters, seat.course.version_id, lesson.key, tuple(chapter["state"] for chapter in chapters)),
        "duration": whole / 1000,
        "once": [(start / 1000, end / 1000) for start, end in desk.once],
        "again": [(start / 1000, end / 1000) for start, end in desk.again],
        "share": rules.percent(covered, whole),
        "covered": covered / 1000,
        "needed_percent": round(lesson.content["coverage"] * 100),
        "conditions": describe_watching(lesson, desk.once, seat.is_complete),
        "position_seconds": position,
        "is_sound": lesson.key in sound_lessons(seat.course),
    }


register(Behavior("video", "learning/kinds/video.html", context, conditions))
