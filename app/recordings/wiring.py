"""Plugs recordings into the application."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.media.delivery import register_reader
from app.people import audit
from app.recordings import after, credit, jobs, missed, models, rights, subscribers  # noqa: F401  for the tables and jobs they register
from app.recordings.routes import bp
from app.webinars.models import WebinarState
from app.webinars.slots import register_page


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    subscribers.subscribe()
    credit.register()
    missed.register()
    register_reader(rights.may_watch)
    register_page(WebinarState.ENDED, after.draw)
    audit.describe({"recordings.raw_removed": _l("Rekaman mentah webinar dihapus setelah masa simpannya")})
