"""An asset as pages and players see it: its state in words, its addresses, its captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.kernel.db import db
from app.media.captions import Cue, sentences
from app.media.delivery import ANY_TOKEN, address, addresses, addresses_for_any, original_address, token_for
from app.media.languages import own_name_of
from app.media.models import AssetKind, AssetState, MediaAsset, MediaCaption, Stage
from app.media.queries import list_captions
from app.media.refusals import reason
from app.ui.drawing import draw, kept
from app.ui.formats import durasi


def describe(asset: MediaAsset, user: Any) -> dict[str, Any]:
    """What a program needs: state, words about it, addresses."""
    told = describe_work(asset)
    if asset.is_playable and asset.kind == AssetKind.VIDEO:
        told["sources"] = video_sources(asset, user)
    return told


def describe_work(asset: MediaAsset) -> dict[str, Any]:
    """How far the worker is, as programs and as people read it."""
    return {
        "id": asset.id,
        "kind": asset.kind,
        "state": asset.state,
        "stage": asset.stage,
        "percent": asset.percent,
        "seconds_left": asset.seconds_left,
        "in_work": asset.is_in_work,
        "playable": asset.is_playable,
        "words": state_in_words(asset),
    }


def state_in_words(asset: MediaAsset) -> str:
    if asset.state == AssetState.FAILED:
        return str(reason(asset.failure_code))
    if asset.state == AssetState.CANCELED:
        return _("Penyiapan dibatalkan. Berkas aslinya tersimpan.")
    if asset.is_ready and asset.stage == Stage.DONE:
        return _("Siap.")
    if asset.stage == Stage.WAITING:
        return _("Siap; menunggu giliran disusun ulang.") if asset.is_ready else _("Menunggu giliran untuk disiapkan.")
    if asset.stage == Stage.CHECKING:
        return _("Sedang diperiksa.")
    if asset.stage == Stage.FINISHING:
        return _("Hampir selesai disiapkan.")
    doing = _("Menyusun ulang") if asset.is_ready else _("Menyiapkan")
    return " · ".join(filter(None, (doing, _("%(percent)d %%", percent=asset.percent), time_left_in_words(asset.seconds_left))))


def time_left_in_words(seconds: int | None) -> str:
    """Rounded as people say it; nothing while it cannot be known."""
    if seconds is None:
        return ""
    if seconds < 60:
        return _("kurang dari satu menit lagi")
    if seconds < 90 * 60:
        return _("sekitar %(n)d menit lagi", n=round(seconds / 60))
    return _("sekitar %(n)d jam lagi", n=round(seconds / 3600))


def video_sources(asset: MediaAsset, user: Any) -> dict[str, Any]:
    """Addresses and weights for the player; best quality last. Call it for what `is_playable`.

    While it is `growing`, `small` and `sprite` are None and weights are the most each quality may weigh; its addresses stay the same when
    it is ready. A recording without a picture is `audio_only`: it has `sounds` in place of `rungs`, and no poster. One that is `pieced` is
    joined of live pieces, and has no `small` and no `sprite` yet either.
    """
    return _sources(asset, addresses(asset, user))


def _sources(asset: MediaAsset, at: Callable[[str], str]) -> dict[str, Any]:
    made = asset.renditions

    def with_address(one: dict[str, Any] | None) -> dict[str, Any] | None:
        return one and {name: value for name, value in one.items() if name != "path"} | {"src": at(one["path"])}

    return {
        "master": at(made["master"]),
        "growing": bool(made.get("growing")),
        "pieced": bool(made.get("pieced")),
        "audio_only": asset.is_audio_only,
        "small": with_address(made["small"]),
        "rungs": [with_address(rung) for rung in made["rungs"]],
        "sounds": [with_address(sound) for sound in made.get("sounds", ())],
        "audio": with_address(made["audio"]),
        "sprite": with_address(made["sprite"]),
        "poster": at(asset.poster) if asset.poster else None,
        "renew": url_for("media.asset", asset_id=asset.id),
        "duration": asset.duration_seconds,
        "width": asset.width,
        "height": asset.height,
    }


def player_speeds(id: str) -> Markup:
    """The player's menu of speeds."""
    return kept(draw, "media/_player.html", "speeds", id)


def player_choices(sources: dict[str, Any], tracks: Sequence[dict[str, str]], id: str) -> Markup:
    """What can be chosen in the player: quality, language and look of captions. Without addresses, so that it is the same for everybody."""
    qualities = sources["sounds"] if sources["audio_only"] else sources["rungs"]
    return kept(
        _draw_choices,
        sources["audio_only"],
        tuple((one["name"], one["bytes"]) for one in qualities),
        sources["audio"] and sources["audio"]["bytes"],
        tuple((track["language"], track["label"]) for track in tracks),
        id,
    )


def _draw_choices(audio_only: bool, qualities: tuple[Any, ...], audio: int | None, tracks: tuple[Any, ...], id: str) -> Markup:
    return draw(
        "media/_player.html",
        "choices",
        audio_only,
        [{"name": name, "bytes": size} for name, size in qualities],
        audio and {"bytes": audio},
        [{"language": language, "label": label} for language, label in tracks],
        id,
    )


@dataclass(frozen=True, slots=True)
class AsItIs:
    """How a video and its captions are: as long as this is the same, so is all that is drawn of them."""

    asset_id: int
    state: str
    generation: int
    captions: tuple[tuple[int, str], ...]  # id and last change of each


Chapters = tuple[tuple[float, str], ...]  # second and title of each
_START, _START_WORDS = "~start~", "~starts~"


def draw_player(now: AsItIs, title: str, chapters: Chapters, start_at: float, user: Any) -> Markup:
    """The player of a video that is ready; drawn once for all, then given this browser's token and the second where it begins."""
    token = token_for(now.asset_id, now.generation, user)
    drawn = str.replace(kept(_draw_player, now, request.script_root if request else None, title, chapters), ANY_TOKEN, token)
    return Markup(drawn.replace(_START_WORDS, durasi(start_at)).replace(_START, escape(start_at)))  # noqa: S704  (the token is ours)


def _draw_player(now: AsItIs, _root: str | None, title: str, chapters: Chapters) -> Markup:
    asset, captions, at = db.session.get_one(MediaAsset, now.asset_id), list_captions(now.asset_id), addresses_for_any()
    return draw_player_of(_sources(asset, at), _tracks(captions, at), title, chapters, _START, _START_WORDS)


def draw_player_of(
    sources: dict[str, Any], tracks: Sequence[dict[str, str]], title: str, chapters: Chapters, start_at: Any = 0, start_words: str | None = None
) -> Markup:
    """The player of what `is_playable`, drawn now."""
    named = [{"at": at, "title": name} for at, name in chapters]
    return draw("media/_player.html", "player", sources, tracks, title, start_at, "video", named, start_words)


def draw_transcript(asset_id: int, captions: tuple[tuple[int, Any], ...]) -> Markup:
    """The spoken words as a list that follows the video; empty when there are none. `captions` are the id and last change of each: kept until
    one changes."""
    return kept(_draw_transcript, asset_id, captions) if captions else Markup()


def _draw_transcript(asset_id: int, _captions: tuple[Any, ...]) -> Markup:
    cues = transcript(list_captions(asset_id))
    return draw("media/_transcript.html", "transcript_list", cues) if cues else Markup()


def caption_tracks(asset: MediaAsset, captions: Sequence[MediaCaption], user: Any) -> list[dict[str, str]]:
    return _tracks(captions, addresses(asset, user))


def _tracks(captions: Sequence[MediaCaption], at: Callable[[str], str]) -> list[dict[str, str]]:
    return [{"language": c.language, "label": own_name_of(c.language), "src": at(f"captions/{c.language}.vtt")} for c in captions]


def transcript(captions: Sequence[MediaCaption], language: str = "id") -> list[Cue]:
    """The spoken words in whole sentences, in this language or else the first there is."""
    chosen = next((c for c in captions if c.language == language), captions[0] if captions else None)
    return sentences([Cue(*cue) for cue in chosen.cues]) if chosen else []


def picture(asset: MediaAsset, user: Any) -> dict[str, Any]:
    """`src`, `srcset`, `width` and `height` of a picture that is ready."""
    made = asset.renditions["pictures"]
    return {
        "src": address(asset, made[-1]["path"], user),
        "srcset": ", ".join(f"{address(asset, one['path'], user)} {one['width']}w" for one in made),
        "width": made[-1]["width"],
        "height": made[-1]["height"],
    }


def page_pictures(asset: MediaAsset, number: int, user: Any) -> dict[str, Any]:
    """The same for one page of a document."""
    made = asset.renditions["pages"][number - 1]
    return {
        "src": address(asset, made[0]["path"], user),
        "srcset": ", ".join(f"{address(asset, one['path'], user)} {one['width']}w" for one in made),
        "width": made[0]["width"],
        "height": made[0]["height"],
    }


def document_download(asset: MediaAsset, user: Any) -> str:
    return original_address(asset, user)
