"""Plugs stage into the application."""

from flask import Blueprint, Flask
from flask_babel import lazy_gettext as _l

from app.media.delivery import register_stream
from app.people import audit
from app.room.slots import Panel, register_events, register_invitation, register_part, register_stage_view
from app.stage import ending, health, models, subscribers  # noqa: F401  models for the tables
from app.stage.directing import Directing, invite
from app.stage.layout import room_key
from app.stage.part import StagePart
from app.stage.routes import bp
from app.stage.seating import Seating
from app.stage.take_events import TakeEvents
from app.stage.takes import Takes


def init_app(app: Flask) -> None:
    """Registers its pages, events and jobs."""
    app.register_blueprint(bp)
    register_part(StagePart)
    register_events(Seating())
    register_events(Directing())
    register_invitation(invite)
    subscribers.register()
    audit.describe({"stage.removed": _l("Seseorang dikeluarkan dari panggung")})
    register_part(Takes)
    register_events(TakeEvents())
    ending.register()
    health.register()
    register_stream("live", room_key)
    register_stage_view(Panel("viewer", _l("Siaran"), "stage/_viewer.html", script="stage/viewer.ts", style="stage/viewer.css"))
    app.register_blueprint(Blueprint("stage_viewer", __name__, template_folder="templates"))
