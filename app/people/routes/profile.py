"""One's own page: what the personnel data say, password, second step, browsers, language, a copy of one's own data."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import segno
from flask import Response, flash, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel import clock
from app.kernel.access import SIGNED_IN, requires
from app.kernel.db import db, transaction
from app.kernel.errors import Invalid, NotFound
from app.kernel.i18n import LOCALE_COOKIE, LOCALES
from app.people import audit, labels, nip, passwords, second_factors, sessions, throttle
from app.people.models import EmployeeIdentifier, OrgUnit, UnitMembership, User, UserSession
from app.people.queries import get_user
from app.people.routes import bp
from app.people.sessions import viewer
from app.ui.preferences import ONE_YEAR


@bp.get("/profil")
@requires(SIGNED_IN)
def profile() -> Any:
    employee = viewer().employee
    supervisor = db.session.scalar(select(User.full_name).where(User.id == employee.supervisor_id)) if employee and employee.supervisor_id else None
    return render_template(
        "people/profile.html",
        employee=employee,
        nip=nip.grouped(employee.nip) if employee else "",
        supervisor=supervisor,
        browsers=sessions.list_sessions(viewer().id),
        own_session_id=sessions.own_session_id(),
        recovery_codes_left=second_factors.count_recovery_codes(viewer().id) if viewer().totp_enabled_at else 0,
        labels=labels,
    )


@bp.post("/profil/bahasa")
@requires(SIGNED_IN)
def choose_language() -> Any:
    """Keep the language with the account, so that mail and other devices use it too."""
    language = request.form.get("language")
    if language not in LOCALES:
        raise Invalid(fields={"language": _("Pilih bahasa dari daftar.")})
    with transaction():
        get_user(viewer().id).locale = language
    answer = redirect("/profil", 303)
    answer.set_cookie(LOCALE_COOKIE, language, max_age=ONE_YEAR, samesite="Lax", secure=request.is_secure)
    return answer


@bp.post("/profil/perangkat/<int:session_id>/akhir")
@requires(SIGNED_IN)
def end_session(session_id: int) -> Any:
    with transaction():
        ended = sessions.end_session(viewer().id, session_id)
    if not ended:
        raise NotFound
    flash(_("Perangkat itu sudah dikeluarkan."), "success")
    return redirect("/profil#perangkat", 303)


@bp.post("/profil/perangkat/lain/akhir")
@requires(SIGNED_IN)
def end_other_sessions() -> Any:
    own = sessions.own_session_id()
    with transaction():
        sessions.end_sessions(viewer().id, except_id=own)
    flash(_("Semua perangkat lain sudah dikeluarkan."), "success")
    return redirect("/profil#perangkat", 303)


@bp.route("/profil/verifikasi", methods=["GET", "POST"])
@requires(SIGNED_IN)
def set_up_second_factor() -> Any:
    """Show the QR code and switch the second step on with the first code from the phone."""
    if viewer().totp_enabled_at is not None:
        return redirect("/profil", 303)
    user_id = viewer().id
    if request.method == "POST":
        throttle.count_try("", sessions.visitor_address(), user_id, kind="code")
        with transaction():
            codes = second_factors.confirm(get_user(user_id), request.form.get("code", "")[:20])
            if codes is not None:
                throttle.forgive(sessions.visitor_address(), user_id)
        if codes is not None:
            return render_template("people/recovery_codes.html", codes=codes)
        page = _set_up_page(_("Kode itu tidak cocok. Periksa jam ponsel Anda, lalu ketik kode yang sedang tampil."))
        return page, 422
    if second_factors.pending_secret(viewer()) is None:
        with transaction():
            second_factors.begin(get_user(user_id))
    return _set_up_page(None)


def _set_up_page(error: str | None) -> str:
    secret = second_factors.pending_secret(get_user(viewer().id)) or ""
    return render_template("people/second_factor_setup.html", secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)), error=error)


@bp.get("/profil/verifikasi/qr.svg")
@requires(SIGNED_IN)
def second_factor_qr() -> Response:
    secret = second_factors.pending_secret(viewer())
    if secret is None:
        raise NotFound
    picture = segno.make(second_factors.address_for_phone(viewer(), secret), micro=False)
    svg = BytesIO()
    picture.save(svg, kind="svg", scale=6, border=4, dark="#000", light="#fff")
    return Response(svg.getvalue(), mimetype="image/svg+xml", headers={"Cache-Control": "no-store"})


@bp.post("/profil/verifikasi/cadangan")
@requires(SIGNED_IN)
def renew_recovery_codes() -> Any:
    _ask_for_password()
    user_id = viewer().id
    with transaction():
        user = get_user(user_id)
        if user.totp_enabled_at is None:
            raise NotFound
        codes = second_factors.renew_recovery_codes(user)
        audit.note(user_id, "people.recovery_codes_renewed", ("user", user_id))
    return render_template("people/recovery_codes.html", codes=codes)


@bp.post("/profil/verifikasi/mati")
@requires(SIGNED_IN)
def switch_off_second_factor() -> Any:
    _ask_for_password()
    user_id = viewer().id
    with transaction():
        second_factors.switch_off(get_user(user_id), user_id)
    flash(_("Verifikasi dua langkah dimatikan."), "success")
    return redirect("/profil", 303)


def _ask_for_password() -> None:
    """Whoever found an open browser does not get to weaken the account. Raises `Invalid`."""
    user_id = viewer().id
    throttle.count_try("", sessions.visitor_address(), user_id)
    if not passwords.verify_password(viewer().password_hash, request.form.get("password", "")):
        raise Invalid(_("Kata sandi tidak cocok. Kembali ke profil dan coba lagi."), fields={"password": _("Kata sandi tidak cocok.")})
    with transaction():
        throttle.forgive(sessions.visitor_address(), user_id)


@bp.get("/profil/data.json")
@requires(SIGNED_IN)
def export_own_data() -> Response:
    """Everything this feature keeps about the person themselves, for the person (UU 27/2022 on personal data)."""
    answer = jsonify(_own_data(get_user(viewer().id)))
    answer.headers["Content-Disposition"] = 'attachment; filename="data-saya.json"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _own_data(user: User) -> dict[str, Any]:
    data: dict[str, Any] = {
        "exported_at": clock.now().isoformat(),
        "account": {
            "id": user.id,
            "full_name": user.full_name,
            "email": user.email,
            "language": user.locale,
            "created_at": user.created_at.isoformat(),
            "last_sign_in_at": user.last_sign_in_at.isoformat() if user.last_sign_in_at else None,
            "second_factor_since": user.totp_enabled_at.isoformat() if user.totp_enabled_at else None,
        },
        "roles": [{"role": grant.role, "org_unit_id": grant.org_unit_id, "since": grant.granted_at.isoformat()} for grant in user.grants],
        "sessions": [
            {"created_at": s.created_at.isoformat(), "seen_at": s.seen_at.isoformat(), "address": s.address, "browser": s.user_agent}
            for s in db.session.scalars(select(UserSession).where(UserSession.user_id == user.id).order_by(UserSession.id))
        ],
    }
    employee = user.employee
    if employee is not None:
        memberships = db.session.execute(
            select(OrgUnit.name, UnitMembership.position, UnitMembership.valid_from, UnitMembership.valid_to)
            .join(OrgUnit, OrgUnit.id == UnitMembership.org_unit_id)
            .where(UnitMembership.employee_id == employee.id)
            .order_by(UnitMembership.valid_from)
        )
        identifiers = db.session.scalars(select(EmployeeIdentifier).where(EmployeeIdentifier.employee_id == employee.id))
        data["employee"] = {
            "nip": employee.nip,
            "employment_type": employee.employment_type,
            "grade_code": employee.grade_code,
            "position": employee.position,
            "position_type": employee.position_type,
            "position_tier": employee.position_tier,
            "org_unit": employee.org_unit.name,
            "supervisor_id": employee.supervisor_id,
            "active": employee.active,
            "units": [
                {"unit": name, "position": position, "from": start.isoformat(), "to": end.isoformat() if end else None}
                for name, position, start, end in memberships
            ],
            "numbers": [
                {"nip": i.nip, "from": i.valid_from.isoformat(), "to": i.valid_to.isoformat() if i.valid_to else None} for i in identifiers
            ],
        }
    return data
