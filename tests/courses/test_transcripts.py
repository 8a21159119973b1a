"""What is said in a video is found by the site search, leads to its second, and follows its captions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel.db import db, transaction
from app.kernel.worker import drain
from app.media import services
from app.media.models import MediaAsset
from tests.learning.factories import lesson, publish_course
from tests.media.test_delivery import made_video
from tests.people.factories import make_user, sign_in

SPOKEN = """WEBVTT

00:01.000 --> 00:04.000
Selamat datang di materi gratifikasi.

03:12.400 --> 03:15.000
Laporkan pemberian itu

03:15.000 --> 03:18.000
paling lambat tiga puluh hari kerja.

05:00.000 --> 05:04.000
Pembuktian terbalik berlaku di sini.
"""


def say(asset_id: int, content: str, language: str = "id") -> None:
    with transaction():
        services.set_caption(asset_id, language, content)


def show_in(asset: MediaAsset, *, digest: str = "") -> None:
    shown = replace(lesson("tayang", "video", 6, asset_id=asset.id, duration_seconds=360, coverage=0.9, chapters=[]), asset_ids=(asset.id,))
    publish_course("integritas", lesson("baca"), shown, digest=digest)


@pytest.fixture
def video(app: Flask, tmp_path: Path) -> MediaAsset:
    asset = made_video(tmp_path, make_user("Alia").id)
    say(asset.id, SPOKEN)
    show_in(asset)
    drain(app)
    return asset


@pytest.fixture
def learner(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user("Budi"))


def page(client: FlaskClient, words: str) -> str:
    db.session.rollback()  # the page reads anew, as every request does
    answer = client.get("/cari", query_string={"q": words})
    assert answer.status_code == 200
    return answer.text


def test_a_hit_names_the_video_and_leads_to_the_second(video: MediaAsset, learner: FlaskClient):
    found = page(learner, "laporkan pemberian")
    assert 'href="/kursus/integritas/belajar/tayang#t=192"' in found
    assert "3.12" in found
    assert "<mark>Laporkan</mark> <mark>pemberian</mark>" in found
    assert "Diucapkan di video" in found


def test_relatives_of_a_word_are_found_and_the_sentence_counts_not_the_passage(video: MediaAsset, learner: FlaskClient):
    assert "tayang#t=300" in page(learner, "membuktikan")


def test_nobody_who_is_not_signed_in_finds_what_is_said(video: MediaAsset, client: FlaskClient):
    assert "tayang" not in page(client, "laporkan pemberian")


def test_changed_captions_are_found_and_the_old_words_no_more(app: Flask, video: MediaAsset, learner: FlaskClient):
    say(video.id, SPOKEN.replace("Pembuktian terbalik", "Praduga bersalah"))
    drain(app)
    assert "tayang#t=300" in page(learner, "praduga")
    assert "tayang" not in page(learner, "pembuktian")


def test_every_language_is_found_and_a_removed_one_no_more(app: Flask, video: MediaAsset, learner: FlaskClient):
    say(video.id, SPOKEN.replace("Pembuktian terbalik berlaku di sini.", "The burden of proof is reversed."), "en")
    drain(app)
    assert 'lang="en"' in page(learner, "burden of proof")
    with transaction():
        services.remove_caption(video.id, "en")
    drain(app)
    assert "tayang" not in page(learner, "burden of proof")
    assert "tayang" in page(learner, "pembuktian terbalik")


def test_a_lesson_that_left_the_course_is_not_found_by_its_words(app: Flask, video: MediaAsset, learner: FlaskClient):
    publish_course("integritas", lesson("baca"), digest="2" * 64)
    drain(app)
    assert "tayang" not in page(learner, "laporkan pemberian")
    say(video.id, SPOKEN.replace("Laporkan", "Sampaikan"))
    drain(app)
    assert "tayang" not in page(learner, "sampaikan pemberian")


def test_the_next_version_keeps_its_words(app: Flask, video: MediaAsset, learner: FlaskClient):
    show_in(video, digest="3" * 64)
    drain(app)
    assert page(learner, "laporkan pemberian").count("tayang#t=192") == 2  # the lesson's name and the moment


def test_many_moments_of_one_video_are_one_hit(app: Flask, video: MediaAsset, learner: FlaskClient):
    cues = "\n\n".join(f"{n:02}:00.000 --> {n:02}:05.000\nKata kunci retribusi disebut lagi di sini, bagian {n}." for n in range(60))
    say(video.id, f"WEBVTT\n\n{cues}\n")
    drain(app)
    found = page(learner, "retribusi")
    assert found.count("Materi tayang") == 1 + 3  # its name, and three moments' names for screen readers


def test_words_that_stand_nowhere_together_are_found_apart(video: MediaAsset, learner: FlaskClient):
    found = page(learner, "pembuktian kelapa sawit")
    assert "tayang#t=300" in found
