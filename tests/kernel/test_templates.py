"""Templates are compiled for each language; what is the same in every request of it is worked out once, and means the same as before."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader
from markupsafe import Markup
from werkzeug.routing import BuildError

from app.kernel import templates

pytestmark = pytest.mark.unit
ENGLISH = {"Cari": "Search", "Halo, %(name)s & kawan": "Hello, %(name)s & friends", "%(n)d dari %(all)s, %(n)d %%": "%(n)d of %(all)s, %(n)d %%"}


class Pages:
    """A small application whose language a test chooses."""

    def __init__(self) -> None:
        self.language, self.asked = "id", []
        self.app = Flask("small")
        templates.prepare(self.app)
        templates.speak(self.app, lambda: self.language, self.text, lambda text, /, **values: Markup(self.text(text)) % values)
        templates.fold(self.app, sign=self.sign)
        templates.fold_import(self.app, "icon.html", "icon", self.sign)
        templates.fold_object(self.app, "site", type("Site", (), {"name": "Kita & Kami", "parts": ["a"]}))

    def text(self, text: str) -> str:
        return ENGLISH[text] if self.language == "en" and text in ENGLISH else text

    def sign(self, name: str, css_class: str = "") -> Markup:
        self.asked.append(name)
        return Markup('<i class="{}">{}</i>').format(css_class, name)

    def draw(self, source: str, **values: Any) -> str:
        self.app.jinja_env.loader = DictLoader({"page.html": source, "icon.html": "{% set icon = sign %}"})
        return self.app.jinja_env.get_template("page.html").render(**values)


@pytest.fixture
def pages() -> Pages:
    return Pages()


def test_a_template_speaks_the_language_of_each_request(pages):
    pages.app.jinja_env.loader = DictLoader({"page.html": "{{ _('Cari') }} {% include 'part.html' %}", "part.html": "{{ _('Cari') }}"})
    page = "page.html"
    assert pages.app.jinja_env.get_template(page).render() == "Cari Cari"
    pages.language = "en"
    assert pages.app.jinja_env.get_template(page).render() == "Search Search"
    pages.language = "id"
    assert pages.app.jinja_env.get_template(page).render() == "Cari Cari"


def test_what_is_put_into_a_text_is_escaped_and_the_text_is_not(pages):
    source = "{{ _('Halo, %(name)s & kawan', name=who) }}"
    assert pages.draw(source, who="<b>") == "Halo, &lt;b&gt; & kawan"
    assert Pages().draw("{% set t = _('Halo, %(name)s & kawan', name=who) %}{{ t }}", who="<b>") == "Halo, &lt;b&gt; & kawan"
    assert Pages().draw(source, who=Markup("<b>x</b>")) == "Halo, <b>x</b> & kawan"
    assert Pages().draw(source, who=None) == "Halo, None & kawan"


def test_numbers_and_percent_signs_in_texts(pages):
    source = "{{ _('%(n)d dari %(all)s, %(n)d %%', n=n, all=all) }}"
    assert pages.draw(source, n=2.0, all="<3>") == "2 dari &lt;3&gt;, 2 %"
    english = Pages()
    english.language = "en"
    assert english.draw(source, n=2, all=3) == "2 of 3, 2 %"


@pytest.mark.parametrize("text", ["%(other)s", "%(n)5.1f"])
def test_a_text_whose_places_do_not_fit_fails_as_before(pages, text):
    with pytest.raises((KeyError, TypeError, ValueError)):
        assert pages.draw("{{ _('" + text + "', n='x') }}") == ""


def test_a_value_too_many_is_left_out(pages):
    assert pages.draw("{{ _('Cari', n=1) }}") == "Cari"


def test_joined_markup_is_escaped_once(pages):
    assert pages.draw("{{ sign('a') ~ ' & ' ~ 'b' }}") == '<i class="">a</i> &amp; b'
    assert Pages().draw("{{ sign('a') ~ ' & ' ~ x }}", x="<") == '<i class="">a</i> &amp; &lt;'
    assert Pages().draw("{% set t = sign('a') ~ ' & ' %}{{ t }}") == '<i class="">a</i> &amp; '


def test_a_condition_without_else_draws_nothing(pages):
    assert pages.draw("<{{ ' b' if x }}{{ _('Cari') if y }}>", x=True, y=False) == "< b>"
    assert Pages().draw("{% set t = 'b' if x %}{{ t is defined }}", x=False) == "False"


def test_constant_calls_are_made_once_and_others_each_time(pages):
    pages.app.jinja_env.loader = DictLoader({"page.html": "{{ sign('a') }}{{ sign(x) }}{{ sign('b', css_class='c') }}"})
    template = pages.app.jinja_env.get_template("page.html")
    for _round in range(3):
        assert template.render(x="x") == '<i class="">a</i><i class="">x</i><i class="c">b</i>'
    assert pages.asked == ["a", "b", "x", "x", "x"]


def test_imported_names_are_known_by_where_they_come_from(pages):
    assert pages.draw("{% from 'icon.html' import icon %}{{ icon('a') }}") == '<i class="">a</i>'
    assert pages.asked == ["a"]
    assert Pages().draw("{% from 'icon.html' import icon as mark %}{{ mark('a') }}") == '<i class="">a</i>'


@pytest.mark.parametrize(
    "source",
    [
        "{% macro sign(x) %}own{% endmacro %}{{ sign('a') }}",
        "{% set sign = own %}{{ sign('a') }}",
        "{% macro m(sign) %}{{ sign('a') }}{% endmacro %}{{ m(own) }}",
        "{% for sign in [own] %}{{ sign('a') }}{% endfor %}",
    ],
)
def test_a_name_with_a_meaning_of_its_own_keeps_it(pages, source):
    assert pages.draw(source, own=lambda _name: "own") == "own"
    assert pages.asked == []


def test_attributes_of_a_fixed_object(pages):
    assert pages.draw("{{ site.name }}{{ site.parts[0] }}") == "Kita &amp; Kamia"
    assert Pages().draw("{% set site = own %}{{ site.name }}", own={"name": "x"}) == "x"


def test_a_template_that_is_not_html_is_left_alone(pages):
    pages.app.jinja_env.loader = DictLoader({"letter.txt": "{{ _('Cari') }} {{ x }}"})
    assert pages.app.jinja_env.get_template("letter.txt").render(x="<") == "Cari <"


def test_templates_asked_for_too_early_are_refused():
    app = Flask("early")
    assert app.jinja_env
    with pytest.raises(TypeError):
        templates.fold(app, x=str)


def test_addresses_are_those_of_flask():
    app = Flask("addresses")
    templates.prepare(app)
    templates.keep_addresses(app)
    app.add_url_rule("/orang/<int:n>", "person", lambda n: "")
    app.add_url_rule("/cari", "search", lambda: "")
    url_for = app.jinja_env.globals["url_for"]
    asked: list[tuple[str, dict[str, Any]]] = [
        ("person", {"n": 1}),
        ("person", {"n": 1, "_anchor": "x"}),
        ("search", {"q": "a & b", "sort": "id"}),
        ("search", {"q": ["a", "b"]}),
        ("search", {"q": None, "on": True}),
        ("search", {"on": 1}),
        ("search", {"_external": True}),
    ]
    for root in ("", "/gurindam"):
        with app.test_request_context("/cari", environ_overrides={"SCRIPT_NAME": root}):
            for endpoint, values in asked * 2:
                assert url_for(endpoint, **values) == app.url_for(endpoint, **values)
            with pytest.raises(BuildError):
                url_for("nowhere")
