"""Uploads by tus 1.0: what is acknowledged stays, what does not belong is refused, and a whole file becomes an asset. About 12 s."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from app.kernel import events
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import DiskFull, Invalid
from app.kernel.jobs import HANDLERS
from app.kernel.storage import storage
from app.kernel.worker import drain
from app.media import intake, slots
from app.media.events import UploadFinished
from app.media.intake import clean_name, inspect, recognize_any
from app.media.models import AssetKind, MediaAsset
from app.media.uploads import files, form, jobs, limits, services
from app.media.uploads.models import MediaUpload, UploadState
from app.people.models import User
from tests.people.factories import make_user, sign_in

TUS = {"Tus-Resumable": "1.0.0", "Accept": "application/json"}
PDF = b"%PDF-1.4\n" + b"1 0 obj << /Type /Catalog >> endobj\n" * 3000  # 108 kB: several pieces
MARK = hashlib.sha256(b"sidik").hexdigest()


@pytest.fixture(autouse=True)
def _clean(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bytes of another test, no allowance of another feature, and no PDF really rendered."""
    if "app" in request.fixturenames:
        monkeypatch.setattr(slots, "_allowers", [])
        request.getfixturevalue("app")
        for rest in files.folder().iterdir():
            rest.unlink()
        monkeypatch.setattr("app.media.services.JOBS", dict.fromkeys(AssetKind, "tests.nothing"))
        monkeypatch.setitem(HANDLERS, "tests.nothing", _handler_of_nothing())


def _handler_of_nothing() -> Any:
    from app.kernel.jobs import Handler, Lane

    return Handler("tests.nothing", Lane.DEFAULT, lambda **_: None, 1, None)


@pytest.fixture
def rani(client: FlaskClient) -> User:
    user = make_user("Rani Instruktur", role=Role.INSTRUCTOR)
    sign_in(client, user)
    return user


def b64(value: bytes | str) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def begin(client: FlaskClient, size: int, name: str = "modul.pdf", fingerprint: str | None = MARK, **headers: str) -> TestResponse:
    told = f"filename {b64(name)}" + (f",fingerprint {b64(fingerprint)}" if fingerprint else "")
    return client.post("/unggahan", headers=TUS | {"Upload-Length": str(size), "Upload-Metadata": told} | headers)


def begun(client: FlaskClient, size: int = len(PDF), **facts: Any) -> str:
    answer = begin(client, size, **facts)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def send(client: FlaskClient, address: str, offset: int, data: bytes, length: int | None = None, **headers: str) -> TestResponse:
    said = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"} | headers
    told = {} if length is None else {"CONTENT_LENGTH": str(length)}
    return client.open(address, method="PATCH", headers=said, input_stream=io.BytesIO(data), environ_overrides=told)


def offset_of(client: FlaskClient, address: str) -> int:
    answer = client.head(address, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def row(address: str) -> MediaUpload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(MediaUpload).where(MediaUpload.public_id == address.rpartition("/")[2])).one()


def told(client: FlaskClient, address: str) -> dict[str, Any]:
    row(address)
    answer = client.get(address).json
    assert answer is not None
    return answer


def file_of(address: str) -> Path:
    return files.place_of(address.rpartition("/")[2])


def say(answer: TestResponse) -> str:
    assert answer.json is not None
    assert len(answer.json["message"]) > 10
    return answer.json["error"]


# ---- the protocol ----


def test_options_tell_what_is_spoken_to_anybody(client: FlaskClient) -> None:
    answer = client.options("/unggahan")
    assert answer.status_code == 200
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(4 << 30)
    assert set(answer.headers["Tus-Extension"].split(",")) == {"creation", "termination", "checksum", "expiration"}
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"


def test_a_file_in_three_pieces_becomes_an_asset_with_equal_bytes(app: Flask, client: FlaskClient, rani: User) -> None:
    heard: list[UploadFinished] = []
    events.on(UploadFinished, heard.append)
    address = begun(client)
    for start, end in ((0, 40_000), (40_000, 80_001), (80_001, len(PDF))):
        answer = send(client, address, start, PDF[start:end])
        assert answer.status_code == 204
        assert answer.headers["Upload-Offset"] == str(end)
        assert "GMT" in answer.headers["Upload-Expires"]
        assert answer.headers["Cache-Control"] == "no-store"
    assert row(address).state == UploadState.FINISHING
    drain(app)
    done = told(client, address)
    assert done["state"] == "DONE"
    assert done["verified"] is False  # nobody told its digest
    asset = db.session.get_one(MediaAsset, done["asset_id"])
    assert (asset.kind, asset.original_name, asset.uploaded_by_id) == (AssetKind.DOCUMENT, "modul.pdf", rani.id)
    assert storage().local_path(asset.original_key).read_bytes() == PDF
    assert not file_of(address).exists()
    assert heard == [UploadFinished(asset.id, rani.id, "modul.pdf")]
    events._inside[UploadFinished].remove(heard.append)


def test_the_same_content_twice_is_one_asset(app: Flask, client: FlaskClient, rani: User) -> None:
    for mark in (MARK, MARK[::-1]):
        send(client, begun(client, fingerprint=mark), 0, PDF)
        drain(app)
    uploads = db.session.scalars(select(MediaUpload)).all()
    assert [upload.state for upload in uploads] == ["DONE", "DONE"]
    assert len({upload.asset_id for upload in uploads}) == 1


def test_the_same_file_begun_again_goes_on_where_it_was(client: FlaskClient, rani: User) -> None:
    address = begun(client)
    send(client, address, 0, PDF[:30_000])
    again = begin(client, len(PDF), name="nama-lain.pdf")
    assert again.headers["Location"] == address
    assert again.headers["Upload-Offset"] == "30000"
    assert begun(client, fingerprint=MARK[::-1]) != address
    assert begun(client, size=len(PDF) + 1) != address


@pytest.mark.parametrize("told", [{}, {"Tus-Resumable": "0.2.2"}])
def test_another_version_is_refused(client: FlaskClient, rani: User, told: dict[str, str]) -> None:
    address = begun(client)
    for answer in (client.post("/unggahan", headers=told), client.head(address, headers=told), client.patch(address, headers=told), client.delete(address, headers=told)):
        assert answer.status_code == 412
        assert answer.headers["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Offset": "satu"}, 400),
        ({"Upload-Offset": "-1"}, 400),
        ({"Upload-Offset": "9" * 30}, 400),
        ({"Content-Type": "application/octet-stream"}, 415),
        ({"Upload-Checksum": "md5 " + b64(b"0" * 16)}, 400),
        ({"Upload-Checksum": "sha1 %%%"}, 400),
        ({"Upload-Checksum": "sha1 \u00ff"}, 400),
        ({"Repr-Digest": "sha-256=:AAAA:"}, 400),
        ({"Repr-Digest": "md5=:AAAA:"}, 400),
    ],
)
def test_headers_that_cannot_be_read_are_refused_and_nothing_is_kept(client: FlaskClient, rani: User, headers: dict[str, str], status: int) -> None:
    address = begun(client)
    answer = send(client, address, 0, PDF[:1000], **headers)
    assert answer.status_code == status
    say(answer)
    assert offset_of(client, address) == 0


@pytest.mark.parametrize("length", ["", "-5", "1e9", "satu", "9" * 40])
def test_a_length_that_is_none_is_refused(client: FlaskClient, rani: User, length: str) -> None:
    assert client.post("/unggahan", headers=TUS | {"Upload-Length": length}).status_code == 400


def test_metadata_that_cannot_be_read_is_refused(client: FlaskClient, rani: User) -> None:
    assert client.post("/unggahan", headers=TUS | {"Upload-Length": "5", "Upload-Metadata": "filename ***"}).status_code == 400
    assert begin(client, 5, fingerprint="bukan sidik").status_code == 422


# ---- pieces ----


@pytest.mark.parametrize("offset", [0, 999, 1001, len(PDF)])
def test_a_piece_that_does_not_follow_is_refused_with_where_to_go_on(client: FlaskClient, rani: User, offset: int) -> None:
    address = begun(client)
    send(client, address, 0, PDF[:1000])
    answer = send(client, address, offset, b"" if offset == len(PDF) else PDF[:10])
    assert answer.status_code == 409
    assert say(answer) == "wrong_offset"
    assert answer.json is not None
    assert answer.json["facts"] == {"offset": 1000}
    assert file_of(address).read_bytes() == PDF[:1000]


def test_a_connection_that_breaks_keeps_what_it_brought(client: FlaskClient, rani: User) -> None:
    address = begun(client)
    answer = send(client, address, 0, PDF[:33_333], length=100_000)
    assert answer.headers["Upload-Offset"] == "33333"
    assert offset_of(client, address) == 33_333
    assert file_of(address).read_bytes() == PDF[:33_333]
    assert send(client, address, 33_333, PDF[33_333:]).headers["Upload-Offset"] == str(len(PDF))


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_that_was_damaged_on_its_way_is_forgotten(client: FlaskClient, rani: User, algorithm: str) -> None:
    address, piece = begun(client), PDF[1000:60_000]
    send(client, address, 0, PDF[:1000])
    right = f"{algorithm} {b64(hashlib.new(algorithm, piece).digest())}"
    answer = send(client, address, 1000, piece[:-1] + b"!", **{"Upload-Checksum": right})
    assert answer.status_code == 460
    assert say(answer) == "checksum_mismatch"
    assert offset_of(client, address) == 1000
    assert file_of(address).stat().st_size == 1000
    assert send(client, address, 1000, piece, **{"Upload-Checksum": right}).headers["Upload-Offset"] == "60000"


def test_more_bytes_than_were_announced_are_refused(client: FlaskClient, rani: User) -> None:
    address = begun(client, size=1000)
    assert send(client, address, 0, PDF[:1001]).status_code == 413
    assert offset_of(client, address) == 0
    assert send(client, begun(client, fingerprint=None), 0, b"", length=(8 << 20) + 1).status_code == 413


def test_a_piece_without_a_length_is_refused(client: FlaskClient, rani: User) -> None:
    headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.open(begun(client), method="PATCH", headers=headers, environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked"}).status_code == 411


def test_two_at_once_get_in_nobodys_way(client: FlaskClient, rani: User) -> None:
    address = begun(client)
    send(client, address, 0, PDF[:1000])
    with files.held(row(address).public_id):
        assert offset_of(client, address) == 1000
        answer = send(client, address, 1000, PDF[1000:2000])
    assert answer.status_code == 423
    assert say(answer) == "locked"
    assert send(client, address, 1000, PDF[1000:2000]).status_code == 204


def test_a_connection_that_fell_silent_makes_way_for_its_owner(client: FlaskClient, rani: User) -> None:
    import socket
    import threading

    public_id = begun(client).rpartition("/")[2]
    near, far = socket.socketpair()
    released = threading.Event()
    place = files.place_of(public_id)

    def hang() -> None:
        with client.application.app_context(), files.held(public_id, near):
            files._receptions[public_id].heard_at -= files.STALE_SECONDS
            released.set()
            near.recv(1)  # ends when the other request shuts the connection

    thread = threading.Thread(target=hang)
    thread.start()
    released.wait(5)
    with files.held(public_id) as file:
        assert files.size_of(file) == place.stat().st_size
    thread.join(5)
    assert not thread.is_alive()
    near.close()
    far.close()


def test_killed_between_the_bytes_and_the_row_the_tail_is_cut(client: FlaskClient, rani: User) -> None:
    address = begun(client)
    send(client, address, 0, PDF[:20_000])
    with file_of(address).open("ab") as file:
        file.write(b"\0" * 5000)
    assert offset_of(client, address) == 20_000
    assert file_of(address).stat().st_size == 20_000
    with file_of(address).open("ab") as file:
        file.write(b"\0" * 5000)
    assert send(client, address, 20_000, PDF[20_000:25_000]).status_code == 204
    assert file_of(address).read_bytes() == PDF[:25_000]


def test_bytes_that_the_disk_lost_are_asked_for_again(client: FlaskClient, rani: User) -> None:
    address = begun(client)
    send(client, address, 0, PDF[:20_000])
    os.truncate(file_of(address), 12_000)
    assert send(client, address, 20_000, PDF[20_000:]).status_code == 409
    assert offset_of(client, address) == 12_000
    file_of(address).unlink()
    assert offset_of(client, address) == 0


def test_a_full_disk_keeps_what_was_acknowledged(client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    address = begun(client)
    send(client, address, 0, PDF[:20_000])

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_write", full)
    answer = send(client, address, 20_000, PDF[20_000:])
    assert answer.status_code == 507
    assert say(answer) == "disk_full"
    assert offset_of(client, address) == 20_000


# ---- who ----


def test_nobody_sees_or_touches_the_upload_of_another(client: FlaskClient, rani: User) -> None:
    address = begun(client)
    sign_in(client, make_user("Orang Lain", role=Role.TRAINING_ADMIN))
    for answer in (
        client.head(address, headers=TUS),
        client.get(address),
        send(client, address, 0, PDF[:10]),
        client.delete(address, headers=TUS),
        client.get("/unggahan/tidak-ada"),
        client.get("/unggahan/..%2F..%2Fetc%2Fpasswd"),
    ):
        assert answer.status_code == 404
    assert client.get("/unggahan").json["uploads"] == []  # type: ignore[index]
    assert file_of(address).exists() is False


def test_learners_may_not_and_strangers_must_sign_in(client: FlaskClient) -> None:
    assert begin(client, 10).status_code == 401
    sign_in(client, make_user())
    assert begin(client, 10).status_code == 403
    assert client.post("/unggahan/formulir").status_code == 403


def test_a_role_lost_in_the_middle_ends_it_in_words(app: Flask, client: FlaskClient, rani: User) -> None:
    address = begun(client)
    send(client, address, 0, PDF[:20_000])
    _take_role(rani)
    answer = send(client, address, 20_000, PDF[20_000:])
    assert answer.status_code == 403
    assert say(answer) == "not_allowed"


def test_a_role_lost_before_the_worker_came_stores_nothing(app: Flask, client: FlaskClient, rani: User) -> None:
    address = begun(client)
    send(client, address, 0, PDF)
    _take_role(rani)
    drain(app)
    assert row(address).failure_code == "NO_LONGER_ALLOWED"
    assert db.session.scalars(select(MediaAsset)).all() == []
    assert not file_of(address).exists()


def _take_role(user: User) -> None:
    from app.people.models import RoleGrant

    with transaction() as session:
        session.execute(delete(RoleGrant).where(RoleGrant.user_id == user.id, RoleGrant.role == Role.INSTRUCTOR))


def test_without_the_token_of_the_page_nothing_happens(client: FlaskClient, rani: User) -> None:
    address = begun(client)
    client.application.config["WTF_CSRF_ENABLED"] = True
    try:
        for answer in (begin(client, 10), send(client, address, 0, PDF[:10]), client.delete(address, headers=TUS), _post_form(client, [("a.pdf", PDF)])):
            assert answer.status_code == 400
        token = client.get("/unggahan").json["csrf_token"]  # type: ignore[index]
        assert send(client, address, 0, PDF[:10], **{"X-CSRFToken": token}).status_code == 204
        assert _post_form(client, [("a.pdf", PDF)], csrf_token=token).status_code == 303
    finally:
        client.application.config["WTF_CSRF_ENABLED"] = False


# ---- limits ----


def test_what_cannot_fit_is_told_before_it_begins(client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert say(begin(client, 0)) == "EMPTY"
    assert say(begin(client, (4 << 30) + 1)) == "TOO_LARGE"
    monkeypatch.setattr(limits, "_disk_left", lambda: 999)
    answer = begin(client, 1000)
    assert answer.status_code == 507
    assert say(answer) == "disk_full"
    assert client.get("/unggahan").json["limits"]["room_bytes"] == 999  # type: ignore[index]


def test_a_disk_that_has_filled_meanwhile_refuses_the_file_in_words(app: Flask, client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    address = begun(client)
    send(client, address, 0, PDF)
    monkeypatch.setattr(storage(), "free_bytes", lambda: 1000)
    drain(app)
    assert (row(address).state, row(address).failure_code) == (UploadState.REFUSED, "DISK_FULL")
    with pytest.raises(DiskFull):
        intake.receive(io.BytesIO(PDF), "surat.pdf", AssetKind.DOCUMENT)


def test_promised_room_is_not_promised_twice(client: FlaskClient, rani: User) -> None:
    before = limits._disk_left()
    begun(client, size=1 << 30)
    assert abs(before - limits._disk_left() - (1 << 30)) < 64 << 20  # others use the disk too


def test_the_quota_counts_what_is_under_way(app: Flask, client: FlaskClient, rani: User) -> None:
    slots.register_allowance(lambda user: slots.Allowance(len(PDF) + 500, "Kuota Anda 1 GB"))
    address = begun(client)
    told = client.get("/unggahan").json["limits"]  # type: ignore[index]
    assert (told["quota_bytes"], told["quota_words"]) == (500, ["Kuota Anda 1 GB"])
    assert say(begin(client, 501, fingerprint=None)) == "QUOTA"
    assert begin(client, 500, fingerprint=None).status_code == 201
    send(client, address, 0, PDF)
    slots._allowers[:] = [lambda user: slots.Allowance(100)]
    drain(app)
    assert row(address).failure_code == "QUOTA"


def test_a_person_has_so_many_open_and_no_more(client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_OPEN", 2)
    first = begun(client)
    begun(client, fingerprint=None)
    answer = begin(client, 10, fingerprint=None)
    assert answer.status_code == 429
    assert say(answer) == "too_many_open"
    assert client.delete(first, headers=TUS).status_code == 204
    assert begin(client, 10, fingerprint=None).status_code == 201


@pytest.mark.parametrize("head", [b"PK\x03\x04" + b"a" * 20_000, b"#EXTM3U\nfile:///etc/passwd\n" * 900, b"<svg xmlns='x'>" * 2000, b"ffconcat version 1.0\n" * 900])
def test_what_is_no_media_is_refused_after_its_first_piece(client: FlaskClient, rani: User, head: bytes) -> None:
    address = begun(client, size=1 << 30, name="video.mp4")
    answer = send(client, address, 0, head)
    assert answer.status_code == 422
    assert say(answer) == "NOT_RECOGNIZED"
    assert not file_of(address).exists()
    assert row(address).state == UploadState.REFUSED
    assert client.head(address, headers=TUS).status_code == 422
    assert send(client, address, 0, PDF[:10]).status_code == 409
    assert client.delete(address, headers=TUS).status_code == 204


def test_a_document_as_large_as_a_video_is_refused_after_its_first_piece(client: FlaskClient, rani: User) -> None:
    assert say(send(client, begun(client, size=101 << 20), 0, PDF)) == "TOO_LARGE"


def test_the_digest_the_browser_told_is_compared(app: Flask, client: FlaskClient, rani: User) -> None:
    address = begun(client)
    send(client, address, 0, PDF, **{"Repr-Digest": f"sha-256=:{b64(hashlib.sha256(PDF + b'x').digest())}:"})
    drain(app)
    refused = told(client, address)
    assert (refused["state"], refused["code"]) == ("REFUSED", "CHECKSUM")
    assert "berbeda" in refused["message"]
    assert db.session.scalars(select(MediaAsset)).all() == []
    assert list(storage().local_path("media").rglob("original")) == []
    good = begun(client, fingerprint=MARK[::-1])
    send(client, good, 0, PDF, **{"Repr-Digest": f"sha-256=:{b64(hashlib.sha256(PDF).digest())}:"})
    drain(app)
    assert row(good).state == UploadState.DONE
    assert told(client, good)["verified"] is True


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\rani\\modul.pdf", "modul.pdf"),
        ("..", "berkas"),
        ("", "berkas"),
        ("a\x00b\u202efdp.exe", "abfdp.exe"),
        ("x" * 400 + ".mp4", "x" * 251 + ".mp4"),
        ("Pelayanan Publik — bagian 2.mp4", "Pelayanan Publik — bagian 2.mp4"),
    ],
)
def test_names_are_only_names(name: str, kept: str) -> None:
    assert clean_name(name) == kept


# ---- ending ----


def test_it_waits_a_week_after_the_last_byte_and_no_longer(client: FlaskClient, rani: User, at: Any) -> None:
    at(2026, 11, 1, 8, 0)
    address = begun(client)
    at(2026, 11, 7, 8, 0)
    sign_in(client, rani)
    assert send(client, address, 0, PDF[:1000]).status_code == 204
    jobs.clear_uploads()
    at(2026, 11, 14, 7, 59)
    sign_in(client, rani)
    assert offset_of(client, address) == 1000
    at(2026, 11, 14, 8, 1)
    assert client.head(address, headers=TUS).status_code == 410
    assert send(client, address, 1000, PDF[1000:]).status_code == 410
    assert begun(client) != address
    jobs.clear_uploads()
    assert not file_of(address).exists()
    assert client.head(address, headers=TUS).status_code == 404


def test_files_without_a_row_are_removed_when_they_are_old(app: Flask) -> None:
    old, young = files.place_of("lama"), files.place_of("baru")
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    jobs.clear_uploads()
    assert [path.exists() for path in (old, young)] == [False, True]


def test_cancelled_in_the_middle_of_a_piece(client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    address = begun(client)
    append = files.append

    def cancelled_meanwhile(*given: Any) -> int:
        services.cancel(rani, row(address).public_id)
        return append(*given)

    monkeypatch.setattr(files, "append", cancelled_meanwhile)
    assert send(client, address, 0, PDF[:5000]).status_code == 404
    assert not file_of(address).exists()


def test_what_is_being_checked_cannot_be_cancelled(client: FlaskClient, rani: User) -> None:
    address = begun(client)
    send(client, address, 0, PDF)
    assert client.delete(address, headers=TUS).status_code == 404
    assert send(client, address, len(PDF), b"").status_code == 409


def test_the_worker_may_die_at_each_step(app: Flask, client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    address = begun(client)
    send(client, address, 0, PDF)
    upload_id = row(address).id
    with monkeypatch.context() as broken:
        broken.setattr(services, "finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            jobs.finish_upload(upload_id)
    assert row(address).state == UploadState.FINISHING
    with monkeypatch.context() as broken:
        broken.setattr(files, "remove", lambda public_id: None)
        jobs.finish_upload(upload_id)
    assert row(address).state == UploadState.DONE
    assert file_of(address).exists()
    jobs.finish_upload(upload_id)
    assert not file_of(address).exists()
    asset = db.session.scalars(select(MediaAsset)).one()
    assert storage().local_path(asset.original_key).read_bytes() == PDF


def test_when_the_worker_gives_up_the_page_says_so(app: Flask, client: FlaskClient, rani: User) -> None:
    address = begun(client)
    send(client, address, 0, PDF)
    jobs._give_up(row(address).id, "disk on fire")
    refused = told(client, address)
    assert refused["code"] == "NOT_FINISHED"
    assert refused["message"].startswith("Berkas ini sampai dengan utuh, tetapi")


def test_methods_may_stand_in_a_header(client: FlaskClient, rani: User) -> None:
    address = begun(client)
    said = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.post(address, headers=TUS | said, data=PDF[:9000]).headers["Upload-Offset"] == "9000"
    assert client.post(address, headers=TUS).status_code == 404
    assert client.post(address, headers=TUS | {"X-HTTP-Method-Override": "DELETE"}).status_code == 204


# ---- without scripts ----


def _post_form(client: FlaskClient, given: list[tuple[str, bytes]], **fields: str) -> TestResponse:
    data = {"file": [(io.BytesIO(content), name) for name, content in given]} | fields
    return client.post("/unggahan/formulir", data=data, content_type="multipart/form-data", headers={"Accept": "text/html"})


def test_a_plain_form_ends_where_the_others_end(app: Flask, client: FlaskClient, rani: User) -> None:
    answer = _post_form(client, [("satu.pdf", PDF), ("kosong.pdf", b""), ("dua.pdf", PDF + b" ")], next="/profil?tab=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/profil?tab=1"
    drain(app)
    found = db.session.scalars(select(MediaUpload).order_by(MediaUpload.id)).all()
    assert [(upload.name, upload.state) for upload in found] == [("satu.pdf", "DONE"), ("dua.pdf", "DONE")]
    assert list(files.folder().iterdir()) == []
    with client.session_transaction() as session:
        said = dict(session["_flashes"])
    assert "dua.pdf" in said["success"]
    assert said["error"].startswith("kosong.pdf: ")


@pytest.mark.parametrize(
    "asked", ["https://jahat.example/", "//jahat.example", "/\\jahat.example", "/\t\\jahat.example", "/a\r\nX: y", "javascript:alert(1)", ""]
)
def test_the_form_leads_to_our_own_pages_only(client: FlaskClient, rani: User, asked: str) -> None:
    assert _post_form(client, [("satu.pdf", PDF)], next=asked).headers["Location"] == "/"


def test_one_form_of_a_person_arrives_at_a_time(client: FlaskClient, rani: User) -> None:
    """What is still arriving stands in no row: a hundred forms at once would pass every look at the disk and at the quota."""
    with files.held(f"form-of-{rani.id}"):
        assert _post_form(client, [("satu.pdf", PDF)]).status_code == 423
    assert _post_form(client, [("satu.pdf", PDF)]).status_code == 303


def test_each_file_of_a_form_is_held_against_the_quota(client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form was looked at as a whole when it began; by now other uploads may have taken the room."""
    monkeypatch.setattr(form, "check_room", lambda user, byte_size: None)
    slots.register_allowance(lambda user: slots.Allowance(len(PDF) + 10))
    assert _post_form(client, [("satu.pdf", PDF), ("dua.pdf", PDF + b" ")]).status_code == 303
    assert [upload.name for upload in services.list_own(rani)] == ["satu.pdf"]


def test_a_disk_that_fills_while_a_form_arrives_is_told(client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(form._Arriving, "write", full)
    assert _post_form(client, [("satu.pdf", PDF)]).status_code == 507
    assert [rest.name for rest in files.folder().iterdir() if not rest.name.startswith("form-of-")] == []


def test_of_what_has_ended_only_the_last_is_told(client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_ENDED", 2)
    for number in range(4):
        send(client, begun(client, size=100, name=f"{number}.exe", fingerprint=None), 0, b"MZ" * 50)
    waiting = begun(client)
    assert [upload.name for upload in services.list_own(rani)] == ["2.exe", "3.exe", "modul.pdf"]
    assert offset_of(client, waiting) == 0


def test_a_form_without_files_or_beyond_its_limit(client: FlaskClient, rani: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _post_form(client, []).status_code == 303
    monkeypatch.setattr(form, "FORM_BYTES", 1000)
    monkeypatch.setattr(form, "FORM_OVERHEAD", 0)
    assert _post_form(client, [("besar.pdf", PDF)]).status_code == 413
    assert list(files.folder().iterdir()) == []


# ---- which files ----


def _mp3(frames: int = 4) -> bytes:
    return (b"\xff\xfb\x90\x00" + b"\0" * 413) * frames  # 128 kbit/s at 44.1 kHz: 417 bytes


def _aac(frames: int = 4) -> bytes:
    return (b"\xff\xf1\x50\x80\x02\x1f\xfc" + b"\0" * 9) * frames  # 16 bytes with the header


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\0\0\0 ftypM4A isom" + b"\0" * 20, (AssetKind.VIDEO, "audio/mp4")),
        (b"\0\0\0 ftypisom" + b"\0" * 20, (AssetKind.VIDEO, "video/mp4")),
        (b"\0\0\0 ftypqt  " + b"\0" * 20, (AssetKind.VIDEO, "video/mp4")),
        (b"\0\0\0 ftyp3gp5" + b"\0" * 20, (AssetKind.VIDEO, "video/mp4")),
        (b"\0\0\0 ftypheic" + b"\0" * 20, None),
        (_mp3(), (AssetKind.VIDEO, "audio/mpeg")),
        (b"ID3\x04\0\0\0\0\x02\x01" + b"\0" * 40, (AssetKind.VIDEO, "audio/mpeg")),
        (b"ID3 adalah nama sebuah tag", None),
        (_mp3(1) + b"bukan bingkai", None),
        (_aac(), (AssetKind.VIDEO, "audio/aac")),
        ("\ufeffcatatan rapat".encode("utf-16-le"), None),
        (b"OggS" + b"\0" * 24 + b"OpusHead" + b"\0" * 40, (AssetKind.VIDEO, "audio/ogg")),
        (b"OggS" + b"\0" * 24 + b"\x80theora" + b"\0" * 40, None),
        (b"RIFF\0\0\0\0WAVEfmt ", (AssetKind.VIDEO, "audio/wav")),
        (b"fLaC\0\0\0\x22", (AssetKind.VIDEO, "audio/flac")),
        ((b"\0\0\0\0\x47" + b"\0" * 187) * 4, (AssetKind.VIDEO, "video/mp2t")),
        ((b"\x47" + b"\0" * 187) * 4, (AssetKind.VIDEO, "video/mp2t")),
        (b"FLV\x01\x05", (AssetKind.VIDEO, "video/x-flv")),
        (b"RIFF\0\0\0\0AVI LIST", (AssetKind.VIDEO, "video/x-msvideo")),
        (b"\xff\xd8\xff\xe0" + b"\0" * 40, (AssetKind.IMAGE, "image/jpeg")),
        (b"\n\n%PDF-1.7", (AssetKind.DOCUMENT, "application/pdf")),
        (b"MZ\x90", None),
        (b"#!/bin/sh", None),
    ],
)
def test_the_content_says_what_a_file_is(head: bytes, found: Any) -> None:
    assert recognize_any(head) == found


def test_an_empty_file_is_no_file(app: Flask, tmp_path: Path) -> None:
    empty = tmp_path / "kosong.mp4"
    empty.touch()
    with pytest.raises(Invalid) as refused:
        inspect(empty)
    assert refused.value.code == "EMPTY"


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_adopted_whole_with_and_without_links(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    source = tmp_path / "asal.bin"
    source.write_bytes(PDF)
    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    for _again in range(2):
        assert storage().adopt("media/ab/asal/original", source) == len(PDF)
    place = storage().local_path("media/ab/asal/original")
    assert place.read_bytes() == source.read_bytes() == PDF
    assert place.samefile(source) == links
    assert [path.name for path in place.parent.iterdir()] == ["original"]


def _no_links(*_: Any) -> None:
    raise OSError(18, "Invalid cross-device link")
