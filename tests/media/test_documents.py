"""PDF documents and pictures, prepared by the real worker in confined processes."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import typst
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.kernel.errors import Invalid
from app.kernel.storage import storage
from app.media import delivery, documents, queries
from app.media.models import AssetKind, AssetState
from app.media.refusals import Refused
from tests.media.factories import again, prepared, stored


def pdf(path: Path, pages: int = 2, size: str = "width: 420pt, height: 595pt") -> Path:
    body = "\n#pagebreak()\n".join(f"= Standar pelayanan\nHalaman ke-{n} menyebut jangka waktu." for n in range(1, pages + 1))
    source = path.with_suffix(".typ")
    source.write_text(f"#set page({size})\n{body}")
    path.write_bytes(typst.compile(str(source)))
    return path


def picture(path: Path, size: tuple[int, int] = (1500, 900), kind: str = "PNG") -> Path:
    Image.linear_gradient("L").resize(size).convert("RGB").save(path, kind)
    return path


def test_a_pdf_becomes_pages_in_two_widths_with_text_in_its_place(app: Flask, tmp_path: Path):
    asset = prepared(app, pdf(tmp_path / "a.pdf"), AssetKind.DOCUMENT)
    assert asset.state == AssetState.READY, asset.failure_detail
    assert asset.pages == 2
    assert asset.words == 16
    widths = [one["width"] for one in asset.renditions["pages"][1]]
    assert widths == [800, 1600]
    with storage().open(f"{asset.folder}/{asset.renditions['pages'][1][1]['path']}") as file, Image.open(file) as drawn:
        assert (drawn.format, drawn.width) == ("WEBP", 1600)
    page = queries.list_pages(asset.id, first=2)[0]
    assert "jangka waktu" in page.text
    x, baseline, width, size, said = next(line for line in page.lines if "jangka" in line[4])
    assert said == "Halaman ke-2 menyebut jangka waktu."
    assert 50 < x < 80
    assert 60 < baseline < 140
    assert 100 < width < 300
    assert 5 < size < 20


def test_a_turned_page_keeps_its_text_in_place(tmp_path: Path):
    source = pdf(tmp_path / "a.pdf", pages=1)
    turned = tmp_path / "b.pdf"
    import pypdfium2

    document = pypdfium2.PdfDocument(source)
    document[0].set_rotation(90)
    document.save(turned)
    out = tmp_path / "out"
    out.mkdir()
    (page,) = documents.render(turned, out)
    assert page["width"] > page["height"]
    assert all(0 <= line[0] <= page["width"] and 0 <= line[1] <= page["height"] for line in page["lines"])
    assert page["lines"]


def test_the_pdf_itself_is_a_download(app: Flask, client: FlaskClient, tmp_path: Path):
    source = pdf(tmp_path / "Standar Pelayanan.pdf", pages=1)
    asset = prepared(app, source, AssetKind.DOCUMENT)
    with app.test_request_context():
        where = delivery.original_address(asset, None)
    answer = client.get(where, buffered=True)
    assert answer.data == source.read_bytes()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "Standar Pelayanan.pdf" in answer.headers["Content-Disposition"]


def test_what_is_signed_for_everybody_opens_the_pages_or_the_file_and_not_both(app: Flask, client: FlaskClient, tmp_path: Path):
    asset = prepared(app, pdf(tmp_path / "Slide.pdf", pages=1), AssetKind.DOCUMENT)
    page = asset.renditions["pages"][0][0]["path"]
    tokens = {holder: delivery.sign(asset.id, asset.generation, holder) for holder in (delivery.EVERYBODY, delivery.WHO_HAS_THE_FILE)}
    answers = {(holder, path): client.get(f"/media/{token}/{path}", buffered=True).status_code for holder, token in tokens.items() for path in (page, "berkas.pdf")}
    assert answers == {
        (delivery.EVERYBODY, page): 200,
        (delivery.EVERYBODY, "berkas.pdf"): 404,
        (delivery.WHO_HAS_THE_FILE, page): 404,
        (delivery.WHO_HAS_THE_FILE, "berkas.pdf"): 200,
    }


def test_the_file_of_a_guest_ends_sooner_than_what_is_shown(app: Flask, client: FlaskClient, tmp_path: Path, at: Callable[..., None]):
    at(2026, 11, 28, 9, 30)
    asset = prepared(app, pdf(tmp_path / "Slide.pdf", pages=1), AssetKind.DOCUMENT)
    with app.test_request_context():
        where = delivery.original_address(asset, None)
    at(2026, 11, 28, 11, 0, 1)
    assert client.get(where).status_code == 410


def test_pages_and_words_can_be_counted_before_anything_is_stored(tmp_path: Path):
    assert documents.measure(pdf(tmp_path / "a.pdf")) == (2, 16)


def test_too_many_pages_are_refused(app: Flask, tmp_path: Path):
    asset = prepared(app, pdf(tmp_path / "a.pdf", pages=401), AssetKind.DOCUMENT)
    assert (asset.state, asset.failure_code) == (AssetState.FAILED, "TOO_MANY_PAGES")


def test_a_page_like_a_ribbon_is_refused(app: Flask, tmp_path: Path):
    asset = prepared(app, pdf(tmp_path / "a.pdf", pages=1, size="width: 300pt, height: 9000pt"), AssetKind.DOCUMENT)
    assert (asset.state, asset.failure_code) == (AssetState.FAILED, "ODD_SHAPE")


@pytest.mark.parametrize("content", [b"%PDF-1.7\nrusak sama sekali", b"%PDF-1.4\n" + bytes(5000)])
def test_a_broken_pdf_is_refused_in_words(tmp_path: Path, content: bytes):
    path = tmp_path / "x.pdf"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        documents.measure(path)
    assert refused.value.code == "UNREADABLE"


@pytest.mark.parametrize("content", [b"bukan pdf", b"PK\x03\x04dokumen word", b"<html>%PD</html>"])
def test_what_is_no_pdf_is_refused_on_arrival(app: Flask, tmp_path: Path, content: bytes):
    path = tmp_path / "surat.pdf"
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        stored(path, AssetKind.DOCUMENT)
    assert refused.value.code == "NOT_A_PDF"


def test_a_picture_is_written_anew_in_two_widths_without_its_metadata(app: Flask, tmp_path: Path):
    path = tmp_path / "foto.jpg"
    exif = Image.Exif()
    exif[0x010E] = "rahasia"
    exif[0x0112] = 6  # held upright
    Image.linear_gradient("L").resize((1500, 900)).convert("RGB").save(path, "JPEG", exif=exif)
    asset = prepared(app, path, AssetKind.IMAGE)
    assert (asset.state, asset.width, asset.height) == (AssetState.READY, 900, 1500)
    assert [one["width"] for one in asset.renditions["pictures"]] == [640, 900]
    with storage().open(f"{asset.folder}/900.webp") as file:
        content = file.read()
    assert b"rahasia" not in content
    with Image.open(io.BytesIO(content)) as made:
        assert (made.format, made.size, dict(made.getexif())) == ("WEBP", (900, 1500), {})


def test_a_large_picture_gets_the_two_widths_and_no_more(app: Flask, tmp_path: Path):
    asset = prepared(app, picture(tmp_path / "a.png", (3000, 1000)), AssetKind.IMAGE)
    assert [one["width"] for one in asset.renditions["pictures"]] == [640, 1280]


def test_a_picture_bomb_is_refused_before_it_is_unpacked(app: Flask, tmp_path: Path):
    """A small PNG that declares 30,000 x 30,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = (30000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    path = tmp_path / "bom.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))
    asset = prepared(app, path, AssetKind.IMAGE)
    assert (asset.state, asset.failure_code) == (AssetState.FAILED, "TOO_MANY_PIXELS")


def test_a_truncated_picture_is_refused(app: Flask, tmp_path: Path):
    path = picture(tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:200])
    asset = prepared(app, path, AssetKind.IMAGE)
    assert (asset.state, asset.failure_code) == (AssetState.FAILED, "UNREADABLE")


def test_a_drawing_with_a_script_in_it_is_no_picture(app: Flask, tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    with pytest.raises(Invalid) as refused:
        stored(path, AssetKind.IMAGE)
    assert refused.value.code == "NOT_A_PICTURE"


def test_the_same_bytes_as_document_and_as_picture_are_two_assets(app: Flask, tmp_path: Path):
    path = picture(tmp_path / "a.png", (100, 100))
    first = stored(path, AssetKind.IMAGE)
    assert stored(path, AssetKind.IMAGE, "lain.png").id == first.id
    assert again(first.id).original_name == "a.png"
