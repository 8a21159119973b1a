"""Plugs attendance into the application."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.attendance import held, jobs, models, report_routes, routes, subscribers  # noqa: F401  for what they register
from app.attendance.part import AttendancePart
from app.attendance.sockets import CheckInEvents
from app.media.delivery import register_reader
from app.people import audit
from app.room.slots import Panel, register_desk_panel, register_events, register_panel, register_part
from app.ui.navigation import NavItem, register_nav_item


def init_app(app: Flask) -> None:
    app.register_blueprint(routes.bp)
    register_nav_item(app, NavItem("attendance.report_list", _l("Laporan kehadiran"), "record", order=46, where="manage"))
    register_part(AttendancePart)
    register_events(CheckInEvents())
    register_panel(
        Panel(
            "attendance",
            _l("Hadir"),
            "attendance/_panel.html",
            order=60,
            context=routes.panel_context,
            script="attendance/panel.ts",
            style="attendance/panel.css",
        )
    )
    register_desk_panel(Panel("attendance", _l("Presensi"), "attendance/_desk.html", script="attendance/desk.ts"))
    register_reader(routes.may_see_proof)
    subscribers.subscribe()
    held.register()
    audit.describe(
        {
            "attendance.report_seen": _l("Laporan kehadiran dilihat"),
            "attendance.report_exported": _l("Laporan kehadiran diekspor"),
            "attendance.person_seen": _l("Kehadiran seseorang dilihat"),
            "attendance.appeal_made": _l("Sanggahan kehadiran diajukan"),
            "attendance.appeal_decided": _l("Sanggahan kehadiran diputuskan"),
        },
        {"appeal": _l("Sanggahan")},
    )
