"""The public catalogue, and who gets the pictures of lessons."""

import io
from datetime import date

import pytest
from PIL import Image

from app.courses import slots
from app.courses.services import publish_version
from app.courses.slots import Standing
from app.kernel.db import transaction
from app.kernel.worker import drain
from app.media import delivery
from app.media.services import store_asset
from tests.courses.factories import course_draft
from tests.people.factories import make_user, sign_in


def publish(*drafts):
    with transaction():
        for draft in drafts:
            publish_version(draft, None)


@pytest.fixture
def three(app):
    publish(
        course_draft("integritas", title="Antikorupsi", competency="Integritas", jp=4),
        course_draft("layanan", title="Pelayanan Prima", competency="Pelayanan Publik", jp=6),
        course_draft("singkat", title="Singkat saja", competency="Integritas", jp=1),
    )


def page(client, address="/katalog", status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def test_the_catalogue_is_open_to_everybody_and_begins_with_the_count(client, three):
    shown = page(client)
    assert "3 kursus, 11 JP, dapat dimulai hari ini" in shown
    assert 'href="/kursus/integritas"' in shown
    assert shown.index("Antikorupsi") < shown.index("Pelayanan Prima")


def test_an_empty_catalogue_says_so(client, app):
    shown = page(client)
    assert "Belum ada kursus" in shown
    assert "Saring kursus" not in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kompetensi=Integritas", {"Antikorupsi", "Singkat saja"}),
        ("jp=5", {"Pelayanan Prima"}),
        ("jp=1-2&kompetensi=Integritas", {"Singkat saja"}),
        ("bentuk=E_LEARNING", {"Antikorupsi", "Pelayanan Prima", "Singkat saja"}),
        ("jp=abc", {"Antikorupsi", "Pelayanan Prima", "Singkat saja"}),
    ],
)
def test_the_catalogue_narrows(client, three, query, found):
    shown = page(client, f"/katalog?{query}")
    assert {title for title in ("Antikorupsi", "Pelayanan Prima", "Singkat saja") if f">{title}</a>" in shown} == found


def test_nothing_left_offers_the_way_back(client, three):
    shown = page(client, "/katalog?kompetensi=Tidak%20ada")
    assert "0 dari 3 kursus cocok" in shown
    assert "Tidak ada kursus dengan pilihan itu" in shown


def test_hostile_filters_are_only_text(client, three):
    shown = page(client, "/katalog?kompetensi=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&jp[]=1&bentuk=" + "x" * 5000)
    assert "<script>alert" not in shown


def test_a_choice_that_is_on_leads_back_without_it(client, three):
    shown = page(client, "/katalog?kompetensi=Integritas&jp=1-2")
    assert '<a class="chip" href="/katalog?jp=1-2" aria-current="true">Integritas' in shown


def test_titles_are_escaped(client, app):
    publish(course_draft(title="<b>Tebal</b>"))
    assert "&lt;b&gt;Tebal&lt;/b&gt;" in page(client)


def test_the_catalogue_costs_one_query_however_many_courses(client, three, count_queries):
    page(client)
    few = len(count_queries)
    publish(*(course_draft(f"kursus-{n}") for n in range(20)))
    count_queries.clear()
    page(client)
    assert len(count_queries) == few == 1


def test_the_english_catalogue_is_english(client, three):
    client.set_cookie("bahasa", "en")
    assert "3 courses, 11 JP, ready to start today" in page(client)


def test_a_learner_sees_how_far_they_are(app, client, three, monkeypatch):
    monkeypatch.setattr(slots, "_standings", [lambda user_id: {1: Standing(0.4)}])
    assert "<progress" not in page(client)
    sign_in(client, make_user())
    shown = page(client)
    assert 'value="40' in shown
    assert "Anda ikuti" in shown
    assert "Ditugaskan" not in shown


def test_an_assigned_course_is_recognized_by_its_date(client, three, monkeypatch):
    monkeypatch.setattr(slots, "_standings", [lambda user_id: {1: Standing(0.0, date(2026, 12, 13))}])
    sign_in(client, make_user())
    shown = page(client)
    assert "Ditugaskan, tenggat 13 Des 2026" in shown
    assert "Anda ikuti" not in shown


# ---- pictures ----


@pytest.fixture
def picture(app):
    made = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(made, "PNG")
    made.seek(0)
    asset = store_asset(made, "x.png", "IMAGE", None)
    drain(app)
    return f"/kursus/layanan/gambar/{asset.id}"


def test_a_picture_is_for_those_who_may_read_the_lesson(app, client, picture, monkeypatch):
    alice, charlie = make_user("Alice"), make_user("Charlie")
    monkeypatch.setattr(delivery, "_readers", [lambda user, asset_id: user.id == alice.id])
    assert "/masuk" in client.get(picture).headers["Location"]
    sign_in(client, charlie)
    assert client.get(picture).status_code == 404
    sign_in(client, alice)
    answer = client.get(picture)
    assert answer.status_code == 302
    assert "Cookie" in answer.vary
    with client.get(answer.headers["Location"]) as bytes_of_it:
        assert bytes_of_it.mimetype == "image/webp"


def test_a_picture_that_is_not_there_is_not_found(client, app):
    sign_in(client, make_user())
    assert client.get("/kursus/layanan/gambar/999").status_code == 404
