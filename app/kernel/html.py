"""The one place where text becomes HTML, and the one list of what HTML may contain.

bleach holds the list (it is the project's requirement, and gets no more releases); nh3 enforces the same list after it. Authors write
Markdown without raw HTML, so what passes here twice was made by us, from their text.
"""

from __future__ import annotations

from html.parser import HTMLParser

import bleach
import nh3

ATTRIBUTES: dict[str, list[str]] = {
    "a": ["href", "title"],
    "img": ["src", "alt", "width", "height", "loading"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
    "ol": ["start"],
    "aside": ["class"],
    "section": ["class"],
    "details": ["class"],
    "summary": ["class"],
    "div": ["class", "role", "tabindex", "aria-label"],  # a wide table scrolls by itself and is reached by keyboard
    "h2": ["id"],
    "h3": ["id"],
    "h4": ["id"],
    "code": ["class"],
}
TAGS = frozenset(
    ["a", "abbr", "aside", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "em", "figcaption", "figure", "h2", "h3", "h4", "h5", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "section", "small", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul"]
)
SCHEMES = frozenset({"https", "mailto"})

_cleaner_of_bleach = bleach.Cleaner(tags=TAGS, attributes=ATTRIBUTES, protocols=SCHEMES | {"http"}, strip=True, strip_comments=True)


def sanitize_html(markup: str) -> str:
    """Only the allowed tags, attributes and address schemes are left; everything else is gone, text stays."""
    return nh3.clean(
        _cleaner_of_bleach.clean(markup),
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


class _TextOnly(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _INSIDE_WORDS:
            self.parts.append(" ")


_INSIDE_WORDS = frozenset(["a", "abbr", "b", "code", "del", "em", "i", "ins", "kbd", "s", "small", "strong", "sub", "sup", "u"])


def plain_text(markup: str) -> str:
    """The words of clean HTML on one line, for searching and previews."""
    reader = _TextOnly()
    reader.feed(markup)
    reader.close()
    return " ".join("".join(reader.parts).split())
