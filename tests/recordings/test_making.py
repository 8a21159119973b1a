"""From takes to a recording: linked at once, one file for the better ladder, one recording whatever is killed."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.courses.models import Course
from app.courses.queries import get_current_outline
from app.kernel.db import db, transaction
from app.kernel.jobs import Job, JobState
from app.kernel.storage import storage
from app.kernel.worker import drain
from app.media.models import AssetState, MediaAsset, Stage
from app.media.probe import probe_video
from app.recordings import making
from app.recordings.models import Recording, RecordingState
from app.room.models import RoomIncident
from app.stage.models import StageTake
from tests.recordings.takes import add_take, end, live_folder, live_stream, make_live, on_air
from tests.webinars.factories import make_webinar

pytestmark = pytest.mark.ffmpeg


def recording_of(webinar) -> Recording:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Recording, webinar.id)


@pytest.fixture
def webinar(app):
    return on_air(make_webinar())


def make(webinar) -> Recording:
    """End it and do the one job, not the better ladder behind it."""
    end(webinar)
    making.make_recording(webinar.id)
    return recording_of(webinar)


def test_two_takes_become_one_video_that_can_be_watched_at_once(app, webinar):
    add_take(webinar, 1, 5)
    add_take(webinar, 2, 20, seconds=4, size="1280x720")
    recording = make(webinar)
    assert recording.state == RecordingState.READY
    asset = db.session.get_one(MediaAsset, recording.asset_id)
    assert (asset.state, asset.stage, asset.is_playable) == (AssetState.READY, Stage.WAITING, True)
    assert asset.duration_seconds == pytest.approx(10, abs=0.3)
    assert [(take, offset) for take, _began, offset, _length in recording.parts] == [(1, 0), (2, recording.parts[0][3])]
    folder = storage().local_path(asset.folder)
    for rung in [*asset.renditions["rungs"], asset.renditions["audio"]]:
        playlist = (folder / rung["path"]).read_text()
        assert playlist.count("#EXT-X-DISCONTINUITY\n") == 1
        assert playlist.endswith("#EXT-X-ENDLIST\n")
        named = re.findall(r"^[^#].*$", playlist, re.MULTILINE)
        assert all((folder / rung["path"]).with_name(name).stat().st_nlink > 1 for name in named), "linked, not copied"
    assert [rung["name"] for rung in asset.renditions["rungs"]] == ["180p", "360p"]
    master = (folder / "master.m3u8").read_text()
    assert re.search(r'RESOLUTION=640x360.*CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2"', master)
    assert asset.poster == "poster.jpg"
    assert (folder / "poster.jpg").stat().st_size > 500
    assert db.session.scalars(select(StageTake.duration_ms).order_by(StageTake.number)).all() == [part[3] for part in recording.parts]


def test_the_original_is_whole_and_the_better_ladder_keeps_every_second(app, webinar):
    add_take(webinar, 1, 5)
    add_take(webinar, 2, 20, seconds=4, size="1280x720")
    end(webinar)
    drain(app)
    recording = recording_of(webinar)
    asset = db.session.get_one(MediaAsset, recording.asset_id)
    assert (asset.state, asset.stage) == (AssetState.READY, Stage.DONE)
    assert "pieced" not in asset.renditions
    assert asset.generation == recording.attempt + 1
    facts = probe_video(storage().local_path(asset.original_key))
    assert facts.duration_seconds == pytest.approx(10, abs=0.3)
    assert asset.duration_seconds == pytest.approx(sum(part[3] for part in recording.parts) / 1000, abs=0.35)


def test_the_lesson_is_published_with_its_video(app, webinar):
    add_take(webinar, 1, 5)
    recording = make(webinar)
    course = get_current_outline(f"rekaman-{webinar.slug}")
    assert course.course_id == recording.course_id
    assert (course.form, course.jp) == ("E_LEARNING", 0), "six seconds are no JP"
    (lesson,) = course.lessons
    assert (lesson.kind, lesson.content["asset_id"]) == ("video", recording.asset_id)
    assert lesson.content["chapters"][0] == {"at": 0.0, "title": "Pembukaan"}


def test_jp_are_those_of_the_webinar_and_never_more_than_its_minutes(app, webinar):
    from app.recordings import lesson, story

    end(webinar)
    told = story.read(webinar.id, ())
    assert lesson.prepare(webinar.id, told, 50 * 60).draft.jp == 1
    assert lesson.prepare(webinar.id, told, 4 * 3600).draft.jp == webinar.jp == 2


def test_nobody_on_air_is_no_recording(app, webinar):
    recording = make(webinar)
    assert (recording.state, recording.asset_id) == (RecordingState.NOTHING, None)


def test_a_damaged_take_is_left_out_and_told_once(app, webinar):
    add_take(webinar, 1, 5, runs=())
    (live_folder(webinar.id) / "takes" / "1" / "raw.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + b"garbage" * 400)
    add_take(webinar, 2, 20)
    recording = make(webinar)
    assert recording.state == RecordingState.READY
    assert [part[0] for part in recording.parts] == [2]
    making._tell_damaged(webinar.id, making.Material(damaged=[making.assembling.Damaged(1, "again")]))
    incidents = db.session.scalars(select(RoomIncident).where(RoomIncident.kind == making.DAMAGED_TAKE)).all()
    assert [incident.facts["take"] for incident in incidents] == [1]


def test_only_damaged_takes_are_no_recording(app, webinar):
    add_take(webinar, 1, 5, runs=())
    (live_folder(webinar.id) / "takes" / "1" / "raw.mkv").write_bytes(b"")
    assert make(webinar).state == RecordingState.NOTHING


def test_a_take_without_live_pieces_is_cut_from_its_raw_file(app, webinar):
    add_take(webinar, 1, 5)
    add_take(webinar, 2, 20, seconds=5, runs=())
    recording = make(webinar)
    assert [part[0] for part in recording.parts] == [1, 2]
    assert recording.parts[1][3] == pytest.approx(5000, abs=300)


def test_a_take_whose_raw_file_is_gone_is_made_of_its_live_pieces(app, webinar):
    add_take(webinar, 1, 5)
    (live_folder(webinar.id) / "takes" / "1" / "raw.mkv").unlink()
    recording = make(webinar)
    assert recording.state == RecordingState.READY
    asset = db.session.get_one(MediaAsset, recording.asset_id)
    assert probe_video(storage().local_path(asset.original_key)).duration_seconds == pytest.approx(6, abs=0.3)


def test_two_runs_of_one_take_and_a_run_that_lacks_a_quality(app, webinar):
    add_take(webinar, 1, 5, seconds=8, runs=())
    raw, hls = live_folder(webinar.id) / "takes" / "1" / "raw.mkv", live_folder(webinar.id) / "hls"
    make_live(raw, hls / "1-1", seconds=4)
    make_live(raw, hls / "1-2", start_ms=5000, rungs=("video", "audio"))
    with (hls / "1-2" / "video.segments").open("a") as listed:
        listed.write("1.000000 00")  # whoever wrote it was killed
    recording = make(webinar)
    began = recording.parts[0][1]
    assert [[take, round(at - began, 1), offset] for take, at, offset, _length in recording.parts] == [
        [1, 0, 0],
        [1, 5, recording.parts[0][3]],
    ]
    asset = db.session.get_one(MediaAsset, recording.asset_id)
    folder = storage().local_path(asset.folder)
    assert all((folder / rung["path"]).read_text().count("DISCONTINUITY\n") == 1 for rung in asset.renditions["rungs"])
    assert asset.duration_seconds == pytest.approx(7, abs=0.3)
    assert probe_video(storage().local_path(asset.original_key)).duration_seconds == pytest.approx(7, abs=0.3)
    assert db.session.scalars(select(StageTake.duration_ms)).one() == sum(part[3] for part in recording.parts)


def test_what_the_real_encoder_leaves(app, webinar):
    for number, after in ((1, 5), (2, 30)):
        add_take(webinar, number, after, seconds=5, runs=())
    (live_folder(webinar.id) / "hls" / "finished").unlink()
    live_stream(webinar.id)
    recording = make(webinar)
    asset = db.session.get_one(MediaAsset, recording.asset_id)
    assert [part[0] for part in recording.parts] == [1, 2]
    assert asset.duration_seconds == pytest.approx(10, abs=0.4)
    assert [rung["name"] for rung in asset.renditions["rungs"]] == ["240p", "360p"]
    assert asset.renditions["audio"]["bytes"] > 10_000


@pytest.mark.parametrize("seconds", [0.1, 0.4])
def test_a_first_take_of_a_moment_costs_nothing_of_the_others(app, webinar, seconds):
    """Whoever was to send the broadcast was lost as it began."""
    add_take(webinar, 1, 5, seconds=seconds, runs=())
    add_take(webinar, 2, 8, seconds=5, runs=())
    (live_folder(webinar.id) / "hls" / "finished").unlink()
    live_stream(webinar.id)
    recording = make(webinar)
    assert recording.state == RecordingState.READY
    assert [part[0] for part in recording.parts][-1] == 2
    asset = db.session.get_one(MediaAsset, recording.asset_id)
    assert asset.duration_seconds == pytest.approx(5 + seconds, abs=0.5)
    assert [rung["name"] for rung in asset.renditions["rungs"]] == ["240p", "360p"]
    drain(app)
    better = db.session.get_one(MediaAsset, recording_of(webinar).asset_id)
    assert (better.state, better.stage) == (AssetState.READY, Stage.DONE), (better.failure_code, better.failure_detail)


def test_begun_twice_is_one_recording(app, webinar):
    add_take(webinar, 1, 5)
    first = make(webinar)
    kept = (first.asset_id, first.attempt)
    making.make_recording(webinar.id)
    again = recording_of(webinar)
    assert (again.asset_id, again.attempt) == kept
    assert len(db.session.scalars(select(Course.id)).all()) == 1


@pytest.mark.parametrize("step", ["make_original", "link_pieces", "_publish"])
def test_broken_off_and_begun_again_it_is_one_recording(app, webinar, monkeypatch, step):
    add_take(webinar, 1, 5)
    end(webinar)
    where = making if step == "_publish" else making.assembling
    whole = getattr(where, step)

    def broken(*arguments):
        if step != "_publish":
            whole(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(where, step, broken)
    with pytest.raises(KeyboardInterrupt):
        making.make_recording(webinar.id)
    assert recording_of(webinar).state == RecordingState.MAKING
    monkeypatch.setattr(where, step, whole)
    making.make_recording(webinar.id)
    recording = recording_of(webinar)
    assert (recording.state, recording.attempt) == (RecordingState.READY, 2)
    (asset,) = db.session.scalars(select(MediaAsset)).all()
    assert storage().folders(asset.place) == [str(asset.generation)] == ["2"]


def test_whoever_is_overtaken_leaves_nothing_behind(app, webinar, monkeypatch):
    add_take(webinar, 1, 5)
    end(webinar)
    link = making.assembling.link_pieces

    def overtaken(found, prefix, work):
        streamed = link(found, prefix, work)
        monkeypatch.setattr(making.assembling, "link_pieces", link)
        making.make_recording(webinar.id)
        return streamed

    monkeypatch.setattr(making.assembling, "link_pieces", overtaken)
    making.make_recording(webinar.id)
    recording = recording_of(webinar)
    (asset,) = db.session.scalars(select(MediaAsset)).all()
    assert (asset.id, asset.generation) == (recording.asset_id, 2)
    assert storage().folders(asset.place) == ["2"]


def test_the_first_to_finish_gives_the_recording(app, webinar, monkeypatch):
    add_take(webinar, 1, 5)
    end(webinar)
    publish = making._publish

    def later(*arguments):
        monkeypatch.setattr(making, "_publish", publish)
        making._begin(webinar.id)
        return publish(*arguments)

    monkeypatch.setattr(making, "_publish", later)
    making.make_recording(webinar.id)
    (asset,) = db.session.scalars(select(MediaAsset)).all()
    assert (asset.generation, asset.attempt) == (1, 2), "the encoder's attempt lies under a number that nobody has"


def test_the_end_asks_for_it_and_a_sweep_finds_what_was_lost(app, webinar):
    end(webinar)
    (job,) = db.session.scalars(select(Job).where(Job.name == making.MAKE)).all()
    assert job.arguments == {"webinar_id": webinar.id}
    ended = db.session.get_one(type(webinar), webinar.id).ended_at
    much_later = ended + timedelta(seconds=200)
    assert making.missing_recordings(much_later, 180) == [], "somebody is at it"
    with transaction() as session:
        session.execute(update(Job).values(state=JobState.DONE))
    assert making.missing_recordings(ended + timedelta(seconds=60), 180) == []
    assert making.missing_recordings(much_later, 180) == [webinar.id]
    making.make_recording(webinar.id)
    assert making.missing_recordings(much_later, 180) == []


def test_a_webinar_that_has_not_ended_or_was_canceled_has_none(app, webinar):
    add_take(webinar, 1, 5)
    making.make_recording(webinar.id)
    assert db.session.get(Recording, webinar.id) is None


def test_the_last_failure_is_told(app, webinar):
    end(webinar)
    making._begin(webinar.id)
    making.give_up(webinar.id, "no space left")
    recording = recording_of(webinar)
    assert (recording.state, recording.failure) == (RecordingState.FAILED, "no space left")
    assert json.dumps(recording.parts) == "[]"
