"""Who sees and keeps which item of the library.

An owner keeps their items, a unit admin those of the unit and below, BKPSDM all. The team of a course sees the files its lessons show and
answers for them in `media` (captions, encoding), but renames or deletes only what is theirs.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, true

from app.courses.models import Course, LessonAsset, LessonVersion
from app.courses.staff import course_ids_edited_by
from app.kernel.access import Scope
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.library.models import LibraryItem
from app.media import rights as media_rights
from app.media.models import MediaAsset
from app.media.permissions import MANAGE_MEDIA
from app.people.queries import unit_ids_below


def kept_by(user: Any) -> ColumnElement[bool]:
    """The items that are this person's to rename, replace and delete."""
    scope = user.scope_for(MANAGE_MEDIA)
    if scope is None:
        return false()
    if scope == Scope.ALL:
        return true()
    own = LibraryItem.owner_id == user.id
    return or_(own, LibraryItem.unit_id.in_(unit_ids_below(user.unit_ids_for(MANAGE_MEDIA)))) if scope == Scope.UNIT else own


def seen_by(user: Any) -> ColumnElement[bool]:
    """The items that this person finds in the library: those they keep, and those that their courses show."""
    scope = user.scope_for(MANAGE_MEDIA)
    if scope in (None, Scope.ALL):
        return kept_by(user)
    return or_(kept_by(user), LibraryItem.asset_id.in_(_assets_of_courses(user)))


def _assets_of_courses(user: Any) -> Any:
    return (
        select(LessonAsset.asset_id)
        .join(LessonVersion, LessonVersion.id == LessonAsset.lesson_version_id)
        .join(Course, Course.current_version_id == LessonVersion.version_id)
        .where(Course.id.in_(course_ids_edited_by(user)))
    )


def get_item(user: Any, item_id: int) -> LibraryItem:
    """An item this person finds in the library. Raises NotFound for everybody else."""
    item = db.session.scalar(select(LibraryItem).where(LibraryItem.id == item_id, seen_by(user)))
    if item is None:
        raise NotFound
    return item


def keeps(user: Any, item_id: int) -> bool:
    return db.session.scalar(select(LibraryItem.id).where(LibraryItem.id == item_id, kept_by(user))) is not None


def get_kept_item(user: Any, item_id: int) -> LibraryItem:
    """An item that is this person's to change. Raises NotFound for everybody else."""
    item = db.session.scalar(select(LibraryItem).where(LibraryItem.id == item_id, kept_by(user)))
    if item is None:
        raise NotFound
    return item


def answers_for(user: Any, asset_id: int) -> bool:
    """Slot of `media.rights`: who may mend a file's captions, encode it again and see how it is watched.

    The team of a course that shows it does, and whoever keeps an item of it. But a file is one by its content, and bringing in a copy of what a
    course shows is no right over that course: then only who keeps the first bringer's item answers beside its team.
    """
    if user.scope_for(MANAGE_MEDIA) is None:
        return False
    of_courses = _assets_of_courses(user).where(LessonAsset.asset_id == asset_id).limit(1)
    if db.session.scalar(of_courses) is not None:
        return True
    kept = select(LibraryItem.owner_id, MediaAsset.uploaded_by_id).join(MediaAsset, MediaAsset.id == LibraryItem.asset_id)
    rows = db.session.execute(kept.where(LibraryItem.asset_id == asset_id, kept_by(user))).all()
    if not rows or any(row.owner_id is not None and row.owner_id == row.uploaded_by_id for row in rows):
        return bool(rows)
    shown = select(LessonAsset.asset_id).join(LessonVersion, LessonVersion.id == LessonAsset.lesson_version_id)
    in_force = shown.join(Course, Course.current_version_id == LessonVersion.version_id).where(LessonAsset.asset_id == asset_id)
    return user.scope_for(MANAGE_MEDIA) == Scope.ALL or db.session.scalar(in_force.limit(1)) is None


def may_watch(user: Any, asset_id: int) -> bool:
    """Slot of `media.delivery`: whoever finds a file in the library, or answers for it, may look at it."""
    asset = db.session.get(MediaAsset, asset_id)
    if asset is None:
        return False
    found = select(LibraryItem.id).where(LibraryItem.asset_id == asset_id, seen_by(user)).limit(1)
    return db.session.scalar(found) is not None or media_rights.may_manage(user, asset)
