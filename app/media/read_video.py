"""Reads what a video or a recording is, as a script in a confined process: `read_video.py <path> <limits as JSON>` prints one JSON object.

It imports nothing of the product. Every packet is read to the last one, because a file that was cut off still declares its full length.
What is beyond the limits by its own declaration is refused before anything is decoded.
"""

from __future__ import annotations

import json
import sys
from typing import Any

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,mpeg,mpegts,mpegvideo,flv,mp3,ogg,wav,flac,aac"
TRANSFERS = {16: "smpte2084", 18: "arib-std-b67"}  # how HDR is recorded: PQ and HLG
INDONESIAN = ("ind", "id")
MOST_PACKETS = 20_000_000
ATTACHED_PICTURE, DEFAULT_TRACK = 0x400, 0x1
USUAL_LIMITS = {"pixels": 4096 * 2304, "streams": 16, "seconds": 6 * 3600, "rate": 61.0}


class Found(Exception):
    """The answer is a refusal, and known before everything was read."""

    def __init__(self, code: str, detail: str = ""):
        super().__init__(code)
        self.answer = {"refused": code, "detail": detail[:200]}


def read(path: str, limits: dict[str, float]) -> dict[str, Any]:
    from av.error import FFmpegError

    try:
        with _open(path) as container:
            facts = _describe(container, limits)
    except Found as found:
        return found.answer
    except (FFmpegError, OSError, ValueError) as error:
        if _lacks_its_index(path):
            return {"refused": "TRUNCATED", "detail": "no index"}
        return {"refused": "NOT_A_VIDEO" if "Invalid data" in str(error) else "UNREADABLE", "detail": str(error)[:200]}
    try:
        with _open(path) as container:
            ends = _ends(container, facts, facts.pop("start"))
    except Found as found:
        return found.answer
    except FFmpegError as error:
        return {"refused": "TRUNCATED", "detail": str(error)[:200]}
    last = max(ends.values(), default=0.0)
    declared = facts.pop("declared")
    seconds = last if not declared or last > declared * 1.03 + 1 else declared  # a header may also promise less than there is
    return facts | {"duration_seconds": seconds, "packets_end_seconds": last, "picture_end_seconds": ends.get("video", 0.0)}


def _open(path: str) -> Any:
    import av

    return av.open(path, options={"protocol_whitelist": "file", "format_whitelist": FORMATS}, timeout=20)


def _describe(container: Any, limits: dict[str, float]) -> dict[str, Any]:
    if len(container.streams) > limits["streams"]:
        raise Found("TOO_MANY_STREAMS", str(len(container.streams)))
    declared = float(container.duration) / 1_000_000 if container.duration else 0.0
    if declared > limits["seconds"]:
        raise Found("TOO_LONG", f"{declared:.0f} s")
    sound = _choose_sound(container.streams.audio)
    moving = [stream for stream in container.streams.video if not int(stream.disposition) & ATTACHED_PICTURE]
    if moving:
        picture = _describe_picture(container, moving[0], limits)
        if sound is None and moving[0].duration and moving[0].time_base:
            declared = max(declared, float(moving[0].duration * moving[0].time_base))
    elif sound is not None:
        picture = {
            "width": 0,
            "height": 0,
            "frame_rate": 0.0,
            "video_index": None,
            "interlaced": False,
            "high_dynamic_range": False,
            "transfer": "",
        }
        _decode_first(container, sound)
    else:
        raise Found("NO_VIDEO")
    return picture | {
        "audio_index": sound.index if sound else None,
        "channels": sound.codec_context.channels if sound else 0,
        "streams": len(container.streams),
        "declared": declared,
        "start": float(container.start_time or 0) / 1_000_000,
    }


def _choose_sound(tracks: Any) -> Any:
    """Of several tracks the one in Indonesian, else the one marked as usual, else the first. A track nothing is known about is none."""
    known = [track for track in tracks if track.codec_context is not None and track.codec_context.sample_rate]
    for track in known:
        if len(known) > 1 and (track.language or "").lower() in INDONESIAN:
            return track
    return next((track for track in known if int(track.disposition) & DEFAULT_TRACK), known[0] if known else None)


def _describe_picture(container: Any, video: Any, limits: dict[str, float]) -> dict[str, Any]:
    if video.width * video.height > limits["pixels"]:
        raise Found("TOO_MANY_PIXELS", f"{video.width}x{video.height}")
    frame = _decode_first(container, video)
    width, height = frame.width, frame.height
    shape = video.sample_aspect_ratio
    if shape and shape > 0 and abs(float(shape) - 1) > 0.01:
        width = round(width * float(shape))
    if frame.rotation % 180:
        width, height = height, width
    transfer = TRANSFERS.get(int(frame.color_trc), "") or TRANSFERS.get(int(video.codec_context.color_trc), "")
    return {
        "width": width,
        "height": height,
        "frame_rate": _rate(video, limits["rate"]),
        "video_index": video.index,
        "interlaced": bool(frame.interlaced_frame),
        "high_dynamic_range": bool(transfer),
        "transfer": transfer,
    }


def _decode_first(container: Any, stream: Any) -> Any:
    from av.error import FFmpegError

    try:
        return next(iter(container.decode(stream)))
    except (FFmpegError, StopIteration) as error:
        raise Found("UNREADABLE", str(error)) from error


def _rate(video: Any, likely: float) -> float:
    """Pictures per second. The average of a recorded screen is low although it moves quickly at times: then what the file declares."""
    average = float(video.average_rate or 0)
    declared = float(video.base_rate or video.guessed_rate or 0)
    return declared if average <= declared <= likely else average or declared


def _ends(container: Any, facts: dict[str, Any], start: float) -> dict[str, float]:
    """Where the last packet of the picture and of the sound ends."""
    used = {facts["video_index"]: "video", facts["audio_index"]: "audio"}
    ends: dict[str, float] = {}
    for count, packet in enumerate(container.demux(), 1):
        if count > MOST_PACKETS:
            raise Found("TOO_HEAVY", "packets")
        kind = used.get(packet.stream.index)
        if kind and packet.pts is not None and packet.time_base is not None:
            end = float((packet.pts + (packet.duration or 0)) * packet.time_base) - start
            ends[kind] = max(end, ends.get(kind, 0.0))
    return ends


def _lacks_its_index(path: str) -> bool:
    """Whether this is an MP4 whose end is missing: its index (moov) was to stand behind the pictures and never arrived."""
    with open(path, "rb") as file:
        size, place, seen = file.seek(0, 2), 0, set()
        while place + 8 <= size and len(seen) < 64:
            file.seek(place)
            head = file.read(16)
            length, name = int.from_bytes(head[:4], "big"), head[4:8]
            if length == 1 and len(head) == 16:
                length = int.from_bytes(head[8:16], "big")
            if not name.isalnum() or (length and length < 8):
                return False
            seen.add(name)
            place = size if length == 0 else place + length
        return b"ftyp" in seen and b"mdat" in seen and b"moov" not in seen and place >= size


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1], json.loads(sys.argv[2]) if len(sys.argv) > 2 else USUAL_LIMITS)))
