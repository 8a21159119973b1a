"""A small course package without fault, to be spoiled in one place at a time."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

COURSE = """\
format: 1
slug: kursus-kecil
title: Kursus Kecil
language: id
summary: Setelah kursus ini Anda tahu cara memeriksa paket.
outcomes:
  - Menjelaskan isi paket.
  - Menemukan baris yang keliru.
  - Memperbaikinya.
jp: 1
form: E_LEARNING
competency_group: TEKNIS
competency: Integritas
competency_level: 2
partner: BKPSDM Kota Tanjungpinang
sequence: LINEAR
prerequisites: []
reviewed_on: 2026-11-20
review_note: Untuk diperiksa.
legal_basis:
  - id: uu-25-2009
    title: UU 25/2009
    about: Pelayanan publik
    status: SECONDARY
modules:
  - key: awal
    title: Bagian awal
    lessons:
      - 01-awal/01-tes-awal.md
      - 01-awal/02-bacaan.md
      - 01-awal/03-kuis.md
      - 01-awal/04-tes-akhir.md
"""

READING = """\
---
key: bacaan
kind: article
title: Bacaan pertama
legal_basis: [uu-25-2009]
reviewed_on: 2026-11-20
practice_minutes: 30
---
Paragraf **pertama** dengan tautan ke [tes akhir](lesson:tes-akhir).

## Yang penting

| Kolom | Isi |
|---|---|
| a | b |

::: case Di loket
Seorang warga datang pukul dua siang.
:::

::: practice Tulis jawaban Anda
Ambil kertas.

::: feedback
Jawaban yang baik menyebut waktunya.
:::
:::

::: note Sering keliru
Catatan pendek.
:::
"""


def quiz(key: str, file: str, purpose: str, passing_score: int, feedback: str = "AFTER", extra: str = "") -> str:
    return f"""\
---
key: {key}
kind: quiz
title: Kuis {key}
legal_basis: []
reviewed_on: 2026-11-20
questions: {file}
purpose: {purpose}
passing_score: {passing_score}
attempts: 3
cooldown_minutes: 60
time_limit_minutes: 0
feedback: {feedback}
shuffle: true
{extra}---
Pengantar singkat.
"""


def questions(count: int, prefix: str = "soal") -> str:
    return "\n".join(
        f"::{prefix}-{n}:: Pertanyaan nomor {n} tentang layanan? {{\n=benar sekali #Tepat.\n~salah #Keliru.\n}}\n"
        for n in range(1, count + 1)
    )


def good_package() -> dict[str, bytes]:
    texts = {
        "course.yaml": COURSE,
        "01-awal/01-tes-awal.md": quiz("tes-awal", "01-awal/01-tes-awal.gift", "PRE_TEST", 0),
        "01-awal/01-tes-awal.gift": questions(6, "awal"),
        "01-awal/02-bacaan.md": READING,
        "01-awal/03-kuis.md": quiz("kuis-awal", "01-awal/03-kuis.gift", "MODULE_QUIZ", 70),
        "01-awal/03-kuis.gift": questions(5, "kuis"),
        "01-awal/04-tes-akhir.md": quiz("tes-akhir", "01-awal/04-tes-akhir.gift", "POST_TEST", 70),
        "01-awal/04-tes-akhir.gift": questions(6, "akhir"),
    }
    return {path: text.encode() for path, text in texts.items()}


def write_package(folder: Path, files: Mapping[str, bytes] | None = None, name: str = "kursus-kecil") -> Path:
    root = folder / name
    for path, content in (files if files is not None else good_package()).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def spoiled(path: str, old: str, new: str) -> dict[str, bytes]:
    """The good package with one piece of one file replaced; the piece must be there once."""
    files = good_package()
    text = files[path].decode()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
    files[path] = text.replace(old, new).encode()
    return files


def line_of(files: Mapping[str, bytes], path: str, piece: str) -> int:
    return files[path].decode().split(piece)[0].count("\n") + 1


def with_video(video: bytes, captions: str) -> dict[str, bytes]:
    files = good_package()
    lesson = (
        "---\nkey: tayangan\nkind: video\ntitle: Tayangan\nlegal_basis: []\nreviewed_on: 2026-11-20\n"
        'file: media/t.mp4\ncaptions: {id: media/t.id.vtt}\nchapters: [{at: "0:00", title: Awal}, {at: "0:01", title: Akhir}]\n'
        "coverage: 0.8\n---\nRingkasan tayangan.\n"
    )
    files["01-awal/02-tayangan.md"] = lesson.encode()
    files["media/t.mp4"] = video
    files["media/t.id.vtt"] = captions.encode()
    files["course.yaml"] = files["course.yaml"].replace(
        b"      - 01-awal/03-kuis.md\n", b"      - 01-awal/02-tayangan.md\n      - 01-awal/03-kuis.md\n"
    )
    return files


CAPTIONS = "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nSelamat datang.\n"


def make_video(path: Path, seconds: float = 2) -> bytes:
    from app.media.ffmpeg import find_ffmpeg

    source = f"testsrc=size=128x96:rate=10:duration={seconds}"
    subprocess.run(
        [find_ffmpeg(), "-v", "error", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-c:v", "libx264", str(path)], check=True
    )
    return path.read_bytes()
