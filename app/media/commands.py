"""The argument lists of ffmpeg. The only file that knows its options.

One process with one decode makes the whole adaptive ladder (HLS with fMP4 segments whose key frames are aligned, so that a player can
change quality at any segment). Poster, preview pictures and the small file to download are short calls of their own, because in the same
process they would silence its progress reports.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from app.media.ffmpeg import find_ffmpeg, has_filter
from app.media.read_video import FORMATS
from app.media.rules import (
    AUDIO_ONLY_KBIT,
    MOST_PIXELS,
    SEGMENT_SECONDS,
    Rung,
    Sound,
    VideoFacts,
    output_rate,
    picture_ends_early,
)

SOUND_RATE = 48000
LOUDNESS = {"I": -16, "TP": -1.5, "LRA": 11}  # EBU R128; -16 LUFS is what people expect of speech on phones
ENCODER_THREADS = max(1, min(8, os.cpu_count() or 2))  # for each quality; more only cost memory
POSTER_SIDE, SPRITE_WIDTH, SPRITE_COLUMNS = 1280, 160, 10
SPARE_SECONDS = 30  # an encoder that goes on for longer than the probe found ends here


def tone_map(facts: VideoFacts) -> tuple[tuple[str, dict[str, Any]], ...]:
    """HDR to what every screen shows. The input is named, because files often leave half of it out."""
    if not has_filter("zscale"):
        return ()
    given = {"tin": facts.transfer, "pin": "bt2020", "min": "bt2020nc"}
    return (
        ("zscale", given | {"t": "linear", "npl": 100}),
        ("format", {"pix_fmts": "gbrpf32le"}),
        ("zscale", {"p": "bt709"}),
        ("tonemap", {"tonemap": "hable", "desat": 0}),
        ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
    )


def ladder(source: Path, facts: VideoFacts, rungs: Sequence[Rung], folder: Path) -> list[str]:
    """The one process that makes every quality, its playlists growing while it works."""
    given = _open(source)
    pictures = _sizes_of(_picture(given, facts), rungs)
    options = _pictures_as(rungs, facts)
    variants = [f"v:{i},name:{rung.name}" for i, rung in enumerate(rungs)]
    sounds: list[Any] = []
    if facts.audio_index is not None:
        weights = [(rung.audio_kbit, rung.channels) for rung in rungs] + [(AUDIO_ONLY_KBIT, 1)]
        sounds = _sounds(given, facts, len(weights))
        options |= _sounds_as(weights)
        variants = [f"v:{i},a:{i},name:{rung.name}" for i, rung in enumerate(rungs)] + [f"a:{len(rungs)},name:audio"]
    return _hls([*pictures, *sounds], variants, options, facts, folder)


def sounds_alone(source: Path, facts: VideoFacts, sounds: Sequence[Sound], folder: Path) -> list[str]:
    """The same for a recording without a picture."""
    heard = _sounds(_open(source), facts, len(sounds))
    options = _sounds_as([(sound.kbit, sound.channels) for sound in sounds])
    return _hls(heard, [f"a:{i},name:{sound.folder}" for i, sound in enumerate(sounds)], options, facts, folder)


def _open(source: Path) -> Any:
    return ffmpeg.input(f"file:{source}", protocol_whitelist="file", format_whitelist=FORMATS, max_pixels=MOST_PIXELS)


def _picture(given: Any, facts: VideoFacts) -> Any:
    """Upright (ffmpeg turns it itself), whole frames, even in time, ordinary colors, as long as its sound."""
    rate = output_rate(facts.frame_rate)
    picture = given[str(facts.video_index)]
    if facts.interlaced:
        picture = picture.filter("yadif", deint="interlaced")
    if facts.high_dynamic_range:
        for name, values in tone_map(facts):
            picture = picture.filter(name, **values)
    picture = picture.filter("fps", fps=f"{rate.numerator}/{rate.denominator}", start_time=0)
    if picture_ends_early(facts):
        picture = picture.filter("tpad", stop_mode="clone", stop_duration=f"{facts.duration_seconds - facts.picture_end_seconds:.3f}")
    return picture.filter("format", pix_fmts="yuv420p")


def _sizes_of(picture: Any, rungs: Sequence[Rung]) -> list[Any]:
    """The picture in each size, every smaller one made from the next larger: scaling costs by what is read."""
    made = []
    for rung in reversed(rungs):
        picture = picture.filter("scale", rung.width, rung.height, flags="bicubic")
        if rung is rungs[0]:
            made.append(picture)
        else:
            both = picture.filter_multi_output("split", 2)
            made.append(both[0])
            picture = both[1]
    return [sized.filter("setsar", "1") for sized in reversed(made)]


def _pictures_as(rungs: Sequence[Rung], facts: VideoFacts) -> dict[str, Any]:
    frames = round(float(output_rate(facts.frame_rate)) * SEGMENT_SECONDS)
    options: dict[str, Any] = {
        "c:v": "libx264",
        "preset": "veryfast",
        "profile:v": "high",
        "crf": 23,
        "threads": ENCODER_THREADS,
        "g": frames,
        "keyint_min": frames,
        "sc_threshold": 0,
        "force_key_frames": f"expr:gte(t,n_forced*{SEGMENT_SECONDS})",
    }
    for i, rung in enumerate(rungs):
        options |= {f"maxrate:v:{i}": f"{rung.video_kbit}k", f"bufsize:v:{i}": f"{2 * rung.video_kbit}k"}
    return options


def _sounds(given: Any, facts: VideoFacts, count: int) -> list[Any]:
    """The chosen track at an even loudness, without gaps, never shorter than the picture."""
    heard = given[str(facts.audio_index)].filter("aresample", SOUND_RATE, **{"async": 1, "first_pts": 0})
    heard = heard.filter("aformat", channel_layouts="mono" if facts.channels == 1 else "stereo")
    heard = heard.filter("loudnorm", **LOUDNESS, dual_mono=str(facts.channels == 1).lower()).filter("aresample", SOUND_RATE)
    if facts.video_index is not None:
        heard = heard.filter("apad", whole_dur=f"{facts.duration_seconds:.3f}")
    copies = heard.filter_multi_output("asplit", count)
    return [copies[i] for i in range(count)]


def _sounds_as(weights: Sequence[tuple[int, int]]) -> dict[str, Any]:
    options: dict[str, Any] = {"c:a": "aac", "ar": SOUND_RATE}
    for i, (kbit, channels) in enumerate(weights):
        options |= {f"b:a:{i}": f"{kbit}k", f"ac:a:{i}": channels}
    return options


def _hls(streams: Sequence[Any], variants: Sequence[str], options: dict[str, Any], facts: VideoFacts, folder: Path) -> list[str]:
    options |= {
        "map_metadata": -1,
        "map_chapters": -1,
        "t": f"{facts.duration_seconds + SPARE_SECONDS:.3f}",
        "f": "hls",
        "hls_time": SEGMENT_SECONDS,
        "hls_playlist_type": "event",
        "hls_segment_type": "fmp4",
        "hls_flags": "independent_segments+temp_file",
        "hls_fmp4_init_filename": "init.mp4",
        "hls_segment_filename": f"{folder}/%v/%05d.m4s",
        "var_stream_map": " ".join(variants),
    }
    return ffmpeg.output(*streams, f"{folder}/%v/index.m3u8", **options).compile(cmd=find_ffmpeg(), overwrite_output=True)


def poster(first_seconds: Path, best: Rung, seconds: float, folder: Path) -> list[str]:
    """One picture from a little after the beginning, where titles stand; from the best quality, whose colors are already right."""
    width, height = _within(best.width, best.height, POSTER_SIDE)
    at = min(3.0, seconds * 0.1)
    picture = ffmpeg.input(f"file:{first_seconds}", protocol_whitelist="file", ss=f"{at:.2f}").video.filter("scale", width, height)
    return picture.output(f"{folder}/poster.jpg", vframes=1, **{"q:v": 4, "map_metadata": -1}).compile(
        cmd=find_ffmpeg(), overwrite_output=True
    )


def sprite(lowest: Rung, interval: int, rows: int, folder: Path) -> list[str]:
    """Small pictures in one sheet, from the key frames of the lowest quality: one each segment."""
    pictures = ffmpeg.input(f"{folder}/{lowest.name}/index.m3u8", protocol_whitelist="file", skip_frame="nokey", allowed_extensions="ALL")
    sheet = (
        pictures.video.filter("select", f"not(mod(n,{interval // SEGMENT_SECONDS}))")
        .filter("scale", SPRITE_WIDTH, sprite_height(lowest))
        .filter("tile", f"{SPRITE_COLUMNS}x{rows}")
    )
    return sheet.output(f"{folder}/sprite.jpg", vframes=1, fps_mode="passthrough", **{"q:v": 6}).compile(
        cmd=find_ffmpeg(), overwrite_output=True
    )


def small_file(playlist: str, name: str, folder: Path) -> list[str]:
    """One quality as a single file, for downloading and for browsers without HLS; nothing is encoded again."""
    pieces = ffmpeg.input(f"{folder}/{playlist}", protocol_whitelist="file", allowed_extensions="ALL")
    return pieces.output(f"{folder}/{name}", c="copy", f="mp4", movflags="+faststart").compile(cmd=find_ffmpeg(), overwrite_output=True)


def _within(width: int, height: int, longest: int) -> tuple[int, int]:
    share = min(1.0, longest / max(width, height))
    return max(2, 2 * round(width * share / 2)), max(2, 2 * round(height * share / 2))


def sprite_height(rung: Rung) -> int:
    return max(2, 2 * round(SPRITE_WIDTH * rung.height / rung.width / 2))
