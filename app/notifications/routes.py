"""The page behind the bell, the choice of mails, the admin's outbox."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.kernel import clock
from app.kernel.access import SIGNED_IN, requires
from app.kernel.db import transaction
from app.kernel.http import page_asked, wants_json
from app.notifications import queries, services
from app.notifications.kinds import list_kinds
from app.notifications.permissions import VIEW_OUTBOX

bp = Blueprint("notifications", __name__, template_folder="templates")


@bp.get("/pemberitahuan")
@requires(SIGNED_IN)
def index() -> Any:
    page = page_asked()
    rows, pages = queries.list_notifications(current_user.id, page)
    if page > pages:
        return redirect(url_for(".index", page=pages))
    days = [(day, list(of_day)) for day, of_day in groupby(rows, lambda row: clock.local_day(row.due_at))]
    return render_template("notifications/index.html", days=days, page=page, pages=pages)


@bp.post("/pemberitahuan/<int:notification_id>/bacaan")
@requires(SIGNED_IN)
def create_reading(notification_id: int) -> Any:
    with transaction():
        services.read_one(current_user.id, notification_id)
    if wants_json():
        return jsonify(read=True)
    return redirect(url_for(".index", page=page_asked()), 303)


@bp.post("/pemberitahuan/bacaan")
@requires(SIGNED_IN)
def create_reading_of_all() -> Any:
    with transaction():
        count = services.read_all(current_user.id)
    flash(ngettext("%(num)d pemberitahuan ditandai sudah dibaca.", "%(num)d pemberitahuan ditandai sudah dibaca.", count), "success")
    return redirect(url_for(".index"), 303)


@bp.get("/pemberitahuan/pengaturan")
@requires(SIGNED_IN)
def preferences() -> str:
    return render_template("notifications/preferences.html", kinds=list_kinds(), unwanted=queries.unwanted_kinds(current_user.id))


@bp.post("/pemberitahuan/pengaturan")
@requires(SIGNED_IN)
def update_preferences() -> Any:
    with transaction():
        services.choose_mail(current_user.id, set(request.form.getlist("mail")))
    flash(_("Pilihan surel tersimpan."), "success")
    return redirect(url_for(".preferences"), 303)


@bp.get("/kelola/surel")
@requires(VIEW_OUTBOX)
def outbox() -> Any:
    page, to_decide = page_asked(), request.args.get("saring") == "perlu-keputusan"
    mails, pages = queries.list_mail(page, to_decide)
    if page > pages:
        return redirect(url_for(".outbox", page=pages, saring=request.args.get("saring")))
    return render_template(
        "notifications/outbox.html",
        mails=mails,
        page=page,
        pages=pages,
        to_decide=to_decide,
        counts=queries.count_mail_by_state(),
        needs_a_look=queries.NEEDS_A_LOOK,
        show_text=not current_app.config["GURINDAM"].is_production,
    )


@bp.post("/kelola/surel/<int:mail_id>/pengiriman")
@requires(VIEW_OUTBOX)
def create_sending(mail_id: int) -> Any:
    with transaction():
        services.send_again(mail_id)
    flash(_("Surel ini akan dikirim sekali lagi."), "success")
    return redirect(url_for(".outbox"), 303)
