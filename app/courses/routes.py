"""The catalogue, and the pictures in lessons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.courses import labels, queries, slots
from app.courses.queries import CatalogueEntry, CatalogueFilter
from app.kernel.access import SIGNED_IN, public, requires
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.media import delivery
from app.media.models import AssetKind, MediaAsset

bp = Blueprint("courses", __name__, template_folder="templates")

JP_RANGES = {"1-2": (1, 2), "3-4": (3, 4), "5": (5, 0)}


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to narrow the catalogue, or to widen it again when it is on."""

    label: str
    href: str
    on: bool
    count: int


@bp.get("/kursus")
@public
def courses_address() -> Any:
    """What somebody tries who takes the end off a course's address."""
    return redirect(url_for(".catalogue"))


@bp.get("/katalog")
@public
def catalogue() -> str:
    courses = queries.list_catalogue()
    wanted = _wanted()
    shown = [course for course in courses if course.matches(wanted)]
    return render_template(
        "courses/catalogue.html",
        courses=shown,
        total=len(courses),
        jp=sum(course.jp for course in shown),
        narrowed=wanted != CatalogueFilter(),
        filters=_filters(courses, wanted),
        standings=slots.standings_of(current_user.id) if current_user.is_authenticated else {},
        labels=labels,
    )


def _wanted() -> CatalogueFilter:
    least, most = JP_RANGES.get(request.args.get("jp", ""), (0, 0))
    return CatalogueFilter(
        competency=request.args.get("kompetensi", "")[:255], form=request.args.get("bentuk", "")[:80], least_jp=least, most_jp=most
    )


def _filters(courses: list[CatalogueEntry], wanted: CatalogueFilter) -> list[tuple[str, list[Choice]]]:
    """The ways to narrow, each counting what it would show beside the other choices; a way with one answer is none."""

    def choice(label: Any, on: bool, **change: Any) -> Choice:
        changed = replace(wanted, **change)
        cleared = replace(wanted, **{name: type(value)() for name, value in change.items()})
        return Choice(str(label), _address(cleared if on else changed), on, sum(course.matches(changed) for course in courses))

    competencies = sorted({course.competency for course in courses})
    forms = sorted({course.form for course in courses})
    ranges = [
        (least, most)
        for least, most in JP_RANGES.values()
        if least == wanted.least_jp or any(CatalogueFilter(least_jp=least, most_jp=most).admits_jp(course.jp) for course in courses)
    ]
    found = [
        (_("Kompetensi"), [choice(name, wanted.competency == name, competency=name) for name in competencies]),
        (
            _("JP"),
            [choice(_range_label(least, most), wanted.least_jp == least, least_jp=least, most_jp=most) for least, most in ranges],
        ),
        (_("Bentuk"), [choice(labels.FORMS.get(form, form), wanted.form == form, form=form) for form in forms]),
    ]
    return [(name, choices) for name, choices in found if len(choices) > 1 or any(one.on for one in choices)]


def _range_label(least: int, most: int) -> str:
    return _("%(least)s sampai %(most)s JP", least=least, most=most) if most else _("%(least)s JP ke atas", least=least)


def _address(wanted: CatalogueFilter) -> str:
    ranges = {(least, most): name for name, (least, most) in JP_RANGES.items()}
    values: dict[str, Any] = {
        "kompetensi": wanted.competency,
        "jp": ranges.get((wanted.least_jp, wanted.most_jp), ""),
        "bentuk": wanted.form,
    }
    return url_for("courses.catalogue", **{name: value for name, value in values.items() if value})


@bp.get("/kursus/<slug>/gambar/<int:asset_id>")
@requires(SIGNED_IN)
def picture(slug: str, asset_id: int) -> Response:
    """A lesson's picture, for those who may read the lesson; the bytes come from where `media` keeps them."""
    asset = db.session.get(MediaAsset, asset_id)
    if asset is None or asset.kind != AssetKind.IMAGE or not asset.is_ready or not delivery.may_read(current_user, asset):
        raise NotFound
    response = redirect(delivery.address(asset, asset.renditions["pictures"][-1]["path"], current_user))
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.vary.add("Cookie")  # the address works in this browser as long as it is signed in
    return response  # type: ignore[return-value]
