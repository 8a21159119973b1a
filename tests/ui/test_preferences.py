"""Theme and language hold without an account and without a script."""

import re

import pytest

PAGE = '{% extends "layouts/public.html" %}{% block title %}Depan{% endblock %}{% block content %}<h1>Halo</h1>{% endblock %}'


UNTOUCHED = '<html lang="id" data-zone="Asia/Jakarta">'


@pytest.fixture
def visitor(look):
    look.config["PAGE"] = PAGE
    return look.test_client()


def html_of(visitor) -> str:
    return re.search(r"<html[^>]*>", visitor.get("/").text)[0]


def test_the_system_decides_until_somebody_chooses(visitor):
    assert "data-theme=" not in visitor.get("/").text.split(">")[1]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_stays(visitor, theme):
    answer = visitor.post("/tampilan", data={"theme": theme, "next": "/kursus?p=2"})
    assert (answer.status_code, answer.location) == (303, "/kursus?p=2")
    assert html_of(visitor) == f'<html lang="id" data-theme="{theme}" data-zone="Asia/Jakarta">'


def test_following_the_device_again_forgets_the_choice(visitor):
    visitor.post("/tampilan", data={"theme": "dark"})
    visitor.post("/tampilan", data={"theme": "auto"})
    assert html_of(visitor) == UNTOUCHED


def test_the_language_switch_speaks_english(visitor):
    visitor.post("/tampilan", data={"lang": "en"})
    page = visitor.get("/").text
    assert html_of(visitor) == UNTOUCHED.replace("id", "en", 1)
    assert "Skip to content" in page


@pytest.mark.parametrize("form", [{}, {"theme": "pink"}, {"lang": "fr"}, {"theme": "dark", "lang": "../x"}])
def test_other_values_are_refused(visitor, form):
    answer = visitor.post("/tampilan", data=form)
    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("target", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "javascript:x", "", "/a\r\nb"])
def test_it_never_leads_to_another_site(visitor, target):
    assert visitor.post("/tampilan", data={"theme": "dark", "next": target}).location == "/"


def test_a_forged_cookie_changes_nothing(visitor):
    visitor.set_cookie("theme", '"><script>')
    visitor.set_cookie("bahasa", "xx")
    assert html_of(visitor) == UNTOUCHED
