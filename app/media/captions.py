"""Captions: WebVTT and SubRip, read strictly and written cleanly. What cannot be understood is refused with every line at fault.

A cue's `text` is WebVTT cue text: its own few tags (`<i>`, `<b>`, `<u>`, `<c>`, `<v>`, `<lang>`, `<ruby>`, `<rt>` and times), nothing else of HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import gettext as _

_VTT_TIME = r"(?:[0-9]{2,3}:)?[0-5][0-9]:[0-5][0-9]\.[0-9]{3}"
_VTT_TIMING = re.compile(rf"({_VTT_TIME})[ \t]+-->[ \t]+({_VTT_TIME})(?:[ \t]+(.*))?")
_SRT_TIME = r"(?:[0-9]{1,3}:)?[0-5]?[0-9]:[0-5]?[0-9][,.][0-9]{1,3}"
_SRT_TIMING = re.compile(rf"({_SRT_TIME})[ \t]*-->[ \t]*({_SRT_TIME})(?:[ \t].*)?")
_TWO_CLOCKS = re.compile(r"\d{1,3}:\d\d.{0,80}?\d{1,3}:\d\d")  # bounded: the rest of a long line is not looked through again and again
_SETTING = re.compile(r"(?:vertical|line|position|size|align):[A-Za-z0-9%.,\-]+")
_TOKEN = re.compile(r"(<[/!?A-Za-z0-9][^<>]*>)")
_ALLOWED = re.compile(rf"</?(?:c|i|b|u|ruby|rt|v|lang)(?:\.[\w\-]+)*(?:[ \t][^<>]*)?>|<{_VTT_TIME}>")
_BARE_AND = re.compile(r"&(?!(?:amp|lt|gt|nbsp|lrm|rlm|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)")
_SRT_STYLE = re.compile(r"\{\\[^{}]*\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_BLOCK_OF_ANOTHER_KIND = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")  # a cue so called would be read as a remark or as styles
LARGEST_BYTES, LARGEST_CHARACTERS = 1_000_000, 1_000_000
MOST_CUES, LONGEST_TEXT, MOST_FAULTS = 5000, 1000, 50
TAIL_SECONDS = 2.0  # the last cue may stand a little after the picture has ended


@dataclass(frozen=True, slots=True)
class Cue:
    """Words and their seconds, without markup."""

    begin: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A cue as its file says it: markup and line breaks kept. `at` is the line of its times in the file, or 0."""

    begin: float
    end: float
    text: str
    name: str = ""
    settings: str = ""
    at: int = 0

    @property
    def plain(self) -> Cue:
        return Cue(self.begin, self.end, plain(self.text))


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong, for the author. `line` and `cue` count from 1; 0 where it has none."""

    line: int
    message: str
    cue: int = 0


class BadCaptions(Exception):
    """`line` and `message` are those of the first fault."""

    def __init__(self, faults: Sequence[Fault]):
        self.faults = list(faults)
        self.line, self.message = self.faults[0].line, self.faults[0].message
        super().__init__(f"{self.line}: {self.message}")


@dataclass(slots=True)
class Captions:
    """What a file says. `is_clean`: it is WebVTT in UTF-8 and nothing had to be taken out, so it can be kept as its author
    wrote it."""

    lines: list[Line]
    is_clean: bool = True
    remarks: list[Fault] = field(default_factory=list)

    @property
    def cues(self) -> list[Cue]:
        return [line.plain for line in self.lines]


# ---- from bytes ----


def read_bytes(data: bytes, duration: float | None = None) -> Captions:
    """Captions of a file somebody brings: WebVTT or SubRip, in UTF-8, UTF-16 with its mark, or Windows-1252. With the video's length, what
    lies beyond its end is a fault too. Raises BadCaptions."""
    if len(data) > LARGEST_BYTES:
        raise BadCaptions([Fault(0, _("Berkas takarir terlalu besar; batasnya 1 MB."))])
    text, remark = _decode(data)
    found = read_vtt(text, duration) if text.lstrip().startswith("WEBVTT") else read_srt(text, duration)
    if remark:
        found.remarks.insert(0, remark)
    found.is_clean &= not remark and not data.startswith((b"\xff\xfe", b"\xfe\xff"))
    return found


def _decode(data: bytes) -> tuple[str, Fault | None]:
    remark = None
    is_utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        if is_utf_16:
            raise BadCaptions([Fault(0, _("Berkas ini rusak: tertulis UTF-16, tetapi tidak terbaca. Simpan ulang sebagai UTF-8."))]) from error
        text = _decode_western(data)
        remark = Fault(0, _("Berkas ini bukan UTF-8, jadi dibaca sebagai Windows-1252. Periksa huruf beraksen dan tanda kutip."))
    if found := _CONTROL.search(text):
        hint = _("Ada tanda yang bukan teks. Pastikan ini berkas takarir, lalu simpan sebagai UTF-8.")
        raise BadCaptions([Fault(text.count("\n", 0, found.start()) + 1, hint)])
    return text, remark


def _decode_western(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        message = _("Pengodean hurufnya tidak dikenali. Simpan berkas ini sebagai UTF-8, lalu unggah lagi.")
        raise BadCaptions([Fault(data.count(b"\n", 0, error.start) + 1, message)]) from error


# ---- WebVTT ----


def parse_vtt(text: str) -> list[Cue]:
    """The words of a WebVTT file in order, without markup. Raises BadCaptions."""
    return read_vtt(text).cues


def _damaged_timing(block: list[str]) -> int | None:
    """Where in a block somebody meant to write the times, though the arrow is not one: the row to look at, not the number above it."""
    return next((i for i, row in enumerate(block[:2]) if _TWO_CLOCKS.match(row.strip())), None)


def read_vtt(text: str, duration: float | None = None) -> Captions:
    """Raises BadCaptions with every fault."""
    if len(text) > LARGEST_CHARACTERS:
        raise BadCaptions([Fault(1, _("Berkas takarir terlalu besar."))])
    rows = _rows(text)
    if not re.fullmatch(r"WEBVTT([ \t].*)?", rows[0]):
        raise BadCaptions([Fault(1, _("Baris pertama harus WEBVTT."))])
    reader = _Reader(duration)
    at = 1
    while at < len(rows) and rows[at].strip():
        if "-->" in rows[at]:
            reader.fault(at + 1, _("Sesudah WEBVTT perlu satu baris kosong."))
            break
        at += 1
    for start, block in _blocks(rows, at):
        if reader.is_full:
            break
        if _BLOCK_OF_ANOTHER_KIND.match(block[0]):
            reader.is_clean &= block[0].startswith("NOTE")
            continue
        timing_at = next((i for i, entry in enumerate(block[:2]) if "-->" in entry), None)
        if timing_at is None:
            if (damaged := _damaged_timing(block)) is None:
                reader.fault(start + 1, _("Di sini seharusnya ada waktu, misalnya 00:01.000 --> 00:04.000."))
            else:
                reader.fault(start + damaged + 1, _("Waktu tidak terbaca. Tulis seperti 00:01.000 --> 00:04.000."))
            continue
        found = _VTT_TIMING.fullmatch(block[timing_at].strip())
        line = start + timing_at + 1
        if not found:
            reader.fault(line, _("Waktu tidak terbaca. Tulis seperti 00:01.000 --> 00:04.000."))
            continue
        settings = " ".join(one for one in (found[3] or "").split() if _SETTING.fullmatch(one))
        reader.is_clean &= settings == " ".join((found[3] or "").split())
        name = block[0].strip() if timing_at else ""
        reader.add(Line(seconds_of(found[1]), seconds_of(found[2]), "\n".join(block[timing_at + 1 :]), name, settings, line))
    return reader.finish()


def write_vtt(lines: Iterable[Line]) -> str:
    blocks = ["WEBVTT"]
    for line in lines:
        timing = f"{vtt_time(line.begin)} --> {vtt_time(line.end)}{' ' + line.settings if line.settings else ''}"
        blocks.append("\n".join([*([line.name] if line.name else []), timing, line.text]))
    return "\n\n".join(blocks) + "\n"


# ---- SubRip ----


def read_srt(text: str, duration: float | None = None) -> Captions:
    """Raises BadCaptions with every fault."""
    if len(text) > LARGEST_CHARACTERS:
        raise BadCaptions([Fault(1, _("Berkas takarir terlalu besar."))])
    rows = _rows(text)
    if not any("-->" in row for row in rows):
        raise BadCaptions([Fault(1, _("Ini bukan berkas takarir: tidak ada baris waktu seperti 00:00:01,000 --> 00:00:04,000."))])
    reader = _Reader(duration)
    for start, block in _blocks(rows, 0):
        if reader.is_full:
            break
        timing_at = next((i for i, entry in enumerate(block[:2]) if "-->" in entry), None)
        if timing_at is None:
            if (damaged := _damaged_timing(block)) is None:
                reader.fault(start + 1, _("Di sini seharusnya ada nomor dan waktu, misalnya 00:00:01,000 --> 00:00:04,000."))
            else:
                reader.fault(start + damaged + 1, _("Waktu tidak terbaca. Tulis seperti 00:00:01,000 --> 00:00:04,000."))
            continue
        found = _SRT_TIMING.fullmatch(block[timing_at].strip())
        if not found:
            reader.fault(start + timing_at + 1, _("Waktu tidak terbaca. Tulis seperti 00:00:01,000 --> 00:00:04,000."))
            continue
        words = _SRT_STYLE.sub("", "\n".join(block[timing_at + 1 :]))
        reader.add(Line(seconds_of(found[1]), seconds_of(found[2]), words, at=start + timing_at + 1))
    found = reader.finish()
    found.is_clean = False  # it becomes WebVTT
    return found


def write_srt(lines: Iterable[Line]) -> str:
    """SubRip has no classes, voices or rubies: only slanted, bold and underlined stay."""
    blocks = []
    for number, line in enumerate(lines, 1):
        words = html.unescape("".join(piece for piece in _TOKEN.split(line.text) if not _TOKEN.fullmatch(piece) or re.fullmatch(r"</?[biu]>", piece)))
        blocks.append(f"{number}\n{_srt_time(line.begin)} --> {_srt_time(line.end)}\n{words}\n")
    return "\n".join(blocks)


# ---- both ----


class _Reader:
    def __init__(self, duration: float | None) -> None:
        self.duration = duration
        self.lines: list[Line] = []
        self.faults: list[Fault] = []
        self.is_clean = True

    @property
    def is_full(self) -> bool:
        """Whether reading on would tell the author nothing more."""
        return len(self.faults) >= MOST_FAULTS or len(self.lines) > MOST_CUES

    def fault(self, line: int, message: str) -> None:
        self.faults.append(Fault(line, message))

    def add(self, line: Line) -> None:
        cleaned = clean(line.text)
        self.is_clean &= cleaned == line.text
        self.lines.append(replace(line, text=cleaned))

    def finish(self) -> Captions:
        """Raises BadCaptions."""
        faults, remarks = look_at(self.lines, self.duration)
        faults = sorted([*self.faults, *faults], key=lambda fault: fault.line)
        if not self.lines and not faults:
            faults = [Fault(1, _("Berkas ini tidak berisi satu pun takarir."))]
        if faults:
            raise BadCaptions(faults[:MOST_FAULTS])
        return Captions(self.lines, self.is_clean, remarks)


def look_at(lines: Sequence[Line], duration: float | None = None) -> tuple[list[Fault], list[Fault]]:
    """What is wrong with cues, and what only deserves a look. With the video's length, also what lies beyond its end."""
    faults: list[Fault] = []
    remarks: list[Fault] = []
    if len(lines) > MOST_CUES:
        faults.append(Fault(lines[MOST_CUES].at, _("Terlalu banyak takarir; batasnya %(n)d.", n=MOST_CUES), MOST_CUES + 1))
    before: Line | None = None
    for number, line in enumerate(lines[:MOST_CUES], 1):
        if line.end <= line.begin:
            faults.append(Fault(line.at, _("Waktu selesai harus sesudah waktu mulai."), number))
        elif before and line.begin < before.begin:
            faults.append(Fault(line.at, _("Waktu mulai lebih awal daripada takarir sebelumnya."), number))
        elif before and line.begin < before.end - 0.0005:
            remarks.append(Fault(line.at, _("Takarir ini mulai sebelum takarir sebelumnya selesai; keduanya akan tampil bersama."), number))
        if duration and is_beyond(line.begin, line.end, duration):
            faults.append(Fault(line.at, _("Takarir ini melewati akhir video (%(end)s).", end=vtt_time(duration)), number))
        if not plain(line.text):
            faults.append(Fault(line.at, _("Takarir ini tidak berisi teks."), number))
        elif len(line.text) > LONGEST_TEXT:
            faults.append(Fault(line.at, _("Takarir ini terlalu panjang; bagi menjadi beberapa."), number))
        before = line
    return faults, remarks


def is_beyond(begin: float, end: float, duration: float) -> bool:
    """Whether a caption stands where the video has ended."""
    return begin >= duration or end > duration + TAIL_SECONDS


def clean(text: str) -> str:
    """Cue text with WebVTT's own tags only; other tags are taken out and their words stay. No empty line, which would end the cue."""
    pieces = []
    for piece in _TOKEN.split(text):
        if _TOKEN.fullmatch(piece):
            pieces.append(piece if _ALLOWED.fullmatch(piece) and "-->" not in piece else "")
        else:
            pieces.append(_BARE_AND.sub("&amp;", piece).replace("<", "&lt;").replace("-->", "--&gt;"))
    return "\n".join(row.rstrip() for row in "".join(pieces).split("\n") if row.strip())


def as_typed(text: str) -> str:
    """Cue text as a person writes it: & and < where the file says &amp; and &lt;, unless that would mean something else when it is read again."""
    typed = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return typed if _meaning(clean(typed)) == _meaning(text) else text


def _meaning(text: str) -> str:
    """Tags and words, told from each other."""
    return "".join(f"\0{piece}\0" if _TOKEN.fullmatch(piece) else html.unescape(piece) for piece in _TOKEN.split(text))


def plain(text: str) -> str:
    """The words of a cue without its markup."""
    return " ".join(html.unescape(_TOKEN.sub("", text)).replace("\u200e", "").replace("\u200f", "").split())


def lines_from(given: Any) -> list[Line]:
    """Cues as the editor sends them: a list of `{"begin", "end", "text", "name", "settings"}`. Raises BadCaptions."""
    if not isinstance(given, list) or not given:
        raise BadCaptions([Fault(0, _("Belum ada satu pun takarir."))])
    lines = []
    for number, one in enumerate(given[: MOST_CUES + 1], 1):
        begin, end, text = (one.get(name) for name in ("begin", "end", "text")) if isinstance(one, dict) else (None, None, None)
        times = [value for value in (begin, end) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 360_000]
        if len(times) != 2 or not isinstance(text, str):
            raise BadCaptions([Fault(0, _("Waktu tidak terbaca. Tulis seperti 00:01.000."), number)])
        name, settings = (str(one.get(key) or "")[:200] for key in ("name", "settings"))
        lines.append(
            Line(
                round(times[0], 3),
                round(times[1], 3),
                clean(_CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))),
                _clean_name(name),
                " ".join(word for word in settings.split() if _SETTING.fullmatch(word)),
            )
        )
    return lines


def _clean_name(name: str) -> str:
    """What a cue is called, when a file can say it and be read again; else nothing."""
    name = name.strip()
    unwritable = "-->" in name or "\n" in name or "\r" in name or _CONTROL.search(name) or _BLOCK_OF_ANOTHER_KIND.match(name)
    return "" if unwritable else name


def seconds_of(stamp: str) -> float:
    *larger, seconds = stamp.replace(",", ".").split(":")
    whole, _dot, part = seconds.partition(".")
    milliseconds = int(whole) * 1000 + int(part.ljust(3, "0"))
    for weight, value in zip((60_000, 3_600_000), reversed(larger), strict=False):
        milliseconds += weight * int(value)
    return milliseconds / 1000


def vtt_time(seconds: float) -> str:
    hours, minutes, rest, thousandths = _parts(seconds)
    return f"{f'{hours:02}:' if hours else ''}{minutes:02}:{rest:02}.{thousandths:03}"


def _srt_time(seconds: float) -> str:
    hours, minutes, rest, thousandths = _parts(seconds)
    return f"{hours:02}:{minutes:02}:{rest:02},{thousandths:03}"


def _parts(seconds: float) -> tuple[int, int, int, int]:
    thousandths = round(seconds * 1000)
    return thousandths // 3_600_000, thousandths // 60_000 % 60, thousandths // 1000 % 60, thousandths % 1000


def _rows(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _blocks(rows: list[str], at: int) -> Iterable[tuple[int, list[str]]]:
    """What stands between empty lines, each with the place of its first line."""
    while at < len(rows):
        start = at
        while at < len(rows) and rows[at].strip():
            at += 1
        if at > start:
            yield start, rows[start:at]
        at += 1


_SENTENCE_ENDS = (".", "?", "!", "…", '"', "”")


def sentences(cues: list[Cue]) -> list[Cue]:
    """Cues joined to whole sentences, as a transcript is read: a piece joins the one before it when that ended in the middle."""
    joined: list[Cue] = []
    for cue in cues:
        last = joined[-1] if joined else None
        if last and not last.text.endswith(_SENTENCE_ENDS) and cue.begin - last.end < 1.5 and len(last.text) < 240:
            joined[-1] = Cue(last.begin, cue.end, f"{last.text} {cue.text}")
        else:
            joined.append(cue)
    return joined


def passages(cues: list[Cue], least: int = 140, most: int = 320) -> list[list[Cue]]:
    """Cues in groups of some sentences, as the search finds them: long enough to hold what was asked together, short enough to read.
    A group ends with a sentence once it has `least` characters, and at `most` in any case."""
    groups: list[list[Cue]] = []
    size = 0
    for cue in cues:
        is_full = size > least and groups[-1][-1].text.endswith(_SENTENCE_ENDS)
        if not groups or is_full or size + len(cue.text) > most:
            groups.append([])
            size = 0
        groups[-1].append(cue)
        size += len(cue.text) + 1
    return groups
