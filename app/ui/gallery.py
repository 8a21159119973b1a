"""The living page of components at `/_ui`: every macro with plain examples, light and dark. Not there in production."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from re import findall

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from app.kernel.access import public

bp = Blueprint("ui_gallery", __name__)

TODAY = date(2026, 11, 23)
JP_ENTRIES = [(date(2026, 2, 17), 3), (date(2026, 5, 12), 2), (date(2026, 8, 25), 4), (date(2026, 11, 13), 3)]
ERRORS = (400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503, 507)


@bp.get("/_ui")
@public
def index() -> str:
    return render_template(
        "ui/gallery.html", today=TODAY, entries=JP_ENTRIES, page=request.args.get("page", 3, type=int), errors=ERRORS, icons=icon_names()
    )


@bp.get("/_ui/latihan")
@public
def exam() -> str:
    return render_template("ui/gallery_exam.html")


@bp.get("/_ui/cetak")
@public
def paper() -> str:
    return render_template("ui/gallery_paper.html", today=TODAY)


@bp.get("/_ui/galat/<int:status>")
@public
def error_page(status: int):
    if status not in ERRORS:
        abort(404)
    return render_template(f"errors/{status}.html", message=None), status


@bp.post("/_ui/pesan")
@public
def send_messages():
    """Leave one message of each kind, to see how they stand on the next page."""
    for category, text in (("success", "Tersimpan."), ("warning", "Ada tiga baris tanpa surel."), ("error", "Baris 14: NIP 17 digit, seharusnya 18.")):
        flash(text, category)
    return redirect(url_for("ui_gallery.index"), 303)


def icon_names() -> list[str]:
    return findall(r'id="i-([\w-]+)"', (Path(__file__).parent / "client" / "icons.svg").read_text())
