"""The pages of an attempt, as a browser without our script uses them."""

from __future__ import annotations

import dataclasses
import re

import pytest

from app.assessment.queries import standing_of
from app.assessment.question_types import Text
from app.assessment.quizzes import get_attempt_facts
from app.assessment.sheets import read_sheet
from app.people.models import User
from tests.assessment.conftest import Sitting
from tests.assessment.factories import make_quiz, single, true_false
from tests.people.factories import make_user, sign_in

ANSWERS = {  # by place: what a form sends, and what is kept
    1: ({"jawaban": "{Penerima}"}, "{Penerima}"),
    3: ({"jawaban": "true"}, True),
    4: ({"jawaban": " upg "}, "upg"),
    5: ({"jawaban": "30"}, "30"),
}


def _ids(page: str) -> dict[str, str]:
    """Values of options by the words beside them."""
    found = re.findall(r'name="jawaban" value="(\w+)"[^>]*>(?:<span class="key"[^>]*>\w+</span>)?<span>([^<]+)</span>', page)
    return {words: value for value, words in found}


def _answers(attempt_id: int) -> dict[str, object]:
    return dict(read_sheet(get_attempt_facts(attempt_id)).answers)


def test_an_attempt_opens_at_its_first_question_and_later_where_it_was_left(sitting: Sitting):
    attempt = sitting.started()
    where = sitting.client.get(f"/kuis/percobaan/{attempt}").location
    assert where.endswith(f"/kuis/percobaan/{attempt}/1")
    sitting.client.post(f"/kuis/percobaan/{attempt}/1", data={"jawaban": _ids(sitting.client.get(where).text)["Penerima"], "ke": "2"})
    assert sitting.client.get(f"/kuis/percobaan/{attempt}").location.endswith("/2")


def test_the_page_shows_the_deadline_and_hides_titles_and_feedback(sitting: Sitting):
    page = sitting.client.get(f"/kuis/percobaan/{sitting.started()}/1").text
    assert "15.00" in page
    assert "09.45 WIB" in page
    assert "Soal 1 dari 7, satu jawaban" in page
    for hidden in ("Pasal 12B ayat", "Pasal 12C", "UPG"):
        assert hidden not in page
    assert 'style="' not in page
    assert "<script>" not in page


def test_a_questions_title_is_not_told(sitting: Sitting):
    sitting.version = make_quiz("x/judul", [true_false("jawabannya-benar")])
    attempt = sitting.started()
    assert "jawabannya-benar" not in sitting.client.get(f"/kuis/percobaan/{attempt}/1").text + _result(sitting, attempt)


@pytest.mark.parametrize("place", [3, 4, 5])
def test_a_plain_form_saves_and_goes_on(sitting: Sitting, place: int):
    attempt = sitting.started()
    sent, kept = ANSWERS[place]
    answer = sitting.client.post(f"/kuis/percobaan/{attempt}/{place}", data=sent | {"ke": str(place + 1)})
    assert answer.location.endswith(f"/kuis/percobaan/{attempt}/{place + 1}")
    assert list(_answers(attempt).values()) == [kept]


def test_choices_pairs_and_orders_work_in_plain_forms(sitting: Sitting):
    attempt = sitting.started()
    page = sitting.client.get(f"/kuis/percobaan/{attempt}/1").text
    ids = _ids(page)
    sitting.client.post(f"/kuis/percobaan/{attempt}/2", data={"jawaban": [ids["Kepastian hukum"], ids["Keterbukaan"]]})
    pairs = dict.fromkeys(re.findall(r'name="(pasangan-\w+)"', page))
    rights = {words: value for value, words in re.findall(r'<option value="(\w+)">([^<]+)</option>', page)}
    sitting.client.post(f"/kuis/percobaan/{attempt}/6", data=dict(zip(pairs, (rights["pembuktian"], rights["pelaporan"]), strict=True)))
    items = re.findall(r'data-item="(\w+)".*?<label[^>]*>([^<]+)</label>', page, re.DOTALL)
    places = {"Menerima": "1", "Mencatat": "2", "Melapor": "3"}
    sitting.client.post(f"/kuis/percobaan/{attempt}/7", data={f"urutan-{name}": places[words] for name, words in items})
    assert sorted(_answers(attempt)) == ["asas", "pasangan", "urutan"]
    sitting.submit(attempt)
    result = sitting.client.get(f"/kuis/percobaan/{attempt}/hasil").text
    assert result.count("Tidak dijawab") == 4
    assert re.findall(r'n-xl">(\d+)<', result) == ["42"]  # three of seven


def test_an_order_that_is_not_whole_is_refused_and_what_was_chosen_stays(sitting: Sitting):
    attempt = sitting.started()
    page = sitting.client.get(f"/kuis/percobaan/{attempt}/7").text
    names = re.findall(r'data-item="(\w+)"', page)
    answer = sitting.client.post(f"/kuis/percobaan/{attempt}/7", data={f"urutan-{name}": "1" for name in names})
    assert answer.status_code == 422
    assert _answers(attempt) == {}


def test_a_number_that_is_none_is_refused_and_stays_in_the_field(sitting: Sitting):
    attempt = sitting.started()
    answer = sitting.client.post(f"/kuis/percobaan/{attempt}/5", data={"jawaban": "tiga puluh", "ke": "6"})
    assert answer.status_code == 422
    assert 'value="tiga puluh"' in answer.text
    assert "Tulis angkanya saja" in answer.text
    assert _answers(attempt) == {}


def test_doubt_is_kept_and_can_be_taken_back(sitting: Sitting):
    attempt = sitting.started()
    sitting.client.post(f"/kuis/percobaan/{attempt}/3", data={"ragu": "1"})
    assert read_sheet(get_attempt_facts(attempt)).doubtful == {"benar"}
    assert "Ditandai ragu" in sitting.client.get(f"/kuis/percobaan/{attempt}/kumpulkan").text
    sitting.client.post(f"/kuis/percobaan/{attempt}/3", data={})
    assert read_sheet(get_attempt_facts(attempt)).doubtful == frozenset()


def test_the_overview_names_what_is_missing(sitting: Sitting):
    attempt = sitting.started()
    sitting.save(attempt, 3, True)
    page = sitting.client.get(f"/kuis/percobaan/{attempt}/kumpulkan").text
    assert "1 dari 7 soal sudah dijawab." in page
    assert page.count('class="btn btn-sm" href="/kuis/percobaan/') == 6


def test_practice_tells_at_once_and_only_what_was_answered(sitting: Sitting):
    sitting.version = make_quiz("x/latihan", [single(), true_false()], purpose="PRACTICE", feedback="EACH", passing_score=0, attempts=0)
    attempt = sitting.started()
    page = sitting.client.get(f"/kuis/percobaan/{attempt}/1").text
    assert "Periksa jawaban" in page
    assert "Pasal 12" not in page
    sitting.client.post(f"/kuis/percobaan/{attempt}/1", data={"jawaban": _ids(page)["Penuntut umum"], "ke": "1"})
    page = sitting.client.get(f"/kuis/percobaan/{attempt}/1").text
    assert "Belum tepat" in page
    assert "Itu untuk nilai di bawah Rp10 juta." in page
    assert "Pasal 12C" not in page


def _result(sitting: Sitting, attempt: int) -> str:
    sitting.submit(attempt)
    return sitting.client.get(f"/kuis/percobaan/{attempt}/hasil").text


def test_after_submitting_feedback_is_shown_but_right_answers_only_when_they_help_nobody_to_copy(sitting: Sitting):
    sitting.version = make_quiz("x/kuis", [single(), true_false()])
    attempt = sitting.started()
    page = sitting.client.get(f"/kuis/percobaan/{attempt}/1").text
    sitting.client.post(f"/kuis/percobaan/{attempt}/1", data={"jawaban": _ids(page)["Penuntut umum"]})
    result = _result(sitting, attempt)
    assert "Itu untuk nilai di bawah Rp10 juta." in result
    assert "Belum lulus" in result
    assert "Jawaban yang benar" not in result
    assert "Coba lagi" in result
    attempt = sitting.started()
    sitting.save(attempt, 1, _ids(page)["Penerima"])
    sitting.save(attempt, 2, True, 2)
    assert "Lulus" in _result(sitting, attempt)
    attempt = sitting.started()
    assert "Anda sudah lulus pada percobaan lain." in _result(sitting, attempt)


def test_what_explains_the_answer_waits_until_nobody_can_copy_it(sitting: Sitting):
    telling = dataclasses.replace(single(), general_feedback=Text("Yang benar: penerima."))
    sitting.version = make_quiz("x/bocor", [telling, true_false()])
    attempt = sitting.started()
    sitting.save(attempt, 2, True)
    assert "Yang benar: penerima." not in _result(sitting, attempt)
    attempt = sitting.started()
    page = sitting.client.get(f"/kuis/percobaan/{attempt}/1").text
    sitting.save(attempt, 1, _ids(page)["Penerima"])
    assert "Yang benar: penerima." in _result(sitting, attempt)


def test_score_only_shows_the_score_and_ones_own_answers(sitting: Sitting):
    sitting.version = make_quiz("x/skor", [true_false()], feedback="SCORE")
    attempt = sitting.started()
    sitting.save(attempt, 1, False)
    result = _result(sitting, attempt)
    assert "hanya nilainya" in result
    assert "Pasal 12C" not in result
    assert "Belum tepat" not in result


def test_markup_of_authors_is_cleaned_and_plain_text_escaped(sitting: Sitting):
    from app.assessment.question_types import Text
    from app.assessment.question_types.true_false import TrueFalse

    texts = {
        "a": Text("<img src=x onerror=alert(1)> satu\ndua"),
        "b": Text("<script>alert(2)</script><b onclick=x>tebal</b>", "html"),
        "c": Text("**kuat** [x](javascript:alert(3)) <i>mentah</i>", "markdown"),
    }
    sitting.version = make_quiz("x/markah", [TrueFalse(key=key, text=text, answer=True) for key, text in texts.items()])
    page = sitting.client.get(f"/kuis/percobaan/{sitting.started()}/1").text
    assert "&lt;img src=x onerror=alert(1)&gt; satu<br>dua" in page
    assert "<b>tebal</b>" in page
    assert "<strong>kuat</strong>" in page
    for bad in ("<script>alert", "onclick", 'href="javascript', "<i>mentah"):
        assert bad not in page


def test_other_people_find_nothing(sitting: Sitting):
    attempt = sitting.started()
    charlie: User = make_user("Charlie Orang Luar")
    client = sign_in(sitting.client, charlie)
    for path in ("", "/1", "/kumpulkan", "/hasil", "/keadaan"):
        assert client.get(f"/kuis/percobaan/{attempt}{path}").status_code == 404, path
    assert client.post(f"/kuis/percobaan/{attempt}/1", data={}).status_code == 404
    assert client.post(f"/kuis/percobaan/{attempt}/kumpulkan").status_code == 404
    assert client.post(f"/kuis/percobaan/{attempt}/jawaban", json=[]).status_code == 404
    assert standing_of(charlie.id, sitting.version.quiz_id).attempts == []


@pytest.mark.parametrize("path", ["/kuis/percobaan/999/1", "/kuis/percobaan/99999999999999999999/1", "/kuis/percobaan/0"])
def test_what_is_not_there_is_not_found(sitting: Sitting, path: str):
    assert sitting.client.get(path).status_code == 404


def test_questions_beyond_the_last_are_not_found(sitting: Sitting):
    attempt = sitting.started()
    for place in (0, 8, 1000):
        assert sitting.client.get(f"/kuis/percobaan/{attempt}/{place}").status_code == 404
        assert sitting.client.post(f"/kuis/percobaan/{attempt}/{place}").status_code == 404


def test_english_readers_get_english(sitting: Sitting):
    attempt = sitting.started()
    sitting.client.set_cookie("bahasa", "en")
    page = sitting.client.get(f"/kuis/percobaan/{attempt}/1").text
    assert "Question 1 of 7, one answer" in page
    assert "Mark as doubtful" in page
