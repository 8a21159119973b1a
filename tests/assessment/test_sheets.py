"""Which of the entries of an attempt count, decided on plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.assessment.models import EntryKind
from app.assessment.sheets import Entry, sheet_of

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def entry(id: int, response: object, *, page: str = "phone", count: int | None = None, key: str = "a", late: bool = False) -> Entry:
    """An answer that arrived as number `id`, made as number `count` of its page."""
    return Entry(id, EntryKind.ANSWER, key, page, id if count is None else count, response, NOON + timedelta(seconds=id), late)


def test_the_latest_answer_by_the_pages_own_count_wins_however_it_arrives():
    assert sheet_of([entry(1, "second", count=2), entry(2, "first", count=1)]).answers == {"a": "second"}


def test_between_two_pages_the_later_arrival_wins():
    assert sheet_of([entry(1, "phone", count=9), entry(2, "tablet", page="tablet", count=1)]).answers == {"a": "tablet"}


def test_a_late_answer_is_kept_and_never_counts():
    late = entry(2, "late", late=True)
    sheet = sheet_of([entry(1, "in time"), late])
    assert (sheet.answers, sheet.late) == ({"a": "in time"}, {"a": late})


def test_an_answer_taken_back_is_no_answer():
    sheet = sheet_of([entry(1, "x"), entry(2, None)])
    assert not sheet.is_answered("a")


def test_a_mark_of_doubt_is_no_answer():
    sheet = sheet_of([entry(1, "x"), replace(entry(2, True), kind=EntryKind.MARK)])
    assert (sheet.answers, sheet.doubtful) == ({"a": "x"}, {"a"})


entries = st.lists(
    st.builds(
        entry,
        st.integers(1, 99),
        st.integers(),
        page=st.sampled_from(["phone", "tablet"]),
        count=st.integers(1, 9),
        key=st.sampled_from("abc"),
        late=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one.id,
)


@given(entries, st.randoms(use_true_random=False))
def test_no_question_is_dropped_and_the_order_of_reading_does_not_matter(made, rng):
    sheet = sheet_of(made)
    assert set(sheet.answers) == {one.question_key for one in made if not one.is_late}
    assert set(sheet.late) == {one.question_key for one in made if one.is_late}
    mixed = made[:]
    rng.shuffle(mixed)
    assert sheet_of(mixed).answers == sheet.answers
