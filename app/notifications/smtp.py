"""Handing one mail to a mail server over SMTP, in two steps, so that the moment from which it may be on its way is known.

Up to `Delivery.begin` nothing was given away: whatever fails may be tried again. `Delivery.finish` sends the text; when its answer is
lost, nobody but the mail server knows whether it took the mail (RFC 5321 section 4.1.1.4): `AnswerLost`.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from app.notifications.rules import is_permanent

TIMEOUT_SECONDS = 60.0  # for the last answer ten times as long, as RFC 5321 section 4.5.3.2.6 asks
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Refused(Exception):
    """The mail server will never take this mail as it is."""


class NotNow(Exception):
    """The mail server could not be reached or asks to come back later; nothing was handed over."""


class AnswerLost(Exception):
    """The text was handed over and the answer did not come."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where MAIL_URL points: `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465` (TLS from the start). `requires_tls` is whether
    nothing is said to a server that offers no TLS: as `?tls=` says, by itself whenever there is a password."""

    host: str
    port: int
    tls_from_start: bool
    user: str | None
    password: str | None
    requires_tls: bool = False

    @classmethod
    def from_url(cls, url: str) -> MailServer:
        """Raises ValueError when no server is named or the port is no number."""
        parts = urlsplit(url)
        tls = parts.scheme == "smtps"
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("MAIL_URL must look like smtp://mail.example.go.id:587")
        user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        wanted = asked.pop("tls", "required" if user and parts.hostname not in LOOPBACK else "offered")
        if asked or wanted not in ("required", "offered"):
            raise ValueError("MAIL_URL may end with ?tls=required or ?tls=offered, and with nothing else")
        if wanted == "offered" and user and not tls and parts.hostname not in LOOPBACK:
            raise ValueError("MAIL_URL holds a password, and a password is not sent in the clear: leave ?tls=offered out")
        return cls(parts.hostname, parts.port or (465 if tls else 587 if user else 25), tls, user, password, wanted == "required")


def compose(sender: str, address: str, subject: str, body: str, message_id: str, moment: datetime, language: str) -> EmailMessage:
    """A plain text mail. Raises `Refused` for an address that is none (a line break in it) or has letters beyond ASCII."""
    name, own_address = parseaddr(sender)
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    try:
        mail["From"] = formataddr((name, own_address)) if own_address.isascii() and name.isascii() else Address(name, addr_spec=own_address)
        mail["To"] = Address(addr_spec=address)
        mail["Subject"] = subject
    except (ValueError, IndexError, MessageError) as error:
        raise Refused(f"the address cannot be used: {error}") from error
    mail["Date"] = format_datetime(moment)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(body)  # removes what Content-* headers there were
    mail["Content-Language"] = language
    return mail


class Delivery:
    """One conversation with the mail server. Use it as a context manager; leaving it before `finish` gives nothing away."""

    def __init__(self, server: MailServer, timeout: float = TIMEOUT_SECONDS):
        self.server, self.timeout = server, timeout
        self._session: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._session is not None:
            self._session.close()

    def begin(self, sender: str, address: str) -> None:
        """Everything up to the server's "go ahead" for the text. Raises `Refused` or `NotNow`.

        Only an answer about this recipient or this mail refuses for good. A wrong password or sender concerns every mail, and the
        operator can set it right: until then mail waits.
        """
        try:
            session = self._greet()
            code, answer = session.mail(parseaddr(sender)[1])
            if not 200 <= code <= 299:
                raise NotNow(_told(code, answer))
            code, answer = session.rcpt(address)
            if not 200 <= code <= 299:
                raise _meaning(code, answer)
            code, answer = session.docmd("DATA")
            if code != 354:
                raise _meaning(code, answer)
        except smtplib.SMTPResponseException as error:
            raise NotNow(_told(error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotNow(f"{type(error).__name__}: {error}") from error

    def _greet(self) -> smtplib.SMTP:
        server, tls = self.server, ssl.create_default_context()
        if server.tls_from_start:
            session: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=self.timeout, context=tls)
        else:
            session = smtplib.SMTP(server.host, server.port, timeout=self.timeout)
        self._session = session
        session.ehlo()
        if not server.tls_from_start and session.has_extn("starttls"):
            session.starttls(context=tls)
            session.ehlo()
        if server.requires_tls and not isinstance(session.sock, ssl.SSLSocket):
            raise NotNow("the mail server offers no TLS, and neither a password nor, with ?tls=required, any mail is sent in the clear")
        if server.user is not None:
            session.login(server.user, server.password or "")
        return session

    def finish(self, text: bytes) -> None:
        """Send the text and wait for the answer. Raises `Refused`, `NotNow`, or `AnswerLost`."""
        session = self._session
        if session is None or session.sock is None:
            raise RuntimeError("finish() comes after begin()")
        dotted = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in text.splitlines())
        try:
            session.sock.settimeout(self.timeout * 10)
            session.send(dotted + b"\r\n.\r\n")
            code, answer = session.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise AnswerLost(f"{type(error).__name__}: {error}") from error
        if not 200 <= code <= 299:
            raise _meaning(code, answer)
        try:
            session.quit()
        except (smtplib.SMTPException, OSError):
            self._session = None  # the mail is taken; how the conversation ends does not matter


def _told(code: int, answer: bytes | str) -> str:
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(said.split())}"[:400]


def _meaning(code: int, answer: bytes | str) -> Refused | NotNow:
    return (Refused if is_permanent(code) else NotNow)(_told(code, answer))
