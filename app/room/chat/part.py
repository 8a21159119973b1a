"""The last lines of the chat in memory."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import select

from app.kernel.db import db
from app.room.chat.services import list_before
from app.room.events import ALL, OWN, told
from app.room.room import Part, Room
from app.room.standing import Turns, said
from app.webinars.models import Webinar, WebinarStaff
from app.webinars.participants import Participant, user_key

MOST_SHOWN = 200

SAID = told("message_said", ALL, "A line of the chat, new or corrected.", message="see the state `chat`")
DELETED = told("message_deleted", ALL, "A line was taken away.", id="its number")
CUSTOMS = told("chat_customs", ALL, "Whether the chat is open, and how slow.", open="true or false", slow="seconds between two lines of one person")
OWN_MESSAGE = told("own_message", OWN, "A line of one's own, on every device.", id="its number")


class Chat(Part):
    name = "chat"

    def __init__(self, room: Room):
        super().__init__(room)
        self.lines: dict[int, dict[str, Any]] = {}
        self.authors: dict[int, str] = {}
        self.staff: set[str] = set()
        self.open, self.slow = True, 0
        self.turns = Turns()
        self.deciding = threading.RLock()  # moderators decide one after the other

    def load(self) -> None:
        here = self.room.webinar_id
        webinar = db.session.get_one(Webinar, here)
        self.open, self.slow = webinar.chat_open, webinar.slow_mode_seconds
        self.staff = {user_key(number) for number in db.session.scalars(select(WebinarStaff.user_id).where(WebinarStaff.webinar_id == here))}
        for row in list_before(db.session.connection(), here, None, MOST_SHOWN):
            self._keep(row)

    def line(self, row: Any) -> dict[str, Any]:
        """A line as everybody sees it: of a deleted one only that it was there."""
        if row.deleted_at is not None:
            return {"id": row.id, "deleted": True, "said_at": said(row.said_at)}
        role = "speaker" if row.participant.startswith("s") else "moderator" if row.participant in self.staff else ""
        return {
            "id": row.id, "name": row.author_name, "unit": row.author_unit, "role": role, "text": row.text, "reply_to": row.reply_to_id,
            "said_at": said(row.said_at), "edited": row.edited_at is not None,
        }  # fmt: skip

    def _keep(self, row: Any) -> dict[str, Any]:
        line = self.lines[row.id] = self.line(row)
        self.authors[row.id] = row.participant
        while len(self.lines) > MOST_SHOWN:
            oldest = min(self.lines)
            del self.lines[oldest], self.authors[oldest]
        return line

    def shown(self) -> Any:
        return {"open": self.open, "slow": self.slow, "lines": [self.lines[number] for number in sorted(self.lines)]}

    def own(self, person: Participant) -> Any:
        return [number for number, author in self.authors.items() if author == person.key]

    def take(self, row: Any, *, new: bool = False) -> dict[str, Any]:
        line = self._keep(row) if row.id in self.lines or new else self.line(row)
        self.room.tell(SAID, {"message": line})
        if new:
            self.room.tell_one(row.participant, OWN_MESSAGE, {"id": row.id})
        return line

    def delete(self, row: Any) -> None:
        if row.id in self.lines:
            self._keep(row)
        self.room.tell(DELETED, {"id": row.id})

    def set_customs(self, chat_open: bool, slow: int) -> None:
        self.open, self.slow = chat_open, slow
        self.room.put(CUSTOMS, None, {"open": chat_open, "slow": slow})
