"""Where a recording can be begun in its middle, found while it grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stage.matroska import Garbage, Index, doctype_of
from tests.stage.recordings import H264, VP8, pieces, recording

pytestmark = pytest.mark.ffmpeg


@pytest.mark.parametrize(("kind", "doctype"), [(H264, b"matroska"), (VP8, b"webm")])
def test_each_second_is_a_place_to_begin(kind: str, doctype: bytes) -> None:
    content = recording(kind)
    index = Index()
    index.feed(content)
    assert doctype_of(content[:4096]) == doctype
    assert index.header_end is not None
    assert index.header_end < 4096
    starts = [cluster.ms for cluster in index.clusters if cluster.with_key_frame]
    assert [round(ms / 1000) for ms in starts] == [0, 1, 2, 3, 4, 5]
    assert content[index.clusters[-1].at :].startswith(b"\x1f\x43\xb6\x75")


@pytest.mark.parametrize("size", [1, 7, 1000, 65_536])
def test_the_size_of_the_pieces_makes_no_difference(size: int) -> None:
    whole, bit_by_bit = Index(), Index()
    whole.feed(recording()[:60_000])
    for piece in pieces(recording()[:60_000], size):
        bit_by_bit.feed(piece)
    assert bit_by_bit.clusters == whole.clusters


def test_the_last_place_before_a_moment() -> None:
    index = Index()
    index.feed(recording())
    assert index.last_start(-1) is None
    found = index.last_start(3500)
    assert found is not None
    assert round(found.ms / 1000) == 3


@given(st.binary(min_size=1, max_size=400))
def test_garbage_is_refused_and_never_followed_for_ever(content: bytes) -> None:
    index = Index()
    try:
        index.feed(content)
    except Garbage:
        return
    assert index._at <= len(content)


@given(st.binary(max_size=200))
def test_no_beginning_is_taken_for_a_recording_by_chance(content: bytes) -> None:
    try:
        found = doctype_of(b"\x1a\x45\xdf\xa3" + content)
    except Garbage:
        return
    assert found is None or found in content
