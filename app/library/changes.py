"""Courses changed from the library: a file becomes a lesson, or another file takes its place.

A person asks and a worker carries it out, because a whole course is written out, checked and published. It is published whole or not at
all: what is wrong with it is told on the page that waits. When somebody else publishes in the meantime, the work begins again from theirs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Row, func, select

from app.courses import staff
from app.courses.models import Course, CourseVersion, Lesson
from app.courses.outline import CourseOutline, get_outline
from app.interchange.models import PackageFile
from app.interchange.packages import markdown
from app.interchange.packages.exporting import write_current_package
from app.interchange.packages.faults import PackageRefused
from app.interchange.packages.publishing import BaseMoved, publish_package
from app.interchange.packages.reader import Package, read_package
from app.kernel import clock, jobs
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.storage import storage
from app.library import items
from app.library.editing import KIND_OF, Material, NewLesson, PackageFolder, PlaceGone, clean_text, name_from
from app.library.models import ChangeKind, ChangeState, CourseChange, LibraryItem, LibraryReplacement
from app.media.captions import is_beyond, vtt_time
from app.media.intake import temporary_folder
from app.media.languages import name_of
from app.media.models import AssetKind, AssetState, MediaAsset, MediaCaption
from app.media.probe import probe_video
from app.media.queries import list_captions
from app.media.refusals import Refused
from app.media.services import find_caption, set_caption
from app.people import audit
from app.people.models import User
from app.people.queries import lock_user

CARRY_OUT = "library.carry_out_change"
LEAST_COVERAGE, USUAL_COVERAGE = 50, 90  # percent
LONGEST_NOTES = 20_000
MOST_BEGINNINGS = 5
MOST_WAITING = 10  # changes of one person that the worker has not yet carried out; each writes out a whole course


@dataclass(frozen=True, slots=True)
class LessonWish:
    """What an instructor wants to make of a file. `coverage` is in percent."""

    module: str
    after: str
    title: str
    notes: str
    coverage: int
    legal_basis: tuple[str, ...]


class Stopped(Exception):
    """A change cannot be carried out, and trying again would not help; `faults` say why to the person who asked."""

    def __init__(self, *faults: str | dict[str, Any]):
        super().__init__(*faults)
        self.faults = [{"path": "", "line": 0, "message": fault} if isinstance(fault, str) else fault for fault in faults]


# ---- asking ----


def refuse_unusable(asset: MediaAsset) -> None:
    """Raise Conflict for a file that cannot be a lesson."""
    if (unfit := why_unfit(asset)) is not None:
        raise unfit


def why_unfit(asset: MediaAsset) -> Conflict | None:
    """Why a file cannot be a lesson; None when it can, as far as is known before the course is checked."""
    if asset.kind not in KIND_OF:
        return Conflict(_("Gambar ditampilkan di dalam teks pelajaran; ia tidak menjadi materi sendiri."), code="not_a_lesson")
    if asset.state in (AssetState.FAILED, AssetState.CANCELED):
        return Conflict(_("Berkas ini belum berhasil disiapkan, jadi belum dapat dijadikan materi."), code="not_prepared")
    return Conflict(textless_words(), code="no_text_layer") if lacks_text(asset) else None


def lacks_text(asset: MediaAsset) -> bool:
    """A PDF of pictures only, as a scanner makes it; known once it has been prepared."""
    return asset.kind == AssetKind.DOCUMENT and asset.is_ready and not asset.words


def textless_words() -> str:
    return _(
        "PDF ini hanya gambar halaman, tanpa lapisan teks: isinya tidak dapat dibacakan, dicari, atau dihitung menitnya. Simpan sebagai PDF dari "
        "berkas aslinya, atau jalankan pengenalan teks (OCR), lalu unggah hasilnya."
    )


def ask_for_lesson(user_id: int, item: LibraryItem, course: CourseOutline, wish: LessonWish) -> CourseChange:
    """Ask for a file to become a lesson of a course that this person may change. Raises Invalid with what is wrong with the wish."""
    asset = db.session.get_one(MediaAsset, item.asset_id)
    refuse_unusable(asset)
    wish = _checked(asset, course, wish)
    facts = {
        "slug": course.slug,
        "module": wish.module,
        "after": wish.after,
        "title": wish.title,
        "notes": wish.notes,
        "coverage": wish.coverage,
        "legal_basis": list(wish.legal_basis),
        "asset_id": asset.id,
    }
    return _ask(ChangeKind.LESSON, user_id, item, facts)


def _checked(asset: MediaAsset, course: CourseOutline, wish: LessonWish) -> LessonWish:
    title, notes, fields = " ".join(clean_text(wish.title).split()), clean_text(wish.notes), {}
    if not 1 <= len(title) <= items.LONGEST_TITLE:
        fields["title"] = _("Isi judulnya, paling banyak %(most)s karakter.", most=items.LONGEST_TITLE)
    lessons = {module.key: [lesson.key for lesson in module.lessons] for module in course.modules}
    if wish.module not in lessons or (wish.after and wish.after not in lessons[wish.module]):
        fields["place"] = _("Pilih tempatnya di dalam kursus.")
    if asset.kind == AssetKind.VIDEO and not LEAST_COVERAGE <= wish.coverage <= 100:
        fields["coverage"] = _("Isi bagian yang harus ditonton, dari %(least)s sampai 100 persen.", least=LEAST_COVERAGE)
    if not set(wish.legal_basis) <= {basis.id for basis in course.legal_basis}:
        fields["legal_basis"] = _("Pilih dasar hukum dari daftar kursus ini.")
    if len(notes) > LONGEST_NOTES:
        fields["notes"] = _("Catatan belajar paling banyak %(most)s karakter.", most=LONGEST_NOTES)
    elif faults := markdown.examine(notes).faults:
        fields["notes"] = " ".join(_("Baris %(line)s: %(fault)s", line=line + 1, fault=fault) for line, fault in faults)
    elif asset.kind == AssetKind.VIDEO and not notes and not list_captions(asset.id):
        fields["notes"] = _("Video ini belum bertakarir. Tulis isinya di sini bagi yang tidak dapat mendengar, atau tambahkan takarir dulu.")
    if fields:
        raise Invalid(fields=fields)
    return LessonWish(wish.module, wish.after, title, notes, wish.coverage, wish.legal_basis)


def ask_for_replacement(user: Any, item: LibraryItem, new: LibraryItem, keep_captions: bool) -> CourseChange:
    """Ask for another item's file to take the place of this item's, in every course that shows it.

    Raises Invalid for a file that cannot stand there, Conflict when a course that shows it is not this person's to change.
    """
    old_asset, new_asset = db.session.get_one(MediaAsset, item.asset_id), db.session.get_one(MediaAsset, new.asset_id)
    refuse_unusable(old_asset if old_asset.kind not in KIND_OF else new_asset)
    if new_asset.kind != old_asset.kind or new_asset.id == old_asset.id:
        raise Invalid(fields={"new": _("Pilih berkas lain yang sejenis.")})
    waiting = select(CourseChange.id).where(CourseChange.item_id == item.id, CourseChange.state == ChangeState.WAITING)
    if db.session.scalar(waiting) is not None:
        raise Conflict(_("Berkas ini sedang dipakai untuk mengubah kursus. Tunggu sampai selesai."), code="being_used")
    if foreign := list_foreign_courses(user, old_asset.id):
        raise Conflict(foreign_words(foreign), code="not_your_course")
    facts = {"old_asset_id": old_asset.id, "asset_id": new_asset.id, "new_item_id": new.id, "keep_captions": keep_captions}
    return _ask(ChangeKind.REPLACEMENT, user.id, item, facts)


def list_foreign_courses(user: Any, asset_id: int) -> list[str]:
    """Titles of the courses that show a file and are not this person's to change."""
    places = items.find_places([asset_id]).get(asset_id, [])
    own = set(db.session.scalars(staff.course_ids_edited_by(user)))
    return list(dict.fromkeys(place.course for place in places if place.course_id not in own))


def foreign_words(titles: Sequence[str]) -> str:
    return _("Berkas ini juga dipakai di %(titles)s, dan Anda tidak ada di timnya. Minta BKPSDM menggantinya.", titles="; ".join(titles))


def _ask(kind: ChangeKind, user_id: int, item: LibraryItem, wish: dict[str, Any]) -> CourseChange:
    """Raises Conflict while too much of what this person asked for still waits."""
    lock_user(user_id)
    waiting = select(func.count()).where(CourseChange.asked_by_id == user_id, CourseChange.state == ChangeState.WAITING)
    if (db.session.scalar(waiting) or 0) >= MOST_WAITING:
        raise Conflict(_("Masih ada beberapa perubahan Anda yang dikerjakan. Tunggu sampai selesai, lalu coba lagi."), code="too_many_waiting")
    change = CourseChange(
        kind=kind, item_id=item.id, asked_by_id=user_id, asked_at=clock.now(), state=ChangeState.WAITING, title=item.title, wish=wish,
        results=[], faults=[],
    )  # fmt: skip
    db.session.add(change)
    db.session.flush()
    jobs.enqueue(CARRY_OUT, change_id=change.id)
    return change


# ---- carrying out ----


def carry_out(change_id: int) -> None:
    """Do what was asked for, once; what the course would have had wrong is noted on the change."""
    change = db.session.get(CourseChange, change_id)
    if change is None or change.state != ChangeState.WAITING:
        return
    asked_by = db.session.get_one(User, change.asked_by_id)
    language, carry = asked_by.locale or "id", {ChangeKind.LESSON: _make_lesson, ChangeKind.REPLACEMENT: _replace}[ChangeKind(change.kind)]
    wish = dict(change.wish)
    db.session.rollback()
    with force_locale(language):
        try:
            for _beginning in range(MOST_BEGINNINGS):
                try:
                    return carry(change_id, asked_by, wish)
                except BaseMoved:
                    db.session.rollback()
            raise Stopped(_("Kursus ini terus diubah orang lain pada saat yang sama. Coba lagi sebentar lagi."))
        except Stopped as stopped:
            _end(change_id, ChangeState.REFUSED, stopped.faults)


def give_up(change_id: int, reason: str) -> None:
    """The worker failed at it to the end: the page says so, the reason stands with the job."""
    db.session.rollback()
    _end(change_id, ChangeState.FAILED, [])


def _end(change_id: int, state: ChangeState, faults: list[dict[str, Any]]) -> None:
    db.session.rollback()
    with transaction() as session:
        change = session.get_one(CourseChange, change_id)
        if change.state == ChangeState.WAITING:
            change.state, change.faults, change.finished_at = state, faults, clock.now()


def _note_result(change_id: int, version: CourseVersion, slug: str, **more: Any) -> CourseChange:
    change = db.session.get_one(CourseChange, change_id)
    change.results = [*change.results, {"slug": slug, "title": version.title, "number": version.number} | more]
    return change


def _finish(change: CourseChange) -> None:
    change.state, change.finished_at = ChangeState.DONE, clock.now()


def _make_lesson(change_id: int, asked_by: User, wish: dict[str, Any]) -> None:
    slug, asset = wish["slug"], db.session.get(MediaAsset, wish["asset_id"])
    if asset is None:
        raise Stopped(_("Berkasnya sudah dihapus dari pustaka."))
    try:
        course = staff.get_course_to_edit(asked_by, slug)
    except NotFound:
        raise Stopped(_("Anda tidak lagi ada di tim kursus ini.")) from None
    with tempfile.TemporaryDirectory(dir=temporary_folder(), prefix="studio-") as place:
        folder, version_id = _open_package(slug, Path(place))
        key = name_from(wish["title"], set(db.session.scalars(select(Lesson.key).where(Lesson.course_id == course.id))))
        lesson = NewLesson(
            key, wish["module"], wish["after"], wish["title"], wish["notes"], tuple(wish["legal_basis"]), clock.today(), wish["coverage"] / 100
        )
        held = select(PackageFile.path).where(PackageFile.version_id == version_id, PackageFile.asset_id == asset.id).limit(1)
        try:
            folder.add_lesson(lesson, _material(asset), db.session.scalar(held))
        except PlaceGone:
            raise Stopped(_("Tempat yang Anda pilih sudah tidak ada di kursus ini. Pilih tempat lain.")) from None
        package = _read(folder, slug)

        def note(version: CourseVersion) -> None:
            _finish(_note_result(change_id, version, slug, key=key))
            after = {"version": version.number, "lesson": key, "asset_id": asset.id}
            audit.note(asked_by.id, "library.lesson_made", ("course", version.course_id), after=after)

        publish_package(package, asked_by.id, base_version_id=version_id, inside=note)


def _replace(change_id: int, asked_by: User, wish: dict[str, Any]) -> None:
    new, old_id = db.session.get(MediaAsset, wish["asset_id"]), wish["old_asset_id"]
    if new is None:
        raise Stopped(_("Berkasnya sudah dihapus dari pustaka."))
    if foreign := list_foreign_courses(asked_by, old_id):
        raise Stopped(foreign_words(foreign))
    end = _length_of(new)
    captions = _captions_that_stay(old_id, new.id, end) if wish["keep_captions"] else {}
    with tempfile.TemporaryDirectory(dir=temporary_folder(), prefix="studio-") as place:
        ready: list[tuple[Package, int]] = []
        for slug in dict.fromkeys(place.slug for place in items.find_places([old_id]).get(old_id, [])):
            folder, version_id = _open_package(slug, Path(place))
            held = select(PackageFile.path).where(PackageFile.version_id == version_id, PackageFile.asset_id == old_id)
            folder.replace_file(set(db.session.scalars(held)), _material(new, end), wish["keep_captions"], clock.today())
            ready.append((_read(folder, slug), version_id))
        for package, version_id in ready:  # all of them are without fault: only now the first one is published

            def note(version: CourseVersion, slug: str = package.slug) -> None:
                _note_result(change_id, version, slug)
                after = {"version": version.number, "old_asset_id": old_id, "asset_id": new.id}
                audit.note(asked_by.id, "library.file_replaced", ("course", version.course_id), after=after)

            publish_package(package, asked_by.id, base_version_id=version_id, inside=note)
    with transaction():
        for language, content in captions.items():
            if find_caption(new.id, language) is None:
                set_caption(new.id, language, content, asked_by.id)
        _take_place(change_id, asked_by.id, wish)


def _captions_that_stay(old_id: int, new_id: int, end: float | None) -> dict[str, str]:
    """The old video's captions by language, when the new one has none of its own. Raises Stopped when one goes beyond the new end."""
    held = [] if list_captions(new_id) else list_captions(old_id)
    if end is not None:
        beyond = [name_of(caption.language) for caption in held if any(is_beyond(cue[0], cue[1], end) for cue in caption.cues)]
        if beyond:
            raise Stopped(
                _(
                    "Takarir %(languages)s melewati akhir video baru (%(end)s). Pendekkan takarirnya dulu, atau ganti berkas tanpa takarir lama.",
                    languages=", ".join(beyond),
                    end=vtt_time(end),
                )
            )
    return {caption.language: caption.content for caption in held}


def _length_of(asset: MediaAsset) -> float | None:
    """Seconds of a video, also before the worker has prepared it; None for other files, and when nobody can tell."""
    if asset.kind != AssetKind.VIDEO or asset.duration_seconds is not None:
        return asset.duration_seconds
    place = storage().local_path(asset.original_key)
    db.session.rollback()  # reading takes a while
    try:
        return probe_video(place).duration_seconds
    except (FileNotFoundError, Refused):
        return None


def _take_place(change_id: int, actor_id: int, wish: dict[str, Any]) -> None:
    """The item now stands for the new file. What its owner had of that file otherwise becomes this item; the old file goes if nobody
    needs it."""
    change = db.session.get_one(CourseChange, change_id)
    item = db.session.get(LibraryItem, change.item_id) if change.item_id else None
    old, new = db.session.get(MediaAsset, wish["old_asset_id"]), db.session.get_one(MediaAsset, wish["asset_id"])
    if item is not None:
        if item.owner_id is not None:
            twin = db.session.scalar(
                select(LibraryItem).where(LibraryItem.owner_id == item.owner_id, LibraryItem.asset_id == new.id, LibraryItem.id != item.id)
            )
            if twin is not None:
                db.session.delete(twin)
                db.session.flush()
        name = old.original_name if old is not None else ""
        item.asset_id = new.id
        db.session.add(
            LibraryReplacement(
                item_id=item.id, old_asset_id=old.id if old else None, new_asset_id=new.id, old_name=name, replaced_at=clock.now(), replaced_by_id=actor_id
            )
        )
        audit.note(actor_id, "library.item_replaced", ("library_item", item.id), before={"asset_id": wish["old_asset_id"]}, after={"asset_id": new.id})
        db.session.flush()
    if old is not None:
        items.let_go(old)
    _finish(change)


def _open_package(slug: str, place: Path) -> tuple[PackageFolder, int]:
    """The course's package as it is now, with its captions as they are today."""
    try:
        version_id = write_current_package(slug, place)
    except NotFound as absent:  # a course of no package, such as a recorded webinar
        raise Stopped(str(absent.message)) from absent
    folder = PackageFolder(place / slug)
    held = db.session.execute(
        select(PackageFile.path, MediaCaption.language, MediaCaption.content)
        .join(MediaCaption, MediaCaption.asset_id == PackageFile.asset_id)
        .where(PackageFile.version_id == version_id)
    )
    today: dict[str, dict[str, str]] = {}
    for path, language, content in held:
        today.setdefault(path, {})[language] = content
    folder.refresh_captions(today)
    return folder, version_id


def _material(asset: MediaAsset, seconds: float | None = None) -> Material:
    return Material(asset, {caption.language: caption.content for caption in list_captions(asset.id)}, seconds)


def _read(folder: PackageFolder, slug: str) -> Package:
    """The changed package; reading takes a while, so no read transaction stays open meanwhile. Raises Stopped with what is wrong with it,
    each fault with the title of its lesson: whoever works in the studio has never seen the files."""
    db.session.rollback()
    try:
        return read_package(folder.root, slug)
    except PackageRefused as refused:
        titles = {path: str(folder.front(path)["title"]) for path in folder.lesson_paths()}
        raise Stopped(
            *({"path": one.path, "line": one.line, "message": one.message, "lesson": titles.get(one.path, "")} for one in refused.faults)
        ) from refused


# ---- where it may be asked for ----


def outline_to_edit(user: Any, slug: str) -> CourseOutline:
    """The course as it is published, for somebody who may change it. Raises NotFound for everybody else."""
    course = staff.get_course_to_edit(user, slug)
    assert course.current_version_id is not None
    return get_outline(course.current_version_id)


def list_editable_courses(user: Any) -> Sequence[Row]:
    """Slug and title of the courses this person may change, by title."""
    return db.session.execute(
        select(Course.slug, CourseVersion.title)
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .where(Course.id.in_(staff.course_ids_edited_by(user)))
        .order_by(CourseVersion.title)
    ).all()

