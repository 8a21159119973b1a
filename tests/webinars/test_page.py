"""The page before the event, the share link, the calendar file, materials, and the tests before and after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.assessment.models import QuizAttempt
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.media.models import AssetState, MediaAsset
from app.webinars import before, ics
from app.webinars.models import Webinar, WebinarMaterial, WebinarState
from tests.assessment.factories import make_quiz
from tests.people.factories import make_user, sign_in
from tests.webinars.factories import make_guest, make_speaker, make_webinar, register

At = Callable[..., None]


@pytest.fixture(autouse=True)
def _monday(app: object, at: At) -> None:
    at(2026, 11, 23, 9, 0)


def coming(**values: object) -> Webinar:
    return make_webinar(**{"starts_at": datetime(2026, 12, 2, 9, 0, tzinfo=clock.local_zone()), "summary": "Untuk loket."} | values)


# ---- the page ----


def test_the_page_says_when_who_and_what_for(client: FlaskClient) -> None:
    webinar = coming(checkins_needed=1, title="Ramah <b>Semua</b>", body_html="<p>Uraian</p>")
    make_speaker(webinar, "Raja <i>Fatimah</i>")
    page = client.get(f"/webinar/{webinar.slug}").text
    for words in ("Rabu, 2 Desember 2026", "9 hari lagi", "Ramah &lt;b&gt;Semua&lt;/b&gt;", "Raja &lt;i&gt;Fatimah&lt;/i&gt;", "Masuk untuk mendaftar", "Syarat 2 JP"):
        assert words in page
    assert 'property="og:title" content="Ramah &lt;b&gt;Semua&lt;/b&gt;"' in page
    assert "Tamu tanpa akun" not in page


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ((2026, 11, 23, 9, 0), "9 hari lagi"),
        ((2026, 12, 1, 23, 0), "Besok pukul 09.00"),
        ((2026, 12, 2, 7, 0), "Hari ini pukul 09.00"),
        ((2026, 12, 2, 8, 25), "35 menit lagi"),
        ((2026, 12, 2, 9, 1), "Segera dimulai"),
    ],
)
def test_how_far_away_it_is(at: At, app: Flask, moment: tuple[int, ...], words: str) -> None:
    webinar = coming()
    at(*moment)
    with app.test_request_context("/"):
        assert before.countdown(webinar, clock.now()) == words


def test_a_canceled_webinar_says_that_it_is_off_and_nothing_of_seats(client: FlaskClient) -> None:
    webinar, user = coming(state=WebinarState.CANCELED, cancel_reason="Narasumber sakit", seats=40), make_user()
    register(webinar, user)
    page = sign_in(client, user).get(f"/webinar/{webinar.slug}").text
    assert "Narasumber sakit" in page
    for words in ("terdaftar", "kursi", "Syarat"):
        assert words not in page


@pytest.mark.parametrize("state", [WebinarState.PUBLISHED, WebinarState.LIVE, WebinarState.ENDED, WebinarState.CANCELED])
def test_there_is_a_page_in_every_state(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, state: WebinarState) -> None:
    from app.webinars import routes

    monkeypatch.setattr(routes, "PAGES", {})
    webinar = coming(state=state, cancel_reason="Narasumber sakit", guests_welcome=True)
    assert client.get(f"/webinar/{webinar.slug}").status_code == 200
    assert sign_in(client, make_user()).get(f"/webinar/{webinar.slug}").status_code == 200


def test_the_share_link_leads_there(client: FlaskClient) -> None:
    webinar, draft = coming(), coming(state=WebinarState.DRAFT)
    assert client.get(f"/w/{webinar.share_token}").headers["Location"] == f"/webinar/{webinar.slug}"
    assert client.get(f"/w/{draft.share_token}").status_code == 404
    assert client.get("/w/apa-saja").status_code == 404


@pytest.mark.parametrize("state", [WebinarState.PUBLISHED, WebinarState.LIVE])
def test_moderators_find_the_way_to_the_stage_and_nobody_else(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, state: WebinarState) -> None:
    from app.webinars import routes

    monkeypatch.setattr(routes, "PAGES", {})
    dewi, learner = make_user("Dewi", role=Role.MODERATOR), make_user()
    webinar = coming(state=state)
    staffed = make_webinar(dewi, starts_at=webinar.starts_at, state=state)
    register(staffed, learner)
    way = f'href="/webinar/{staffed.slug}/panggung"'
    assert way in sign_in(client, dewi).get(f"/webinar/{staffed.slug}").text
    assert way in client.get(f"/kelola/webinar/{staffed.id}").text
    assert "Buka panggung" not in client.get(f"/webinar/{webinar.slug}").text, "a webinar of others"
    assert "Buka panggung" not in sign_in(client, learner).get(f"/webinar/{staffed.slug}").text


@pytest.mark.parametrize("state", [WebinarState.DRAFT, WebinarState.ENDED, WebinarState.CANCELED])
def test_there_is_no_way_to_a_stage_that_is_closed(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, state: WebinarState) -> None:
    from app.webinars import routes

    monkeypatch.setattr(routes, "PAGES", {})
    dewi = make_user("Dewi", role=Role.MODERATOR)
    webinar = make_webinar(dewi, state=state, cancel_reason="Narasumber sakit")
    sign_in(client, dewi)
    for address in (f"/webinar/{webinar.slug}", f"/kelola/webinar/{webinar.id}"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "Buka panggung" not in answer.text


# ---- iCalendar ----


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def test_the_calendar_file(client: FlaskClient) -> None:
    webinar = coming(title="Rapat; kedua, \\ penting", summary="Baris satu.\nBaris dua.")
    answer = client.get(f"/webinar/{webinar.slug}/kalender.ics")
    assert answer.content_type.startswith("text/calendar")
    lines = unfolded(answer.text)
    for line in ("DTSTART:20261202T020000Z", "DTEND:20261202T040000Z", "SUMMARY:Rapat\\; kedua\\, \\\\ penting", "STATUS:CONFIRMED", "METHOD:PUBLISH"):
        assert line in lines
    assert any(line.startswith("DESCRIPTION:Baris satu.\\nBaris dua.\\n\\nhttp") for line in lines)
    assert lines[-1] == ""
    with transaction():
        db.session.get_one(Webinar, webinar.id).state = WebinarState.CANCELED
    assert "STATUS:CANCELLED" in client.get(f"/webinar/{webinar.slug}/kalender.ics").text
    assert client.get(f"/webinar/{coming(state=WebinarState.DRAFT).slug}/kalender.ics").status_code == 404


def test_the_calendar_file_is_the_same_whatever_host_a_visitor_names(client: FlaskClient, at: Callable[..., None]) -> None:
    at(2026, 11, 23, 9, 0)
    webinar = coming()
    address = f"{client.application.config['GURINDAM'].base_url}/webinar/{webinar.slug}"
    usual, forged = (client.get(f"/webinar/{webinar.slug}/kalender.ics", headers={"Host": host}).text for host in ("localhost", "evil.example"))
    assert usual == forged
    assert f"URL:{address}" in unfolded(usual)
    assert f"LOCATION:{address}" in unfolded(usual)


@pytest.mark.parametrize("text", ["", "x" * 75, "x" * 76, "é" * 200, "🙂" * 60, "a" * 74 + "é" + "b" * 200])
def test_no_line_is_longer_than_75_octets_and_none_is_lost(text: str) -> None:
    folded = ics.fold(text)
    assert all(len(line.encode()) <= 75 for line in folded.split("\r\n"))
    assert folded.replace("\r\n ", "") == text


def test_nothing_in_a_title_becomes_another_line() -> None:
    at = datetime(2026, 12, 2, 2, 0, tzinfo=UTC)
    text = ics.calendar(
        uid="1@contoh", title="Judul\r\nATTACH:file:///etc/passwd\x00\x07", text="", address="https://contoh.test/x", starts_at=at,
        ends_at=at + timedelta(hours=1), changed_at=at, sequence=1, canceled=False,
    )  # fmt: skip
    lines = unfolded(text)
    assert "SUMMARY:Judul\\nATTACH:file:///etc/passwd" in lines
    assert not [line for line in lines if line.startswith("ATTACH")]


# ---- materials ----


def hand_out(webinar: Webinar, open_from: str) -> WebinarMaterial:
    with transaction() as session:
        asset = MediaAsset(
            kind="DOCUMENT", original_name="bahan.pdf", content_type="application/pdf", byte_size=10, sha256=f"{webinar.id:064x}"[-63:] + open_from[0],
            state=AssetState.READY, created_at=clock.now(),
        )  # fmt: skip
        session.add(asset)
        session.flush()
        row = WebinarMaterial(webinar_id=webinar.id, asset_id=asset.id, title=f"Bahan {open_from}", open_from=open_from)
        session.add(row)
    return row


def test_materials_are_for_those_who_come_and_from_when_it_says(client: FlaskClient) -> None:
    webinar, user = coming(), make_user()
    early, late = hand_out(webinar, "BEFORE"), hand_out(webinar, "AFTER")
    address = f"/webinar/{webinar.slug}/bahan"
    assert client.get(f"{address}/{early.id}").status_code == 404
    sign_in(client, user)
    assert client.get(f"{address}/{early.id}").status_code == 404
    register(webinar, user)
    answer = client.get(f"{address}/{early.id}")
    assert (answer.status_code, answer.headers["Location"].startswith("/media/")) == (302, True)
    assert client.get(f"{address}/{late.id}").status_code == 404
    other = coming()
    register(other, user)
    assert client.get(f"/webinar/{other.slug}/bahan/{early.id}").status_code == 404
    with transaction():
        db.session.get_one(Webinar, webinar.id).state = WebinarState.ENDED
    assert client.get(f"{address}/{late.id}").status_code == 302


def test_materials_of_the_library_are_chosen_by_who_finds_them_there(client: FlaskClient) -> None:
    from app.library.items import add_item

    planner, instructor = make_user(role=Role.TRAINING_ADMIN), make_user(role=Role.INSTRUCTOR)
    webinar, other = coming(), coming()
    asset_id = hand_out(other, "BEFORE").asset_id
    with transaction():
        add_item(planner.id, asset_id, "bahan.pdf")
    from app.library.models import LibraryItem

    item_id = db.session.scalars(select(LibraryItem.id)).one()
    sign_in(client, planner)
    wanted = {"item": str(item_id), "open_from": "LIVE", "is_slides": "1"}
    assert client.post(f"/kelola/webinar/{webinar.id}/bahan", data=wanted | {"open_from": "NEVER"}).status_code == 422
    assert client.post(f"/kelola/webinar/{webinar.id}/bahan", data=wanted).status_code == 303
    assert client.post(f"/kelola/webinar/{webinar.id}/bahan", data=wanted).status_code == 409
    row = db.session.scalars(select(WebinarMaterial).where(WebinarMaterial.webinar_id == webinar.id)).one()
    assert (row.title, row.is_slides, row.open_from) == ("bahan", True, "LIVE")
    assert client.post(f"/kelola/webinar/{other.id}/bahan/{row.id}/hapus").status_code == 404
    assert client.post(f"/kelola/webinar/{webinar.id}/bahan/{row.id}", data={"open_from": "BEFORE"}).status_code == 303
    assert client.post(f"/kelola/webinar/{webinar.id}/bahan/{row.id}/hapus").status_code == 303
    own = make_webinar(instructor)
    sign_in(client, instructor)
    assert client.post(f"/kelola/webinar/{own.id}/bahan", data=wanted).status_code == 404


# ---- pre-test, post-test ----


def test_the_pretest_is_for_who_comes_until_it_begins(client: FlaskClient, at: At) -> None:
    quiz = make_quiz("webinar/awal", title="Pre-test ramah", passing_score=0)
    webinar, user = coming(pretest_key="webinar/awal"), make_user()
    start = f"/kuis/{quiz.quiz_id}/percobaan"
    sign_in(client, user)
    assert client.post(start, data={"start_key": "a"}).status_code == 404
    assert start not in client.get(f"/webinar/{webinar.slug}").text
    register(webinar, user)
    assert start in client.get(f"/webinar/{webinar.slug}").text
    begun = client.post(start, data={"start_key": "a"})
    assert begun.status_code == 303
    assert f'href="/webinar/{webinar.slug}"' in client.get(begun.headers["Location"] + "/1").text
    at(2026, 12, 2, 9, 0)
    sign_in(client, user)
    late = client.post(start, data={"start_key": "b"}, headers={"Accept": "application/json"})
    assert (late.status_code, late.json["error"]) == (409, "not_open")  # type: ignore[index]
    assert len(db.session.scalars(select(QuizAttempt)).all()) == 1


@pytest.mark.parametrize(
    ("state", "closes", "status"),
    [(WebinarState.PUBLISHED, None, 409), (WebinarState.LIVE, None, 409), (WebinarState.ENDED, None, 303), (WebinarState.ENDED, 1, 303), (WebinarState.ENDED, -1, 409)],
)
def test_the_posttest_opens_when_it_is_over(client: FlaskClient, state: WebinarState, closes: int | None, status: int) -> None:
    quiz = make_quiz("webinar/akhir")
    closes_at = clock.now() + timedelta(days=closes) if closes else None
    webinar, user = coming(posttest_key="webinar/akhir", state=state, posttest_closes_at=closes_at), make_user()
    register(webinar, user)
    sign_in(client, user)
    assert client.post(f"/kuis/{quiz.quiz_id}/percobaan", data={"start_key": "a"}, headers={"Accept": "application/json"}).status_code == status


def test_guests_take_no_quizzes(client: FlaskClient) -> None:
    quiz = make_quiz("webinar/awal")
    make_guest(coming(pretest_key="webinar/awal", guests_welcome=True))
    assert client.post(f"/kuis/{quiz.quiz_id}/percobaan", data={"start_key": "a"}).headers["Location"].startswith("/masuk")
