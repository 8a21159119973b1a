"""Dates and numbers read as people write them, in both languages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from app.ui import formats

MOMENT = datetime(2026, 11, 23, 18, 5, tzinfo=UTC)  # already the 24th in Tanjungpinang


@pytest.fixture
def indonesian(look):
    with look.test_request_context("/"):
        yield


@pytest.fixture
def english(look):
    with look.test_request_context("/", headers={"Cookie": "bahasa=en"}):
        yield


def test_a_moment_belongs_to_its_day_in_wib(indonesian):
    assert formats.tanggal(MOMENT) == "24 November 2026"


def test_a_moment_without_zone_is_taken_as_utc(indonesian):
    assert formats.jam(MOMENT.replace(tzinfo=None), zona=True) == "01.05 WIB"


def test_styles_of_dates(indonesian):
    day = date(2026, 8, 3)
    assert formats.tanggal(day, "penuh") == "Senin, 3 Agustus 2026"
    assert formats.tanggal(day, "pendek") == "Sen, Agu"
    assert formats.waktu(MOMENT) == "24 November 2026, 01.05 WIB"


def test_an_unknown_style_is_an_error_not_a_guess(indonesian):
    with pytest.raises(KeyError):
        formats.tanggal(date(2026, 8, 3), "besok")


def test_english_dates_and_times(english):
    assert formats.tanggal(date(2026, 8, 3), "penuh") == "Monday, 3 August 2026"
    assert formats.jam(MOMENT) == "01:05"


@pytest.mark.parametrize(("seconds", "shown"), [(582, "9.42"), (0, "0.00"), (3723.9, "1.02.03"), (-4, "0.00"), (timedelta(minutes=2), "2.00")])
def test_positions_in_a_recording(indonesian, seconds, shown):
    assert formats.durasi(seconds) == shown


@pytest.mark.parametrize(("value", "shown"), [(4182, "4.182"), (12.5, "12,5"), (12.0, "12"), (Decimal("61.44"), "61,4"), (-0.5, "-0,5"), (0, "0")])
def test_numbers(indonesian, value, shown):
    assert formats.angka(value) == shown


def test_numbers_in_english(english):
    assert formats.angka(4182.5) == "4,182.5"
    assert formats.durasi(582) == "9:42"


@pytest.mark.parametrize(("share", "shown"), [(0.614, "61 %"), (0.999, "99 %"), (1, "100 %"), (0, "0 %"), (1.2, "120 %")])
def test_a_share_is_a_hundred_only_when_nothing_is_missing(indonesian, share, shown):
    assert formats.persen(share) == shown


@pytest.mark.parametrize(("minutes", "shown"), [(45, "45 menit"), (60, "1 jam"), (75, "1 jam 15 menit"), (0, "0 menit"), (0.5, "30 detik"), (0.001, "1 detik"), (0.6, "1 menit"), (59.6, "1 jam")])
def test_lengths_of_time_in_words(indonesian, minutes, shown):
    assert formats.menit(minutes) == shown


def test_lengths_of_time_in_english_know_one_and_many(english):
    assert formats.menit(61) == "1 hour 1 minute"
    assert formats.menit(150) == "2 hours 30 minutes"


@pytest.mark.parametrize(("size", "shown"), [(999, "999 byte"), (1800, "2 kB"), (1812000, "1,8 MB"), (3_000_000_000, "3 GB")])
def test_sizes_of_files(indonesian, size, shown):
    assert formats.ukuran(size) == shown


@pytest.mark.parametrize("shape", formats.FILTERS.values(), ids=formats.FILTERS.keys())
def test_nothing_is_shown_for_nothing(indonesian, shape):
    assert shape(None) == ""
