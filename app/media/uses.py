"""Where an asset is used, so that nothing is deleted under anybody.

Rows that point to it with a foreign key hold it by themselves. A feature that names it otherwise (a draft) says so with `register_use`.
"""

from __future__ import annotations

from collections.abc import Callable

Use = Callable[[int], bool]
_uses: list[Use] = []


def register_use(use: Use) -> None:
    """`use(asset_id)` says whether this feature still needs the asset; one yes keeps it."""
    if use not in _uses:
        _uses.append(use)


def is_used(asset_id: int) -> bool:
    return any(use(asset_id) for use in _uses)
