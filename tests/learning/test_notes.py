"""Notes at a moment of a video: saved once, private, plain text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.learning import notes, services
from app.learning.models import LearningNote
from app.media.models import AssetKind, MediaAsset
from app.people.models import User
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_user, sign_in

At = Callable[..., None]
NOTES = "/kursus/contoh/belajar/film/catatan"
KEY = "0b1c9d52-note"
JSON = {"Accept": "application/json"}


@pytest.fixture
def siti(client: FlaskClient, at: At) -> User:
    at(2026, 11, 23, 9, 0)
    outline = publish_course("contoh", lesson("film", "video", asset_id=1, coverage=0.9, chapters=[]), lesson("baca"))
    user = make_user("Siti")
    with transaction():
        db.session.add(
            MediaAsset(id=1, kind=AssetKind.VIDEO, sha256="a" * 64, original_name="v.mp4", byte_size=1, content_type="video/mp4", created_at=clock.now(), renditions={})
        )
    with transaction():
        services.enrol(user, outline)
    sign_in(client, user)
    return user


def put(client: FlaskClient, body: object, key: str = KEY) -> Any:
    return client.put(f"{NOTES}/{key}", json=body, headers=JSON)


def kept(client: FlaskClient) -> list[dict[str, Any]]:
    return client.get(NOTES).json["notes"]  # type: ignore[index]


def test_a_note_is_saved_written_anew_and_deleted(client: FlaskClient, siti: User) -> None:
    assert put(client, {"at": 258.04, "text": "Ambang Rp10 juta"}).json == {"key": KEY, "at": 258.04, "text": "Ambang Rp10 juta"}
    put(client, {"at": 4}, "bookmark-1")
    assert put(client, {"at": 258.04, "text": "Ambangnya sepuluh juta"}).status_code == 200
    assert [(note["at"], note["text"]) for note in kept(client)] == [(4, ""), (258.04, "Ambangnya sepuluh juta")]
    for _again in range(2):
        assert client.delete(f"{NOTES}/{KEY}", headers=JSON).json == {"deleted": True}
    assert [note["key"] for note in kept(client)] == ["bookmark-1"]


def test_a_note_that_is_sent_again_is_one(client: FlaskClient, siti: User) -> None:
    answers = [put(client, {"at": 1, "text": "sama"}) for _ in range(3)]
    assert {answer.get_data(as_text=True) for answer in answers} == {answers[0].get_data(as_text=True)}
    assert db.session.scalar(select(func.count()).select_from(LearningNote)) == 1


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"text": "x"}, {"at": "x"}, {"at": -1}, {"at": 1e9}, {"at": float("nan")}, {"at": True}, {"at": None}, {"at": 1, "text": 5}, {"at": 1, "text": None}],
)  # fmt: skip
def test_what_is_no_note_is_refused(client: FlaskClient, siti: User, body: object) -> None:
    answer = put(client, body)
    assert (answer.status_code, answer.json["error"]) == (422, "bad_note")


@pytest.mark.parametrize("key", ["short", "x" * 41, "a b c d e f", "titik.dua:"])
def test_a_key_that_is_none_is_refused(client: FlaskClient, siti: User, key: str) -> None:
    assert put(client, {"at": 1}, key).status_code == 422


def test_too_much_text_is_refused_with_its_length(client: FlaskClient, siti: User) -> None:
    answer = put(client, {"at": 1, "text": "x" * 2001})
    assert (answer.status_code, answer.json["error"]) == (422, "note_too_long")
    assert "2001" in answer.json["message"]
    assert put(client, {"at": 1, "text": "x" * 2000}).status_code == 200


def test_text_is_plain(client: FlaskClient, siti: User) -> None:
    put(client, {"at": 1, "text": " <b>tebal</b>\x01\x1b\r\nbaris\u2028 "})
    assert kept(client)[0]["text"] == "<b>tebal</b>\nbaris"
    page = client.get("/kursus/contoh/belajar/film").text
    assert "&lt;b&gt;tebal" in page
    assert "<b>tebal" not in page


def test_half_a_sign_becomes_a_replacement_character(client: FlaskClient, siti: User) -> None:
    """Text that was cut within an emoji: no database keeps it, and the browser would send it for ever."""
    answer = client.put(f"{NOTES}/{KEY}", data='{"at": 1, "text": "Hai \\ud83d, \\ud83d\\ude00"}', content_type="application/json")
    assert answer.status_code == 200
    assert [note["text"] for note in kept(client)] == ["Hai \ufffd, \U0001f600"]


def test_there_is_an_end_to_notes(client: FlaskClient, siti: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MOST_NOTES", 2)
    for number in range(2):
        assert put(client, {"at": number}, f"note-{number:06}").status_code == 200
    assert put(client, {"at": 3}, "note-000009").json["error"] == "too_many_notes"
    assert put(client, {"at": 3, "text": "masih bisa diubah"}, "note-000001").status_code == 200


def test_notes_are_taken_along_as_text(client: FlaskClient, siti: User) -> None:
    put(client, {"at": 258, "text": "Tanya UPG: \"honor\" & <narasumber>\nbaris dua"})
    put(client, {"at": 300}, "bookmark-1")
    answer = client.get(f"{NOTES}.txt")
    assert answer.headers["Content-Disposition"] == "attachment; filename=catatan-film.txt"
    assert '4.18  Tanya UPG: "honor" & <narasumber>\n      baris dua\n' in answer.text
    assert "5.00  Penanda" in answer.text
    assert answer.content_type == "text/plain; charset=utf-8"


def test_somebody_else_never_meets_them(client: FlaskClient, siti: User) -> None:
    put(client, {"at": 1, "text": "rahasia"})
    other = make_user("Budi")
    with transaction():
        services.enrol(other, publish_course("contoh", lesson("film", "video", asset_id=1, coverage=0.9, chapters=[]), lesson("baca")))
    sign_in(client, other)
    assert kept(client) == []
    assert "rahasia" not in client.get(f"{NOTES}.txt").text
    assert put(client, {"at": 2, "text": "punya Budi"}).status_code == 200
    client.delete(f"{NOTES}/{KEY}", headers=JSON)
    assert [note.text for note in notes.list_notes(siti.id, db.session.scalars(select(LearningNote.lesson_id)).one())] == ["rahasia"]


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_outsiders_find_nothing(client: FlaskClient, siti: User, method: str) -> None:
    address = NOTES if method == "get" else f"{NOTES}/{KEY}"
    sign_in(client, make_user("Tuti"))
    assert getattr(client, method)(address, json={"at": 1}, headers=JSON).status_code == 404
    client.post("/keluar")
    assert getattr(client, method)(address, json={"at": 1}, headers=JSON).status_code in (401, 404)


def test_only_videos_have_notes(client: FlaskClient, siti: User) -> None:
    assert client.put(f"/kursus/contoh/belajar/baca/catatan/{KEY}", json={"at": 1}, headers=JSON).status_code == 404
    assert client.get("/kursus/contoh/belajar/tak-ada/catatan", headers=JSON).status_code == 404
    assert client.get("/kursus/tak-ada/belajar/film/catatan", headers=JSON).status_code == 404


def test_a_key_used_at_another_video_is_refused(client: FlaskClient, siti: User) -> None:
    outline = publish_course("lain", lesson("film-2", "video", asset_id=1, coverage=0.9, chapters=[]))
    with transaction():
        services.enrol(siti, outline)
    put(client, {"at": 1})
    assert client.put(f"/kursus/lain/belajar/film-2/catatan/{KEY}", json={"at": 1}, headers=JSON).status_code == 422
