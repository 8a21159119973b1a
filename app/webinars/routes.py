"""The list of webinars, and the one page of each: this feature's own before the event, those of the features above from then on.
Registering, the guest's link, the share link, the calendar file, the materials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from app.kernel import clock
from app.kernel.access import public, requires
from app.kernel.db import db, transaction
from app.kernel.errors import Invalid, NotFound, SignInNeeded
from app.media import presentation
from app.people.sessions import viewer, visitor_address
from app.ui.formats import jam
from app.webinars import before, guests, ics, labels, listing, materials, queries, registering, telling, visitors
from app.webinars.models import RegistrationState, Webinar, WebinarState
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND, MODERATE
from app.webinars.slots import PAGES

bp = Blueprint("webinars", __name__, template_folder="templates")


@bp.get("/webinar")
@public
def webinar_list() -> Any:
    user_id = current_user.id if current_user.is_authenticated else None
    return render_template("webinars/list.html", upcoming=listing.upcoming(user_id), past=listing.past())


@bp.get("/webinar/<slug>")
@public
def webinar_page(slug: str) -> Any:
    """One address before, during and after."""
    webinar = get_shown(slug)
    person = visitors.current_participant(webinar)
    draw = PAGES.get(WebinarState(webinar.state))
    return draw(webinar, person) if draw else draw_before(webinar, person)


def get_shown(slug: str) -> Webinar:
    """A webinar as everybody may see it; a draft only for who runs it. Raises NotFound."""
    webinar = queries.find_webinar(slug)
    if webinar is None:
        raise NotFound
    if webinar.state == WebinarState.DRAFT and not (current_user.is_authenticated and queries.holds(viewer(), MODERATE, webinar)):
        raise NotFound
    return webinar


def draw_before(
    webinar: Webinar, person: Participant | None, typed: Mapping[str, str] | None = None, errors: Mapping[str, Any] | None = None
) -> str:
    """The page of a webinar while nothing of it is to be watched: announced, ended without a page of its own, canceled, or a draft."""
    user = viewer() if current_user.is_authenticated else None
    page = before.read_page(webinar, person, user, None if user else visitors.current_guest(webinar))
    return render_template(
        "webinars/webinar.html",
        page=page,
        webinar=webinar,
        person=person,
        labels=labels,
        typed=typed or {},
        errors=errors or {},
        may_manage=person is not None and person.may(MODERATE),
        may_see_report=user is not None and queries.may_see_report(user, webinar),
    )


# ---- registering ----


@bp.post("/webinar/<slug>/pendaftaran")
@requires(ATTEND)
def create_registration(slug: str) -> Any:
    webinar, user_id = queries.get_webinar(slug), viewer().id
    webinar_id = webinar.id
    with transaction():
        row = registering.register_user(webinar_id, user_id)
    _say_registered(webinar, row.state == RegistrationState.REGISTERED)
    return redirect(url_for(".webinar_page", slug=slug), 303)


@bp.post("/webinar/<slug>/pendaftaran/batal")
@public
def cancel_registration(slug: str) -> Any:
    """By account, or as the guest this browser was opened for. Raises SignInNeeded for anybody else."""
    webinar = queries.get_webinar(slug)
    guest = None if current_user.is_authenticated else visitors.current_guest(webinar)
    if not current_user.is_authenticated and guest is None:
        raise SignInNeeded
    who = {"guest_id": guest.id} if guest else {"user_id": viewer().id}
    with transaction():
        given_back = registering.cancel_registration(webinar.id, **who)
    if given_back:
        flash(_("Pendaftaran Anda dibatalkan. Kursinya diberikan kepada yang menunggu."), "success")
    return redirect(url_for(".webinar_page", slug=slug), 303)


def _say_registered(webinar: Webinar, seated: bool) -> None:
    if not seated:
        flash(_("Kursi penuh. Anda ada di daftar tunggu dan diberi tahu begitu ada kursi."), "info")
        return
    reminders = telling.reminders_to_come(webinar)
    if webinar.state == WebinarState.LIVE:
        said = _("Anda terdaftar; kehadiran dihitung mulai sekarang.")
    elif "day" in reminders:
        said = _("Anda terdaftar. Pengingat dikirim sehari dan sejam sebelumnya.")
    elif "hour" in reminders:
        said = _("Anda terdaftar. Pengingat dikirim sejam sebelumnya.")
    else:
        said = _("Anda terdaftar. Webinar dimulai pukul %(time)s.", time=jam(webinar.starts_at))
    flash(said, "success")


# ---- guests ----


@bp.post("/webinar/<slug>/tamu")
@public
def create_guest(slug: str) -> Any:
    """The same answer for every address, known or not."""
    webinar = queries.get_webinar(slug)
    if not webinar.guests_welcome:
        raise NotFound
    try:
        facts = guests.read_facts(request.form)
    except Invalid as refusal:
        return draw_before(webinar, visitors.current_participant(webinar), request.form, refusal.fields), refusal.status
    guests.count_request(facts.email, visitor_address())
    with transaction():
        guests.ask_for_link(webinar.id, facts)
    flash(_("Tautan dikirim ke alamat surel itu. Buka tautannya untuk memastikan pendaftaran; periksa juga map spam."), "info")
    return redirect(url_for(".webinar_page", slug=slug, _anchor="isi"), 303)  # without one the form's own place would stay in the address


@bp.get("/webinar/tamu/<secret>")
@public
def guest_link(secret: str) -> Any:
    """Opening the link asks for one more press, because mail programs open links by themselves; later it simply leads to the page."""
    guest, webinar = guests.get_by_link(secret)
    if guest.confirmed_at is None:
        return _unshared(make_response(render_template("webinars/guest.html", guest=guest, webinar=webinar, secret=secret)))
    return _as_guest(guest, webinar)


@bp.post("/webinar/tamu/<secret>")
@public
def confirm_guest(secret: str) -> Any:
    with transaction():
        row = guests.confirm(secret)
    guest, webinar = guests.get_by_link(secret)
    _say_registered(webinar, row.state == RegistrationState.REGISTERED)
    return _as_guest(guest, webinar)


@bp.post("/webinar/<slug>/tamu/keluar")
@public
def leave_as_guest(slug: str) -> Any:
    """For shared computers: the next person there is nobody's guest. The registration stays."""
    webinar = queries.get_webinar(slug)
    answer = make_response(redirect(url_for(".webinar_page", slug=slug), 303))
    visitors.forget_guest(answer, webinar.id)
    flash(_("Peramban ini tidak lagi mengenal Anda. Tautan di surel Anda membuka halaman ini kembali."), "success")
    return answer


def _as_guest(guest: Any, webinar: Webinar) -> Response:
    answer = make_response(redirect(url_for(".webinar_page", slug=webinar.slug), 303))
    visitors.remember_guest(answer, guest)
    return _unshared(answer)


def _unshared(answer: Response) -> Response:
    """The address holds a secret: neither kept nor told to the next page."""
    answer.headers["Cache-Control"], answer.headers["Referrer-Policy"] = "no-store", "no-referrer"
    return answer


# ---- share link, calendar, materials ----


@bp.get("/w/<token>")
@public
def share(token: str) -> Any:
    """The short address for chat groups and posters."""
    webinar = db.session.scalar(select(Webinar).where(Webinar.share_token == token, Webinar.state != WebinarState.DRAFT))
    if webinar is None:
        raise NotFound
    return redirect(url_for(".webinar_page", slug=webinar.slug), 302)


@bp.get("/webinar/<slug>/kalender.ics")
@public
def calendar_file(slug: str) -> Any:
    webinar = queries.get_webinar(slug)
    address = current_app.config["GURINDAM"].base_url + url_for(".webinar_page", slug=slug)
    text = ics.calendar(
        uid=f"webinar-{webinar.share_token}",  # the same for ever, whatever the installation's address becomes
        title=webinar.title,
        text=webinar.summary,
        address=address,
        starts_at=webinar.starts_at,
        ends_at=webinar.ends_at,
        changed_at=clock.now(),
        sequence=webinar.version,
        canceled=webinar.state == WebinarState.CANCELED,
    )
    answer = Response(text, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{webinar.slug}.ics")
    return answer


@bp.get("/webinar/<slug>/bahan/<int:material_id>")
@public
def material(slug: str, material_id: int) -> Any:
    """The way to a document's file, for who may have it now."""
    webinar = get_shown(slug)
    found = materials.get_open_material(webinar, visitors.current_participant(webinar), material_id)
    answer = redirect(presentation.document_download(found.asset, viewer() if current_user.is_authenticated else None), 302)
    answer.headers["Cache-Control"] = "no-store"
    return answer
