"""A large file over a link that is cut five times, a server that dies and a browser that is closed: equal bytes. About 50 s with the other three."""

from __future__ import annotations

import hashlib
import json
import random
import re
import socket
import wave
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.watch import shoot
from tests.e2e.weak_link import WeakLink

PAGE, ACCOUNT = "/_ui/unggah", "instruktur@demo.test"
SECONDS, SPEED, CRAWL = 110, 4_000_000, 50_000  # 19 MB of sound at 4 MB/s, or so slowly that it does not end while something is looked at
BROKEN = (r"^failed: (PATCH|HEAD|POST|GET) .*/unggahan", r"Failed to load resource: (net::|the server responded with a status of 4)")


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """An interview nobody can compress."""
    path = tmp_path_factory.mktemp("rekaman") / "wawancara lurah.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(random.Random(7).randbytes(SECONDS * 44100 * 4))
    return path


@pytest.fixture
def link(server) -> Iterator[WeakLink]:
    link = WeakLink(server.url, SPEED)
    yield link
    link.close()


def _visit(device, link: WeakLink) -> Page:
    own = device()
    own.enter(ACCOUNT)
    own.watch.expect(*BROKEN)
    page = own.page()
    page.goto(link.url + PAGE)
    return page


def _row(page: Page):
    return page.locator("[data-list] > li")


def _wait_for(server, share: float, size: int) -> None:
    server._wait(lambda: server.backstage("upload_of", ACCOUNT)["offset"] >= share * size, 180, f"the upload did not reach {share:.0%}")


def _reach(server, link: WeakLink, share: float, size: int) -> None:
    """Let the upload come so far, and crawl from there."""
    link.bytes_per_second = SPEED
    _wait_for(server, share, size)
    link.bytes_per_second = CRAWL


def test_five_cuts_a_killed_server_and_a_closed_browser_lose_nothing(server, device, link, recording, tmp_path):
    size = recording.stat().st_size
    page = _visit(device, link)
    page.locator("input[type=file]").first.set_input_files(recording)
    for share in (0.05, 0.15):
        _reach(server, link, share, size)
        link.cut()
    _reach(server, link, 0.25, size)
    link.down()
    expect(_row(page)).to_contain_text("Sambungan terputus")
    link.up()
    _reach(server, link, 0.35, size)
    shoot(page, "unggah-berjalan")

    page.context.set_offline(True)
    link.bytes_per_second = SPEED  # the piece under way still ends; the next one finds no way
    expect(_row(page)).to_contain_text("Menunggu sambungan")
    page.context.set_offline(False)
    _reach(server, link, 0.45, size)
    server.kill_and_restart("web")
    _reach(server, link, 0.55, size)

    page.close(run_before_unload=False)
    before = server.backstage("upload_of", ACCOUNT)
    page = _visit(device, link)
    expect(_row(page)).to_contain_text("Pilih berkas yang sama untuk melanjutkan")
    shoot(page, "unggah-belum-selesai")
    other = tmp_path / "lain.wav"
    other.write_bytes(recording.read_bytes()[:-1] + b"?")
    _row(page).locator("input[type=file]").set_input_files(other)
    expect(_row(page)).to_contain_text("bukan berkas yang sama")
    _row(page).locator("input[type=file]").set_input_files(recording)
    _reach(server, link, 0.7, size)
    assert server.backstage("upload_of", ACCOUNT)["id"] == before["id"]
    link.cut()
    _reach(server, link, 0.85, size)
    link.cut()

    link.bytes_per_second = SPEED
    expect(_row(page)).to_contain_text("Tersimpan, utuh sampai byte terakhir", timeout=180_000)
    found = server.backstage("upload_of", ACCOUNT)
    assert found["state"] == "DONE"
    assert found["name"] == "wawancara lurah.wav"
    assert found["sha256"] == found["told_sha256"] == hashlib.sha256(recording.read_bytes()).hexdigest()
    assert link.cuts >= 5
    assert link.passed < size * 2


def test_pause_cancel_and_refusals_by_keyboard(server, device, link, recording, tmp_path):
    page = _visit(device, link)
    link.bytes_per_second = 250_000
    empty, notes = tmp_path / "kosong.mp4", tmp_path / "catatan.mp4"
    empty.touch()
    notes.write_text("bukan video\n" * 2000)
    page.locator("input[type=file]").first.set_input_files([recording, empty, notes])
    expect(_row(page).filter(has_text="kosong.mp4")).to_contain_text("Berkas ini kosong")
    expect(_row(page).filter(has_text="catatan.mp4")).to_contain_text("bukan video, suara, PDF, atau gambar")
    row = page.get_by_role("listitem").filter(has_text="wawancara lurah.wav")
    row.get_by_role("button", name="Jeda: wawancara lurah.wav").press("Enter")
    expect(row).to_contain_text("Dijeda")
    expect(row.get_by_role("button", name="Lanjutkan: wawancara lurah.wav")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row).to_contain_text(re.compile(r"Mengirim.*\d+ %.*MB dari 19,4 MB", re.DOTALL))
    expect(row).to_contain_text("/detik")
    shoot(page, "unggah-tiga-berkas")
    row.get_by_role("button", name="Batalkan").press("Enter")
    sure = page.get_by_role("dialog")
    expect(sure).to_contain_text(re.compile(r"Yang sudah sampai \(.+\) dibuang"))
    sure.get_by_role("button", name="Batal", exact=True).click()
    expect(row).to_contain_text("Mengirim")
    row.get_by_role("button", name="Batalkan").press("Enter")
    sure.get_by_role("button", name="Batalkan unggahan").click()
    expect(row).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="dibatalkan")).to_have_count(1)
    assert [upload["name"] for upload in server.backstage("uploads_of", ACCOUNT) if upload["state"] == "RECEIVING"] == []
    for name in ("kosong.mp4", "catatan.mp4"):
        page.get_by_role("button", name=f"Tutup: {name}").press("Enter")
    expect(page.locator("[data-list]")).to_be_hidden()


def _is_held(server, address: str) -> bool:
    """Whether a request has the file of this upload in its hands. Asked of the system: a request would disturb what it asks about."""
    file = server.folder / "instance/uploads" / f"{address.rsplit('/', 1)[1]}.part"
    return file.is_file() and re.search(rf"FLOCK .*:{file.stat().st_ino} ", Path("/proc/locks").read_text()) is not None


def test_a_connection_that_fell_silent_makes_way_for_its_owner(server):
    data, place = b"fLaC" + bytes(300_000), urlsplit(server.url).netloc
    cookie = server.backstage("cookie_for", ACCOUNT)
    said = {"Cookie": f"{cookie['name']}={cookie['value']}", "Tus-Resumable": "1.0.0"}

    def ask(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, HTTPMessage, bytes]:
        with closing(HTTPConnection(place, timeout=20)) as connection:
            connection.request(method, path, body, said | {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    _status, headers, told = ask("GET", "/unggahan")
    said |= {"Cookie": str(headers["Set-Cookie"]).split(";")[0], "X-CSRFToken": json.loads(told)["csrf_token"]}
    address = ask("POST", "/unggahan", Upload_Length=str(len(data)))[1]["Location"]
    piece = said | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Content-Length": str(len(data))}
    lines = [f"PATCH {address} HTTP/1.1", f"Host: {place}", *(f"{name}: {value}" for name, value in piece.items()), "", ""]
    with socket.create_connection(tuple(place.split(":"))) as dead:
        dead.sendall("\r\n".join(lines).encode() + data[:100_000])
        server._wait(lambda: _is_held(server, address), 60, "the server did not begin to receive")
        assert ask("PATCH", address, data, Upload_Offset="0", Content_Type=piece["Content-Type"])[0] == 423
        server._wait(lambda: ask("HEAD", address)[1]["Upload-Offset"] != "0", 60, "the silent connection was not ended")
        offset = int(ask("HEAD", address)[1]["Upload-Offset"])
        assert 65_536 < offset <= 100_000  # what it brought counts
        assert ask("PATCH", address, data[offset:], Upload_Offset=str(offset), Content_Type=piece["Content-Type"])[0] == 204


def test_without_scripts_a_form_does_it(server, device, tmp_path):
    own = device(java_script_enabled=False)
    own.watch.expect(r"failed: GET \S+\.js csp")  # scripts that are switched off are not fetched
    own.enter(ACCOUNT)
    page = own.page()
    page.goto(PAGE)
    sound = tmp_path / "sapaan.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(random.Random(8).randbytes(16000))
    page.get_by_label("Berkas", exact=True).set_input_files(sound)
    page.get_by_role("button", name="Unggah").click()
    expect(page.get_by_text("sapaan.wav sampai dengan utuh")).to_be_visible()
    server._wait(lambda: server.backstage("upload_of", ACCOUNT)["state"] == "DONE", 30, "the form's file is not stored")
    assert server.backstage("upload_of", ACCOUNT)["sha256"] == hashlib.sha256(sound.read_bytes()).hexdigest()
