"""The summary for the organizer: figures from rows, in a fixed number of statements, and only for those who may."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.attendance.models import AttendanceResult
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.recordings.crowd import MOST_STEPS, steps_of
from app.recordings.models import Recording, RecordingState
from app.recordings.summary import curve, gather
from app.room.delays import Delays, Worst
from app.room.models import RoomIncident
from app.room.presence import DELAYS
from app.room.state import write_state
from app.webinars.models import Webinar
from tests.people.factories import make_user, sign_in
from tests.recordings.factories import ask, make_ended, make_recording, poll, say, stay
from tests.webinars.factories import make_webinar, register

BEGIN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
STAYS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(-30, 150), st.integers(1, 90)), max_size=12)


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


@given(STAYS)
def test_the_crowd_is_never_larger_than_its_people(stays):
    given_stays = [(who, at(begin), at(begin + length)) for who, begin, length in stays]
    steps = steps_of(given_stays, at(0), at(120))
    assert len(steps) <= MOST_STEPS
    assert (steps[0].begin, steps[-1].end) == (at(0), at(120))
    for step in steps:
        there = {who for who, joined, left in given_stays if joined < step.end and left > step.begin}
        assert step.people <= len(there)
        assert step.people >= bool(there)


def test_two_tabs_are_one_person():
    stays = [("a", at(0), at(30)), ("a", at(10), at(50)), ("b", at(5), at(15))]
    assert max(step.people for step in steps_of(stays, at(0), at(60))) == 2


def test_an_empty_room_has_no_curve():
    assert curve(steps_of([], at(0), at(60))) == ""
    assert steps_of([], at(0), at(0)) == []
    assert curve(steps_of([("a", at(0), at(1))], at(0), at(2))) == "M0 100V0.0H1V100.0H2V100Z"


def test_the_delay_is_the_one_in_the_middle_and_the_worst_has_its_moment():
    delays = Delays()
    delays.take([], at(0))
    assert (delays.typical_ms, delays.most_ms, delays.worst) == (None, None, None)
    for minute, reports in enumerate([[2100, 2200, 2300], [9000, 9500, 60_000], [2200, 2250, 2150]]):
        delays.take(reports, at(minute))
    assert delays.worst == Worst(9500, at(1))
    assert (delays.typical_ms, delays.most_ms) == (2250, 60_500)


@given(st.lists(st.lists(st.integers(0, 600_000), max_size=30), max_size=10))
def test_delays_are_kept_as_they_were_in_a_fixed_size(gathered):
    delays = Delays()
    for minute, reports in enumerate(gathered):
        delays.take(reports, at(minute))
    assert Delays.from_value(json.loads(json.dumps(delays.as_value()))) == delays
    assert len(delays.counts) <= 200 + 581
    everything = sorted(delay for reports in gathered for delay in reports)
    if everything:
        assert abs(delays.typical_ms - everything[(len(everything) - 1) // 2]) <= 1000


@pytest.fixture
def organizer(app):
    return make_user("Moderator", role=Role.MODERATOR)


@pytest.fixture
def webinar(app, organizer) -> Webinar:
    return make_ended(organizer)


def read(client, webinar) -> str:
    answer = client.get(f"/kelola/webinar/{webinar.slug}/ringkasan")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_sentence_comes_first_then_everything_else(app, client, webinar, organizer):
    make_recording(webinar)
    people = [make_user(f"Orang {number}") for number in range(3)]
    for number, user in enumerate(people):
        register(webinar, user)
        stay(webinar, f"u{user.id}", 0, 30 * (number + 1), name=user.full_name, unit="Dinas Contoh" if number else "Bappeda")
    ask(webinar, "Sudah dijawab?", 10, staged=20)
    ask(webinar, "Kapan aturannya terbit?", 12)
    ask(webinar, "Tidak untuk umum", 12, state="NEW")
    say(webinar, "halo", 3)
    poll(webinar, "Paham?", ["Ya", "Tidak"], [[0], [0], [1]])
    with transaction() as session:
        session.add(
            RoomIncident(
                webinar_id=webinar.id, kind="recording_take_damaged", facts={"take": 2, "reason": "x"}, happened_at=webinar.live_at
            )
        )
    sign_in(client, organizer)
    page = read(client, webinar)
    assert "3 orang hadir, separuhnya paling sedikit 60 dari 100 menit." in page
    assert "2 pertanyaan, 1 dijawab." in page
    assert "1 gangguan tercatat." in page
    assert "Satu potongan rekaman rusak dan dilewati" in page
    assert "potongan 2" in page
    assert page.index("Kapan aturannya terbit?") > page.index("Menunggu jawaban narasumber")
    assert "Tidak untuk umum" not in page
    assert "1.40.00 terekam" in page
    told = gather(db.session.get_one(Webinar, webinar.id))
    assert [(line.name, line.people) for line in told["units"]] == [("Dinas Contoh", 2), ("Bappeda", 1)]
    assert told["peak"].people == 3


def test_minutes_are_rounded_as_in_the_report_and_only_those_who_can_fulfill_count(app, client, organizer):
    webinar = make_ended(organizer, minutes=15.8)
    for key, registered in ((f"u{make_user('Alia').id}", True), ("s91", False), (f"u{organizer.id}", False)):
        stay(webinar, key, 0, 15.8)
        with transaction() as session:
            session.add(
                AttendanceResult(
                    webinar_id=webinar.id, participant=key, full_name=key, unit_name="", registered=registered, jp=0, present_ms=948_000,
                    lost_ms=0, live_ms=948_000, granted_ms=0, granted_checkins=0, checkins=0, fulfilled=True, missing={}, computed_at=at(0),
                )
            )  # fmt: skip
    sign_in(client, organizer)
    assert "separuhnya paling sedikit 15 dari 15 menit." in read(client, webinar)
    told = gather(db.session.get_one(Webinar, webinar.id))
    assert (told["present"], told["fulfilled"]) == (3, 1)


def test_what_is_missing_from_the_recording_is_said(app, client, organizer):
    webinar = make_ended(organizer, minutes=16)
    make_recording(webinar, (1, 0, 6), (2, 6.02, 4), (3, 14, 2))
    sign_in(client, organizer)
    page = read(client, webinar)
    assert "12.00 terekam dari 16.00 tayang" in page
    assert page.count("Tidak ada di rekaman") == 1
    assert '<span class="num">3.58</span>' in page


def test_nobody_came(app, client, webinar, organizer):
    sign_in(client, organizer)
    page = read(client, webinar)
    assert "Tidak ada yang hadir." in page
    assert "Rekaman sedang disiapkan." in page


def test_it_is_for_those_who_run_it(app, client, webinar, organizer):
    address = f"/kelola/webinar/{webinar.slug}/ringkasan"
    assert client.get(address).status_code == 303
    sign_in(client, make_user("Pelajar"))
    assert client.get(address).status_code == 403
    other = app.test_client()
    sign_in(other, make_user("Moderator lain", role=Role.MODERATOR))
    assert other.get(address).status_code == 404
    auditor = app.test_client()
    sign_in(auditor, make_user("Auditor", role=Role.AUDITOR))
    assert auditor.get(address).status_code == 200
    assert auditor.get(f"/kelola/webinar/{make_webinar().slug}/ringkasan").status_code == 404, "has not ended"


def test_a_failed_recording_is_asked_for_again(app, client, webinar, organizer):
    with transaction() as session:
        session.add(
            Recording(
                webinar_id=webinar.id,
                state=RecordingState.FAILED,
                failure="no space left",
                parts=[],
                chapters=[],
                begun_at=webinar.ended_at,
            )
        )
    sign_in(client, organizer)
    assert "no space left" in read(client, webinar)
    again = f"/kelola/webinar/{webinar.slug}/rekaman/ulang"
    assert client.post(again).status_code == 302
    db.session.expire_all()
    assert db.session.get_one(Recording, webinar.id).state == RecordingState.MAKING
    assert client.post(again).status_code == 409
    stranger = app.test_client()
    sign_in(stranger, make_user("Moderator lain", role=Role.MODERATOR))
    assert stranger.post(again).status_code == 404


def test_statements_do_not_grow_with_the_people(app, client, webinar, organizer, count_queries):
    sign_in(client, organizer)
    read(client, webinar)
    count_queries.clear()
    read(client, webinar)
    before = len(count_queries)
    for number in range(12):
        stay(webinar, f"g{number}", number, number + 30)
        ask(webinar, f"Tanya {number}", number, staged=number)
        poll(webinar, f"Jajak {number}", ["a"], [[0]])
    count_queries.clear()
    read(client, webinar)
    assert len(count_queries) <= before + 1, "the votes are counted once, whatever their number"


def test_the_delay_stands_in_the_summary(app, client, webinar, organizer):
    sign_in(client, organizer)
    assert "Tidak ada pemutar yang melaporkan tundanya." in read(client, webinar)
    delays = Delays()
    delays.take([2400, 2600, 2800], webinar.live_at + timedelta(minutes=3))
    with transaction():
        write_state(webinar.id, DELAYS, delays.as_value())
    page = read(client, webinar)
    assert "2,7 detik kemudian" in page or "2,6 detik kemudian" in page
    assert "2,6 detik bagi penonton yang di tengah" in page
