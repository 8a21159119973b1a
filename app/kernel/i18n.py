"""Indonesian first, English second. The source text is Indonesian; each feature keeps its English beside its code."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations
from flask import Flask, g, has_app_context, request
from flask_babel import Babel, Domain, get_locale, get_translations, gettext
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError

from app.kernel import templates

LOCALES = ("id", "en")
LOCALE_COOKIE = "bahasa"


def choose_locale() -> str:
    """The cookie of the switch decides, then the person's stored choice, then Indonesian."""
    if not request:
        return LOCALES[0]
    chosen = request.cookies.get(LOCALE_COOKIE)
    if chosen in LOCALES:
        return chosen
    try:  # a view that identifies itself has left the person's choice in `g`
        stored = g.stored_locale if "stored_locale" in g else getattr(current_user, "locale", None) if current_user else None
    except SQLAlchemyError:  # the page that says the database is away must still be said in some language
        stored = None
    return stored if stored in LOCALES else LOCALES[0]


class _Texts(Domain):
    """Flask-Babel's texts with each language's catalogue at hand: a page asks for dozens of texts, and the languages are two."""

    def __init__(self) -> None:
        super().__init__()
        self._by_language: dict[str, Translations | NullTranslations] = {}

    def get_translations(self) -> Translations | NullTranslations:
        if not has_app_context():
            return NullTranslations()
        language = current_language()
        found = self._by_language.get(language)
        if found is None:
            found = self._by_language[language] = super().get_translations()
        return found


def current_language() -> str:
    """`id` or `en`: the language of this request, or the one that was forced for a letter."""
    try:  # where Flask-Babel keeps it; asked for each text, so without its way through four proxies
        return g._get_current_object()._flask_babel.babel_locale.language  # type: ignore[attr-defined]
    except (AttributeError, RuntimeError):
        locale = get_locale()
        return locale.language if locale else LOCALES[0]


@lru_cache(maxsize=4096)
def _marked(language: str, text: str) -> Markup:
    return Markup(gettext(text))  # noqa: S704  (texts are ours; what is put into them is escaped)


@lru_cache(maxsize=4096)
def _finished(language: str, text: str) -> Markup:
    return _marked(language, text) % {}


def _in_template(text: str, /, **variables: Any) -> Markup:
    """`_` of templates: what is put into a text is escaped, as everywhere in a page."""
    return _marked(current_language(), text) % variables if variables else _finished(current_language(), text)


def _in_template_by_number(singular: str, plural: str, num: int, /, **variables: Any) -> Markup:
    return Markup(get_translations().ungettext(singular, plural, num)) % ({"num": num} | variables)  # noqa: S704


def init_app(app: Flask) -> None:
    templates.prepare(app)
    folders = sorted(str(p) for p in Path(app.root_path).glob("*/translations"))
    app.config.update(BABEL_DEFAULT_LOCALE="id", BABEL_TRANSLATION_DIRECTORIES=";".join(folders), BABEL_DEFAULT_TIMEZONE=app.config["GURINDAM"].timezone)
    babel = Babel(app, locale_selector=choose_locale)
    babel.domain_instance = _Texts()  # type: ignore[method-assign]
    templates.speak(app, current_language, lambda text: _marked(current_language(), text), _in_template)
    app.jinja_env.globals["ngettext"] = _in_template_by_number
