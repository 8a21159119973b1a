"""A course is changed by packages and by the studio; neither undoes the other without a word."""

from pathlib import Path

import pytest
from sqlalchemy import select

from app.courses.queries import get_current_outline
from app.interchange.models import PackageImport
from app.interchange.packages.exporting import export_course, write_current_package
from app.interchange.packages.faults import PackageRefused
from app.interchange.packages.publishing import BaseMoved, StudioIsAhead, import_package, publish_package
from app.interchange.packages.reader import read_package
from app.kernel.db import db, transaction
from app.media.models import MediaAsset, MediaCaption
from app.media.services import set_caption
from app.people.models import AuditEntry
from tests.interchange.package_kit import CAPTIONS, good_package, make_video, spoiled, with_video, write_package
from tests.media.clips import clip

READING = "01-awal/02-bacaan.md"
SLUG = "kursus-kecil"


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("video") / "t.mp4")


def publish_from_studio(folder: Path, old: str = "Ambil kertas.", new: str = "Ambil kertas dan pena.", path: str = READING, **options):
    """What the studio does: take the current package, change it, publish it."""
    version_id = write_current_package(SLUG, folder)
    file = folder / SLUG / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return publish_package(read_package(folder / SLUG, SLUG), base_version_id=version_id, **options)


def add_reading(folder: Path):
    version_id = write_current_package(SLUG, folder)
    root = folder / SLUG
    (root / "01-awal/02-tambahan.md").write_text(
        "---\nkey: tambahan\nkind: article\ntitle: Dari studio\nlegal_basis: []\nreviewed_on: 2026-11-20\n---\nTeks.\n"
    )
    course = (root / "course.yaml").read_text()
    (root / "course.yaml").write_text(course.replace("      - 01-awal/03-kuis.md\n", "      - 01-awal/02-tambahan.md\n      - 01-awal/03-kuis.md\n"))
    return publish_package(read_package(root, SLUG), base_version_id=version_id)


def test_a_package_that_did_not_change_leaves_the_studios_version_alone(app, tmp_path):
    package = write_package(tmp_path / "a")
    import_package(package)
    assert publish_from_studio(tmp_path / "studio").number == 2
    done = import_package(package)
    assert (done.changed, done.number) == (False, 2)
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "courses.version_published").order_by(AuditEntry.id)).all()
    assert [(entry.after["version"], entry.after["through"]) for entry in noted] == [(1, "COMMAND_LINE"), (2, "STUDIO")]
    assert noted[0].after["passing_score"] == noted[1].before["passing_score"]
    assert len(noted[0].after["passing_score"]) == 2


def test_a_changed_package_does_not_replace_the_studios_version_silently(app, tmp_path):
    import_package(write_package(tmp_path / "a"))
    add_reading(tmp_path / "studio")
    changed = write_package(tmp_path / "b", spoiled(READING, "Ambil kertas.", "Ambil buku."))
    with pytest.raises(StudioIsAhead) as refusal:
        import_package(changed)
    assert refusal.value.facts["lessons"] == ["Dari studio"]
    assert "Dari studio" in str(refusal.value.message)
    assert get_current_outline(SLUG).number == 2


def test_a_changed_package_replaces_it_when_asked_to_and_is_then_the_last_import(app, tmp_path):
    import_package(write_package(tmp_path / "a"))
    publish_from_studio(tmp_path / "studio")
    changed = write_package(tmp_path / "b", spoiled(READING, "Ambil kertas.", "Ambil buku."))
    assert import_package(changed, over_studio=True).number == 3
    assert import_package(changed).changed is False
    again = write_package(tmp_path / "c", spoiled(READING, "Ambil kertas.", "Ambil pena."))
    assert import_package(again).number == 4


def test_what_the_studio_published_can_be_exported_changed_and_imported(app, tmp_path):
    import_package(write_package(tmp_path / "a"))
    add_reading(tmp_path / "studio")
    out = export_course(SLUG, tmp_path / "out")
    assert import_package(out).changed is False
    (out / READING).write_text((out / READING).read_text().replace("Ambil kertas.", "Ambil buku."))
    done = import_package(out)
    assert (done.changed, done.number) == (True, 3)
    assert get_current_outline(SLUG).find_lesson("tambahan") is not None


def test_a_course_from_before_imports_were_remembered_is_imported_as_ever(app, tmp_path):
    import_package(write_package(tmp_path / "a"))
    with transaction() as session:
        session.delete(session.scalars(select(PackageImport)).one())
    assert import_package(write_package(tmp_path / "b", spoiled(READING, "Ambil kertas.", "Ambil buku."))).number == 2


def test_work_on_a_version_that_is_no_longer_current_is_not_published(app, tmp_path):
    import_package(write_package(tmp_path / "a"))
    version_id = write_current_package(SLUG, tmp_path / "early")
    publish_from_studio(tmp_path / "studio")
    file = tmp_path / "early" / SLUG / READING
    file.write_text(file.read_text().replace("kertas", "batu"))
    with pytest.raises(BaseMoved):
        publish_package(read_package(tmp_path / "early" / SLUG, SLUG), base_version_id=version_id)
    assert get_current_outline(SLUG).number == 2


def test_the_command_line_tells_it_and_goes_on_with_all_of_them(app, tmp_path, monkeypatch):
    import_package(write_package(tmp_path / "a"))
    publish_from_studio(tmp_path / "studio")
    changed = write_package(tmp_path / "content", spoiled(READING, "Ambil kertas.", "Ambil buku."))
    runner = app.test_cli_runner()
    alone = runner.invoke(args=["content", "import", str(changed)])
    assert (alone.exit_code, "--over-studio" in alone.output) == (1, True)
    monkeypatch.setattr("app.interchange.cli.CONTENT", tmp_path / "content")
    at_start = runner.invoke(args=["content", "import", "--all"])
    assert (at_start.exit_code, "disunting di studio" in at_start.output) == (0, True)
    asked = runner.invoke(args=["content", "import", str(changed), "--over-studio"])
    assert (asked.exit_code, "versi 3" in asked.output) == (0, True)


@pytest.mark.ffmpeg
def test_captions_mended_in_the_browser_outlive_the_next_version(app, tmp_path, video):
    import_package(write_package(tmp_path / "a", with_video(video, CAPTIONS)))
    asset_id = db.session.scalar(select(MediaAsset.id))
    mended = CAPTIONS.replace("Selamat datang.", "Selamat datang, Bapak dan Ibu.")
    with transaction():
        set_caption(asset_id, "id", mended)
    publish_from_studio(tmp_path / "studio")
    assert db.session.scalar(select(MediaCaption.content)) == mended
    publish_from_studio(tmp_path / "again", "Selamat datang.", "Selamat pagi.", "media/t.id.vtt")
    assert "Selamat pagi." in (db.session.scalar(select(MediaCaption.content)) or "")


@pytest.mark.ffmpeg
def test_a_recording_keeps_its_own_container(app, tmp_path):
    made = clip(tmp_path / "rekaman.mkv", size="128x96")
    files = with_video(made.read_bytes(), CAPTIONS)
    files["media/t.mkv"] = files.pop("media/t.mp4")
    lesson = files["01-awal/02-tayangan.md"]
    files["01-awal/02-tayangan.md"] = lesson.replace(b"t.mp4", b"t.mkv")
    root = write_package(tmp_path, files)
    import_package(root)
    assert (export_course(SLUG, tmp_path / "out") / "media/t.mkv").read_bytes() == made.read_bytes()
    with pytest.raises(PackageRefused) as refusal:
        read_package(write_package(tmp_path / "b", with_video(made.read_bytes(), CAPTIONS)))
    assert ".mkv / .webm" in refusal.value.faults[0].message


@pytest.mark.ffmpeg
def test_a_video_without_captions_needs_its_content_in_text(app, tmp_path, video):
    files = with_video(video, CAPTIONS)
    files.pop("media/t.id.vtt")
    lesson = files["01-awal/02-tayangan.md"].replace(b"captions: {id: media/t.id.vtt}\n", b"")
    assert read_package(write_package(tmp_path / "a", files | {"01-awal/02-tayangan.md": lesson})).lessons[2].source.words == 2
    with pytest.raises(PackageRefused) as refusal:
        read_package(write_package(tmp_path / "b", files | {"01-awal/02-tayangan.md": lesson.replace(b"Ringkasan tayangan.\n", b"")}))
    assert "tanpa takarir" in refusal.value.faults[0].message


def test_a_published_package_is_not_copied_again(app, tmp_path, monkeypatch):
    import io

    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(picture, "PNG")
    files = good_package() | {"media/peta.png": picture.getvalue()}
    files[READING] = files[READING].replace(b"Ambil kertas.", b"![Peta](media/peta.png)")
    import_package(write_package(tmp_path / "a", files))

    def refuse(*_):
        raise AssertionError("copied")

    monkeypatch.setattr("app.interchange.packages.publishing.store_asset", refuse)
    assert publish_from_studio(tmp_path / "studio", "pertama**", "kedua**").number == 2
