"""A video; its text stands below the player. Who cannot hear it follows the captions, or else that text."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.courses.kinds import Field, FieldType, KindFault, LessonSource, Stored, reading_minutes
from app.media.captions import TAIL_SECONDS

DEFAULT_COVERAGE = 0.9  # share of the seconds that must have been played


class Video:
    name, label, icon = "video", _l("Video"), "play"
    fields = {
        "file": Field(FieldType.FILE, sort="video"),
        "captions": Field(FieldType.FILES, required=False, sort="captions"),
        "chapters": Field(FieldType.CHAPTERS, required=False),
        "coverage": Field(FieldType.SHARE, required=False, low=0.5, high=1.0),
    }

    def check(self, source: LessonSource) -> list[KindFault]:
        video = source.file("file")
        faults = []
        if not source.fields.get("captions") and not source.words:
            faults.append(
                KindFault(_("Video tanpa takarir memerlukan teks di bawahnya yang menuliskan isinya, bagi yang tidak dapat mendengar."))
            )
        if video is None or video.duration_seconds is None:
            return faults
        for language, path in source.fields.get("captions", {}).items():
            captions = source.files.get(path)
            if captions is not None and (captions.duration_seconds or 0) > video.duration_seconds + TAIL_SECONDS:
                faults.append(
                    KindFault(
                        _(
                            "Takarir %(language)s berakhir pada detik %(end)s, sesudah videonya (%(duration)s detik).",
                            language=language,
                            end=f"{captions.duration_seconds:.1f}",
                            duration=f"{video.duration_seconds:.1f}",
                        ),
                        "captions",
                    )
                )
        if any(chapter["at"] >= video.duration_seconds for chapter in source.fields.get("chapters", ())):
            faults.append(KindFault(_("Ada bab yang dimulai sesudah videonya berakhir."), "chapters"))
        return faults

    def minutes(self, source: LessonSource) -> float:
        video = source.file("file")
        return ((video.duration_seconds or 0) / 60 if video else 0) + reading_minutes(source.words)

    def content(self, source: LessonSource, stored: Stored) -> dict[str, Any]:
        return {
            "asset_id": stored.asset_ids[source.fields["file"]],
            "duration_seconds": video.duration_seconds if (video := source.file("file")) else None,
            "captions": sorted(source.fields.get("captions", ())),
            "chapters": [dict(chapter) for chapter in source.fields.get("chapters", ())],
            "coverage": source.fields.get("coverage", DEFAULT_COVERAGE),
        }
