"""One stream from many runs: segments keep their numbers, and every rung changes at the same place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.stage.encoder.merging import WINDOW, Part, Segment, master, playlist, read_run_playlist, read_segments, run_playlist
from app.stage.layout import RUNGS

START_MS = 1_796_000_000_000


@dataclass
class Read:
    """A playlist as a player takes it: (number, discontinuity, address) of each segment."""

    segments: list[tuple[int, int, str]]
    maps: list[str]
    ended: bool


def as_a_player(text: str) -> Read:
    number = int(re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)[1])  # type: ignore[index]
    part = int(re.search(r"#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)", text)[1])  # type: ignore[index]
    found = []
    for line in text.splitlines():
        if line == "#EXT-X-DISCONTINUITY":
            part += 1
        elif line and not line.startswith("#"):
            found.append((number, part, line))
            number += 1
    return Read(found, re.findall(r'MAP:URI="([^"]+)"', text), "#EXT-X-ENDLIST" in text)


def made(*counts: int, rungs: tuple[str, ...] = RUNGS) -> list[Part]:
    parts = []
    for i, count in enumerate(counts):
        segments = [Segment(1.0, f"{n:06d}.m4s") for n in range(count)]
        parts.append(Part(f"{i + 1}-1", START_MS + i * 100_000, {rung: list(segments) if rung in rungs else [] for rung in RUNGS}))
    return parts


def test_nothing_is_told_before_there_is_something_in_every_rung() -> None:
    assert playlist([], "video", False) is None
    assert playlist(made(3, rungs=("video", "low")), "video", False) is None


def test_the_first_playlist() -> None:
    text = playlist(made(3), "low", False)
    assert text is not None
    assert text.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:1",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="1-1/low/init_1.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T00:53:20.000Z",
        "#EXTINF:1.000000,",
        "1-1/low/000000.m4s",
        "#EXTINF:1.000000,",
        "1-1/low/000001.m4s",
        "#EXTINF:1.000000,",
        "1-1/low/000002.m4s",
    ]


def test_a_part_that_lacks_a_rung_is_shown_in_none() -> None:
    parts = made(3, 0, 2)
    parts[1].segments["video"] = [Segment(1.0, "000000.m4s")]
    for rung in RUNGS:
        read = as_a_player(playlist(parts, rung, False) or "")
        assert [part for _number, part, _name in read.segments] == [0, 0, 0, 1, 1]


def test_a_part_without_the_small_picture_shows_the_other_one_in_its_place() -> None:
    parts = [*made(2), Part("2-1", START_MS, {rung: [Segment(1.0, "000000.m4s")] * (rung != "low") for rung in RUNGS}, ("video", "audio"))]
    shown = {rung: playlist(parts, rung, False) or "" for rung in RUNGS}
    assert as_a_player(shown["low"]).segments[-1] == as_a_player(shown["video"]).segments[-1] == (2, 1, "2-1/video/000000.m4s")
    assert as_a_player(shown["low"]).maps == ["1-1/low/init_1.mp4", "2-1/video/init_0.mp4"]
    assert as_a_player(shown["audio"]).maps == ["1-1/audio/init_2.mp4", "2-1/audio/init_1.mp4"]


def test_the_moment_of_the_first_segment_shown() -> None:
    text = playlist(made(WINDOW + 5), "video", False) or ""
    assert "PROGRAM-DATE-TIME:2026-11-30T00:53:25.000Z" in text


def test_a_long_segment_makes_a_longer_target() -> None:
    parts = made(2)
    parts[0].segments["video"].append(Segment(3.6, "000002.m4s"))
    assert "#EXT-X-TARGETDURATION:4" in (playlist(parts, "video", False) or "")


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(1, 25))
def test_a_segment_keeps_its_number_and_its_part_for_ever(counts: list[int], most: int) -> None:
    """As segment after segment is added, no player ever reads two things under one number."""
    known: dict[int, tuple[int, str]] = {}
    so_far: list[int] = []
    for count in counts:
        so_far.append(0)
        for n in range(count):
            so_far[-1] = n + 1
            read = as_a_player(playlist(made(*so_far), "video", False, most) or "")
            for number, part, name in read.segments:
                assert known.setdefault(number, (part, name)) == (part, name)
            assert len(read.segments) <= most
            assert read.maps[-1].split("/")[0] == read.segments[-1][2].split("/")[0]
    assert sorted(known) == list(range(sum(counts)))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6))
def test_parts_have_the_same_number_in_every_rung(counts: list[tuple[int, int, int]]) -> None:
    parts = made(*[0] * len(counts))
    for part, each in zip(parts, counts, strict=True):
        for rung, count in zip(RUNGS, each, strict=True):
            part.segments[rung] = [Segment(1.0, f"{n:06d}.m4s") for n in range(count)]
    numbers: dict[str, int] = {}
    for rung in RUNGS:
        for _number, part, name in as_a_player(playlist(parts, rung, False, 1000) or "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DISCONTINUITY-SEQUENCE:0").segments:
            assert numbers.setdefault(name.split("/")[0], part) == part


def test_all_of_a_run_for_the_recording() -> None:
    text = run_playlist([Segment(1.0, "000000.m4s"), Segment(1.6, "000001.m4s")], Part("1-1", START_MS).header("audio"))
    assert read_run_playlist(text) == (0, [Segment(1.0, "000000.m4s"), Segment(1.6, "000001.m4s")])
    assert 'URI="init_2.mp4"' in text
    assert text.endswith("#EXT-X-ENDLIST\n")


def test_the_list_of_a_run_that_died_in_the_middle_of_a_line() -> None:
    assert read_segments("1.000000 000000.m4s\n1.02") == [Segment(1.0, "000000.m4s")]
    assert read_segments("") == []


def test_what_ffmpeg_says_it_has_finished() -> None:
    text = '#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI="init_0.mp4"\n#EXTINF:1.001000,\n000007.m4s\n#EXTINF:0.9,\n000008.m4s\n'
    assert read_run_playlist(text) == (7, [Segment(1.001, "000007.m4s"), Segment(0.9, "000008.m4s")])


def test_the_master_names_sizes_so_that_players_keep_the_sound_alone_apart() -> None:
    text = master({"video": 1_000_000, "low": 200_000, "audio": 48_000}, (1280, 720))
    assert "RESOLUTION=1280x720" in text
    assert "RESOLUTION=426x240" in text
    assert text.endswith('CODECS="mp4a.40.2"\naudio.m3u8\n')
