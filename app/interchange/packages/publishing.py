"""Makes a package the course's next version.

Media and sources are stored first, as long as that takes; then one short transaction writes the rows, so a course is either published
whole or as it was before. A package that did not change is noticed by its digest, before anything is read or written.

A course has two doors: packages that are imported from a folder or archive, and the studio, which publishes what it makes of the current
package. What the studio added is never lost to an import without a word: see `PackageImport` and `StudioIsAhead`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import insert, select

from app.assessment.services import PreparedQuiz, prepare_quiz, publish_quizzes
from app.courses import services as courses
from app.courses.addresses import lesson_path, picture_path, quiz_key
from app.courses.kinds import Field, FieldType, Stored
from app.courses.models import Course, CourseVersion, Lesson, LessonVersion
from app.courses.services import CourseDraft, Door, LessonDraft, ModuleDraft
from app.interchange.models import PackageFile, PackageImport
from app.interchange.packages.files import opened
from app.interchange.packages.markdown import Picture, render
from app.interchange.packages.reader import Inventory, Package, PackagedLesson, read_package, take_inventory
from app.kernel import clock
from app.kernel.db import db, insert_into, transaction
from app.kernel.errors import Conflict
from app.kernel.storage import storage
from app.media.models import AssetKind, AssetState, MediaAsset, MediaCaption
from app.media.services import set_caption, store_asset

ASSET_KINDS = {"video": AssetKind.VIDEO, "document": AssetKind.DOCUMENT}
POLICY_FIELDS = ("purpose", "passing_score", "attempts", "cooldown_minutes", "time_limit_minutes", "feedback", "shuffle")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `changed` is False when the course already said exactly this."""

    slug: str
    title: str
    number: int
    jp: int
    minutes: float
    changed: bool


class StudioIsAhead(Conflict):
    """The studio has published since the last package was imported, and this package is another one: taking it would lose what was added.

    `facts` name the course, its version and the titles of the lessons that the package does not have.
    """

    code = "studio_is_ahead"


class BaseMoved(Conflict):
    """The course has got another version since the work on this package began; begin again from that one."""

    code = "base_moved"


def import_package(path: Path, published_by_id: int | None = None, over_studio: bool = False) -> Imported:
    """Publish the package in a folder or `.zip`. Raises PackageRefused; then nothing was published.

    A package that is the one imported last changes nothing, even when the studio has published since. Another one takes the place of the
    studio's version only with `over_studio`; otherwise StudioIsAhead.
    """
    with opened(path) as (root, name):
        inventory = take_inventory(root)
        known = None if inventory.faults.found else _find_known(inventory, name)
        if known is not None:
            return known
        package = read_package(root, name, inventory)
        ahead = None if over_studio else _find_studio_version(package.slug)
        if ahead is not None:
            raise _studio_is_ahead(package, ahead)

        def remember(version: CourseVersion) -> None:
            _remember_import(version, inventory.files_digest)

        return publish_package(package, published_by_id, inside=remember)


def _find_known(inventory: Inventory, name: str | None) -> Imported | None:
    """The course that already says exactly this, or that the studio took further from exactly this package."""
    found = db.session.execute(
        select(
            Course.slug,
            CourseVersion.title,
            CourseVersion.number,
            CourseVersion.jp,
            CourseVersion.learning_minutes,
            Course.id,
            CourseVersion.id.label("version_id"),
            CourseVersion.digest,
            PackageImport.files_digest,
            PackageImport.version_id.label("imported_id"),
        )
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .outerjoin(PackageImport, PackageImport.course_id == Course.id)
        .where((CourseVersion.digest == inventory.digest) | (PackageImport.files_digest == inventory.files_digest))
    ).first()
    if found is None or name not in (None, found.slug):
        return None
    says_it = found.digest == inventory.digest
    if not says_it and found.imported_id == found.version_id:
        return None  # the same files are to become other pages
    if says_it and found.imported_id != found.version_id:
        _note_import(found.version_id, inventory.files_digest)
    return Imported(*found[:5], changed=False)


def _note_import(version_id: int, files_digest: str) -> None:
    """What the studio published has been written out and come back: from here on the package and the course are the same again."""
    with transaction():
        _remember_import(db.session.get_one(CourseVersion, version_id), files_digest)


def _remember_import(version: CourseVersion, files_digest: str) -> None:
    facts = {"files_digest": files_digest, "version_id": version.id, "imported_at": clock.now()}
    row = insert_into(PackageImport).values(course_id=version.course_id, **facts)
    db.session.execute(row.on_conflict_do_update(index_elements=["course_id"], set_=facts))


def _find_studio_version(slug: str) -> CourseVersion | None:
    """The course's current version, when it came from the studio and not from the package imported last."""
    return db.session.scalar(
        select(CourseVersion)
        .join(Course, Course.current_version_id == CourseVersion.id)
        .join(PackageImport, PackageImport.course_id == Course.id)
        .where(Course.slug == slug, PackageImport.version_id != CourseVersion.id)
    )


def _studio_is_ahead(package: Package, version: CourseVersion) -> StudioIsAhead:
    of_studio = db.session.execute(
        select(Lesson.key, LessonVersion.title)
        .join(LessonVersion, LessonVersion.lesson_id == Lesson.id)
        .where(LessonVersion.version_id == version.id)
        .order_by(LessonVersion.position)
    ).all()
    keys = {lesson.key for lesson in package.lessons}
    lost = [title for key, title in of_studio if key not in keys]
    said = _(
        "%(slug)s sudah disunting di studio (versi %(number)s) dan paket ini juga berubah. Tidak ada yang diterbitkan.",
        slug=package.slug,
        number=version.number,
    )
    if lost:
        said += " " + _("Materi yang hanya ada di studio: %(titles)s.", titles="; ".join(lost))
    said += " " + _("Ekspor kursusnya, gabungkan perubahan Anda di sana, lalu impor; atau pakai --over-studio untuk menggantikannya.")
    return StudioIsAhead(said, slug=package.slug, number=version.number, lessons=lost)


def publish_package(
    package: Package,
    published_by_id: int | None = None,
    *,
    base_version_id: int | None = None,
    inside: Callable[[CourseVersion], None] | None = None,
) -> Imported:
    """Publish a package without fault. Call it outside a transaction.

    `base_version_id` is the version that the package was made from: BaseMoved when it is no longer the current one. `inside` runs in the
    transaction that publishes, with the new version.
    """
    asset_ids = _store_assets(package, published_by_id)
    _store_sources(package, asset_ids)
    captions = _captions(package, asset_ids)
    bodies = {lesson.key: _body_html(package, lesson, asset_ids) for lesson in package.lessons}
    quizzes = _quizzes(package, bodies)
    with transaction():
        course = courses.lock_course(package.slug)
        if base_version_id is not None and course.current_version_id != base_version_id:
            raise BaseMoved
        if courses.is_current(course, package.digest):  # somebody else was importing the same
            version = db.session.get_one(CourseVersion, course.current_version_id)
            if inside is not None:
                inside(version)
            return Imported(package.slug, version.title, version.number, version.jp, version.learning_minutes, changed=False)
        kept = _unchanged_captions(package, course.current_version_id)
        for (asset_id, language), (path, content) in captions.items():
            if path not in kept or not _has_caption(asset_id, language):
                set_caption(asset_id, language, content)
        door = Door.COMMAND_LINE if base_version_id is None else Door.STUDIO
        published = courses.publish_version(_draft(package, bodies, asset_ids, publish_quizzes(quizzes)), published_by_id, door)
        assert published is not None
        db.session.execute(
            insert(PackageFile),
            [
                {
                    "version_id": published.id,
                    "path": file.path,
                    "sha256": file.sha256,
                    "byte_size": file.size,
                    "asset_id": asset_ids.get(file.path),
                }
                for file in package.files.values()
            ],
        )
        if inside is not None:
            inside(published)
    return Imported(package.slug, published.title, published.number, published.jp, published.learning_minutes, changed=True)


def _unchanged_captions(package: Package, previous_id: int | None) -> set[str]:
    """Files that say what they said in the version before: captions that were mended in the browser since then stay mended."""
    before = dict(db.session.execute(select(PackageFile.path, PackageFile.sha256).where(PackageFile.version_id == previous_id)).all())
    return {file.path for file in package.files.values() if before.get(file.path) == file.sha256}


def _has_caption(asset_id: int, language: str) -> bool:
    held = select(MediaCaption.id).where(MediaCaption.asset_id == asset_id, MediaCaption.language == language)
    return db.session.scalar(held) is not None


def source_key(sha256: str) -> str:
    """Where the bytes of a package's file lie that are not in the media library."""
    return f"packages/{sha256[:2]}/{sha256}"


def _named_files(lesson: PackagedLesson, *types: FieldType) -> list[tuple[str, Field]]:
    """The files that a lesson's front matter names in fields of these types."""
    found = []
    for name, field in lesson.kind.fields.items():
        value = lesson.source.fields.get(name)
        if value is not None and field.type in types:
            found += [(path, field) for path in (value.values() if isinstance(value, dict) else (value,))]
    return found


def _store_assets(package: Package, uploaded_by_id: int | None) -> dict[str, int]:
    """Videos, documents and pictures in the media library: asset id by path."""
    kinds = dict.fromkeys(package.pictures, AssetKind.IMAGE)
    for lesson in package.lessons:
        for path, field in _named_files(lesson, FieldType.FILE):
            if field.sort in ASSET_KINDS:
                kinds[path] = ASSET_KINDS[field.sort]
    stored = {}
    for path, kind in kinds.items():
        known = _find_asset(package.files[path].sha256, kind)
        if known is not None:
            stored[path] = known
            continue
        with (package.root / path).open("rb") as file:
            stored[path] = store_asset(file, path.rsplit("/", 1)[-1], kind, uploaded_by_id).id
    return stored


def _find_asset(sha256: str, kind: AssetKind) -> int | None:
    """The asset that already is this file, so that publishing once more need not copy it. One that failed is brought in anew."""
    asset = db.session.scalar(select(MediaAsset).where(MediaAsset.sha256 == sha256, MediaAsset.kind == kind))
    if asset is None or asset.state == AssetState.FAILED or not storage().exists(asset.original_key):
        return None
    return asset.id if storage().size(asset.original_key) == asset.byte_size else None


def _store_sources(package: Package, asset_ids: Mapping[str, int]) -> None:
    files = storage()
    for file in package.files.values():
        key = source_key(file.sha256)
        if file.path in asset_ids or (files.exists(key) and files.size(key) == file.size):
            continue
        with (package.root / file.path).open("rb") as source:
            files.put(key, source)


def _captions(package: Package, asset_ids: Mapping[str, int]) -> dict[tuple[int, str], tuple[str, str]]:
    """The captions of each video, by asset and language: where they stand and what they say."""
    found = {}
    for lesson in package.lessons:
        videos = [path for path, field in _named_files(lesson, FieldType.FILE) if field.sort == "video"]
        for language, path in (lesson.source.fields.get("captions") or {}).items() if videos else ():
            content = (package.root / path).read_text(encoding="utf-8")
            found[asset_ids[videos[0]], language] = path, content
    return found


def _body_html(package: Package, lesson: PackagedLesson, asset_ids: Mapping[str, int]) -> str:
    pictures = {
        path: Picture(picture_path(package.slug, asset_ids[path]), facts.width, facts.height) for path, facts in package.pictures.items()
    }
    return render(lesson.body, lesson_address=lambda key: lesson_path(package.slug, key), pictures=pictures, language=package.language)


def _quizzes(package: Package, bodies: Mapping[str, str]) -> list[PreparedQuiz]:
    prepared = []
    for lesson in package.lessons:
        for path, field in _named_files(lesson, FieldType.FILE):
            if field.sort == "questions":
                policy = {name: lesson.source.fields[name] for name in POLICY_FIELDS}
                key = quiz_key(package.slug, lesson.key)
                prepared.append(prepare_quiz(key, lesson.title, package.questions[path].questions, policy, bodies[lesson.key]))
    return prepared


def _draft(
    package: Package, bodies: Mapping[str, str], asset_ids: Mapping[str, int], quizzes: Mapping[str, tuple[int, int]]
) -> CourseDraft:
    return CourseDraft(
        slug=package.slug,
        digest=package.digest,
        title=package.title,
        summary=package.summary,
        outcomes=package.outcomes,
        jp=package.jp,
        form=package.form,
        competency_group=package.competency_group,
        competency=package.competency,
        competency_level=package.competency_level,
        partner=package.partner,
        sequence=package.sequence,
        prerequisites=package.prerequisites,
        legal_basis=package.legal_basis,
        reviewed_on=package.reviewed_on,
        review_note=package.review_note,
        language=package.language,
        modules=tuple(
            ModuleDraft(
                module.key,
                module.title,
                tuple(
                    _lesson_draft(package, lesson, bodies[lesson.key], asset_ids, quizzes.get(quiz_key(package.slug, lesson.key)))
                    for lesson in module.lessons
                ),
            )
            for module in package.modules
        ),
    )


def _lesson_draft(
    package: Package, lesson: PackagedLesson, body_html: str, asset_ids: Mapping[str, int], quiz: tuple[int, int] | None
) -> LessonDraft:
    quiz_id, quiz_version_id = quiz or (None, None)
    shown = [path for path, _field in _named_files(lesson, FieldType.FILE) if path in asset_ids] + list(lesson.images)
    return LessonDraft(
        key=lesson.key,
        kind=lesson.kind.name,
        title=lesson.title,
        minutes=lesson.minutes,
        legal_basis=lesson.legal_basis,
        reviewed_on=lesson.reviewed_on,
        requires=lesson.requires,
        body_markdown=lesson.body,
        body_html=body_html,
        content=lesson.kind.content(lesson.source, Stored(asset_ids, quiz_id, quiz_version_id)),
        asset_ids=tuple(asset_ids[path] for path in shown),
    )
