"""Captions on the pages of those who answer for a video: files in and out, the editor's saving, and everybody who is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.kernel.access import Role
from app.kernel.bodies import LARGEST_TEXT
from app.kernel.db import db, transaction
from app.media import services
from app.media.captions_routes import LARGEST_BODY_BYTES
from app.media.models import MediaAsset, MediaCaption
from app.people.models import User
from tests.media.test_delivery import made_video
from tests.people.factories import make_unit, make_user, sign_in

VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\nHalo.\n\n00:01.000 --> 00:01.800\nDua & tiga.\n"
SRT = "1\n00:00:00,000 --> 00:00:01,000\nHalo.\n\n2\n00:00:01,000 --> 00:00:01,800\n<font color=red>Dua</font> tiga.\n"


@pytest.fixture
def alia(app: Flask) -> User:
    return make_user("Alia Rahmah", role=Role.INSTRUCTOR)


@pytest.fixture
def video(app: Flask, alia: User, tmp_path: Path) -> MediaAsset:
    return made_video(tmp_path, alia.id)


@pytest.fixture
def page(client: FlaskClient, alia: User, video: MediaAsset) -> str:
    sign_in(client, alia)
    return f"/studio/takarir/{video.id}"


def upload(client: FlaskClient, page: str, content: bytes | str, language: str = "id", name: str = "a.srt", **form: str) -> TestResponse:
    data = content if isinstance(content, bytes) else content.encode()
    return client.post(page, data={"language": language, "file": (io.BytesIO(data), name), **form})


def save(client: FlaskClient, page: str, cues: Any, version: str = "", language: str = "id") -> TestResponse:
    return client.post(f"{page}/{language}", json={"version": version, "cues": cues}, headers={"Accept": "application/json"})


def kept(video: MediaAsset, language: str = "id") -> MediaCaption | None:
    db.session.rollback()
    return services.find_caption(video.id, language)


def cues(*texts: str) -> list[dict[str, Any]]:
    return [{"begin": n * 0.5, "end": n * 0.5 + 0.4, "text": text} for n, text in enumerate(texts)]


def test_subrip_is_taken_as_webvtt_and_given_back_in_both_forms(client: FlaskClient, page: str, video: MediaAsset, alia: User):
    assert upload(client, page, SRT).status_code == 303
    caption = kept(video)
    assert caption is not None
    assert caption.content == "WEBVTT\n\n00:00.000 --> 00:01.000\nHalo.\n\n00:01.000 --> 00:01.800\nDua tiga.\n"
    assert (caption.cues, caption.updated_by_id) == ([[0.0, 1.0, "Halo."], [1.0, 1.8, "Dua tiga."]], alia.id)
    listed = client.get(page).text
    assert "Indonesia" in listed
    assert "Alia Rahmah" in listed
    assert client.get(f"{page}/id.vtt").text == caption.content
    back = client.get(f"{page}/id.srt")
    assert back.text.startswith("1\n00:00:00,000 --> 00:00:01,000\nHalo.\n")
    assert back.headers["Content-Disposition"] == "attachment; filename=v.id.srt"
    assert client.get(f"{page}/en.vtt").status_code == 404


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (SRT.replace("00:00:00,000 -->", "00:00:0x,000 -->"), "Baris 2"),
        (SRT.replace("00:00:01,000 --> 00:00:01,800", "00:00:09,000 --> 00:00:10,000"), "melewati akhir video"),
        (b"\x00\x01\x02", "bukan teks"),
        ("Bukan takarir.", "bukan berkas takarir"),
    ],
)
def test_a_file_with_faults_is_told_line_by_line_and_nothing_is_kept(client: FlaskClient, page: str, video: MediaAsset, content: Any, told: str):
    answer = upload(client, page, content)
    assert answer.status_code == 422
    assert told in answer.text
    assert kept(video) is None


def test_what_was_taken_with_a_doubt_is_told(client: FlaskClient, page: str):
    upload(client, page, SRT.replace("Halo", "Kafé").encode("cp1252"))
    assert "Windows-1252" in client.get(page).text


def test_captions_there_are_not_replaced_by_accident(client: FlaskClient, page: str, video: MediaAsset):
    upload(client, page, VTT, name="a.vtt")
    again = upload(client, page, VTT.replace("Halo", "Hai"))
    assert again.status_code == 409
    assert "sudah ada" in again.text
    assert upload(client, page, VTT.replace("Halo", "Hai"), replace="1").status_code == 303
    assert "Hai." in (kept(video) or MediaCaption(content="")).content


def test_any_language_has_its_captions(client: FlaskClient, page: str, video: MediaAsset):
    for language, other, kept_as in (("en", "", "en"), ("id", "JW", "jv"), ("", "zh-hant", "zh-Hant")):
        assert upload(client, page, VTT, language, other_language=other).status_code == 303
        assert kept(video, kept_as) is not None
        assert client.get(f"{page}/{kept_as}").status_code == 200


def test_what_is_no_language_is_told_at_its_field(client: FlaskClient, page: str):
    for form in ({"language": ""}, {"language": "../id"}, {"language": "id", "other_language": "bukan bahasa"}):
        answer = client.post(page, data=form | {"file": (io.BytesIO(VTT.encode()), "a.vtt")})
        assert (answer.status_code, "tidak dikenal" in answer.text) == (422, True), form


def test_a_form_without_a_file_is_told(client: FlaskClient, page: str):
    assert client.post(page, data={"language": "id"}).status_code == 422


def test_writing_from_nothing_opens_the_editor(client: FlaskClient, page: str, video: MediaAsset):
    assert client.post(page, data={"language": "id", "write": "1"}).location == f"{page}/id"
    assert "data-caption-editor" in client.get(f"{page}/id").text
    assert kept(video) is None


def test_what_the_editor_sends_is_saved_clean(client: FlaskClient, page: str, video: MediaAsset):
    answer = save(client, page, cues("<i>Halo</i> <script>x</script>", "Dua\n\nbaris"))
    assert answer.status_code == 200
    caption = kept(video)
    assert caption is not None
    assert "<i>Halo</i> x" in caption.content
    assert "Dua\nbaris" in caption.content
    assert answer.get_json()["version"] == caption.version
    again = client.get(f"{page}/id", headers={"Accept": "application/json"}).get_json()
    assert [one["text"] for one in again["cues"]] == ["<i>Halo</i> x", "Dua\nbaris"]


def test_signs_are_escaped_in_the_file_and_plain_where_people_read_them(client: FlaskClient, page: str, video: MediaAsset):
    save(client, page, cues("Umur 5 < 6 & Tata Usaha"))
    caption = kept(video)
    assert caption is not None
    assert "Umur 5 &lt; 6 &amp; Tata Usaha" in caption.content
    assert caption.cues[0][2] == "Umur 5 < 6 & Tata Usaha"
    upload(client, page, VTT, replace="1")
    told = client.get(f"{page}/id", headers={"Accept": "application/json"}).get_json()
    assert told["cues"][1]["text"] == "Dua & tiga."
    assert "Dua &amp; tiga." in (kept(video) or MediaCaption(content="")).content


def test_faults_of_cues_are_told_with_their_number(client: FlaskClient, page: str, video: MediaAsset):
    wrong: list[tuple[Any, int]] = [
        ([{"begin": 0.5, "end": 0.4, "text": "Mundur"}], 1),
        ([*cues("Baik"), {"begin": 1.0, "end": 9.0, "text": "Lewat"}], 2),
        (cues("Baik", "  "), 2),
        (cues("Baik", "<b></b>"), 2),
        ([{"begin": 0.5, "end": 0.9, "text": "Dua"}, {"begin": 0.1, "end": 0.3, "text": "Satu"}], 2),
        ([{"begin": "0", "end": 1, "text": "x"}], 1),
        ([{"begin": float("nan"), "end": 1, "text": "x"}], 1),
        (["x"], 1),
        ([], 0),
        ("x", 0),
    ]
    for given, number in wrong:
        answer = save(client, page, given)
        assert (answer.status_code, answer.get_json()["facts"]["faults"][0]["cue"]) == (422, number), given
    assert kept(video) is None


def test_the_later_of_two_editors_is_told_who_was_first_and_loses_nothing(app: Flask, client: FlaskClient, page: str, video: MediaAsset):
    first = save(client, page, cues("Satu")).get_json()["version"]
    boss = sign_in(app.test_client(), make_user("Budi Santoso", role=Role.TRAINING_ADMIN))
    assert save(boss, page, cues("Dua"), first).status_code == 200
    late = save(client, page, cues("Tiga"), first)
    facts = late.get_json()["facts"]
    assert (late.status_code, late.get_json()["error"], facts["by"]) == (409, "captions_changed", "Budi Santoso")
    assert "Dua" in (kept(video) or MediaCaption(content="")).content
    assert save(client, page, cues("Tiga"), facts["version"]).status_code == 200


def test_somebody_who_began_before_there_were_any_is_told_too(client: FlaskClient, page: str):
    upload(client, page, VTT)
    assert save(client, page, cues("Tiga"), "").status_code == 409


def test_without_a_script_the_text_itself_is_edited(client: FlaskClient, page: str, video: MediaAsset):
    upload(client, page, VTT)
    version = (kept(video) or MediaCaption(content="")).version
    wrong = client.post(f"{page}/id", data={"content": VTT.replace("00:01.000 -->", "kapan -->"), "version": version})
    assert (wrong.status_code, "Baris 6" in wrong.text, "kapan --&gt;" in wrong.text) == (422, True, True)
    right = client.post(f"{page}/id", data={"content": VTT.replace("Halo", "Hai").replace("\n", "\r\n"), "version": version})
    assert right.status_code == 303
    late = client.post(f"{page}/id", data={"content": VTT.replace("Halo", "Halo semua"), "version": version})
    assert (late.status_code, "Halo semua" in late.text) == (409, True)
    assert "Hai." in (kept(video) or MediaCaption(content="")).content


def test_the_editor_takes_as_much_as_captions_may_be_and_no_more(client: FlaskClient, page: str, video: MediaAsset):
    long = [{"begin": n / 1000, "end": n / 1000 + 0.5, "text": "Pelayanan publik. " * 40} for n in range(500)]
    assert len(json.dumps({"cues": long})) > LARGEST_TEXT
    assert save(client, page, long).status_code == 200
    version, text = kept(video).version, kept(video).content
    assert client.post(f"{page}/id", data={"content": text, "version": version}).status_code == 303
    assert client.post(f"{page}/id", data={"content": "x" * LARGEST_BODY_BYTES, "version": version}).status_code == 413
    assert client.post(f"{page}/id", json={"cues": "x" * LARGEST_BODY_BYTES}).status_code == 413


def test_captions_are_deleted_once(client: FlaskClient, page: str, video: MediaAsset):
    upload(client, page, VTT)
    assert client.post(f"{page}/id/hapus").status_code == 303
    assert kept(video) is None
    assert client.post(f"{page}/id/hapus").status_code == 404


@pytest.mark.parametrize(("role", "status"), [(Role.INSTRUCTOR, 404), (Role.UNIT_ADMIN, 404), (Role.LEARNER, 403), (Role.TRAINING_ADMIN, 200)])
def test_only_who_answers_for_the_video_sees_its_captions(app: Flask, page: str, video: MediaAsset, role: Role, status: int):
    with transaction():
        services.set_caption(video.id, "id", VTT)
    other = sign_in(app.test_client(), make_user("Cici", role=role, unit=make_unit()))
    for where in ("", "/id", "/id.vtt", "/id.srt"):
        assert other.get(page + where).status_code == status, where


def test_nobody_else_changes_them(app: Flask, page: str, video: MediaAsset):
    with transaction():
        services.set_caption(video.id, "id", VTT)
    other = sign_in(app.test_client(), make_user("Cici", role=Role.INSTRUCTOR))
    for where in ("", "/id", "/id/hapus"):
        assert other.post(page + where, data={"language": "id", "content": "WEBVTT\n\n", "version": ""}).status_code == 404, where
        assert app.test_client().post(page + where, headers={"Accept": "application/json"}).status_code == 401, where
    assert (kept(video) or MediaCaption(content="")).content == VTT.replace("&", "&amp;")


def test_an_address_without_a_language_is_not_found(client: FlaskClient, page: str):
    for where in ("/ID", "/indonesia", "/id%2Fx", "/qq", "/id.exe"):
        assert client.get(page + where).status_code == 404, where


def test_a_document_has_no_captions(app: Flask, client: FlaskClient, alia: User, page: str, video: MediaAsset):
    with transaction():
        db.session.get_one(MediaAsset, video.id).kind = "DOCUMENT"
    assert client.get(page).status_code == 404


def test_a_hundred_captions_cost_as_many_queries_as_one(client: FlaskClient, page: str, video: MediaAsset, count_queries: list[str]):
    upload(client, page, VTT)
    client.get(page)
    count_queries.clear()
    client.get(page)
    few = len(count_queries)
    for language in ("en", "jv", "su", "ms", "min"):
        upload(client, page, VTT, language)
    count_queries.clear()
    client.get(page)
    assert len(count_queries) == few
