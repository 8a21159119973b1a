"""Courses for tests, made without packages."""

from __future__ import annotations

from datetime import date

from app.courses.outline import LegalBasis
from app.courses.services import CourseDraft, LessonDraft, ModuleDraft


def lesson_draft(key: str, **fields) -> LessonDraft:
    values = {
        "key": key,
        "kind": "article",
        "title": f"Pelajaran {key}",
        "minutes": 20.5,
        "legal_basis": ("uu-25-2009",),
        "reviewed_on": date(2026, 11, 20),
        "requires": (),
        "body_markdown": f"Teks {key}.\n",
        "body_html": f"<p>Teks {key}.</p>\n",
        "content": {},
    }
    return LessonDraft(**(values | fields))


def course_draft(slug: str = "pelayanan", *, digest: str = "1", modules: tuple[ModuleDraft, ...] | None = None, **fields) -> CourseDraft:
    values = {
        "slug": slug,
        "digest": digest,
        "title": f"Kursus {slug}",
        "summary": "Setelah kursus ini Anda tahu caranya.",
        "outcomes": ("Satu.", "Dua.", "Tiga."),
        "jp": 1,
        "form": "E_LEARNING",
        "competency_group": "TEKNIS",
        "competency": "Pelayanan Publik",
        "competency_level": 2,
        "partner": "BKPSDM",
        "sequence": "LINEAR",
        "prerequisites": (),
        "legal_basis": (LegalBasis("uu-25-2009", "UU 25/2009", "Pelayanan publik", "SECONDARY"),),
        "reviewed_on": date(2026, 11, 20),
        "review_note": "",
        "language": "id",
        "modules": modules
        or (
            ModuleDraft("satu", "Modul satu", (lesson_draft("a"), lesson_draft("b"))),
            ModuleDraft("dua", "Modul dua", (lesson_draft("c", requires=("a",)),)),
        ),
    }
    return CourseDraft(**(values | fields))
