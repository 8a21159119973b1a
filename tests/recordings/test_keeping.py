"""What is found by the site search, and how long raw takes are kept."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.home.finding import find
from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.jobs import Job
from app.kernel.storage import storage
from app.kernel.worker import drain
from app.media.models import MediaAsset, Stage
from app.recordings import lesson, retention
from app.recordings.models import Recording
from app.room.questions import services as questions
from tests.people.factories import make_user
from tests.recordings.factories import RENDITIONS, ask, make_ended, make_recording


@pytest.fixture
def webinar(app):
    return make_ended()


def test_answered_questions_are_found_at_their_second(app, webinar):
    ask(webinar, "Bolehkah menerima parsel lebaran?", 20, staged=40, author_name="Rahasia Sekali")
    ask(webinar, "Kapan parsel dilaporkan?", 21, state="WRITTEN", answer_text="Paling lambat tiga puluh hari kerja.")
    ask(webinar, "Parsel yang belum dijawab", 22)
    make_recording(webinar)
    with transaction():
        lesson.ask_to_be_found(webinar.id)
    drain(app)
    reader = make_user()
    with app.test_request_context():
        hits = {hit.locator["path"] for hit in find(reader, "parsel").hits if hit.kind == "webinar_question"}
        assert hits == {f"/webinar/{webinar.slug}#t=2400", f"/webinar/{webinar.slug}#tanya-2"}
        assert [hit.object_id for hit in find(reader, "tiga puluh hari").hits if hit.kind == "webinar_question"] == [2]
        assert not [hit for hit in find(reader, "Rahasia Sekali").hits if hit.kind == "webinar_question"]


def test_an_answer_written_afterwards_is_found_too(app, webinar):
    question = ask(webinar, "Bolehkah menerima parsel lebaran?", 20)
    make_recording(webinar)
    with transaction():
        questions.answer_in_writing(questions.get_question(webinar.id, question.id), "Laporkan kepada unit pengendali gratifikasi.", "s1")
    drain(app)
    reader = make_user()
    with app.test_request_context():
        assert [hit.object_id for hit in find(reader, "unit pengendali gratifikasi").hits if hit.kind == "webinar_question"] == [question.id]


def test_an_answer_before_there_is_a_recording_waits_for_it(app, webinar):
    question = ask(webinar, "Bolehkah menerima parsel lebaran?", 20)
    with transaction() as session:
        questions.answer_in_writing(questions.get_question(webinar.id, question.id), "Laporkan.", "s1")
        assert not session.scalars(select(Job).where(Job.name == lesson.MAKE_FINDABLE)).all()


def old(webinar, days: float = 15, **asset) -> Recording:
    """A recording whose lasting ladder stands for so many days, with something raw."""
    recording = make_recording(webinar)
    storage().put(f"live/{webinar.id}/takes/1/raw.mkv", io.BytesIO(b"raw"))
    with transaction() as session:
        row = session.get_one(MediaAsset, recording.asset_id)
        row.ready_at = clock.now() - timedelta(days=days)
        for name, value in asset.items():
            setattr(row, name, value)
        session.get_one(Recording, webinar.id).ready_at = clock.now() - timedelta(days=days)
    return recording


def is_kept(webinar) -> bool:
    return storage().exists(f"live/{webinar.id}/takes/1/raw.mkv")


def test_raw_takes_go_after_their_time_once(app, webinar):
    old(webinar)
    assert retention.remove_old() == 1
    assert not is_kept(webinar)
    db.session.expire_all()
    assert db.session.get_one(Recording, webinar.id).raw_removed_at is not None
    assert retention.remove_old() == 0


@pytest.mark.parametrize(
    ("days", "asset"),
    [
        (13, {}),
        (400, {"renditions": RENDITIONS | {"pieced": True}}),
        (400, {"stage": Stage.ENCODING}),
        (400, {"state": "FAILED"}),
    ],
)
def test_raw_takes_stay_until_the_lasting_ladder_is_old_enough(app, webinar, days, asset):
    old(webinar, days, **asset)
    assert retention.remove_old() == 0
    assert is_kept(webinar)
