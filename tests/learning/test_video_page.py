"""The page of a video: what is drawn once for all carries what belongs to the person who asks, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.courses.queries import get_current_outline
from app.kernel import clock
from app.kernel.db import db, transaction
from app.learning import notes, services, watching
from app.learning.models import LessonProgress
from app.media.models import AssetKind, AssetState, MediaAsset, MediaCaption
from app.people.models import User
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_user, sign_in

PAGE = "/kursus/contoh/belajar/film"
RUNG = {"name": "240p", "path": "240p/index.m3u8", "bytes": 100, "height": 240, "width": 426}


@pytest.fixture
def lesson_id(app: Flask, at: Callable[..., None]) -> int:
    """A course with a video of a minute that is ready, with captions."""
    at(2026, 11, 23, 9, 0)
    now = clock.now()
    with transaction():
        made = {"master": "master.m3u8", "small": None, "sprite": None, "audio": None, "rungs": [RUNG]}
        db.session.add(
            MediaAsset(id=1, kind=AssetKind.VIDEO, sha256="a" * 64, original_name="v.mp4", byte_size=1, content_type="video/mp4", created_at=now, renditions=made,
                       state=AssetState.READY, generation=1, duration_seconds=60.0)
        )  # fmt: skip
        db.session.add(MediaCaption(id=1, asset_id=1, language="id", content="WEBVTT", cues=[[0, 5, "Salam dari kami."]], updated_at=now))
    chapters = [{"at": 0, "title": "Awal & tujuan"}, {"at": 30, "title": "Akhir"}]
    course = publish_course("contoh", lesson("film", "video", asset_id=1, coverage=0.9, chapters=chapters), lesson("baca"))
    return course.lesson("film").lesson_id


def learner(app: Flask, name: str) -> tuple[User, FlaskClient]:
    user, client = make_user(name), app.test_client()
    with transaction():
        services.enrol(user, get_current_outline("contoh"))
    sign_in(client, user)
    return user, client


def token_in(page: str) -> str:
    tokens = set(re.findall(r"/media/(\w{8}[^/\"&]+)/", page))
    assert len(tokens) == 1, "one token for all files of the video"
    return tokens.pop()


def test_everybody_gets_addresses_of_their_own_and_begins_where_they_stopped(app: Flask, lesson_id: int, count_queries: list[str]) -> None:
    siti, sitis = learner(app, "Siti")
    _budi, budis = learner(app, "Budi")
    sitis.get(PAGE)
    with transaction():
        db.session.execute(update(LessonProgress).where(LessonProgress.user_id == siti.id).values(position={"seconds": 42.5}))
        notes.save_note(siti.id, lesson_id, notes.Draft("catatan-siti", 7000, "Rahasia Siti"))
    hers, his = sitis.get(PAGE).text, budis.get(PAGE).text
    assert token_in(hers) != token_in(his)
    assert 'data-start="42.5"' in hers
    assert "<span data-now>0.42</span>" in hers
    assert "Rahasia Siti" in hers
    assert 'data-start="0"' in his
    assert "<span data-now>0.00</span>" in his
    assert "Rahasia Siti" not in his
    assert "~" not in re.sub(r"\s", "", hers).split("data-player")[1].split("</figure>")[0], "every mark was filled in"
    assert "Awal &amp; tujuan" in hers
    assert "&amp;amp;" not in hers
    count_queries.clear()
    sitis.get(PAGE)
    assert len(count_queries) <= 4


def test_what_was_watched_is_drawn_for_who_watched_it(app: Flask, lesson_id: int, at: Callable[..., None]) -> None:
    siti, sitis = learner(app, "Siti")
    _budi, budis = learner(app, "Budi")
    course = get_current_outline("contoh")
    viewing = watching.open_viewing(siti.id, course, course.lesson("film"))
    at(2026, 11, 23, 9, 5)
    watching.record_report(siti.id, lesson_id, 60_000, watching.Report.parse({"viewing": viewing, "played": [[0, 30]]}))
    assert "watched-done" in sitis.get(PAGE).text
    assert "watched-done" not in budis.get(PAGE).text


def test_a_caption_that_changed_and_a_video_made_anew_are_shown_at_once(app: Flask, lesson_id: int) -> None:
    _siti, client = learner(app, "Siti")
    before = client.get(PAGE).text
    assert "Salam dari kami." in before
    with transaction():
        values = {"cues": [[0, 5, "Selamat pagi."]], "updated_at": clock.now() + timedelta(seconds=1)}
        db.session.execute(update(MediaCaption).values(values))
    after = client.get(PAGE).text
    assert "Selamat pagi." in after
    assert "Salam dari kami." not in after
    with transaction():
        db.session.execute(update(MediaAsset).values(generation=2, renditions={**db.session.get_one(MediaAsset, 1).renditions, "rungs": [RUNG | {"name": "360p"}]}))
    anew = client.get(PAGE).text
    assert token_in(anew) != token_in(after)
    assert "360p" in anew
    assert "360p" not in after


def test_a_video_that_is_being_prepared_is_waited_for(app: Flask, lesson_id: int) -> None:
    with transaction():
        db.session.execute(update(MediaAsset).values(state=AssetState.PROCESSING, renditions={}))
    _siti, client = learner(app, "Siti")
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "data-preparing" in page.text
    assert "data-player" not in page.text


def test_a_recording_without_a_picture_is_called_what_it_is(app: Flask, lesson_id: int) -> None:
    siti, client = learner(app, "Siti")
    assert "Rekaman suara" not in client.get(PAGE).text
    with transaction():
        sounds = {"rungs": [], "sounds": [{"name": "48k", "path": "48k/index.m3u8", "bytes": 100}]}
        made = db.session.get_one(MediaAsset, 1).renditions | sounds
        db.session.add(
            MediaAsset(id=2, kind=AssetKind.VIDEO, sha256="b" * 64, original_name="s.m4a", byte_size=1, content_type="audio/mp4", created_at=clock.now(), renditions=made,
                       state=AssetState.READY, generation=1, duration_seconds=30.0)
        )  # fmt: skip
    course = publish_course("contoh", lesson("baca"), lesson("suara", "video", minutes=0.5, asset_id=2, coverage=0.9, chapters=[]), sequence="FREE")
    outline = client.get("/kursus/contoh").text
    assert "Rekaman suara, 30 detik" in outline
    assert "Rekaman suara, 30 detik" in client.get("/kursus/contoh/belajar/baca").text.split("next-step")[1].split("</section>")[0]
    with transaction():
        services.open_lesson(siti.id, course, course.lesson("suara"))
        services.complete_lesson(siti.id, course, course.lesson("suara"))
    page = client.get("/kursus/contoh/belajar/suara").text
    assert "<span>Rekaman suara</span><span>sekitar 30 detik</span>" in page
    assert "Rekaman suara selesai diputar" in page
    assert "Video" not in page.split('class="finish"')[1].split("</p>")[0]
