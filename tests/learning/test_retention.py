"""How everybody watched a video: the same numbers as counting each second by hand, and only for those who answer for it."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app.courses.models import CourseStaff
from app.courses.outline import CourseOutline
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.learning import retention, spans
from app.learning.models import WatchedSpan
from app.media.models import AssetKind, AssetState, MediaAsset, MediaCaption
from app.people.models import User
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_user, sign_in

At = Callable[..., None]
PAGE = "/studio/video/film/a"
MINUTE = 60_000
LENGTH = 3 * MINUTE + 250


@pytest.fixture
def course(app: Flask, at: At) -> CourseOutline:
    at(2026, 11, 23, 9, 0)
    with transaction():
        db.session.add(
            MediaAsset(
                id=1, kind=AssetKind.VIDEO, sha256="a" * 64, original_name="v.mp4", byte_size=1, content_type="video/mp4", state=AssetState.READY,
                duration_seconds=LENGTH / 1000, created_at=clock.now(), renditions={},
            )
        )  # fmt: skip
    with transaction():
        db.session.add(
            MediaCaption(asset_id=1, language="id", content="WEBVTT", updated_at=clock.now(), cues=[[0, 90, "Awal yang tenang."], [90, 180, "Ambang sepuluh juta."]])
        )
    return publish_course("film", lesson("a", "video", asset_id=1, coverage=0.9, chapters=[]), lesson("b"))


def watch(course: CourseOutline, user: User, *once: spans.Span, again: tuple[spans.Span, ...] = ()) -> None:
    rows = [
        {"user_id": user.id, "lesson_id": course.lesson("a").lesson_id, "layer": layer, "start_ms": start, "end_ms": end}
        for layer, of in ((1, once), (2, again))
        for start, end in of
    ]
    with transaction():
        db.session.execute(insert(WatchedSpan), rows)


def test_the_curve_is_what_counting_by_hand_gives(course: CourseOutline) -> None:
    chance = random.Random(7)
    people: list[list[spans.Span]] = []
    for _person in range(12):
        cuts = sorted(chance.sample(range(LENGTH + 1), 2 * chance.randint(1, 6)))
        people.append([(cuts[n], cuts[n + 1]) for n in range(0, len(cuts), 2)])
        watch(course, make_user(), *people[-1], again=tuple(people[-1][:1]))
    found = retention.get_retention(course.lesson("a").lesson_id, LENGTH)
    assert found.people == 12
    assert len(found.watched) <= retention.MOST_PARTS
    for shares, layer in ((found.watched, people), (found.again, [person[:1] for person in people])):
        for place, share in enumerate(shares):
            part = [(place * found.part_ms, min((place + 1) * found.part_ms, LENGTH))]
            truth = sum(spans.length(spans.common(person, part)) for person in layer) / (12 * spans.length(part))
            assert share == pytest.approx(truth, abs=1e-9)
    assert sum(found.left) == 12
    for at in (0, MINUTE, 2 * MINUTE):
        assert found.still_there(at) == pytest.approx(sum((person[-1][1] - 1) // found.part_ms >= at // found.part_ms for person in people) / 12)


def test_where_half_had_stopped_and_what_was_played_again(course: CourseOutline) -> None:
    for number in range(10):
        end = LENGTH if number < 4 else 100_000
        watch(course, make_user(), (0, end), again=((90_000, 96_000),) if number < 6 else ())
    found = retention.get_retention(course.lesson("a").lesson_id, LENGTH)
    assert found.half_gone_ms == pytest.approx(100_000, abs=2 * found.part_ms)
    assert found.to_the_end == pytest.approx(0.4)
    (peak,) = found.peaks
    assert (peak.start_ms, peak.end_ms, peak.share) == (pytest.approx(90_000, abs=found.part_ms), pytest.approx(96_000, abs=found.part_ms), pytest.approx(0.6))


def test_a_video_nobody_watched_has_no_curve(course: CourseOutline) -> None:
    found = retention.get_retention(course.lesson("a").lesson_id, LENGTH)
    assert (found.people, found.is_shown, found.peaks, found.half_gone_ms, set(found.watched)) == (0, False, [], None, {0.0})


def test_it_costs_the_same_for_many(course: CourseOutline, count_queries: list[str]) -> None:
    counts = []
    for people in (3, 20):
        for _person in range(people):
            watch(course, make_user(), (0, 1000), (2000, 5000))
        count_queries.clear()
        retention.get_retention(course.lesson("a").lesson_id, LENGTH)
        counts.append(len([statement for statement in count_queries if statement.startswith("SELECT")]))
    assert counts == [2, 2]


@pytest.fixture
def teacher(course: CourseOutline) -> User:
    user = make_user("Widyaiswara", role=Role.INSTRUCTOR)
    with transaction():
        db.session.add(CourseStaff(course_id=course.course_id, user_id=user.id, role="INSTRUCTOR", added_at=clock.now()))
    return user


def test_the_page_says_it_in_a_sentence_and_names_nobody(client: FlaskClient, course: CourseOutline, teacher: User) -> None:
    for number in range(6):
        watch(course, make_user(f"Rahasia {number}"), (0, LENGTH if number < 2 else 100_000), again=((90_000, 96_000),))
    sign_in(client, teacher)
    page = client.get(PAGE).text
    assert "Separuh penonton berhenti sebelum menit 1.39" in page
    assert "“Ambang sepuluh juta”" in page
    assert "Yang paling sering diputar ulang ada di 1." in page
    assert "Rahasia" not in page
    assert page.count("<tr>") == 11


def test_nobody_yet_is_said_in_words(client: FlaskClient, course: CourseOutline, teacher: User) -> None:
    sign_in(client, teacher)
    page = client.get(PAGE).text
    assert "Belum ada yang menonton." in page
    assert "Baru 0" not in page


def test_too_few_people_are_not_drawn(client: FlaskClient, course: CourseOutline, teacher: User) -> None:
    watch(course, make_user(), (0, 1000))
    sign_in(client, teacher)
    page = client.get(PAGE).text
    assert "Belum cukup penonton" in page
    assert "<path" not in page.split("<main")[1]


def test_who_may_see_it(client: FlaskClient, course: CourseOutline, teacher: User) -> None:
    other = make_user("Pengajar lain", role=Role.INSTRUCTOR)
    expected = {teacher: 200, other: 404, make_user("BKPSDM", role=Role.TRAINING_ADMIN): 200, make_user("ASN"): 403}
    for user, status in expected.items():
        sign_in(client, user)
        assert client.get(PAGE).status_code == status, user.full_name
    sign_in(client, teacher)
    assert client.get("/studio/video/film/b").status_code == 404
    assert client.get("/studio/video/film/tak-ada").status_code == 404
    assert client.get("/studio/video/tak-ada/a").status_code == 404
    with transaction():
        asset = db.session.get(MediaAsset, 1)
        assert asset is not None
        asset.uploaded_by_id = other.id
    sign_in(client, other)
    assert client.get(PAGE).status_code == 200
