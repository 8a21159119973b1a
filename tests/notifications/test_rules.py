"""When a reminder may reach people; what a mail may look like."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notifications.calendar import SHIPPED, read_free_days, read_working_hours
from app.notifications.rules import WorkingHours, is_permanent, next_working_moment
from app.notifications.services import LONGEST_LINE, _own_path, one_line
from app.notifications.smtp import MailServer, Refused, compose

WIB = ZoneInfo("Asia/Jakarta")
HOURS = read_working_hours(SHIPPED.read_text())


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=WIB)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (moment(2026, 11, 23, 9, 30), moment(2026, 11, 23, 9, 30)),  # Monday, at work
        (moment(2026, 11, 23, 7, 59), moment(2026, 11, 23, 8, 0)),
        (moment(2026, 11, 23, 15, 59), moment(2026, 11, 23, 15, 59)),
        (moment(2026, 11, 23, 16, 0), moment(2026, 11, 24, 8, 0)),
        (moment(2026, 11, 27, 16, 15), moment(2026, 11, 27, 16, 15)),  # Friday is longer
        (moment(2026, 11, 27, 16, 30), moment(2026, 11, 30, 8, 0)),
        (moment(2026, 11, 28, 10, 0), moment(2026, 11, 30, 8, 0)),  # Saturday
        (moment(2026, 12, 24, 17, 0), moment(2026, 12, 28, 8, 0)),  # Thursday evening; Friday is Christmas
        (moment(2026, 12, 31, 20, 0), moment(2027, 1, 4, 8, 0)),
    ],
)
def test_reminders_wait_for_office_hours(now: datetime, expected: datetime) -> None:
    assert next_working_moment(now.astimezone(UTC), WIB, HOURS) == expected


def test_a_free_day_added_by_the_operator_is_skipped() -> None:
    hours = WorkingHours(HOURS.by_weekday, HOURS.free_every_year, read_free_days("dated: [2026-11-24]"))
    assert next_working_moment(moment(2026, 11, 23, 18, 0), WIB, hours) == moment(2026, 11, 25, 8, 0)


def test_hours_without_any_working_day_are_refused() -> None:
    with pytest.raises(ValueError, match="no working day"):
        next_working_moment(moment(2026, 11, 23), WIB, WorkingHours({}))


@pytest.mark.parametrize("text", ["dated: 2026-11-24", "dated: [besok]", "[1]", "dated: [2026-11-24 08:00:00]"])
def test_a_list_of_holidays_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_free_days(text)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_working_moment_is_never_earlier_and_never_moves_again(now: datetime) -> None:
    found = next_working_moment(now, WIB, HOURS)
    assert now <= found < now + timedelta(days=6)
    assert next_working_moment(found, WIB, HOURS) == found
    assert found.astimezone(WIB).weekday() < 5
    assert found.astimezone(WIB).date() != date(2026, 12, 25)


def test_a_title_stays_one_line() -> None:
    assert one_line("Tugas baru\r\nBcc: semua@contoh.go.id\u2028x") == "Tugas baru Bcc: semua@contoh.go.id x"
    assert len(one_line("panjang " * 100)) <= LONGEST_LINE


@pytest.mark.parametrize("url", ["https://jahat.example/", "//jahat.example/x", "/\\jahat.example", "javascript:alert(1)", "beranda", "/a b", "/a\nb"])
def test_a_notification_leads_nowhere_else(url: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        _own_path(url)


def test_paths_of_the_installation_are_fine() -> None:
    assert _own_path("/kursus/antikorupsi-gratifikasi?dari=surel#modul-2") == "/kursus/antikorupsi-gratifikasi?dari=surel#modul-2"


@pytest.mark.parametrize("address", ["a@b.id\r\nBcc: c@d.id", "a@b.id\nX: y", "a", "", "a@b.id, c@d.id", "<a@b.id>", "a.é@b.id"])
def test_an_address_cannot_bring_headers_along(address: str) -> None:
    with pytest.raises(Refused):
        compose("Gurindam <g@contoh.go.id>", address, "Tugas", "Isi", "<1@x>", moment(2026, 11, 23), "id")


def test_a_mail_says_that_it_is_automatic_and_survives_a_seven_bit_server() -> None:
    mail = compose("Gurindam <g@contoh.go.id>", "siti@contoh.go.id", "Tenggat – besok", "Té\n.titik", "<1@x>", moment(2026, 11, 23, 9), "id")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "id"
    assert mail.as_bytes().isascii()
    assert mail.get_content() == "Té\n.titik\n"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.contoh.go.id", MailServer("mail.contoh.go.id", 25, False, None, None)),
        ("smtp://pos:r%40h%3Asia@mail.contoh.go.id", MailServer("mail.contoh.go.id", 587, False, "pos", "r@h:sia", requires_tls=True)),
        ("smtp://mail.contoh.go.id?tls=required", MailServer("mail.contoh.go.id", 25, False, None, None, requires_tls=True)),
        ("smtp://pos:x@127.0.0.1:2525", MailServer("127.0.0.1", 2525, False, "pos", "x")),
        ("smtps://pos:x@mail.contoh.go.id", MailServer("mail.contoh.go.id", 465, True, "pos", "x", requires_tls=True)),
        ("smtp://127.0.0.1:2525", MailServer("127.0.0.1", 2525, False, None, None)),
    ],
)
def test_mail_servers_are_named_by_an_address(url: str, expected: MailServer) -> None:
    assert MailServer.from_url(url) == expected


@pytest.mark.parametrize("url", ["smtp://", "http://x", "smtp://host:port", "log:", "smtp://x?tls=maybe", "smtp://x?aman=1", "smtp://pos:x@y?tls=offered"])
def test_an_address_that_names_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        MailServer.from_url(url)


def test_only_5yz_is_for_good() -> None:
    assert [is_permanent(code) for code in (250, 421, 450, 499, 500, 550, 599)] == [False, False, False, False, True, True, True]
