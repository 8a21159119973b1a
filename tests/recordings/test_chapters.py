from __future__ import annotations

from app.recordings.chapters import MOST_CHAPTERS, Chapter, Sort, chosen, shortened


def titles(found: list[Chapter]) -> list[tuple[float, str]]:
    return [(chapter.seconds, chapter.title) for chapter in found]


def test_in_order_and_from_the_beginning():
    found = [Chapter(90, "Tanya: biaya", Sort.QUESTION), Chapter(30, "Dasar hukum", Sort.AGENDA)]
    assert titles(chosen(found, 120, "Pembukaan")) == [(0, "Pembukaan"), (30, "Dasar hukum"), (90, "Tanya: biaya")]


def test_a_chapter_near_the_beginning_is_the_beginning():
    assert titles(chosen([Chapter(3, "Sambutan", Sort.AGENDA)], 120, "Pembukaan")) == [(0, "Sambutan")]


def test_of_two_that_begin_together_the_agenda_stays():
    found = [Chapter(60.5, "Slide", Sort.SLIDES), Chapter(61, "Standar pelayanan", Sort.AGENDA)]
    assert titles(chosen(found, 120, "Pembukaan")) == [(0, "Pembukaan"), (61, "Standar pelayanan")]


def test_an_opening_of_the_agenda_is_the_opening():
    found = [Chapter(300, "Pembukaan", Sort.AGENDA), Chapter(600, "Paparan", Sort.AGENDA)]
    assert titles(chosen(found, 900, "Pembukaan")) == [(0, "Pembukaan"), (600, "Paparan")]


def test_nothing_after_the_end_and_not_too_many():
    found = [Chapter(10 * number, str(number), Sort.QUESTION) for number in range(500)]
    kept = chosen(found, 3000, "Pembukaan")
    assert len(kept) == MOST_CHAPTERS
    assert kept[-1].seconds < 3000
    assert titles(chosen([Chapter(200, "x", Sort.AGENDA)], 120, "Pembukaan")) == [(0, "Pembukaan")]


def test_titles_are_one_line():
    assert shortened("Apa  bedanya\nstandar dan maklumat?") == "Apa bedanya standar dan maklumat?"
    assert shortened("kata " * 60, 20) == "kata kata kata…"
    assert len(shortened("x" * 500)) == 120
