"""Refused words, and questions that ask the same: plain decisions about Indonesian text."""

from __future__ import annotations

import random

import pytest

from app.room import words
from app.room.words import MOST_LOOKS, MOST_WORDS, Patience, find_alike, folded, gist, likeness, refused_in, stem

PAIRS_THAT_ASK_THE_SAME = [
    ("Apakah formulir boleh diisikan petugas?", "Bolehkah petugas mengisikan formulir?"),
    ("Kapan juru bahasa isyarat perlu disediakan?", "Kapan kami harus menyediakan juru bahasa isyarat?"),
    ("Di loket kami ada tangga, apa langkah pertama tanpa anggaran?", "Loket kami bertangga. Apa langkah pertama kalau tidak ada anggaran?"),
    ("Bagaimana cara mengajukan cuti melahirkan?", "cara pengajuan cuti melahirkan gimana ya pak"),
    ("Berapa lama sertifikat diterbitkan?", "Sertifikatnya berapa lama terbit?"),
]
PAIRS_THAT_DO_NOT = [
    ("Apakah formulir boleh diisikan petugas?", "Apakah sertifikat dikirim lewat email?"),
    ("Kapan juru bahasa isyarat perlu disediakan?", "Kapan webinar berikutnya diadakan?"),
    ("Bagaimana cara mengajukan cuti melahirkan?", "Bagaimana cara mengajukan kenaikan pangkat?"),
    ("Siapa yang menandatangani?", "Berapa JP webinar ini?"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS_THAT_ASK_THE_SAME)
def test_the_same_question_in_other_words_is_suggested(one: str, other: str) -> None:
    assert [number for _measure, number in find_alike(gist(one), [(7, gist(other))])] == [7]


@pytest.mark.parametrize(("one", "other"), PAIRS_THAT_DO_NOT)
def test_a_question_about_something_else_is_not(one: str, other: str) -> None:
    assert find_alike(gist(one), [(7, gist(other))]) == []


def test_likeness_is_the_same_both_ways_and_whole_for_the_same_text() -> None:
    for one, other in PAIRS_THAT_ASK_THE_SAME:
        assert likeness(gist(one), gist(other)) == likeness(gist(other), gist(one))
        assert likeness(gist(one), gist(one.upper())) == 1.0


def test_the_most_alike_comes_first() -> None:
    wanted = gist("Bolehkah petugas mengisikan formulir?")
    others = [(number, gist(f"Apakah formulir boleh diisikan petugas nomor{number}?")) for number in range(1, 9)]
    assert [number for _measure, number in find_alike(wanted, [*others, (99, wanted)])][:3] == [99, 1, 2]


def test_a_question_without_telling_words_still_has_a_gist() -> None:
    assert gist("apa itu?") == {"apa", "itu"}
    assert likeness(gist(""), gist("apa")) == 0.0


def made_up(seed: int) -> str:
    """Many long words with the same first letter, none of which are kin."""
    chance = random.Random(seed)
    return " ".join("a" + "".join(chance.choices("bcdfghjklmpqrstvwxyz", k=4)) for _word in range(100))


def test_made_up_questions_cost_a_bounded_number_of_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[tuple[str, str]] = []
    monkeypatch.setattr(words, "_are_near", lambda *pair: bool(looks.append(pair)))
    wanted, others = gist(made_up(0)), [(number, gist(made_up(number))) for number in range(1, 201)]
    assert max(len(found) for _number, found in others) == MOST_WORDS
    find_alike(wanted, others)
    assert len(looks) == MOST_LOOKS
    same = gist("Kapan juru bahasa isyarat perlu disediakan?")
    assert find_alike(same, [(7, same)], Patience(0)) == [(1.0, 7)], "what is the same is found without looking"


@pytest.mark.parametrize(
    ("word", "root"), [("dituliskan", "tulis"), ("formulirnya", "formulir"), ("bertangga", "tangga"), ("pelayanan", "layan"), ("kerja", "kerja"), ("ibu", "ibu")]
)
def test_a_prefix_and_an_ending_fall_away_while_enough_is_left(word: str, root: str) -> None:
    assert stem(word) == root


def test_refused_words_are_whole_words_whatever_case_and_accent() -> None:
    refused = ["bodoh", "Judi Online"]
    assert refused_in("Kenapa BÓDOH sekali?", refused) == ["bodoh"]
    assert refused_in("main judi,  online yuk", refused) == ["Judi Online"]
    assert refused_in("Kebodohan itu apa? Perjudian online?", refused) == []
    assert refused_in("apa saja", ["", "  "]) == []


def test_folding_takes_case_and_accents_only() -> None:
    assert folded("Éloknya") == "eloknya"
