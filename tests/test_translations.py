"""Every text that people read is in a catalogue, in English too; nothing is said outside one.

Python and templates are read as Babel reads them. A text belongs to the catalogue of its feature; a text that several features say may stand
in any of them, because the product looks through all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

APP = Path(__file__).resolve().parents[1] / "app"
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}  # fmt: skip
FEATURES = sorted(folder.name for folder in APP.iterdir() if (folder / "__init__.py").exists())
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[#0\- +]*\d*(?:\.\d+)?([a-zA-Z%])")

# Said as it is in every language: the brand, units, and marks that are no words.
UNTRANSLATED = {"JP", "NIP", "PNS", "CPNS", "PPPK", "ASN", "PDF", "CSV", "XLSX", "TOTP", "MP", "Gurindam"}
SAYING = ("alt", "aria-label", "placeholder", "title", "aria-description", "aria-roledescription")


@cache
def texts_of(feature: str) -> dict[str | tuple[str, ...], str]:
    """The msgids of a feature, each with the place where it is first said."""
    found: dict[str | tuple[str, ...], str] = {}
    for path in sorted((APP / feature).rglob("*")):
        method = {".py": "python", ".html": "jinja2.ext:babel_extract", ".txt": "jinja2.ext:babel_extract"}.get(path.suffix)
        if method is None or "node_modules" in path.parts or (path.suffix == ".txt" and "templates" not in path.parts):
            continue
        for line, text, _comments, _context in extract_from_file(method, str(path), keywords=KEYWORDS, options={"silent": "false", "trimmed": "true"}):
            for msgid in [text] if isinstance(text, str | tuple) else text:
                key = tuple(part for part in msgid if part) if isinstance(msgid, tuple) else msgid
                if key:
                    found.setdefault(key, f"{path.relative_to(APP)}:{line}")
    return found


@cache
def catalogue_of(feature: str) -> Catalog:
    path = APP / feature / "translations" / "en" / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return Catalog(locale="en")
    with path.open("rb") as source:
        return read_po(source, locale="en", abort_invalid=True)


@cache
def english() -> dict[str, Message]:
    """Every translated text of the product, by its (first) msgid; fuzzy ones do not count."""
    known: dict[str, Message] = {}
    for feature in FEATURES:
        for message in catalogue_of(feature):
            if message.id and not message.fuzzy and all(message.string if isinstance(message.string, tuple) else [message.string]):
                known.setdefault(message.id[0] if isinstance(message.id, tuple) else message.id, message)
    return known


def placeholders(text: str) -> set[str]:
    """The named placeholders of a text with their kind; `%%` is only a sign."""
    return {f"{name or ''}:{kind}" for name, kind in PLACEHOLDER.findall(text) if kind != "%"}


def first_of(msgid: str | tuple[str, ...]) -> str:
    return msgid[0] if isinstance(msgid, tuple) else msgid


@pytest.mark.parametrize("feature", FEATURES)
def test_every_text_is_also_in_english(feature: str) -> None:
    missing = [f"{place}  {first_of(msgid)!r}" for msgid, place in texts_of(feature).items() if first_of(msgid) not in english()]
    assert not missing, f"{len(missing)} texts of {feature} without English:\n" + "\n".join(missing)


@pytest.mark.parametrize("feature", FEATURES)
def test_a_text_with_two_forms_has_both_in_english(feature: str) -> None:
    flat = [
        f"{place}  {first_of(msgid)!r}"
        for msgid, place in texts_of(feature).items()
        if isinstance(msgid, tuple) and len(msgid) == 2 and (known := english().get(msgid[0])) is not None and not isinstance(known.string, tuple)
    ]
    assert not flat, "said with a number, without a plural in the catalogue:\n" + "\n".join(flat)


@pytest.mark.parametrize("feature", FEATURES)
def test_english_keeps_the_placeholders(feature: str) -> None:
    wrong = []
    for message in catalogue_of(feature):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = set.union(*(placeholders(text) for text in ids))
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for number, string in enumerate(strings):
            said = placeholders(string)
            # "one day left" may leave its number out.
            if said != wanted and not (len(strings) > 1 and number == 0 and said <= wanted <= said | {"num:d"}):
                wrong.append(f"line {message.lineno}: {ids[0]!r} -> {string!r}")
    assert not wrong, "\n".join(wrong)


def test_one_text_has_one_english() -> None:
    said = defaultdict(set)
    for feature in FEATURES:
        for message in catalogue_of(feature):
            if message.id:
                said[first_of(message.id)].add(message.string if isinstance(message.string, str) else tuple(message.string))
    different = {text: strings for text, strings in said.items() if len(strings) > 1}
    assert not different, "\n".join(f"{text!r}: {sorted(map(str, strings))}" for text, strings in different.items())


@pytest.mark.parametrize("feature", FEATURES)
def test_catalogues_hold_nothing_that_is_not_said(feature: str) -> None:
    everywhere = {first_of(msgid) for name in FEATURES for msgid in texts_of(name)}
    unused = [f"line {m.lineno}: {first_of(m.id)!r}" for m in catalogue_of(feature) if m.id and first_of(m.id) not in everywhere]
    assert not unused, "no longer said anywhere:\n" + "\n".join(unused)


# ---- nothing said outside a catalogue ----

JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
# Names of classes and bits of tags that a template puts together are not said to anybody.
CLASS_NAMES = re.compile(r"\{%-? *(?:block \w*class\b|macro _class\().*?\{%-? *end(?:block|macro)\b.*?%\}", re.DOTALL)
LOOSE_ATTRIBUTE = re.compile(r'[\w-]+="[^"<>]*"')
WORD = re.compile(r"[^\W\d_]{2,}")


class _Words(HTMLParser):
    """The words that stand bare in a template: text between tags, and attributes that people hear or see."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self.silent = 0

    def note(self, text: str) -> None:
        words = [word for word in WORD.findall(text) if word not in UNTRANSLATED]
        if words:
            self.found.append((self.getpos()[0], " ".join(text.split())))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "svg"):
            self.silent += 1
        for name, value in attrs:
            if name in SAYING and value:
                self.note(value)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "svg") and self.silent:
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.note(LOOSE_ATTRIBUTE.sub(lambda part: part.group() if part.group().split("=")[0] in SAYING else " ", data))


def bare_words(template: str) -> list[tuple[int, str]]:
    """Jinja's parts are blanked out, so that only what stands in the template itself is read."""
    for part in (CLASS_NAMES, JINJA):
        template = part.sub(lambda found: "\n" * found.group().count("\n"), template)
    reader = _Words()
    reader.feed(template)
    reader.close()
    return reader.found


def test_the_reader_of_templates_sees_bare_words() -> None:
    assert bare_words('<p>{{ _("Halo") }} JP</p>') == []
    assert bare_words('<p>Halo {{ name }}</p>') == [(1, "Halo")]
    assert bare_words('<a\naria-label="Tutup" class="btn">{# catatan #}</a>') == [(1, "Tutup")]
    assert bare_words("{% if a %}<b>{{ b }}</b>{% endif %}") == []


@pytest.mark.parametrize("feature", FEATURES)
def test_templates_say_nothing_outside_a_catalogue(feature: str) -> None:
    bare = [
        f"{path.relative_to(APP)}:{line}  {text!r}"
        for path in sorted((APP / feature).glob("templates/**/*.html"))
        if "gallery" not in path.name  # shown in development only
        for line, text in bare_words(path.read_text(encoding="utf-8"))
    ]
    assert not bare, "\n".join(bare)
