"""Plugs the feature into the application."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.courses import lesson_kinds, routes, staff_routes, subscribers  # noqa: F401  staff_routes: for what it registers
from app.courses.queries import titles_of
from app.courses.services import Door
from app.courses.staff import ROLES
from app.people import audit
from app.ui.navigation import NavItem, register_nav_item


def init_app(app: Flask) -> None:
    lesson_kinds.register_all()
    audit.describe(
        {
            "courses.staff_named": _l("Anggota tim kursus ditunjuk"),
            "courses.staff_removed": _l("Anggota tim kursus dilepas"),
            "courses.version_published": _l("Versi kursus diterbitkan"),
        },
        {"course": _l("Kursus")},
        values=ROLES | {Door.COMMAND_LINE: _l("baris perintah"), Door.STUDIO: _l("studio"), Door.RECORDING: _l("rekaman webinar")},
        names={"course": titles_of},
    )
    subscribers.subscribe()
    app.register_blueprint(routes.bp)
    register_nav_item(app, NavItem("courses.catalogue", _l("Kursus"), "book", order=20, where="main", within=("/kursus/",)))
    register_nav_item(app, NavItem("courses.manage_page", _l("Kelola kursus"), "book", order=40, where="manage", within=("/kelola/kursus",)))
    register_nav_item(app, NavItem("courses.catalogue", _l("Katalog"), "book", order=10, where="public", within=("/kursus/",)))
