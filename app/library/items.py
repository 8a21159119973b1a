"""What people do with items of the library: bring in, name, take away. And where an item is used."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.courses.models import Course, CourseModule, CourseVersion, Lesson, LessonAsset, LessonVersion
from app.interchange.models import PackageFile
from app.kernel import clock
from app.kernel.db import db, insert_into
from app.kernel.errors import Conflict, Invalid
from app.library.models import ChangeState, CourseChange, LibraryItem
from app.media import services as media
from app.media import uses
from app.media.models import MediaAsset
from app.people import audit
from app.people.models import Employee

LONGEST_TITLE, LONGEST_NOTE = 200, 2000


@dataclass(frozen=True, slots=True)
class Place:
    """A lesson of a course's current version that shows a file."""

    asset_id: int
    course_id: int
    slug: str
    course: str
    module: str
    key: str
    lesson: str
    kind: str


def title_from(name: str) -> str:
    """What a file is called before anybody has named it: its name without the ending, underscores as spaces."""
    return " ".join(Path(name).stem.replace("_", " ").split())[:LONGEST_TITLE] or name[:LONGEST_TITLE]


def add_item(user_id: int, asset_id: int, name: str) -> None:
    """A person has brought this file in. Once for each person and file: who brings it again finds the item that is there."""
    unit_id = db.session.scalar(select(Employee.org_unit_id).where(Employee.user_id == user_id))
    row = insert_into(LibraryItem).values(
        owner_id=user_id, unit_id=unit_id, asset_id=asset_id, title=title_from(name), note="", added_at=clock.now()
    )
    db.session.execute(row.on_conflict_do_nothing(index_elements=["owner_id", "asset_id"]))


def add_items_of_version(version_id: int) -> None:
    """Files that a course shows and nobody has in the library belong to BKPSDM, named like the first lesson that shows them."""
    rows = db.session.execute(
        select(LessonAsset.asset_id, LessonVersion.title, MediaAsset.original_name, LessonVersion.kind)
        .join(LessonVersion, LessonVersion.id == LessonAsset.lesson_version_id)
        .join(MediaAsset, MediaAsset.id == LessonAsset.asset_id)
        .where(LessonVersion.version_id == version_id, LessonAsset.asset_id.not_in(select(LibraryItem.asset_id)))
        .order_by(LessonVersion.position)
    ).all()
    added: set[int] = set()
    for asset_id, title, name, kind in rows:
        if asset_id not in added:
            added.add(asset_id)
            shown_alone = kind in ("video", "document")
            item = LibraryItem(asset_id=asset_id, title=title if shown_alone else title_from(name), note="", added_at=clock.now())
            db.session.add(item)
    db.session.flush()


def find_places(asset_ids: Collection[int]) -> dict[int, list[Place]]:
    """Where files are shown now, by asset; one query."""
    found: dict[int, list[Place]] = {}
    if not asset_ids:
        return found
    rows = db.session.execute(
        select(
            LessonAsset.asset_id,
            Course.id,
            Course.slug,
            CourseVersion.title,
            CourseModule.title,
            Lesson.key,
            LessonVersion.title,
            LessonVersion.kind,
        )
        .join(LessonVersion, LessonVersion.id == LessonAsset.lesson_version_id)
        .join(Lesson, Lesson.id == LessonVersion.lesson_id)
        .join(CourseModule, CourseModule.id == LessonVersion.module_id)
        .join(CourseVersion, CourseVersion.id == LessonVersion.version_id)
        .join(Course, Course.current_version_id == CourseVersion.id)
        .where(LessonAsset.asset_id.in_(asset_ids))
        .order_by(CourseVersion.title, LessonVersion.position)
    )
    for row in rows:
        found.setdefault(row[0], []).append(Place(*row))
    return found


def is_needed(asset_id: int) -> bool:
    """Slot of `media.uses`: somebody has it in the library, or some version of a course names it, be it an old one."""
    for holder in (LibraryItem, LessonAsset, PackageFile):
        if db.session.scalar(select(holder.asset_id).where(holder.asset_id == asset_id).limit(1)) is not None:
            return True
    return False


def describe_item(item: LibraryItem, title: str, note: str) -> None:
    """Name an item and note something about it. Raises Invalid."""
    title, note = " ".join(title.split()), note.replace("\r\n", "\n").strip()
    fields = {}
    if not 1 <= len(title) <= LONGEST_TITLE:
        fields["title"] = _("Isi judulnya, paling banyak %(most)s karakter.", most=LONGEST_TITLE)
    if len(note) > LONGEST_NOTE:
        fields["note"] = _("Catatan paling banyak %(most)s karakter.", most=LONGEST_NOTE)
    if fields:
        raise Invalid(fields=fields)
    item.title, item.note = title, note
    db.session.flush()


def count_others(item: LibraryItem) -> int:
    """How many other people have the same file in the library."""
    others = select(func.count()).where(LibraryItem.asset_id == item.asset_id, LibraryItem.id != item.id)
    return db.session.scalar(others) or 0


def remove_item(item: LibraryItem, actor_id: int) -> None:
    """Take an item out of the library; with the last one of a file goes the file, unless an older version of a course names it.

    Raises Conflict while a lesson shows the file and nobody else has it, or while a course is being changed with it.
    """
    db.session.execute(select(MediaAsset.id).where(MediaAsset.id == item.asset_id).with_for_update())
    waiting = select(CourseChange.id).where(CourseChange.item_id == item.id, CourseChange.state == ChangeState.WAITING)
    if db.session.scalar(waiting) is not None:
        raise Conflict(_("Berkas ini sedang dipakai untuk mengubah kursus. Tunggu sampai selesai."), code="being_used")
    places = find_places([item.asset_id]).get(item.asset_id, [])
    if places and not count_others(item):
        named = "; ".join(f"{place.lesson} ({place.course})" for place in places)
        raise Conflict(_("Masih dipakai, jadi tidak dihapus: %(places)s. Ganti berkasnya dulu.", places=named), code="in_use")
    asset = db.session.get_one(MediaAsset, item.asset_id)
    before = {"title": item.title, "asset_id": asset.id, "owner_id": item.owner_id, "byte_size": asset.byte_size}
    audit.note(actor_id, "library.item_removed", ("library_item", item.id), before=before)
    db.session.delete(item)
    db.session.flush()
    let_go(asset)


def let_go(asset: MediaAsset) -> None:
    """Delete a file that nobody needs any more; a file that is still needed stays."""
    if uses.is_used(asset.id):
        return
    if asset.is_in_work:
        media.cancel(asset)
    media.dismiss(asset)
