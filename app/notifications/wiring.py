"""Plugs the feature into the application."""

from __future__ import annotations

from flask import Flask, g
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.notifications import jobs, queries, subscribers  # noqa: F401  jobs: imported for what they register
from app.notifications.routes import bp
from app.people.sessions import ask_beside, told_beside
from app.ui.navigation import NavItem, register_bell, register_nav_item

UNREAD = "unread"


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    register_bell(app, "notifications.index", _unread_of_current_user)
    register_nav_item(app, NavItem("notifications.preferences", _l("Pilihan surel"), "mail", order=60, where="account"))
    register_nav_item(app, NavItem("notifications.outbox", _l("Surel keluar"), "mail", order=80, where="manage"))
    ask_beside(UNREAD, queries.UNREAD_BESIDE)
    subscribers.subscribe()
    app.teardown_request(_forget_the_count)


def _unread_of_current_user() -> int:
    if not current_user.is_authenticated:
        return 0
    told = told_beside(UNREAD)
    return queries.count_unread(current_user.id) if told is None else min(told, queries.UNREAD_SHOWN_AT_MOST)


def _forget_the_count(error: BaseException | None) -> None:
    # An application context may outlive a request (tests); what this request counted must not.
    g.pop("unread_count", None)
