"""Languages by their BCP 47 tag, as captions are marked: `id`, `en`, `jv`, `zh-Hant`."""

from __future__ import annotations

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from flask_babel import get_locale
from flask_babel import gettext as _

from app.kernel.errors import Invalid

USUAL = ("id", "en", "ms", "jv", "su", "min", "bug", "ban", "ace", "mad", "bjn", "zh-Hans", "ar")
LONGEST = 35
_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{3}){0,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*(-x(-[a-z0-9]{1,8})+)?", re.IGNORECASE
)
_OLD = {"in": "id", "jw": "jv"}
_OWN_NAMES = {"id": "Bahasa Indonesia", "en": "English", "ms": "Bahasa Melayu", "jv": "Basa Jawa", "su": "Basa Sunda"}


def clean_tag(text: str) -> str:
    """The tag in its usual letters (`zh-hant` is `zh-Hant`). Raises Invalid."""
    text = text.strip()
    parts = text.replace("_", "-").split("-")
    first = _OLD.get(parts[0].lower(), parts[0].lower())
    if len(text) > LONGEST or not _TAG.fullmatch("-".join([first, *parts[1:]])) or (len(first) == 2 and first not in _english_names()):
        raise Invalid(fields={"language": _("Kode bahasa ini tidak dikenal. Contoh: id, en, jv, zh-Hans.")})
    shaped, private = [first], False
    for part in parts[1:]:
        private = private or part.lower() == "x"
        if len(part) == 4 and part.isalpha() and not private:
            shaped.append(part.title())
        elif len(part) == 2 and not private:
            shaped.append(part.upper())
        else:
            shaped.append(part.lower())
    return "-".join(shaped)


@lru_cache(maxsize=1)
def _english_names() -> frozenset[str]:
    return frozenset(Locale("en").languages)


def name_of(tag: str) -> str:
    """The language's name for the reader: `jv` is "Jawa" in Indonesian. The tag itself when nobody knows a name."""
    return _name(tag, str(get_locale() or "id"))


def own_name_of(tag: str) -> str:
    """The language's name as its speakers write it, which is what they look for in a player."""
    return _OWN_NAMES.get(tag) or _name(tag, tag.replace("-", "_"))


@lru_cache(maxsize=512)
def _name(tag: str, reader: str) -> str:
    first, *rest = tag.split("-")
    try:
        names = Locale.parse(reader)
    except (UnknownLocaleError, ValueError):
        names = Locale("id")
    known = names.languages.get(tag.replace("-", "_")) or names.languages.get(first)
    if known is None:
        return tag
    known = known[:1].upper() + known[1:]
    return f"{known} ({'-'.join(rest)})" if rest and names.languages.get(tag.replace("-", "_")) is None else known
