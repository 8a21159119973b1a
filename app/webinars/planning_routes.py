"""The pages under /kelola/webinar: the list, the one form of a webinar, and what belongs to it beside the form.

Everybody in a webinar's staff edits it; announcing, calling off and naming staff are BKPSDM's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from app.kernel import clock
from app.kernel.access import may, requires
from app.kernel.db import db, transaction
from app.kernel.errors import DomainError, Invalid, NotFound
from app.kernel.http import page_asked
from app.people.queries import find_holders, lock_user
from app.people.sessions import viewer
from app.webinars import agenda, labels, managing, materials, planning, queries, quizzes, quotas, registering, speakers, staffing
from app.webinars.models import AgendaItem, Webinar, WebinarState
from app.webinars.permissions import MODERATE, PLAN
from app.webinars.routes import bp


@bp.after_request
def _keep_no_copy(response: Response) -> Response:
    """Plans, speakers' links and names of participants are not left behind in the browser of a shared computer."""
    if request.path.startswith("/kelola"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


@bp.get("/kelola/webinar")
@requires(MODERATE)
def manage_list() -> Any:
    return render_template("webinars/manage_list.html", groups=managing.list_managed(viewer()), states=labels.STATES, may_plan=may(PLAN))


@bp.get("/kelola/webinar/baru")
@requires(PLAN)
def new_webinar() -> Any:
    return _new_page(planning.new_values(), {})


@bp.post("/kelola/webinar/baru")
@requires(PLAN)
def create_webinar() -> Any:
    actor_id = viewer().id
    try:
        plan = planning.read_plan(request.form, planner=viewer())
        with transaction():
            lock_user(actor_id)
            webinar = planning.create_webinar(actor_id, plan, request.form.get("token"))
    except Invalid as refusal:
        db.session.rollback()
        return _new_page(managing.as_typed(request.form), refusal.fields), refusal.status
    flash(_("Rancangan tersimpan. Lengkapi susunan acara, narasumber, dan petugasnya, lalu umumkan."), "success")
    return redirect(url_for(".manage_page", webinar_id=webinar.id), 303)


def _new_page(values: Mapping[str, Any], errors: Mapping[str, Any]) -> str:
    return render_template("webinars/new.html", values=values, errors=errors, token=values.get("token") or planning.new_token(), **_choices())


def _choices(webinar: Webinar | None = None) -> dict[str, Any]:
    return {"labels": labels, "quizzes": quizzes.list_offered(viewer(), webinar), "limits": planning, "jp_rules": managing.jp_rules(clock.today())}


@bp.get("/kelola/webinar/<int:webinar_id>")
@requires(MODERATE)
def manage_page(webinar_id: int) -> Any:
    return _page(managing.get_managed(viewer(), webinar_id))


def _page(
    webinar: Webinar,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Any] | None = None,
    part: str = "acara",
    message: str | None = None,
) -> str:
    """The page of one webinar; `part` is where `errors` and `message` stand, `values` what was typed there."""
    person, items, staff = viewer(), agenda.list_items(webinar.id), staffing.list_staff(webinar.id)
    looked_for = " ".join((values or {}).get("cari", "").split())[: staffing.LONGEST_SEARCH]
    return render_template(
        "webinars/manage.html",
        webinar=webinar,
        values=values if values is not None and part == "acara" else managing.as_values(webinar),
        errors={part: errors or {}},
        typed={part: values or {}},
        message=(part, message) if message else None,
        needed=planning.explain_publication(webinar) if webinar.state == WebinarState.DRAFT else [],
        counts=registering.count_registrations(webinar.id),
        items=items,
        item_choices=[(item.id, item.title) for item in items],
        rows=_typed_rows(items) if values is not None and part == "susunan" else agenda.rows_of(items),
        speakers=queries.list_speakers(webinar.id),
        staff=staff,
        looked_for=looked_for,
        found=_find_staff(looked_for, [member.user_id for member in staff]) if looked_for else [],
        quotas=quotas.list_quotas(webinar.id),
        units=quotas.unit_options(),
        materials=materials.list_materials(webinar, None),
        offered=materials.list_offered(person, webinar.id),
        may_plan=may(PLAN),
        may_edit=webinar.state in planning.BEFORE_IT_BEGINS,
        states=labels.STATES,
        share_address=managing.share_address(webinar),
        now=clock.now(),
        **_choices(webinar),
    )


def _typed_rows(items: list[AgendaItem]) -> list[agenda.Row]:
    return agenda.rows_as_typed(items, *(request.form.getlist(name) for name in ("item", "item_title", "item_minutes", "item_kind")))


def _find_staff(looked_for: str, known: list[int]) -> list[tuple[int, str]]:
    """People of this name who may moderate, as a choice."""
    people = find_holders(viewer(), MODERATE, looked_for, known)
    return [(one.user_id, f"{one.full_name}, {one.unit}" if one.unit else one.full_name) for one in people]


def _version() -> int:
    text = request.form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound
    return int(text)


def _number(text: str | None) -> int:
    """A row's id as a form writes it. Raises NotFound for anything else."""
    if not (text and text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound
    return int(text)


def _do(webinar_id: int, part: str, work: Callable[[int], Any], done: str | None = None) -> Any:
    """One change of a webinar that this person may manage: carried out, or said why not, beside what was typed."""
    actor_id = managing.get_managed(viewer(), webinar_id) and viewer().id
    try:
        with transaction():
            work(actor_id)
    except DomainError as refusal:
        db.session.rollback()
        if isinstance(refusal, NotFound):
            raise
        webinar = managing.get_managed(viewer(), webinar_id)
        message = None if refusal.fields else str(refusal.message)
        return _page(webinar, managing.as_typed(request.form), refusal.fields, part, message), refusal.status
    if done:
        flash(done, "success")
    return redirect(url_for(".manage_page", webinar_id=webinar_id, _anchor=part), 303)


@bp.post("/kelola/webinar/<int:webinar_id>")
@requires(MODERATE)
def change_webinar(webinar_id: int) -> Any:
    version = _version()

    def change(actor_id: int) -> None:
        planning.change_webinar(actor_id, webinar_id, version, planning.read_plan(request.form, planning.get_webinar_by_id(webinar_id), viewer()))

    return _do(webinar_id, "acara", change, _("Tersimpan."))


# ---- announced, taken back, called off ----


@bp.post("/kelola/webinar/<int:webinar_id>/pengumuman")
@requires(PLAN)
def create_publication(webinar_id: int) -> Any:
    version = _version()
    return _do(webinar_id, "umumkan", lambda actor_id: planning.publish(actor_id, webinar_id, version), _("Webinar diumumkan; pendaftaran terbuka."))


@bp.post("/kelola/webinar/<int:webinar_id>/penarikan")
@requires(PLAN)
def create_withdrawal(webinar_id: int) -> Any:
    version = _version()
    return _do(webinar_id, "umumkan", lambda actor_id: planning.unpublish(actor_id, webinar_id, version), _("Webinar kembali menjadi rancangan."))


@bp.post("/kelola/webinar/<int:webinar_id>/pembatalan")
@requires(PLAN)
def create_cancellation(webinar_id: int) -> Any:
    version = _version()
    return _do(
        webinar_id,
        "umumkan",
        lambda actor_id: planning.cancel(actor_id, webinar_id, version, request.form.get("reason", "")),
        _("Webinar dibatalkan. Semua yang mendaftar diberi tahu."),
    )


@bp.post("/kelola/webinar/<int:webinar_id>/hapus")
@requires(PLAN)
def delete_draft(webinar_id: int) -> Any:
    version, actor_id = _version(), viewer().id
    with transaction():
        planning.delete_draft(actor_id, webinar_id, version)
    flash(_("Rancangan dihapus."), "success")
    return redirect(url_for(".manage_list"), 303)


# ---- agenda ----


@bp.post("/kelola/webinar/<int:webinar_id>/susunan")
@requires(MODERATE)
def save_agenda(webinar_id: int) -> Any:
    version, form = _version(), request.form

    def save(actor_id: int) -> None:
        rows = agenda.read_rows(form.getlist("item"), form.getlist("item_title"), form.getlist("item_minutes"), form.getlist("item_kind"))
        up = form.get("up", "")
        agenda.save_agenda(actor_id, webinar_id, version, agenda.moved_up(rows, _number(up)) if up else rows)

    return _do(webinar_id, "susunan", save, _("Susunan acara tersimpan."))


# ---- speakers ----


@bp.post("/kelola/webinar/<int:webinar_id>/narasumber")
@requires(MODERATE)
def add_speaker(webinar_id: int) -> Any:
    return _do(webinar_id, "narasumber", lambda actor_id: speakers.add_speaker(actor_id, webinar_id, speakers.read_facts(request.form)))


@bp.post("/kelola/webinar/<int:webinar_id>/narasumber/<int:speaker_id>")
@requires(MODERATE)
def change_speaker(webinar_id: int, speaker_id: int) -> Any:
    return _do(
        webinar_id,
        f"narasumber-{speaker_id}",
        lambda actor_id: speakers.change_speaker(actor_id, webinar_id, speaker_id, speakers.read_facts(request.form)),
        _("Tersimpan."),
    )


@bp.post("/kelola/webinar/<int:webinar_id>/narasumber/<int:speaker_id>/hapus")
@requires(MODERATE)
def remove_speaker(webinar_id: int, speaker_id: int) -> Any:
    return _do(webinar_id, "narasumber", lambda actor_id: speakers.remove_speaker(actor_id, webinar_id, speaker_id))


@bp.post("/kelola/webinar/<int:webinar_id>/narasumber/<int:speaker_id>/tautan")
@requires(MODERATE)
def renew_speaker_link(webinar_id: int, speaker_id: int) -> Any:
    """The link is in this answer and nowhere else."""
    webinar, actor_id = managing.get_managed(viewer(), webinar_id), viewer().id
    had_link = speakers.get_speaker(webinar_id, speaker_id).link_digest is not None
    with transaction():
        address = speakers.renew_link(actor_id, webinar_id, speaker_id)
    speaker = speakers.get_speaker(webinar_id, speaker_id)
    return render_template("webinars/speaker_link.html", webinar=webinar, speaker=speaker, address=address, had_link=had_link)


@bp.post("/kelola/webinar/<int:webinar_id>/narasumber/<int:speaker_id>/tautan/cabut")
@requires(MODERATE)
def revoke_speaker_link(webinar_id: int, speaker_id: int) -> Any:
    return _do(
        webinar_id, "narasumber", lambda actor_id: speakers.revoke_link(actor_id, webinar_id, speaker_id), _("Tautan narasumber itu tidak berlaku lagi.")
    )


# ---- staff ----


@bp.post("/kelola/webinar/<int:webinar_id>/petugas/pilihan")
@requires(PLAN)
def find_staff(webinar_id: int) -> Any:
    """Look for people by name, by POST, so that no name stands in an address."""
    return _page(managing.get_managed(viewer(), webinar_id), request.form, part="petugas")


@bp.post("/kelola/webinar/<int:webinar_id>/petugas")
@requires(PLAN)
def add_staff(webinar_id: int) -> Any:
    chosen, role = request.form.get("person"), request.form.get("role", "")
    return _do(webinar_id, "petugas", lambda _actor: staffing.add_staff(viewer(), webinar_id, _number(chosen), role))


@bp.post("/kelola/webinar/<int:webinar_id>/petugas/<int:user_id>/keluar")
@requires(PLAN)
def remove_staff(webinar_id: int, user_id: int) -> Any:
    return _do(webinar_id, "petugas", lambda _actor: staffing.remove_staff(viewer(), webinar_id, user_id))


# ---- quotas ----


@bp.post("/kelola/webinar/<int:webinar_id>/kuota")
@requires(MODERATE)
def set_quota(webinar_id: int) -> Any:
    unit, seats = request.form.get("unit"), request.form.get("quota_seats", "")
    return _do(webinar_id, "kuota", lambda actor_id: quotas.set_quota(actor_id, webinar_id, _number(unit), seats))


@bp.post("/kelola/webinar/<int:webinar_id>/kuota/<int:unit_id>/hapus")
@requires(MODERATE)
def remove_quota(webinar_id: int, unit_id: int) -> Any:
    return _do(webinar_id, "kuota", lambda actor_id: quotas.remove_quota(actor_id, webinar_id, unit_id))


# ---- materials ----


@bp.post("/kelola/webinar/<int:webinar_id>/bahan")
@requires(MODERATE)
def add_material(webinar_id: int) -> Any:
    form = request.form
    return _do(
        webinar_id,
        "bahan",
        lambda _actor: materials.add_material(
            viewer(), webinar_id, _number(form.get("item")), form.get("material_title", ""), form.get("open_from", ""), form.get("is_slides") == "1"
        ),
    )


@bp.post("/kelola/webinar/<int:webinar_id>/bahan/<int:material_id>")
@requires(MODERATE)
def change_material(webinar_id: int, material_id: int) -> Any:
    form = request.form
    return _do(
        webinar_id,
        f"bahan-{material_id}",
        lambda actor_id: materials.change_material(actor_id, webinar_id, material_id, form.get("open_from", ""), form.get("is_slides") == "1"),
        _("Tersimpan."),
    )


@bp.post("/kelola/webinar/<int:webinar_id>/bahan/<int:material_id>/hapus")
@requires(MODERATE)
def remove_material(webinar_id: int, material_id: int) -> Any:
    return _do(webinar_id, "bahan", lambda actor_id: materials.remove_material(actor_id, webinar_id, material_id))


# ---- who comes ----


@bp.get("/kelola/webinar/<int:webinar_id>/peserta")
@requires(MODERATE)
def people_page(webinar_id: int) -> Any:
    webinar = managing.get_managed(viewer(), webinar_id)
    page = page_asked()
    people, pages = managing.list_people(webinar_id, page)
    return render_template(
        "webinars/people.html", webinar=webinar, people=people, page=page, pages=pages, counts=registering.count_registrations(webinar_id)
    )
