from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.learning import spans

SPAN = st.tuples(st.integers(0, 2000), st.integers(0, 2000)).map(lambda pair: (min(pair), max(pair)))
SPANS = st.lists(SPAN, max_size=12)


def seconds(items: list[spans.Span]) -> set[int]:
    return {unit for start, end in items for unit in range(start, end)}


@given(SPANS)
def test_merging_keeps_every_second_once(items: list[spans.Span]) -> None:
    result = spans.merged(items)
    assert seconds(result) == seconds(items)
    assert spans.length(result) == len(seconds(items))
    assert all(a[1] < b[0] for a, b in pairwise(result))


@given(SPANS, SPANS)
def test_what_is_common_is_in_both(one: list[spans.Span], other: list[spans.Span]) -> None:
    assert seconds(spans.common(spans.merged(one), spans.merged(other))) == seconds(one) & seconds(other)


@given(SPANS)
def test_gaps_are_what_was_not_seen(items: list[spans.Span]) -> None:
    assert seconds(spans.gaps(spans.merged(items), 2000)) == set(range(2000)) - seconds(items)


@given(SPANS, st.integers(0, 3000), st.integers(0, 3000))
def test_never_more_than_the_budget_or_the_video(items: list[spans.Span], whole: int, budget: int) -> None:
    kept = spans.clipped(items, whole, budget)
    assert spans.length(kept) <= budget
    assert all(0 <= start < end <= whole for start, end in kept)


@given(SPANS, SPANS)
def test_watching_is_a_union_and_repeats_go_to_the_second_layer(before: list[spans.Span], played: list[spans.Span]) -> None:
    once, again = spans.watch(before, [], played)
    assert seconds(once) == seconds(before) | seconds(played)
    assert seconds(again) <= seconds(once)


def test_one_minute_ten_times_is_one_minute() -> None:
    once, again = spans.watch([], [], [(0, 60_000)] * 10)
    assert spans.length(once) == spans.length(again) == 60_000


def test_what_lies_beyond_the_end_of_a_shorter_video_is_left_out():
    assert spans.within([(0, 500), (800, 1900)], 1000) == [(0, 500), (800, 1000)]
    assert spans.within([(1200, 1900)], 1000) == []
    assert spans.within([(0, 1000)], 1000) == [(0, 1000)]
    assert spans.within([], 1000) == []
