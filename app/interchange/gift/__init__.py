"""Questions as authors write them: Moodle's GIFT, read with line and column for every mistake, written in one canonical way.

https://docs.moodle.org/en/GIFT_format; ordering as in Moodle's qtype_ordering. Stricter than Moodle where Moodle guesses: every question has
a title, nothing stands before the first answer, essays and descriptions are refused. Two escapes are ours, for what GIFT cannot say: a
`>` after a backslash does not make an arrow, and a `/` after one does not begin a comment.
"""

from app.interchange.gift.errors import GiftError, GiftProblem
from app.interchange.gift.messages import message, message_with_place
from app.interchange.gift.reader import MAX_BYTES, MAX_QUESTIONS, GiftFile, GiftLine, parse_gift
from app.interchange.gift.writer import write_gift

__all__ = [
    "MAX_BYTES",
    "MAX_QUESTIONS",
    "GiftError",
    "GiftFile",
    "GiftLine",
    "GiftProblem",
    "message",
    "message_with_place",
    "parse_gift",
    "write_gift",
]
