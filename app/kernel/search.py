"""Something to find: one table of titles and texts, searched with FTS5 on SQLite and tsvector on PostgreSQL.

A feature calls `index` in the transaction that changes its object, and `remove` when the object is gone. Both databases search the
same words: text is folded (lower case, no accents) and each Indonesian word stands beside its root, so "melaporkan" finds
"pelaporan". The root is found by rules alone, without a dictionary; it may be wrong, but it is wrong the same way on both sides.

`visibility` is a word chosen by the feature that indexes (`public`, `signed_in`, ...); whoever searches names those the reader may see.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint, bindparam, delete, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, db, insert_into, intpk, json_object, line, short

LONGEST_BODY = 40_000  # characters; a longer text is found by its beginning
BATCH_CHARACTERS = 60_000  # written in one transaction
MOST_WORDS = 10  # of a query; the rest is left out
LONGEST_WORD = 40
SNIPPET_CHARACTERS = 180
PUBLIC = "public"
SIGNED_IN = "signed_in"

STOP_WORDS = frozenset(
    [
        "yang",
        "dan",
        "di",
        "ke",
        "dari",
        "untuk",
        "pada",
        "dengan",
        "atau",
        "ini",
        "itu",
        "adalah",
        "oleh",
        "dalam",
        "para",
        "the",
        "of",
        "and",
        "to",
        "in",
        "for",
    ]
)


class SearchEntry(Base):
    """One thing that can be found. `locator` says where it is, such as {"path": "/kursus/pelayanan-publik-prima"}.

    An object that is found piece by piece, as a video by what is said in it, has several parts.
    """

    __tablename__ = "search_entry"
    __table_args__ = (UniqueConstraint("kind", "object_id", "part"),)

    id: Mapped[intpk]
    kind: Mapped[short]
    object_id: Mapped[int]
    part: Mapped[int] = mapped_column(default=0, server_default="0")
    title: Mapped[line]
    body: Mapped[str] = mapped_column(Text)
    title_terms: Mapped[str] = mapped_column(Text)
    body_terms: Mapped[str] = mapped_column(Text)
    locator: Mapped[json_object]
    visibility: Mapped[str] = mapped_column(String(80))


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feature asks to be findable."""

    kind: str
    object_id: int
    title: str
    body: str
    locator: dict[str, Any]
    visibility: str = SIGNED_IN
    part: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a snippet; `match` marks the words that were looked for. It is text, never HTML."""

    text: str
    match: bool


@dataclass(frozen=True, slots=True)
class Hit:
    kind: str
    object_id: int
    title: list[Segment]
    snippet: list[Segment]
    at: int  # where in the text the first word that was looked for stands
    locator: dict[str, Any] = field(default_factory=dict)


# ---- words ----


def fold(word: str) -> str:
    """Lower case and without accents, as both sides of the search see a word."""
    plain = unicodedata.normalize("NFKD", word.lower())
    return "".join(c for c in plain if not unicodedata.combining(c))


_WORD = re.compile(r"[^\W_]+")
_PARTICLE = re.compile(r"(?:lah|kah|tah|pun)$")
_POSSESSIVE = re.compile(r"(?:nya|ku|mu)$")
_SUFFIX = re.compile(r"(?:kan|an|i)$")
# The longest prefix first. After a nasal the root's first letter may have been swallowed: menulis is meN + tulis.
_PREFIXES: tuple[tuple[str, str], ...] = (
    ("memper", ""), ("diper", ""), ("keber", ""), ("menge", ""), ("penge", ""),
    ("meny", "s"), ("peny", "s"), ("meng", ""), ("peng", ""), ("mem", ""), ("pem", ""), ("men", ""), ("pen", ""),
    ("ber", ""), ("ter", ""), ("per", ""), ("pel", "l"), ("me", ""), ("pe", ""), ("di", ""), ("ke", ""), ("se", ""),
)  # fmt: skip
_SWALLOWED = {"mem": "p", "pem": "p", "men": "t", "pen": "t", "meng": "k", "peng": "k"}
_VOWELS = "aeiou"


def roots_of(word: str) -> tuple[str, ...]:
    """The likely roots of a folded Indonesian word, each at least four letters long; none when the word is its own root.

    There are two when a nasal prefix stands before a vowel: "mengambil" is meN + ambil, "mengirim" is meN + kirim.
    """
    if len(word) < 6 or not word.isalpha():
        return ()
    stem = word
    for ending in (_PARTICLE, _POSSESSIVE, _SUFFIX):
        shorter = ending.sub("", stem)
        if len(shorter) >= 4:
            stem = shorter
    for prefix, restored in _PREFIXES:
        if stem.startswith(prefix):
            rest = stem[len(prefix) :]
            roots = [restored + rest]
            if rest[:1] in _VOWELS and prefix in _SWALLOWED:
                roots.append(_SWALLOWED[prefix] + rest)
            roots = [root for root in roots if len(root) >= 4 and any(c in _VOWELS for c in root)]
            if roots:
                return tuple(roots)
    return (stem,) if stem != word else ()


def _terms(words: Iterable[str]) -> str:
    """A text as the index keeps it: every word folded, followed by its root where that differs."""
    return " ".join(map(_with_root, words))


@lru_cache(maxsize=20_000)
def _with_root(word: str) -> str:
    folded = fold(word)[:LONGEST_WORD]
    return " ".join([folded, *roots_of(folded)])


# ---- writing ----


def index(kind: str, object_id: int, title: str, body: str, locator: dict[str, Any], visibility: str = SIGNED_IN) -> None:
    """Make an object findable, or renew what is known of it. Inside the transaction that changes the object."""
    index_many([Entry(kind, object_id, title, body, locator, visibility)])


def index_many(entries: Sequence[Entry]) -> None:
    """Like `index`, for many objects with one statement."""
    write(prepare(entries))


def prepare(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The slow half of indexing long texts: done before the transaction whose `write` takes the result."""
    return [
        {
            "kind": entry.kind,
            "object_id": entry.object_id,
            "part": entry.part,
            "title": entry.title[:255],
            "body": entry.body[:LONGEST_BODY],
            "title_terms": _terms(_WORD.findall(entry.title)),
            "body_terms": _terms(_WORD.findall(entry.body[:LONGEST_BODY])),
            "locator": entry.locator,
            "visibility": entry.visibility,
        }
        for entry in entries
    ]


def in_batches(prepared: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Prepared objects in portions that one short transaction can take: about 15 ms each, however long the texts are together."""
    batch: list[dict[str, Any]] = []
    size = 0
    for entry in prepared:
        if batch and size + len(entry["body"]) > BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += len(entry["body"])
    if batch:
        yield batch


def write(prepared: Sequence[dict[str, Any]]) -> None:
    """Make prepared objects findable, in the caller's transaction."""
    if not prepared:
        return
    insert = insert_into(SearchEntry)
    changed = {name: insert.excluded[name] for name in prepared[0] if name not in ("kind", "object_id", "part")}
    db.session.execute(insert.on_conflict_do_update(index_elements=["kind", "object_id", "part"], set_=changed), list(prepared))


def remove(kind: str, object_ids: Collection[int]) -> None:
    """These objects are not found any more, with all their parts; unknown ones are fine."""
    if object_ids:
        db.session.execute(delete(SearchEntry).where(SearchEntry.kind == kind, SearchEntry.object_id.in_(object_ids)))


# ---- searching ----

_ON_SQLITE = """
SELECT e.kind, e.object_id, e.title, e.body, e.locator FROM search_index
JOIN search_entry e ON e.id = search_index.rowid
WHERE search_index MATCH :query AND e.visibility IN :visibilities {kinds}
ORDER BY bm25(search_index, 8.0, 1.0), e.id LIMIT :limit
"""
_ON_POSTGRESQL = """
SELECT e.kind, e.object_id, e.title, e.body, e.locator FROM search_entry e, to_tsquery('simple', :query) AS asked
WHERE e.terms @@ asked AND e.visibility IN :visibilities {kinds}
ORDER BY ts_rank('{{0.05, 0.2, 0.4, 1.0}}', e.terms, asked, 1) DESC, e.id LIMIT :limit
"""


def search(
    wanted: str,
    *,
    kinds: Collection[str] = (),
    besides: Collection[str] = (),
    visibilities: Collection[str] = (PUBLIC,),
    limit: int = 20,
    loosely: bool = True,
) -> list[Hit]:
    """What a person looks for, best first; all kinds when none is named, except those `besides`. Any text is a fair question: nothing
    found is an empty list. When nothing holds all words, what holds some of them is found, if `loosely`."""
    words = query_words(wanted)
    if not words or not visibilities:
        return []
    rows = _rows(words, " AND ", " & ", kinds, besides, visibilities, limit)
    if not rows and loosely and len(words) > 1:
        rows = _rows(words, " OR ", " | ", kinds, besides, visibilities, limit)
    pattern = _highlighter(words)
    return [
        Hit(row.kind, row.object_id, _segments(row.title, pattern), _snippet(row.body, pattern), _first(row.body, pattern), row.locator)
        for row in rows
    ]


def query_words(wanted: str) -> list[str]:
    """The words that count in a question, folded, each once."""
    words = list(dict.fromkeys(fold(w)[:LONGEST_WORD] for w in _WORD.findall(wanted[:400])))
    words = [w for w in words if _WORD.fullmatch(w)]
    return ([w for w in words if w not in STOP_WORDS] or words)[:MOST_WORDS]


def _rows(
    words: list[str], joined: str, joined_on_postgresql: str, kinds: Any, besides: Any, visibilities: Any, limit: int
) -> Sequence[Any]:
    on_postgresql = db.engine.dialect.name == "postgresql"
    asked = []
    for word in words:
        roots = roots_of(word)
        if on_postgresql:  # words are letters and digits only, so nothing here can be an operator
            asked.append("(" + " | ".join([f"'{word}':*", *(f"'{root}'" for root in roots)]) + ")")
        else:
            asked.append("(" + " OR ".join([f'"{word}"*', *(f'"{root}"' for root in roots)]) + ")")
    query = (joined_on_postgresql if on_postgresql else joined).join(asked)
    values: dict[str, Any] = {"query": query, "visibilities": list(visibilities), "limit": limit}
    parameters, narrowed = [bindparam("visibilities", expanding=True)], ""
    for name, given, condition in (("kinds", kinds, "AND e.kind IN :kinds"), ("besides", besides, "AND e.kind NOT IN :besides")):
        if given:
            values[name] = list(given)
            parameters.append(bindparam(name, expanding=True))
            narrowed += f" {condition}"
    statement = text((_ON_POSTGRESQL if on_postgresql else _ON_SQLITE).format(kinds=narrowed))
    columns = SearchEntry.__table__.c
    found = statement.bindparams(*parameters).columns(columns.kind, columns.object_id, columns.title, columns.body, columns.locator)
    return db.session.execute(found, values).all()


# ---- showing ----


def _highlighter(words: list[str]) -> re.Pattern[str]:
    """Matches whole words that begin with a word of the question, or contain its root between Indonesian prefixes and suffixes."""
    choices = []
    for word in words:
        choices.append(re.escape(word) + r"\w*")
        for root in roots_of(word) or ((word,) if len(word) >= 4 else ()):
            affixed = r"(?:[mp]e|di|ber|ter|per|ke|se)\w{0,5}?"
            tails = r"(?:kan|an|i)?(?:nya|ku|mu)?(?:lah|kah|pun)?"
            start = f"(?:{re.escape(root)}|(?<=[mngy]){re.escape(root[1:])})" if root[0] in "ptks" else re.escape(root)
            choices.append(f"(?:{affixed})?{start}{tails}")
    return re.compile(r"(?<!\w)(?:" + "|".join(choices) + r")(?!\w)", re.IGNORECASE)


def _segments(shown: str, pattern: re.Pattern[str]) -> list[Segment]:
    segments, end = [], 0
    for found in pattern.finditer(shown):
        if found.start() > end:
            segments.append(Segment(shown[end : found.start()], False))
        segments.append(Segment(found.group(), True))
        end = found.end()
    if end < len(shown):
        segments.append(Segment(shown[end:], False))
    return segments


def _first(body: str, pattern: re.Pattern[str]) -> int:
    found = pattern.search(body)
    return found.start() if found else 0


def _snippet(body: str, pattern: re.Pattern[str]) -> list[Segment]:
    """A passage around the first word that was looked for, cut between words."""
    first = _first(body, pattern)
    start = max(0, first - SNIPPET_CHARACTERS // 3)
    if start and (space := body.find(" ", start, first or None)) >= 0:
        start = space + 1
    end = min(len(body), start + SNIPPET_CHARACTERS)
    if end < len(body):
        end = max(body.rfind(" ", start, end), start + SNIPPET_CHARACTERS // 2)
    passage = body[start:end].strip()
    if not passage:
        return []
    return _segments(("… " if start else "") + passage + (" …" if end < len(body) else ""), pattern)
