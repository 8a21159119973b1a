"""Seats: one click, in order, never one too many; the waiting list, the quotas, what people are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, NotFound
from app.kernel.jobs import Job
from app.notifications.models import MailState, Notification, OutboxMail
from app.people.models import User
from app.webinars import jobs, planning, quotas, registering
from app.webinars.managing import as_values
from app.webinars.models import RegistrationState, Webinar, WebinarRegistration, WebinarState
from tests.people.factories import make_unit, make_user, sign_in
from tests.webinars.factories import make_webinar, register

At = Callable[..., None]
SEATED, WAITING, GIVEN_BACK = RegistrationState.REGISTERED, RegistrationState.WAITLISTED, RegistrationState.CANCELED


@pytest.fixture(autouse=True)
def _monday(app: object, at: At) -> None:
    at(2026, 11, 23, 9, 0)


def coming(**values: Any) -> Webinar:
    """A webinar of Wednesday in a week, nine o'clock."""
    starts_at = datetime(2026, 12, 2, 9, 0, tzinfo=clock.local_zone())
    return make_webinar(**{"starts_at": starts_at, "seats": None} | values)


def take(webinar: Webinar, user: User) -> str:
    with transaction():
        return registering.register_user(webinar.id, user.id).state


def give_back(webinar: Webinar, user: User) -> bool:
    with transaction():
        return registering.cancel_registration(webinar.id, user_id=user.id)


def typed(webinar: Webinar) -> dict[str, str]:
    """The form as it comes back when nothing was changed."""
    values = as_values(webinar)
    return {name: "1" if value is True else str(value) for name, value in values.items() if value is not None and value is not False}


def state_of(webinar: Webinar, user: User) -> str | None:
    db.session.expire_all()
    return db.session.scalar(
        select(WebinarRegistration.state).where(WebinarRegistration.webinar_id == webinar.id, WebinarRegistration.user_id == user.id)
    )


def told(user: User) -> list[str]:
    rows = select(Notification.title).where(Notification.user_id == user.id, Notification.due_at <= clock.now())
    return list(db.session.scalars(rows.order_by(Notification.id)))


# ---- seats ----


def test_one_click_and_the_second_changes_nothing(client: FlaskClient) -> None:
    webinar, user = coming(), make_user()
    address = f"/webinar/{webinar.slug}/pendaftaran"
    assert client.post(address).headers["Location"].startswith("/masuk")
    sign_in(client, user)
    for _twice in range(2):
        assert client.post(address).status_code == 303
    row = db.session.scalars(select(WebinarRegistration)).one()
    assert (row.user_id, row.state, row.seated_at) == (user.id, SEATED, clock.now())
    assert told(user) == [f"Anda terdaftar: {webinar.title}"]
    assert "Anda terdaftar" in client.get(f"/webinar/{webinar.slug}").text


def test_who_comes_while_it_is_live_reads_what_happens_now(client: FlaskClient) -> None:
    webinar = make_webinar(state="LIVE")
    address = f"/webinar/{webinar.slug}"
    sign_in(client, make_user())
    shown = client.get(address).text
    assert "Daftar dan masuk" in shown
    assert "Boleh dibatalkan" not in shown
    client.post(f"{address}/pendaftaran")
    with client.session_transaction() as session:
        assert session["_flashes"] == [("success", "Anda terdaftar; kehadiran dihitung mulai sekarang.")]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (3 * 24 * 60, "Anda terdaftar. Pengingat dikirim sehari dan sejam sebelumnya."),
        (90, "Anda terdaftar. Pengingat dikirim sejam sebelumnya."),
        (30, "Anda terdaftar. Webinar dimulai pukul 09.30."),
    ],
)
def test_who_registers_is_told_of_the_reminders_that_will_still_come(client: FlaskClient, minutes: int, said: str) -> None:
    webinar = make_webinar(starts_at=clock.now() + timedelta(minutes=minutes))
    sign_in(client, make_user()).post(f"/webinar/{webinar.slug}/pendaftaran")
    with client.session_transaction() as session:
        assert session["_flashes"] == [("success", said)]


def test_giving_it_back_is_spoken_of_only_while_the_page_offers_it(client: FlaskClient) -> None:
    early, late = (make_webinar(starts_at=clock.now() + timedelta(minutes=minutes)) for minutes in (20, 6))
    sign_in(client, make_user())
    assert "Boleh dibatalkan sampai webinar dimulai." in client.get(f"/webinar/{early.slug}").text
    assert "Boleh dibatalkan" not in client.get(f"/webinar/{late.slug}").text


def test_the_last_seat_is_one_seat(app: Flask) -> None:
    """Ten people press in the same moment, each with a connection of their own."""
    webinar, people = coming(seats=1), [make_user() for _n in range(10)]
    ids, start, outcomes = [user.id for user in people], threading.Barrier(10), list[str]()
    webinar_id = webinar.id

    def press(user_id: int) -> None:
        with app.app_context():
            start.wait()
            with transaction():
                outcomes.append(registering.register_user(webinar_id, user_id).state)

    threads = [threading.Thread(target=press, args=(user_id,)) for user_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [SEATED] + [WAITING] * 9
    db.session.rollback()
    assert registering.count_registrations(webinar_id) == registering.Counts(1, 9)


def test_who_waits_longest_moves_up(at: At) -> None:
    webinar, people = coming(seats=1), [make_user(name) for name in ("Satu", "Dua", "Tiga")]
    for minute, user in enumerate(people):
        at(2026, 11, 23, 9, minute)
        take(webinar, user)
    rows = {row.user_id: row for row in db.session.scalars(select(WebinarRegistration))}
    assert [registering.place_in_line(rows[user.id]) for user in people[1:]] == [1, 2]
    assert give_back(webinar, people[0])
    assert not give_back(webinar, people[0]), "a second press changes nothing"
    assert [state_of(webinar, user) for user in people] == [GIVEN_BACK, SEATED, WAITING]
    assert told(people[1])[-1] == f"Ada kursi untuk Anda: {webinar.title}"
    at(2026, 11, 23, 9, 30)
    assert take(webinar, people[0]) == WAITING, "who comes back stands at the end"
    give_back(webinar, people[1])
    assert state_of(webinar, people[2]) == SEATED


def test_more_seats_move_people_up_and_the_worker_does_the_many() -> None:
    webinar, people = coming(seats=1), [make_user() for _n in range(14)]
    for user in people:
        take(webinar, user)
    values = typed(webinar)
    with transaction():
        plan = planning.read_plan(values | {"seats": "14", "jp": "2"}, webinar)
        planning.change_webinar(None, webinar.id, webinar.version, plan)
    assert registering.count_registrations(webinar.id) == registering.Counts(11, 3)
    newcomer = make_user("Baru")
    assert take(webinar, newcomer) == WAITING, "nobody overtakes those whom the worker is about to move up"
    jobs.fill_seats(webinar.id)
    assert registering.count_registrations(webinar.id) == registering.Counts(14, 1)
    assert state_of(webinar, newcomer) == WAITING


def test_a_unit_has_what_the_nearest_quota_says() -> None:
    city = make_unit("Pemerintah Kota")
    district = make_unit("Kecamatan", parent=city)
    village, other = make_unit("Kelurahan", parent=district), make_unit("Kelurahan Lain", parent=district)
    webinar = coming()
    with transaction():
        quotas.set_quota(None, webinar.id, district.id, "2")
        quotas.set_quota(None, webinar.id, village.id, "1")
    first, second = make_user(unit=village, nip="199005172015031001"), make_user(unit=village, nip="199005172015031002")
    third, outside = make_user(unit=other, nip="199005172015031003"), make_user(unit=city, nip="199005172015031004")
    assert [take(webinar, user) for user in (first, second, third, outside)] == [SEATED, WAITING, SEATED, SEATED]
    assert [(quota.unit, quota.seats, quota.taken) for quota in quotas.list_quotas(webinar.id)] == [("Kecamatan", 2, 1), ("Kelurahan", 1, 1)]
    with transaction():
        quotas.remove_quota(None, webinar.id, village.id)
    assert state_of(webinar, second) == WAITING, "the quota of the district is full: two of three"
    with transaction():
        quotas.set_quota(None, webinar.id, district.id, "3")
    assert state_of(webinar, second) == SEATED


@pytest.mark.parametrize("seats", ["-1", "1.5", "banyak", "", "1000000"])
def test_a_quota_is_a_number(client: FlaskClient, seats: str) -> None:
    webinar, unit = coming(), make_unit()
    sign_in(client, make_user(role=Role.TRAINING_ADMIN))
    assert client.post(f"/kelola/webinar/{webinar.id}/kuota", data={"unit": str(unit.id), "quota_seats": seats}).status_code == 422
    assert client.post(f"/kelola/webinar/{webinar.id}/kuota", data={"unit": "999999", "quota_seats": "3"}).status_code == 404
    assert quotas.quotas_of(webinar.id) == {}


def test_a_quota_is_not_more_than_the_seats(client: FlaskClient) -> None:
    webinar, unit = coming(seats=3), make_unit()
    sign_in(client, make_user(role=Role.TRAINING_ADMIN))
    address, typed = f"/kelola/webinar/{webinar.id}/kuota", {"unit": str(unit.id), "quota_seats": "5"}
    refused = client.post(address, data=typed)
    assert refused.status_code == 422
    assert "Kursi webinar ini hanya 3" in refused.text
    assert f'<option value="{unit.id}" selected>' in refused.text
    assert client.post(address, data=typed | {"quota_seats": "3"}).status_code == 303


def test_registration_closes(at: At) -> None:
    webinar = coming(registration_closes_at=datetime(2026, 12, 1, 12, 0, tzinfo=clock.local_zone()))
    at(2026, 12, 1, 12, 0)
    with pytest.raises(Conflict):
        take(webinar, make_user())


@pytest.mark.parametrize(
    ("state", "error"),
    [(WebinarState.DRAFT, NotFound), (WebinarState.ENDED, Conflict), (WebinarState.CANCELED, Conflict)],
)
def test_only_what_is_announced_can_be_registered_for(state: WebinarState, error: type[Exception]) -> None:
    with pytest.raises(error):
        take(coming(state=state), make_user())


def test_who_comes_late_takes_a_seat_while_it_is_on_air(at: At) -> None:
    webinar = coming(state=WebinarState.LIVE)
    at(2026, 12, 2, 9, 30)
    user = make_user()
    assert take(webinar, user) == SEATED
    with pytest.raises(Conflict):
        give_back(webinar, user)


def test_seats_are_given_back_until_it_begins(client: FlaskClient, at: At) -> None:
    webinar, user = coming(), make_user()
    take(webinar, user)
    at(2026, 12, 2, 9, 0)
    sign_in(client, user)
    assert client.post(f"/webinar/{webinar.slug}/pendaftaran/batal").status_code == 409
    at(2026, 12, 2, 8, 59)
    sign_in(client, user)
    assert client.post(f"/webinar/{webinar.slug}/pendaftaran/batal").status_code == 303
    assert state_of(webinar, user) == GIVEN_BACK


def test_nobody_gives_back_what_is_not_theirs(client: FlaskClient) -> None:
    webinar, user = coming(), make_user()
    take(webinar, user)
    assert client.post(f"/webinar/{webinar.slug}/pendaftaran/batal").headers["Location"].startswith("/masuk")
    assert sign_in(client, make_user()).post(f"/webinar/{webinar.slug}/pendaftaran/batal").status_code == 303
    assert state_of(webinar, user) == SEATED


def test_two_at_the_same_time_are_told_of(client: FlaskClient) -> None:
    user, webinar = make_user(), coming()
    other = coming(starts_at=webinar.starts_at + timedelta(hours=1))
    behind = coming(starts_at=webinar.ends_at)
    register(webinar, user)
    assert registering.find_overlap(user.id, other).id == webinar.id  # type: ignore[union-attr]
    assert registering.find_overlap(user.id, behind) is None
    assert "Bersamaan dengan webinar lain" in sign_in(client, user).get(f"/webinar/{other.slug}").text
    assert take(other, user) == SEATED, "it is told, not forbidden"


# ---- reminders ----


def reminders(user: User) -> list[tuple[str, str]]:
    """What waits in the outbox for somebody: when it leaves, and its subject."""
    waiting = (OutboxMail.user_id == user.id) & (OutboxMail.state == MailState.WAITING) & (OutboxMail.send_after > clock.now())
    rows = db.session.execute(select(OutboxMail.send_after, OutboxMail.subject).where(waiting).order_by(OutboxMail.send_after))
    return [(clock.local(moment).strftime("%d.%m. %H.%M"), subject.partition(":")[0]) for moment, subject in rows]


def test_reminded_a_day_and_an_hour_before_and_once() -> None:
    user, webinar = make_user(), coming()
    take(webinar, user)
    take(webinar, user)
    assert reminders(user) == [("01.12. 09.00", "Pengingat webinar"), ("02.12. 08.00", "Satu jam lagi")]


def test_before_a_free_day_one_is_reminded_on_the_working_day_before_it() -> None:
    user, webinar = make_user(), coming(starts_at=datetime(2026, 11, 30, 9, 0, tzinfo=clock.local_zone()))  # a Monday
    take(webinar, user)
    assert reminders(user) == [("27.11. 09.00", "Pengingat webinar"), ("30.11. 08.00", "Satu jam lagi")]


def test_what_would_come_at_once_is_left_out(at: At) -> None:
    user, webinar = make_user(), coming()
    at(2026, 12, 2, 8, 30)
    take(webinar, user)
    assert reminders(user) == []


def test_a_seat_given_back_reminds_nobody_and_one_taken_anew_does(at: At) -> None:
    user, webinar = make_user(), coming()
    take(webinar, user)
    give_back(webinar, user)
    assert reminders(user) == []
    at(2026, 11, 23, 10, 0)
    take(webinar, user)
    assert len(reminders(user)) == 2


def test_who_waits_is_not_reminded() -> None:
    webinar, first, second = coming(seats=1), make_user(), make_user()
    take(webinar, first)
    take(webinar, second)
    assert reminders(second) == []
    give_back(webinar, first)
    assert len(reminders(second)) == 2


def run(name: str) -> None:
    """Do the work of one kind that was asked for."""
    for job in db.session.scalars(select(Job).where(Job.name == name)).all():
        jobs_by_name[name](**job.arguments)


jobs_by_name = {"webinars.tell_moved": jobs.tell_moved, "webinars.tell_canceled": jobs.tell_canceled}


def test_another_time_is_told_and_moves_the_reminders() -> None:
    webinar, people = coming(), [make_user() for _n in range(12)]
    for user in people:
        take(webinar, user)
    values = typed(webinar)
    with transaction():
        moved = values | {"starts_at": "2026-12-03T13:00", "ends_at": "2026-12-03T15:00"}
        planning.change_webinar(None, webinar.id, webinar.version, planning.read_plan(moved, webinar))
    for _twice in range(2):
        run("webinars.tell_moved")
    for user in people:
        assert told(user)[-1] == f"Jadwal berubah: {webinar.title}"
        assert reminders(user) == [("02.12. 13.00", "Pengingat webinar"), ("03.12. 12.00", "Satu jam lagi")]


def test_a_webinar_that_returns_to_its_time_reminds_again() -> None:
    webinar, user = coming(), make_user()
    take(webinar, user)
    first, moved = typed(webinar), {"starts_at": "2026-12-03T13:00", "ends_at": "2026-12-03T15:00"}
    for change in (moved, {}, moved, {}):
        with transaction():
            planning.change_webinar(None, webinar.id, webinar.version, planning.read_plan(first | change, webinar))
        run("webinars.tell_moved")
        with transaction() as session:
            session.execute(delete(Job))
        assert len(reminders(user)) == 2
    assert reminders(user) == [("01.12. 09.00", "Pengingat webinar"), ("02.12. 08.00", "Satu jam lagi")]
    assert len(told(user)) == 5, "registered, and four times moved"


def test_when_it_is_off_everybody_hears_why_and_nobody_is_reminded() -> None:
    webinar, seated, waiting = coming(seats=1), make_user(), make_user()
    take(webinar, seated)
    take(webinar, waiting)
    with transaction():
        planning.cancel(None, webinar.id, webinar.version, "Narasumber sakit")
    for _twice in range(2):
        run("webinars.tell_canceled")
    for user in (seated, waiting):
        assert told(user)[-1] == f"Dibatalkan: {webinar.title}"
        assert reminders(user) == []
    assert "Narasumber sakit" in db.session.scalars(select(Notification.body).order_by(Notification.id.desc())).first()  # type: ignore[operator]


# ---- what it costs ----


def test_pages_cost_the_same_with_many_people(client: FlaskClient, count_queries: list[str]) -> None:
    webinar, user = coming(seats=5), make_user()
    sign_in(client, user)
    register(webinar, user, WAITING)

    def cost(address: str) -> int:
        client.get(address)
        count_queries.clear()
        assert client.get(address).status_code == 200
        return len(count_queries)

    few = cost(f"/webinar/{webinar.slug}"), cost("/webinar")
    for _n in range(5):
        register(webinar, make_user())
        coming()
    assert (cost(f"/webinar/{webinar.slug}"), cost("/webinar")) == few
    assert db.session.scalar(select(func.count(Webinar.id))) == 6
