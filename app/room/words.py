"""Words as a person reads them, whatever their case and accents: which are refused, and how alike two questions are. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

WORD = re.compile(r"[^\W_]+")
# Words that say little about what is asked, in Indonesian and in the English that people mix in.
EMPTY = frozenset(
    ["ada", "adakah", "agar", "akan", "anda", "apa", "apakah", "atau", "bagaimana", "bagi", "bahwa", "bapak", "berapa", "bila", "bisa", "bisakah", "boleh", "bolehkah", "bu", "cara", "dalam", "dan", "dapat", "dapatkah", "dari", "dengan", "di", "gimana", "harus", "harusnya", "hal", "ibu", "ini", "itu", "izin", "jadi", "jika", "juga", "kah", "kalau", "kami", "kapan", "karena", "ke", "kenapa", "kepada", "kita", "lah", "lalu", "mana", "maka", "masih", "mau", "mengapa", "menjadi", "mohon", "narasumber", "nya", "oleh", "pada", "pak", "pertanyaan", "perlu", "perlukah", "pun", "saat", "saja", "saya", "sebagai", "sebaiknya", "secara", "sedang", "selamat", "pagi", "siang", "seperti", "siapa", "sudah", "tanya", "tapi", "tentang", "terima", "kasih", "terhadap", "tersebut", "tetapi", "untuk", "yaitu", "yang", "the", "of", "to", "and", "is", "are", "how", "what", "when"]
)
PREFIXES = ("memper", "menge", "meny", "meng", "mem", "men", "me", "peng", "peny", "pem", "pen", "per", "pe", "ber", "ter", "di", "se", "ke")
ENDINGS = ("kannya", "annya", "kan", "lah", "kah", "nya", "an", "i")
SHORTEST_STEM = 4
SHORTEST_NEAR = 5
ALIKE = 0.5
MOST_WORDS = 30  # of a question are compared
MOST_LOOKS = 20_000  # at two words, for one question


def folded(text: str) -> str:
    """Without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def refused_in(text: str, refused: Iterable[str]) -> list[str]:
    """Which of the refused words or phrases stand in a text, as whole words."""
    line = f" {' '.join(WORD.findall(folded(text)))} "
    sayings = ((word, " ".join(WORD.findall(folded(word)))) for word in refused)
    return [word for word, saying in sayings if saying and f" {saying} " in line]


def stem(word: str) -> str:
    """What is left of a word without its first prefix and its endings: enough to find that two words are kin, not to know their root."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            word = word[: -len(ending)]
            break
    for prefix in PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= SHORTEST_STEM:
            return word[len(prefix) :]
    return word


def gist(text: str) -> frozenset[str]:
    """The stems of the first words that carry a question."""
    words = WORD.findall(folded(text))
    telling = dict.fromkeys(stem(word) for word in words if word not in EMPTY and len(word) > 1)
    return frozenset(list(telling or dict.fromkeys(words))[:MOST_WORDS])


class Patience:
    """How many pairs of words may still be looked at closely; after that, only words that are the same count."""

    def __init__(self, looks: int = MOST_LOOKS):
        self.left = looks

    def looks(self) -> bool:
        self.left -= 1
        return self.left >= 0


def likeness(one: frozenset[str], other: frozenset[str], patience: Patience | None = None) -> float:
    """From 0 (nothing in common) to 1 (the same gist); words that differ by a letter or two count as nearly the same."""
    if not one or not other:
        return 0.0
    smaller, larger = sorted((one, other), key=len)
    shared, patience = smaller & larger, patience or Patience()
    near = sum(0.8 for word in smaller - shared if _has_near(word, larger, shared, patience))
    return 2 * (len(shared) + near) / (len(one) + len(other))


def _has_near(word: str, words: frozenset[str], shared: frozenset[str], patience: Patience) -> bool:
    if patience.left <= 0:
        return False
    candidates = _long_words(words).get(word[0], ())
    return any(another not in shared and patience.looks() and _are_near(word, another) for another in candidates)


@lru_cache(maxsize=2000)
def _long_words(words: frozenset[str]) -> dict[str, list[str]]:
    """The long ones, by their first letter."""
    found: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if len(word) >= SHORTEST_NEAR:
            found[word[0]].append(word)
    return dict(found)


def _are_near(one: str, other: str) -> bool:
    """A slip of the finger in a long word, or the same beginning of two long words."""
    if min(len(one), len(other)) < SHORTEST_NEAR or one[0] != other[0] or abs(len(one) - len(other)) > 2:
        return False
    pairs_of_one, pairs_of_other = _pairs(one), _pairs(other)
    return 2 * len(pairs_of_one & pairs_of_other) / (len(pairs_of_one) + len(pairs_of_other)) >= 0.7


@lru_cache(maxsize=20_000)
def _pairs(word: str) -> frozenset[str]:
    """Its letters two by two."""
    return frozenset(word[at : at + 2] for at in range(len(word) - 1))


def find_alike(wanted: frozenset[str], others: Iterable[tuple[int, frozenset[str]]], patience: Patience | None = None) -> list[tuple[float, int]]:
    """How alike and which number, of those that ask nearly the same, the most alike first."""
    patience = patience or Patience()
    found = ((likeness(wanted, other, patience), number) for number, other in others)
    return in_order((measure, number) for measure, number in found if measure >= ALIKE)


def in_order(found: Iterable[tuple[float, int]]) -> list[tuple[float, int]]:
    return sorted(found, key=lambda pair: (-pair[0], pair[1]))
