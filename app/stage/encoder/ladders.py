"""What a run makes of a recording: the whole of it, or less on a machine that cannot keep up. Sound is made in every one."""

from __future__ import annotations

from dataclasses import dataclass

from app.stage.layout import RUNGS


@dataclass(frozen=True, slots=True)
class Picture:
    """How a picture is made anew."""

    lines: int
    rate: int
    preset: str
    kbit: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs of one run. `picture` is how the first is made; None: as the recorder sends it."""

    rungs: tuple[str, ...] = RUNGS
    picture: Picture | None = None


ONE_PICTURE = ("video", "audio")
COPIED = (Ladder(), Ladder(ONE_PICTURE))
ANEW = (
    Ladder(picture=Picture(720, 20, "superfast", 1200)),
    Ladder(picture=Picture(480, 15, "ultrafast", 700)),
    Ladder(ONE_PICTURE, Picture(360, 10, "ultrafast", 350)),
)


def ladders(copies_picture: bool) -> tuple[Ladder, ...]:
    """The whole one first, then ever cheaper ones."""
    return COPIED if copies_picture else ANEW
