"""The search index, the same on both databases."""

import time

import pytest
from sqlalchemy import select

from app.kernel import search
from app.kernel.db import db, transaction
from app.kernel.search import PUBLIC, SIGNED_IN, SearchEntry, fold, roots_of

BOTH = (PUBLIC, SIGNED_IN)


def put(object_id, title, body="", kind="lesson", visibility=PUBLIC):
    with transaction():
        search.index(kind, object_id, title, body, {"path": f"/{kind}/{object_id}"}, visibility)


def ids(wanted, **how):
    return [hit.object_id for hit in search.search(wanted, **({"visibilities": BOTH} | how))]


@pytest.mark.parametrize(
    ("word", "root"),
    [
        ("melaporkan", "lapor"),
        ("pelaporan", "lapor"),
        ("pelayanan", "layan"),
        ("menulis", "tulis"),
        ("penyimpanan", "simpan"),
        ("mengirimkan", "kirim"),
        ("mengambil", "ambil"),
        ("pelanggaran", "langgar"),
        ("perizinannya", "izin"),
        ("diserahkan", "serah"),
    ],
)
def test_the_root_of_an_indonesian_word_is_among_its_roots(word, root):
    assert root in roots_of(word)


@pytest.mark.parametrize("word", ["buku", "asn", "12b", "korup", ""])
def test_short_words_and_numbers_are_their_own_root(word):
    assert roots_of(word) == ()


def test_folding_forgets_case_and_accents():
    assert fold("Café") == "cafe"


def test_a_word_finds_its_relatives(app):
    put(1, "Tata cara pelaporan gratifikasi")
    put(2, "Menulis standar layanan")
    assert ids("melaporkan") == [1]
    assert ids("PELAYANAN") == [2]


def test_the_beginning_of_a_word_is_enough(app):
    put(1, "Antikorupsi")
    assert ids("antik") == [1]


def test_a_title_counts_more_than_a_text(app):
    put(1, "Hal lain", "gratifikasi " + "kata " * 30)
    put(2, "Gratifikasi", "kata " * 30)
    assert ids("gratifikasi") == [2, 1]


def test_all_words_come_before_some_of_them(app):
    put(1, "Standar pelayanan")
    put(2, "Standar biaya")
    assert ids("standar pelayanan") == [1]
    assert set(ids("standar gratifikasi")) == {1, 2}


def test_who_may_not_see_it_does_not_find_it(app):
    put(1, "Rahasia dapur", visibility=SIGNED_IN)
    assert ids("rahasia", visibilities=(PUBLIC,)) == []
    assert ids("rahasia", visibilities=()) == []
    assert ids("rahasia") == [1]


def test_kinds_narrow_the_search(app):
    put(1, "Integritas", kind="course")
    put(1, "Integritas di loket", kind="lesson")
    assert [hit.kind for hit in search.search("integritas", kinds=["course"], visibilities=BOTH)] == ["course"]


def test_indexing_again_renews_and_leaves_one_entry(app):
    put(1, "Judul lama", "naskah")
    put(1, "Judul baru", "naskah")
    assert ids("lama") == []
    assert ids("baru") == [1]
    assert len(db.session.scalars(select(SearchEntry)).all()) == 1


def test_what_was_removed_is_not_found(app):
    put(1, "Gratifikasi")
    with transaction():
        search.remove("lesson", [1, 99])
        search.remove("lesson", [])
    assert ids("gratifikasi") == []


def test_nothing_is_indexed_when_the_transaction_fails(app):
    def fail_halfway():
        with transaction():
            search.index("lesson", 1, "Gratifikasi", "", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert ids("gratifikasi") == []


HOSTILE = [
    "",
    "   ",
    '"',
    "'",
    "'; DROP TABLE search_entry; --",
    '" OR "a"*',
    "NEAR(a b, 5)",
    "title_terms:x",
    "a AND OR NOT",
    "-a +b ^c",
    "* ** (*)",
    "((((",
    "a & | ! b",
    "a:*",
    "<-> <2>",
    "\\",
    "\x00\x00",
    "\ud800",
    "%_",
    "٣ ½ ² Ⅷ",
    "😀 🇮🇩",
    "a" * 5000,
    "kata " * 2000,
    "ＡＢＣ",
    "ﷺ",
]


@pytest.mark.parametrize("wanted", HOSTILE)
def test_any_text_is_a_fair_question(app, wanted):
    put(1, "Gratifikasi", "melaporkan gratifikasi")
    assert isinstance(search.search(wanted, visibilities=BOTH), list)


def test_a_snippet_is_text_with_the_matches_marked(app):
    put(1, "Pelajaran", "Awal. " * 60 + "Laporkan <script>alert(1)</script> pemberian itu. " + "Akhir. " * 60)
    (hit,) = search.search("pelaporan", visibilities=BOTH)
    assert [s.text for s in hit.snippet if s.match] == ["Laporkan"]
    whole = "".join(s.text for s in hit.snippet)
    assert "<script>" in whole
    assert whole.startswith("… ")
    assert whole.endswith(" …")
    assert len(whole) < 200


def test_titles_are_marked_too(app):
    put(1, "Standar pelayanan publik")
    (hit,) = search.search("layanan", visibilities=BOTH)
    assert [(s.text, s.match) for s in hit.title] == [("Standar ", False), ("pelayanan", True), (" publik", False)]
    assert hit.locator == {"path": "/lesson/1"}


def test_a_long_hostile_text_does_not_hold_the_search(app):
    put(1, "Panjang", "meng" * 20_000 + " gratifikasi")
    put(2, "Panjang", "gratifikasi " + "pe" * 20_000)
    started = time.process_time()
    search.search("menggratifikasikan pelaporan gratifikasi", visibilities=BOTH)
    assert time.process_time() - started < 0.5


def test_the_limit_holds(app):
    for number in range(5):
        put(number, "Gratifikasi")
    assert len(ids("gratifikasi", limit=3)) == 3


def test_long_texts_are_written_in_portions_and_none_is_lost():
    prepared = search.prepare([search.Entry("lesson", n, f"Materi {n}", "kata " * 5000, {}) for n in range(7)] + [search.Entry("lesson", 7, "Pendek", "", {})])
    batches = list(search.in_batches(prepared))
    assert [entry["object_id"] for batch in batches for entry in batch] == list(range(8))
    assert [len(batch) for batch in batches] == [2, 2, 2, 2]
    assert list(search.in_batches([])) == []
