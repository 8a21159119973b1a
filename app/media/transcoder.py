"""Turns a checked video into what is streamed.

    <folder>/master.m3u8            all qualities, addresses relative
             240p/index.m3u8 ...    one quality: init.mp4 and segments
             audio/index.m3u8       sound alone
             poster.jpg  sprite.jpg  small.mp4

A recording without a picture has `audio/` (48 kbit/s) and `audio96/` instead, and `small.m4a`.

The folder is served while it fills: the playlists grow (EVENT) during the one pass and end with it. As soon as every quality has its first
segment the master is written and people may watch; the poster follows at once. The sheet of preview pictures and the small file come
after the pass.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

from app.media import commands, encoder, playlists
from app.media.confined import MIB, Limits
from app.media.playlists import Variant
from app.media.rules import (
    AUDIO_ONLY_KBIT,
    Rung,
    VideoFacts,
    ladder_for,
    output_rate,
    sounds_for,
    sprite_interval,
)

SHORT_CALL = Limits(memory_bytes=3072 * MIB, seconds=300, file_bytes=4096 * MIB, open_files=4096)
SURE_AFTER_SECONDS = 4.0  # before that the speed says nothing about the time left


class Listener(Protocol):
    """Who follows the work."""

    def encoded(self, percent: int, seconds_left: int | None) -> None: ...

    def can_be_watched(self, renditions: dict[str, Any]) -> None:
        """The first seconds of every quality are in the folder."""

    def has_poster(self) -> None: ...

    def look(self) -> None:
        """Called about twice a second. What it raises ends the work."""


class _Watch:
    """Follows the growing folder: tells how far it is, and opens it once there is something to play."""

    def __init__(self, folder: Path, work: Path, facts: VideoFacts, rungs: list[Rung], listener: Listener):
        self.folder, self.work, self.facts, self.rungs = folder, work, facts, rungs
        self.variants = variants_of(facts, rungs)
        self.listener, self.began, self.open = listener, time.monotonic(), False

    def tell(self, done: float) -> None:
        spent, whole = time.monotonic() - self.began, self.facts.duration_seconds
        left = int((whole - done) * spent / done) if spent > SURE_AFTER_SECONDS and 0 < done < whole else None
        self.listener.encoded(min(99, int(100 * done / whole)), left)

    def look(self) -> None:
        self.listener.look()
        if not self.open and playlists.has_begun(self.folder, self.variants):
            self.open = True
            playlists.write_master(self.folder, self.variants, complete=False)
            self.listener.can_be_watched(describe_growing(self.facts, self.rungs))
            self.draw_poster()

    def draw_poster(self) -> None:
        """From the first segment of the best quality, with its header before it."""
        if not self.rungs:
            return
        best = self.folder / self.rungs[-1].name
        first = self.work / "first.mp4"
        first.write_bytes(playlists.header(best) + (best / "00000.m4s").read_bytes())
        try:
            encoder.run(
                commands.poster(first, self.rungs[-1], self.facts.duration_seconds, self.folder), SHORT_CALL, self.work, timeout=120
            )
        finally:
            first.unlink()
        self.listener.has_poster()


def transcode(source: Path, facts: VideoFacts, folder: Path, work: Path, listener: Listener) -> dict[str, Any]:
    """Fill `folder`, with `work` as the private place of what runs; return the description kept with the asset. Raises EncodingFailed, and whatever `listener.look` raises."""
    seconds = facts.duration_seconds
    rungs = ladder_for(facts)
    sounds = [] if rungs else sounds_for(facts)
    arguments = commands.ladder(source, facts, rungs, folder) if rungs else commands.sounds_alone(source, facts, sounds, folder)
    watch = _Watch(folder, work, facts, rungs, listener)
    limits = Limits(memory_bytes=6144 * MIB, seconds=int(900 + seconds * 60), file_bytes=8192 * MIB, open_files=256)
    encoder.run(arguments, limits, work, timeout=900 + seconds * 40, tell=watch.tell, look=watch.look)
    if not watch.open:  # shorter than one segment
        watch.draw_poster()
    playlists.write_master(folder, watch.variants, complete=True)
    if not rungs:
        encoder.run(
            commands.small_file(f"{sounds[-1].folder}/index.m3u8", "small.m4a", folder), SHORT_CALL, work, timeout=600, look=listener.look
        )
        return describe(facts, rungs, folder, {"path": "small.m4a", "name": sounds[-1].name}, None)
    interval = sprite_interval(seconds)
    rows = -(-max(1, int(seconds / interval) + 1) // commands.SPRITE_COLUMNS)
    encoder.run(commands.sprite(rungs[0], interval, rows, folder), SHORT_CALL, work, timeout=300, look=listener.look)
    small = next((rung for rung in rungs if rung.name == "360p"), rungs[0])
    encoder.run(commands.small_file(f"{small.name}/index.m3u8", "small.mp4", folder), SHORT_CALL, work, timeout=600, look=listener.look)
    sheet = {"path": "sprite.jpg", "interval": interval, "columns": commands.SPRITE_COLUMNS, "rows": rows, "width": commands.SPRITE_WIDTH}
    return describe(facts, rungs, folder, {"path": "small.mp4", "name": small.name}, sheet | {"height": commands.sprite_height(rungs[0])})


def variants_of(facts: VideoFacts, rungs: list[Rung]) -> list[Variant]:
    """The qualities a player may choose among by itself."""
    if not rungs:
        return [Variant(sound.folder, sound.kbit, True) for sound in sounds_for(facts)]
    rate, loud = float(output_rate(facts.frame_rate)), facts.audio_index is not None
    return [Variant(r.name, r.video_kbit + (r.audio_kbit if loud else 0), loud, r.width, r.height, rate) for r in rungs]


def describe_growing(facts: VideoFacts, rungs: list[Rung]) -> dict[str, Any]:
    """The description while it is being made: weights are the limits of each quality, and what comes later is None."""

    def weight(kbit: int) -> int:
        return int(kbit * 125 * facts.duration_seconds)

    loud = facts.audio_index is not None
    return {
        "growing": True,
        "master": "master.m3u8",
        "rungs": [_rung(r, weight(r.video_kbit + (r.audio_kbit if loud else 0))) for r in rungs],
        "audio": {"path": "audio/index.m3u8", "bytes": weight(AUDIO_ONLY_KBIT)} if loud else None,
        "sounds": [] if rungs else [_sound(sound.name, sound.folder, weight(sound.kbit)) for sound in sounds_for(facts)],
        "small": None,
        "sprite": None,
    }


def describe(facts: VideoFacts, rungs: list[Rung], folder: Path, small: dict[str, Any], sprite: dict[str, Any] | None) -> dict[str, Any]:
    """What a player needs to know; sizes are those really written."""

    def weight(name: str) -> int:
        return sum(file.stat().st_size for file in (folder / name).iterdir())

    sounds = [] if rungs else sounds_for(facts)
    first = rungs[0].name if rungs else sounds[0].folder
    return {
        "duration_seconds": round(sum(playlists.segment_lengths(folder / first / "index.m3u8")), 3),
        "master": "master.m3u8",
        "rungs": [_rung(r, weight(r.name)) for r in rungs],
        "audio": None if facts.audio_index is None else {"path": "audio/index.m3u8", "bytes": weight("audio")},
        "sounds": [_sound(sound.name, sound.folder, weight(sound.folder)) for sound in sounds],
        "small": small | {"bytes": (folder / small["path"]).stat().st_size},
        "sprite": sprite,
    }


def _rung(rung: Rung, size: int) -> dict[str, Any]:
    return {"name": rung.name, "path": f"{rung.name}/index.m3u8", "width": rung.width, "height": rung.height, "bytes": size}


def _sound(name: str, folder: str, size: int) -> dict[str, Any]:
    return {"name": name, "path": f"{folder}/index.m3u8", "bytes": size}
