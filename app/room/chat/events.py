"""The chat as browsers send it."""

from __future__ import annotations

from typing import Any

from app.kernel.db import db
from app.kernel.durable import write_durably
from app.room.chat import services
from app.room.chat.part import Chat
from app.room.events import EventGroup, Here, hears
from app.room.fields import flag, key, number, text
from app.webinars.permissions import ATTEND, MODERATE
from app.webinars.rules import SLOWEST_SECONDS

OLDER_AT_ONCE = 50


class ChatEvents(EventGroup):
    @hears(
        ATTEND,
        "Say a line, perhaps in reply to another. Sent again with the same key it is the same line.",
        answers="`message`",
        pace=(8, 10.0),
        key=key(),
        text=text(1, services.MOST_TEXT),
        reply_to=number(1, needed=False),
    )
    def on_say(self, here: Here, key: str, text: str, reply_to: int | None) -> dict[str, Any]:
        part = here.room.part(Chat)
        with part.turns.of(here.person.key):
            row = write_durably(services.write_message(here.person, key, text, reply_to))
            known = part.lines.get(row.id)
            return {"message": known or part.take(row, new=True)}

    @hears(ATTEND, "Correct one's own line, within five minutes.", pace=(8, 10.0), message=number(1), text=text(1, services.MOST_TEXT))
    def on_edit_message(self, here: Here, message: int, text: str) -> None:
        part = here.room.part(Chat)
        with part.turns.of(here.person.key):
            part.take(write_durably(services.write_correction(here.person, message, text)))

    @hears(ATTEND, "Take one's own line away; a moderator anybody's.", pace=(30, 10.0), message=number(1))
    def on_delete_message(self, here: Here, message: int) -> None:
        here.room.part(Chat).delete(write_durably(services.write_deletion(here.person, message)))

    @hears(ATTEND, "The lines before one.", answers="`messages`, oldest first; `more`: whether there are others before", pace=(10, 10.0), before=number(1))
    def on_older_messages(self, here: Here, before: int) -> dict[str, Any]:
        rows = services.list_before(db.session.connection(), here.room.webinar_id, before, OLDER_AT_ONCE + 1)
        part = here.room.part(Chat)
        return {"messages": [part.line(row) for row in rows[-OLDER_AT_ONCE:]], "more": len(rows) > OLDER_AT_ONCE}

    @hears(
        MODERATE,
        "Open or close the chat, and how many seconds lie between two lines of one person.",
        open=flag(),
        slow=number(0, SLOWEST_SECONDS),
    )
    def on_set_chat(self, here: Here, open: bool, slow: int) -> None:
        with here.room.part(Chat).deciding:
            write_durably(services.write_customs(here.room.webinar_id, open, slow))
            here.room.part(Chat).set_customs(open, slow)
