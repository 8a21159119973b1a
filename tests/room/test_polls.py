"""Polls in a real room: hidden until closed, changed until closed, exact under many at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.db import db
from app.kernel.durable import write_durably
from app.kernel.errors import DomainError, Invalid
from app.people.models import AuditEntry
from app.room.models import PollKind, RoomPoll, RoomPollVote
from app.room.polls import rules, services
from app.room.polls.part import Polls
from app.room.rooms import rooms_of
from tests.room.kit import Visitor, forget_everybody
from tests.room.talk import Talk

OPTIONS = ["Jalur kursi roda", "Juru bahasa isyarat", "Huruf besar"]

pytestmark = pytest.mark.usefixtures("no_beat")


@pytest.fixture
def talk(app: Flask) -> Talk:
    return Talk(app)


def make(talk: Talk, kind: str = "SINGLE", key: str = "poll-00001", **more: Any) -> int:
    body = {"key": key, "kind": kind, "text": "Apa yang paling kurang?", "options": OPTIONS} | more
    return talk.moderator.send("make_poll", body)["poll"]["id"]


def opened(talk: Talk, kind: str = "SINGLE", **more: Any) -> int:
    poll = make(talk, kind, **more)
    assert talk.moderator.send("open_poll", {"poll": poll}) == []
    return poll


def vote(who: Visitor, poll: int, *choices: int, round: int = 1) -> Any:
    return who.send("vote", {"poll": poll, "round": round, "choices": list(choices)})


def part_of(talk: Talk) -> Polls:
    return rooms_of(talk.app).get(talk.webinar.id).part(Polls)


def counted(poll: int) -> list[int]:
    """The counts as the rows have them."""
    counts = [0] * 3
    for choices in db.session.scalars(select(RoomPollVote.choices).where(RoomPollVote.poll_id == poll)):
        for choice in choices:
            counts[choice] += 1
    return counts


def test_a_prepared_poll_is_the_moderators_alone(talk: Talk) -> None:
    poll = make(talk)
    assert make(talk) == poll
    assert [body["poll"]["state"] for body in talk.moderator.heard_of("poll_kept")] == ["DRAFT"]
    assert "poll" not in str(talk.alia.hear())
    assert talk.come_back(talk.alia).joined["state"]["all"]["polls"] == []
    assert vote(talk.alia, poll, 0)["error"] == "not_found"


def test_results_are_hidden_from_the_audience_until_it_is_closed(talk: Talk) -> None:
    poll = opened(talk)
    vote(talk.alia, poll, 1)
    vote(talk.budi, poll, 1)
    assert talk.moderator.heard_of("poll_tallied")[-1]["counts"] == [0, 2, 0]
    heard = talk.budi.hear()
    assert ("poll_counted", {"id": poll, "round": 1, "voters": 2}) in heard
    assert "tallied" not in str(heard)
    assert {body["poll"]["counts"] for kind, body in heard if kind == "poll_shown"} == {None}
    assert talk.come_back(talk.alia).joined["state"]["all"]["polls"][0]["counts"] is None
    talk.moderator.send("close_poll", {"poll": poll})
    assert talk.budi.heard_of("poll_shown")[-1]["poll"]["counts"] == [0, 2, 0]


def test_a_vote_can_be_changed_until_it_is_closed_from_any_device(talk: Talk) -> None:
    poll = opened(talk)
    phone = talk.come_back(talk.alia)
    vote(talk.alia, poll, 0)
    vote(phone, poll, 2)
    assert talk.alia.heard_of("own_vote")[-1] == {"id": poll, "round": 1, "choices": [2]}
    assert part_of(talk).polls[poll].tally.counts == counted(poll) == [0, 0, 1]
    talk.moderator.send("close_poll", {"poll": poll})
    assert vote(talk.alia, poll, 1)["error"] == "closed"
    assert counted(poll) == [0, 0, 1]


def test_the_same_vote_twice_is_one_vote(talk: Talk) -> None:
    poll = opened(talk)
    for _ in range(3):
        vote(talk.alia, poll, 1)
    assert db.session.scalar(select(func.count()).select_from(RoomPollVote)) == 1


def test_several_may_be_chosen_where_the_poll_says_so(talk: Talk) -> None:
    poll = opened(talk, "SEVERAL")
    vote(talk.alia, poll, 2, 0, 2)
    assert part_of(talk).polls[poll].tally.counts == [1, 0, 1]
    assert talk.come_back(talk.alia).joined["own"]["polls"] == [{"id": poll, "round": 1, "choices": [0, 2]}]


def test_a_quiz_keeps_its_right_answer_until_it_is_closed(talk: Talk) -> None:
    poll = opened(talk, "QUIZ", right=[1])
    shown = talk.alia.heard_of("poll_shown")[-1]["poll"]
    assert (shown["right"], shown["several"]) == (None, False)
    talk.moderator.send("close_poll", {"poll": poll})
    assert talk.alia.heard_of("poll_shown")[-1]["poll"]["right"] == [1]


def test_it_closes_by_the_servers_clock(talk: Talk) -> None:
    poll = make(talk)
    talk.moderator.send("open_poll", {"poll": poll, "seconds": 30})
    clock.freeze(clock.now() + timedelta(seconds=31))
    assert vote(talk.alia, poll, 1)["error"] == "closed"
    rooms_of(talk.app).get(talk.webinar.id).every_second()
    assert talk.alia.heard_of("poll_shown")[-1]["poll"]["state"] == "CLOSED"
    assert db.session.get_one(RoomPoll, poll).closed_at == clock.now()


def test_one_poll_is_open_at_a_time(talk: Talk) -> None:
    opened(talk)
    second = make(talk, key="poll-00002")
    assert talk.moderator.send("open_poll", {"poll": second})["error"] == "another_open"


def test_beginning_again_keeps_the_record_and_says_who_did_it(talk: Talk) -> None:
    poll = opened(talk)
    vote(talk.alia, poll, 1)
    assert talk.moderator.send("reset_poll", {"poll": poll}) == []
    assert {"id": poll} in talk.alia.heard_of("poll_gone")
    talk.moderator.send("open_poll", {"poll": poll})
    assert vote(talk.alia, poll, 0)["error"] == "another_round"
    vote(talk.alia, poll, 0, round=2)
    assert part_of(talk).polls[poll].tally.counts == [1, 0, 0]
    assert db.session.scalar(select(func.count()).select_from(RoomPollVote)) == 2
    noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "room.poll_reset")).one()
    assert (noted.before, noted.actor_id) == ({"round": 1, "voters": 1}, talk.moderator.person.user_id)


def test_only_an_unused_poll_can_be_thrown_away(talk: Talk) -> None:
    poll = make(talk)
    assert talk.moderator.send("drop_poll", {"poll": poll}) == []
    assert talk.moderator.heard_of("poll_dropped") == [{"id": poll}]
    used = opened(talk, key="poll-00002")
    assert talk.moderator.send("drop_poll", {"poll": used})["error"] == "used"


def test_the_end_closes_what_is_open(talk: Talk) -> None:
    poll = opened(talk)
    talk.begin()
    vote(talk.alia, poll, 2)
    talk.end()
    closed = talk.budi.heard_of("poll_shown")[-1]["poll"]
    assert (closed["state"], closed["counts"]) == ("CLOSED", [0, 0, 1])


def test_a_room_that_was_forgotten_counts_from_its_rows(talk: Talk) -> None:
    poll = opened(talk)
    vote(talk.alia, poll, 1)
    forget_everybody(talk.app)
    moderator = talk.come_back(talk.moderator)
    assert moderator.joined["state"]["staff"]["polls"][0]["counts"] == [0, 1, 0]


@pytest.mark.parametrize("choices", [[], [3], [0, 1], [-1], ["0"], [0.5], "0", None, list(range(9))])
def test_odd_votes_are_refused(talk: Talk, choices: Any) -> None:
    poll = opened(talk)
    assert talk.alia.send("vote", {"poll": poll, "round": 1, "choices": choices})["error"] == "invalid"
    assert counted(poll) == [0, 0, 0]


@pytest.mark.parametrize(
    "more",
    [{"options": ["satu"]}, {"options": ["sama", "Sama"]}, {"options": None}, {"kind": "QUIZ"}, {"kind": "QUIZ", "right": [0, 1, 2]}, {"kind": "ESSAY"}],
)
def test_odd_polls_are_refused(talk: Talk, more: dict[str, Any]) -> None:
    body = {"key": "poll-00001", "kind": "SINGLE", "text": "Apa?", "options": OPTIONS} | more
    assert talk.moderator.send("make_poll", body)["error"] == "invalid"


def test_who_attends_runs_no_poll(talk: Talk) -> None:
    poll = make(talk)
    for event in ("open_poll", "close_poll", "reset_poll", "drop_poll"):
        assert talk.alia.send(event, {"poll": poll})["error"] == "not_allowed"
    assert talk.alia.send("make_poll", {"key": "poll-00009", "kind": "SCALE", "text": "Apa?"})["error"] == "not_allowed"


def test_another_webinars_polls_are_not_there(app: Flask, talk: Talk) -> None:
    poll = opened(Talk(app))
    assert vote(talk.alia, poll, 0)["error"] == "not_found"
    for event in ("open_poll", "close_poll", "reset_poll", "drop_poll"):
        assert talk.moderator.send(event, {"poll": poll})["error"] == "not_found"


def test_a_scale_has_five_steps_and_a_quiz_may_have_several_right_ones() -> None:
    assert rules.options_of(PollKind.SCALE, ["x"], [0]) == (["1", "2", "3", "4", "5"], [])
    assert rules.read_choices(PollKind.QUIZ, 4, 2, [3, 1]) == [1, 3]
    with pytest.raises(Invalid):
        rules.read_choices(PollKind.SCALE, 5, 0, [1, 2])


def test_many_votes_at_once_are_counted_exactly(talk: Talk) -> None:
    """Forty browsers vote and change their minds at the same time, four of them for one person, while the poll is being closed."""
    poll = opened(talk)
    part, people = part_of(talk), [replace(talk.alia.person, key=f"u{9000 + number // 4}") for number in range(40)]
    refused: list[str] = []

    def keep_voting(number: int) -> None:
        with talk.app.app_context():
            for turn in range(8):
                person, choices = people[number], [(number + turn) % 3]
                try:
                    with part.turns.of(person.key):
                        part.vote(person.key, poll, 1, write_durably(services.write_vote(person, poll, 1, choices)))
                except DomainError as error:
                    refused.append(error.code)

    threads = [threading.Thread(target=keep_voting, args=(number,)) for number in range(len(people))]
    for thread in threads[:30]:
        thread.start()
    for thread in threads[:30]:
        thread.join()
    assert part.polls[poll].tally.counts == counted(poll)
    for thread in threads[30:]:
        thread.start()
    talk.moderator.send("close_poll", {"poll": poll})
    for thread in threads[30:]:
        thread.join()
    db.session.rollback()
    assert set(refused) <= {"closed"}
    assert part.polls[poll].shown()["counts"] == counted(poll)
    assert part.polls[poll].tally.voters == db.session.scalar(select(func.count()).select_from(RoomPollVote))
