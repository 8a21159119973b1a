"""What people call the codes of a course."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

FORMS: dict[str, Any] = {"E_LEARNING": _l("E-learning")}
COMPETENCY_GROUPS: dict[str, Any] = {
    "TEKNIS": _l("Teknis"),
    "MANAJERIAL": _l("Manajerial"),
    "SOSIAL_KULTURAL": _l("Sosial kultural"),
}
