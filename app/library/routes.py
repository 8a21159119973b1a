"""The studio: an instructor's courses, the media library, one item of it, and what is done to courses with it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from werkzeug.exceptions import HTTPException

from app.courses import staff
from app.courses.kinds import get_kind
from app.courses.outline import CourseOutline, get_lesson_body
from app.courses.permissions import EDIT_COURSES
from app.kernel.access import Scope, requires
from app.kernel.db import db, transaction
from app.kernel.errors import DomainError, Invalid, NotFound
from app.kernel.http import wants_json
from app.kernel.storage import storage
from app.learning.models import Enrollment
from app.library import changes, items, rights, shelf, usage
from app.library.changes import LessonWish
from app.library.editing import KIND_OF
from app.library.models import ChangeKind, ChangeState, CourseChange, LibraryItem
from app.library.shelf import Wanted
from app.media import presentation
from app.media import rights as media_rights
from app.media.languages import own_name_of
from app.media.models import AssetKind, MediaAsset
from app.media.permissions import MANAGE_MEDIA
from app.media.queries import list_captions
from app.people.sessions import viewer

bp = Blueprint("library", __name__, template_folder="templates")


@bp.after_request
def _keep_no_copy(response: Response) -> Response:
    """Unpublished material is not left behind in the browser of a shared computer."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def find_way(path: str, method: str = "GET") -> str | None:
    """The address, when this product has a page for it: other features lend the studio theirs."""
    try:
        current_app.url_map.bind("").match(path, method=method)
    except HTTPException:
        return None
    return path


# ---- the studio ----


@bp.get("/studio")
@requires(MANAGE_MEDIA)
def studio() -> Any:
    person = viewer()
    courses = staff.list_courses(staff.course_ids_edited_by(person))
    return render_template(
        "library/studio.html",
        courses=courses,
        all_courses=person.scope_for(EDIT_COURSES) == Scope.ALL,
        counts=shelf.count_by_state(person),
        usages=usage.usages_for(person),
        stopped=shelf.read_shelf(person, Wanted(state="gagal")).entries[:5],
        refused=_refused_changes(person.id),
    )


def _refused_changes(user_id: int) -> list[CourseChange]:
    unfinished = (ChangeState.REFUSED, ChangeState.FAILED, ChangeState.WAITING)
    newest = select(CourseChange).where(CourseChange.asked_by_id == user_id, CourseChange.state.in_(unfinished))
    return list(db.session.scalars(newest.order_by(CourseChange.id.desc()).limit(5)))


# ---- the library ----


@bp.get("/studio/media")
@requires(MANAGE_MEDIA)
def media_page() -> Any:
    person, given = viewer(), request.args
    wanted = Wanted(" ".join(given.get("cari", "").split())[:80], given.get("jenis", ""), given.get("keadaan", ""), _number(given.get("unit")))
    sees_units = person.scope_for(MANAGE_MEDIA) != Scope.SELF
    found = shelf.read_shelf(person, wanted, _number(given.get("page")) or 1)
    return render_template(
        "library/media.html",
        shelf=found,
        wanted=wanted,
        kinds=shelf.KINDS,
        states=shelf.STATES,
        units=shelf.list_units(person) if sees_units else [],
        sees_units=sees_units,
        usages=usage.usages_for(person),
        editable=_editable_courses(person),
    )


def _editable_courses(person: Any) -> set[int]:
    return set(db.session.scalars(staff.course_ids_edited_by(person)))


@bp.get("/studio/media/<int:item_id>")
@requires(MANAGE_MEDIA)
def item_page(item_id: int) -> Any:
    return _item_page(rights.get_item(viewer(), item_id), {}, {})


def _item_page(item: LibraryItem, errors: dict[str, Any], typed: dict[str, str]) -> str:
    person = viewer()
    entry = shelf.read_entry(person, item)
    asset = entry.asset
    captions = list_captions(asset.id) if asset.kind == AssetKind.VIDEO else []
    playable = asset.kind == AssetKind.VIDEO and asset.is_playable
    keeps, answers = rights.keeps(person, item.id), media_rights.may_manage(person, asset)
    aset = f"/media/aset/{asset.id}"
    return render_template(
        "library/item.html",
        entry=entry,
        item=item,
        asset=asset,
        captions=captions,
        language_name=own_name_of,
        sources=presentation.video_sources(asset, person) if playable else None,
        tracks=presentation.caption_tracks(asset, captions, person) if playable else [],
        keeps=keeps,
        others=items.count_others(item),
        can_be_lesson=changes.why_unfit(asset) is None and bool(changes.list_editable_courses(person)),
        textless=changes.textless_words() if changes.lacks_text(asset) else None,
        can_be_replaced=asset.kind in KIND_OF and (keeps or _is_of_own_courses(person, item)),
        captions_way=find_way(f"/studio/takarir/{asset.id}") if answers and asset.kind == AssetKind.VIDEO else None,
        cancel_way=find_way(f"{aset}/batal", "POST") if answers and asset.is_in_work else None,
        retry_way=find_way(f"{aset}/ulangi", "POST") if answers and entry.is_stopped else None,
        again_way=find_way(f"{aset}/susun-ulang", "POST") if answers and asset.is_ready and not asset.is_in_work else None,
        editable=_editable_courses(person),
        watched={place.key: find_way(f"/studio/video/{place.slug}/{place.key}") for place in entry.places if answers and place.kind == "video"},
        former=shelf.list_former(item.id),
        changes=shelf.list_open_changes(item.id),
        longest_title=items.LONGEST_TITLE,
        longest_note=items.LONGEST_NOTE,
        errors=errors,
        typed=typed,
    )


@bp.post("/studio/media/<int:item_id>")
@requires(MANAGE_MEDIA)
def describe_item(item_id: int) -> Any:
    person = viewer()
    try:
        with transaction():
            items.describe_item(rights.get_kept_item(person, item_id), request.form.get("title", ""), request.form.get("note", ""))
    except Invalid as refusal:
        db.session.rollback()
        return _item_page(rights.get_item(person, item_id), refusal.fields, dict(request.form.items())), refusal.status
    flash(_("Tersimpan."), "success")
    return redirect(url_for("library.item_page", item_id=item_id), 303)


@bp.post("/studio/media/<int:item_id>/hapus")
@requires(MANAGE_MEDIA)
def remove_item(item_id: int) -> Any:
    person = viewer()
    try:
        with transaction():
            items.remove_item(rights.get_kept_item(person, item_id), person.id)
    except DomainError as refusal:
        if isinstance(refusal, NotFound):
            raise
        db.session.rollback()
        flash(str(refusal.message), "error")
        return redirect(url_for("library.item_page", item_id=item_id), 303)
    flash(_("Berkas dihapus dari pustaka."), "success")
    return redirect(url_for("library.media_page"), 303)


@bp.get("/studio/media/<int:item_id>/asli")
@requires(MANAGE_MEDIA)
def download_original(item_id: int) -> Any:
    """The file as it was brought in, for those who keep it. Never shown in the browser, whatever it calls itself."""
    person = viewer()
    asset = db.session.get_one(MediaAsset, rights.get_kept_item(person, item_id).asset_id)
    try:
        file = storage().local_path(asset.original_key)
        return send_file(file, mimetype="application/octet-stream", as_attachment=True, download_name=asset.original_name, conditional=True)
    except FileNotFoundError as error:
        raise NotFound(_("Berkas aslinya tidak ada lagi di penyimpanan.")) from error


# ---- a file becomes a lesson ----


@bp.get("/studio/media/<int:item_id>/materi")
@requires(MANAGE_MEDIA)
def new_lesson(item_id: int) -> Any:
    person = viewer()
    item = rights.get_item(person, item_id)
    courses = changes.list_editable_courses(person)
    slug = request.args.get("kursus", "")
    if not slug and len(courses) == 1:
        slug = courses[0].slug
    course = changes.outline_to_edit(person, slug) if slug else None
    before = _number(request.args.get("perubahan"))
    return _lesson_page(item, course, {}, _typed_before(person, item, before) if before else {}, None)


def _typed_before(person: Any, item: LibraryItem, change_id: int) -> dict[str, Any]:
    """What was typed when this file was to become a lesson before, so that it is mended and not written once more."""
    change = _get_change(person, change_id)
    if change.item_id != item.id or change.kind != ChangeKind.LESSON:
        raise NotFound
    wish = change.wish
    return {"place": f"{wish['module']}/{wish['after']}"} | {name: wish[name] for name in ("title", "notes", "coverage", "legal_basis")}


@bp.post("/studio/media/<int:item_id>/materi")
@requires(MANAGE_MEDIA)
def create_lesson(item_id: int) -> Any:
    person, form = viewer(), request.form
    if "ganti_kursus" in form:
        return _lesson_in_another_course(person, item_id)
    module, _sep, after = form.get("place", "").partition("/")
    wish = LessonWish(
        module=module,
        after=after,
        title=form.get("title", ""),
        notes=form.get("notes", ""),
        coverage=_number(form.get("coverage")) or 0,
        legal_basis=tuple(dict.fromkeys(form.getlist("legal_basis"))),
    )
    slug = form.get("kursus", "")
    try:
        with transaction():
            item = rights.get_item(person, item_id)
            change = changes.ask_for_lesson(person.id, item, changes.outline_to_edit(person, slug), wish)
    except DomainError as refusal:
        if isinstance(refusal, NotFound):
            raise
        db.session.rollback()
        course = changes.outline_to_edit(person, slug)
        message = None if refusal.fields else str(refusal.message)
        return _lesson_page(rights.get_item(person, item_id), course, refusal.fields, _typed(), message), refusal.status
    return redirect(url_for("library.change_page", change_id=change.id), 303)


def _typed() -> dict[str, Any]:
    return dict(request.form.items()) | {"legal_basis": request.form.getlist("legal_basis")}


def _lesson_in_another_course(person: Any, item_id: int) -> str:
    """The same form for another course; what does not hang on the course stays as it was typed."""
    course = changes.outline_to_edit(person, request.form.get("kursus_lain", ""))
    return _lesson_page(rights.get_item(person, item_id), course, {}, _typed() | {"place": ""}, None)


def _lesson_page(item: LibraryItem, course: CourseOutline | None, errors: dict[str, Any], typed: dict[str, Any], message: str | None) -> str:
    person = viewer()
    entry = shelf.read_entry(person, item)
    places = []
    for module in course.modules if course else ():
        behind = [(f"{module.key}/{lesson.key}", _("sesudah: %(title)s", title=lesson.title)) for lesson in module.lessons]
        places.append((f"{module.position}. {module.title}", [(f"{module.key}/", _("di awal modul")), *behind]))
    return render_template(
        "library/lesson.html",
        entry=entry,
        item=item,
        asset=entry.asset,
        course=course,
        courses=changes.list_editable_courses(person),
        places=places,
        already=[place for place in entry.places if course and place.slug == course.slug],
        learners=_count_learners(course.course_id) if course else (0, 0),
        has_captions=entry.asset.kind == AssetKind.VIDEO and bool(list_captions(entry.asset.id)),
        captions_way=find_way(f"/studio/takarir/{entry.asset.id}"),
        coverage=changes.USUAL_COVERAGE,
        least_coverage=changes.LEAST_COVERAGE,
        unfit=changes.why_unfit(entry.asset),
        errors=errors,
        typed=typed,
        message=message,
    )


def _count_learners(course_id: int) -> tuple[int, int]:
    """How many people take a course, and how many of them have completed it."""
    counted = select(func.count(), func.count(Enrollment.completed_at)).where(Enrollment.course_id == course_id)
    learners, completed = db.session.execute(counted).one()
    return learners, completed


# ---- another file in its place ----


@bp.get("/studio/media/<int:item_id>/ganti")
@requires(MANAGE_MEDIA)
def new_replacement(item_id: int) -> Any:
    return _replacement_page(_get_replaceable_item(viewer(), item_id), {}, None, _number(request.args.get("pilih")))


def _get_replaceable_item(person: Any, item_id: int) -> LibraryItem:
    """An item that this person keeps, or that came with a package and is shown only in courses whose teams they are in."""
    item = rights.get_item(person, item_id)
    if not rights.keeps(person, item.id) and not _is_of_own_courses(person, item):
        raise NotFound
    return item


def _is_of_own_courses(person: Any, item: LibraryItem) -> bool:
    if item.owner_id is not None or db.session.get_one(MediaAsset, item.asset_id).kind not in KIND_OF:
        return False
    return bool(items.find_places([item.asset_id])) and not changes.list_foreign_courses(person, item.asset_id)


@bp.post("/studio/media/<int:item_id>/ganti")
@requires(MANAGE_MEDIA)
def create_replacement(item_id: int) -> Any:
    person, form = viewer(), request.form
    chosen, keep = _number(form.get("new")), form.get("keep_captions") == "1"
    try:
        with transaction():
            item = _get_replaceable_item(person, item_id)
            if chosen is None:
                raise Invalid(fields={"new": _("Pilih berkas penggantinya.")})
            change = changes.ask_for_replacement(person, item, rights.get_item(person, chosen), keep)
    except DomainError as refusal:
        if isinstance(refusal, NotFound):
            raise
        db.session.rollback()
        message = None if refusal.fields else str(refusal.message)
        return _replacement_page(_get_replaceable_item(person, item_id), refusal.fields, message, chosen, keep), refusal.status
    return redirect(url_for("library.change_page", change_id=change.id), 303)


def _replacement_page(
    item: LibraryItem, errors: dict[str, Any], message: str | None, chosen: int | None = None, keep_captions: bool = True
) -> str:
    person = viewer()
    entry = shelf.read_entry(person, item)
    return render_template(
        "library/replace.html",
        entry=entry,
        item=item,
        asset=entry.asset,
        candidates=shelf.list_candidates(person, item, entry.asset.kind),
        chosen=chosen,
        keep_captions=keep_captions,
        foreign=changes.list_foreign_courses(person, entry.asset.id),
        courses=list(dict.fromkeys(place.course for place in entry.places)),
        can_be_replaced=entry.asset.kind in KIND_OF,
        has_captions=entry.asset.kind == AssetKind.VIDEO and bool(list_captions(entry.asset.id)),
        errors=errors,
        message=message,
    )


# ---- a lesson as it reads ----


@bp.get("/studio/kursus/<slug>/<key>")
@requires(MANAGE_MEDIA)
def preview_lesson(slug: str, key: str) -> Any:
    """A published lesson for those who may change its course: nothing is counted, and no enrollment is needed."""
    person = viewer()
    course = changes.outline_to_edit(person, slug)
    lesson = course.lesson(key)
    asset = db.session.get(MediaAsset, lesson.content["asset_id"]) if "asset_id" in lesson.content else None
    captions = list_captions(asset.id) if asset is not None and asset.kind == AssetKind.VIDEO else []
    playable = asset is not None and asset.kind == AssetKind.VIDEO and asset.is_playable
    return render_template(
        "library/preview.html",
        course=course,
        lesson=lesson,
        module=course.module(lesson.module_key),
        kind=get_kind(lesson.kind),
        body=get_lesson_body(lesson.lesson_version_id),
        asset=asset,
        sources=presentation.video_sources(asset, person) if asset is not None and playable else None,
        tracks=presentation.caption_tracks(asset, captions, person) if asset is not None and playable else [],
        picture=shelf.find_picture(asset, person) if asset is not None else None,
        watched_way=find_way(f"/studio/video/{slug}/{key}") if lesson.kind == "video" else None,
    )


# ---- what is being done to courses ----


@bp.get("/studio/perubahan/<int:change_id>")
@requires(MANAGE_MEDIA)
def change_page(change_id: int) -> Any:
    change = _get_change(viewer(), change_id)
    if wants_json():
        return jsonify(state=change.state)
    return render_template("library/change.html", change=change, is_lesson=change.kind == ChangeKind.LESSON)


def _get_change(person: Any, change_id: int) -> CourseChange:
    """A change this person asked for, or any for BKPSDM. Raises NotFound for everybody else."""
    change = db.session.get(CourseChange, change_id)
    if change is None or not (change.asked_by_id == person.id or person.scope_for(MANAGE_MEDIA) == Scope.ALL):
        raise NotFound
    return change
