"""What the catalogue asks of the features above it."""

from __future__ import annotations

from collections.abc import Callable

Shares = Callable[[int], dict[int, float]]

_shares: list[Shares] = []


def register_progress(shares: Shares) -> None:
    """`shares(user_id)` says how far a person is in each course they take: course id to a share from 0 to 1, with one query."""
    if shares not in _shares:
        _shares.append(shares)


def progress_of(user_id: int) -> dict[int, float]:
    """How far a person is in each course they take, as the features above say; empty when none does."""
    return {course_id: share for shares in _shares for course_id, share in shares(user_id).items()}
