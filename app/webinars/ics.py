"""A webinar as an iCalendar file (RFC 5545), for the calendar of the person's phone or office."""

from __future__ import annotations

from datetime import UTC, datetime

LONGEST_LINE = 75  # octets of UTF-8, RFC 5545 section 3.1


def calendar(
    *, uid: str, title: str, text: str, address: str, starts_at: datetime, ends_at: datetime, changed_at: datetime, sequence: int, canceled: bool
) -> str:
    """One event. The same `uid` with a higher `sequence` replaces what the calendar has."""
    description = f"{text}\n\n{address}" if text else address
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Gurindam//Webinar//ID",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{escape(uid)}",
        f"SEQUENCE:{sequence}",
        f"DTSTAMP:{moment(changed_at)}",
        f"DTSTART:{moment(starts_at)}",
        f"DTEND:{moment(ends_at)}",
        f"SUMMARY:{escape(title)}",
        f"DESCRIPTION:{escape(description)}",
        f"LOCATION:{escape(address)}",
        f"URL:{address}",
        f"STATUS:{'CANCELLED' if canceled else 'CONFIRMED'}",
        *([] if canceled else ["BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{escape(title)}", "TRIGGER:-PT15M", "END:VALARM"]),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{fold(line)}\r\n" for line in lines)


def escape(text: str) -> str:
    """A text value: backslash, semicolon, comma and line ends escaped, other control characters left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(sign for sign in text if sign in "\n\t" or (ord(sign) >= 32 and ord(sign) != 127))
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def fold(line: str) -> str:
    """Lines of at most 75 octets, no character cut in two; what follows begins with a space."""
    parts, current, room = [], "", LONGEST_LINE
    for sign in line:
        size = len(sign.encode())
        if size > room:
            parts.append(current)
            current, room = "", LONGEST_LINE - 1
        current, room = current + sign, room - size
    return "\r\n ".join([*parts, current])
