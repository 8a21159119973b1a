"""Where moments lie in the recording: takes with gaps between them, and two recorders at once."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.recordings.parts import Part, laid_out, length_ms, moment_of, parts_of, position_of, spans_of

BEGIN = 1_790_000_000.0


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(BEGIN + seconds, UTC)


@st.composite
def recordings(draw: st.DrawFn) -> tuple[Part, ...]:
    """Takes of a second to an hour; each begins up to three seconds before the one before it ends, or up to ten minutes after."""
    takes, begin = [], BEGIN
    for number in range(1, draw(st.integers(1, 8)) + 1):
        duration = draw(st.integers(4_000, 3_600_000))
        takes.append((number, begin, duration))
        begin += duration / 1000 + draw(st.integers(-3_000, 600_000)) / 1000
    return laid_out(takes)


MOMENTS = st.floats(-600, 60_000, allow_nan=False).map(at)


@given(recordings(), MOMENTS)
def test_every_moment_lies_inside_the_recording(parts, moment):
    assert 0 <= position_of(moment, parts) <= length_ms(parts)


@given(recordings(), MOMENTS, MOMENTS)
def test_what_happened_later_never_lies_earlier(parts, one, other):
    first, second = sorted((one, other))
    assert position_of(first, parts) <= position_of(second, parts)


@given(recordings(), st.floats(0, 1, allow_nan=False))
def test_a_place_in_the_recording_leads_to_a_moment_and_back(parts, share):
    position = round(share * length_ms(parts))
    moment = moment_of(position, parts)
    assert moment is not None
    part = next(part for part in reversed(parts) if part.offset_ms <= position)
    beside = next((p for p in parts if p.take == part.take + 1 and p.started_at <= moment.timestamp()), None)
    if beside is None:  # in a stretch that two recorders ran, the later one is what people saw
        assert abs(position_of(moment, parts) - position) <= 1


@given(recordings(), MOMENTS, MOMENTS)
def test_stretches_are_in_order_apart_and_inside(parts, one, other):
    first, second = sorted((one, other))
    spans = spans_of(first, second, parts)
    assert all(start < end for start, end in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert sum(end - start for start, end in spans) <= length_ms(parts)


@given(recordings())
def test_who_was_there_all_the_time_saw_all_of_it(parts):
    last = max(part.started_at + part.duration_ms / 1000 for part in parts)
    assert spans_of(at(-1), datetime.fromtimestamp(last + 1, UTC), parts) == [(0, length_ms(parts))]


def test_a_gap_between_two_takes():
    parts = laid_out([(1, BEGIN, 60_000), (2, BEGIN + 100, 30_000)])
    assert position_of(at(59), parts) == 59_000
    assert position_of(at(80), parts) == 60_000, "what happened in the gap lies where the next take begins"
    assert position_of(at(101), parts) == 61_000
    assert moment_of(61_000, parts) == at(101)
    assert spans_of(at(50), at(110), parts) == [(50_000, 70_000)]
    assert spans_of(at(62), at(99), parts) == []


def test_two_recorders_at_once():
    parts = laid_out([(1, BEGIN, 60_000), (2, BEGIN + 58, 30_000)])
    assert position_of(at(57), parts) == 57_000
    assert position_of(at(58), parts) == 60_000, "the later one is what people saw"
    assert position_of(at(59), parts) == 61_000


def test_before_after_and_without_a_recording():
    parts = laid_out([(1, BEGIN, 60_000)])
    assert position_of(at(-5), parts) == 0
    assert position_of(at(500), parts) == 60_000
    assert position_of(at(5), ()) == 0
    assert moment_of(5, ()) is None
    assert length_ms(()) == 0


def test_takes_are_laid_out_as_they_began_and_kept_as_rows():
    parts = laid_out([(2, BEGIN + 100, 5_000), (1, BEGIN, 60_000)])
    assert [part.take for part in parts] == [1, 2]
    assert parts_of([[p.take, p.started_at, p.offset_ms, p.duration_ms] for p in parts]) == parts
