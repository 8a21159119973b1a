"""A text to read, perhaps with a practice whose time its author states."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.courses.kinds import Field, FieldType, KindFault, LessonSource, Stored, reading_minutes


class Article:
    name, label, icon = "article", _l("Artikel"), "text"
    fields = {"practice_minutes": Field(FieldType.WHOLE, required=False, low=1, high=30)}

    def check(self, source: LessonSource) -> list[KindFault]:
        faults = []
        if "practice_minutes" in source.fields and not source.practices:
            faults.append(KindFault(_("Menit latihan dinyatakan, tetapi teks ini tidak memuat blok practice."), "practice_minutes"))
        if not source.words:
            faults.append(KindFault(_("Artikel ini tidak berisi teks.")))
        return faults

    def minutes(self, source: LessonSource) -> float:
        return reading_minutes(source.words) + source.fields.get("practice_minutes", 0)

    def content(self, source: LessonSource, stored: Stored) -> dict[str, Any]:
        return {}
