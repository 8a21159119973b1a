"""The number of a civil servant: every rule has its own message, unknown layouts are warnings."""

from __future__ import annotations

from datetime import date
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people import nip

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _words(request):
    """Messages are lazy texts: read them inside an application."""
    from flask import Flask
    from flask_babel import Babel

    small = Flask("words")
    Babel(small, default_locale="id")
    with small.test_request_context():
        yield


def messages(text: str) -> str:
    reading = nip.read(text, TODAY)
    return " | ".join(str(m) for m in (*reading.errors, *reading.warnings))


@st.composite
def pns(draw):
    born = draw(st.dates(date(1940, 1, 1), date(2006, 12, 31)))
    year = draw(st.integers(born.year + 17, max(born.year + 17, 2027)))
    return f"{born:%Y%m%d}{min(year, 2027)}{draw(st.integers(1, 12)):02}{draw(st.integers(1, 2))}{draw(st.integers(1, 999)):03}"


@given(pns())
def test_every_well_formed_number_of_a_pns_is_read(digits):
    reading = nip.read(digits, TODAY)
    assert reading.ok
    assert not reading.warnings
    assert reading.employment_type == "PNS"
    assert reading.birth_date == date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


@given(pns())
def test_showing_and_typing_a_number_again_gives_the_same(digits):
    assert nip.read(nip.grouped(digits), TODAY).digits == digits
    assert nip.strip(nip.grouped(digits)) == digits


@given(st.text(max_size=40))
def test_no_text_makes_the_reader_fail(text):
    reading = nip.read(text, TODAY)
    assert reading.ok == (not reading.errors)
    if reading.ok:
        assert len(reading.digits) == 18


@given(pns())
def test_a_masked_number_hides_six_digits(digits):
    shown = nip.masked(digits)
    assert len(shown) == 18
    assert digits[8:14] not in shown
    assert shown.count("*") == 6


def test_a_pppk_is_recognized():
    reading = nip.read("20001231 2024 21 1 001", TODAY)
    assert reading.ok
    assert reading.employment_type == "PPPK"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "kosong"),
        ("1,98609E+17", "dibulatkan"),
        ("1.23E+17", "dibulatkan"),
        ("198609262015051O01", "hanya boleh berisi angka"),
        ("19860926201505100", "17 angka"),
        ("198602302015051001", "tanggal lahir"),
        ("193009261950051001", "1940-2009"),
        ("198609261999051001", "Tahun pengangkatan 1999"),
        ("198609262029051001", "Tahun pengangkatan 2029"),
        ("198609262015053001", "pria"),
        ("198609262015051000", "dimulai dari 001"),
    ],
)
def test_each_broken_rule_has_its_own_message(typed, reason):
    assert not nip.read(typed, TODAY).ok
    assert reason in messages(typed)


@pytest.mark.parametrize("typed", ["199001012025311001", "199001012025139001"])
def test_an_unknown_layout_is_a_warning(typed):
    reading = nip.read(typed, TODAY)
    assert reading.ok
    assert "belum dikenal" in messages(typed)


def test_a_layout_that_contradicts_the_employment_type_is_a_warning():
    reading = nip.read("200012312024211001", TODAY)
    assert "PPPK" in str(nip.mismatch_warnings(reading, "PNS")[0])
    assert nip.mismatch_warnings(reading, "PPPK_PW") == []


def test_a_number_of_any_length_is_looked_through_once():
    """A hundred times the digits cost about a hundred times as much, not ten thousand times."""

    def seconds(size: int) -> float:
        begun = perf_counter()
        assert not nip.read("1" * size, date(2026, 1, 5)).ok
        return perf_counter() - begun

    small, large = (min(seconds(size) for _ in range(3)) for size in (2_000, 200_000))
    assert large < 1000 * max(small, 0.0002)
