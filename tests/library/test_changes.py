"""A file becomes a lesson, another file takes its place: through the package, as a whole or not at all, with nobody's progress lost."""

from datetime import date
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from app.courses import staff
from app.courses.models import CourseVersion, LessonAsset
from app.courses.outline import get_lesson_body
from app.courses.queries import find_course, get_current_outline
from app.interchange.packages.exporting import export_course
from app.interchange.packages.publishing import import_package
from app.kernel import jobs
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.worker import drain
from app.learning import services as learning
from app.learning.kinds import video as video_kind
from app.learning.models import Enrollment, LessonProgress, WatchedSpan
from app.learning.queries import watched_layers
from app.library import changes, items
from app.library.changes import LessonWish
from app.library.editing import PackageFolder, clean_text, name_from
from app.library.models import ChangeState, CourseChange, LibraryItem, LibraryReplacement
from app.media.models import AssetKind, AssetState, MediaAsset, MediaCaption
from app.media.services import set_caption
from app.people.models import AuditEntry
from tests.interchange.package_kit import CAPTIONS, good_package, write_package
from tests.library.kit import SLUG, bring, find_item, import_course, make_pdf, make_picture, make_ready, put_into_team

pytestmark = pytest.mark.ffmpeg
NOTES = "Video ini menjelaskan cara memeriksa paket.\n\n- Pertama\n- Kedua\n"


def wish(**fields) -> LessonWish:
    values = {"module": "awal", "after": "bacaan", "title": "Tayangan: cara memeriksa", "notes": NOTES, "coverage": 90, "legal_basis": ("uu-25-2009",)}
    return LessonWish(**(values | fields))


def ask(item, user, **fields) -> int:
    with transaction():
        return changes.ask_for_lesson(user.id, db.session.get_one(LibraryItem, item.id), get_current_outline(SLUG), wish(**fields)).id


def ask_to_replace(item, new, user, keep_captions=True) -> int:
    with transaction():
        old, other = db.session.get_one(LibraryItem, item.id), db.session.get_one(LibraryItem, new.id)
        return changes.ask_for_replacement(user, old, other, keep_captions).id


def carry_out(change_id) -> CourseChange:
    """As the worker does it."""
    changes.carry_out(change_id)
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(CourseChange, change_id)


def tree(root: Path):
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture
def course(cast, tmp_path):
    """A course without a video, with Bambang in its team."""
    import_course(tmp_path / "paket")
    put_into_team(cast.bambang)
    return cast


@pytest.fixture
def course_with_video(cast, tmp_path, video):
    import_course(tmp_path / "paket", video)
    put_into_team(cast.bambang)
    return cast


# ---- a file becomes a lesson ----


def test_a_video_becomes_a_lesson_in_its_place(course, video):
    item = bring(course.bambang, video, "rekaman.mp4", AssetKind.VIDEO)
    change = carry_out(ask(item, course.bambang))
    assert (change.state, change.faults) == (ChangeState.DONE, [])
    assert change.results == [{"slug": SLUG, "title": "Kursus Kecil", "number": 2, "key": "tayangan-cara-memeriksa"}]
    outline = get_current_outline(SLUG)
    assert [lesson.key for lesson in outline.lessons] == ["tes-awal", "bacaan", "tayangan-cara-memeriksa", "kuis-awal", "tes-akhir"]
    lesson = outline.lesson("tayangan-cara-memeriksa")
    assert (lesson.kind, lesson.title, lesson.content["coverage"], lesson.legal_basis) == ("video", "Tayangan: cara memeriksa", 0.9, ("uu-25-2009",))
    assert lesson.content["asset_id"] == item.asset_id
    assert "<li>Kedua</li>" in get_lesson_body(lesson.lesson_version_id)
    assert (outline.jp, db.session.scalar(select(CourseVersion.published_by_id).where(CourseVersion.number == 2))) == (1, course.bambang.id)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "library.lesson_made")).one()
    assert (entry.actor_id, entry.after["lesson"]) == (course.bambang.id, "tayangan-cara-memeriksa")


@pytest.mark.parametrize("title", ["2024", "true", "Null", "0x1F", "2024-01-01", "12", "~", "Pasal\x80 3", '"\nkey: b\n---\n<script>'])
def test_a_title_is_text_whatever_yaml_would_make_of_it(course, title):
    item = bring(course.bambang, make_pdf(), "modul.pdf")
    change = carry_out(ask(item, course.bambang, title=title))
    assert (change.state, change.faults) == (ChangeState.DONE, [])
    lesson = get_current_outline(SLUG).lesson(change.results[0]["key"])
    assert lesson.title == " ".join(title.replace("\x80", "").split())


def test_there_is_an_end_to_what_waits(course, monkeypatch):
    monkeypatch.setattr(changes, "MOST_WAITING", 2)
    item = bring(course.bambang, make_pdf(), "modul.pdf")
    waiting = [ask(item, course.bambang, title=f"Modul {number}") for number in range(2)]
    with pytest.raises(Conflict) as refused:
        ask(item, course.bambang, title="Modul 3")
    assert refused.value.code == "too_many_waiting"
    carry_out(waiting[0])
    assert ask(item, course.bambang, title="Modul 3")


def test_only_the_asked_for_lines_change_and_the_whole_comes_back_byte_for_byte(course, video, tmp_path):
    carry_out(ask(bring(course.bambang, video, "rekaman.mp4", AssetKind.VIDEO), course.bambang))
    out = export_course(SLUG, tmp_path / "keluar")
    after, before = tree(out), good_package()
    assert set(after) - set(before) == {"01-awal/tayangan-cara-memeriksa.md", "media/tayangan-cara-memeriksa.mp4"}
    assert {path: after[path] for path in before if path != "course.yaml"} == {path: before[path] for path in before if path != "course.yaml"}
    line = b"      - 01-awal/tayangan-cara-memeriksa.md\n"
    assert after["course.yaml"] == before["course.yaml"].replace(b"      - 01-awal/03-kuis.md\n", line + b"      - 01-awal/03-kuis.md\n")
    assert after["media/tayangan-cara-memeriksa.mp4"] == video
    assert import_package(out).changed is False
    assert tree(export_course(SLUG, tmp_path / "lagi")) == after


def test_nothing_in_the_storage_was_written_to(course, video, tmp_path):
    from app.kernel.storage import storage

    item = bring(course.bambang, video, "rekaman.mp4", AssetKind.VIDEO)
    carry_out(ask(item, course.bambang))
    asset = db.session.get(MediaAsset, item.asset_id)
    assert storage().local_path(asset.original_key).read_bytes() == video
    assert not list((Path(__import__("flask").current_app.config["GURINDAM"].instance_path) / "tmp").glob("studio-*"))


def test_a_lesson_may_stand_first_in_a_module_and_a_title_may_hold_anything(course, video):
    title = 'Kata "kunci": # bukan komentar, {bukan} daftar'
    change = carry_out(ask(bring(course.bambang, video, "a.mp4", AssetKind.VIDEO), course.bambang, after="", title=title, legal_basis=()))
    assert change.state == ChangeState.DONE
    first = get_current_outline(SLUG).lessons[0]
    assert (first.title, first.key) == (title, "kata-kunci-bukan-komentar-bukan-daftar")


def test_captions_of_the_video_come_with_it(course, video):
    item = bring(course.bambang, video, "rekaman.mp4", AssetKind.VIDEO)
    with transaction():
        set_caption(item.asset_id, "id", CAPTIONS)
    assert carry_out(ask(item, course.bambang, notes="")).state == ChangeState.DONE
    assert get_current_outline(SLUG).lesson("tayangan-cara-memeriksa").content["captions"] == ["id"]


def test_a_document_becomes_a_lesson(course, tmp_path):
    item = bring(course.bambang, make_pdf("kata " * 300), "SOP.pdf")
    assert carry_out(ask(item, course.bambang, title="SOP loket", notes="")).state == ChangeState.DONE
    lesson = get_current_outline(SLUG).lesson("sop-loket")
    assert (lesson.kind, lesson.minutes) == ("document", 2.0)


def test_the_same_file_twice_is_in_the_package_once(course, video, tmp_path):
    item = bring(course.bambang, video, "rekaman.mp4", AssetKind.VIDEO)
    carry_out(ask(item, course.bambang))
    change = carry_out(ask(item, course.bambang, title="Ulangan"))
    assert change.results[0]["number"] == 3
    out = export_course(SLUG, tmp_path / "keluar")
    assert [path.name for path in (out / "media").iterdir()] == ["tayangan-cara-memeriksa.mp4"]


def test_a_key_that_was_ever_used_in_the_course_is_not_used_again(course, video, tmp_path):
    item = bring(course.bambang, video, "rekaman.mp4", AssetKind.VIDEO)
    carry_out(ask(item, course.bambang))
    import_package(write_package(tmp_path / "menang", good_package() | {"01-awal/02-bacaan.md": good_package()["01-awal/02-bacaan.md"] + b"\nTambahan.\n"}), over_studio=True)
    assert carry_out(ask(item, course.bambang)).results[0]["key"] == "tayangan-cara-memeriksa-2"


def test_progress_stays_and_a_completed_course_stays_completed(course, video):
    outline = get_current_outline(SLUG)
    with transaction():
        learning.enrol(db.session.merge(course.didi), outline)
        for lesson in outline.lessons[:2]:
            learning.open_lesson(course.didi.id, outline, lesson)
            learning.complete_lesson(course.didi.id, outline, lesson)
    carry_out(ask(bring(course.bambang, video, "a.mp4", AssetKind.VIDEO), course.bambang))
    done = db.session.scalars(select(LessonProgress.lesson_id).where(LessonProgress.state == "COMPLETED")).all()
    assert set(done) == {get_current_outline(SLUG).lesson(key).lesson_id for key in ("tes-awal", "bacaan")}
    assert db.session.scalar(select(Enrollment.id)) is not None


def test_a_course_written_in_one_line_is_written_anew(course, video, tmp_path):
    files = good_package()
    said = yaml.safe_load(files["course.yaml"])
    files["course.yaml"] = yaml.safe_dump(said, allow_unicode=True, sort_keys=False, default_flow_style=None, width=9999).encode()
    import_package(write_package(tmp_path / "rapat", files))
    assert carry_out(ask(bring(course.bambang, video, "a.mp4", AssetKind.VIDEO), course.bambang)).state == ChangeState.DONE
    assert len(get_current_outline(SLUG).lessons) == 5


def test_somebody_elses_version_is_not_lost_when_both_publish_at_once(course, video, monkeypatch):
    item = bring(course.bambang, video, "a.mp4", AssetKind.VIDEO)
    other = ask(item, course.bambang, title="Dari orang lain")
    change_id = ask(item, course.bambang, title="Milik saya")
    read, meddled = changes.read_package, []

    def publish_in_between(root, name):
        package = read(root, name)
        if not meddled:
            meddled.append(True)
            changes.carry_out(other)
        return package

    monkeypatch.setattr(changes, "read_package", publish_in_between)
    assert carry_out(change_id).results[0]["number"] == 3
    assert {"dari-orang-lain", "milik-saya"} <= {lesson.key for lesson in get_current_outline(SLUG).lessons}


def test_carrying_out_twice_publishes_once(course, video):
    change_id = ask(bring(course.bambang, video, "a.mp4", AssetKind.VIDEO), course.bambang)
    carry_out(change_id)
    carry_out(change_id)
    assert get_current_outline(SLUG).number == 2


def test_the_worker_carries_it_out(app, course):
    change_id = ask(bring(course.bambang, make_pdf(), "a.pdf"), course.bambang, notes="")
    drain(app)
    db.session.rollback()
    assert db.session.get(CourseChange, change_id).state == ChangeState.DONE


# ---- what is refused ----


def test_a_wish_with_a_fault_is_refused_at_its_field(course, video):
    item = bring(course.bambang, video, "a.mp4", AssetKind.VIDEO)
    for field, value in (
        ("title", "  "),
        ("title", "x" * 201),
        ("module", "tidak-ada"),
        ("after", "tidak-ada"),
        ("coverage", 49),
        ("coverage", 101),
        ("legal_basis", ("tidak-ada",)),
        ("notes", ""),
        ("notes", "# Judul besar"),
        ("notes", "::: case Tidak ditutup\nteks"),
        ("notes", "x" * 20_001),
    ):
        with pytest.raises(Invalid) as refusal:
            ask(item, course.bambang, **{field: value})
        assert set(refusal.value.fields) == {"place" if field in ("module", "after") else field}
    assert db.session.scalar(select(CourseChange.id)) is None


def test_a_picture_and_a_file_that_failed_do_not_become_lessons(course):
    picture = bring(course.bambang, make_picture(), "a.png", AssetKind.IMAGE)
    broken = bring(course.bambang, make_pdf(), "b.pdf")
    with transaction():
        db.session.get_one(MediaAsset, broken.asset_id).state = AssetState.FAILED
    for item in (picture, broken):
        with pytest.raises(Conflict):
            ask(item, course.bambang)


def test_what_the_course_would_have_wrong_is_told_and_nothing_is_published(course):
    item = bring(course.bambang, make_pdf(" "), "kosong.pdf")
    change = carry_out(ask(item, course.bambang, notes=""))
    assert change.state == ChangeState.REFUSED
    assert "lapisan teks" in change.faults[0]["message"]
    assert change.faults[0]["lesson"] == "Tayangan: cara memeriksa"
    assert get_current_outline(SLUG).number == 1
    assert items.find_places([item.asset_id]) == {}


def test_somebody_who_left_the_team_meanwhile_changes_nothing(course, video):
    change_id = ask(bring(course.bambang, video, "a.mp4", AssetKind.VIDEO), course.bambang)
    with transaction():
        staff.remove_from_team(find_course(SLUG), course.bambang.id, course.yulia.id)
    change = carry_out(change_id)
    assert (change.state, "tim kursus" in change.faults[0]["message"]) == (ChangeState.REFUSED, True)
    assert get_current_outline(SLUG).number == 1


def test_a_place_that_is_gone_meanwhile_is_told(course, video, tmp_path):
    change_id = ask(bring(course.bambang, video, "a.mp4", AssetKind.VIDEO), course.bambang)
    files = good_package()
    files["01-awal/02-bacaan.md"] = files["01-awal/02-bacaan.md"].replace(b"key: bacaan\n", b"key: bacaan-baru\n")
    import_package(write_package(tmp_path / "lain", files))
    assert "Tempat yang Anda pilih" in carry_out(change_id).faults[0]["message"]


def test_work_that_keeps_failing_is_told_as_that(course, video):
    change_id = ask(bring(course.bambang, video, "a.mp4", AssetKind.VIDEO), course.bambang)
    jobs.HANDLERS[changes.CARRY_OUT].on_failure(change_id=change_id, reason="disk")
    db.session.rollback()
    assert db.session.get(CourseChange, change_id).state == ChangeState.FAILED


def test_a_file_cannot_go_while_a_course_is_changed_with_it(course, video):
    item = bring(course.bambang, video, "a.mp4", AssetKind.VIDEO)
    ask(item, course.bambang)
    with pytest.raises(Conflict), transaction():
        items.remove_item(db.session.get_one(LibraryItem, item.id), course.bambang.id)


# ---- another file in its place ----


def shared_item(asset_id):
    return find_item(None, asset_id)


def test_a_replacement_keeps_the_lesson_its_watched_seconds_and_what_is_complete(course_with_video, longer_video, tmp_path):
    cast = course_with_video
    before = get_current_outline(SLUG).lesson("tayangan")
    with transaction():
        outline = get_current_outline(SLUG)
        learning.enrol(db.session.merge(cast.didi), outline)
        learning.open_lesson(cast.didi.id, outline, before)
        db.session.add(WatchedSpan(user_id=cast.didi.id, lesson_id=before.lesson_id, layer=1, start_ms=0, end_ms=1900))
    item, new = shared_item(before.content["asset_id"]), bring(cast.bambang, longer_video, "baru.mp4", AssetKind.VIDEO)
    change = carry_out(ask_to_replace(item, new, cast.yulia))
    assert (change.state, [result["number"] for result in change.results]) == (ChangeState.DONE, [2])
    after = get_current_outline(SLUG).lesson("tayangan")
    assert (after.lesson_id, after.content["asset_id"]) == (before.lesson_id, new.asset_id)
    assert after.content["duration_seconds"] == pytest.approx(4, abs=0.2)
    assert watched_layers(cast.didi.id, after.lesson_id)[0] == [(0, 1900)]
    assert db.session.get(LibraryItem, item.id).asset_id == new.asset_id
    former = db.session.scalars(select(LibraryReplacement)).one()
    assert (former.old_asset_id, former.new_asset_id, former.replaced_by_id) == (before.content["asset_id"], new.asset_id, cast.yulia.id)
    assert db.session.get(MediaAsset, former.old_asset_id) is not None  # version 1 names it
    out = export_course(SLUG, tmp_path / "keluar")
    assert (out / "media/t-2.mp4").read_bytes() == longer_video
    assert not (out / "media/t.mp4").exists()
    assert import_package(out).changed is False


def test_captions_stay_when_asked_for_and_else_go_with_the_old_file(course_with_video, longer_video):
    cast, old = course_with_video, get_current_outline(SLUG).lesson("tayangan").content["asset_id"]
    new = bring(cast.bambang, longer_video, "baru.mp4", AssetKind.VIDEO)
    carry_out(ask_to_replace(shared_item(old), new, cast.yulia, keep_captions=True))
    assert get_current_outline(SLUG).lesson("tayangan").content["captions"] == ["id"]
    assert db.session.scalar(select(MediaCaption.content).where(MediaCaption.asset_id == new.asset_id)) == CAPTIONS


def test_captions_added_after_publication_stay_in_every_language(course, video, longer_video, tmp_path):
    item = bring(course.bambang, video, "rekaman.mp4", AssetKind.VIDEO)
    carry_out(ask(item, course.bambang))
    with transaction():
        for language in ("id", "en", "zh-Hant-TW"):  # a package has no name for the last one
            set_caption(item.asset_id, language, CAPTIONS)
    new = bring(course.bambang, longer_video, "baru.mp4", AssetKind.VIDEO)
    change = carry_out(ask_to_replace(item, new, course.bambang, keep_captions=True))
    assert (change.state, change.faults) == (ChangeState.DONE, [])
    kept = select(MediaCaption.language).where(MediaCaption.asset_id == new.asset_id, MediaCaption.content == CAPTIONS)
    assert set(db.session.scalars(kept)) == {"id", "en", "zh-Hant-TW"}
    assert get_current_outline(SLUG).lesson("tayangan-cara-memeriksa").content["captions"] == ["en", "id"]
    out = export_course(SLUG, tmp_path / "keluar")
    assert len(list((out / "media").glob("*.vtt"))) == 2
    assert import_package(out).changed is False


def test_captions_of_a_file_that_no_course_shows_stay_too(cast, video, longer_video):
    old, new = bring(cast.bambang, video, "lama.mp4", AssetKind.VIDEO), bring(cast.bambang, longer_video, "baru.mp4", AssetKind.VIDEO)
    with transaction():
        set_caption(old.asset_id, "id", CAPTIONS)
    assert carry_out(ask_to_replace(old, new, cast.bambang, keep_captions=True)).state == ChangeState.DONE
    assert db.session.scalar(select(MediaCaption.content).where(MediaCaption.asset_id == new.asset_id)) == CAPTIONS


def test_captions_added_since_come_into_the_package_with_the_next_lesson(course_with_video, tmp_path):
    cast, asset_id = course_with_video, get_current_outline(SLUG).lesson("tayangan").content["asset_id"]
    with transaction():
        set_caption(asset_id, "en", CAPTIONS)
    carry_out(ask(bring(cast.bambang, make_pdf(), "a.pdf"), cast.bambang, notes=""))
    assert get_current_outline(SLUG).lesson("tayangan").content["captions"] == ["en", "id"]
    assert (export_course(SLUG, tmp_path / "keluar") / "media/t.en.vtt").read_text() == CAPTIONS


def test_without_captions_the_old_files_are_gone_from_the_package(course_with_video, longer_video, tmp_path):
    cast, old = course_with_video, get_current_outline(SLUG).lesson("tayangan").content["asset_id"]
    new = bring(cast.bambang, longer_video, "baru.mp4", AssetKind.VIDEO)
    assert carry_out(ask_to_replace(shared_item(old), new, cast.yulia, keep_captions=False)).state == ChangeState.DONE
    out = export_course(SLUG, tmp_path / "keluar")
    assert [path.name for path in (out / "media").iterdir()] == ["t-2.mp4"]


def test_chapters_beyond_the_end_go_and_captions_beyond_it_stop_the_replacement(course_with_video, tmp_path):
    from tests.interchange.package_kit import make_video

    cast, old = course_with_video, get_current_outline(SLUG).lesson("tayangan").content["asset_id"]
    shorter = bring(cast.bambang, make_video(tmp_path / "s.mp4", 0.8), "pendek.mp4", AssetKind.VIDEO)
    with transaction():
        set_caption(old, "en", CAPTIONS + "\n00:01.000 --> 00:01.500\nGoodbye.\n")
    refused = carry_out(ask_to_replace(shared_item(old), shorter, cast.yulia, keep_captions=True))
    assert (refused.state, refused.faults[0]["path"]) == (ChangeState.REFUSED, "")
    assert refused.faults[0]["message"].startswith("Takarir Inggris melewati akhir video baru (00:00.8")
    assert get_current_outline(SLUG).number == 1
    assert carry_out(ask_to_replace(shared_item(old), shorter, cast.yulia, keep_captions=False)).state == ChangeState.DONE
    lesson = get_current_outline(SLUG).lesson("tayangan")
    assert [chapter["title"] for chapter in lesson.content["chapters"]] == ["Awal"]
    make_ready(shorter.asset_id, duration_seconds=0.8)
    with transaction() as session:
        session.add(WatchedSpan(user_id=cast.didi.id, lesson_id=lesson.lesson_id, layer=1, start_ms=700, end_ms=1900))
    assert video_kind.watched_layers(cast.didi.id, lesson)[0] == [(700, 800)]
    assert video_kind.find_covered(cast.didi.id, lesson.lesson_id) is None


def test_captions_mended_in_the_browser_survive_another_lesson(course_with_video):
    cast, old = course_with_video, get_current_outline(SLUG).lesson("tayangan").content["asset_id"]
    mended = CAPTIONS.replace("Selamat datang.", "Selamat datang semua.")
    with transaction():
        set_caption(old, "id", mended)
    carry_out(ask(bring(cast.bambang, make_pdf(), "a.pdf"), cast.bambang, notes=""))
    assert db.session.scalar(select(MediaCaption.content).where(MediaCaption.asset_id == old)) == mended


def test_two_courses_that_show_it_change_together_or_not_at_all(course_with_video, longer_video, video, tmp_path):
    from tests.interchange.package_kit import with_video

    cast = course_with_video
    files = with_video(video, CAPTIONS)
    files["course.yaml"] = files["course.yaml"].replace(b"slug: kursus-kecil", b"slug: kursus-lain").replace(b"title: Kursus Kecil", b"title: Kursus Lain")
    import_package(write_package(tmp_path / "lain", files, "kursus-lain"))
    old = get_current_outline(SLUG).lesson("tayangan").content["asset_id"]
    new = bring(cast.bambang, longer_video, "baru.mp4", AssetKind.VIDEO)
    own = bring(cast.bambang, video, "lama.mp4", AssetKind.VIDEO)
    with pytest.raises(Conflict) as refusal:
        ask_to_replace(own, new, cast.bambang)
    assert "Kursus Lain" in str(refusal.value.message)
    assert "Kursus Kecil" not in str(refusal.value.message)
    change = carry_out(ask_to_replace(shared_item(old), new, cast.yulia))
    assert sorted(result["slug"] for result in change.results) == ["kursus-kecil", "kursus-lain"]
    shown = set(db.session.scalars(select(LessonAsset.asset_id)))
    assert shown == {old, new.asset_id}
    assert [get_current_outline(slug).lesson("tayangan").content["asset_id"] for slug in ("kursus-kecil", "kursus-lain")] == [new.asset_id] * 2


def test_an_unused_file_is_replaced_in_the_library_and_goes(app, cast):
    old, new = bring(cast.bambang, make_pdf("lama"), "lama.pdf"), bring(cast.bambang, make_pdf("baru"), "baru.pdf")
    drain(app)
    old_id = old.asset_id
    change = carry_out(ask_to_replace(old, new, cast.bambang))
    assert (change.state, change.results) == (ChangeState.DONE, [])
    kept = db.session.scalars(select(LibraryItem).where(LibraryItem.owner_id == cast.bambang.id)).all()
    assert [(item.id, item.title, item.asset_id) for item in kept] == [(old.id, "lama", new.asset_id)]
    assert db.session.get(MediaAsset, old_id) is None
    former = db.session.scalars(select(LibraryReplacement)).one()
    assert (former.old_asset_id, former.old_name) == (None, "lama.pdf")


def test_only_another_file_of_the_same_kind_fits(cast):
    pdf, picture = bring(cast.bambang, make_pdf(), "a.pdf"), bring(cast.bambang, make_picture(), "b.png", AssetKind.IMAGE)
    for new in (pdf, picture):
        with pytest.raises((Invalid, Conflict)):
            ask_to_replace(pdf, new, cast.bambang)


def test_a_replacement_that_was_deleted_meanwhile_is_told(app, cast):
    old, new = bring(cast.bambang, make_pdf("lama"), "lama.pdf"), bring(cast.bambang, make_pdf("baru"), "baru.pdf")
    change_id = ask_to_replace(old, new, cast.bambang)
    with transaction():
        items.remove_item(db.session.get_one(LibraryItem, new.id), cast.bambang.id)
    assert "sudah dihapus" in carry_out(change_id).faults[0]["message"]


def test_a_second_wish_waits_for_the_first(cast):
    old, new = bring(cast.bambang, make_pdf("lama"), "lama.pdf"), bring(cast.bambang, make_pdf("baru"), "baru.pdf")
    ask_to_replace(old, new, cast.bambang)
    with pytest.raises(Conflict):
        ask_to_replace(old, new, cast.bambang)


def test_a_course_outside_ones_team_cannot_be_edited(course):
    with pytest.raises(NotFound):
        changes.outline_to_edit(course.citra, SLUG)
    assert [row.slug for row in changes.list_editable_courses(course.citra)] == []
    assert [row.slug for row in changes.list_editable_courses(course.yulia)] == [SLUG]


# ---- text ----


def test_fields_of_the_front_matter_are_changed_one_by_one(app, tmp_path):
    text = "---\nkey: a\nfile: media/x.mp4\nchapters:\n- at: '0:00'\n  title: Awal\ncaptions:\n  id: media/x.id.vtt\n# catatan\nreviewed_on: 2026-11-20\n---\nfile: bukan\n"
    (tmp_path / "a.md").write_text(text)
    PackageFolder(tmp_path)._set_fields("a.md", {"file": "media/y.mp4", "chapters": None, "captions": '{"id": "z"}', "coverage": "0.9"})
    expected = '---\nkey: a\nfile: media/y.mp4\ncaptions: {"id": "z"}\n# catatan\nreviewed_on: 2026-11-20\ncoverage: 0.9\n---\nfile: bukan\n'
    assert (tmp_path / "a.md").read_text() == expected


@pytest.mark.parametrize(
    ("title", "name"),
    [("Pasal 12B: suap?", "pasal-12b-suap"), ("日本", "materi"), ("é" * 3, "eee"), ("a" * 90, "a" * 60), ("--", "materi"), ("sama", "sama-2")],
)
def test_a_name_is_made_of_a_title(title, name):
    assert name_from(title, {"sama"}) == name


def test_text_from_a_form_is_made_fit_for_a_package():
    assert clean_text("a\r\nb\x00\u2028\r\n\r\n  ") == "a\nb\n"
    assert clean_text(" \r\n ") == ""
    assert clean_text("    kode\n") == "    kode\n"


def test_the_day_of_review_is_today(course, video, at):
    item = bring(course.bambang, video, "a.mp4", AssetKind.VIDEO)
    change_id = ask(item, course.bambang)
    at(2026, 12, 24, 9, 0)
    carry_out(change_id)
    assert get_current_outline(SLUG).lesson("tayangan-cara-memeriksa").reviewed_on == date(2026, 12, 24)


def test_a_recording_of_sound_alone_becomes_a_lesson(course, tmp_path):
    from tests.media.clips import make

    sound = make(tmp_path / "wawancara.wav", "-f", "lavfi", "-i", "sine=frequency=440:duration=2")
    item = bring(course.bambang, sound.read_bytes(), "wawancara lurah.wav", AssetKind.VIDEO)
    change = carry_out(ask(item, course.bambang, title="Wawancara"))
    assert (change.state, change.faults) == (ChangeState.DONE, [])
    assert (export_course(SLUG, tmp_path / "keluar") / "media/wawancara.wav").read_bytes() == sound.read_bytes()
