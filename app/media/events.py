"""What media announces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AssetReady:
    """The worker has prepared an asset; it can be shown."""

    asset_id: int
    kind: str


@dataclass(frozen=True, slots=True)
class AssetFailed:
    """An asset cannot be prepared; `code` is one of `media.refusals`."""

    asset_id: int
    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class UploadFinished:
    """A person's file has arrived whole and its asset exists (new, or the same content as before). Announced in that transaction."""

    asset_id: int
    user_id: int
    name: str


@dataclass(frozen=True, slots=True)
class CaptionsChanged:
    """A video's spoken words in one language were written, changed or removed."""

    asset_id: int
    language: str
