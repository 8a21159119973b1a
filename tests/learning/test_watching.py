"""Honest watching: never more than the clock allows, no second twice."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.courses.outline import CourseOutline
from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.errors import Invalid, NotFound
from app.learning import watching
from app.learning.models import LearningEvent, Viewing, WatchedSpan
from app.learning.watching import Report, Watched
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_user

At = Callable[..., None]
MINUTE = 60_000
LENGTH = 10 * MINUTE


@pytest.fixture
def course(app: Flask, at: At) -> CourseOutline:
    at(2026, 11, 23, 9, 0)
    return publish_course("film", lesson("a", "video", asset_id=1), lesson("b", "video", asset_id=2))


def sit(user_id: int, course: CourseOutline, key: str = "a") -> int:
    return watching.open_viewing(user_id, course, course.lesson(key))


def report(
    user_id: int, course: CourseOutline, viewing: int, *played: tuple[float, float], key: str = "a", rate: float = 1.0, number: int | None = None
) -> Watched:
    parsed = Report.parse({"viewing": viewing, "played": [list(span) for span in played], "rate": rate, "number": number})
    return watching.record_report(user_id, course.lesson(key).lesson_id, LENGTH, parsed)


def test_what_was_played_counts(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 0, 15)
    assert report(user.id, course, viewing, (0, 15)).covered == 15_000
    at(2026, 11, 23, 9, 0, 30)
    result = report(user.id, course, viewing, (15, 30))
    assert (result.covered, result.once) == (30_000, [(0, 30_000)])
    assert db.session.scalar(select(func.count()).select_from(WatchedSpan)) == 1


def test_seeking_to_the_end_counts_what_was_played_there(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 0, 10)
    assert report(user.id, course, viewing, (0, 2), (592, 600)).once == [(0, 2_000), (592_000, 600_000)]


def test_a_minute_ten_times_is_a_minute(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 10)
    assert report(user.id, course, viewing, *[(0, 60)] * 10).covered == MINUTE


def test_a_forged_report_gets_no_more_than_the_clock(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 0, 15)
    result = report(user.id, course, viewing, (0, 600))
    assert (result.covered, result.refused) == (15_000, 585_000)
    assert report(user.id, course, viewing, (0, 600)).covered == 15_000


def test_a_claimed_rate_helps_only_up_to_double_speed(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 0, 15)
    assert report(user.id, course, viewing, (0, 600), rate=16).covered == 30_000


def test_a_machine_that_plays_slivers_is_not_followed(course: CourseOutline, at: At) -> None:
    """Each sliver would be a row that every later report reads; a person's seeking never makes so many."""
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 9)
    for part in range(5):
        starts = [(part * 150 + i) * 0.5 for i in range(150)]
        result = report(user.id, course, viewing, *[(start, start + 0.1) for start in starts])
    assert len(result.once) <= watching.MOST_PIECES
    assert result.counted == 0
    filled = report(user.id, course, viewing, (0, 100))
    assert filled.counted == 100_000


@pytest.mark.parametrize("viewing", [0, -1, 2**31, 10**40])
def test_a_number_that_no_viewing_has_is_refused(viewing: int) -> None:
    with pytest.raises(Invalid):
        Report.parse({"viewing": viewing, "played": []})


def test_two_tabs_share_one_clock(course: CourseOutline, at: At) -> None:
    user = make_user()
    one, other = sit(user.id, course), sit(user.id, course, "b")
    counted = 0
    for second in range(15, 120, 15):
        at(2026, 11, 23, 9, second // 60, second % 60)
        counted += report(user.id, course, one, (second - 15, second)).counted
        counted += report(user.id, course, other, (second - 15, second), key="b").counted
    assert counted == 105_000


def test_two_people_do_not_share_a_clock(course: CourseOutline, at: At) -> None:
    alya, budi = make_user("Alya"), make_user("Budi")
    one, other = sit(alya.id, course), sit(budi.id, course)
    at(2026, 11, 23, 9, 1)
    assert report(alya.id, course, one, (0, 60)).counted == MINUTE
    assert report(budi.id, course, other, (0, 60)).counted == MINUTE


def test_a_foreign_viewing_is_not_there(course: CourseOutline, at: At) -> None:
    alya, budi = make_user("Alya"), make_user("Budi")
    viewing = sit(alya.id, course)
    at(2026, 11, 23, 9, 1)
    with pytest.raises(NotFound):
        report(budi.id, course, viewing, (0, 10))
    with pytest.raises(NotFound):
        report(alya.id, course, viewing, (0, 10), key="b")


def test_a_report_sent_twice_counts_once(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 1)
    report(user.id, course, viewing, (0, 20))
    assert report(user.id, course, viewing, (0, 20)).covered == 20_000


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, {"viewing": "1", "played": []}, {"viewing": True, "played": []}, {"viewing": 1}, {"viewing": 1, "played": [[5, 2]]},
        {"viewing": 1, "played": [[-1, 2]]}, {"viewing": 1, "played": [[0, 1e12]]}, {"viewing": 1, "played": [[0, float("nan")]]},
        {"viewing": 1, "played": [[0]]}, {"viewing": 1, "played": [[0, 1]] * 201}, {"viewing": 1, "played": [[0, 1]], "rate": 0},
        {"viewing": 1, "played": [[0, 1]], "rate": "x"}, {"viewing": 1, "played": "abc"}, {"viewing": 1, "played": [], "number": 0},
        {"viewing": 1, "played": [], "number": "1"}, {"viewing": 1, "played": [], "number": 10**9},
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(body: object) -> None:
    with pytest.raises(Invalid):
        Report.parse(body)


def test_a_viewing_ends_with_one_summary(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    sit(user.id, course)
    at(2026, 11, 23, 9, 0, 40)
    report(user.id, course, viewing, (0, 20), (0, 20))
    at(2026, 11, 23, 9, 20)
    assert watching.close_silent_viewings() == 2
    assert watching.close_silent_viewings() == 0
    with transaction():
        assert not watching.close_viewing(viewing)
    event = db.session.scalars(select(LearningEvent).where(LearningEvent.verb == "progressed")).one()
    assert (event.facts["played_seconds"], event.facts["new_seconds"]) == (40.0, 20.0)
    assert db.session.scalar(select(func.count()).select_from(Viewing).where(Viewing.closed_at.is_(None))) == 0
    assert clock.now() > event.happened_at


# ---- without a connection ----


def begun(user_id: int, course: CourseOutline, ticket: object, key: str = "sitting-1", late: bool = True, lesson_key: str = "a") -> int:
    chosen = course.lesson(lesson_key)
    name, since = watching.parse_opening({"key": key, "ticket": ticket, "late": late}, user_id, chosen.lesson_id)
    return watching.open_viewing(user_id, course, chosen, name, since)


def ticket_of(user_id: int, course: CourseOutline) -> str:
    return watching.make_ticket(user_id, course.lesson("a").lesson_id)


def test_what_was_watched_offline_counts_when_the_connection_is_back(course: CourseOutline, at: At) -> None:
    user = make_user()
    ticket = ticket_of(user.id, course)
    at(2026, 11, 23, 9, 5)
    viewing = begun(user.id, course, ticket)
    assert report(user.id, course, viewing, (0, 240), number=1).covered == 240_000
    assert report(user.id, course, viewing, (240, 600), number=2).covered == 300_000, "no more than passed since the page was handed out"


def test_a_sitting_that_could_be_told_counts_from_now(course: CourseOutline, at: At) -> None:
    user = make_user()
    ticket = ticket_of(user.id, course)
    at(2026, 11, 23, 9, 5)
    assert report(user.id, course, begun(user.id, course, ticket, late=False), (0, 240)).covered == 0


@pytest.mark.parametrize("forge", ["", "x.y", "1.2.3", "1.2.3.é", "...", "1.2.3." + "0" * 64, None, 7, ["a"]])
def test_a_forged_ticket_opens_the_sitting_now(course: CourseOutline, at: At, forge: object) -> None:
    user = make_user()
    assert report(user.id, course, begun(user.id, course, forge), (0, 240)).covered == 0


def test_a_ticket_that_was_set_back_helps_nobody(course: CourseOutline, at: At) -> None:
    user = make_user()
    whose, lesson, moment, signature = ticket_of(user.id, course).split(".")
    early = ".".join((whose, lesson, str(int(moment) - 600_000), signature))
    assert report(user.id, course, begun(user.id, course, early), (0, 240)).covered == 0


def test_the_ticket_of_another_person_or_lesson_helps_nobody(course: CourseOutline, at: At) -> None:
    alya, budi = make_user("Alya"), make_user("Budi")
    ticket = ticket_of(alya.id, course)
    at(2026, 11, 23, 9, 5)
    assert report(budi.id, course, begun(budi.id, course, ticket), (0, 60)).covered == 0
    other = begun(alya.id, course, ticket, key="sitting-2", lesson_key="b")
    assert report(alya.id, course, other, (0, 60), key="b").covered == 0


def test_an_old_ticket_reaches_back_a_week(course: CourseOutline, at: At) -> None:
    user = make_user()
    ticket = ticket_of(user.id, course)
    at(2026, 12, 23, 9, 0)
    begun(user.id, course, ticket)
    assert clock.now() - db.session.scalars(select(Viewing.opened_at)).one() == watching.LONGEST_TICKET


def test_opening_twice_is_one_sitting(course: CourseOutline) -> None:
    user = make_user()
    ticket = ticket_of(user.id, course)
    assert begun(user.id, course, ticket) == begun(user.id, course, ticket, late=False)
    with pytest.raises(Invalid):
        begun(user.id, course, ticket, lesson_key="b")
    assert begun(make_user("Budi").id, course, ticket) != begun(user.id, course, ticket)


@pytest.mark.parametrize("key", ["short", "x" * 41, "a b c d e f", 7, ["a" * 10]])
def test_a_name_that_is_none_is_refused(course: CourseOutline, key: object) -> None:
    with pytest.raises(Invalid):
        watching.parse_opening({"key": key}, 1, 1)


def test_a_numbered_report_counts_once(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 10)
    first = report(user.id, course, viewing, (0, 20), number=1)
    second = report(user.id, course, viewing, (0, 20), number=1)
    assert (first.covered, second.covered, second.counted, second.again) == (20_000, 20_000, 0, [])
    assert db.session.scalars(select(Viewing.counted_ms)).one() == 20_000


def test_reports_may_arrive_out_of_order(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 10)
    for number in (3, 1, 4, 2, 1, 3):
        result = report(user.id, course, viewing, (number * 10, number * 10 + 10), number=number)
    assert (result.covered, result.again) == (40_000, [])


def test_a_late_report_after_silence_counts_and_is_summed_up_once_more(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing = sit(user.id, course)
    at(2026, 11, 23, 9, 0, 30)
    report(user.id, course, viewing, (0, 30), number=1)
    at(2026, 11, 23, 9, 20)
    assert watching.close_silent_viewings() == 1
    assert report(user.id, course, viewing, (0, 30), number=1).counted == 0
    assert watching.close_silent_viewings() == 0, "a repeated report opens nothing"
    assert report(user.id, course, viewing, (30, 90), number=2).covered == 90_000
    at(2026, 11, 23, 9, 40)
    assert (watching.close_silent_viewings(), watching.close_silent_viewings()) == (1, 0)
    told = [event.facts["played_seconds"] for event in db.session.scalars(select(LearningEvent).where(LearningEvent.verb == "progressed"))]
    assert told == [30.0, 60.0]


def test_what_was_watched_of_a_longer_video_counts_only_up_to_the_end_of_the_one_that_took_its_place(course: CourseOutline, at: At) -> None:
    user = make_user()
    viewing, lesson_id = sit(user.id, course), course.lesson("a").lesson_id
    with transaction() as session:
        session.add(WatchedSpan(user_id=user.id, lesson_id=lesson_id, layer=1, start_ms=50_000, end_ms=120_000))
    at(2026, 11, 23, 9, 0, 10)
    parsed = Report.parse({"viewing": viewing, "played": [[0, 10]]})
    result = watching.record_report(user.id, lesson_id, MINUTE, parsed)
    assert (result.before, result.covered) == (10_000, 20_000)
    assert result.once == [(0, 10_000), (50_000, 60_000)]
    kept = db.session.scalars(select(WatchedSpan.end_ms).where(WatchedSpan.lesson_id == lesson_id).order_by(WatchedSpan.end_ms))
    assert list(kept) == [10_000, 120_000]
