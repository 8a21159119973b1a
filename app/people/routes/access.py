"""Signing in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import flash, redirect, render_template, request, session
from flask_babel import gettext as _
from flask_login import current_user

from app.kernel import clock, jobs
from app.kernel.access import SIGNED_IN, public, requires
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.people import codes, passwords, second_factors, services, sessions, throttle
from app.people.models import User
from app.people.queries import find_user_by_identifier, get_user, lock_user, normalize_identifier
from app.people.routes import bp
from app.people.sessions import viewer

HOME = "/beranda"
SECOND_FACTOR_KEY = "second_factor"
SECOND_FACTOR_SECONDS = 600


def local_path(target: str | None, otherwise: str = HOME) -> str:
    """The path to go on to, when it is one of ours; never another site."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable() or "\\" in target:
        return otherwise
    parts = urlsplit(target)
    return target if not parts.netloc and not parts.scheme else otherwise


@bp.route("/masuk", methods=["GET", "POST"])
@public
def sign_in() -> Any:
    following = request.values.get("next", "")
    if request.method == "GET":
        if current_user.is_authenticated:
            return redirect(local_path(following))
        return render_template("people/sign_in.html", next=following, identifier="", remember=False, error=None)
    identifier, password = request.form.get("identifier", "")[:254], request.form.get("password", "")
    remember = bool(request.form.get("remember"))
    try:
        user = _check(identifier, password)
    except throttle.SignInBlocked as refusal:
        page = render_template("people/sign_in.html", next=following, identifier=identifier, remember=remember, error=refusal.message)
        return page, refusal.status, {"Retry-After": str(refusal.facts["retry_after_seconds"])}
    if user is None:
        error = _("NIP/surel atau kata sandi tidak cocok. Periksa lagi, atau minta kode baru bila lupa.")
        return render_template("people/sign_in.html", next=following, identifier=identifier, remember=remember, error=error), 422
    if user.totp_enabled_at is not None:
        session.clear()
        session[SECOND_FACTOR_KEY] = [user.id, int(clock.now().timestamp()), remember, local_path(following)]
        return redirect("/masuk/verifikasi", 303)
    return let_in(user.id, remember, local_path(following))


def _check(identifier: str, password: str) -> User | None:
    """The person, if the password is right and the account is open. Raises `SignInBlocked`."""
    name = normalize_identifier(identifier)
    user = find_user_by_identifier(identifier)
    user_id, password_hash, open_ = (user.id, user.password_hash, user.disabled_at is None) if user else (None, None, False)
    throttle.count_try(name, sessions.visitor_address(), user_id)
    right = passwords.verify_password(password_hash, password)
    return get_user(user_id) if right and open_ and user_id is not None else None


def let_in(user_id: int, remember: bool, following: str) -> Any:
    """Begin the session and go on."""
    with transaction():
        throttle.forgive(sessions.visitor_address(), user_id)
        get_user(user_id).last_sign_in_at = clock.now()
        token = sessions.start_session(user_id, remember, sessions.visitor_address(), request.headers.get("User-Agent", ""))
    sessions.keep_token(token, remember)
    return redirect(following, 303)


@bp.post("/keluar")
@requires(SIGNED_IN)
def sign_out() -> Any:
    own = sessions.own_session_id()
    if own is not None:
        with transaction():
            sessions.end_session(viewer().id, own)
    sessions.drop_token()
    flash(_("Anda sudah keluar."), "success")
    return redirect("/masuk", 303)


def password_faults(password: str, repeat: str, user: User) -> dict[str, str]:
    """What to say beside the two fields of a new password; empty when it can be taken."""
    employee = user.employee
    faults = passwords.password_faults(password, full_name=user.full_name, nip=employee.nip if employee else None, email=user.email)
    fields = {"password": " ".join(str(fault) for fault in faults)} if faults else {}
    return fields if password == repeat else fields | {"repeat": _("Kedua kata sandi tidak sama.")}


@bp.route("/masuk/kode", methods=["GET", "POST"])
@public
def redeem_code() -> Any:
    """Set a password with a one-time code from a slip, an admin or a mail."""
    if request.method == "GET":
        return render_template("people/redeem_code.html", identifier="", code="", errors={})
    form = request.form
    identifier, code, password = form.get("identifier", "")[:254], form.get("code", "")[:40], form.get("password", "")
    page = {"identifier": identifier, "code": code}
    user = find_user_by_identifier(identifier)
    user_id = user.id if user is not None and user.disabled_at is None else None
    try:
        throttle.count_try(normalize_identifier(identifier), sessions.visitor_address(), user_id, kind="code")
    except throttle.SignInBlocked as refusal:
        return render_template("people/redeem_code.html", **page, errors={"form": refusal.message}), refusal.status
    if user_id is None or user is None or codes.find_usable_code(user_id, code) is None:
        errors = {"code": _("Kode ini tidak cocok dengan NIP atau surel itu, sudah dipakai, atau sudah lewat masanya.")}
        return render_template("people/redeem_code.html", **page, errors=errors), 422
    errors = password_faults(password, form.get("repeat", ""), user)
    if errors:
        return render_template("people/redeem_code.html", **page, errors=errors), 422
    password_hash = passwords.hash_password(password)
    with transaction():
        lock_user(user_id)
        user, used = get_user(user_id), codes.find_usable_code(user_id, code)
        if used is None:
            raise Conflict(_("Kode ini baru saja dipakai."), code="code_used")
        used.used_at = clock.now()
        services.set_password(user, password_hash, by_code=True)
        throttle.forgive(sessions.visitor_address(), user_id)
        has_second_factor = user.totp_enabled_at is not None
    if has_second_factor:
        flash(_("Kata sandi baru tersimpan. Masuk dengan kata sandi itu dan kode verifikasi Anda."), "success")
        return redirect("/masuk", 303)
    flash(_("Kata sandi baru tersimpan."), "success")
    return let_in(user_id, False, HOME)


@bp.route("/masuk/lupa", methods=["GET", "POST"])
@public
def forgot_password() -> Any:
    """Ask for a code by mail. The answer is the same whether the account exists or not, and takes as long: the worker does the rest."""
    if request.method == "GET":
        return render_template("people/forgot_password.html", identifier="", sent=False, error=None)
    identifier = request.form.get("identifier", "")[:254]
    user = find_user_by_identifier(identifier)
    user_id = user.id if user else None
    try:
        throttle.count_try(normalize_identifier(identifier), sessions.visitor_address(), user_id, kind="mail")
    except throttle.SignInBlocked as refusal:
        return render_template("people/forgot_password.html", identifier=identifier, sent=False, error=refusal.message), refusal.status
    with transaction():
        jobs.enqueue(codes.RESET_BY_MAIL, user_id=user_id or 0)
    return render_template("people/forgot_password.html", identifier=identifier, sent=True, error=None)


@bp.route("/masuk/verifikasi", methods=["GET", "POST"])
@public
def second_factor() -> Any:
    """The second step of signing in: the six digits from the phone, or a recovery code."""
    waiting = session.get(SECOND_FACTOR_KEY)
    if not waiting or clock.now().timestamp() - waiting[1] > SECOND_FACTOR_SECONDS:
        session.pop(SECOND_FACTOR_KEY, None)
        return redirect("/masuk", 303)
    user_id, _at, remember, following = waiting
    if request.method == "GET":
        return render_template("people/second_factor.html", error=None)
    try:
        throttle.count_try("", sessions.visitor_address(), user_id)
    except throttle.SignInBlocked as refusal:
        return render_template("people/second_factor.html", error=refusal.message), refusal.status
    with transaction():
        lock_user(user_id)
        right = second_factors.accept(get_user(user_id), request.form.get("code", "")[:40])
    if not right:
        return render_template("people/second_factor.html", error=_("Kode ini tidak cocok atau sudah dipakai. Tunggu kode berikutnya di ponsel Anda.")), 422
    session.pop(SECOND_FACTOR_KEY, None)
    return let_in(user_id, remember, following)


@bp.route("/profil/kata-sandi", methods=["GET", "POST"])
@requires(SIGNED_IN)
def change_password() -> Any:
    """A new password of one's own; at the first sign-in the old one need not be repeated."""
    first = viewer().must_change_password and not viewer().is_demo
    if request.method == "GET":
        return render_template("people/change_password.html", errors={}, first=first)
    user_id, form = viewer().id, request.form
    errors = password_faults(form.get("password", ""), form.get("repeat", ""), viewer())
    if not first:
        try:
            throttle.count_try("", sessions.visitor_address(), user_id)
        except throttle.SignInBlocked as refusal:
            return render_template("people/change_password.html", errors={"current": refusal.message}, first=first), refusal.status
        if not passwords.verify_password(viewer().password_hash, form.get("current", "")):
            errors["current"] = _("Kata sandi sekarang tidak cocok.")
    if not errors and passwords.verify_password(viewer().password_hash, form["password"]):
        errors["password"] = _("Kata sandi baru harus berbeda dari yang sekarang.")
    if errors:
        return render_template("people/change_password.html", errors=errors, first=first), 422
    password_hash, own = passwords.hash_password(form["password"]), sessions.own_session_id()
    with transaction():
        services.set_password(get_user(user_id), password_hash, keep_session_id=own)
        throttle.forgive(sessions.visitor_address(), user_id)
    flash(_("Kata sandi baru tersimpan. Perangkat lain sudah dikeluarkan."), "success")
    return redirect(HOME if first else "/profil", 303)
