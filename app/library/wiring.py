"""Plugs the media library into the application."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.library import items, jobs, models, rights, shelf, subscribers, usage  # noqa: F401  for the tables and jobs they register
from app.library.routes import bp
from app.media.delivery import register_reader
from app.media.rights import register_manager
from app.media.slots import register_allowance, register_homes
from app.media.uses import register_use
from app.people import audit
from app.ui.navigation import NavItem, register_nav_item


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    subscribers.subscribe()
    audit.describe(
        {
            "library.file_replaced": _l("Berkas materi diganti"),
            "library.item_removed": _l("Berkas pustaka dihapus"),
            "library.item_replaced": _l("Berkas pustaka diganti"),
            "library.lesson_made": _l("Materi dibuat dari pustaka"),
        },
        {"library_item": _l("Berkas pustaka")},
    )
    register_nav_item(app, NavItem("library.studio", _l("Studio"), "pen", order=60, within=("/studio",)))
    register_manager(rights.answers_for)
    register_reader(rights.may_watch)
    register_use(items.is_needed)
    register_allowance(usage.allow_person)
    register_allowance(usage.allow_agency)
    register_homes(shelf.find_homes)
