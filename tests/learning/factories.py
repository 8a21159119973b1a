"""A small published course for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.courses import services
from app.courses.outline import CourseOutline
from app.courses.queries import get_current_outline
from app.courses.services import CourseDraft, LessonDraft, ModuleDraft
from app.kernel.db import transaction


def lesson(key: str, kind: str = "article", minutes: float = 10.0, requires: tuple[str, ...] = (), **content: Any) -> LessonDraft:
    return LessonDraft(
        key=key,
        kind=kind,
        title=f"Materi {key}",
        minutes=minutes,
        legal_basis=(),
        reviewed_on=date(2026, 11, 1),
        requires=requires,
        body_markdown=f"Isi {key}",
        body_html=f"<p>Isi {key}</p>",
        content=content,
    )


def publish_course(
    slug: str = "contoh", *lessons: LessonDraft, jp: int = 1, sequence: str = "LINEAR", prerequisites: tuple[str, ...] = (), digest: str = ""
) -> CourseOutline:
    """Publish a course of one module; with other lessons or another digest it becomes the next version."""
    chosen = lessons or (lesson("satu", minutes=20), lesson("dua", minutes=20), lesson("tiga", minutes=20))
    with transaction():
        services.publish_version(
            CourseDraft(
                slug=slug,
                digest=digest or f"{slug}:{','.join(item.key for item in chosen)}".ljust(64, "0")[:64],
                title=f"Kursus {slug}",
                summary="Ringkasan",
                outcomes=("Mampu",),
                jp=jp,
                form="E_LEARNING",
                competency_group="TEKNIS",
                competency="Contoh",
                competency_level=1,
                partner="Inspektorat",
                sequence=sequence,
                prerequisites=prerequisites,
                legal_basis=(),
                reviewed_on=date(2026, 11, 1),
                review_note="Uji",
                language="id",
                modules=(ModuleDraft(key="m1", title="Modul satu", lessons=tuple(chosen)),),
            ),
            None,
        )
    return get_current_outline(slug)
