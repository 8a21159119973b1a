"""What `check` refuses, each with the file and the line."""

import io
import os
import stat
import zipfile

import pytest

from app.courses import lesson_kinds
from app.interchange.packages.faults import PackageRefused
from app.interchange.packages.files import opened
from app.interchange.packages.reader import read_package
from tests.interchange.package_kit import COURSE, good_package, line_of, spoiled, with_video, write_package

READING, PRE, QUIZ, POST = "01-awal/02-bacaan.md", "01-awal/01-tes-awal.md", "01-awal/03-kuis.md", "01-awal/04-tes-akhir.md"


@pytest.fixture(autouse=True)
def kinds():
    lesson_kinds.register_all()


def faults_of(folder, files, name="kursus-kecil"):
    with pytest.raises(PackageRefused) as caught:
        read_package(write_package(folder, files, name), name)
    return caught.value.faults


def places(faults):
    return {(fault.path, fault.line) for fault in faults}


def test_the_good_package_has_no_fault(tmp_path):
    package = read_package(write_package(tmp_path), "kursus-kecil")
    assert [lesson.key for lesson in package.lessons] == ["tes-awal", "bacaan", "kuis-awal", "tes-akhir"]
    assert package.minutes >= 45


SPOILED = [
    # course.yaml
    ("course.yaml", "format: 1", "format: 2"),
    ("course.yaml", "slug: kursus-kecil", "slug: Kursus Kecil"),
    ("course.yaml", "slug: kursus-kecil", "slug: kursus-lain"),
    ("course.yaml", "title: Kursus Kecil", "title:"),
    ("course.yaml", "title: Kursus Kecil", "title: 2026"),
    ("course.yaml", "title: Kursus Kecil", "judul: Kursus Kecil\ntitle: Kursus Kecil"),
    ("course.yaml", "title: Kursus Kecil", "title: &nama Kursus Kecil"),
    ("course.yaml", "title: Kursus Kecil", "title: !!python/object/apply:os.system [id]"),
    ("course.yaml", "title: Kursus Kecil", "title: *nama"),
    ("course.yaml", "title: Kursus Kecil", "title: Kursus: Kecil"),
    ("course.yaml", "language: id", "language: jv"),
    ("course.yaml", "jp: 1", "jp: 1.5"),
    ("course.yaml", "jp: 1", "jp: 0"),
    ("course.yaml", "form: E_LEARNING", "form: SEMINAR"),
    ("course.yaml", "competency_group: TEKNIS", "competency_group: LAIN"),
    ("course.yaml", "competency_level: 2", "competency_level: 6"),
    ("course.yaml", "sequence: LINEAR", "sequence: ACAK"),
    ("course.yaml", "prerequisites: []", "prerequisites: [kursus-kecil]"),
    ("course.yaml", "reviewed_on: 2026-11-20", "reviewed_on: 2026-13-45"),
    ("course.yaml", "reviewed_on: 2026-11-20", "reviewed_on: kemarin"),
    ("course.yaml", "status: SECONDARY", "status: PASTI"),
    ("course.yaml", "      - 01-awal/03-kuis.md", "      - ../luar.md"),
    ("course.yaml", "      - 01-awal/03-kuis.md", "      - /etc/passwd"),
    ("course.yaml", "      - 01-awal/03-kuis.md", "      - 01-awal/tidak-ada.md"),
    ("course.yaml", "      - 01-awal/03-kuis.md", "      - 01-awal/03-Kuis.md"),
    ("course.yaml", "      - 01-awal/03-kuis.md", "      - 01-awal/02-bacaan.md"),
    ("course.yaml", "      - 01-awal/03-kuis.md", "      - 01-awal/03-kuis.gift"),
    # front matter
    (READING, "key: bacaan", "key: tes-awal"),
    (READING, "key: bacaan", "key: Bacaan!"),
    (READING, "kind: article", "kind: scorm"),
    (READING, "title: Bacaan pertama", "title: Satu\ntitle: Dua"),
    (READING, "legal_basis: [uu-25-2009]", "legal_basis: [uu-tidak-ada]"),
    (READING, "practice_minutes: 30", "practice_minutes: 31"),
    (READING, "practice_minutes: 30", "practice_minutes: 30\nnilai: 3"),
    (READING, "practice_minutes: 30", "practice_minutes: 30\nrequires: [tes-akhir]"),
    (READING, "practice_minutes: 30", "practice_minutes: 30\nrequires: [bacaan]"),
    (READING, "practice_minutes: 30", "practice_minutes: 30\nrequires: [tak-ada]"),
    (QUIZ, "passing_score: 70", "passing_score: 0"),
    (QUIZ, "passing_score: 70", "passing_score: 101"),
    (QUIZ, "feedback: AFTER", "feedback: EACH"),
    (QUIZ, "shuffle: true", 'shuffle: "ya"'),
    (QUIZ, "purpose: MODULE_QUIZ", "purpose: UJIAN"),
    (QUIZ, "questions: 01-awal/03-kuis.gift", "questions: ../../etc/passwd"),
    (QUIZ, "questions: 01-awal/03-kuis.gift", "questions: 01-awal/02-bacaan.md"),
    (QUIZ, "attempts: 3", "attempts: -1"),
    (QUIZ, "shuffle: true", "shuffle: true\npractice_minutes: 5"),
    (PRE, "passing_score: 0", "passing_score: 70"),
    # the text
    (READING, "## Yang penting", "# Yang penting"),
    (READING, "(lesson:tes-akhir)", "(lesson:tidak-ada)"),
    (READING, "(lesson:tes-akhir)", "(http://contoh.id)"),
    (READING, "(lesson:tes-akhir)", "(../../rahasia)"),
    (READING, "(lesson:tes-akhir)", "(mailto:a@b.id)"),
    (READING, "Ambil kertas.", "![gambar](media/tidak-ada.png)"),
    (READING, "Ambil kertas.", "![](https://contoh.id/a.png)"),
    (READING, "::: case Di loket", "::: case"),
    (READING, "::: case Di loket", "::: kasus Di loket"),
    (READING, "::: note Sering keliru", "::: feedback"),
    (READING, "Catatan pendek.\n:::\n", "Catatan pendek.\n:::\n:::\n"),
    # the questions
    ("01-awal/03-kuis.gift", "::kuis-2:: Pertanyaan nomor 2", "::kuis-1:: Pertanyaan nomor 2"),
    ("01-awal/03-kuis.gift", "::kuis-2:: Pertanyaan", "::kuis-2 Pertanyaan"),
    ("01-awal/03-kuis.gift", "::kuis-2:: Pertanyaan", "Pertanyaan"),
]


@pytest.mark.parametrize(("path", "old", "new"), SPOILED, ids=[f"{p.split('/')[-1]}-{n[:40]!r}" for p, _o, n in SPOILED])
def test_a_spoiled_line_is_named(tmp_path, path, old, new):
    files = spoiled(path, old, new)
    first = line_of(good_package(), path, old)
    last = first + max(old.count("\n"), new.count("\n")) + 1
    faults = faults_of(tmp_path, files)
    assert any(fault.path == path and first <= fault.line <= last for fault in faults), [str(fault) for fault in faults]


def test_the_second_of_two_equal_fields_is_named(tmp_path):
    files = spoiled("course.yaml", "jp: 1\n", "jp: 1\njp: 2\n")
    assert ("course.yaml", line_of(files, "course.yaml", "jp: 2")) in places(faults_of(tmp_path, files))


def test_more_jp_than_the_minutes_support_is_refused(tmp_path):
    files = spoiled("course.yaml", "jp: 1\n", "jp: 2\n")
    (fault,) = faults_of(tmp_path, files)
    assert (fault.path, fault.line) == ("course.yaml", line_of(files, "course.yaml", "jp: 2"))
    assert "paling banyak 1 JP" in fault.message


def test_every_fault_is_told_at_once(tmp_path):
    files = spoiled("course.yaml", "competency_level: 2", "competency_level: 9")
    files[READING] = files[READING].replace(b"# Yang", b" Yang").replace(b"::: case Di loket", b"::: case")
    files["01-awal/03-kuis.gift"] = b"bukan soal\n"
    found = places(faults_of(tmp_path, files))
    assert {path for path, _line in found} >= {"course.yaml", READING, "01-awal/03-kuis.gift"}


def test_a_course_needs_its_tests_and_each_module_its_quiz(tmp_path):
    files = spoiled(POST, "purpose: POST_TEST", "purpose: MODULE_QUIZ")
    assert any("POST_TEST" in fault.message for fault in faults_of(tmp_path / "a", files))
    files = spoiled(QUIZ, "purpose: MODULE_QUIZ\npassing_score: 70", "purpose: PRACTICE\npassing_score: 0")
    (fault,) = faults_of(tmp_path / "b", files)
    assert (fault.path, fault.line) == ("course.yaml", line_of(files, "course.yaml", "key: awal"))


def test_practice_minutes_need_a_practice(tmp_path):
    files = good_package()
    text = files[READING].decode()
    files[READING] = (text[: text.index("::: practice")] + text[text.index("::: note") :]).encode()
    files["course.yaml"] = files["course.yaml"].replace(b"jp: 1\n", b"jp: 1\n")
    assert (READING, 7) in places(faults_of(tmp_path, files))


def test_a_practice_has_exactly_one_feedback(tmp_path):
    files = spoiled(READING, "::: feedback\nJawaban yang baik menyebut waktunya.\n:::\n", "")
    assert (READING, line_of(files, READING, "::: practice")) in places(faults_of(tmp_path, files))


def test_a_block_that_is_never_closed_is_named_where_it_opens(tmp_path):
    files = spoiled(READING, "Catatan pendek.\n:::\n", "Catatan pendek.\n")
    assert (READING, line_of(files, READING, "::: note")) in places(faults_of(tmp_path, files))


@pytest.mark.parametrize("front", ["", "tanpa bagian depan\n", "---\nkey: a\n", "---\n- daftar\n---\n", "---\n[[[[[[[[[[[[[[[[[[[[\n---\n"])
def test_a_lesson_without_readable_front_matter_is_refused(tmp_path, front):
    files = good_package() | {READING: front.encode() or b"\n"}
    assert any(fault.path == READING for fault in faults_of(tmp_path, files))


# ---- text and files ----


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"---\nkey: \xff\xfe\n---\n", 2),
        (b"\xef\xbb\xbf---\nkey: a\n", 1),
        (b"---\r\nkey: a\r\n---\r\n", 1),
        (b"---\nkey: a\n---\nteks\x00\n", 4),
        (b"---\nkey: a\n---\nteks", 4),
        (b"---\nkey: a\n---\nteks\n\n", 5),
    ],
    ids=["not-utf8", "bom", "cr", "nul", "no-newline", "two-newlines"],
)
def test_text_that_is_not_plain_utf8_is_refused(tmp_path, content, line):
    assert (READING, line) in places(faults_of(tmp_path, good_package() | {READING: content}))


def test_a_file_nobody_uses_is_refused(tmp_path):
    assert ("01-awal/99-sisa.md", 0) in places(faults_of(tmp_path, good_package() | {"01-awal/99-sisa.md": b"sisa\n"}))


def test_a_missing_course_file_is_told(tmp_path):
    files = good_package()
    del files["course.yaml"]
    assert places(faults_of(tmp_path, files)) == {("course.yaml", 0)}


@pytest.mark.parametrize(
    "name", [".rahasia.md", "01-awal/Besar.md", "01-awal/dua kata.md", "media/x.exe", "media/x.html", "media/é.png", "a/b/c/d/e/f.md"]
)
def test_names_that_are_not_accepted_are_told(tmp_path, name):
    assert any(name.startswith(fault.path) for fault in faults_of(tmp_path, good_package() | {name: b"x\n"}))


def test_names_that_differ_only_in_case_are_refused(tmp_path):
    faults = faults_of(tmp_path, good_package() | {"01-awal/02-BACAAN.md": b"x\n"})
    assert any("huruf besar" in fault.message and fault.path.startswith("01-awal/02-") for fault in faults)


def test_a_link_is_refused_and_not_followed(tmp_path):
    root = write_package(tmp_path)
    (root / READING).unlink()
    os.symlink("/etc/passwd", root / READING)
    with pytest.raises(PackageRefused) as caught:
        read_package(root, "kursus-kecil")
    assert (READING, 0) in places(caught.value.faults)
    assert all("root:" not in str(fault) for fault in caught.value.faults)


def test_a_linked_folder_is_refused(tmp_path):
    root = write_package(tmp_path)
    os.symlink("/etc", root / "media")
    with pytest.raises(PackageRefused) as caught:
        read_package(root, "kursus-kecil")
    assert places(caught.value.faults) == {("media", 0)}


def test_a_pipe_is_refused_and_not_opened(tmp_path):
    root = write_package(tmp_path)
    os.mkfifo(root / "01-awal/pipa.md")
    with pytest.raises(PackageRefused) as caught:
        read_package(root, "kursus-kecil")
    assert ("01-awal/pipa.md", 0) in places(caught.value.faults)


def test_a_text_beyond_the_limit_is_refused_unread(tmp_path):
    faults = faults_of(tmp_path, good_package() | {READING: b"a" * 1_000_001})
    assert any(fault.path == READING and "Terlalu besar" in fault.message for fault in faults)


# ---- media ----


def test_a_text_named_mp4_is_refused(tmp_path):
    files = with_video(b"Ini teks biasa, bukan video.\n", "WEBVTT\n\n00:00.000 --> 00:01.000\nHalo.\n")
    assert ("media/t.mp4", 0) in places(faults_of(tmp_path, files))


def test_bytes_that_only_begin_like_a_video_are_refused(tmp_path):
    files = with_video(b"\x00\x00\x00\x18ftypisom" + b"\x00" * 500, "WEBVTT\n\n00:00.000 --> 00:01.000\nHalo.\n")
    assert ("media/t.mp4", 0) in places(faults_of(tmp_path, files))


@pytest.mark.parametrize(
    ("captions", "line"),
    [
        ("bukan takarir\n", 1),
        ("WEBVTT\n", 1),
        ("WEBVTT\n\n00:00:02.000 --> 00:00:01.000\nTerbalik.\n", 3),
        ("WEBVTT\n\n00:01 --> 00:02\nTanpa milidetik.\n", 3),
        ("WEBVTT\n\n00:00:01.000 --> 00:00:01.500\nDua.\n\n00:00:00.000 --> 00:00:01.000\nSatu.\n", 6),
        ("WEBVTT\n\n00:00:01.000 --> 00:00:01.500\n\n", 3),
    ],
)
def test_captions_that_do_not_parse_are_refused(tmp_path, captions, line):
    assert ("media/t.id.vtt", line) in places(faults_of(tmp_path, with_video(b"bukan video\n", captions)))


def test_a_document_that_is_no_pdf_is_refused(tmp_path):
    files = good_package()
    files["01-awal/02-dokumen.md"] = (
        b"---\nkey: dokumen\nkind: document\ntitle: D\nlegal_basis: []\nreviewed_on: 2026-11-20\nfile: media/d.pdf\n---\n"
    )
    files["media/d.pdf"] = b"<html>bukan pdf</html>\n"
    files["course.yaml"] = files["course.yaml"].replace(b"      - 01-awal/03", b"      - 01-awal/02-dokumen.md\n      - 01-awal/03")
    assert ("media/d.pdf", 0) in places(faults_of(tmp_path, files))


@pytest.mark.parametrize("content", [b"bukan gambar", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, b"<svg onload='alert(1)'/>"])
def test_a_picture_that_is_none_is_refused(tmp_path, content):
    files = spoiled(READING, "Ambil kertas.", "![Loket](media/x.png)") | {"media/x.png": content}
    assert ("media/x.png", 0) in places(faults_of(tmp_path, files))


# ---- archives ----


def archive(tmp_path, entries):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        for entry, content in entries:
            zipped.writestr(entry, content)
    path = tmp_path / "paket.zip"
    path.write_bytes(made.getvalue())
    return path


def read_archive(path):
    with opened(path) as (root, name):
        return read_package(root, name)


def test_an_archive_with_or_without_a_folder_is_read(tmp_path):
    for prefix in ("kursus-kecil/", ""):
        path = archive(tmp_path, [(prefix + name, content) for name, content in good_package().items()])
        assert read_archive(path).slug == "kursus-kecil"


@pytest.mark.parametrize("name", ["../luar.md", "kursus-kecil/../../luar.md", "/etc/cron.d/x", "C:/x.md", "a\\..\\b.md"])
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path, name):
    path = archive(tmp_path, [*good_package().items(), (name, b"jahat")])
    with pytest.raises(PackageRefused) as caught:
        read_archive(path)
    assert any("luar paket" in fault.message for fault in caught.value.faults)
    assert not (tmp_path.parent / "luar.md").exists()


def test_a_link_in_an_archive_is_refused(tmp_path):
    link = zipfile.ZipInfo("kursus-kecil/01-awal/tautan.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(PackageRefused):
        read_archive(archive(tmp_path, [(link, "/etc/passwd")]))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = archive(tmp_path, [("kursus-kecil/media/besar.mp4", b"\x00" * 30_000_000)])
    with pytest.raises(PackageRefused) as caught:
        read_archive(path)
    assert "seratus kali" in caught.value.faults[0].message


def test_an_entry_longer_than_its_header_says_is_refused(tmp_path):
    path = archive(tmp_path, [("kursus-kecil/a.md", b"a" * 1000)])
    raw = path.read_bytes()
    path.write_bytes(raw.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(PackageRefused):
        read_archive(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"bukan zip sama sekali"])
def test_a_broken_archive_is_refused(tmp_path, content):
    (tmp_path / "paket.zip").write_bytes(content)
    with pytest.raises(PackageRefused):
        read_archive(tmp_path / "paket.zip")


def test_two_entries_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(tmp_path, [("a/x.md", b"1"), ("a/x.md", b"2")])
    with pytest.raises(PackageRefused):
        read_archive(path)


def test_what_is_neither_folder_nor_archive_is_refused(tmp_path):
    (tmp_path / "x.tar").write_bytes(b"x")
    with pytest.raises(PackageRefused):
        read_archive(tmp_path / "x.tar")


def test_a_fault_reads_as_place_and_message():
    from app.interchange.packages.faults import Fault

    assert str(Fault("a.md", 3, "Salah.")) == "a.md:3: Salah."
    assert str(Fault("a.md", 0, "Salah.")) == "a.md: Salah."
    assert str(Fault("", 0, "Salah.")) == "Salah."
    assert COURSE.endswith("\n")
