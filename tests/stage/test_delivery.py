"""The address of what is live: the same for all in the room, for this hour, told by the room itself."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client

from app.kernel import clock
from app.kernel.health import run_checks
from app.kernel.storage import storage
from app.media import delivery
from app.media.sending import MediaFiles
from app.room.rooms import rooms_of
from app.stage.takes import Takes
from app.webinars.models import Webinar, WebinarState
from tests.media.test_delivery import fetch
from tests.people.factories import make_user
from tests.room.kit import Visitor, visit
from tests.webinars.factories import make_webinar, register

SEGMENT = bytes(range(256)) * 4
ASKS = {"X-Gurindam-Asks": "1"}


@pytest.fixture
def webinar(app: Flask) -> Webinar:
    return make_webinar(state=WebinarState.LIVE)


def viewer(app: Flask, webinar: Webinar, name: str) -> Visitor:
    user = make_user(name)
    register(webinar, user)
    return visit(app, webinar, user)


def make_stream(webinar_id: int) -> None:
    folder = storage().local_path(f"live/{webinar_id}/hls")
    (folder / "1-1/video").mkdir(parents=True)
    for name in ("master", "video"):
        (folder / f"{name}.m3u8").write_text("#EXTM3U\n")
    (folder / "1-1/video/000000.m4s").write_bytes(SEGMENT)
    (folder / "1-1/run.json").write_text("{}")


def told(visitor: Visitor) -> dict[str, Any]:
    return visitor.joined["state"]["all"]["takes"]


def test_everybody_in_the_room_gets_the_same_address_and_nobody_needs_a_cookie(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    make_stream(webinar.id)
    one, other = told(viewer(app, webinar, "Alia")), told(viewer(app, webinar, "Budi"))
    assert one == other
    assert one["ready"]
    answer = fetch(client, one["address"])
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=1")
    segment = fetch(client, one["address"].replace("master.m3u8", "1-1/video/000000.m4s"))
    assert (segment.data, segment.cache_control.immutable, segment.cache_control.public) == (SEGMENT, True, True)
    assert "Set-Cookie" not in segment.headers


def test_the_room_tells_when_there_is_something_to_play_and_when_another_hour_begins(app: Flask, webinar: Webinar) -> None:
    clock.freeze(clock.now().replace(minute=30))
    alia = viewer(app, webinar, "Alia")
    assert not told(alia)["ready"]
    part = rooms_of(app).get(webinar.id).part(Takes)
    part.every_second()
    assert alia.heard_of("live_address") == []
    make_stream(webinar.id)
    part.every_second()
    (first,) = alia.heard_of("live_address")
    assert first["ready"]
    clock.freeze(clock.now() + timedelta(hours=1))
    part.every_second()
    (second,) = alia.heard_of("live_address")
    assert second["address"] != first["address"]


def test_an_address_ends_with_the_hour_after_its_own(app: Flask, client: FlaskClient, webinar: Webinar) -> None:
    make_stream(webinar.id)
    clock.freeze(clock.now().replace(minute=59))
    where = delivery.stream_address("live", webinar.id, "hls/master.m3u8")
    clock.freeze(clock.now() + timedelta(minutes=60))
    assert fetch(client, where).status_code == 200
    clock.freeze(clock.now() + timedelta(minutes=2))
    assert fetch(client, where).status_code == 410


@pytest.mark.parametrize(
    "path",
    ["hls/../takes/1/raw.mkv", "takes/1/raw.mkv", "takes/1/raw.mp4", "hls/../takes/1/raw.mp4", "takes/1/take.json", "hls/1-1/run.json", "captions/id.vtt",
     "berkas.pdf"],
)  # fmt: skip
def test_an_address_opens_what_viewers_play_and_nothing_else(app: Flask, client: FlaskClient, webinar: Webinar, path: str) -> None:
    make_stream(webinar.id)
    storage().local_path(f"live/{webinar.id}/takes/1").mkdir(parents=True)
    for name in ("raw.mkv", "raw.mp4"):
        (storage().local_path(f"live/{webinar.id}/takes/1") / name).write_bytes(b"raw")
    where = delivery.stream_address("live", webinar.id, "")
    assert fetch(client, where + path).status_code == 404
    assert fetch(client, delivery.stream_address("unknown", webinar.id, "hls/master.m3u8")).status_code == 404
    assert fetch(client, delivery.stream_address("live", webinar.id + 1, "hls/master.m3u8")).status_code == 404


def test_nginx_sends_the_bytes_and_asks_which_folder_an_address_opens(app: Flask, webinar: Webinar) -> None:
    make_stream(webinar.id)
    layer = MediaFiles(app, app.wsgi_app)
    layer.handed_over_to = "/_media"
    client = Client(layer)
    where = delivery.stream_address("live", webinar.id, "hls/1-1/video/000000.m4s")
    handed = client.get(where, buffered=True)
    assert (handed.data, handed.headers["X-Accel-Redirect"]) == (b"", f"/_media/live/{webinar.id}/hls/1-1/video/000000.m4s")
    said = client.get(delivery.stream_address("live", webinar.id, "hls/"), headers=ASKS, buffered=True)
    assert (said.status_code, said.data, said.headers["X-Gurindam-Stream"]) == (200, b"", f"live/{webinar.id}")
    assert said.headers["X-Accel-Expires"] == "60"


def test_nginx_is_told_no_for_what_opens_no_stream(app: Flask, webinar: Webinar) -> None:
    layer = MediaFiles(app, app.wsgi_app)
    where = delivery.stream_address("live", webinar.id, "hls/")
    assert "X-Gurindam-Stream" not in Client(layer).get(where, headers=ASKS, buffered=True).headers  # nobody stands in front who could ask
    layer.handed_over_to = "/_media"
    client = Client(layer)
    clock.freeze(clock.now().replace(minute=0, second=0, microsecond=0))
    where = delivery.stream_address("live", webinar.id, "hls/")
    clock.freeze(clock.now() + timedelta(hours=2) - timedelta(seconds=20))
    assert client.get(where, headers=ASKS).headers["X-Accel-Expires"] == "20"  # never beyond the address itself
    clock.freeze(clock.now() + timedelta(seconds=20))
    with app.test_request_context():
        picture = f"/media/{delivery.sign(1, 1, delivery.EVERYBODY)}/hls/"
    for address in (where, where.replace("/hls", "x/hls"), picture, delivery.stream_address("unknown", 1, "hls/")):
        answer = client.get(address, headers=ASKS, buffered=True)
        kept = "max-age=60" if address == where else "no-store"  # the first was answered before, and that is kept
        assert (answer.status_code, answer.headers["Cache-Control"], "X-Gurindam-Stream" in answer.headers) == (403, kept, False)


def test_the_health_page_and_the_probe_know_the_encoder(app: Flask, client: FlaskClient) -> None:
    def state() -> tuple[bool, str]:
        check = next(check for check in run_checks() if check.name == "encoder")
        return check.ok, str(check.detail)

    assert state() == (True, "tidak berjalan; tidak ada siaran yang memerlukannya")
    make_webinar(state=WebinarState.LIVE)
    assert not state()[0]
    beat = storage().local_path("live") / "encoder.json"
    beat.parent.mkdir(exist_ok=True)
    beat.write_text(json.dumps({"at": time.time(), "behind_ms": {"1": 900}}))
    assert state() == (True, "1 ruang, tertinggal 1 detik")
    beat.write_text(json.dumps({"at": time.time(), "behind_ms": {"1": 12_000}}))
    assert not state()[0]
    beat.write_text(json.dumps({"at": time.time() - 60, "behind_ms": {}}))
    assert not state()[0]
    assert "encoder" in client.get("/readyz").get_json()["checks"]
