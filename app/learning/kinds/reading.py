"""What articles and documents share: they are read, and marked as read when enough time has passed to have read them."""

from __future__ import annotations

from flask_babel import gettext as _

from app.kernel import clock
from app.learning import reading, rules
from app.learning.missing import Condition, LessonSeat
from app.ui.formats import angka


def seconds_until_readable(seat: LessonSeat) -> int:
    """Seconds until the text may be marked as read; the server's clock decides. 0 when it may be now."""
    return reading.seconds_left(seat.user_id, seat.lesson, seat.progress.started_at if seat.progress else clock.now())


def reading_conditions(seat: LessonSeat) -> list[Condition]:
    """Time enough to have read it, and the reader's own word."""
    left = 0 if seat.is_complete else seconds_until_readable(seat)
    floor = seat.lesson.minutes * rules.READING_FLOOR
    return [
        Condition(
            "reading_time",
            left == 0,
            _("Luangkan waktu untuk membaca"),
            amount=_("%(s)s detik lagi", s=left) if left else "",
            reason=_(
                "Diperkirakan %(minutes)s menit; dapat ditandai selesai paling cepat %(floor)s menit setelah dibuka.",
                minutes=angka(seat.lesson.minutes),
                floor=angka(floor),
            ),
        ),
        Condition("mark_read", seat.is_complete, _("Tandai selesai dibaca")),
    ]
