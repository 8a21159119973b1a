"""Gathering changes into numbered frames."""

from __future__ import annotations

from app.room.streams import KEPT_FRAMES, Stream


def test_changes_of_one_beat_are_one_frame_in_order() -> None:
    stream = Stream("all")
    stream.add("a", 1)
    stream.put("count", 4, 10)
    stream.add("b", 2)
    stream.put("count", 4, 11)
    stream.put("count", 5, 1)
    assert stream.take() == {"s": "all", "n": 1, "c": [["a", 1], ["count", 11], ["b", 2], ["count", 1]]}
    assert stream.take() is None


def test_a_count_of_the_next_frame_is_told_again() -> None:
    stream = Stream("all")
    stream.put("count", 4, 10)
    stream.take()
    stream.put("count", 4, 12)
    assert stream.take() == {"s": "all", "n": 2, "c": [["count", 12]]}


def test_what_was_missed_is_told_from_the_next_number_on() -> None:
    stream = Stream("all")
    for n in range(5):
        stream.add("a", n)
        stream.take()
    assert [frame["n"] for frame in stream.since(3) or []] == [4, 5]
    assert stream.since(5) == []
    assert stream.since(6) is None


def test_what_is_forgotten_is_said_to_be() -> None:
    stream = Stream("all")
    for n in range(KEPT_FRAMES + 3):
        stream.add("a", n)
        stream.take()
    assert stream.since(2) is None
    assert len(stream.since(3) or []) == KEPT_FRAMES
