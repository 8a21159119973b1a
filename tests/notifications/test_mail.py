"""Mail over real SMTP: a mail leaves once, whatever happens on the way."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from structlog.testing import capture_logs

from app.kernel import clock, jobs
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.jobs import Job, JobState
from app.kernel.worker import Worker, drain
from app.notifications import jobs as mail_jobs
from app.notifications import services
from app.notifications.models import MailState, OutboxMail
from app.notifications.smtp import Delivery, NotNow
from app.people.models import User
from tests.people.factories import make_user, sign_in
from tests.ports import free_port


class PostOffice:
    """A mail server that keeps what it takes; `answers` replaces its next answers to RCPT or to the text."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.rcpt_answers: list[str] = []
        self.data_answers: list[str | None] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if self.rcpt_answers:
            return self.rcpt_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.data_answers.pop(0) if self.data_answers else "250 taken"
        if answer is None or answer.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content, policy=default))
        if answer is None:  # took it, and the connection broke before the answer
            server.transport.abort()
            return ""
        return answer


@pytest.fixture
def post_office(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    office = PostOffice()
    port = free_port()
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    use_mail_server(app, monkeypatch, f"smtp://127.0.0.1:{port}")
    yield office
    controller.stop(no_assert=True)


def use_mail_server(app: Flask, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setitem(app.config, "GURINDAM", replace(app.config["GURINDAM"], mail_url=url, mail_from="Gurindam <gurindam@contoh.go.id>"))


def write(user: User, key: str = "k", **facts: Any) -> int:
    with transaction():
        services.send_mail(user.id, "assignment", "Tugas belajar baru", "Selesaikan sebelum Jumat.", key=key, **facts)
    mail_id = db.session.scalar(select(OutboxMail.id).where(OutboxMail.key == key))
    assert mail_id is not None
    return mail_id


def mail_of(mail_id: int) -> OutboxMail:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(OutboxMail, mail_id)


def ask_again(mail_id: int) -> None:
    with transaction():
        jobs.enqueue("notifications.send_mail", mail_id=mail_id)


def make_due() -> None:
    """Let the pauses between tries pass."""
    with transaction() as session:
        session.execute(update(Job).where(Job.state == JobState.QUEUED).values(run_after=clock.now()))


def test_a_mail_arrives_as_written(app: Flask, post_office: PostOffice) -> None:
    mail_id = write(make_user("Siti Rahmah", email="siti@contoh.go.id"))
    drain(app)
    (arrived,) = post_office.taken
    mail = mail_of(mail_id)
    assert arrived["To"] == "siti@contoh.go.id"
    assert arrived["From"] == "Gurindam <gurindam@contoh.go.id>"
    assert arrived["Subject"] == "Tugas belajar baru"
    assert arrived["Message-ID"] == mail.message_id
    assert "Halo Siti Rahmah," in arrived.get_content()
    assert mail.state == MailState.SENT
    assert mail.sent_at is not None


def test_where_tls_is_required_nothing_is_said_without_it(app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The office of these tests offers no TLS."""
    settings = app.config["GURINDAM"]
    monkeypatch.setitem(app.config, "GURINDAM", replace(settings, mail_url=f"{settings.mail_url}?tls=required"))
    mail_id = write(make_user())
    drain(app)
    assert post_office.taken == []
    assert mail_of(mail_id).state == MailState.WAITING
    assert "offers no TLS" in (mail_of(mail_id).failure or "")


def test_running_the_job_again_sends_nothing(app: Flask, post_office: PostOffice) -> None:
    mail_id = write(make_user())
    drain(app)
    for _i in range(3):
        ask_again(mail_id)
    drain(app)
    assert len(post_office.taken) == 1


def test_of_two_workers_at_the_same_mail_one_sends(app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second worker runs the whole job while the first one stands before handing the text over."""
    mail_id = write(make_user())
    begin, inside = Delivery.begin, []

    def begin_and_let_the_other_pass(self: Delivery, *args: Any, **facts: Any) -> None:
        begin(self, *args, **facts)
        if not inside:
            inside.append(True)
            mail_jobs.send_mail(mail_id)

    monkeypatch.setattr(Delivery, "begin", begin_and_let_the_other_pass)
    mail_jobs.send_mail(mail_id)
    assert len(post_office.taken) == 1
    assert mail_of(mail_id).state == MailState.SENT


class Killed(BaseException):
    """The process ends here."""


def test_a_crash_after_handing_over_sends_nothing_twice_and_is_shown(
    app: Flask, client: FlaskClient, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_id = write(make_user())
    finish = Delivery.finish

    def finish_and_die(self: Delivery, text: bytes) -> None:
        finish(self, text)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Delivery, "finish", finish_and_die)
        with pytest.raises(Killed):
            mail_jobs.send_mail(mail_id)
    assert mail_of(mail_id).state == MailState.SENDING
    ask_again(mail_id)
    drain(app)
    assert mail_of(mail_id).state == MailState.UNCERTAIN
    assert len(post_office.taken) == 1
    page = sign_in(client, make_user("Admin", role=Role.SYSTEM_ADMIN)).get("/kelola/surel?saring=perlu-keputusan").text
    assert post_office.taken[0]["Message-ID"].strip("<>") in page


def test_a_crash_before_handing_over_loses_nothing(app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    mail_id = write(make_user())

    def die(mail_id: int, message_id: str) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(mail_jobs, "_claim", die)
        with pytest.raises(Killed):
            mail_jobs.send_mail(mail_id)
    assert post_office.taken == []
    drain(app)
    assert len(post_office.taken) == 1


def test_a_lost_answer_is_not_taken_for_a_refusal(app: Flask, post_office: PostOffice) -> None:
    post_office.data_answers = [None]
    mail_id = write(make_user())
    drain(app)
    assert mail_of(mail_id).state == MailState.UNCERTAIN
    assert len(post_office.taken) == 1
    make_due()
    drain(app)
    assert len(post_office.taken) == 1


@pytest.mark.parametrize("where", ["rcpt_answers", "data_answers"])
def test_not_now_is_tried_again_later(app: Flask, post_office: PostOffice, where: str) -> None:
    setattr(post_office, where, ["451 greylisted, come back later"])
    mail_id = write(make_user())
    drain(app)
    mail = mail_of(mail_id)
    assert (mail.state, mail.failure, mail.tries) == (MailState.WAITING, "451 greylisted, come back later", 1)
    assert post_office.taken == []
    make_due()
    drain(app)
    assert mail_of(mail_id).state == MailState.SENT
    assert mail_of(mail_id).failure is None
    assert len(post_office.taken) == 1


@pytest.mark.parametrize("where", ["rcpt_answers", "data_answers"])
def test_a_refusal_for_good_is_not_tried_again_and_is_shown(app: Flask, client: FlaskClient, post_office: PostOffice, where: str) -> None:
    setattr(post_office, where, ["550 no such person"])
    mail_id = write(make_user())
    drain(app)
    make_due()
    drain(app)
    assert mail_of(mail_id).state == MailState.FAILED
    assert post_office.taken == []
    page = sign_in(client, make_user("Admin", role=Role.SYSTEM_ADMIN)).get("/kelola/surel").text
    assert "550 no such person" in page
    client.post(f"/kelola/surel/{mail_id}/pengiriman")
    drain(app)
    assert len(post_office.taken) == 1


def test_a_server_that_is_away_is_waited_for_a_day_and_then_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        use_mail_server(app, monkeypatch, f"smtp://127.0.0.1:{nobody.getsockname()[1]}")
        mail_id = write(make_user())
        drain(app)
        assert mail_of(mail_id).state == MailState.WAITING
        for _i in range(mail_jobs.MOST_TRIES):
            make_due()
            drain(app)
    mail = mail_of(mail_id)
    assert mail.state == MailState.FAILED
    assert "ConnectionRefusedError" in (mail.failure or "")
    assert db.session.scalar(select(Job.state).where(Job.name == "notifications.send_mail")) == JobState.FAILED


def test_mail_waits_while_no_worker_lives(app: Flask, post_office: PostOffice) -> None:
    """Everything is in the database: a new worker, in another process, finds it."""
    mail_id = write(make_user())
    db.session.remove()
    db.engine.dispose()
    assert Worker(app).work_once(jobs.Lane.DEFAULT)
    assert mail_of(mail_id).state == MailState.SENT


def test_a_secret_text_is_erased_once_it_left(app: Flask, post_office: PostOffice) -> None:
    mail_id = write(make_user(), secret=True)
    drain(app)
    assert "Selesaikan sebelum Jumat." in post_office.taken[0].get_content()
    assert mail_of(mail_id).body == ""


def test_an_address_with_a_line_break_is_refused(app: Flask, post_office: PostOffice) -> None:
    mail_id = write(make_user())
    with transaction() as session:
        session.execute(update(OutboxMail).values(address="siti@contoh.go.id\r\nBcc: semua@contoh.go.id"))
    drain(app)
    assert mail_of(mail_id).state == MailState.FAILED
    assert post_office.taken == []


def test_a_subject_with_a_line_break_brings_no_header(app: Flask, post_office: PostOffice) -> None:
    siti = make_user()
    with transaction():
        services.notify(siti.id, "x", "Tugas\r\nBcc: semua@contoh.go.id", key="k")
    drain(app)
    (arrived,) = post_office.taken
    assert arrived["Bcc"] is None
    assert arrived["Subject"] == "Tugas Bcc: semua@contoh.go.id"


def test_an_address_with_letters_beyond_ascii_is_refused_in_words(app: Flask, post_office: PostOffice) -> None:
    mail_id = write(make_user(email="siti.é@contoh.go.id"))
    drain(app)
    assert mail_of(mail_id).state == MailState.FAILED
    assert "non-ASCII" in (mail_of(mail_id).failure or "")


def test_a_closed_account_gets_no_mail_any_more(app: Flask, post_office: PostOffice) -> None:
    siti = make_user()
    mail_id = write(siti)
    with transaction():
        db.session.get_one(User, siti.id).disabled_at = clock.now()
    drain(app)
    assert mail_of(mail_id).state == MailState.WITHDRAWN
    assert post_office.taken == []


def test_mail_switched_off_meanwhile_stays_here(app: Flask, post_office: PostOffice) -> None:
    siti = make_user()
    mail_id = write(siti)
    with transaction():
        services.choose_mail(siti.id, set())
    drain(app)
    assert mail_of(mail_id).state == MailState.WITHDRAWN


def test_without_a_mail_server_mail_is_kept_and_its_text_is_in_no_log(app: Flask) -> None:
    mail_id = write(make_user(), secret=True)
    with capture_logs() as lines:
        drain(app)
    assert mail_of(mail_id).state == MailState.KEPT
    assert "mail_kept" in [line["event"] for line in lines]
    assert "Selesaikan" not in str(lines)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_signing_in_at_the_mail_server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    office, seen = PostOffice(), []

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        seen.append((data.login, data.password))
        right = data.password == b"r@hasia"
        return AuthResult(success=right, handled=right)

    port = free_port()
    controller = Controller(office, hostname="127.0.0.1", port=port, authenticator=authenticate, auth_required=True, auth_require_tls=False)
    controller.start()
    try:
        use_mail_server(app, monkeypatch, f"smtp://pos:r%40hasia@127.0.0.1:{port}")
        assert mail_of(sent := write(make_user(), "right")).state == MailState.WAITING
        drain(app)
        assert mail_of(sent).state == MailState.SENT
        use_mail_server(app, monkeypatch, f"smtp://pos:salah@127.0.0.1:{port}")
        wrong = write(make_user(), "wrong")
        drain(app)
        assert mail_of(wrong).state == MailState.WAITING  # the operator can set it right within the day
        assert (mail_of(wrong).failure or "").startswith("535")
    finally:
        controller.stop(no_assert=True)
    assert seen[0] == (b"pos", b"r@hasia")


def test_a_password_is_not_sent_in_the_clear_over_the_network(app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.notifications import smtp

    monkeypatch.setattr(smtp, "LOOPBACK", ())
    use_mail_server(app, monkeypatch, app.config["GURINDAM"].mail_url.replace("smtp://", "smtp://pos:x@"))
    mail_id = write(make_user())
    with pytest.raises(NotNow, match="in the clear"):
        mail_jobs.send_mail(mail_id)
    assert mail_of(mail_id).state == MailState.WAITING


def test_a_password_the_mail_server_refuses_says_so(app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    use_mail_server(app, monkeypatch, app.config["GURINDAM"].mail_url.replace("smtp://", "smtp://pos:x@"))
    mail_id = write(make_user())
    drain(app)
    assert mail_of(mail_id).state in (MailState.WAITING, MailState.FAILED)
    assert mail_of(mail_id).failure
    assert post_office.taken == []


def test_old_news_is_forgotten_and_what_is_to_be_decided_stays(app: Flask, at: Any) -> None:
    at(2025, 1, 6, 9, 0)
    siti = make_user()
    with transaction():
        for key in ("sent", "uncertain"):
            services.notify(siti.id, "x", "Kabar lama", key=key)
    with transaction() as session:
        session.execute(update(OutboxMail).values(state=OutboxMail.key))
    at(2026, 11, 23, 9, 0)
    mail_jobs.forget_old()
    assert [m.key for m in db.session.scalars(select(OutboxMail))] == ["uncertain"]
    assert db.session.scalar(select(services.Notification.id)) is None
