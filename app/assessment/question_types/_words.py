"""How many words a careful reader has before them (docs/content-format.md, "Learning minutes")."""

from __future__ import annotations

import re

# Every pattern is bounded: an author's text must not be able to make the count slow.
_FENCED_CODE = re.compile(r"^(```+|~~~+)[^\n]*\n.*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`\n]{1,500}`")
_IMAGE = re.compile(r"!\[[^\]\n]{0,500}\]\([^)\n]{0,500}\)")
_LINK_TARGET = re.compile(r"\]\([^)\n]{0,500}\)")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}", re.IGNORECASE)
_HTML_TAG = re.compile(r"<[/!a-zA-Z][^<>]{0,1000}>")
_WORD = re.compile(r"[^\W_]+")


def count_words(text: str, format: str = "plain") -> int:
    """Runs of letters or digits; code, addresses and markup do not count. `format` is a text format such as "markdown"."""
    if format == "markdown":
        text = _INLINE_CODE.sub(" ", _FENCED_CODE.sub(" ", text))
        text = _LINK_TARGET.sub("] ", _IMAGE.sub(" ", text))
    if format == "html":
        text = _HTML_TAG.sub(" ", text)
    return sum(1 for _ in _WORD.finditer(_ADDRESS.sub(" ", text)))
