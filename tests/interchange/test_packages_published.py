"""Packages become courses, and courses become packages again."""

import io
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from app.assessment.models import Quiz, QuizVersion
from app.courses.kinds import Field, FieldType
from app.courses.models import Course, CourseVersion, Lesson, LessonAsset, LessonVersion
from app.courses.outline import get_lesson_body
from app.courses.queries import find_current_outline, get_current_outline
from app.interchange.models import PackageFile
from app.interchange.packages import publishing
from app.interchange.packages.exporting import PackageDamaged, export_course
from app.interchange.packages.faults import PackageRefused
from app.interchange.packages.publishing import import_package, source_key
from app.kernel import search
from app.kernel.db import db
from app.kernel.errors import Conflict, NotFound
from app.kernel.storage import storage
from app.kernel.worker import drain
from app.media.models import MediaAsset, MediaCaption
from config import ROOT
from tests.interchange.package_kit import CAPTIONS, good_package, make_video, spoiled, with_video, write_package

READING = "01-awal/02-bacaan.md"


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def tree(root: Path):
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def everything():
    return {
        model.__name__: count(model) for model in (Course, CourseVersion, Lesson, LessonVersion, Quiz, QuizVersion, PackageFile, MediaAsset)
    }


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("video") / "t.mp4")


def test_a_package_becomes_a_course(app, tmp_path):
    done = import_package(write_package(tmp_path))
    assert (done.slug, done.number, done.jp, done.changed) == ("kursus-kecil", 1, 1, True)
    course = get_current_outline("kursus-kecil")
    assert [lesson.key for lesson in course.lessons] == ["tes-awal", "bacaan", "kuis-awal", "tes-akhir"]
    assert course.learning_minutes == done.minutes == sum(lesson.minutes for lesson in course.lessons)
    assert course.legal_basis[0].status == "SECONDARY"
    assert course.next("bacaan").key == "kuis-awal"
    assert course.previous("tes-awal") is None
    quiz = course.lesson("kuis-awal")
    assert db.session.get(Quiz, quiz.content["quiz_id"]).key == "kursus-kecil/kuis-awal"
    assert db.session.get(QuizVersion, quiz.content["quiz_version_id"]).policy["passing_score"] == 70


def test_the_text_becomes_clean_html(app, tmp_path):
    import_package(write_package(tmp_path, spoiled(READING, "Ambil kertas.", "<script>alert(1)</script> <img src=x onerror=y> **kertas**")))
    body = get_lesson_body(get_current_outline("kursus-kecil").lesson("bacaan").lesson_version_id)
    assert "<script>" not in body
    assert "<img" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert '<a href="/kursus/kursus-kecil/belajar/tes-akhir"' in body
    assert '<section class="practice">' in body
    assert '<details class="feedback">' in body
    assert '<th scope="col">Kolom</th>' in body


def test_importing_twice_changes_nothing(app, tmp_path):
    root = write_package(tmp_path)
    import_package(root)
    before = everything()
    done = import_package(root)
    assert (done.changed, done.number) == (False, 1)
    assert everything() == before


def test_a_changed_package_is_the_next_version_and_lessons_keep_their_identity(app, tmp_path):
    import_package(write_package(tmp_path / "a"))
    first = get_current_outline("kursus-kecil")
    files = spoiled(READING, "Paragraf **pertama**", "Paragraf **yang diperbaiki**")
    files[READING] = files[READING].replace(b"key: bacaan\n", b"key: bacaan\n")
    done = import_package(write_package(tmp_path / "b", files))
    second = get_current_outline("kursus-kecil")
    assert (done.number, second.version_id != first.version_id) == (2, True)
    assert [lesson.lesson_id for lesson in second.lessons] == [lesson.lesson_id for lesson in first.lessons]
    assert "diperbaiki" in get_lesson_body(second.lesson("bacaan").lesson_version_id)
    assert "pertama" in get_lesson_body(first.lesson("bacaan").lesson_version_id)


def test_an_unchanged_quiz_keeps_its_version_in_the_next_course_version(app, tmp_path):
    import_package(write_package(tmp_path / "a"))
    first = get_current_outline("kursus-kecil").lesson("kuis-awal").content
    import_package(write_package(tmp_path / "b", spoiled(READING, "pertama**", "kedua**")))
    assert get_current_outline("kursus-kecil").lesson("kuis-awal").content == first


def test_a_lesson_that_left_stays_known_and_one_that_comes_back_is_the_same(app, tmp_path):
    import_package(write_package(tmp_path / "a"))
    reading = get_current_outline("kursus-kecil").lesson("bacaan").lesson_id
    files = spoiled(READING, "key: bacaan", "key: bacaan-baru")
    import_package(write_package(tmp_path / "b", files))
    assert get_current_outline("kursus-kecil").find_lesson("bacaan") is None
    assert db.session.get(Lesson, reading).key == "bacaan"
    assert import_package(write_package(tmp_path / "c")).number == 3
    assert get_current_outline("kursus-kecil").lesson("bacaan").lesson_id == reading


def test_a_refused_package_writes_nothing(app, tmp_path):
    before = everything()
    with pytest.raises(PackageRefused):
        import_package(write_package(tmp_path, spoiled("course.yaml", "jp: 1\n", "jp: 9\n")))
    assert everything() == before
    assert find_current_outline("kursus-kecil") is None


def test_a_fault_in_the_last_step_leaves_the_course_as_it_was(app, tmp_path, monkeypatch):
    import_package(write_package(tmp_path / "a"))
    before, version = everything(), get_current_outline("kursus-kecil").version_id

    def fail(*_):
        raise RuntimeError("disk")

    monkeypatch.setattr("app.courses.services._name_assets", fail)
    with pytest.raises(RuntimeError):
        import_package(write_package(tmp_path / "b", spoiled(READING, "pertama**", "kedua**")))
    assert everything() == before
    assert get_current_outline("kursus-kecil").version_id == version


def test_export_gives_back_every_byte(app, tmp_path):
    root = write_package(tmp_path)
    import_package(root)
    made = export_course("kursus-kecil", tmp_path / "keluar")
    assert tree(made) == tree(root)


def test_export_then_import_then_export_is_identical(app, tmp_path):
    import_package(write_package(tmp_path))
    made = export_course("kursus-kecil", tmp_path / "satu")
    assert import_package(made).changed is False
    assert tree(export_course("kursus-kecil", tmp_path / "dua")) == tree(made)


def test_an_archive_is_made_the_same_each_time_and_can_be_imported(app, tmp_path):
    import_package(write_package(tmp_path))
    first = export_course("kursus-kecil", tmp_path / "a.zip").read_bytes()
    second = export_course("kursus-kecil", tmp_path / "b.zip").read_bytes()
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as zipped:
        assert {name.removeprefix("kursus-kecil/"): zipped.read(name) for name in zipped.namelist()} == good_package()
    assert import_package(tmp_path / "a.zip").changed is False


def test_the_package_as_folder_and_as_archive_is_the_same_version(app, tmp_path):
    import_package(write_package(tmp_path))
    assert import_package(export_course("kursus-kecil", tmp_path / "a.zip")).number == 1


def test_export_overwrites_nothing(app, tmp_path):
    import_package(write_package(tmp_path))
    export_course("kursus-kecil", tmp_path / "keluar")
    with pytest.raises(Conflict):
        export_course("kursus-kecil", tmp_path / "keluar")


def test_export_of_an_unknown_course_is_refused(app, tmp_path):
    with pytest.raises(NotFound):
        export_course("tidak-ada", tmp_path / "keluar")
    assert not (tmp_path / "keluar").exists()


def test_export_tells_when_a_stored_file_is_gone_or_changed(app, tmp_path):
    import_package(write_package(tmp_path))
    key = source_key(db.session.scalar(select(PackageFile.sha256).where(PackageFile.path == "course.yaml")))
    storage().put(key, io.BytesIO(b"diubah"))
    with pytest.raises(PackageDamaged):
        export_course("kursus-kecil", tmp_path / "a")
    storage().delete(key)
    with pytest.raises(PackageDamaged):
        export_course("kursus-kecil", tmp_path / "b")
    assert not (tmp_path / "a" / "kursus-kecil").exists()


def test_two_imports_at_once_publish_one_version(app, tmp_path):
    root = write_package(tmp_path)
    results, failures = [], []
    together = threading.Barrier(2)

    def work():
        with app.app_context():
            try:
                together.wait(10)
                results.append(import_package(root))
            except Exception as error:
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert sorted(done.changed for done in results) == [False, True]
    assert {done.number for done in results} == {1}
    assert (count(CourseVersion), count(Lesson), count(Quiz)) == (1, 4, 3)


def test_what_was_published_is_found(app, tmp_path):
    import_package(write_package(tmp_path / "a"))
    drain(app)
    both = (search.PUBLIC, search.SIGNED_IN)
    hits = search.search("warga di loket", visibilities=both)
    assert [(hit.kind, hit.locator["path"]) for hit in hits] == [("lesson", "/kursus/kursus-kecil/belajar/bacaan")]
    assert [hit.kind for hit in search.search("kursus kecil", visibilities=(search.PUBLIC,))] == ["course"]
    import_package(write_package(tmp_path / "b", spoiled(READING, "key: bacaan", "key: bacaan-baru")))
    drain(app)
    assert [hit.locator["path"] for hit in search.search("warga", visibilities=both)] == ["/kursus/kursus-kecil/belajar/bacaan-baru"]


@pytest.mark.ffmpeg
def test_a_video_with_captions_is_stored_once_and_comes_back(app, tmp_path, video):
    files = with_video(video, CAPTIONS)
    root = write_package(tmp_path, files)
    import_package(root)
    lesson = get_current_outline("kursus-kecil").lesson("tayangan")
    asset = db.session.get(MediaAsset, lesson.content["asset_id"])
    assert asset.kind == "VIDEO"
    assert lesson.content["captions"] == ["id"]
    assert lesson.content["coverage"] == 0.8
    assert [chapter["at"] for chapter in lesson.content["chapters"]] == [0, 1]
    assert db.session.scalar(select(MediaCaption.content).where(MediaCaption.asset_id == asset.id)) == CAPTIONS
    files["course.yaml"] = files["course.yaml"].replace(b"Kursus Kecil", b"Kursus Kecil Sekali")
    import_package(write_package(tmp_path / "b", files))
    assert count(MediaAsset) == 1
    assert tree(export_course("kursus-kecil", tmp_path / "keluar")) == files


@pytest.mark.ffmpeg
def test_captions_belong_to_the_video_whatever_the_kind_calls_its_field(tmp_path):
    (tmp_path / "t.vtt").write_text("WEBVTT\n", encoding="utf-8")
    kind = SimpleNamespace(fields={"tayangan": Field(FieldType.FILE, sort="video"), "captions": Field(FieldType.FILES, sort="captions")})
    told = SimpleNamespace(kind=kind, source=SimpleNamespace(fields={"tayangan": "t.mp4", "captions": {"id": "t.vtt"}}))
    silent = SimpleNamespace(kind=SimpleNamespace(fields={}), source=SimpleNamespace(fields={"captions": {"id": "t.vtt"}}))
    package: Any = SimpleNamespace(lessons=[told, silent], root=tmp_path)
    assert publishing._captions(package, {"t.mp4": 7}) == {(7, "id"): ("t.vtt", "WEBVTT\n")}


def test_captions_that_outlast_the_video_are_refused(app, tmp_path, video):
    files = with_video(video, "WEBVTT\n\n00:00:00.000 --> 00:00:09.000\nTerlalu lama.\n")
    with pytest.raises(PackageRefused) as caught:
        import_package(write_package(tmp_path, files))
    (fault,) = caught.value.faults
    assert (fault.path, fault.line) == ("01-awal/02-tayangan.md", 8)


@pytest.mark.ffmpeg
def test_a_chapter_after_the_end_is_refused(app, tmp_path, video):
    files = with_video(video, CAPTIONS)
    files["01-awal/02-tayangan.md"] = files["01-awal/02-tayangan.md"].replace(b'"0:01"', b'"0:05"')
    with pytest.raises(PackageRefused) as caught:
        import_package(write_package(tmp_path, files))
    assert {(fault.path, fault.line) for fault in caught.value.faults} == {("01-awal/02-tayangan.md", 9)}


def test_a_picture_has_an_address_that_stays(app, tmp_path):
    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(made, "PNG")
    root = write_package(tmp_path, spoiled(READING, "Ambil kertas.", '![Loket "satu" <b>](media/x.png)') | {"media/x.png": made.getvalue()})
    import_package(root)
    lesson = get_current_outline("kursus-kecil").lesson("bacaan")
    asset_id = db.session.scalar(select(LessonAsset.asset_id).where(LessonAsset.lesson_version_id == lesson.lesson_version_id))
    body = get_lesson_body(lesson.lesson_version_id)
    assert f'src="/kursus/kursus-kecil/gambar/{asset_id}"' in body
    assert 'width="40" height="30"' in body
    assert 'alt="Loket &quot;satu&quot; &lt;b&gt;"' in body
    assert tree(export_course("kursus-kecil", tmp_path / "keluar")) == tree(root)


SHIPPED = sorted(path.name for path in (ROOT / "content").iterdir() if (path / "course.yaml").is_file())


@pytest.mark.ffmpeg
@pytest.mark.parametrize("slug", SHIPPED)
def test_a_shipped_course_is_published_and_comes_back_byte_for_byte(app, tmp_path, slug):
    done = import_package(ROOT / "content" / slug)
    assert done.changed
    assert done.jp * 45 <= done.minutes
    assert tree(export_course(slug, tmp_path)) == tree(ROOT / "content" / slug)


@pytest.mark.ffmpeg
def test_the_largest_shipped_course_holds_the_write_lock_for_few_statements(app, count_queries):
    largest = max(SHIPPED, key=lambda slug: sum(path.stat().st_size for path in (ROOT / "content" / slug).rglob("*.md")))
    import_package(ROOT / "content" / largest)
    locked = next(place for place, statement in enumerate(count_queries) if statement.startswith("INSERT INTO course "))
    held = count_queries[locked:]
    assert len(get_current_outline(largest).lessons) >= 15
    assert len(held) < 40, held



# ---- the command line ----


def test_check_tells_file_and_line_and_fails(app, tmp_path):
    root = write_package(tmp_path, spoiled("course.yaml", "jp: 1\n", "jp: 2\n"))
    result = app.test_cli_runner().invoke(args=["content", "check", str(root)])
    assert result.exit_code == 1
    assert f"{root}/course.yaml:10: JP yang tertulis 2" in result.output


def test_check_describes_a_good_package(app, tmp_path):
    result = app.test_cli_runner().invoke(args=["content", "check", str(write_package(tmp_path))])
    assert result.exit_code == 0
    assert "mendukung 1 JP; tertulis 1 JP" in result.output


def test_one_refused_package_does_not_keep_the_others_out(app, tmp_path):
    bad = write_package(tmp_path / "b", spoiled("course.yaml", "jp: 1\n", "jp: 2\n"))
    good = write_package(tmp_path / "a")
    result = app.test_cli_runner().invoke(args=["content", "import", str(bad), str(good)])
    assert result.exit_code == 1
    assert "terbit sebagai versi 1" in result.output
    again = app.test_cli_runner().invoke(args=["content", "import", str(good)])
    assert (again.exit_code, "tidak berubah" in again.output) == (0, True)


def test_export_from_the_command_line(app, tmp_path):
    import_package(write_package(tmp_path))
    result = app.test_cli_runner().invoke(args=["content", "export", "--all", "--to", str(tmp_path / "keluar")])
    assert result.exit_code == 0
    assert (tmp_path / "keluar/kursus-kecil/course.yaml").is_file()
    missing = app.test_cli_runner().invoke(args=["content", "export", "tidak-ada", "--to", str(tmp_path / "lain")])
    assert missing.exit_code == 1
    assert app.test_cli_runner().invoke(args=["content", "check"]).exit_code == 2
