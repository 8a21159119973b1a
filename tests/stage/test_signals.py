"""Who may sit, speak with whose browser, and bring whom on: outsiders, removed speakers, second tabs, stale epochs, forged targets, floods."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.kernel.access import Role
from app.kernel.db import db
from app.kernel.errors import Busy
from app.people.models import AuditEntry
from app.room.rooms import NAMESPACE, rooms_of
from app.stage import seating
from app.stage.models import StageAppearance
from app.stage.part import StagePart
from app.stage.seats import MOST_SEATS
from app.webinars.models import Webinar, WebinarSpeaker, WebinarState
from tests.people.factories import make_user
from tests.room.kit import Visitor, forget_everybody, visit, visit_as_speaker
from tests.stage.conftest import READY, Stage
from tests.webinars.factories import register


def appearances(stage: Stage) -> list[tuple[str, bool]]:
    rows = db.session.scalars(select(StageAppearance).where(StageAppearance.webinar_id == stage.webinar.id).order_by(StageAppearance.id))
    return [(row.participant, row.until_at is None) for row in rows]


def test_a_viewer_has_no_seat_and_signals_nobody(stage: Stage) -> None:
    speaker, viewer = stage.speaker(), stage.viewer()
    assert viewer.send("take_seat", READY)["error"] == "not_allowed"
    assert viewer.send("signal", {"to": speaker.person.key, "data": {"sdp": "x"}})["error"] == "no_seat"
    assert speaker.heard_of("signal") == []


@pytest.mark.parametrize("event", ["bring_on", "take_off", "mute_person", "ask_unmute", "remove_person_from_stage", "let_back_on_stage"])
def test_only_moderators_direct(stage: Stage, event: str) -> None:
    speaker, viewer = stage.speaker(), stage.viewer()
    for visitor in (speaker, viewer):
        assert visitor.send(event, {"key": speaker.person.key})["error"] == "not_allowed"
    for begun in ("go_on_air", "end_webinar", "change_composer"):
        assert speaker.send(begun, {})["error"] == "not_allowed"
    assert stage.part.seats[speaker.person.key].place == "green"


def test_a_moderator_has_another_browser_compose(stage: Stage) -> None:
    raja = stage.speaker("Raja")
    stage.on_air()
    stage.moderator.send("bring_on", {"key": raja.person.key})
    epoch = stage.part.lease.epoch
    assert stage.moderator.send("change_composer", {}) == {"passed": False}
    assert (stage.part.lease.participant, stage.part.lease.epoch) == (raja.person.key, epoch)
    siti = stage.speaker("Siti")
    assert stage.moderator.send("change_composer", {}) == {"passed": True}
    assert stage.part.lease.participant == siti.person.key
    assert siti.heard_of("compose")[-1]["epoch"] == stage.part.lease.epoch > epoch


def test_signals_go_to_the_one_browser_they_name_with_the_true_sender(stage: Stage) -> None:
    raja, siti = stage.speaker("Raja"), stage.speaker("Siti")
    assert raja.send("signal", {"to": siti.person.key, "data": {"candidate": "c"}}) == {}
    assert siti.heard_of("signal") == [{"sender": raja.person.key, "data": {"candidate": "c"}}]
    assert raja.heard_of("signal") == []


@pytest.mark.parametrize(
    "body",
    [
        {"to": "s999", "data": {}},
        {"to": "s1", "data": "text"},
        {"to": "s1"},
        {"to": "x" * 40, "data": {}},
        {"to": "s1", "data": {"sdp": "x" * seating.MOST_SIGNAL}},
        {"to": "s1", "data": {}, "sender": "u1"},
    ],
)
def test_a_forged_or_oversized_signal_is_refused(stage: Stage, body: dict[str, object]) -> None:
    raja = stage.speaker("Raja")
    assert raja.send("signal", body)["error"] in ("not_there", "invalid")


def test_a_second_tab_without_the_seat_signals_nobody(stage: Stage) -> None:
    raja, siti = stage.speaker("Raja"), stage.speaker("Siti")
    speaker = db.session.get_one(WebinarSpeaker, int(raja.person.key[1:]))
    second = visit_as_speaker(stage.app, speaker)
    assert second.send("signal", {"to": siti.person.key, "data": {}})["error"] == "no_seat"


def test_a_shared_link_is_one_speaker_and_the_second_browser_asks_first(stage: Stage) -> None:
    first = stage.speaker("Raja")
    second = visit_as_speaker(stage.app, db.session.get_one(WebinarSpeaker, int(first.person.key[1:])))
    assert second.send("take_seat", READY) == {"asks": True}
    assert second.send("take_seat", READY | {"secret": "a guess of the secret"}) == {"asks": True}
    assert first.heard_of("seat_taken") == []
    assert second.send("take_seat", READY | {"take_over": True})["place"] == "green"
    assert first.heard_of("seat_taken") == [{}]
    assert first.send("set_mine", {"microphone": True, "camera": True, "screen": False})["error"] == "no_seat"
    assert len(stage.part.seats) == 1


def test_the_same_browser_takes_its_seat_again_after_a_cut(stage: Stage) -> None:
    raja = stage.speaker("Raja", seated=False)
    secret = raja.send("take_seat", READY)["secret"]
    stage.moderator.send("bring_on", {"key": raja.person.key})
    raja.socket.disconnect("/room")
    assert not stage.part.seats[raja.person.key].connection
    again = visit_as_speaker(stage.app, db.session.get_one(WebinarSpeaker, int(raja.person.key[1:])))
    answer = again.send("take_seat", READY | {"secret": secret})
    assert (answer["place"], answer["secret"]) == ("stage", secret)


def test_a_speaker_goes_on_by_a_moderators_word_and_rows_say_when(stage: Stage) -> None:
    raja = stage.speaker("Raja")
    stage.moderator.send("bring_on", {"key": raja.person.key})
    assert appearances(stage) == [(raja.person.key, True)]
    assert [one["name"] for one in stage.moderator.heard_of("stage_changed")[-1]["people"]] == ["Raja"]
    stage.moderator.send("take_off", {"key": raja.person.key})
    assert appearances(stage) == [(raja.person.key, False)]
    assert stage.part.seats[raja.person.key].place == "green"


def test_after_a_restart_whoever_was_on_stage_comes_back_there(stage: Stage) -> None:
    raja = stage.speaker("Raja")
    stage.moderator.send("bring_on", {"key": raja.person.key})
    forget_everybody(stage.app)
    again = visit_as_speaker(stage.app, db.session.get_one(WebinarSpeaker, int(raja.person.key[1:])))
    assert again.send("take_seat", READY)["place"] == "stage"


def test_a_restart_forgets_nothing_that_moderators_decided(stage: Stage) -> None:
    raja, siti, alia = stage.speaker("Raja"), stage.speaker("Siti"), stage.viewer("Alia")
    stage.moderator.send("set_layout", {"layout": "one"})
    stage.moderator.send("invite_voice", {"key": alia.person.key, "invited": True})
    for one in (raja, siti):
        stage.moderator.send("remove_person_from_stage", {"key": one.person.key})
    stage.moderator.send("let_back_on_stage", {"key": siti.person.key})
    forget_everybody(stage.app)
    moderator = visit(stage.app, stage.webinar, stage.dewi)
    assert moderator.joined["state"]["all"]["stage"]["layout"] == "one"
    assert moderator.joined["state"]["staff"]["stage"]["removed"] == [raja.person.key]
    again = [visit_as_speaker(stage.app, db.session.get_one(WebinarSpeaker, int(one.person.key[1:]))) for one in (raja, siti)]
    assert [one.send("take_seat", READY).get("error") for one in again] == ["removed", None]
    assert Visitor(stage.app, alia.person).joined["own"]["stage"] == {"invited": True}


def test_after_a_restart_nobody_is_invited_whose_turn_was_over(stage: Stage) -> None:
    alia, budi, citra = stage.viewer("Alia"), stage.viewer("Budi"), stage.viewer("Citra")
    for one in (alia, budi, citra):
        one.send("raise_hand", {"up": True})
        stage.moderator.send("invite_hand", {"person": one.person.key})
    alia.send("take_seat", READY)
    alia.send("leave_seat", {})
    budi.send("raise_hand", {"up": False})
    stage.part.every_second()
    forget_everybody(stage.app)
    for one, invited in ((alia, None), (budi, None), (citra, {"invited": True})):
        assert Visitor(stage.app, one.person).joined["own"].get("stage") == invited


def test_what_could_not_be_written_down_does_not_hold(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object) -> None:
        raise Busy

    raja = stage.speaker("Raja")
    monkeypatch.setattr("app.stage.part.write_state", fail)
    for event, body in (("set_layout", {"layout": "one"}), ("remove_person_from_stage", {"key": raja.person.key})):
        assert stage.moderator.send(event, body)["error"] == Busy.code
    assert stage.part.standing.layout == "slides_and_faces"
    assert raja.heard_of("seat_closed") == []
    assert raja.person.key in stage.part.seats
    assert db.session.scalar(select(AuditEntry).where(AuditEntry.action == "stage.removed")) is None


def test_the_fourth_speaker_waits(stage: Stage) -> None:
    speakers = [stage.speaker(f"Pembicara {n}") for n in range(4)]
    answers = [stage.moderator.send("bring_on", {"key": one.person.key}) for one in speakers]
    assert answers[:3] == [{"alone": False}] * 3
    assert answers[3]["error"] == "full"


def test_a_muted_person_is_told_and_only_they_turn_it_on_again(stage: Stage) -> None:
    raja = stage.speaker("Raja")
    stage.moderator.send("mute_person", {"key": raja.person.key})
    assert raja.heard_of("muted") == [{}]
    assert stage.part.seats[raja.person.key].microphone is False
    stage.moderator.send("ask_unmute", {"key": raja.person.key})
    assert raja.heard_of("unmute_asked") == [{}]
    assert stage.part.seats[raja.person.key].microphone is False
    raja.send("set_mine", {"microphone": True, "camera": True, "screen": False})
    assert stage.part.seats[raja.person.key].microphone is True


def test_a_removed_speaker_is_off_and_stays_out_until_let_back(stage: Stage) -> None:
    raja = stage.speaker("Raja")
    stage.on_air()
    stage.moderator.send("bring_on", {"key": raja.person.key})
    assert stage.part.lease.participant == raja.person.key
    epoch = stage.part.lease.epoch
    stage.moderator.send("remove_person_from_stage", {"key": raja.person.key})
    assert raja.heard_of("seat_closed") == [{}]
    assert not stage.part.lease.holds(raja.socket.eio_sid or "", epoch)
    assert stage.part.lease.connection is None
    assert raja.send("take_seat", READY)["error"] == "removed"
    assert raja.send("signal", {"to": stage.moderator.person.key, "data": {}})["error"] == "no_seat"
    assert appearances(stage) == [(raja.person.key, False)]
    assert db.session.scalar(select(AuditEntry).where(AuditEntry.action == "stage.removed")) is not None
    assert raja.heard_of("seat_opened") == []
    stage.moderator.send("let_back_on_stage", {"key": raja.person.key})
    stage.moderator.send("let_back_on_stage", {"key": raja.person.key})
    assert raja.heard_of("seat_opened") == [{}]
    assert raja.send("take_seat", READY)["place"] == "green"


def test_a_moderator_cannot_remove_themself(stage: Stage) -> None:
    stage.moderator.send("take_seat", READY)
    assert stage.moderator.send("remove_person_from_stage", {"key": stage.moderator.person.key})["error"] == "oneself"


def test_reports_with_a_stale_epoch_are_refused(stage: Stage) -> None:
    raja, siti = stage.speaker("Raja"), stage.speaker("Siti")
    stage.on_air()
    first = stage.part.lease.epoch
    holder, other = (raja, siti) if stage.part.lease.participant == raja.person.key else (siti, raja)
    assert not holder.send("report_uplink", {"epoch": first, "kbps": 900, "behind": 0, "fps": 24})
    assert holder.send("hand_over", {"epoch": first}) == {"passed": True}
    assert other.heard_of("compose")[-1]["epoch"] == first + 1
    for event, body in (("report_uplink", {"kbps": 1, "behind": 0, "fps": 1}), ("say_loud", {"key": raja.person.key}), ("hand_over", {})):
        assert holder.send(event, {"epoch": first} | body)["error"] == "not_composing"
        assert holder.send(event, {"epoch": first + 1} | body)["error"] == "not_composing"


def test_a_flood_of_whispers_is_held_and_the_room_goes_on(stage: Stage) -> None:
    raja, siti = stage.speaker("Raja"), stage.speaker("Siti")
    answers = [raja.send("whisper", {"text": f"halo {n}"}) for n in range(25)]
    assert not any(answers[:20])
    assert {one["error"] for one in answers[20:]} == {"too_many"}
    assert len(siti.heard_of("whispered")) == 20
    assert not siti.send("whisper", {"text": "ya", "to": raja.person.key})


def test_a_private_word_reaches_the_one_it_is_for(stage: Stage) -> None:
    raja, siti, third = stage.speaker("Raja"), stage.speaker("Siti"), stage.speaker("Tiga")
    raja.send("whisper", {"text": "<b>hai</b>", "to": siti.person.key})
    assert siti.heard_of("whispered")[0]["text"] == "<b>hai</b>"
    assert third.heard_of("whispered") == []


def test_the_green_room_has_its_limit(stage: Stage) -> None:
    for n in range(MOST_SEATS):
        stage.speaker(f"Pembicara {n}")
    assert stage.speaker("Lebih", seated=False).send("take_seat", READY)["error"] == "full"


def test_an_invited_viewer_comes_by_voice_only_one_at_a_time(stage: Stage) -> None:
    alia, budi = stage.viewer("Alia"), stage.viewer("Budi")
    stage.moderator.send("invite_voice", {"key": alia.person.key, "invited": True})
    stage.moderator.send("invite_voice", {"key": budi.person.key, "invited": True})
    assert alia.heard_of("stage_invited") == [{"invited": True}]
    answer = alia.send("take_seat", READY)
    assert answer["place"] == "stage"
    seat = stage.part.seats[alia.person.key]
    assert (seat.camera, seat.role, seat.may_compose) == (False, "voice", False)
    assert budi.send("take_seat", READY)["error"] == "full"
    stage.moderator.send("take_off", {"key": alia.person.key})
    assert alia.heard_of("seat_closed") == [{}]
    assert alia.send("take_seat", READY)["error"] == "not_allowed"
    assert appearances(stage) == [(alia.person.key, False)]


def test_whose_raised_hand_is_answered_comes_by_voice_and_the_hand_goes_down_after(stage: Stage) -> None:
    alia, budi = stage.viewer("Alia"), stage.viewer("Budi")
    for one in (alia, budi):
        one.send("raise_hand", {"up": True})
    assert stage.moderator.send("invite_hand", {"person": alia.person.key}) == []
    assert alia.heard_of("stage_invited") == [{"invited": True}]
    assert alia.send("take_seat", READY)["place"] == "stage"
    alia.send("raise_hand", {"up": False})
    assert alia.send("take_seat", READY)["place"] == "stage", "a hand that is lowered on stage ends nothing"
    assert budi.send("take_seat", READY)["error"] == "not_allowed"
    alia.send("leave_seat", {})
    assert alia.send("take_seat", READY)["error"] == "not_allowed"
    assert appearances(stage) == [(alia.person.key, False)]


def test_a_hand_that_goes_down_takes_the_invitation_with_it(stage: Stage) -> None:
    alia, budi = stage.viewer("Alia"), stage.viewer("Budi")
    for one in (alia, budi):
        one.send("raise_hand", {"up": True})
        stage.moderator.send("invite_hand", {"person": one.person.key})
    alia.send("raise_hand", {"up": False})
    stage.moderator.send("clear_hands", {"person": budi.person.key})
    for one in (alia, budi):
        assert one.heard_of("stage_invited") == [{"invited": True}, {"invited": False}]
        assert one.send("take_seat", READY)["error"] == "not_allowed"


def test_whoever_cannot_speak_is_not_invited_by_their_hand(stage: Stage) -> None:
    alia, budi = stage.viewer("Alia"), stage.viewer("Budi")
    for one in (alia, budi):
        one.send("raise_hand", {"up": True})
    stage.part.decide(lambda standing: standing.removing(alia.person.key))
    room = stage.part.room
    room.leave(next(iter(room.people[budi.person.key])), "lost")
    assert stage.moderator.send("invite_hand", {"person": alia.person.key})["error"] == "removed"
    assert stage.moderator.send("invite_hand", {"person": budi.person.key})["error"] == "not_there"
    assert not any(hand["invited"] for hand in stage.moderator.heard_of("hands")[-1]["queue"])
    assert alia.heard_of("stage_invited") == []
    assert alia.send("take_seat", READY)["error"] == "removed"


def test_nobody_who_is_not_there_is_invited(stage: Stage) -> None:
    assert stage.moderator.send("invite_voice", {"key": "u999", "invited": True})["error"] == "not_there"


def test_the_stage_sees_the_delay_of_the_viewer_in_the_middle(stage: Stage) -> None:
    viewers = [stage.viewer(name) for name in ("Alia", "Budi", "Citra")]

    def told() -> int | None:
        stage.part.room.every_second()
        assert viewers[0].heard_of("audience_reached") == [], "not for the audience"
        return stage.part.shown_to_stage()["reach"]["delay"]

    assert told() is None
    for viewer, delay in zip(viewers, (4_000, 90_000, 6_500), strict=True):
        viewer.send("watching", {"rung": "video", "delay_ms": delay})
    assert told() == 6_500
    viewers[2].send("watching", {"rung": "text"})
    assert told() == 47_000
    viewers[1].socket.disconnect(NAMESPACE)
    assert told() == 4_000
    assert stage.moderator.heard_of("audience_reached")[-1]["delay"] == 4_000


def test_browsers_that_do_not_reach_each_other_speak_one_at_a_time(stage: Stage) -> None:
    raja, siti = stage.speaker("Raja"), stage.speaker("Siti")
    stage.on_air()
    for one in (raja, siti):
        stage.moderator.send("bring_on", {"key": one.person.key})
    siti.send("link_stands", {"peer": raja.person.key, "works": False})
    assert [key for key, seat in stage.part.seats.items() if seat.place == "stage"] == [siti.person.key]
    assert stage.part.lease.participant == siti.person.key
    assert stage.moderator.send("bring_on", {"key": raja.person.key}) == {"alone": True}
    assert stage.part.lease.participant == raja.person.key
    siti.send("link_stands", {"peer": raja.person.key, "works": True})
    assert stage.moderator.send("bring_on", {"key": siti.person.key}) == {"alone": False}
    assert stage.part.mesh is True


def test_going_live_and_ending_are_told_and_kept(stage: Stage) -> None:
    raja = stage.speaker("Raja")
    stage.on_air()
    assert db.session.get_one(Webinar, stage.webinar.id).state == WebinarState.LIVE
    assert stage.moderator.heard_of("stage_changed")[-1]["live"] is True
    stage.moderator.send("bring_on", {"key": raja.person.key})
    assert not stage.moderator.send("end_webinar", {})
    assert appearances(stage) == [(raja.person.key, False)]
    assert stage.part.lease.connection is None
    assert stage.moderator.send("go_on_air", {})["error"] == "conflict"


def test_a_device_check_is_kept_and_shown_to_moderators(stage: Stage) -> None:
    raja = stage.speaker("Raja", seated=False)
    found = {"browser": "good", "camera": "good", "microphone": "refused", "kbps": 2100, "echo": True}
    assert not raja.send("device_checked", found)
    assert db.session.get_one(WebinarSpeaker, int(raja.person.key[1:])).device_check == found
    assert stage.moderator.heard_of("speaker_checked")[-1]["check"] == found
    assert raja.send("device_checked", found | {"browser": "netscape"})["error"] == "invalid"
    assert stage.viewer().send("device_checked", found)["error"] == "not_allowed"


def test_bandwidth_is_measured_in_bounded_pieces(stage: Stage) -> None:
    raja = stage.speaker("Raja", seated=False)
    assert raja.send("measure_uplink", {"piece": b"x" * seating.PIECE_BYTES}) == {"bytes": seating.PIECE_BYTES}
    assert raja.send("measure_uplink", {"piece": b"x" * (seating.PIECE_BYTES + 1)})["error"] == "invalid"


def test_another_webinars_moderator_directs_nothing_here(stage: Stage) -> None:
    other = make_user("Budi", role=Role.MODERATOR)
    register(stage.webinar, other)
    stranger = visit(stage.app, stage.webinar, other)
    assert stranger.send("set_layout", {"layout": "one"})["error"] == "not_allowed"
    assert not stage.moderator.send("set_layout", {"layout": "one"})
    assert stage.moderator.send("set_layout", {"layout": "mosaic"})["error"] == "invalid"
    assert rooms_of(stage.app).get(stage.webinar.id).part(StagePart).standing.layout == "one"
