"""What people may ask of the worker, and what they hear of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel import jobs
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict
from app.kernel.sockets import socketio
from app.kernel.storage import storage
from app.kernel.worker import Worker, drain
from app.media import jobs as media_jobs
from app.media import probe, services, uses
from app.media.encoder import EncodingFailed
from app.media.models import AssetKind, AssetState, MediaAsset, Stage
from app.media.services import store_asset
from tests.media.clips import clip
from tests.media.factories import again, stored
from tests.people.factories import make_user, sign_in

AS_JSON = {"Accept": "application/json"}


def brought(uploaded_by_id: int | None = None, content: bytes = b"\x00\x00\x00\x18ftypisom" + bytes(100)) -> int:
    return store_asset(BytesIO(content), "rapat.mp4", AssetKind.VIDEO, uploaded_by_id).id


def make_quickly(attempt: media_jobs.Attempt, work: Path) -> media_jobs.Made:
    """A result without an encoder."""
    folder = storage().grow_folder(attempt.prefix)
    (folder / "master.m3u8").write_text("#EXTM3U\n")
    storage().settle_folder(attempt.prefix)
    return {"duration_seconds": 9.0, "renditions": {"master": "master.m3u8", "rungs": [], "audio": None, "small": None, "sprite": None}}, []


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_jobs, "_make_video", make_quickly)


def change(asset_id: int, what: Any) -> None:
    with transaction() as session:
        what(session.get_one(MediaAsset, asset_id))


def test_a_canceled_one_waits_until_it_is_asked_for_again(app: Flask, quick: None):
    asset_id = brought()
    change(asset_id, services.cancel)
    assert again(asset_id).state == AssetState.CANCELED
    drain(app)
    assert again(asset_id).state == AssetState.CANCELED, "the job of the first wish does nothing"
    change(asset_id, services.retry)
    drain(app)
    assert (again(asset_id).state, again(asset_id).attempt) == (AssetState.READY, 1)


def test_who_stops_what_has_just_become_ready_is_told_so_on_the_page(app: Flask, client: FlaskClient, quick: None):
    asset_id = brought()
    drain(app)
    sign_in(client, make_user("Budi Santoso", role=Role.TRAINING_ADMIN))
    assert client.post(f"/media/aset/{asset_id}/batal", headers=AS_JSON).status_code == 409
    answer = client.post(f"/media/aset/{asset_id}/batal", data={"next": "/studio/media"})
    assert (answer.status_code, answer.location) == (303, "/studio/media")
    assert "sudah selesai disiapkan" in client.get("/studio/media").text


def test_canceled_and_asked_for_again_at_once_is_made_once(app: Flask, quick: None):
    asset_id = brought()
    change(asset_id, services.cancel)
    change(asset_id, services.retry)
    drain(app)
    assert (again(asset_id).state, again(asset_id).attempt) == (AssetState.READY, 1)


def test_a_ready_one_is_made_anew_while_the_old_one_is_shown(app: Flask, quick: None, monkeypatch: pytest.MonkeyPatch):
    asset_id = brought()
    drain(app)
    change(asset_id, services.make_anew)
    assert (again(asset_id).state, again(asset_id).stage, again(asset_id).is_in_work) == (AssetState.READY, Stage.WAITING, True)
    seen = []

    def look_meanwhile(attempt: media_jobs.Attempt, work: Path) -> media_jobs.Made:
        seen.append((again(asset_id).is_playable, again(asset_id).generation, attempt.number))
        db.session.rollback()
        return make_quickly(attempt, work)

    monkeypatch.setattr(media_jobs, "_make_video", look_meanwhile)
    Worker(app).work_once(jobs.Lane.ENCODING)
    asset = again(asset_id)
    assert seen == [(True, 1, 2)]
    assert (asset.generation, asset.stage) == (2, Stage.DONE)
    assert sorted(storage().folders(asset.place)) == ["1", "2"], "open pages still play the old one"
    media_jobs.clear_attempts(asset_id)
    assert storage().folders(asset.place) == ["2"]


def test_making_anew_that_fails_or_is_canceled_leaves_the_old_one(app: Flask, quick: None, monkeypatch: pytest.MonkeyPatch):
    asset_id = brought()
    drain(app)
    change(asset_id, services.make_anew)
    change(asset_id, services.cancel)
    drain(app)
    assert (again(asset_id).state, again(asset_id).generation, again(asset_id).is_in_work) == (AssetState.READY, 1, False)

    def refuse(*_: object) -> Any:
        raise media_jobs.Refused("NO_ROOM")

    monkeypatch.setattr(media_jobs, "_make_video", refuse)
    change(asset_id, services.make_anew)
    drain(app)
    asset = again(asset_id)
    assert (asset.state, asset.generation, asset.failure_code, asset.is_in_work) == (AssetState.READY, 1, "NO_ROOM", False)
    assert storage().folders(asset.place) == ["1"]


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        (AssetState.READY, (services.cancel, services.retry)),
        (AssetState.QUEUED, (services.retry, services.make_anew, services.dismiss)),
        (AssetState.FAILED, (services.cancel, services.make_anew)),
        (AssetState.CANCELED, (services.cancel, services.make_anew)),
    ],
)
def test_what_does_not_fit_the_state_is_refused(app: Flask, state: AssetState, refused: tuple[Any, ...]):
    asset_id = brought()

    def put(asset: MediaAsset) -> None:
        asset.state, asset.stage = state, Stage.DONE if state == AssetState.READY else Stage.WAITING

    change(asset_id, put)
    for act in refused:
        with pytest.raises(Conflict):
            change(asset_id, act)


def test_a_worker_that_was_overtaken_cannot_touch_what_the_next_one_makes(app: Flask, quick: None):
    asset_id = brought()
    first = services.start_preparing(asset_id)
    second = services.start_preparing(asset_id)
    assert first is not None
    assert second is not None
    assert [services.is_wanted(asset_id, attempt) for attempt in (1, 2)] == [False, True]
    services.tell_progress(asset_id, 1, Stage.ENCODING, 90)
    services.open_growing(asset_id, 1, {"is_watchable": True})
    assert services.mark_ready(asset_id, 1, {"renditions": {}}, []) is False
    services.mark_failed(asset_id, "FAILED", "late", 1)
    asset = again(asset_id)
    assert (asset.state, asset.percent, asset.is_watchable, asset.generation) == (AssetState.PROCESSING, 0, False, 2)


def test_two_workers_never_take_the_same_one(app: Flask, quick: None):
    for number in range(6):
        brought(content=b"\x00\x00\x00\x18ftypisom" + bytes(100 + number))
    workers = [Worker(app), Worker(app)]
    threads = [threading.Thread(target=lambda w=worker: [w.work_once(jobs.Lane.ENCODING) for _ in range(6)]) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert {(a.state, a.attempt) for a in db.session.query(MediaAsset)} == {(AssetState.READY, 1)}


def test_the_same_file_again_after_a_cancel_is_asked_for_and_after_it_was_let_go_is_new(app: Flask, quick: None):
    asset_id = brought()
    change(asset_id, services.cancel)
    assert brought() == asset_id
    assert again(asset_id).state == AssetState.QUEUED
    drain(app)
    place = again(asset_id).place
    change(asset_id, services.dismiss)
    drain(app)
    assert not storage().exists(f"{place}/original")
    assert storage().folders(place) == []
    drain(app)
    fresh = brought()
    drain(app)
    assert again(fresh).state == AssetState.READY


def test_a_file_that_came_back_before_its_bytes_were_removed_keeps_them(app: Flask, quick: None):
    asset_id = brought()
    drain(app)
    change(asset_id, services.dismiss)
    fresh = brought()
    drain(app)
    asset = again(fresh)
    assert asset.state == AssetState.READY
    assert storage().exists(asset.original_key)


def test_what_is_used_is_not_let_go(app: Flask, quick: None, monkeypatch: pytest.MonkeyPatch):
    asset_id = brought()
    drain(app)
    monkeypatch.setattr(uses, "_uses", [lambda used: used == asset_id])
    with pytest.raises(Conflict) as refused:
        change(asset_id, services.dismiss)
    assert refused.value.code == "in_use"
    assert storage().exists(again(asset_id).original_key)


def test_a_refused_file_keeps_its_original_until_it_is_dismissed(app: Flask):
    asset_id = brought()
    drain(app)
    asset = again(asset_id)
    assert asset.state == AssetState.FAILED
    assert storage().exists(asset.original_key)
    change(asset_id, services.dismiss)
    drain(app)
    assert not storage().exists(asset.original_key)


def test_a_nearly_full_disk_stops_it_in_words(app: Flask, monkeypatch: pytest.MonkeyPatch):
    asset_id = brought()

    def look(attempt: media_jobs.Attempt, work: Path) -> Any:
        monkeypatch.setattr(storage(), "free_bytes", lambda: 1000)
        attempt.look()

    monkeypatch.setattr(media_jobs, "_make_video", look)
    drain(app)
    assert (again(asset_id).state, again(asset_id).failure_code) == (AssetState.FAILED, "NO_ROOM")


def test_a_break_down_while_people_watch_ends_the_watching_and_not_the_work(app: Flask, monkeypatch: pytest.MonkeyPatch):
    asset_id = brought()

    def crash(attempt: media_jobs.Attempt, work: Path) -> Any:
        services.open_growing(asset_id, attempt.number, {"is_watchable": True, "renditions": {"growing": True}})
        raise EncodingFailed("killed")

    monkeypatch.setattr(media_jobs, "_make_video", crash)
    Worker(app).work_once(jobs.Lane.ENCODING)
    asset = again(asset_id)
    assert (asset.state, asset.stage, asset.is_playable, asset.crashes) == (AssetState.PROCESSING, Stage.WAITING, False, 1)


def test_a_reader_that_was_killed_is_started_again_before_the_file_is_blamed(app: Flask, monkeypatch: pytest.MonkeyPatch, at: Any):
    asset_id = brought()
    monkeypatch.setattr(probe, "READER", Path(__file__).with_name("killed_reader.py"))
    states = []
    for day in range(1, media_jobs.MOST_CRASHES + 1):
        at(2030, 1, day, 9)
        Worker(app).work_once(jobs.Lane.ENCODING)
        states.append((again(asset_id).state, again(asset_id).failure_code))
    assert states == [(AssetState.PROCESSING, None)] * (media_jobs.MOST_CRASHES - 1) + [(AssetState.FAILED, "TOO_HEAVY")]


@pytest.mark.ffmpeg
def test_a_cancel_reaches_the_encoder_long_before_its_end(app: Flask, tmp_path: Path):
    asset_id = stored(clip(tmp_path / "long.mp4", "1280x720", seconds=60), AssetKind.VIDEO).id
    done = threading.Event()

    def work() -> None:
        Worker(app).work_once(jobs.Lane.ENCODING)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    give_up = time.monotonic() + 120
    while again(asset_id).stage != Stage.ENCODING and time.monotonic() < give_up:
        time.sleep(0.1)
    assert again(asset_id).stage == Stage.ENCODING
    change(asset_id, services.cancel)
    assert done.wait(10), "two seconds on a quiet machine; to the end it would be half a minute"
    thread.join()
    asset = again(asset_id)
    assert asset.state == AssetState.CANCELED
    assert storage().folders(asset.place) == []


# ---- the doors ----


def test_whoever_answers_for_a_file_may_stop_it_and_nobody_else(client: FlaskClient, quick: None):
    owner, other = make_user(role=Role.INSTRUCTOR), make_user(role=Role.INSTRUCTOR)
    asset_id = brought(owner.id)
    for act in ("batal", "ulangi", "susun-ulang", "buang"):
        assert sign_in(client, other).post(f"/media/aset/{asset_id}/{act}", headers=AS_JSON).status_code == 404
    assert sign_in(client, make_user()).post(f"/media/aset/{asset_id}/batal", headers=AS_JSON).status_code == 403
    mine = sign_in(client, owner)
    answer = mine.post(f"/media/aset/{asset_id}/batal", headers=AS_JSON)
    assert (answer.status_code, answer.json and answer.json["state"]) == (200, "CANCELED")
    assert mine.post(f"/media/aset/{asset_id}/batal", headers=AS_JSON).status_code == 409
    form = mine.post(f"/media/aset/{asset_id}/ulangi", data={"next": "/pustaka"})
    assert (form.status_code, form.headers["Location"]) == (303, "/pustaka")
    mine.post(f"/media/aset/{asset_id}/batal", headers=AS_JSON)
    assert mine.post(f"/media/aset/{asset_id}/buang", headers=AS_JSON).status_code == 204
    assert mine.post(f"/media/aset/{asset_id}/batal", headers=AS_JSON).status_code == 404


# ---- live ----


@pytest.fixture
def listeners(app: Flask) -> Iterator[list[Any]]:
    opened: list[Any] = []
    yield opened
    for one in opened:
        if one.is_connected("/media"):
            one.disconnect("/media")
    watch = socketio.server.namespace_handlers["/media"].watch  # type: ignore[union-attr]
    give_up = time.monotonic() + 60
    while watch.running and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not watch.running, "nobody listens, so nobody looks"


def listen(client: FlaskClient, listeners: list[Any]) -> Any:
    socket = socketio.test_client(client.application, namespace="/media", flask_test_client=client)
    listeners.append(socket)
    return socket


def test_progress_is_heard_by_those_who_may_see_the_file(client: FlaskClient, listeners: list[Any]):
    owner = make_user(role=Role.INSTRUCTOR)
    asset_id = brought(owner.id)
    mine = listen(sign_in(client, owner), listeners)
    answer = mine.emit("subscribe", [asset_id], namespace="/media", callback=True)
    assert [one["state"] for one in answer["assets"]] == ["QUEUED"]
    asset = services.start_preparing(asset_id)
    assert asset is not None
    services.tell_progress(asset_id, 1, Stage.ENCODING, 42, 170)
    heard: list[Any] = []
    give_up = time.monotonic() + 60
    while not any(event["args"][0]["percent"] == 42 for event in heard) and time.monotonic() < give_up:
        heard += mine.get_received("/media")
        time.sleep(0.1)
    assert heard[-1]["name"] == "progress"
    assert heard[-1]["args"][0]["words"] == "Menyiapkan · 42 % · sekitar 3 menit lagi"


def test_nobody_hears_of_a_file_that_is_not_theirs(client: FlaskClient, listeners: list[Any]):
    asset_id = brought(make_user(role=Role.INSTRUCTOR).id)
    stranger = listen(sign_in(client, make_user(role=Role.INSTRUCTOR)), listeners)
    assert stranger.emit("subscribe", [asset_id, 10_000], namespace="/media", callback=True) == {"assets": []}


@pytest.mark.parametrize("asked", ["3", [True], [0], [2**31], list(range(1, 200)), {"a": 1}, None])
def test_nonsense_is_refused_with_an_answer(client: FlaskClient, listeners: list[Any], asked: Any):
    socket = listen(sign_in(client, make_user()), listeners)
    assert socket.emit("subscribe", asked, namespace="/media", callback=True)["error"] == "invalid"
    assert socket.is_connected("/media")


def test_a_subscription_ends_by_itself(client: FlaskClient, listeners: list[Any], monkeypatch: pytest.MonkeyPatch):
    from app.media import sockets

    monkeypatch.setattr(sockets, "HOLDS_SECONDS", -1)
    owner = make_user(role=Role.INSTRUCTOR)
    socket = listen(sign_in(client, owner), listeners)
    asset_id = brought(owner.id)
    watch = socketio.server.namespace_handlers["/media"].watch  # type: ignore[union-attr]
    begun: list[frozenset[int]] = []
    add = watch.add
    monkeypatch.setattr(watch, "add", lambda browser, subscription: (begun.append(subscription.asset_ids), add(browser, subscription)))
    answer = socket.emit("subscribe", [asset_id], namespace="/media", callback=True)
    assert [one["id"] for one in answer["assets"]] == [asset_id]
    assert begun == [frozenset([asset_id])]
    give_up = time.monotonic() + 60
    while watch.running and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not watch.running
    assert watch.subscriptions == {}
