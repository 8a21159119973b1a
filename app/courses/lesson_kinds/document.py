"""A PDF, read page by page in the browser and to download."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.courses.kinds import Field, FieldType, KindFault, LessonSource, Stored, reading_minutes


class Document:
    name, label, icon = "document", _l("Dokumen"), "file"
    fields = {"file": Field(FieldType.FILE, sort="document")}

    def check(self, source: LessonSource) -> list[KindFault]:
        document = source.file("file")
        if document is not None and not document.words:
            return [
                KindFault(_("PDF ini tidak memiliki lapisan teks, sehingga tidak dapat dibacakan, dicari, atau dihitung menitnya."), "file")
            ]
        return []

    def minutes(self, source: LessonSource) -> float:
        document = source.file("file")
        return reading_minutes(document.words if document else 0)

    def content(self, source: LessonSource, stored: Stored) -> dict[str, Any]:
        return {"asset_id": stored.asset_ids[source.fields["file"]]}
