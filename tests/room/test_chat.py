"""The chat in a real room."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.room.models import RoomMessage
from tests.room.kit import Visitor, forget_everybody, visit_as_speaker
from tests.room.talk import Talk
from tests.webinars.factories import make_speaker

pytestmark = pytest.mark.usefixtures("no_beat")


@pytest.fixture
def talk(app: Flask) -> Talk:
    return Talk(app)


def say(who: Visitor, text: str = "Selamat pagi", key: str = "line-00001", **more: Any) -> Any:
    return who.send("say", {"key": key, "text": text} | more)


def test_a_line_is_heard_by_all_with_its_name_and_once(talk: Talk) -> None:
    first, again = say(talk.alia), say(talk.alia)
    assert first["message"]["id"] == again["message"]["id"]
    [heard] = talk.budi.heard_of("message_said")
    assert (heard["message"]["name"], heard["message"]["text"], heard["message"]["role"]) == ("Alia", "Selamat pagi", "")
    assert db.session.scalar(select(func.count()).select_from(RoomMessage)) == 1


def test_who_runs_and_who_speaks_is_marked(talk: Talk) -> None:
    speaker = visit_as_speaker(talk.app, make_speaker(talk.webinar))
    assert say(talk.moderator)["message"]["role"] == "moderator"
    assert say(speaker)["message"]["role"] == "speaker"


def test_a_reply_names_the_line_it_answers(talk: Talk) -> None:
    line = say(talk.alia)["message"]["id"]
    assert say(talk.budi, "Pagi juga", reply_to=line)["message"]["reply_to"] == line
    assert say(talk.budi, "Pagi", "line-00002", reply_to=line + 50)["error"] == "not_found"


def test_ones_own_line_can_be_corrected_for_five_minutes(talk: Talk) -> None:
    line = say(talk.alia)["message"]["id"]
    assert talk.budi.send("edit_message", {"message": line, "text": "Bukan saya"})["error"] == "not_allowed"
    assert talk.alia.send("edit_message", {"message": line, "text": "Selamat siang"}) == []
    changed = talk.budi.heard_of("message_said")[-1]["message"]
    assert (changed["text"], changed["edited"]) == ("Selamat siang", True)
    clock.freeze(clock.now() + timedelta(minutes=5, seconds=1))
    assert talk.alia.send("edit_message", {"message": line, "text": "Terlambat"})["error"] == "too_late"


def test_a_deleted_line_is_seen_by_nobody_and_kept_for_the_record(talk: Talk) -> None:
    mine, others = say(talk.alia)["message"]["id"], say(talk.budi, "Rahasia Budi")["message"]["id"]
    assert talk.alia.send("delete_message", {"message": others})["error"] == "not_allowed"
    assert talk.alia.send("delete_message", {"message": mine}) == []
    assert talk.moderator.send("delete_message", {"message": others}) == []
    assert talk.budi.heard_of("message_deleted") == [{"id": mine}, {"id": others}]
    state = talk.come_back(talk.alia).joined["state"]["all"]["chat"]["lines"]
    assert [line["deleted"] for line in state] == [True, True]
    assert "Rahasia" not in str(state)
    row = db.session.get_one(RoomMessage, others)
    assert (row.text, row.deleted_by) == ("Rahasia Budi", talk.moderator.person.key)
    assert talk.budi.send("edit_message", {"message": others, "text": "Kembali"})["error"] == "too_late"


def test_slow_mode_and_closing_hold_the_audience_and_not_the_moderator(talk: Talk) -> None:
    assert talk.moderator.send("set_chat", {"open": True, "slow": 30}) == []
    assert talk.alia.heard_of("chat_customs") == [{"open": True, "slow": 30}]
    say(talk.alia)
    slowed = say(talk.alia, key="line-00002")
    assert (slowed["error"], slowed["facts"]["seconds"] <= 31) == ("slow_mode", True)
    clock.freeze(clock.now() + timedelta(seconds=31))
    assert "message" in say(talk.alia, key="line-00002")
    talk.moderator.send("set_chat", {"open": False, "slow": 0})
    assert say(talk.budi)["error"] == "chat_closed"
    assert "message" in say(talk.moderator)


def test_a_line_sent_again_is_answered_with_the_first_even_after_the_chat_was_closed(talk: Talk) -> None:
    first = say(talk.alia, "Selamat siang", key="line-00007")["message"]
    talk.moderator.send("set_chat", {"open": False, "slow": 30})
    assert say(talk.alia, "Selamat siang", key="line-00007")["message"]["id"] == first["id"]
    assert say(talk.alia, key="line-00008")["error"] == "chat_closed"


def test_how_the_chat_was_set_outlives_the_room(talk: Talk) -> None:
    talk.moderator.send("set_chat", {"open": False, "slow": 10})
    forget_everybody(talk.app)
    chat = talk.come_back(talk.alia).joined["state"]["all"]["chat"]
    assert (chat["open"], chat["slow"]) == (False, 10)


def test_older_lines_are_asked_for(talk: Talk) -> None:
    with transaction() as session:
        session.add_all(
            RoomMessage(
                webinar_id=talk.webinar.id, participant="u900", key=f"line-{n:05}", author_name="Cici", author_unit="", text=f"baris {n}",
                said_at=clock.now(),
            )
            for n in range(280)
        )  # fmt: skip
    forget_everybody(talk.app)
    alia = talk.come_back(talk.alia)
    lines = alia.joined["state"]["all"]["chat"]["lines"]
    assert (len(lines), lines[-1]["text"]) == (200, "baris 279")
    older = alia.send("older_messages", {"before": lines[0]["id"]})
    assert ([older["messages"][0]["text"], older["messages"][-1]["text"]], older["more"]) == (["baris 30", "baris 79"], True)
    oldest = alia.send("older_messages", {"before": older["messages"][0]["id"]})
    assert (len(oldest["messages"]), oldest["more"]) == (30, False)


def test_memory_is_bounded(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.room.chat.part.MOST_SHOWN", 3)
    for n in range(5):
        say(talk.alia, f"baris {n}", f"line-{n:05}")
    lines = talk.come_back(talk.budi).joined["state"]["all"]["chat"]["lines"]
    assert [line["text"] for line in lines] == ["baris 2", "baris 3", "baris 4"]


def test_a_flood_long_lines_and_refused_words_are_refused(app: Flask) -> None:
    talk = Talk(app, refused_words=["judi"])
    assert say(talk.alia, "x" * 501)["error"] == "invalid"
    assert say(talk.alia, "  \n ")["error"] == "invalid"
    assert say(talk.alia, "main JUDI yuk")["error"] == "refused_words"
    answers = [say(talk.budi, f"{n}", f"line-{n:05}").get("error") for n in range(10)]
    assert answers == [None] * 8 + ["too_many"] * 2


def test_who_attends_does_not_set_the_chat(talk: Talk) -> None:
    assert talk.alia.send("set_chat", {"open": False, "slow": 0})["error"] == "not_allowed"


def test_another_webinars_lines_are_not_there(app: Flask, talk: Talk) -> None:
    other = Talk(app)
    line = say(other.alia)["message"]["id"]
    assert talk.moderator.send("delete_message", {"message": line})["error"] == "not_found"
    assert talk.alia.send("edit_message", {"message": line, "text": "x"})["error"] == "not_found"
    assert say(talk.alia, "balas", reply_to=line)["error"] == "not_found"


def test_markup_stays_text(talk: Talk) -> None:
    assert say(talk.alia, "<script>alert(1)</script>")["message"]["text"] == "<script>alert(1)</script>"
