"""Plugs the pages that mix features into the application."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.home import routes
from app.home.health import health_page
from app.ui.navigation import NavItem, register_nav_item, register_search


def init_app(app: Flask) -> None:
    app.register_blueprint(routes.bp)
    app.register_blueprint(health_page)
    register_nav_item(app, NavItem("home.home", _l("Beranda"), "home", order=10))
    register_nav_item(app, NavItem("home.record", _l("Rekam jejak"), "record", order=40))
    register_nav_item(app, NavItem("people.people_page", _l("Kelola"), "gear", order=90, within=("/kelola",)))
    register_nav_item(app, NavItem("health.index", _l("Kesehatan"), "signal", order=90, where="manage"))
    register_search(app, "home.search")
