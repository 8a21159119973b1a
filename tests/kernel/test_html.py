"""What may be HTML: one list, kept by two engines, each of which alone would hold it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel import html
from app.kernel.html import ATTRIBUTES, SCHEMES, TAGS, plain_text, sanitize_html

VECTORS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//x.example></sCrIpT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href=' &#106;avascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java&#10;script:alert(1)'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='https://contoh.go.id' onclick='alert(1)' style='color:red' target='_blank'>x</a>",
    "<iframe src='https://x.example'></iframe>",
    "<object data='x'></object><embed src='x'>",
    "<form action='https://x.example'><input name=password><button>Masuk</button></form>",
    "<meta http-equiv=refresh content='0;url=https://x.example'>",
    "<base href='https://x.example/'>",
    "<link rel=stylesheet href='https://x.example/x.css'>",
    "<style>body{background:url(javascript:alert(1))}</style>",
    "<div style='position:fixed;inset:0'>x</div>",
    "<p id='csrf_token' name='csrf_token'>x</p>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video src=x onerror=alert(1)><audio src=x onerror=alert(1)>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<template><script>alert(1)</script></template>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<p title=\"x' onmouseover='alert(1)\">x</p>",
    "<a href='//x.example'>x</a><img src='https://x.example/pixel.gif'>",
    "\x00<script\x00>alert(1)</script>",
    "<<script>alert(1)//<</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]


HARMLESS = ("title", "lang")  # nh3 alone would leave these on every tag; bleach does not


class Reader(HTMLParser):
    """What a browser would find in the markup."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, ()) and (tag, name) != ("a", "rel") and name not in HARMLESS:
                self.faults.append(f"{tag} {name}")
            scheme = re.match(r"[\s\x00-\x20]*([a-zA-Z][\w+.\-]*):", value or "") if name in ("href", "src") else None
            if scheme and scheme.group(1).lower() not in SCHEMES | {"http"}:
                self.faults.append(f"{name}={value}")


def faults_in(markup: str) -> list[str]:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader.faults


def by_bleach(markup: str) -> str:
    return html._cleaner_of_bleach.clean(markup)


def by_nh3(markup: str) -> str:
    return nh3.clean(markup, tags=set(TAGS), attributes={t: set(n) for t, n in ATTRIBUTES.items()}, url_schemes=set(SCHEMES), link_rel="noopener noreferrer")


@pytest.mark.parametrize("clean", [by_bleach, by_nh3, sanitize_html], ids=["bleach", "nh3", "both"])
@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_active_gets_through(clean: object, vector: str) -> None:
    assert faults_in(clean(vector)) == []  # type: ignore[operator]


@given(st.text(alphabet="<>/\"'=:;&#x scriptonerhfjava\n\t!-", max_size=80))
def test_nothing_active_gets_through_whatever_is_written(markup: str) -> None:
    assert faults_in(sanitize_html(markup)) == []


@pytest.mark.parametrize("vector", VECTORS)
def test_cleaning_twice_changes_nothing(vector: str) -> None:
    assert sanitize_html(sanitize_html(vector)) == sanitize_html(vector)


@pytest.mark.parametrize(
    "kept",
    [
        "<h2 id=\"a\">Judul</h2><p>Teks <strong>tebal</strong> &amp; <em>miring</em></p>",
        "<table><thead><tr><th scope=\"col\">A</th></tr></thead><tbody><tr><td colspan=\"2\">1</td></tr></tbody></table>",
        "<img src=\"/media/1\" alt=\"Loket\">",
        "<ol start=\"3\"><li>tiga</li></ol>",
        "<aside class=\"case\"><p>Kasus</p></aside>",
    ],
)
def test_what_authors_need_stays_as_it_is(kept: str) -> None:
    assert sanitize_html(kept) == kept


def test_links_do_not_tell_where_the_reader_came_from() -> None:
    assert 'rel="noopener noreferrer"' in sanitize_html("<a href='https://contoh.go.id'>x</a>")


def test_removed_markup_leaves_its_words() -> None:
    assert plain_text(sanitize_html("<p>Batas <marquee>sepuluh</marquee> hari</p>")) == "Batas sepuluh hari"
