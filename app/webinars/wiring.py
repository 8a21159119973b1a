"""Plugs webinars into the application."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.assessment.slots import register_pass, register_way_back
from app.kernel.access import may
from app.media.delivery import register_reader
from app.media.uses import register_use
from app.notifications.kinds import Kind, register_kind
from app.people import audit
from app.people.permissions import VIEW_PEOPLE
from app.ui.navigation import NavItem, register_nav_item
from app.webinars import gates, jobs, materials, models, permissions, planning_routes, queries, routes, subscribers  # noqa: F401  for what they register
from app.webinars.labels import STAFF_ROLES

DEEDS = {
    "webinars.created": _l("Webinar dirancang"),
    "webinars.changed": _l("Rencana webinar diubah"),
    "webinars.published": _l("Webinar diumumkan"),
    "webinars.unpublished": _l("Webinar dijadikan rancangan lagi"),
    "webinars.canceled": _l("Webinar dibatalkan"),
    "webinars.deleted": _l("Rancangan webinar dihapus"),
    "webinars.agenda_saved": _l("Susunan acara webinar disimpan"),
    "webinars.speaker_added": _l("Narasumber ditambahkan"),
    "webinars.speaker_changed": _l("Data narasumber diubah"),
    "webinars.speaker_removed": _l("Narasumber dihapus"),
    "webinars.speaker_link_made": _l("Tautan narasumber dibuat"),
    "webinars.speaker_link_revoked": _l("Tautan narasumber dicabut"),
    "webinars.staff_named": _l("Petugas webinar ditunjuk"),
    "webinars.staff_removed": _l("Petugas webinar dikeluarkan"),
    "webinars.quota_set": _l("Kuota unit ditetapkan"),
    "webinars.quota_removed": _l("Kuota unit dihapus"),
    "webinars.material_added": _l("Bahan webinar ditambahkan"),
    "webinars.material_changed": _l("Bahan webinar diubah"),
    "webinars.material_removed": _l("Bahan webinar dihapus dari daftar"),
    "webinars.went_live": _l("Webinar dimulai"),
    "webinars.ended": _l("Webinar diakhiri"),
}


def init_app(app: Flask) -> None:
    app.register_blueprint(routes.bp)
    register_nav_item(app, NavItem("webinars.webinar_list", _l("Webinar"), "cast", order=30, where="main", within=("/webinar/",)))
    register_nav_item(app, NavItem("webinars.webinar_list", _l("Webinar"), "cast", order=20, where="public", within=("/webinar/",)))
    register_nav_item(app, NavItem("webinars.manage_list", _l("Kelola webinar"), "cast", order=45, where="manage", within=("/kelola/webinar",)))
    register_nav_item(
        app, NavItem("webinars.manage_list", _l("Kelola"), "gear", order=90, within=("/kelola",), predicate=lambda: not may(VIEW_PEOPLE))
    )  # for moderators and instructors, who see no people there
    register_kind(Kind("webinar", _l("Webinar"), _l("Pendaftaran, pengingat sehari dan sejam sebelumnya, perubahan jadwal, dan pembatalan.")))
    register_pass(gates.let_in)
    register_way_back(gates.way_back, first=True)
    register_reader(materials.may_have)
    register_use(materials.is_used)
    audit.describe(DEEDS, {"webinar": _l("Webinar")}, values=STAFF_ROLES, names={"webinar": queries.titles_of})
    subscribers.subscribe()
