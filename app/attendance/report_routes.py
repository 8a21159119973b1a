"""The report of attendance and the appeals, for those who run a webinar or answer for its people."""

from __future__ import annotations

import re
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app.attendance import appeals, exporting, held, queries, report, words
from app.attendance.models import Appeal, AppealState
from app.attendance.report import FULFILLED, MISSING, Filters, Line, Reach
from app.attendance.routes import bp
from app.kernel import clock
from app.kernel.access import requires
from app.kernel.db import db, transaction
from app.kernel.errors import DomainError, NotFound
from app.kernel.http import page_asked
from app.media import presentation
from app.media.models import AssetKind, AssetState, MediaAsset
from app.people import audit
from app.people.downloads import table_answer
from app.people.models import User
from app.people.name_filter import turn_away_number
from app.people.sessions import viewer
from app.webinars.labels import STATES
from app.webinars.models import Webinar
from app.webinars.permissions import MODERATE, SEE_REPORT
from app.webinars.queries import get_webinar_for, holds

_KEY = re.compile(r"[ugs][1-9]\d{0,9}")


@bp.get("/kelola/kehadiran")
@requires(SEE_REPORT)
def report_list() -> Any:
    found, page, pages = report.list_report_webinars(viewer(), page_asked())
    return render_template("attendance/report_list.html", webinars=found, page=page, pages=pages, states=STATES)


@bp.get("/kelola/webinar/<slug>/kehadiran")
@requires(SEE_REPORT)
def report_page(slug: str) -> Any:
    webinar, reach = report.get_report_webinar(viewer(), slug)
    filters = _filters()
    if away := turn_away_number():
        return away
    webinar_id = webinar.id
    with transaction():
        audit.note(viewer().id, "attendance.report_seen", ("webinar", webinar_id))
    webinar, reach = report.get_report_webinar(viewer(), slug)
    shown = report.read(webinar, reach, filters, page_asked(), clock.now())
    decides = holds(viewer(), MODERATE, webinar)
    args = {name: value for name, value in (("nama", filters.name), ("unit", filters.unit), ("syarat", filters.state)) if value}
    page = render_template(
        "attendance/report.html",
        webinar=webinar,
        report=shown,
        kinds_line=words.kinds_line(shown.kinds),
        for_whom=words.for_whom(webinar),
        most_jp=held.most_jp_of(webinar),
        reach=reach,
        filters=filters,
        args=args,
        unit_options=[(name, name) for name in shown.unit_names],
        states=[(FULFILLED, _("Terpenuhi")), (MISSING, _("Belum"))],
        decides=decides,
        open_appeals=_open_appeals(webinar.id) if decides else [],
        role_of=exporting.role_of,
        minutes=words.minutes,
        live_minutes=words.minutes(queries.live_ms(webinar, clock.now())),
    )
    return _unkept(page)


def _filters() -> Filters:
    state = request.args.get("syarat", "")
    return Filters(
        name=" ".join(request.args.get("nama", "").split())[:80],
        unit=request.args.get("unit", "")[:255],
        state=state if state in (FULFILLED, MISSING) else "",
    )


def _unkept(page: str, status: int = 200) -> Any:
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/kelola/webinar/<slug>/kehadiran/ekspor.<any(csv, xlsx):kind>")
@requires(SEE_REPORT)
def export_report(slug: str, kind: str) -> Any:
    webinar, reach = report.get_report_webinar(viewer(), slug)
    webinar_id = webinar.id
    table = exporting.table(webinar, reach, _filters(), clock.now())
    with transaction():
        audit.note(viewer().id, "attendance.report_exported", ("webinar", webinar_id), after={"rows": len(table[1]), "kind": kind})
    return table_answer(f"kehadiran-{slug}"[:80], kind, *table)


@bp.get("/kelola/webinar/<slug>/kehadiran/<key>")
@requires(SEE_REPORT)
def report_person(slug: str, key: str) -> Any:
    """One person's attendance with all that it is made of: for whoever is asked about it."""
    webinar, reach = report.get_report_webinar(viewer(), slug)
    line = _line(webinar, reach, key)
    with transaction():
        audit.note(viewer().id, "attendance.person_seen", ("webinar", webinar.id), after={"participant": key})
    webinar, reach = report.get_report_webinar(viewer(), slug)
    return _unkept(
        render_template(
            "attendance/person.html",
            webinar=webinar,
            computed=queries.is_computed(webinar.id),
            for_whom=words.for_whom(webinar),
            line=line,
            figures=line.figures,
            most_jp=held.most_jp_of(webinar),
            items=words.items_of(line.figures.conditions, webinar, line.figures.presence),
            held=queries.held_checkins(webinar.id),
            appeals=queries.list_appeals_of(webinar.id, line.user_id) if line.user_id else [],
            role=exporting.role_of(line.key, line.registered),
            minutes=words.minutes,
            how_ended=words.how_ended,
        )
    )


def _line(webinar: Webinar, reach: Reach, key: str) -> Line:
    if not _KEY.fullmatch(key):
        raise NotFound
    return report.get_line(webinar, reach, key, clock.now())


# ---- appeals ----


def _open_appeals(webinar_id: int) -> list[tuple[Appeal, str]]:
    waiting = appeals.find_open(webinar_id)
    names = dict(db.session.execute(select(User.id, User.full_name).where(User.id.in_([appeal.user_id for appeal in waiting]))).all())
    return [(appeal, names.get(appeal.user_id, "")) for appeal in waiting]


@bp.get("/kelola/webinar/<slug>/sanggahan/<int(max=2147483647):appeal_id>")
@requires(MODERATE)
def appeal_page(slug: str, appeal_id: int) -> Any:
    webinar = get_webinar_for(viewer(), MODERATE, slug)
    return _unkept(_draw_appeal(webinar, appeals.get(webinar.id, appeal_id)))


def _draw_appeal(webinar: Webinar, appeal: Appeal, given: dict[str, str] | None = None, faults: dict[str, str] | None = None) -> str:
    key = f"u{appeal.user_id}"
    figures = queries.figures_of(webinar, [key], clock.now())[key]
    person = db.session.get_one(User, appeal.user_id)
    decider = db.session.get(User, appeal.decided_by_id) if appeal.decided_by_id else None
    return render_template(
        "attendance/appeal.html",
        webinar=webinar,
        appeal=appeal,
        full_name=person.full_name,
        figures=figures,
        items=words.items_of(figures.conditions, webinar, figures.presence),
        held=queries.held_checkins(webinar.id),
        proof=_proof(appeal),
        decider=decider.full_name if decider else "",
        given=given or {},
        faults=faults or {},
        key=key,
        missing_minutes=max(0, words.minutes_needed(figures.conditions[0].need) - words.minutes(figures.conditions[0].have)),
        minutes=words.minutes,
        how_ended=words.how_ended,
        waits=appeal.state == AppealState.OPEN,
        is_own=not appeals.may_decide(appeal, viewer().id),
    )


def _proof(appeal: Appeal) -> dict[str, Any] | None:
    """What proves it, as it can be shown: a picture, a document to open, or that it is being prepared."""
    asset = db.session.get(MediaAsset, appeal.asset_id) if appeal.asset_id else None
    if asset is None:
        return None
    if asset.state != AssetState.READY:
        return {"name": asset.original_name, "picture": None, "url": None}
    if asset.kind == AssetKind.IMAGE:
        return {"name": asset.original_name, "picture": presentation.picture(asset, viewer()), "url": None}
    return {"name": asset.original_name, "picture": None, "url": presentation.document_download(asset, viewer())}


@bp.post("/kelola/webinar/<slug>/sanggahan/<int(max=2147483647):appeal_id>")
@requires(MODERATE)
def decide_appeal(slug: str, appeal_id: int) -> Any:
    webinar = get_webinar_for(viewer(), MODERATE, slug)
    appeals.get(webinar.id, appeal_id)
    webinar_id, actor_id, form = webinar.id, viewer().id, request.form
    try:
        with transaction():
            appeals.decide(
                appeal_id, webinar_id, actor_id, form.get("verdict") == "grant",
                _whole(form.get("minutes")), _whole(form.get("checkins")), form.get("decision", ""),
            )  # fmt: skip
    except DomainError as fault:
        db.session.rollback()
        faults = {name: str(said) for name, said in fault.fields.items()} or {"decision": str(fault.message)}
        webinar = get_webinar_for(viewer(), MODERATE, slug)
        return _unkept(_draw_appeal(webinar, appeals.get(webinar.id, appeal_id), dict(form), faults), fault.status)
    flash(_("Keputusan disimpan. Orangnya diberi tahu, dan JP disesuaikan."), "success")
    return redirect(url_for(".report_page", slug=slug), 303)


def _whole(text: str | None) -> int:
    """A whole number as a form writes it; -1 for what is none, which is refused with the bounds."""
    text = (text or "0").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
