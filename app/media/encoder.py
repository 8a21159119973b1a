"""Runs ffmpeg confined and listens to it."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from app.media.confined import Limits, command, environment

SILENT_SECONDS = 180  # without any progress for so long, the encoder hangs
LOOK_EVERY_SECONDS = 0.5


class EncodingFailed(Exception):
    """The encoder ended with an error; it may go better next time."""


def run(
    arguments: list[str],
    limits: Limits,
    folder: Path,
    timeout: float,
    tell: Callable[[float], None] | None = None,
    look: Callable[[], None] | None = None,
) -> None:
    """Run ffmpeg with `folder` as its private place. `tell` hears the seconds done. `look` is called about twice a second; what it raises
    ends ffmpeg at once and is raised here. Raises EncodingFailed.
    """
    quiet = [arguments[0], "-hide_banner", "-nostdin", "-v", "error", "-nostats", "-progress", "pipe:1", *arguments[1:]]
    child = subprocess.Popen(
        command(quiet, limits),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment(folder),
        cwd=folder,
    )
    told: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    complaints: list[str] = []
    listeners = [
        threading.Thread(target=_read_reports, args=(child, told), daemon=True),
        threading.Thread(target=_read_complaints, args=(child, complaints), daemon=True),
    ]
    for listener in listeners:
        listener.start()
    reason = ""
    try:
        reason = _follow(told, timeout, tell, look)
        if reason:
            child.kill()
    except BaseException:
        child.kill()
        raise
    finally:
        code = child.wait()
        for listener in listeners:
            listener.join(2)
        for pipe in (child.stdout, child.stderr):
            if pipe:
                pipe.close()
    if code or reason:
        raise EncodingFailed(f"{reason or f'ended with {code}'}: {''.join(complaints)[-400:]}")


def _follow(
    told: queue.SimpleQueue[str | None], timeout: float, tell: Callable[[float], None] | None, look: Callable[[], None] | None
) -> str:
    """Listen until the process closes its reports. Returns why it must be ended, or nothing."""
    began = heard = looked = time.monotonic()
    furthest = 0.0
    while True:
        try:
            entry = told.get(timeout=LOOK_EVERY_SECONDS)
        except queue.Empty:
            entry = ""
        if entry is None:
            return ""
        now = time.monotonic()
        key, _, value = entry.strip().partition("=")
        if key == "out_time_us" and value.lstrip("-").isdigit() and int(value) / 1e6 > furthest:
            furthest, heard = int(value) / 1e6, now
            if tell:
                tell(furthest)
        if now - looked >= LOOK_EVERY_SECONDS:
            looked = now
            if look:
                look()
            if now - began > timeout:
                return "too slow"
            if now - heard > SILENT_SECONDS:
                return "no progress"


def _read_reports(child: subprocess.Popen[str], told: queue.SimpleQueue[str | None]) -> None:
    try:
        for entry in child.stdout or ():
            told.put(entry)
    finally:
        told.put(None)


def _read_complaints(child: subprocess.Popen[str], complaints: list[str]) -> None:
    for entry in child.stderr or ():
        complaints.append(entry)
        del complaints[:-20]
