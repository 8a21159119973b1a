"""Reads a PDF in a confined process: `read_document.py <path> <folder>` writes the pages' pictures and `pages.json` into the folder.

It imports nothing of the product. Without a folder it only counts pages and words.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

WIDTHS = (800, 1600)
MOST_PAGES, MOST_HEIGHT, LONGEST_SIDE_POINTS = 400, 4800, 14400
MOST_LINES, LONGEST_LINE = 600, 400
WORD = re.compile(r"[^\W_]+")


def read(path: str, folder: str | None) -> dict[str, object]:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        return {"refused": "PASSWORD" if "password" in str(error).lower() else "UNREADABLE", "detail": str(error)[:200]}
    count = len(document)
    if not count:
        return {"refused": "UNREADABLE", "detail": "no pages"}
    if count > MOST_PAGES:
        return {"refused": "TOO_MANY_PAGES", "detail": str(count)}
    pages, words = [], 0
    for number in range(1, count + 1):
        try:
            page = document[number - 1]
        except pdfium.PdfiumError as error:
            return {"refused": "UNREADABLE", "detail": f"page {number}: {error}"[:200]}
        width, height = page.get_size()
        if not (0 < width <= LONGEST_SIDE_POINTS and 0 < height <= LONGEST_SIDE_POINTS) or max(width, height) > 8 * min(width, height):
            return {"refused": "ODD_SHAPE", "detail": f"page {number}: {width}x{height}"}
        text_page = page.get_textpage()
        text = text_page.get_text_range().replace("\x00", "").replace("\r\n", "\n")[:200_000]
        words += (here := len(WORD.findall(text)))
        if folder is not None:
            lines = lines_of(page, text_page, width, height)
            pictures = [draw(page, width, height, wide, Path(folder), number) for wide in WIDTHS]
            pages.append(
                {"number": number, "width": width, "height": height, "text": text, "lines": lines, "words": here, "pictures": pictures}
            )
        text_page.close()
        page.close()
    if folder is not None:
        (Path(folder) / "pages.json").write_text(json.dumps(pages), encoding="utf-8")
    return {"pages": count, "words": words}


def draw(page: object, width: float, height: float, wide: int, folder: Path, number: int) -> dict[str, object]:
    scale = min(wide / width, MOST_HEIGHT / height)
    picture = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")  # type: ignore[attr-defined]
    name = f"{number:04}-{wide}.webp"
    picture.save(folder / name, "WEBP", quality=80, method=3)
    return {"path": name, "width": picture.width, "height": picture.height}


def lines_of(page: object, text_page: object, width: float, height: float) -> list[list[object]]:
    """The lines with their places as they are seen, from the top left, in points: `[x, baseline, width, size, text]`."""
    import ctypes

    import pypdfium2.raw as raw

    fine = 10  # PDFium answers in whole units: ask for tenths of a point
    found: list[list[object]] = []
    for place in range(min(text_page.count_rects(), MOST_LINES)):  # type: ignore[attr-defined]
        left, bottom, right, top = text_page.get_rect(place)  # type: ignore[attr-defined]
        said = " ".join(text_page.get_text_bounded(left, bottom, right, top).replace("\x00", "").split())[:LONGEST_LINE]  # type: ignore[attr-defined]
        if not said:
            continue
        corners = []
        for x, y in ((left, bottom), (right, top)):
            across, down = ctypes.c_int(), ctypes.c_int()
            raw.FPDF_PageToDevice(page, 0, 0, round(width * fine), round(height * fine), 0, x, y, across, down)
            corners.append((across.value / fine, down.value / fine))
        x0, x1 = sorted(corner[0] for corner in corners)
        y0, y1 = sorted(corner[1] for corner in corners)
        if not (0 <= x0 <= width and 0 <= y1 <= height * 1.01) or x1 - x0 < 1 or y1 - y0 < 1:
            continue
        found.append([round(x0, 1), round(y1 - (y1 - y0) * 0.18, 1), round(x1 - x0, 1), round(y1 - y0, 1), said])
    return found


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)))
