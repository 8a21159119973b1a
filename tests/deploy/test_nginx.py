"""The site of deploy/nginx in a real nginx with a certificate of the test, and the web process that users run behind it."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import sqlite3
import ssl
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.kernel.http import SECURITY_HEADERS
from app.media import delivery
from config import ROOT
from tests.deploy.conftest import Site
from tests.deploy.machine import HOST, Answer, Nginx, Visitor, opened, until

pytestmark = pytest.mark.sqlite_only  # the site does not know which database stands behind it: once is enough
SEGMENT = os.urandom(70_000)
HSTS = ("Strict-Transport-Security", "max-age=31536000")


# ---- the configuration ----


def test_nginx_takes_the_configuration_without_a_warning(site: Site) -> None:
    checked = site.nginx.check()
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


def test_the_headers_of_nginx_are_those_of_the_application() -> None:
    written = dict(re.findall(r'^add_header (\S+) "(.*)" always;$', (ROOT / "deploy/nginx/headers.conf").read_text(), re.MULTILINE))
    assert written == dict([*SECURITY_HEADERS.items(), HSTS])


# ---- the way in ----


def plain(site: Site, path: str, host: str = HOST) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", site.nginx.http_port, timeout=10)) as connection:
        connection.request("GET", path, headers={"Host": host})
        got = connection.getresponse()
        return Answer(got.status, got.headers, got.read())


def test_plain_http_leads_to_https_and_keeps_the_address(site: Site) -> None:
    answer = plain(site, "/kursus/antikorupsi?modul=2")
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/kursus/antikorupsi?modul=2")
    assert "Set-Cookie" not in answer.headers


def test_the_authority_that_issues_certificates_is_answered_over_plain_http(site: Site) -> None:
    (place := site.nginx.folder / "acme/.well-known/acme-challenge").mkdir(parents=True)
    (place / "bukti").write_text("isi")
    assert plain(site, "/.well-known/acme-challenge/bukti").body == b"isi"
    assert plain(site, "/.well-known/acme-challenge/lain").status == 404


def test_whoever_asks_for_another_name_gets_nothing(site: Site, visitor: Visitor) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        plain(site, "/", host="evil.test")
    trusting = ssl._create_unverified_context()
    with pytest.raises(ssl.SSLError, match="unrecognized"):
        visitor.connect("evil.test", trusting)


def test_browsers_get_http_2_over_tls_1_3_and_old_protocols_are_refused(visitor: Visitor) -> None:
    context = visitor.tls()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with visitor.connect(context=context) as connection:
        assert (connection.version(), connection.selected_alpn_protocol()) == ("TLSv1.3", "h2")
    weak = visitor.tls()
    weak.set_ciphers("AES128-GCM-SHA256:@SECLEVEL=0")  # TLS 1.2 without forward secrecy
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        visitor.connect(context=weak)


# ---- pages ----


def test_a_page_comes_packed_with_every_header_once_and_a_secure_cookie(visitor: Visitor) -> None:
    answer = visitor.get("/masuk", Accept_Encoding="gzip, br, zstd")
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] in ("zstd", "br", "gzip")
    for name, value in [*SECURITY_HEADERS.items(), HSTS]:
        assert answer.headers.get_all(name) == [value]
    (cookie,) = answer.headers.get_all("Set-Cookie") or []
    assert cookie.startswith("__Host-gurindam=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "nginx/" not in answer.headers["Server"]


def test_signing_in_works_through_it_and_leads_to_the_same_origin(visitor: Visitor) -> None:
    answer = visitor.sign_in("asn@demo.test")
    assert (answer.status, answer.headers["Location"]) == (303, "/beranda")
    assert visitor.get("/profil").status == 200


def test_a_form_that_comes_from_another_site_is_refused(visitor: Visitor) -> None:
    answer = visitor.sign_in("asn@demo.test", Referer="https://evil.test/masuk")
    assert answer.status == 400


def test_metrics_are_not_for_visitors(visitor: Visitor) -> None:
    assert visitor.get("/metrics").status == 404


def test_media_files_cannot_be_asked_for_past_the_application(site: Site, visitor: Visitor) -> None:
    (site.nginx.files / "rahasia.pdf").write_text("isi")
    assert visitor.get("/_media/rahasia.pdf").status == 404


# ---- files of the build ----


def built(ending: str) -> str:
    manifest = json.loads((ROOT / "app/ui/static/dist/manifest.json").read_text())
    return "/static/dist/" + next(entry["file"] for entry in manifest.values() if entry["file"].endswith(ending))


@pytest.mark.parametrize("ending", [".css", ".js", ".woff2"])
def test_a_built_file_comes_from_the_disk_as_the_application_would_send_it(site: Site, visitor: Visitor, ending: str) -> None:
    path = built(ending)
    asked = urllib.request.Request(f"http://127.0.0.1:{site.application.port}{path}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked) as own:
        wanted, body = own.headers, own.read()
    answer = visitor.get(path, Accept_Encoding="gzip")
    assert answer.status == 200
    assert answer.body == body
    assert answer.headers["Cache-Control"] == wanted["Cache-Control"] == "max-age=315360000, public, immutable"
    alike = ["Content-Encoding", *SECURITY_HEADERS, HSTS[0]]
    assert {name: answer.headers.get_all(name) for name in alike} == {name: wanted.get_all(name) for name in alike}
    assert answer.headers.get_content_type() in (wanted.get_content_type(), "application/javascript")
    assert "X-Request-ID" not in answer.headers  # nobody asked the application


def test_a_browser_that_packs_nothing_gets_it_plain_and_one_that_has_it_nothing(visitor: Visitor) -> None:
    path = built(".css")
    answer = visitor.get(path)
    assert "Content-Encoding" not in answer.headers
    assert answer.body == (ROOT / "app/ui" / path.lstrip("/")).read_bytes()
    assert visitor.get(path, If_None_Match=answer.headers["ETag"]).status == 304


def test_a_built_file_that_is_not_there_is_answered_by_the_application(visitor: Visitor) -> None:
    answer = visitor.get("/static/dist/tiada.js")
    assert answer.status == 404
    assert "X-Request-ID" in answer.headers


# ---- live: pictures and sound ----


@pytest.fixture
def live(site: Site) -> str:
    """Where the stream of room 7 is fetched from."""
    folder = site.application.folder / "instance/files/live/7/hls"
    (folder / "1-1/video").mkdir(parents=True, exist_ok=True)
    (folder / "video.m3u8").write_text("#EXTM3U\n#EXTINF:1.0,\n1-1/video/000000.m4s\n")
    (folder / "1-1/video/000000.m4s").write_bytes(SEGMENT)
    (folder.parent / "takes").mkdir(exist_ok=True)
    (folder.parent / "takes/raw.mp4").write_bytes(b"raw")
    token = delivery._signer("k" * 40).dumps(["live", 7, int(time.time()) // 3600 + 2])
    return f"/media/{token!s}"


def test_a_live_piece_comes_from_the_disk_and_needs_no_cookie(site: Site, live: str) -> None:
    one = site.visitor("127.0.0.31")
    piece = one.get(f"{live}/hls/1-1/video/000000.m4s")
    assert (piece.status, piece.body == SEGMENT, piece.headers["Content-Type"]) == (200, True, "video/iso.segment")
    assert re.fullmatch(r"public, max-age=\d{4}, immutable", piece.headers["Cache-Control"])
    assert not {"Set-Cookie", "X-Request-ID"} & set(piece.headers)  # the application did not answer
    assert piece.headers.get_all("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    part = one.ask("GET", f"{live}/hls/1-1/video/000000.m4s", None, Range="bytes=2-4")
    assert (part.status, part.body) == (206, SEGMENT[2:5])


def test_a_live_list_is_that_of_this_moment(site: Site, live: str) -> None:
    visitor, folder = site.visitor(), site.application.folder / "instance/files/live/7/hls"
    for number in range(5):
        (folder / "part").write_text(f"#EXTM3U\n#EXTINF:1.0,\n1-1/video/00000{number}.m4s\n")
        (folder / "part").rename(folder / "video.m3u8")
        answer = visitor.get(f"{live}/hls/video.m3u8?t={number}")
        assert f"00000{number}" in answer.text
        assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("application/vnd.apple.mpegurl", "public, max-age=1")


def test_who_watches_goes_on_while_the_application_starts_again(site: Site, live: str) -> None:
    visitor = site.visitor()
    assert visitor.get(f"{live}/hls/video.m3u8").status == 200
    site.application.stop()
    time.sleep(2.1)  # what it said is kept for a second here (served.py)
    try:
        assert visitor.get(f"{live}/hls/1-1/video/000000.m4s").body == SEGMENT
    finally:
        site.application.start()


def test_an_address_whose_time_is_over_opens_nothing_for_whoever_asks_beside_others(site: Site, live: str) -> None:
    ends = delivery._signer("k" * 40).dumps(["live", 7, int(time.time()) // 3600])

    def is_no_kept() -> bool:
        """It takes the place of a yes."""
        assert site.visitor().get(f"/media/{ends!s}/hls/video.m3u8").status == 410
        kept = [path.read_bytes() for path in (site.nginx.folder / "live").rglob("*") if path.is_file()]
        return any(f"KEY: {ends!s}\n".encode() in content and b" 403 " in content for content in kept)

    until(is_no_kept, 10)  # not at once when the application has just begun


def test_a_live_address_opens_its_stream_and_nothing_else(site: Site, live: str) -> None:
    visitor = site.visitor()
    beyond = ["/hls/../takes/raw.mp4", "/takes/raw.mp4", "/takes/raw.mkv", "/captions/id.vtt", "/berkas.pdf", "/hls/1-1/video/000099.m4s", "/hls/",
              "/hls/%2e%2e/takes/raw.mp4", "/hls/..%2ftakes/raw.mp4", "/hls/1-1/run.json", "/hls/.video.m3u8"]  # fmt: skip
    assert {visitor.get(live + path).status for path in beyond} == {404}
    ended = delivery._signer("k" * 40).dumps(["live", 7, int(time.time()) // 3600])
    assert visitor.get(f"/media/{ended!s}/hls/video.m3u8").status == 410
    assert visitor.get(f"{live[:-2]}xx/hls/video.m3u8").status == 404
    assert visitor.ask("GET", f"{live[:-2]}xx/hls/video.m3u8", None, X_Gurindam_Asks="1", X_Gurindam_Stream="live/7").status == 404
    other = delivery._signer("k" * 40).dumps(["live", 8, int(time.time()) // 3600 + 2])
    assert visitor.get(f"/media/{other!s}/hls/video.m3u8").status == 404
    assert visitor.get("/media/x%0d%0aX-Gurindam-Asks:%201/hls/video.m3u8").status == 404


# ---- live: polling and WebSocket ----


def packets(text: str) -> list[str]:
    return text.split("\x1e")


def poll(visitor: Visitor, sid: str = "", body: str | None = None) -> list[str]:
    path = "/socket.io/?EIO=4&transport=polling" + (f"&sid={sid}" if sid else "")
    answer = visitor.ask("POST" if body else "GET", path, body, Origin=f"https://{HOST}")
    assert answer.status == 200, answer.text
    return packets(answer.text)


def test_a_room_by_polling_knows_who_speaks_and_from_where(site: Site) -> None:
    visitor = site.visitor("127.0.0.21")
    visitor.sign_in("asn@demo.test")
    opened = json.loads(poll(visitor)[0][1:])
    assert opened["upgrades"] == ["websocket"]
    poll(visitor, opened["sid"], "40/uji,")
    assert poll(visitor, opened["sid"])[0].startswith("40/uji,")
    poll(visitor, opened["sid"], '42/uji,7["who"]')
    (said,) = poll(visitor, opened["sid"])
    who = json.loads(said.removeprefix("43/uji,7"))[0]
    assert (who["address"], who["scheme"], who["host"]) == ("127.0.0.21", "https", HOST)


class WebSocket:
    """Just enough of RFC 6455 for text."""

    def __init__(self, visitor: Visitor, path: str, **headers: str):
        self.socket = visitor.connect()
        cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        said = {"Host": HOST, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Cookie": cookie,
                "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Origin": f"https://{HOST}"} | headers  # fmt: skip
        self.key = said["Sec-WebSocket-Key"]
        self.socket.sendall((f"GET {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in said.items()) + "\r\n").encode())
        self.stream = self.socket.makefile("rb")
        opened.append(self.stream)
        self.status = int(self.stream.readline().split()[1])
        self.headers = http.client.parse_headers(self.stream)

    def accepted(self) -> bool:
        wanted = base64.b64encode(hashlib.sha1((self.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        return self.status == 101 and self.headers["Sec-WebSocket-Accept"] == wanted

    def send(self, text: str) -> None:
        data, mask = text.encode(), os.urandom(4)
        assert len(data) < 126
        self.socket.sendall(bytes([0x81, 0x80 | len(data)]) + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(data)))

    def receive(self) -> str:
        while True:
            head = self.stream.read(2)
            length = head[1] if head[1] < 126 else int.from_bytes(self.stream.read(2), "big")
            text = self.stream.read(length).decode()
            if text != "6":  # sent only to end a waiting poll
                return text


def test_a_room_by_websocket_upgraded_from_polling(site: Site) -> None:
    visitor = site.visitor("127.0.0.22")
    visitor.sign_in("asn@demo.test")
    sid = json.loads(poll(visitor)[0][1:])["sid"]
    live = WebSocket(visitor, f"/socket.io/?EIO=4&transport=websocket&sid={sid}")
    assert live.accepted()
    live.send("2probe")
    assert live.receive() == "3probe"
    live.send("5")
    live.send("40/uji,")
    assert live.receive().startswith("40/uji,")
    live.send('42/uji,1["who"]')
    said = json.loads(live.receive().removeprefix("43/uji,1"))[0]
    assert (said["address"], said["scheme"]) == ("127.0.0.22", "https")


def test_a_websocket_from_another_site_is_refused(visitor: Visitor) -> None:
    visitor.sign_in("asn@demo.test")
    live = WebSocket(visitor, "/socket.io/?EIO=4&transport=websocket", Origin="https://evil.test")
    assert live.stream.read(1) in (b"", b"\x88")  # shut before a word was said


# ---- the log ----


@pytest.mark.parametrize(
    ("asked", "logged"),
    [
        ("/narasumber/{key}", "/narasumber/-"),
        ("/webinar/tamu/{key}", "/webinar/tamu/-"),
        ("//narasumber//{key}", "/narasumber/-"),
        ("/media/{key}.tanda/captions/id.vtt?cari={key}", "/media/-/captions/id.vtt"),
        ("/webinar/pelayanan-publik", "/webinar/pelayanan-publik"),
    ],
)
def test_the_log_names_the_page_and_never_the_key_in_its_address(site: Site, asked: str, logged: str) -> None:
    log, key = site.nginx.folder / "gurindam.log", f"rahasia{os.urandom(6).hex()}"
    before = len(log.read_text())
    site.visitor().get(asked.format(key=key))
    until(lambda: f'"GET {logged} HTTP/' in log.read_text()[before:], 10)
    assert key not in log.read_text()
    assert key not in site.application.log()


# ---- who asks ----


@pytest.fixture
def keyed_address(site: Site) -> Any:
    """The row of the throttle for an address, as this installation writes it."""
    from app.people.throttle import address_key
    from config import Settings

    bare = Flask("bare")
    bare.config["GURINDAM"] = Settings.from_environment(site.application.env)

    def key(address: str) -> str:
        with bare.app_context():
            return address_key(address)

    return key


def rows(site: Site, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(site.application.folder / "instance/gurindam.sqlite3", timeout=10)) as connection, connection:
        return connection.execute(statement, values).fetchall()


FORGED = {
    "X_Forwarded_For": "203.0.113.9", "X_Real_IP": "203.0.113.9", "Forwarded": "for=203.0.113.9",
    "X_Forwarded_Host": "evil.test", "X_Forwarded_Proto": "http",
}  # fmt: skip


def test_tries_are_counted_for_the_visitors_own_address_whatever_the_headers_say(site: Site, keyed_address: Any) -> None:
    guesser, neighbor = site.visitor("127.0.0.31"), site.visitor("127.0.0.32")
    answer = guesser.sign_in("tiada@uji.test", "Salah-Sekali-2026", **FORGED)
    assert answer.status == 422
    counted = dict(rows(site, "SELECT key, failures FROM sign_in_throttle WHERE key LIKE 'address:%'"))
    assert counted[keyed_address("127.0.0.31")] == 1
    assert not {keyed_address("203.0.113.9"), keyed_address("127.0.0.1")} & set(counted)  # neither the forged one nor the proxy's
    rows(site, "UPDATE sign_in_throttle SET blocked_until = '2099-01-01 00:00:00.000000' WHERE key = ?", keyed_address("127.0.0.31"))
    assert guesser.sign_in("tiada@uji.test", "Salah-Sekali-2026", **FORGED).status == 429
    assert neighbor.sign_in("tiada2@uji.test", "Salah-Sekali-2026").status == 422


def test_a_session_keeps_the_visitors_own_address(site: Site) -> None:
    visitor = site.visitor("127.0.0.33")
    answer = visitor.sign_in("asn@demo.test", **FORGED)
    assert (answer.status, answer.headers["Location"]) == (303, "/beranda")
    assert rows(site, "SELECT address FROM user_session ORDER BY id DESC LIMIT 1") == [("127.0.0.33",)]


def test_without_a_trusted_proxy_nobody_is_believed() -> None:
    """What PROXY_HOPS=0 means: the middleware that reads those headers is not there at all."""
    from werkzeug.middleware.proxy_fix import ProxyFix

    from app.kernel.http import trust_proxies

    for hops, believed in ((0, False), (1, True)):
        app = Flask("bare")
        app.config["GURINDAM"] = type("Settings", (), {"proxy_hops": hops})
        trust_proxies(app)
        assert isinstance(app.wsgi_app, ProxyFix) == believed


# ---- how much ----


def test_a_browser_that_has_run_wild_is_held_back_and_an_office_behind_one_address_is_not(site: Site) -> None:
    office = site.visitor("127.0.0.41")
    line = office.browser()
    for number in range(300):  # as many people, one address
        office.cookies = {"__Host-gurindam": f"{number:024d}.sama.sama"}
        assert office.ask("GET", "/healthz", through=line).status == 200
    wild = site.visitor("127.0.0.41")
    line = wild.browser()
    wild.cookies = {"__Host-gurindam": "peramban-yang-kebablasan.x.y"}
    answers: list[Answer] = []

    def is_held_twice() -> bool:
        answers.extend(wild.ask("GET", "/healthz", through=line) for _n in range(50))
        return len([answer for answer in answers if answer.status == 429]) > 1

    until(is_held_twice)  # how many that takes depends on how fast the machine answers
    held = [answer for answer in answers if answer.status == 429]
    assert answers.index(held[0]) >= 200
    assert "Terlalu banyak permintaan dari peramban ini" in held[0].text
    assert held[0].headers["Retry-After"] == "5"


FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"  # how a video begins


class Upload:
    """A teacher's upload by tus, of `size` bytes."""

    def __init__(self, site: Site, size: int):
        self.teacher = site.visitor()
        self.teacher.sign_in("instruktur@demo.test")
        token = json.loads(self.teacher.get("/unggahan", Accept="application/json").text)["csrf_token"]
        self.said = {"Tus_Resumable": "1.0.0", "X_CSRFToken": token, "Referer": f"https://{HOST}/", "Accept": "application/json"}
        self.piece = self.said | {"Content_Type": "application/offset+octet-stream", "Upload_Offset": "0"}
        name = base64.b64encode(b"rapat.mp4").decode()
        created = self.teacher.ask("POST", "/unggahan", **self.said, Upload_Length=str(size), Upload_Metadata=f"filename {name}")
        assert created.status == 201, created.text
        self.place, self.size = created.headers["Location"], size
        self.file = site.application.folder / "instance/uploads" / f"{self.place.rsplit('/', 1)[1]}.part"

    def begin(self, first: int) -> http.client.HTTPConnection:
        """Promise everything, send only the first bytes of it, and wait until the application has them in hand."""
        line = self.teacher.browser()
        line.putrequest("PATCH", self.place)
        cookie = "; ".join(f"{name}={value}" for name, value in self.teacher.cookies.items())
        for name, value in (self.piece | {"Content_Length": str(self.size), "Cookie": cookie}).items():
            line.putheader(name.replace("_", "-"), value)
        line.endheaders(FILM + bytes(first - len(FILM)))
        until(lambda: self.file.is_file() and self.file.stat().st_size >= first)
        return line

    def offset(self) -> int:
        return int(self.teacher.ask("HEAD", self.place, **self.said).headers["Upload-Offset"])


def test_an_upload_of_5_mib_arrives_in_one_piece_and_one_of_10_mib_does_not_begin(site: Site) -> None:
    upload = Upload(site, 5 << 20)
    answer = upload.teacher.ask("PATCH", upload.place, FILM + bytes((5 << 20) - len(FILM)), **upload.piece)
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(5 << 20)), answer.text
    refused = upload.teacher.ask("PATCH", upload.place, **upload.piece, Content_Length=str(10 << 20))
    assert refused.status == 413
    assert "X-Request-ID" not in refused.headers  # nginx refuses by the length alone: not a byte of it reaches the application


def test_what_arrived_before_the_line_broke_is_not_lost(site: Site) -> None:
    """nginx passes an upload on as it arrives, rather than gathering it first."""
    upload = Upload(site, 4 << 20)
    line = upload.begin(1 << 20)
    line.close()
    until(lambda: upload.offset() >= 1 << 20)


def test_a_form_beyond_25_mib_is_refused_in_words(visitor: Visitor) -> None:
    answer = visitor.ask("POST", "/masuk", Content_Length=str(30 << 20), Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 413
    assert "Kiriman terlalu besar" in answer.text


# ---- when the application does not answer ----


@pytest.mark.slow
def test_who_opens_a_page_while_the_application_is_away_is_told_and_who_sent_something_too(lonely_nginx: Nginx) -> None:
    visitor = Visitor(lonely_nginx)
    opened = visitor.get("/beranda")
    assert opened.status == 502
    assert "Layanan belum menjawab" in opened.text
    assert 'src="/_jeda/coba.js"' in opened.text
    assert (opened.headers["Retry-After"], opened.headers["Cache-Control"]) == ("5", "no-store")
    assert opened.headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]
    sent = visitor.ask("POST", "/masuk", "identifier=x", Content_Type="application/x-www-form-urlencoded")
    assert sent.status == 502
    assert "Kiriman Anda belum dijawab" in sent.text
    assert "coba.js" not in sent.text  # trying again by itself would show another page than the one with the form
    for path in ("/_jeda/halaman.css", "/_jeda/coba.js", built(".css")):
        assert visitor.get(path).status == 200
    assert visitor.get("/_jeda/buka.html").status == 404  # from outside these are no pages


@pytest.mark.parametrize("page", sorted((ROOT / "deploy/nginx/_jeda").glob("*.html")), ids=lambda path: path.name)
def test_the_pages_of_nginx_are_light_and_keep_the_policy(page: Path) -> None:
    text = page.read_text()
    assert '<html lang="id">' in text
    assert len(text) < 1500
    assert not re.search(r"<style|style=|<script>|\son\w+=|https?://", text)


def test_a_restart_answers_what_it_has_begun_and_lets_the_next_one_wait(site: Site) -> None:
    """SIGTERM while an upload is under way and somebody else arrives: both are answered, by the old process and by the new one."""
    upload, next_one = Upload(site, 2 << 20), site.visitor("127.0.0.51")
    line = upload.begin(1 << 20)
    old = site.application.process
    assert old is not None
    old.terminate()
    time.sleep(0.3)
    waiting = next_one.browser()
    waiting.request("GET", "/healthz")
    time.sleep(0.2)
    assert old.poll() is None
    line.send(bytes(1 << 20))
    answer = line.getresponse()
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(2 << 20))
    assert old.wait(60) == 0
    site.application.start()
    assert waiting.getresponse().status == 200
    assert upload.offset() == 2 << 20


def test_the_port_is_not_open_to_the_network(site: Site) -> None:
    """The application listens on the machine itself only: nobody comes past nginx, whose word it takes."""
    unit = (ROOT / "deploy/systemd/gurindam-web.socket").read_text()
    assert "ListenStream=127.0.0.1:8000\n" in unit
    assert site.application.held.getsockname()[0] == "127.0.0.1"
