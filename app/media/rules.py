"""Pure decisions about video: which files are taken, and which ladder of qualities a source gets. A recording without a picture is a video
whose qualities are sounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from app.media.refusals import Refused

LONGEST_SECONDS, SHORTEST_SECONDS = 6 * 3600, 0.5
MOST_PIXELS, SHORTEST_SIDE, STEEPEST_SHAPE = 4096 * 2304, 64, 5.0
MOST_STREAMS = 16
SLOWEST_RATE, FASTEST_RATE = 0.01, 240.0  # a recorded screen may stand still for a minute
SEGMENT_SECONDS = 6
LIKELY_RATE = 61.0  # what a file declares beyond this is the fineness of its clock, not its pictures
END_TOLERANCE_SECONDS = 0.5

# Name, shorter side in pixels, most kbit/s of picture, kbit/s and channels of sound. The lowest is for weak links: 150 kbit/s in all,
# with what the container adds.
STEPS = (
    ("240p", 240, 100, 40, 1),
    ("360p", 360, 350, 64, 2),
    ("480p", 480, 750, 96, 2),
    ("720p", 720, 1800, 128, 2),
    ("1080p", 1080, 3800, 128, 2),
)
STANDARD_RATES = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30))


AUDIO_ONLY_KBIT = 48


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a probe found out about a video, as it is shown: rotation and pixel shape are already in `width` and `height`.

    A recording without a picture has no `video_index`, and 0 for everything that is seen.
    """

    duration_seconds: float
    width: int
    height: int
    frame_rate: float
    video_index: int | None
    audio_index: int | None
    channels: int
    interlaced: bool
    high_dynamic_range: bool
    streams: int
    packets_end_seconds: float
    picture_end_seconds: float = 0.0
    transfer: str = ""  # how HDR was recorded, in ffmpeg's words


@dataclass(frozen=True, slots=True)
class Rung:
    """One quality of the ladder: pixels, and the most it may weigh in kbit/s."""

    name: str
    width: int
    height: int
    video_kbit: int
    audio_kbit: int
    channels: int


@dataclass(frozen=True, slots=True)
class Sound:
    """One quality of a recording without a picture."""

    name: str
    folder: str
    kbit: int
    channels: int


SOUNDS = (Sound("48k", "audio", AUDIO_ONLY_KBIT, 1), Sound("96k", "audio96", 96, 2))


def check_video(facts: VideoFacts) -> None:
    """Raise Refused for what we do not take, however well formed it is."""
    if facts.streams > MOST_STREAMS:
        raise Refused("TOO_MANY_STREAMS", str(facts.streams))
    if facts.video_index is not None:
        _check_picture(facts)
    if facts.duration_seconds > LONGEST_SECONDS:
        raise Refused("TOO_LONG", f"{facts.duration_seconds:.0f} s")
    if facts.duration_seconds < SHORTEST_SECONDS:
        raise Refused("TOO_SHORT", f"{facts.duration_seconds} s")
    if facts.packets_end_seconds < facts.duration_seconds * 0.97 - 1.0:
        raise Refused("TRUNCATED", f"declared {facts.duration_seconds:.2f} s, packets end at {facts.packets_end_seconds:.2f} s")


def _check_picture(facts: VideoFacts) -> None:
    if facts.width * facts.height > MOST_PIXELS:
        raise Refused("TOO_MANY_PIXELS", f"{facts.width}x{facts.height}")
    if min(facts.width, facts.height) < SHORTEST_SIDE:
        raise Refused("TOO_SMALL", f"{facts.width}x{facts.height}")
    if max(facts.width, facts.height) > STEEPEST_SHAPE * min(facts.width, facts.height):
        raise Refused("ODD_SHAPE", f"{facts.width}x{facts.height}")
    if not SLOWEST_RATE <= facts.frame_rate <= FASTEST_RATE:
        raise Refused("FRAME_RATE", f"{facts.frame_rate}")


def ladder_for(facts: VideoFacts) -> list[Rung]:
    """The qualities for a source: none larger than itself, the proportions kept, even numbers of pixels. None without a picture."""
    if facts.video_index is None:
        return []
    shorter = min(facts.width, facts.height)
    steps = [step for step in STEPS if step[1] <= shorter] or [(f"{shorter}p", shorter, *STEPS[0][2:])]
    rungs = []
    for name, side, video_kbit, audio_kbit, channels in steps:
        share = side / shorter
        rungs.append(
            Rung(name, _even(facts.width * share), _even(facts.height * share), video_kbit, audio_kbit, min(channels, facts.channels))
        )
    return rungs


def sounds_for(facts: VideoFacts) -> list[Sound]:
    """The qualities of a recording without a picture."""
    return [replace(sound, channels=min(sound.channels, facts.channels or 2)) for sound in SOUNDS]


def picture_ends_early(facts: VideoFacts) -> bool:
    """Whether the sound goes on after the last picture, which then stays."""
    return 0 < facts.picture_end_seconds < facts.duration_seconds - END_TOLERANCE_SECONDS


def _even(pixels: float) -> int:
    return max(2, 2 * round(pixels / 2))


def output_rate(rate: float) -> Fraction:
    """Frames per second of the result: the source's, brought to a usual number, at most 30."""
    while rate > 31:
        rate /= 2
    nearest = min(STANDARD_RATES, key=lambda standard: abs(float(standard) - rate))
    return nearest if abs(float(nearest) - rate) < 0.05 else Fraction(max(1, round(rate)))


def sprite_interval(duration_seconds: float, most: int = 100) -> int:
    """Seconds between two preview pictures: whole segments, so that at most `most` pictures are made."""
    interval = SEGMENT_SECONDS
    while duration_seconds / interval > most:
        interval += SEGMENT_SECONDS
    return interval
