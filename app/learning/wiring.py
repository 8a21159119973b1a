"""Plugs learning into the application."""

from importlib import import_module
from pkgutil import iter_modules

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.courses.slots import register_standings
from app.learning import (  # noqa: F401  for what they register
    assigning_routes,
    given,
    jobs,
    kinds,
    notes_routes,
    queries,
    reading_rights,
    routes,
    studio_routes,
    subscribers,
    templating,
)
from app.learning.cli import learning_commands
from app.people import audit
from app.ui.navigation import NavItem, register_nav_item


def init_app(app: Flask) -> None:
    for found in iter_modules(kinds.__path__):
        if found.ispkg:
            import_module(f"app.learning.kinds.{found.name}")
    app.register_blueprint(routes.bp)
    app.cli.add_command(learning_commands)
    templating.init_app(app)
    register_nav_item(app, NavItem("learning.team_page", _l("Tim"), "users", order=50, within=("/tim", "/penugasan")))
    subscribers.subscribe()
    audit.describe(
        {
            "learning.progress_seen": _l("Kemajuan seseorang dilihat"),
            "learning.progress_exported": _l("Kemajuan diekspor"),
            "learning.course_assigned": _l("Kursus ditugaskan"),
            "learning.due_date_changed": _l("Tenggat penugasan diubah"),
            "learning.assignment_withdrawn": _l("Penugasan ditarik"),
        },
        {"team": _l("Tim"), "assignment": _l("Penugasan")},
        names={"assignment": given.titles_of},
    )
    reading_rights.register()
    register_standings(queries.standings_of)
