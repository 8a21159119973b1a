"""What people call the codes of a webinar."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.webinars.models import Moderation, WebinarState

FORMS: dict[str, Any] = {"SEMINAR": _l("Seminar atau webinar"), "WORKSHOP": _l("Lokakarya"), "SOSIALISASI": _l("Sosialisasi")}
AGENDA_KINDS: dict[str, Any] = {"OPENING": _l("Pembukaan"), "TALK": _l("Paparan"), "QUESTIONS": _l("Tanya jawab"), "BREAK": _l("Jeda")}
MODERATIONS: dict[str, Any] = {
    Moderation.BEFORE: _l("Moderator menyetujui dulu, baru pertanyaan terlihat"),
    Moderation.AFTER: _l("Pertanyaan langsung terlihat, moderator dapat menariknya"),
}
STAFF_ROLES: dict[str, Any] = {"MODERATOR": _l("Moderator"), "ORGANIZER": _l("Penyelenggara")}
OPEN_FROM: dict[str, Any] = {"BEFORE": _l("sejak sekarang"), "LIVE": _l("saat berlangsung"), "AFTER": _l("setelah selesai")}
STATES: dict[str, tuple[Any, str]] = {  # the word, and its sign
    WebinarState.DRAFT: (_l("Rancangan"), "todo"),
    WebinarState.PUBLISHED: (_l("Diumumkan"), "saved"),
    WebinarState.LIVE: (_l("Sedang berlangsung"), "live"),
    WebinarState.ENDED: (_l("Selesai"), "done"),
    WebinarState.CANCELED: (_l("Dibatalkan"), "off"),
}
