"""What a poll may be, what a vote may be, and the counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from app.kernel.errors import Invalid
from app.room.models import PollKind

MOST_OPTIONS = 8
SCALE = ("1", "2", "3", "4", "5")


def options_of(kind: str, options: Sequence[str], right: Sequence[int]) -> tuple[list[str], list[int]]:
    """The options and right answers of a new poll. Raises Invalid."""
    if kind == PollKind.SCALE:
        return list(SCALE), []
    given = [option for option in options if option]
    if not 2 <= len(given) <= MOST_OPTIONS:
        raise Invalid(fields={"options": _("Tulis 2 sampai %(most)s pilihan.", most=MOST_OPTIONS)})
    if len({option.casefold() for option in given}) < len(given):
        raise Invalid(fields={"options": _("Setiap pilihan hanya sekali.")})
    if kind != PollKind.QUIZ:
        return given, []
    chosen = sorted(set(right))
    if not chosen or chosen[-1] >= len(given) or len(chosen) == len(given):
        raise Invalid(fields={"right": _("Tandai jawaban yang benar.")})
    return given, chosen


def read_choices(kind: str, options: int, right: int, choices: Sequence[int]) -> list[int]:
    """A vote as it is kept: positions, each once, in order. Raises Invalid."""
    chosen = sorted(set(choices))
    several = kind == PollKind.SEVERAL or (kind == PollKind.QUIZ and right > 1)
    if not chosen or chosen[-1] >= options or (len(chosen) > 1 and not several):
        raise Invalid(fields={"choices": _("Pilih dari pilihan yang ada.")})
    return chosen


class Tally:
    """Who chose what in one round, and the counts of it; a vote that is given again takes the place of the one before."""

    def __init__(self, options: int):
        self.choices: dict[str, tuple[int, ...]] = {}
        self.counts = [0] * options

    def take(self, person: str, choices: Sequence[int]) -> None:
        for position in self.choices.get(person, ()):
            self.counts[position] -= 1
        self.choices[person] = tuple(choices)
        for position in choices:
            self.counts[position] += 1

    @property
    def voters(self) -> int:
        return len(self.choices)
