"""Telling a person: once, in their language, in the transaction of its cause, and only to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.kernel import clock, events
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import NotFound
from app.kernel.jobs import Job
from app.kernel.worker import drain
from app.notifications import services
from app.notifications.calendar import working_moment
from app.notifications.models import MailState, Notification, OutboxMail
from app.notifications.queries import count_unread
from app.people.events import PasswordResetRequested
from app.people.models import User
from app.people.services import set_password
from tests.people.factories import make_user, sign_in


def tell(user: User, key: str = "k1", **facts: object) -> int | None:
    with transaction():
        return services.notify(user.id, "assignment", "Tugas belajar baru", "Selesaikan sebelum Jumat.", "/beranda", key=key, **facts)  # type: ignore[arg-type]


def outbox() -> list[OutboxMail]:
    return list(db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)))


def told() -> list[Notification]:
    return list(db.session.scalars(select(Notification).order_by(Notification.id)))


def test_one_cause_is_told_once(app: Flask) -> None:
    siti = make_user()
    assert tell(siti) is not None
    assert tell(siti) is None
    assert len(told()) == len(outbox()) == len(list(db.session.scalars(select(Job.id)))) == 1


def test_the_mail_speaks_to_the_person_and_leads_to_the_page(app: Flask) -> None:
    tell(make_user("Siti Rahmah", email="siti@contoh.go.id"))
    mail = outbox()[0]
    assert (mail.address, mail.subject, mail.state) == ("siti@contoh.go.id", "Tugas belajar baru", MailState.WAITING)
    assert mail.body.startswith("Halo Siti Rahmah,\n\nSelesaikan sebelum Jumat.\n\nhttp://127.0.0.1:8000/beranda\n\n-- \n")
    assert "/pemberitahuan/pengaturan" in mail.body


def test_texts_are_said_in_the_readers_language(app: Flask) -> None:
    siti, john = make_user(), make_user("John Tan")
    with transaction():
        db.session.get_one(User, john.id).locale = "en"
    with transaction():
        for reader in (siti, john):
            services.notify(reader.id, "account", _l("Kata sandi Anda diganti"), lambda: _("Pilihan surel"), key=f"x{reader.id}")
    assert [(n.title, n.body) for n in told()] == [
        ("Kata sandi Anda diganti", "Pilihan surel"),
        ("Your password was changed", "Mail choices"),
    ]
    assert [m.body.split()[0] for m in outbox()] == ["Halo", "Hello"]


def test_what_was_undone_was_never_told(app: Flask) -> None:
    siti = make_user()

    def tell_and_fail() -> None:
        with transaction():
            services.notify(siti.id, "assignment", "Tugas", key="k")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tell_and_fail()
    assert told() == []
    assert outbox() == []
    assert db.session.scalars(select(Job)).all() == []


def test_telling_outside_a_transaction_is_refused(app: Flask) -> None:
    siti = make_user()
    with pytest.raises(RuntimeError, match="inside transaction"):
        services.notify(siti.id, "assignment", "Tugas", key="k")


def test_nobody_is_told_about_an_unknown_or_closed_account(app: Flask) -> None:
    siti = make_user()
    with transaction():
        db.session.get_one(User, siti.id).disabled_at = clock.now()
    assert tell(siti) is None
    with pytest.raises(NotFound), transaction():
        services.notify(siti.id + 999, "assignment", "Tugas", key="k2")
    assert told() == []


def test_without_an_address_only_the_bell_rings(app: Flask) -> None:
    siti = make_user()
    with transaction():
        db.session.get_one(User, siti.id).email = None
    assert tell(siti) is not None
    assert outbox() == []


def test_a_reminder_waits_for_office_hours_behind_the_bell_too(app: Flask, at: Callable[..., None]) -> None:
    at(2026, 11, 27, 20, 0)  # Friday evening
    siti = make_user()
    with transaction():
        services.notify(siti.id, "deadline", "Tenggat tinggal 3 hari", key="d3", send_after=working_moment())
    assert outbox()[0].send_after == db.session.scalar(select(Job.run_after)) == datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    assert count_unread(siti.id) == 0
    at(2026, 11, 30, 8, 0)
    assert count_unread(siti.id) == 1


def test_a_reminder_of_something_done_is_taken_back_but_history_stays(app: Flask, at: Callable[..., None]) -> None:
    at(2026, 11, 23, 10, 0)
    siti = make_user()
    tell(siti, "told")
    tell(siti, "later", send_after=clock.now() + timedelta(hours=2))
    with transaction():
        services.withdraw(["told", "later"])
    assert [n.key for n in told()] == ["told"]
    assert {m.key: m.state for m in outbox()} == {"told": MailState.WAITING, "later": MailState.WITHDRAWN}


def test_what_was_taken_back_comes_when_it_is_told_anew(app: Flask, at: Callable[..., None]) -> None:
    at(2026, 11, 23, 10, 0)
    siti = make_user(email="siti@contoh.go.id")
    tell(siti, send_after=clock.now() + timedelta(hours=2))
    with transaction():
        services.withdraw(["k1"])
    assert tell(siti, send_after=clock.now() + timedelta(hours=3)) is not None
    assert tell(siti, send_after=clock.now() + timedelta(hours=3)) is None, "and once"
    [mail] = outbox()
    assert (mail.state, mail.send_after) == (MailState.WAITING, clock.now() + timedelta(hours=3))
    at(2026, 11, 23, 12, 30)
    drain(app)
    db.session.rollback()
    assert outbox()[0].state == MailState.WAITING, "what was asked for first does not send it early"
    at(2026, 11, 23, 13, 30)
    drain(app)
    db.session.rollback()
    assert outbox()[0].state == MailState.KEPT


def test_mail_that_has_left_is_not_sent_anew(app: Flask) -> None:
    with transaction():
        services.mail_somebody("tamu@contoh.go.id", "Tamu", "webinar", "Tautan", "Isi", key="g1")
    drain(app)
    with transaction():
        services.withdraw(["g1"])
        assert services.mail_somebody("tamu@contoh.go.id", "Tamu", "webinar", "Tautan", "Isi", key="g1") is None
    db.session.rollback()
    assert outbox()[0].state == MailState.KEPT


def test_mail_of_a_kind_can_be_switched_off_but_not_for_the_account(app: Flask) -> None:
    siti = make_user()
    with transaction():
        services.choose_mail(siti.id, set())
    tell(siti)
    with transaction():
        services.notify(siti.id, "account", "Kata sandi Anda diganti", key="a")
    assert [m.kind for m in outbox()] == ["account"]
    assert len(told()) == 2


def test_a_reset_code_is_mailed_and_never_behind_the_bell(app: Flask) -> None:
    siti = make_user()
    with transaction():
        events.record(PasswordResetRequested(user_id=siti.id, expires_at=clock.now() + timedelta(hours=1), code="KODE-RAHASIA"))
    (mail,) = outbox()
    assert mail.secret
    assert "KODE-RAHASIA" in mail.body
    assert "/masuk/kode" in mail.body
    assert "KODE-RAHASIA" not in mail.subject
    assert told() == []
    assert db.session.scalar(select(Job.arguments)) == {"mail_id": mail.id}
    assert app.view_functions["people.redeem_code"]


def test_the_owner_hears_of_a_changed_password(app: Flask) -> None:
    siti = make_user()
    with transaction():
        set_password(db.session.get_one(User, siti.id), "hash")
    assert [n.title for n in told()] == ["Kata sandi Anda diganti"]
    assert [m.kind for m in outbox()] == ["account"]


# ---- pages ----


def test_the_page_lists_and_marks_one_and_all(client: FlaskClient) -> None:
    siti = make_user()
    first = tell(siti, "a")
    tell(siti, "b")
    sign_in(client, siti)
    page = client.get("/pemberitahuan").text
    assert page.count("Tugas belajar baru</a>") == 2
    assert 'data-n="2"' in page
    assert client.post(f"/pemberitahuan/{first}/bacaan").status_code == 303
    assert count_unread(siti.id) == 1
    assert client.post(f"/pemberitahuan/{first}/bacaan", headers={"Accept": "application/json"}).json == {"read": True}
    assert client.post("/pemberitahuan/bacaan").status_code == 303
    assert count_unread(siti.id) == 0
    assert "Semua sudah dibaca." in client.get("/pemberitahuan").text


def test_the_empty_page_says_what_will_come(client: FlaskClient) -> None:
    sign_in(client, make_user())
    assert "Belum ada pemberitahuan" in client.get("/pemberitahuan").text


def test_another_persons_notifications_are_not_there(client: FlaskClient) -> None:
    siti, charlie = make_user(), make_user("Charlie")
    hers = tell(siti)
    sign_in(client, charlie)
    assert "Tugas belajar baru" not in client.get("/pemberitahuan").text
    assert client.post(f"/pemberitahuan/{hers}/bacaan").status_code == 404
    client.post("/pemberitahuan/bacaan")
    assert count_unread(siti.id) == 1


def test_a_notification_of_tomorrow_cannot_be_read_today(client: FlaskClient) -> None:
    siti = make_user()
    later = tell(siti, send_after=clock.now() + timedelta(days=1))
    sign_in(client, siti)
    assert "Tugas belajar baru" not in client.get("/pemberitahuan").text
    assert client.post(f"/pemberitahuan/{later}/bacaan").status_code == 404


def test_strangers_are_asked_to_sign_in(client: FlaskClient) -> None:
    for path in ("/pemberitahuan", "/pemberitahuan/pengaturan", "/kelola/surel"):
        assert "/masuk" in client.get(path).headers["Location"]
    assert client.post("/pemberitahuan/bacaan", headers={"Accept": "application/json"}).status_code == 401


def test_what_was_written_into_a_title_is_text(client: FlaskClient) -> None:
    siti = make_user()
    with transaction():
        services.notify(siti.id, "x", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", key="x")
    page = sign_in(client, siti).get("/pemberitahuan").text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize("page", ["0", "-3", "abc", "99999999999999999999"])
def test_a_page_that_does_not_exist_leads_to_one_that_does(client: FlaskClient, page: str) -> None:
    siti = make_user()
    tell(siti)
    assert "Tugas belajar baru" in sign_in(client, siti).get(f"/pemberitahuan?page={page}", follow_redirects=True).text


def test_choosing_mail_keeps_what_protects_the_account(client: FlaskClient) -> None:
    siti = make_user()
    sign_in(client, siti)
    assert "Keamanan akun" in client.get("/pemberitahuan/pengaturan").text
    assert client.post("/pemberitahuan/pengaturan", data={"mail": ["tidak-ada"]}).status_code == 303
    assert not services.wants_mail(siti.id, "other")
    assert services.wants_mail(siti.id, "account")
    client.post("/pemberitahuan/pengaturan", data={"mail": ["other"]})
    assert services.wants_mail(siti.id, "other")


def test_the_bell_costs_one_query_whatever_lies_behind_it(app: Flask, count_queries: list[str]) -> None:
    siti = make_user()
    with transaction():
        for number in range(150):
            services.notify(siti.id, "x", "Kabar", key=f"n{number}", mail=False)
    count_queries.clear()
    assert count_unread(siti.id) == 100
    assert len([q for q in count_queries if q.startswith("SELECT")]) == 1


def test_the_outbox_is_for_the_system_admin(client: FlaskClient) -> None:
    tell(make_user("Siti"))
    assert sign_in(client, make_user("Charlie", role=Role.TRAINING_ADMIN)).get("/kelola/surel").status_code == 403
    page = sign_in(client, make_user("Admin", role=Role.SYSTEM_ADMIN)).get("/kelola/surel").text
    assert "Tugas belajar baru" in page
    assert "Selesaikan sebelum Jumat." in page


def test_only_a_refused_or_uncertain_mail_is_sent_again(client: FlaskClient) -> None:
    tell(make_user("Siti"))
    mail = outbox()[0]
    sign_in(client, make_user("Admin", role=Role.SYSTEM_ADMIN))
    assert client.post(f"/kelola/surel/{mail.id}/pengiriman").status_code == 409
    assert client.post("/kelola/surel/999/pengiriman").status_code == 404
    with transaction():
        db.session.get_one(OutboxMail, mail.id).state = MailState.UNCERTAIN
    assert client.post(f"/kelola/surel/{mail.id}/pengiriman").status_code == 303
    assert outbox()[0].state == MailState.WAITING
    assert len(db.session.scalars(select(Job)).all()) == 2


# ---- people without an account ----


def test_somebody_without_an_account_is_mailed_once_in_indonesian(app: Flask) -> None:
    with transaction():
        told = [
            services.mail_somebody(
                "tamu@contoh.go.id", "Tamu\r\nBcc: lain@contoh.go.id", "other", "Judul\nkedua", lambda: "Isi.", "/webinar/tamu/x", key="sekali", secret=True
            )
            for _twice in range(2)
        ]
    mail = db.session.scalars(select(OutboxMail)).one()
    assert told == [mail.id, None]
    assert (mail.user_id, mail.address, mail.subject, mail.language, mail.secret) == (None, "tamu@contoh.go.id", "Judul kedua", "id", True)
    assert mail.body.startswith("Halo Tamu Bcc: lain@contoh.go.id,\n\nIsi.\n\nhttp")
    assert "/webinar/tamu/x" in mail.body
    assert "pengaturan" not in mail.body, "there are no settings without an account"


def test_a_mail_to_somebody_leads_nowhere_else(app: Flask) -> None:
    with pytest.raises(ValueError, match="not a path"), transaction():
        services.mail_somebody("tamu@contoh.go.id", "Tamu", "other", "x", "y", "https://jahat.test", key="x")
