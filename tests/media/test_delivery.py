"""Addresses that carry their own right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import Client, TestResponse

from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.errors import NotFound
from app.kernel.storage import storage
from app.media import delivery, queries, services
from app.media.models import AssetKind, AssetState, MediaAsset
from app.media.sending import MediaFiles
from app.people import services as people
from app.people import sessions
from app.people.models import User
from tests.media.factories import again, stored
from tests.people.factories import make_user, sign_in

SEGMENT = bytes(range(256)) * 40
VTT = "WEBVTT\n\n00:00.000 --> 00:02.000\nHalo.\n"
GROWING = "#EXTM3U\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXTINF:6,\n00000.m4s\n"


@pytest.fixture
def video(app: Flask, tmp_path: Path) -> MediaAsset:
    """A prepared video whose files are told by their content; nothing is encoded."""
    return made_video(tmp_path, make_user("Alia").id)


def made_video(folder: Path, owner_id: int, segment: bytes = SEGMENT) -> MediaAsset:
    source = folder / "v.mp4"
    source.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(100))
    asset = stored(source, AssetKind.VIDEO, uploaded_by_id=owner_id)
    made = folder / "made"
    (made / "240p").mkdir(parents=True)
    (made / "master.m3u8").write_text("#EXTM3U\n240p/index.m3u8\n")
    (made / "240p" / "00000.m4s").write_bytes(segment)
    (made / "240p" / "index.m3u8").write_text(GROWING + "#EXT-X-ENDLIST\n")
    (made / "240p" / "growing.m3u8").write_text(GROWING)
    storage().put_folder(f"{asset.place}/1", made)
    with transaction():
        asset = again(asset.id)
        asset.state, asset.generation, asset.duration_seconds = AssetState.READY, 1, 2.0
        made_of = {"master": "master.m3u8", "small": None, "sprite": None, "audio": None}
        asset.renditions = made_of | {"rungs": [{"name": "240p", "path": "240p/index.m3u8", "bytes": 100, "height": 240, "width": 426}]}
    return again(asset.id)


def fetch(client: FlaskClient, where: str, **headers: str) -> TestResponse:
    return client.get(where, headers={name.replace("_", "-"): value for name, value in headers.items()}, buffered=True)


def address(app: Flask, asset: MediaAsset, path: str, user: User | None = None, client: FlaskClient | None = None) -> str:
    """As a page names it: for everybody, or for a person in the browser they signed in with."""
    cookie = client.get_cookie("gurindam") if client else None
    headers = {"Cookie": f"gurindam={cookie.value}"} if cookie else {}
    with app.test_request_context(headers=headers):
        return delivery.address(asset, path, user)


def test_a_signed_address_gives_the_file_with_its_type_and_a_private_cache(app: Flask, client: FlaskClient, video: MediaAsset):
    answer = fetch(client, address(app, video, "240p/index.m3u8"))
    assert answer.status_code == 200
    assert answer.data.startswith(b"#EXTM3U")
    assert answer.content_type == "application/vnd.apple.mpegurl"
    assert answer.cache_control.private
    assert answer.cache_control.immutable
    assert not answer.cache_control.public
    assert 2 * 3600 < int(answer.cache_control.max_age or 0) <= 3 * 3600
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_what_is_sent_can_do_nothing_on_our_pages(app: Flask, client: FlaskClient, video: MediaAsset):
    headers = fetch(client, address(app, video, "240p/00000.m4s")).headers
    assert headers.getlist("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    assert headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert headers.getlist("Cross-Origin-Resource-Policy") == ["same-origin"]


@pytest.mark.parametrize("path", ["240p/growing.m3u8", "master.m3u8"])
def test_a_playlist_that_may_still_grow_is_asked_for_each_time(app: Flask, client: FlaskClient, video: MediaAsset, path: str):
    answer = fetch(client, address(app, video, path))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert fetch(client, address(app, video, path), If_None_Match=answer.headers["ETag"]).status_code == 304


def test_a_playlist_that_grew_is_sent_anew(app: Flask, client: FlaskClient, video: MediaAsset):
    where = address(app, video, "240p/growing.m3u8")
    tag = fetch(client, where).headers["ETag"]
    with storage().local_path(f"{video.folder}/240p/growing.m3u8").open("a") as playlist:
        playlist.write("#EXTINF:6,\n00001.m4s\n")
    answer = fetch(client, where, If_None_Match=tag)
    assert (answer.status_code, answer.data.endswith(b"00001.m4s\n")) == (200, True)


def test_the_relative_addresses_of_a_playlist_carry_the_same_right(app: Flask, client: FlaskClient, video: MediaAsset):
    master = address(app, video, "master.m3u8")
    answer = fetch(client, master.replace("master.m3u8", "240p/00000.m4s"))
    assert answer.data == SEGMENT
    assert answer.content_type == "video/iso.segment"


@pytest.mark.parametrize(
    ("asked", "part", "said"),
    [
        ("bytes=0-9", SEGMENT[:10], "bytes 0-9/10240"),
        ("bytes=10000-", SEGMENT[10000:], "bytes 10000-10239/10240"),
        ("bytes=-5", SEGMENT[-5:], "bytes 10235-10239/10240"),
    ],
)
def test_ranges_are_answered_exactly(app: Flask, client: FlaskClient, video: MediaAsset, asked: str, part: bytes, said: str):
    answer = fetch(client, address(app, video, "240p/00000.m4s"), Range=asked)
    assert (answer.status_code, answer.data, answer.headers["Content-Range"]) == (206, part, said)


def test_a_range_beyond_the_end_is_refused(app: Flask, client: FlaskClient, video: MediaAsset):
    answer = fetch(client, address(app, video, "240p/00000.m4s"), Range="bytes=99999-")
    assert (answer.status_code, answer.headers["Content-Range"], answer.data) == (416, "bytes */10240", b"")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-9", "bytes=abc", "bytes=9-3", "lines=1-2", "bytes", ""])
def test_ranges_that_are_several_or_nonsense_get_the_whole_file(app: Flask, client: FlaskClient, video: MediaAsset, asked: str):
    answer = fetch(client, address(app, video, "240p/00000.m4s"), Range=asked)
    assert (answer.status_code, answer.data) == (200, SEGMENT)


def test_a_range_of_a_file_that_changed_gets_the_whole_file(app: Flask, client: FlaskClient, video: MediaAsset):
    where = address(app, video, "240p/00000.m4s")
    tag = fetch(client, where).headers["ETag"]
    assert fetch(client, where, Range="bytes=0-9", If_Range=tag).status_code == 206
    assert fetch(client, where, Range="bytes=0-9", If_Range='"older"').data == SEGMENT


def test_what_the_browser_still_has_is_not_sent_again(app: Flask, client: FlaskClient, video: MediaAsset):
    where = address(app, video, "240p/00000.m4s")
    first = fetch(client, where)
    assert fetch(client, where, If_None_Match=first.headers["ETag"]).status_code == 304
    assert fetch(client, where, If_Modified_Since=first.headers["Last-Modified"]).status_code == 304
    assert fetch(client, where, If_None_Match='"another"').status_code == 200


def test_asking_for_the_head_gives_everything_but_the_bytes(app: Flask, client: FlaskClient, video: MediaAsset):
    where = address(app, video, "240p/00000.m4s")
    whole, head = fetch(client, where), client.head(where)
    told = ("Content-Length", "Content-Type", "ETag", "Accept-Ranges")
    assert [head.headers[name] for name in told] == [whole.headers[name] for name in told]
    assert (head.status_code, head.data) == (200, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_else_than_reading_is_answered(app: Flask, client: FlaskClient, video: MediaAsset, method: str):
    assert client.open(address(app, video, "master.m3u8"), method=method).status_code == 405


def test_an_address_stops_working(app: Flask, client: FlaskClient, video: MediaAsset, at):
    at(2026, 11, 23, 9, 30)
    where = address(app, video, "master.m3u8")
    at(2026, 11, 23, 11, 59)
    assert fetch(client, where).status_code == 200
    at(2026, 11, 23, 12, 1)
    assert fetch(client, where).status_code == 410
    assert fetch(client, where).headers["Cache-Control"] == "no-store"


def test_an_address_stays_the_same_for_an_hour_so_that_caches_help(app: Flask, video: MediaAsset, at):
    at(2026, 11, 23, 10, 5)
    first = address(app, video, "master.m3u8")
    at(2026, 11, 23, 10, 55)
    assert address(app, video, "master.m3u8") == first


def test_an_address_works_in_the_browser_it_was_made_for_and_in_no_other(app: Flask, client: FlaskClient, video: MediaAsset):
    alia, budi = make_user("Alia"), make_user("Budi")
    where = address(app, video, "240p/00000.m4s", alia, sign_in(client, alia))
    assert fetch(client, where).data == SEGMENT
    assert fetch(app.test_client(), where).status_code == 404, "leaked to somebody without an account"
    assert fetch(sign_in(app.test_client(), budi), where).status_code == 404, "leaked to a colleague"
    assert fetch(sign_in(app.test_client(), alia), where).status_code == 404, "another device of the same person gets its own"


def test_a_captions_address_is_bound_in_the_same_way(app: Flask, client: FlaskClient, video: MediaAsset):
    alia = make_user("Alia")
    with transaction():
        services.set_caption(video.id, "id", VTT)
    where = address(app, video, "captions/id.vtt", alia, sign_in(client, alia))
    assert fetch(client, where).status_code == 200
    assert fetch(app.test_client(), where).status_code == 404


def test_signing_out_ends_the_address_in_that_browser_at_once(app: Flask, client: FlaskClient, video: MediaAsset):
    alia = make_user("Alia")
    where = address(app, video, "240p/00000.m4s", alia, sign_in(client, alia))
    assert fetch(client, where).status_code == 200
    client.post("/keluar")
    assert fetch(client, where).status_code == 404


@pytest.mark.parametrize("how", ["session ended elsewhere", "new password", "account switched off"])
def test_ending_the_session_ends_its_addresses_within_a_minute(app: Flask, client: FlaskClient, video: MediaAsset, at, how: str):
    at(2026, 11, 23, 9, 30)
    alia = make_user("Alia")
    where = address(app, video, "240p/00000.m4s", alia, sign_in(client, alia))
    assert fetch(client, where).status_code == 200
    with transaction():
        if how == "session ended elsewhere":
            sessions.end_session(alia.id, sessions.list_sessions(alia.id)[0].id)
        elif how == "new password":
            people.set_password(db.session.merge(alia), "another hash")
        else:
            db.session.merge(alia).disabled_at = clock.now()
    at(2026, 11, 23, 9, 31)
    assert fetch(client, where).status_code == 404


def test_the_segments_of_a_video_ask_the_database_nothing(app: Flask, client: FlaskClient, video: MediaAsset, count_queries: list[str]):
    alia = make_user("Alia")
    where = address(app, video, "240p/00000.m4s", alia, sign_in(client, alia))
    fetch(client, where)
    count_queries.clear()
    for _ in range(20):
        assert fetch(client, where, Range="bytes=0-99").status_code == 206
    assert count_queries == []


def test_a_browser_that_was_never_signed_in_gets_no_address_for_a_person(app: Flask, client: FlaskClient, video: MediaAsset):
    assert fetch(client, address(app, video, "240p/00000.m4s", make_user("Alia"))).status_code == 404


def test_a_database_that_is_away_is_told_as_such(app: Flask, client: FlaskClient, video: MediaAsset, monkeypatch: pytest.MonkeyPatch):
    where = address(app, video, "240p/00000.m4s")

    def away(*_: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(delivery, "place_of", away)
    answer = fetch(client, where)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_nginx_gets_the_place_of_the_bytes_and_not_the_bytes(app: Flask, video: MediaAsset):
    layer = MediaFiles(app, app.wsgi_app)
    layer.handed_over_to = "/_media"
    client = Client(layer)
    answer = client.get(address(app, video, "240p/00000.m4s"))
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == f"/_media/{video.folder}/240p/00000.m4s"
    assert answer.headers["Content-Type"] == "video/iso.segment"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "X-Accel-Redirect" not in client.get(address(app, video, "240p/nihil.m4s")).headers


def test_an_address_for_one_asset_opens_no_other(app: Flask, client: FlaskClient, video: MediaAsset):
    token = delivery.sign(video.id, video.generation, delivery.EVERYBODY)
    head, _, tail = token.rpartition(".")
    forged = delivery.sign(video.id + 1, video.generation, delivery.EVERYBODY).rpartition(".")[0]
    assert client.get(f"/media/{forged}.{tail}/master.m3u8").status_code == 404
    assert client.get(f"/media/{head}.{tail[:-2]}xx/master.m3u8").status_code == 404
    assert client.get("/media/abc/master.m3u8").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "../original",
        "..%2foriginal",
        "240p/../../original",
        "/etc/passwd",
        "%2e%2e/%2e%2e/keys/session.key",
        ".part-x.mp4",
        "240p",
        "original",
        "x.exe",
        "240p/nihil.m4s",
    ],
)
def test_nothing_outside_the_assets_folder_is_reachable(app: Flask, client: FlaskClient, video: MediaAsset, path: str):
    token = delivery.sign(video.id, video.generation, delivery.EVERYBODY)
    answer = fetch(client, f"/media/{token}/{path}")
    assert answer.status_code in (404, 308)
    assert SEGMENT[:16] not in answer.data
    assert b"ftyp" not in answer.data


def test_the_original_of_a_video_is_never_sent(app: Flask, client: FlaskClient, video: MediaAsset):
    answer = fetch(client, address(app, video, "berkas.pdf"))
    assert answer.status_code == 404


def test_captions_are_sent_as_text(app: Flask, client: FlaskClient, video: MediaAsset):
    with transaction():
        services.set_caption(video.id, "id", VTT)
    answer = fetch(client, address(app, video, "captions/id.vtt"))
    assert (answer.status_code, answer.get_data(as_text=True), answer.mimetype) == (200, VTT, "text/vtt")
    assert fetch(client, address(app, video, "captions/en.vtt")).status_code == 404


def test_the_person_who_brought_a_file_may_have_it_and_an_outsider_may_not(app: Flask, client: FlaskClient, video: MediaAsset):
    outsider = make_user("Cici")
    with pytest.raises(NotFound):
        queries.get_asset_for(outsider, video.id)
    assert sign_in(client, outsider).get(f"/media/aset/{video.id}").status_code == 404


def test_another_feature_can_open_an_asset_for_its_readers(app: Flask, video: MediaAsset, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delivery, "_readers", [])
    reader = make_user("Budi")
    delivery.register_reader(lambda user, asset_id: user.id == reader.id and asset_id == video.id)
    assert queries.get_asset_for(reader, video.id).id == video.id
    with pytest.raises(NotFound):
        queries.get_asset_for(make_user("Cici"), video.id)


def test_how_far_an_asset_is_can_be_asked_by_who_may_have_it(app: Flask, client: FlaskClient, tmp_path: Path):
    owner = make_user("Alia")
    source = tmp_path / "v.mp4"
    source.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(50))
    asset = stored(source, AssetKind.VIDEO, uploaded_by_id=owner.id)
    services.start_preparing(asset.id)
    answer = sign_in(client, owner).get(f"/media/aset/{asset.id}", headers={"Accept": "application/json"})
    assert answer.get_json()["state"] == AssetState.PROCESSING
    assert "sources" not in answer.get_json()


def test_nobody_signed_in_is_asked_to_sign_in(app: Flask, client: FlaskClient, video: MediaAsset):
    assert client.get(f"/media/aset/{video.id}", headers={"Accept": "application/json"}).status_code == 401
