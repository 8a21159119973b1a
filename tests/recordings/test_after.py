"""The page of a webinar that has ended: everything on the recording's clock, what was missed, and who may see what."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.kernel.db import db, transaction
from app.learning.models import Enrollment, JpCredit, LearningEvent, WatchedSpan
from app.learning.services import credit_activity
from app.recordings import missed
from app.recordings.models import Recording, RecordingState
from app.webinars.models import WebinarState
from app.webinars.participants import user_key
from app.webinars.visitors import remember_guest
from tests.people.factories import make_user, sign_in
from tests.recordings.factories import add_session, ask, make_ended, make_recording, poll, say, stay, turn_slides
from tests.webinars.factories import make_guest, make_webinar, register


@pytest.fixture
def webinar(app):
    return make_ended()


@pytest.fixture
def person(app, webinar):
    user = make_user()
    register(webinar, user)
    return user


def read(client, webinar, **query) -> str:
    answer = client.get(f"/webinar/{webinar.slug}", query_string=query)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def watch(user, webinar, *minutes: tuple[float, float]) -> None:
    """Rows as the watching of a person leaves them."""
    recording = db.session.get_one(Recording, webinar.id)
    (lesson,) = missed.course_of(recording).lessons
    with transaction() as session:
        session.add_all(
            WatchedSpan(user_id=user.id, lesson_id=lesson.lesson_id, layer=1, start_ms=round(a * 60_000), end_ms=round(b * 60_000))
            for a, b in minutes
        )


def test_questions_chat_polls_and_slides_stand_at_their_second(app, client, webinar, person):
    add_session(webinar, "Standar pelayanan", 10)
    ask(webinar, "Apa beda standar dan maklumat?", 20, staged=40)
    say(webinar, "Suaranya jelas", 30)
    poll(webinar, "Sudah punya standar?", ["Sudah", "Belum"], [[0], [1], [1]])
    turn_slides(webinar, "Salindia hari ini", (12, 1), (15, 2))
    make_recording(webinar, (1, 0, 50), (2, 60, 40))
    sign_in(client, person)
    page = read(client, webinar)
    assert 'data-seek="2400.0"' in page
    assert 'data-seek="1800.0"' in page, "the chat line"
    assert 'data-seek="900.0"' in page, "the second slide"
    assert re.search(r"Belum</dt><dd>.*?67 %", page, re.DOTALL)
    assert "Tanya: Apa beda standar dan maklumat?" in page
    assert "data-player" in page


def test_a_question_in_a_gap_lies_where_the_next_take_begins(app, client, webinar, person):
    ask(webinar, "Ditanya di antara dua take", 52, staged=55)
    make_recording(webinar, (1, 0, 50), (2, 60, 40))
    sign_in(client, person)
    assert 'data-seek="3000.0"' in read(client, webinar)


def test_names_that_were_hidden_stay_hidden(app, client, webinar, person):
    ask(webinar, "Boleh bertanya tanpa nama?", 20, staged=21, anonymous=True, author_name="Rahasia Sekali", author_unit="Dinas Rahasia")
    make_recording(webinar)
    sign_in(client, person)
    page = read(client, webinar)
    assert "Boleh bertanya tanpa nama?" in page
    assert "Rahasia" not in page


def test_texts_of_people_are_text(app, client, webinar, person):
    ask(webinar, "<script>alert(1)</script>", 20, staged=21)
    say(webinar, "<img src=x onerror=alert(2)>", 22)
    make_recording(webinar)
    sign_in(client, person)
    page = read(client, webinar)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;img src=x onerror=alert(2)&gt;" in page
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page


def test_what_was_refused_or_deleted_is_not_there(app, client, webinar, person):
    ask(webinar, "Pertanyaan yang ditolak", 20, state="REJECTED")
    ask(webinar, "Pertanyaan yang menunggu", 21, state="NEW")
    say(webinar, "Kata yang dihapus", 22, deleted_at=webinar.ended_at)
    make_recording(webinar)
    sign_in(client, person)
    page = read(client, webinar)
    assert not [text for text in ("ditolak", "menunggu jawaban moderator", "dihapus") if text in page]


def test_who_missed_a_part_reads_which_minutes(app, client, webinar, person):
    make_recording(webinar)
    stay(webinar, user_key(person.id), 0, 60)
    sign_in(client, person)
    page = read(client, webinar)
    assert "Anda melewatkan 40 menit, dan belum menontonnya." in page
    assert 'data-seek="3600.0"' in page
    watch(person, webinar, (60, 70))
    assert "30 menit di antaranya belum Anda tonton." in read(client, webinar)


def test_a_lost_end_of_a_stay_lasts_until_it_was_last_seen(app, webinar):
    recording = make_recording(webinar)
    stay(webinar, "g9", 10, None)
    assert missed.spans_there(webinar.id, "g9", missed.parts_of(recording.parts)) == [(600_000, 900_000)]


def test_the_chat_is_for_those_who_were_part_of_it(app, client, webinar):
    say(webinar, "Hanya untuk peserta", 30)
    ask(webinar, "Untuk semua ASN", 20, staged=40)
    make_recording(webinar)
    sign_in(client, make_user())
    page = read(client, webinar)
    assert "Untuk semua ASN" in page
    assert "Hanya untuk peserta" not in page
    assert "Kehadiran saya" not in page


def test_strangers_read_what_it_was_and_how_to_get_in(app, client, webinar):
    ask(webinar, "Bukan untuk orang luar", 20, staged=40)
    make_recording(webinar)
    page = read(client, webinar)
    assert "data-player" not in page
    assert "Bukan untuk orang luar" not in page
    assert f"/masuk?next=/webinar/{webinar.slug}" in page


def test_a_guest_watches_without_a_record(app, client, webinar):
    guest = make_guest(webinar)
    make_recording(webinar)
    with app.test_request_context():
        response = app.make_response("")
        remember_guest(response, guest)
    name, _equals, value = response.headers["Set-Cookie"].split(";")[0].partition("=")
    client.set_cookie(name, value)
    page = read(client, webinar)
    assert "data-player" in page
    assert "data-watching=" not in page
    assert f'action="/webinar/{webinar.slug}/tamu/keluar"' in page
    other = make_ended()
    make_recording(other, digest="b")
    assert "data-player" not in read(client, other)


@pytest.mark.parametrize(
    ("state", "said"),
    [(None, "sedang disiapkan"), ("MAKING", "sedang disiapkan"), ("NOTHING", "tidak direkam"), ("FAILED", "belum berhasil disiapkan")],
)
def test_without_a_recording_the_page_says_so(app, client, webinar, person, state, said):
    if state:
        with transaction() as session:
            session.add(Recording(webinar_id=webinar.id, state=state, parts=[], chapters=[], begun_at=webinar.ended_at))
    ask(webinar, "Tetap dapat dibaca", 20, staged=40)
    sign_in(client, person)
    page = read(client, webinar)
    assert said in page
    assert "Tetap dapat dibaca" in page
    told = client.get(f"/webinar/{webinar.slug}/rekaman").get_json()
    assert told["state"] == (state or RecordingState.MAKING)
    assert said in told["words"]


def test_how_far_the_recording_is_is_not_for_strangers_nor_before_the_end(app, client, webinar):
    assert client.get(f"/webinar/{webinar.slug}/rekaman").status_code == 404
    sign_in(client, make_user())
    assert client.get(f"/webinar/{make_webinar().slug}/rekaman").status_code == 404
    assert client.get("/webinar/tidak-ada/rekaman").status_code == 404
    assert client.get(f"/webinar/{make_webinar(state=WebinarState.CANCELED).slug}/rekaman").status_code == 404


def test_searching_works_without_a_script(app, client, webinar, person):
    ask(webinar, "Apa beda standar dan maklumat?", 20, staged=40)
    ask(webinar, "Berapa biayanya?", 20, staged=50)
    say(webinar, "Maklumat dipasang di loket", 30)
    make_recording(webinar)
    sign_in(client, person)
    page = read(client, webinar, cari="maklumat")
    assert "Maklumat dipasang" in page
    assert 'id="tanya-2"' not in page
    assert "Tidak ada pertanyaan yang cocok." in read(client, webinar, cari="xyzzy")


def test_watching_is_written_down_once_asked_for(app, client, webinar, person):
    make_recording(webinar)
    sign_in(client, person)
    page = read(client, webinar)
    assert "Tontonan Anda belum dicatat." in page
    assert "paling banyak 2 JP" in page
    assert "data-watching=" not in page
    assert client.post(f"/webinar/{webinar.slug}/rekaman/catat-tontonan").status_code == 302
    page = read(client, webinar)
    assert f'data-watching="{person.id}"' in page
    assert "data-notes=" in page
    assert db.session.scalar(select(Enrollment.user_id)) == person.id
    assert client.post(f"/webinar/{webinar.slug}/rekaman/catat-tontonan").status_code == 302


@pytest.mark.parametrize("action", ["catat-tontonan", "catat-jp"])
def test_nothing_is_written_down_for_strangers_other_or_unmade_webinars(app, client, webinar, action):
    make_recording(webinar)
    assert client.post(f"/webinar/{webinar.slug}/rekaman/{action}").status_code == 303
    user = make_user()
    sign_in(client, user)
    for other in (make_webinar(), make_ended(), make_webinar(state=WebinarState.CANCELED)):
        assert client.post(f"/webinar/{other.slug}/rekaman/{action}").status_code == 404
    if action == "catat-jp":
        assert client.post(f"/webinar/{webinar.slug}/rekaman/{action}").status_code == 404, "was not registered"
    assert db.session.scalars(select(JpCredit)).all() == []


def test_who_was_there_until_half_and_watched_the_rest_gets_the_missed_minutes(app, client, webinar, person):
    make_recording(webinar)
    stay(webinar, user_key(person.id), 0, 50)
    sign_in(client, person)
    client.post(f"/webinar/{webinar.slug}/rekaman/catat-tontonan")
    assert client.post(f"/webinar/{webinar.slug}/rekaman/catat-jp").status_code == 409
    watch(person, webinar, (50, 99))
    page = read(client, webinar)
    assert "Menit yang terlewat itu bernilai 1 JP" in page
    assert client.post(f"/webinar/{webinar.slug}/rekaman/catat-jp").status_code == 302
    entry = db.session.scalars(select(JpCredit)).one()
    assert (entry.jp, entry.form, entry.reason) == (1, "E_LEARNING", missed.REASON)
    facts = db.session.scalars(
        select(LearningEvent.facts).where(LearningEvent.object_type == "lesson", LearningEvent.verb == "completed")
    ).one()
    assert (facts["there_seconds"], facts["watched_seconds"]) == (3000, 2940)
    assert client.post(f"/webinar/{webinar.slug}/rekaman/catat-jp").status_code == 409, "once"


def test_who_watches_all_of_it_gets_the_whole(app, client, webinar, person):
    make_recording(webinar)
    sign_in(client, person)
    client.post(f"/webinar/{webinar.slug}/rekaman/catat-tontonan")
    watch(person, webinar, (0, 95))
    read(client, webinar)
    entry = db.session.scalars(select(JpCredit)).one()
    assert (entry.jp, entry.form) == (2, "E_LEARNING")


def test_together_never_more_than_the_webinar(app, client, webinar, person):
    make_recording(webinar)
    with transaction():
        credit_activity(person.id, f"webinar:{webinar.id}", "SEMINAR", webinar.title, 2, 100.0, webinar.ended_at.date())
    sign_in(client, person)
    client.post(f"/webinar/{webinar.slug}/rekaman/catat-tontonan")
    assert "Untuk Anda masih 0 JP." in read(client, webinar)
    watch(person, webinar, (0, 95))
    read(client, webinar)
    assert sorted(db.session.scalars(select(JpCredit.jp))) == [0, 2]


def test_together_never_more_than_the_time_on_air_supports(app, client, person):
    webinar = make_ended(minutes=50)
    register(webinar, person)
    make_recording(webinar)
    with transaction():
        credit_activity(person.id, f"webinar:{webinar.id}", "SEMINAR", webinar.title, 1, 50.0, webinar.ended_at.date())
    sign_in(client, person)
    client.post(f"/webinar/{webinar.slug}/rekaman/catat-tontonan")
    page = read(client, webinar)
    assert "Bersama kehadiran langsung nilainya paling banyak 1 JP. Untuk Anda masih 0 JP." in page
    watch(person, webinar, (0, 48))
    read(client, webinar)
    assert sorted(db.session.scalars(select(JpCredit.jp))) == [0, 1]


def test_a_recording_of_a_short_webinar_promises_no_jp(app, client, person):
    webinar = make_ended(minutes=16)
    make_recording(webinar)
    sign_in(client, person)
    page = read(client, webinar)
    assert "Menonton rekaman ini tidak menambah JP. Tayangnya lebih singkat daripada satu JP." in page
    assert "nilainya paling banyak" not in page


def test_a_webinar_that_began_early_has_one_opening(app, client, person):
    webinar = make_ended(minutes=60)
    add_session(webinar, "Pembukaan", 4)
    add_session(webinar, "Paparan", 20, position=2)
    assert make_recording(webinar).chapters[:2] == [[0.0, "Pembukaan", "AGENDA"], [1200.0, "Paparan", "AGENDA"]]


def test_together_never_more_the_other_way_round(app, client, webinar, person):
    make_recording(webinar)
    sign_in(client, person)
    client.post(f"/webinar/{webinar.slug}/rekaman/catat-tontonan")
    watch(person, webinar, (0, 95))
    read(client, webinar)
    with transaction():
        late = credit_activity(person.id, f"webinar:{webinar.id}", "SEMINAR", webinar.title, 2, 100.0, webinar.ended_at.date())
    assert late is None or late.jp == 0
    other = make_ended()
    with transaction():
        entry = credit_activity(person.id, f"webinar:{other.id}", "SEMINAR", other.title, 2, 100.0, other.ended_at.date())
    assert entry is not None
    assert entry.jp == 2, "another webinar is not limited by this one"


def test_statements_do_not_grow_with_what_happened(app, client, webinar, person, count_queries):
    make_recording(webinar)
    sign_in(client, person)
    read(client, webinar)
    count_queries.clear()
    read(client, webinar)
    before = len(count_queries)
    for number in range(8):
        ask(webinar, f"Pertanyaan {number}", number, staged=number + 10)
        say(webinar, f"Obrolan {number}", number)
        poll(webinar, f"Jajak {number}", ["a", "b"], [[0], [1]])
        stay(webinar, user_key(person.id), number * 10, number * 10 + 5)
    read(client, webinar)
    count_queries.clear()
    read(client, webinar)
    assert len(count_queries) <= before
