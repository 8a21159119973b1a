"""Notes and bookmarks at a moment of a video, each for its writer alone: nobody else reads them, whatever their role."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, delete, func, insert, select, update

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.learning.models import LearningNote

MOST_CHARACTERS = 2000
MOST_NOTES = 500  # of one person at one lesson
LONGEST_MS = 24 * 3600 * 1000
_KEY = re.compile(r"[A-Za-z0-9-]{8,40}")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ufeff]")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person writes: a moment in milliseconds, and plain text (empty: a bookmark)."""

    key: str
    at_ms: int
    text: str

    @classmethod
    def parse(cls, key: str, body: Any) -> Draft:
        """Read a note from JSON. Raises Invalid for anything that is not one."""
        try:
            at_ms = round(float(body["at"]) * 1000)
            text = body.get("text", "")
            if not _KEY.fullmatch(key) or not 0 <= at_ms <= LONGEST_MS or isinstance(body["at"], bool) or not isinstance(text, str):
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise Invalid(code="bad_note") from error
        text = _UNSEEN.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n"))).strip()
        if len(text) > MOST_CHARACTERS:
            words = _("Catatan paling panjang %(most)d huruf; ini %(now)d.", most=MOST_CHARACTERS, now=len(text))
            raise Invalid(words, code="note_too_long", fields={"text": words})
        return cls(key, at_ms, text)


_note: Any = LearningNote.__table__
_OF_ONE_LESSON = (
    select(_note.c.key, _note.c.at_ms, _note.c.text)
    .where(_note.c.user_id == bindparam("user_id"), _note.c.lesson_id == bindparam("lesson_id"))
    .order_by(_note.c.at_ms, _note.c.id)
)


def list_notes(user_id: int, lesson_id: int) -> Sequence[Any]:
    """A person's own notes at a video, in its order: `key`, `at_ms` and `text` of each."""
    return db.session.execute(_OF_ONE_LESSON, {"user_id": user_id, "lesson_id": lesson_id}).all()


def save_note(user_id: int, lesson_id: int, draft: Draft) -> None:
    """Write a note, or write it anew: saving the same again changes nothing.

    Raises Invalid when the key is that of a note at another video, or when there are too many.
    """
    now, mine = clock.now(), (LearningNote.user_id == user_id, LearningNote.key == draft.key)
    known = db.session.execute(select(LearningNote.lesson_id, LearningNote.at_ms, LearningNote.text).where(*mine)).one_or_none()
    if known is None:
        count = db.session.scalar(select(func.count()).select_from(LearningNote).where(LearningNote.user_id == user_id, LearningNote.lesson_id == lesson_id))
        if (count or 0) >= MOST_NOTES:
            raise Invalid(_("Paling banyak %(most)d catatan di satu video. Hapus yang tidak diperlukan lagi.", most=MOST_NOTES), code="too_many_notes")
        db.session.execute(
            insert(LearningNote).values(
                user_id=user_id, lesson_id=lesson_id, key=draft.key, at_ms=draft.at_ms, text=draft.text, created_at=now, updated_at=now
            )
        )
    elif known.lesson_id != lesson_id:
        raise Invalid(code="bad_note")
    elif (known.at_ms, known.text) != (draft.at_ms, draft.text):
        db.session.execute(update(LearningNote).where(*mine).values(at_ms=draft.at_ms, text=draft.text, updated_at=now))


def delete_note(user_id: int, lesson_id: int, key: str) -> None:
    """Take a note away; when it is gone already, that is what was wanted."""
    db.session.execute(
        delete(LearningNote).where(LearningNote.user_id == user_id, LearningNote.lesson_id == lesson_id, LearningNote.key == key)
    )
