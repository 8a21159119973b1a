"""WebVTT, read strictly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from flask import Flask

from app.kernel.errors import Invalid
from app.media.captions import (
    LARGEST_BYTES,
    MOST_CUES,
    MOST_FAULTS,
    BadCaptions,
    Cue,
    Line,
    as_typed,
    clean,
    lines_from,
    look_at,
    parse_vtt,
    passages,
    plain,
    read_bytes,
    read_srt,
    read_vtt,
    sentences,
    write_srt,
    write_vtt,
)
from app.media.languages import clean_tag

GOOD = """WEBVTT - judul

NOTE catatan penulis

1
00:00:01.000 --> 00:00:04.000 align:start
<v Rahmah>Halo, <i>apa kabar</i>?

00:05.500 --> 00:08.000
Baris satu
baris dua &amp; tiga.
"""


def test_cues_are_read_without_their_markup(app: Flask):
    assert parse_vtt(GOOD) == [Cue(1.0, 4.0, "Halo, apa kabar?"), Cue(5.5, 8.0, "Baris satu baris dua & tiga.")]


def test_line_ends_of_other_systems_and_a_byte_order_mark_are_fine(app: Flask):
    assert parse_vtt("\ufeff" + GOOD.replace("\n", "\r\n")) == parse_vtt(GOOD)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("1\n00:01.000 --> 00:02.000\nSRT\n", 1),
        ("WEBVTT\n00:01.000 --> 00:02.000\nTanpa baris kosong\n", 2),
        ("WEBVTT\n\n00:01,000 --> 00:02,000\nKoma\n", 3),
        ("WEBVTT\n\n00:03.000 --> 00:02.000\nMundur\n", 3),
        ("WEBVTT\n\n00:05.000 --> 00:06.000\nSatu\n\n00:01.000 --> 00:02.000\nDua\n", 6),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n\n", 3),
        ("WEBVTT\n\nhalo\ndunia\n", 3),
        ("WEBVTT\n\nbagian 1\n00:01.000 -> 00:02.000\nAnak panah salah\n", 4),
        ("WEBVTT\n\n00:99.000 --> 02:00.000\nLewat\n", 3),
    ],
)
def test_faults_are_told_with_their_line(app: Flask, text: str, line: int):
    with pytest.raises(BadCaptions) as bad:
        parse_vtt(text)
    assert bad.value.line == line


SRT = """1
00:00:01,000 --> 00:00:04,000
<font color="#ff0"><i>Halo</i></font>, {\\an8}apa kabar?

2
00:00:05,500 --> 00:00:08,000
Pasal 12 B & 12 C
baris dua
"""


def test_every_fault_is_told_not_only_the_first(app: Flask):
    with pytest.raises(BadCaptions) as bad:
        read_vtt("WEBVTT\n\n00:03.000 --> 00:02.000\nMundur\n\nbukan waktu\n\n00:05 --> 00:06\nSingkat\n")
    assert [fault.line for fault in bad.value.faults] == [3, 6, 8]


def test_subrip_becomes_webvtt(app: Flask):
    found = read_srt(SRT)
    assert [(line.begin, line.end, line.text) for line in found.lines] == [
        (1.0, 4.0, "<i>Halo</i>, apa kabar?"),
        (5.5, 8.0, "Pasal 12 B &amp; 12 C\nbaris dua"),
    ]
    again = read_vtt(write_vtt(found.lines))
    assert (again.cues, again.is_clean) == (found.cues, True)
    assert write_srt(found.lines).startswith("1\n00:00:01,000 --> 00:00:04,000\n<i>Halo</i>, apa kabar?\n\n2\n")
    assert "Pasal 12 B & 12 C" in write_srt(found.lines)


@pytest.mark.parametrize(
    ("srt", "line"),
    [
        ("1\n00:00:01,000 -> 00:00:02,000\nAnak panah salah\n\n2\n00:00:03,000 --> 00:00:04,000\nBaik\n", 2),
        ("1\n00:00:61,000 --> 00:00:04,000\nDetik 61\n", 2),
        ("1\n00:00:05,000 --> 00:00:04,000\nMundur\n", 2),
        ("1\n00:00:05,000 --> 00:00:06,000\nSatu\n\n2\n00:00:01,000 --> 00:00:02,000\nDua\n", 6),
        ("1\n00:00:05,000 --> 00:00:06,000\n\n", 2),
        ("00:00:01,000 --> 00:00:02,000\nSatu\n\nBuka 08:00 sampai 15:00\nhari ini\n", 4),
        ("Ini surat biasa.\n", 1),
        ("", 1),
    ],
)
def test_faults_of_subrip_are_told_with_their_line(app: Flask, srt: str, line: int):
    with pytest.raises(BadCaptions) as bad:
        read_bytes(srt.encode())
    assert bad.value.line == line


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("<b>tebal</b> <script>alert(1)</script>", "<b>tebal</b> alert(1)"),
        ('<img src=x onerror="alert(1)">Halo', "Halo"),
        ("<v Bu Siti>Halo</v> <c.merah>merah</c> <00:02.000>lalu", "<v Bu Siti>Halo</v> <c.merah>merah</c> <00:02.000>lalu"),
        ("5 < 6 & 7 > 3", "5 &lt; 6 &amp; 7 > 3"),
        ("a --> b", "a --&gt; b"),
        ("<!-- x --><?php ?>kata", "kata"),
        ("satu\n\n\ndua", "satu\ndua"),
        ("AT&amp;T &lt;3 &#65;", "AT&amp;T &lt;3 &#65;"),
    ],
)
def test_only_the_tags_of_webvtt_stay_in_a_cue(given: str, kept: str):
    assert clean(given) == kept
    assert clean(kept) == kept


def test_styles_and_foreign_settings_are_left_out(app: Flask):
    found = read_vtt("WEBVTT\n\nSTYLE\n::cue { background: url(x) }\n\n00:01.000 --> 00:02.000 align:start onload:x(1)\nHalo\n")
    assert (found.is_clean, found.lines[0].settings) == (False, "align:start")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_editors_write_is_read(app: Flask, encoding: str):
    assert read_bytes(SRT.replace("Halo", "Kafé “Halo”").encode(encoding)).cues[0].text == "Kafé “Halo”, apa kabar?"


def test_an_old_windows_file_is_read_with_a_remark(app: Flask):
    found = read_bytes(SRT.replace("Halo", "Kafé").encode("cp1252"))
    assert found.cues[0].text == "Kafé, apa kabar?"
    assert "Windows-1252" in found.remarks[0].message


@pytest.mark.parametrize(
    "data",
    [b"\x00\x01" + SRT.encode(), SRT.encode("utf-16-le"), b"1\n00:00:01,000 --> 00:00:02,000\n\x81\x8d\xff\n", b"\xff\xfe\x00", b"x" * (LARGEST_BYTES + 1)],
)
def test_what_is_no_text_is_refused_with_words(app: Flask, data: bytes):
    with pytest.raises(BadCaptions):
        read_bytes(data)


def _steps(text: str, *, within: Callable[[str], object]) -> float:
    """The least of some times, which another process's work makes longer and never shorter."""

    def once() -> float:
        begun = perf_counter()
        with pytest.raises(BadCaptions):
            within(text)
        return perf_counter() - begun

    return min(once() for _ in range(3))


@pytest.mark.parametrize(
    "line",
    [
        lambda size: "1:00" + "1" * size,
        lambda size: "1:" * (size // 2),
        lambda size: "1:00 " * (size // 5),
        lambda size: "1:00" + " " * size,
        lambda size: "00:01.000 -->" + " " * size + "x",
        lambda size: "00:01.000" + " " * size + "-->",
        lambda size: "00:00:01,000 --> 00:00:02,000" + " " * size + "\n",
        lambda size: "1\n00:00:01,000 --> 00:00:02,000\n" + "{\\" * (size // 2),
        lambda size: "1\n00:00:01,000 --> 00:00:02,000\n" + "<a" * (size // 2),
        lambda size: "1\n00:00:01,000 --> 00:00:02,000\n<c" + ".a" * (size // 2) + "!>",
        lambda size: "1\n00:00:01,000 --> 00:00:02,000\n" + "&#" * (size // 2),
        lambda size: "x\n\n" * (size // 3),
        lambda size: "1\n00:00:01,000 --> 00:00:02,000\nx\n\n" * (size // 38),
    ],
)
@pytest.mark.parametrize("read", [read_srt, read_vtt])
def test_no_line_is_looked_through_again_and_again(app: Flask, line: Callable[[int], str], read: Callable[[str], object]):
    """Ten times the text costs about ten times as much, not a hundred times."""
    before = ("WEBVTT\n\n" if read is read_vtt else "1\n00:00:01,000 --> 00:00:02,000\nhalo\n\n")
    after = "\n\n00:00:09,000 --> x\n"
    small, large = (_steps(f"{before}{line(size)[: size]}{after}", within=read) for size in (80_000, 800_000))
    assert large < 40 * max(small, 0.01)


def test_reading_stops_where_it_would_tell_nothing_more(app: Flask):
    with pytest.raises(BadCaptions) as bad:
        read_srt("1\n00:00:01,000 --> 00:00:02,000\nhalo\n\n" + "x\n\n" * 100_000)
    assert [fault.line for fault in bad.value.faults] == [5 + 2 * n for n in range(MOST_FAULTS)]
    with pytest.raises(BadCaptions) as bad:
        read_srt("00:00:01,000 --> 00:00:02,000\nx\n\n" * (MOST_CUES + 100))
    assert bad.value.message == "Terlalu banyak takarir; batasnya 5000."


def test_cues_beyond_the_videos_end_are_faults_and_overlaps_only_remarks(app: Flask):
    lines = [Line(1, 4, "Satu"), Line(3, 6, "Dua"), Line(58, 61.9, "Hampir"), Line(61, 62, "Lewat")]
    faults, remarks = look_at(lines, 60.0)
    assert [fault.cue for fault in faults] == [4]
    assert [remark.cue for remark in remarks] == [2, 4]
    assert look_at([Line(1, 2, "x")] * (MOST_CUES + 1))[0][0].cue == MOST_CUES + 1


def test_a_cue_beyond_the_end_is_told_with_the_other_faults(app: Flask):
    with pytest.raises(BadCaptions) as bad:
        read_bytes(b"WEBVTT\n\n00:03.000 --> 00:02.000\nMundur\n\n01:05.000 --> 01:06.000\nLewat\n", 60.0)
    assert [fault.line for fault in bad.value.faults] == [3, 6]


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Umur 5 &lt; 6 &amp; Tata Usaha", "Umur 5 < 6 & Tata Usaha"),
        ("<i>Satu</i> &gt; dua", "<i>Satu</i> > dua"),
        ("tanda &lt;b&gt; tebal", "tanda &lt;b&gt; tebal"),
        ("tulis &amp;lt; di sini", "tulis &amp;lt; di sini"),
        ("a&nbsp;b", "a&nbsp;b"),
        ("dari --&gt; ke", "dari --> ke"),
    ],
)
def test_the_editor_shows_what_was_typed_and_it_means_the_same_again(written: str, typed: str):
    assert as_typed(written) == typed
    assert plain(clean(typed)) == plain(written)


@pytest.mark.parametrize("name", ["NOTE", "NOTE catatan", "STYLE", "REGION x", "a\r\rb", "a --> b"])
def test_a_name_that_would_make_a_cue_something_else_is_not_kept(app: Flask, name: str):
    lines = lines_from([{"begin": 0, "end": 1, "text": "Halo <v -->semua</v>.", "name": name}])
    assert [cue.text for cue in parse_vtt(write_vtt(lines))] == ["Halo semua."]
    assert write_vtt(lines).count("-->") == 1


@pytest.mark.parametrize("hours", ["9" * 400, "9" * 5000, "٠٠"])
def test_hours_that_nobody_can_watch_cannot_be_read(app: Flask, hours: str):
    with pytest.raises(BadCaptions) as refused:
        read_bytes(f"WEBVTT\n\n00:00.000 --> {hours}:00:01.000\nHalo.\n".encode())
    assert refused.value.line == 3


@pytest.mark.parametrize(("given", "tag"), [("ID", "id"), ("in", "id"), ("zh-hant-tw", "zh-Hant-TW"), ("bew", "bew"), ("id-x-mudah", "id-x-mudah")])
def test_language_tags_are_written_as_usual(app: Flask, given: str, tag: str):
    with app.test_request_context():
        assert clean_tag(given) == tag


@pytest.mark.parametrize("given", ["", "x", "indonesia", "../id", "id-", "qq", "id/en", "a" * 40, "id-" + "x-" * 20])
def test_what_is_no_language_tag_is_refused(app: Flask, given: str):
    with app.test_request_context(), pytest.raises(Invalid):
        clean_tag(given)


def test_passages_hold_some_sentences(app: Flask):
    cues = [Cue(n * 5, n * 5 + 4, f"Kalimat nomor {n} menjelaskan satu hal tentang gratifikasi.") for n in range(40)]
    found = passages(cues)
    assert 8 < len(found) < 20
    assert all(len(" ".join(cue.text for cue in group)) <= 340 for group in found)
    assert [cue for group in found for cue in group] == cues
    without_ends = passages([Cue(n, n + 1, "kata tanpa titik yang cukup panjang") for n in range(100)])
    assert max(len(group) for group in without_ends) < 12
    assert passages([]) == []


def test_a_transcript_is_made_of_whole_sentences():
    cues = [Cue(0, 2, "Pemberian sembilan juta,"), Cue(2, 4, "tetap dapat menjadi perkara."), Cue(4.5, 6, "Lapor.")]
    assert sentences(cues) == [Cue(0, 4, "Pemberian sembilan juta, tetap dapat menjadi perkara."), Cue(4.5, 6, "Lapor.")]


@pytest.mark.parametrize("path", sorted(Path("content").glob("*/media/*.vtt")), ids=lambda path: path.name)
def test_the_captions_we_ship_fit_the_screen(app: Flask, path: Path):
    text = path.read_text(encoding="utf-8")
    cues = parse_vtt(text)
    assert len(cues) > 10
    shown = [block.split("\n")[1:] for block in text.strip().split("\n\n")[1:]]
    assert all(len(lines) <= 2 and all(len(line) <= 42 for line in lines) for lines in shown)
    assert all(1.0 <= cue.end - cue.begin <= 9.0 for cue in cues)
