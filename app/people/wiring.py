"""Plugs the feature into the application."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import LoginManager, current_user

from app.kernel.access import PUBLIC, identifies_itself, permission_of
from app.kernel.http import wants_json
from app.people import applying, cli, sessions  # noqa: F401  applying: for its job
from app.people.routes import bp
from app.ui.navigation import NavItem, register_nav_item

OPEN_BEFORE_NEW_PASSWORD = {"people.change_password", "people.sign_out", "ui.update_preferences"}


class _SignedIn(LoginManager):
    """Flask-Login asks here who sends a request. Only the session's row decides: its own cookies, headers and checks are left out."""

    def _load_user(self) -> None:
        self._update_request_context_with_user(sessions.load_signed_in())  # type: ignore[no-untyped-call]


login_manager = _SignedIn()


def init_app(app: Flask) -> None:
    app.config.update(PERMANENT_SESSION_LIFETIME=sessions.REMEMBERED, SESSION_REFRESH_EACH_REQUEST=False)
    login_manager.init_app(app)
    app.register_blueprint(bp)
    app.cli.add_command(cli.people_commands)
    app.before_request(_ask_for_new_password)
    app.teardown_request(_forget_who_asked)
    register_nav_item(app, NavItem("people.people_page", _l("Pegawai"), icon="users", order=10, where="manage", within=("/kelola/pegawai",)))
    register_nav_item(app, NavItem("people.units_page", _l("Unit"), icon="org", order=20, where="manage", within=("/kelola/unit",)))
    register_nav_item(app, NavItem("people.audit_page", _l("Catatan audit"), icon="eye", order=80, where="manage"))
    register_nav_item(app, NavItem("people.profile", _l("Profil saya"), icon="user", order=10, where="account", within=("/profil",)))
    register_nav_item(app, NavItem("people.sign_in", _l("Masuk"), icon="key", order=10, where="entrance"))
    register_nav_item(app, NavItem("people.sign_out", _l("Keluar"), icon="out", order=90, where="account", post=True))


def _ask_for_new_password() -> Any:
    """At the first sign-in nothing is open before the person chose a password of their own."""
    if request.endpoint is None or request.endpoint in OPEN_BEFORE_NEW_PASSWORD:
        return None
    if identifies_itself(_app(), request.endpoint):
        return None
    if permission_of(_app(), request.endpoint) is PUBLIC or not current_user.is_authenticated:
        return None
    if not current_user.must_change_password or current_user.is_demo:
        return None
    if wants_json():
        return jsonify(error="password_change_needed", message=_("Buat kata sandi Anda sendiri lebih dulu.")), 403
    return redirect(url_for("people.change_password"), 303)


def _app() -> Flask:
    from flask import current_app

    return current_app


def _forget_who_asked(error: BaseException | None) -> None:
    # An application context may outlive a request (commands, tests); who asked must not.
    for name in ("_login_user", "user_session_id", "told_beside", "stored_locale"):
        g.pop(name, None)
