"""What the worker does for the library."""

from __future__ import annotations

from datetime import timedelta

from app.kernel.jobs import job
from app.library import changes, usage

WEIGH = "library.weigh"


@job(changes.CARRY_OUT, most_tries=3, on_failure=changes.give_up)
def carry_out_change(change_id: int) -> None:
    """Change courses as somebody asked for in the studio."""
    changes.carry_out(change_id)


@job(WEIGH, every=timedelta(hours=6))
def weigh(asset_id: int | None = None) -> None:
    """Count what prepared files weigh."""
    usage.weigh(asset_id)
