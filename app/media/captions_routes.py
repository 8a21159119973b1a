"""Captions as the people write them who answer for a video: files in and out, and an editor beside the player."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import copy_context
from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel.access import requires
from app.kernel.bodies import takes
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.http import wants_json
from app.kernel.off_the_loop import off_the_loop
from app.media import languages, presentation, queries, services
from app.media.captions import (
    LARGEST_BYTES,
    BadCaptions,
    Captions,
    Fault,
    Line,
    as_typed,
    lines_from,
    look_at,
    read_bytes,
    read_vtt,
    write_srt,
    write_vtt,
)
from app.media.models import AssetKind, MediaAsset, MediaCaption
from app.media.permissions import MANAGE_MEDIA
from app.media.rights import get_managed_asset
from app.media.routes import bp
from app.media.slots import homes_of
from app.people.models import User
from app.people.sessions import viewer

MOST_REMARKS = 5
LARGEST_BODY_BYTES = 2 * LARGEST_BYTES  # with what JSON or a form writes around them


def _get_video(asset_id: int) -> MediaAsset:
    asset = get_managed_asset(viewer(), asset_id)
    if asset.kind != AssetKind.VIDEO:
        raise NotFound
    return asset


def _get_language(text: str) -> str:
    """A language in an address. Raises NotFound for what is none."""
    try:
        tag = languages.clean_tag(text)
    except Invalid:
        raise NotFound from None
    if tag != text:
        raise NotFound
    return tag


def _read(data: bytes, duration: float | None) -> Captions:
    """Captions that somebody brings for a video of this length, read beside the loop: a megabyte of them takes a while. Raises BadCaptions."""
    get_locale()  # the language of the faults is found here, where the session may be asked
    context = copy_context()
    found = off_the_loop(lambda: context.run(_read_or_faults, data, duration))
    if isinstance(found, BadCaptions):
        raise found
    return found


def _read_or_faults(data: bytes, duration: float | None) -> Captions | BadCaptions:
    """Faults are no exception here: the thread would write each into the log."""
    try:
        return read_bytes(data, duration)
    except BadCaptions as bad:
        return bad


# ---- all languages of a video ----


@bp.get("/studio/takarir/<int:asset_id>")
@requires(MANAGE_MEDIA)
def captions_page(asset_id: int) -> Any:
    return _captions_page(_get_video(asset_id))


@bp.post("/studio/takarir/<int:asset_id>")
@requires(MANAGE_MEDIA)
def upload_captions(asset_id: int) -> Any:
    """A WebVTT or SubRip file, or the wish to write captions in a language from nothing."""
    asset, form = _get_video(asset_id), request.form
    field = "other_language" if form.get("other_language", "").strip() else "language"
    try:
        language = languages.clean_tag(form.get(field, ""))
    except Invalid as invalid:
        return _captions_page(asset, errors={field: invalid.fields["language"]}), 422
    if "write" in form:
        return redirect(url_for("media.caption_editor", asset_id=asset.id, language=language), 303)
    file = request.files.get("file")
    if file is None or not file.filename:
        return _captions_page(asset, errors={"file": _("Pilih berkas .vtt atau .srt.")}), 422
    data = file.stream.read(LARGEST_BYTES + 1)
    try:
        found = _read(data, asset.duration_seconds)
    except BadCaptions as bad:
        return _captions_page(asset, faults=bad.faults, file_name=file.filename), 422
    with transaction():
        is_refused = "replace" not in form and services.find_caption(asset_id, language) is not None
        if not is_refused:
            content = data.decode("utf-8-sig") if found.is_clean else write_vtt(found.lines)
            services.keep_caption(db.session.get_one(MediaAsset, asset_id), language, found.lines, content, viewer().id)
    if is_refused:
        message = _("Takarir %(language)s sudah ada. Centang ini bila berkas baru boleh menggantikannya.", language=languages.name_of(language))
        return _captions_page(_get_video(asset_id), errors={"replace": message}), 409
    flash(_saved(language, len(found.lines)), "success")
    _flash_remarks(found.remarks)
    return redirect(url_for("media.captions_page", asset_id=asset_id), 303)


def _saved(language: str, count: int) -> str:
    named = languages.name_of(language)
    return ngettext("Takarir %(language)s tersimpan: %(num)d takarir.", "Takarir %(language)s tersimpan: %(num)d takarir.", count, language=named)


def _flash_remarks(remarks: list[Fault]) -> None:
    """What deserves a look, though it was taken."""
    if remarks:
        told = [_("Baris %(n)d: %(text)s", n=one.line, text=one.message) if one.line else one.message for one in remarks[:MOST_REMARKS]]
        if len(remarks) > MOST_REMARKS:
            told.append(_("Dan %(n)d lagi seperti ini.", n=len(remarks) - MOST_REMARKS))
        flash(" ".join(told), "warning")


def _captions_page(
    asset: MediaAsset, errors: dict[str, Any] | None = None, faults: list[Fault] | None = None, file_name: str = ""
) -> str:
    captions = queries.list_captions(asset.id)
    return render_template(
        "media/captions.html",
        asset=asset,
        home=homes_of(viewer(), [asset.id]).get(asset.id),
        captions=captions,
        names=_names(captions),
        language_name=languages.name_of,
        usual=[(tag, languages.name_of(tag)) for tag in languages.USUAL],
        errors=errors or {},
        faults=faults or [],
        file_name=file_name,
        typed=request.form if request.method == "POST" else {},
    )


def _names(captions: Sequence[MediaCaption]) -> dict[int, str]:
    """Who saved them last."""
    wanted = select(User.id, User.full_name).where(User.id.in_({caption.updated_by_id for caption in captions}))
    return {user_id: name for user_id, name in db.session.execute(wanted)}  # noqa: C416


@bp.get("/studio/takarir/<int:asset_id>/<language>.<any(vtt, srt):ending>")
@requires(MANAGE_MEDIA)
def download_captions(asset_id: int, language: str, ending: str) -> Response:
    asset = _get_video(asset_id)
    caption = services.find_caption(asset_id, _get_language(language))
    if caption is None:
        raise NotFound
    content = caption.content if ending == "vtt" else write_srt(read_vtt(caption.content).lines)
    response = Response(content, content_type="text/vtt; charset=utf-8" if ending == "vtt" else "application/x-subrip; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"{asset.original_name.rpartition('.')[0] or 'video'}.{language}.{ending}")
    return response


@bp.post("/studio/takarir/<int:asset_id>/<language>/hapus")
@requires(MANAGE_MEDIA)
def remove_captions(asset_id: int, language: str) -> Any:
    _get_video(asset_id)
    tag = _get_language(language)
    with transaction():
        services.remove_caption(asset_id, tag)
    flash(_("Takarir %(language)s dihapus.", language=languages.name_of(tag)), "success")
    return redirect(url_for("media.captions_page", asset_id=asset_id), 303)


# ---- one language ----


@bp.get("/studio/takarir/<int:asset_id>/<language>")
@requires(MANAGE_MEDIA)
def caption_editor(asset_id: int, language: str) -> Any:
    asset, tag = _get_video(asset_id), _get_language(language)
    caption = services.find_caption(asset_id, tag)
    if wants_json():
        return jsonify({"version": caption.version if caption else "", "cues": _cues(caption)})
    return _editor_page(asset, tag, caption)


@bp.post("/studio/takarir/<int:asset_id>/<language>")
@requires(MANAGE_MEDIA)
@takes(LARGEST_BODY_BYTES)
def save_captions(asset_id: int, language: str) -> Any:
    """The editor sends cues, the plain form text."""
    asset, tag = _get_video(asset_id), _get_language(language)
    if request.is_json:
        given = request.get_json()
        if not isinstance(given, dict):
            raise Invalid
        try:
            lines = lines_from(given.get("cues"))
        except BadCaptions as bad:
            raise Invalid(bad.message, code="bad_captions", faults=[{"cue": one.cue, "message": one.message} for one in bad.faults]) from bad
        caption = _save(asset_id, tag, lines, str(given.get("version", "")))
        remarks = [{"cue": one.cue, "message": one.message} for one in look_at(lines, asset.duration_seconds)[1]]
        return jsonify({"version": caption.version, "cues": _cues(caption), "remarks": remarks})
    text, version = request.form.get("content", "").replace("\r\n", "\n"), request.form.get("version", "")
    held = services.find_caption(asset_id, tag)
    try:
        found = _read(text.encode(), asset.duration_seconds)
        _save(asset_id, tag, found.lines, version)
    except BadCaptions as bad:
        return _editor_page(asset, tag, held, text=text, version=version, faults=bad.faults), 422
    except Conflict as conflict:
        return _editor_page(asset, tag, held, text=text, version=version, conflict=conflict.facts), 409
    flash(_saved(tag, len(found.lines)), "success")
    _flash_remarks(found.remarks)
    return redirect(url_for("media.caption_editor", asset_id=asset_id, language=tag), 303)


def _save(asset_id: int, language: str, lines: list[Line], version: str) -> MediaCaption:
    with transaction():
        return services.edit_caption(asset_id, language, lines, version, viewer().id)


def _cues(caption: MediaCaption | None) -> list[dict[str, Any]]:
    """The cues of captions as the editor holds them."""
    if caption is None:
        return []
    return [
        {"begin": line.begin, "end": line.end, "text": as_typed(line.text), "name": line.name, "settings": line.settings}
        for line in read_vtt(caption.content).lines
    ]


def _editor_page(
    asset: MediaAsset,
    language: str,
    caption: MediaCaption | None,
    *,
    text: str | None = None,
    version: str | None = None,
    faults: list[Fault] | None = None,
    conflict: dict[str, Any] | None = None,
) -> str:
    return render_template(
        "media/caption_editor.html",
        asset=asset,
        home=homes_of(viewer(), [asset.id]).get(asset.id),
        language=language,
        language_name=languages.name_of(language),
        caption=caption,
        sources=presentation.video_sources(asset, viewer()) if asset.is_playable else None,
        cues=_cues(caption),
        version=(caption.version if caption else "") if version is None else version,
        text=(caption.content if caption else "WEBVTT\n\n") if text is None else text,
        faults=faults or [],
        conflict=conflict,
    )
