"""What macros write down: escaping, names for readers of screens, refusals beside their field."""

import re
from datetime import date

import pytest
from flask import flash, render_template_string
from flask_babel import lazy_gettext

from app.ui.navigation import NavItem, register_bell, register_nav_item, register_search


@pytest.fixture
def draw(look):
    def draw(source: str, **values) -> str:
        look.config.update(PAGE=source, VALUES=values)
        return look.test_client().get("/").text

    return draw


def test_what_people_typed_is_escaped(draw):
    page = draw('{% from "components/field.html" import field %}{{ field("n", "Nama", value=v, error=v) }}', v='"><script>x</script>')
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_refused_field_points_to_its_reason_and_keeps_its_value(draw):
    page = draw('{% from "components/field.html" import field %}{{ field("nip", "NIP", value="1991", help="18 digit", error="Kurang 14 digit.") }}')
    assert 'value="1991"' in page
    assert 'aria-describedby="f-nip-help f-nip-error" aria-invalid="true"' in page
    assert 'id="f-nip-error"' in page


def test_a_password_is_never_written_back(draw):
    page = draw('{% from "components/field.html" import field %}{{ field("p", "Kata sandi", type="password", value="rahasia") }}')
    assert "rahasia" not in page


def test_a_textarea_keeps_leading_line_breaks(draw):
    assert ">\n\nsatu</textarea>" in draw('{% from "components/field.html" import textarea %}{{ textarea("t", "Teks", value="\nsatu") }}')


def test_a_choice_knows_groups_and_lazy_texts(draw):
    page = draw(
        '{% from "components/select.html" import select %}{{ select("s", "Pilih", o, value=2) }}',
        o=[(1, lazy_gettext("Masuk")), ("Kelompok", [(2, "Dua")])],
    )
    assert '<option value="1">Masuk</option>' in page
    assert '<optgroup label="Kelompok"><option value="2" selected>Dua</option></optgroup>' in page


def test_a_post_button_carries_its_token_and_hidden_values(draw):
    page = draw('{% from "components/button.html" import post_button %}{{ post_button("/x", "Daftar", values={"a": 1}, confirm="Yakin?") }}')
    assert 'name="csrf_token"' in page
    assert '<input type="hidden" name="a" value="1">' in page
    assert 'data-confirm="Yakin?"' in page


@pytest.mark.parametrize(
    ("page_number", "pages", "links"),
    [(1, 1, []), (1, 2, ["1", "2"]), (4, 7, ["1", "…", "3", "4", "5", "…", "7"]), (7, 7, ["1", "…", "6", "7"])],
)
def test_pages_of_a_list(draw, page_number, pages, links):
    page = draw('{% from "components/pagination.html" import pagination %}{{ pagination(p, n, "page", {"q": "a&b"}) }}', p=page_number, n=pages)
    assert [t for t in re.findall(r">([^<>]+)<", page) if t.strip()] == links
    if links:
        assert "q=a%26b" in page


def test_the_ring_says_in_words_what_it_draws(draw):
    page = draw('{% from "components/jp_ring.html" import jp_ring %}{{ jp_ring(12, 20, 17.92) }}')
    assert 'aria-label="12 dari 20 JP; laju merata hari ini 17,9 JP"' in page


@pytest.mark.parametrize(("value", "target", "words"), [(20, 20, "tercapai"), (31.5, 20, "dari 20 JP"), (5, 0, "tercapai")])
def test_the_ring_beyond_the_target(draw, value, target, words):
    assert words in draw('{% from "components/jp_ring.html" import jp_ring %}{{ jp_ring(v, t) }}', v=value, t=target).split("</text>")[1]


def test_the_year_as_steps_sums_only_this_year(draw):
    page = draw(
        '{% from "components/jp_chart.html" import jp_chart %}{{ jp_chart(e, 20, d) }}',
        e=[(date(2025, 5, 1), 9), (date(2026, 5, 1), 2.5)],
        d=date(2026, 6, 1),
    )
    assert "JP terkumpul tahun 2026: 2,5." in page


def test_what_was_watched_is_told_in_words(draw):
    page = draw('{% from "components/watched.html" import watched %}{{ watched(800, [(0, 212)], [(96, 140)]) }}{{ watched(800, []) }}')
    assert "Detik yang sudah ditonton: 0.00 sampai 3.32; 1 bagian diputar ulang" in page
    assert "Belum ada yang ditonton" in page


def test_missing_items_say_done_or_not_without_color(draw):
    page = draw(
        '{% from "components/missing_list.html" import missing_list %}{{ missing_list(items) }}',
        items=[{"done": True, "label": "Pre-test", "url": "/a"}, {"done": False, "label": "Post-test", "url": "/b", "reason": "Terbuka nanti."}],
    )
    assert 'aria-label="Sudah"' in page
    assert 'aria-label="Belum"' in page
    assert 'href="/b"' in page
    assert 'href="/a"' not in page


SIGNED_IN = '{% extends "layouts/app.html" %}{% block title %}Uji{% endblock %}{% block content %}<h1>Uji</h1>{% endblock %}'


def test_the_tab_bar_holds_at_most_five_and_the_fifth_opens_the_rest(look):
    for n in range(7):
        register_nav_item(look, NavItem("page", f"Jalan{n}", "home", order=n))
    register_nav_item(look, NavItem("leave", "Keluar", where="account", post=True))
    register_search(look, "page")
    register_bell(look, "page", lambda: 120)
    look.config["PAGE"] = SIGNED_IN
    page = look.test_client().get("/?as=learner").text
    bar = page.split('class="nav-tab"')[1].split("</nav>")[0]
    assert bar.split("Lainnya")[0].count("<li>") == 5
    assert "Jalan3" in bar.split("Lainnya")[0]
    assert "Jalan4" in bar.split("Lainnya")[1]
    assert 'data-n="99+"' in page
    assert "Pemberitahuan, 120 baru" in page
    assert '<form method="post" action="/keluar">' in page


def test_five_ways_need_no_more_menu(look):
    for n in range(5):
        register_nav_item(look, NavItem("page", f"Jalan{n}", "home", order=n))
    look.config["PAGE"] = SIGNED_IN
    assert "Lainnya" not in look.test_client().get("/?as=learner").text


def test_working_areas_stand_beside_pages_that_are_managed(look):
    register_nav_item(look, NavItem("people", "Pegawai", "users", where="manage"))
    look.config["PAGE"] = '{% extends "layouts/manage.html" %}{% block title %}Kelola{% endblock %}{% block content %}<h1>K</h1>{% endblock %}'
    page = look.test_client().get("/kelola/pegawai?as=unit_admin").text
    assert '<div class="with-subnav"><nav class="subnav" aria-label="Kelola"><a href="/kelola/pegawai" aria-current="page">' in page


def test_flashed_success_may_become_a_toast_and_errors_stay(look):
    look.config["PAGE"] = SIGNED_IN
    with look.test_request_context("/?as=learner"):
        look.preprocess_request()
        flash("Tersimpan.", "success")
        flash("Baris 14 <rusak>", "error")
        page = render_template_string(SIGNED_IN)
    assert page.index('data-flash="toast"') < page.index("Tersimpan.")
    assert "Baris 14 &lt;rusak&gt;" in page.split('data-flash="stay"')[1]
