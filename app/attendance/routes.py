"""What a participant sees of their own attendance, check-ins without a socket, and appeals."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app.attendance import appeals, checkins, held, queries, words
from app.attendance.models import Appeal
from app.attendance.subscribers import find_part
from app.kernel import clock
from app.kernel.access import public, requires
from app.kernel.db import db, transaction
from app.kernel.errors import DomainError, Invalid, NotFound
from app.people.sessions import viewer
from app.webinars import visitors
from app.webinars.models import Webinar, WebinarState
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND, MODERATE, SPEAK
from app.webinars.queries import get_webinar, holds

bp = Blueprint("attendance", __name__, template_folder="templates")


def _here(slug: str) -> tuple[Webinar, Participant]:
    """The webinar and this browser's person in it. Raises NotFound for outsiders."""
    webinar = get_webinar(slug)
    person = visitors.current_participant(webinar)
    if person is None:
        raise NotFound
    return webinar, person


# ---- check-ins, when there is no socket ----


@bp.get("/webinar/<slug>/presensi")
@public
def open_checkin(slug: str) -> Any:
    """The check-in that is open now, and whether this person has answered it."""
    webinar, person = _here(slug)
    held = find_open(webinar)
    if held is None:
        return _unkept(jsonify({"open": None}))
    checkins.read_answers({held.number: held})
    at = held.answers.get(person.key)
    return _unkept(jsonify({"open": held.shown(), "answered": at.isoformat() if at else None}))


@bp.post("/webinar/<slug>/presensi")
@public
def answer_checkin(slug: str) -> Any:
    webinar, person = _here(slug)
    number = request.form.get("number", "")
    wants_json = request.accept_mimetypes.best == "application/json"
    try:
        if not (number.isascii() and number.isdigit() and len(number) < 6):
            raise checkins.NoCheckIn
        at = checkins.answer(webinar.id, person.key, int(number))
    except DomainError as refused:
        if wants_json:
            raise
        flash(refused.message, "warning")
        return redirect(url_for("webinars.webinar_page", slug=slug), 303)
    if part := find_part(webinar.id):
        part.note_answer(person.key, int(number), at)
    if wants_json:
        return jsonify({"at": at.isoformat()})
    flash(_("Kehadiran Anda tercatat."), "success")
    return redirect(url_for("webinars.webinar_page", slug=slug), 303)


def find_open(webinar: Webinar) -> checkins.Held | None:
    """The check-in that is open at this moment."""
    now = clock.now()
    return next((held for held in checkins.read(webinar.id).values() if held.is_open(now)), None)


def _unkept(response: Any) -> Any:
    response.headers["Cache-Control"] = "no-store"
    return response


# ---- one's own attendance ----


@bp.get("/webinar/<slug>/kehadiran")
@public
def own_attendance(slug: str) -> Any:
    webinar, person = _here(slug)
    return _unkept(make_response(_draw_own(webinar, person)))


def _draw_own(webinar: Webinar, person: Participant, given: dict[str, str] | None = None, faults: dict[str, str] | None = None) -> str:
    now = clock.now()
    figures = queries.figures_of(webinar, [person.key], now)[person.key]
    result = queries.find_result(webinar.id, person.key) if webinar.state == WebinarState.ENDED else None
    return render_template(
        "attendance/own.html",
        webinar=webinar,
        person=person,
        figures=figures,
        result=result,
        items=words.items_of(figures.conditions, webinar, figures.presence),
        held=queries.held_checkins(webinar.id),
        most_jp=held.most_jp_of(webinar),
        appeals=queries.list_appeals_of(webinar.id, person.user_id) if person.user_id else [],
        may_appeal=bool(person.user_id and result and not result.fulfilled and appeals.may_appeal(webinar, person.user_id)),
        appeal_until=appeals.deadline_in_words(webinar),
        given=given or {},
        faults=faults or {},
        minutes=words.minutes,
        how_ended=words.how_ended,
        now=now,
    )


@bp.post("/webinar/<slug>/kehadiran/sanggahan")
@requires(ATTEND)
def create_appeal(slug: str) -> Any:
    webinar, person = _here(slug)
    if person.user_id is None:
        raise NotFound
    webinar_id, user_id, text = webinar.id, viewer().id, request.form.get("text", "")
    file = request.files.get("proof")
    try:
        if not appeals.may_appeal(webinar, user_id):
            raise Invalid(fields={"text": _("Sanggahan tidak dapat diajukan: masanya sudah lewat, atau masih ada yang sedang diperiksa.")})
        proof = appeals.receive_proof(file.stream, file.filename or "") if file and file.filename else None
        with transaction():
            appeals.make(webinar_id, user_id, text, proof)
    except DomainError as fault:
        db.session.rollback()
        faults = {name: str(said) for name, said in fault.fields.items()} or {"proof": str(fault.message)}
        if file and file.filename:
            faults.setdefault("proof", _("Pilih berkasnya sekali lagi; peramban tidak menyimpan pilihan itu."))
        webinar, person = _here(slug)
        return _unkept(make_response(_draw_own(webinar, person, {"text": text}, faults), 422))
    flash(_("Sanggahan terkirim. Anda diberi tahu bila sudah diputuskan."), "success")
    return redirect(url_for(".own_attendance", slug=slug, _anchor="sanggahan"), 303)


def may_see_proof(user: Any, asset_id: int) -> bool:
    """Whoever decides about an appeal may see what proves it, and whoever made it."""
    rows = db.session.execute(select(Appeal.user_id, Webinar).join(Webinar, Webinar.id == Appeal.webinar_id).where(Appeal.asset_id == asset_id)).all()
    return any(user_id == user.id or holds(user, MODERATE, webinar) for user_id, webinar in rows)


# ---- the panel of the live room ----


def panel_context(webinar: Webinar, person: Participant | None) -> dict[str, Any]:
    planned = max(60_000, round((webinar.ends_at - (webinar.live_at or webinar.starts_at)).total_seconds() * 1000))
    return {
        "planned_ms": planned,
        "answer_url": url_for("attendance.open_checkin", slug=webinar.slug),
        "report_url": url_for("attendance.report_page", slug=webinar.slug),
        "counts": person is not None and not person.may(SPEAK),
        "moderates": person is not None and person.may(MODERATE),
        "open": find_open(webinar),
    }
