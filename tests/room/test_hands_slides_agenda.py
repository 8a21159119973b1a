"""Raised hands, slides that are turned for everybody, the agenda with its breaks, and going on air."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.media import delivery
from app.media.models import MediaAsset
from app.room.models import RoomSlideTurn
from app.room.rooms import rooms_of
from app.room.slides import Slides
from app.room.state import read_state
from app.webinars.models import AgendaItem, Webinar, WebinarMaterial, WebinarState
from tests.room.kit import Visitor, forget_everybody, visit_as_speaker
from tests.room.talk import Talk
from tests.webinars.factories import make_speaker

pytestmark = pytest.mark.usefixtures("no_beat")


@pytest.fixture
def talk(app: Flask) -> Talk:
    return Talk(app)


# ---- hands ----


def test_hands_stand_in_the_order_they_were_raised(talk: Talk) -> None:
    for who in (talk.budi, talk.alia, talk.budi):
        assert who.send("raise_hand", {"up": True}) == []
    assert [hand["name"] for hand in talk.moderator.heard_of("hands")[-1]["queue"]] == ["Budi", "Alia"]
    assert talk.alia.heard_of("hands") == []
    talk.budi.send("raise_hand", {"up": False})
    assert [hand["name"] for hand in talk.moderator.heard_of("hands")[-1]["queue"]] == ["Alia"]


def test_a_moderator_invites_whoever_has_a_hand_up(talk: Talk) -> None:
    assert talk.moderator.send("invite_hand", {"person": talk.alia.person.key})["error"] == "not_found"
    talk.alia.send("raise_hand", {"up": True})
    assert talk.moderator.send("invite_hand", {"person": talk.alia.person.key}) == []
    assert talk.moderator.heard_of("hands")[-1]["queue"][0]["invited"]
    assert talk.alia.heard_of("stage_invited") == [{"invited": True}]
    assert talk.budi.heard_of("stage_invited") == []


def test_hands_are_cleared_one_or_all(talk: Talk) -> None:
    for who in (talk.alia, talk.budi):
        who.send("raise_hand", {"up": True})
    talk.moderator.send("clear_hands", {"person": talk.alia.person.key})
    assert talk.alia.heard_of("own_hand")[-1] == {"up": False}
    talk.moderator.send("clear_hands")
    assert talk.moderator.heard_of("hands")[-1]["queue"] == []


def test_a_hand_waits_a_minute_for_a_lost_link(talk: Talk) -> None:
    room = rooms_of(talk.app).get(talk.webinar.id)
    talk.alia.send("raise_hand", {"up": True})
    room.leave(next(iter(room.people[talk.alia.person.key])), "lost")
    assert talk.come_back(talk.alia).joined["own"]["hands"]["up"]
    for connection in list(room.people[talk.alia.person.key]):
        room.leave(connection, "lost")
    clock.freeze(clock.now() + timedelta(seconds=61))
    room.every_second()
    assert not talk.come_back(talk.alia).joined["own"]["hands"]["up"]


def test_hands_outlive_a_restart_for_those_who_come_back(talk: Talk, count_queries: list[str]) -> None:
    room = rooms_of(talk.app).get(talk.webinar.id)
    count_queries.clear()
    for one in (talk.budi, talk.alia):
        one.send("raise_hand", {"up": True})
    assert count_queries == [], "a hand writes nothing by itself"
    room.every_second()
    assert talk.moderator.send("invite_hand", {"person": talk.alia.person.key}) == []
    room.every_second()
    written = [one for one in count_queries if one.startswith(("INSERT", "UPDATE"))]
    room.every_second()
    assert [one for one in count_queries if one.startswith(("INSERT", "UPDATE"))] == written, "nor twice"
    forget_everybody(talk.app)
    alia, moderator = Visitor(talk.app, talk.alia.person), Visitor(talk.app, talk.moderator.person)
    assert alia.joined["own"]["hands"]["up"]
    assert [(hand["name"], hand["invited"]) for hand in moderator.joined["state"]["staff"]["hands"]] == [("Budi", False), ("Alia", True)]
    clock.freeze(clock.now() + timedelta(seconds=61))
    rooms_of(talk.app).get(talk.webinar.id).every_second()
    assert [hand["name"] for hand in moderator.heard_of("hands")[-1]["queue"]] == ["Alia"]
    moderator.send("clear_hands")
    rooms_of(talk.app).get(talk.webinar.id).every_second()
    assert read_state(talk.webinar.id, "hands") == []


def test_who_attends_invites_nobody(talk: Talk) -> None:
    talk.alia.send("raise_hand", {"up": True})
    assert talk.budi.send("invite_hand", {"person": talk.alia.person.key})["error"] == "not_allowed"
    assert talk.budi.send("clear_hands")["error"] == "not_allowed"


# ---- slides ----


def make_slides(webinar: Webinar, pages: int = 3, state: str = "READY") -> int:
    """Slides whose pages were prepared."""
    made = [[{"path": f"{n:04}-800.webp", "width": 800, "height": 450}, {"path": f"{n:04}-1600.webp", "width": 1600, "height": 900}] for n in range(1, pages + 1)]
    with transaction() as session:
        asset = MediaAsset(
            kind="DOCUMENT", sha256=f"{webinar.id:064}", original_name="slide.pdf", byte_size=1, content_type="application/pdf", state=state,
            pages=pages, renditions={"pages": made}, created_at=clock.now(), generation=1,
        )  # fmt: skip
        session.add(asset)
        session.flush()
        material = WebinarMaterial(webinar_id=webinar.id, asset_id=asset.id, title="Lima pertanyaan", is_slides=True)
        session.add(material)
        session.flush()
        folder = Path(current_app.instance_path) / "files" / asset.place / "1"
        folder.mkdir(parents=True)
        (folder / "0001-800.webp").write_bytes(b"RIFF")
        return material.id


def test_speakers_and_moderators_turn_the_slides_for_everybody(talk: Talk) -> None:
    material = make_slides(talk.webinar)
    speaker = visit_as_speaker(talk.app, make_speaker(talk.webinar))
    assert speaker.send("turn_slide", {"material": material, "page": 2}) == []
    turned = talk.alia.heard_of("slide_turned")[-1]
    assert (turned["material"], turned["page"]) == (material, 2)
    assert talk.moderator.send("turn_slide", {"material": material, "page": 2}) == []
    assert len(db.session.scalars(select(RoomSlideTurn)).all()) == 1
    talk.moderator.send("turn_slide", {})
    assert talk.alia.heard_of("slide_turned")[-1]["material"] is None


def test_who_attends_turns_nothing(talk: Talk) -> None:
    material = make_slides(talk.webinar)
    assert talk.alia.send("turn_slide", {"material": material, "page": 1})["error"] == "not_allowed"


def test_pages_that_are_not_there_and_other_webinars_slides_are_refused(app: Flask, talk: Talk) -> None:
    material, other = make_slides(talk.webinar), make_slides(Talk(app).webinar)
    assert talk.moderator.send("turn_slide", {"material": material, "page": 4})["error"] == "invalid"
    assert talk.moderator.send("turn_slide", {"material": other, "page": 1})["error"] == "not_found"


def test_slides_that_are_not_prepared_yet_are_not_there(talk: Talk) -> None:
    material = make_slides(talk.webinar, state="QUEUED")
    assert talk.moderator.send("turn_slide", {"material": material, "page": 1})["error"] == "not_found"


def test_addresses_are_the_same_for_all_and_open_to_who_has_no_account(talk: Talk, client: FlaskClient) -> None:
    make_slides(talk.webinar)
    forget_everybody(talk.app)
    decks = [Visitor(talk.app, who.person).joined["state"]["all"]["slides"]["decks"] for who in (talk.alia, talk.moderator)]
    assert decks[0] == decks[1]
    assert decks[0][0]["at"].startswith("/media/")
    assert decks[0][0]["pages"][0] == ["0001-800.webp", "0001-1600.webp", 1600, 900]
    with client.get(decks[0][0]["at"] + "0001-800.webp") as page:
        assert page.status_code == 200
    assert client.get("/media/wrong/0001-800.webp").status_code == 404


def test_the_pages_of_slides_do_not_open_the_document_itself(talk: Talk, client: FlaskClient) -> None:
    make_slides(talk.webinar)
    asset = db.session.scalars(select(MediaAsset)).one()
    original = Path(current_app.instance_path) / "files" / str(asset.original_key)
    original.parent.mkdir(parents=True, exist_ok=True)
    original.write_bytes(b"%PDF")
    forget_everybody(talk.app)
    at = Visitor(talk.app, talk.alia.person).joined["state"]["all"]["slides"]["decks"][0]["at"]
    assert client.get(f"{at}berkas.pdf").status_code == 404
    with current_app.test_request_context(), client.get(delivery.original_address(asset, None)) as file:
        assert (file.status_code, file.data) == (200, b"%PDF")


def test_slides_added_later_and_fresh_addresses_are_told(talk: Talk) -> None:
    slides = rooms_of(talk.app).get(talk.webinar.id).part(Slides)
    make_slides(talk.webinar)
    slides._look_at = 0.0
    slides.every_second()
    [told] = talk.alia.heard_of("decks_shown")
    clock.freeze(clock.now() + timedelta(hours=1))
    slides._look_at = 0.0
    slides.every_second()
    [renewed] = talk.alia.heard_of("decks_shown")
    assert renewed["decks"][0]["at"] != told["decks"][0]["at"]


def test_the_page_shown_outlives_the_room(talk: Talk) -> None:
    material = make_slides(talk.webinar)
    talk.moderator.send("turn_slide", {"material": material, "page": 3})
    forget_everybody(talk.app)
    current = talk.come_back(talk.alia).joined["state"]["all"]["slides"]["current"]
    assert (current["material"], current["page"]) == (material, 3)


# ---- agenda and breaks ----


def make_item(webinar: Webinar, position: int = 1) -> AgendaItem:
    with transaction() as session:
        item = AgendaItem(webinar_id=webinar.id, position=position, title=f"Sesi {position}", starts_at=webinar.starts_at, minutes=30)
        session.add(item)
    return item


def test_the_agenda_item_at_hand_is_told_and_its_moments_are_kept(app: Flask) -> None:
    talk = Talk(app)
    first, second = make_item(talk.webinar), make_item(talk.webinar, 2)
    forget_everybody(app)
    moderator, alia = Visitor(app, talk.moderator.person), Visitor(app, talk.alia.person)
    assert [item["title"] for item in alia.joined["state"]["all"]["agenda"]["items"]] == ["Sesi 1", "Sesi 2"]
    for item in (first, second, second):
        assert moderator.send("set_agenda_item", {"item": item.id}) == []
    assert alia.heard_of("agenda_changed")[-1] == {"item": second.id, "break_until": None}
    assert [item for item, _ in read_state(talk.webinar.id, "agenda_turns", [])] == [first.id, second.id]


def test_a_break_counts_down_and_ends_by_itself(talk: Talk) -> None:
    begun = clock.now()
    clock.freeze(begun)
    assert talk.moderator.send("start_break", {"minutes": 5}) == []
    until = talk.alia.heard_of("agenda_changed")[-1]["break_until"]
    assert until == (begun + timedelta(minutes=5)).isoformat(timespec="milliseconds")
    forget_everybody(talk.app)
    alia = talk.come_back(talk.alia)
    assert alia.joined["state"]["all"]["agenda"]["break_until"] == until
    clock.freeze(begun + timedelta(minutes=5, seconds=1))
    rooms_of(talk.app).get(talk.webinar.id).every_second()
    assert alia.heard_of("agenda_changed")[-1]["break_until"] is None


def test_a_break_can_be_ended_now(talk: Talk) -> None:
    talk.moderator.send("start_break", {"minutes": 5})
    talk.moderator.send("end_break")
    assert talk.alia.heard_of("agenda_changed")[-1]["break_until"] is None


def test_odd_items_breaks_and_people_are_refused(app: Flask, talk: Talk) -> None:
    other = make_item(Talk(app).webinar)
    assert talk.moderator.send("set_agenda_item", {"item": other.id})["error"] == "not_found"
    for minutes in (0, 121, "5", None):
        assert talk.moderator.send("start_break", {"minutes": minutes})["error"] == "invalid"
    for event, body in (("set_agenda_item", {}), ("start_break", {"minutes": 5}), ("end_break", {})):
        assert talk.alia.send(event, body)["error"] == "not_allowed"


# ---- on air ----


def test_going_on_air_and_the_end_are_told_once(talk: Talk) -> None:
    talk.begin()
    assert len(talk.alia.heard_of("webinar_began")) == 1
    assert talk.come_back(talk.budi).joined["state"]["all"]["on_air"]["state"] == WebinarState.LIVE
    talk.end()
    talk.end()
    assert len(talk.alia.heard_of("webinar_ended")) == 1


def test_nothing_is_said_after_the_end(talk: Talk) -> None:
    material = make_slides(talk.webinar)
    talk.begin()
    talk.end()
    events: list[tuple[str, dict[str, Any]]] = [
        ("turn_slide", {"material": material, "page": 1}),
        ("start_break", {"minutes": 5}),
        ("make_poll", {"key": "poll-00001", "kind": "SCALE", "text": "Apa?"}),
        ("say", {"key": "line-00001", "text": "Halo"}),
        ("set_chat", {"open": False, "slow": 0}),
    ]
    assert {talk.moderator.send(event, body)["error"] for event, body in events} == {"over"}
