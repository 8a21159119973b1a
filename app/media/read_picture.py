"""Reads a picture in a confined process: `read_picture.py <path> <folder>` writes it anew as WebP, without anything hidden in it."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

WIDTHS = (640, 1280)
MOST_PIXELS, SMALLEST_SIDE, STEEPEST = 50_000_000, 8, 20


def read(path: str, folder: str) -> dict[str, object]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # our own limit stands below, before anything is decoded
    formats = ("PNG", "JPEG", "WEBP", "GIF")
    try:
        with Image.open(path, formats=formats) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return {"refused": "TOO_MANY_PIXELS", "detail": f"{picture.width}x{picture.height}"}
            picture.verify()
        with Image.open(path, formats=formats) as picture:
            upright = ImageOps.exif_transpose(picture)
            whole = upright.convert("RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB")
    except UnidentifiedImageError as error:
        return {"refused": "NOT_A_PICTURE", "detail": str(error)[:200]}
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        return {"refused": "UNREADABLE", "detail": str(error)[:200]}
    width, height = whole.size
    if min(width, height) < SMALLEST_SIDE or max(width, height) > STEEPEST * min(width, height):
        return {"refused": "ODD_SHAPE", "detail": f"{width}x{height}"}
    made = []
    for wide in [w for w in WIDTHS if w < width] + ([width] if width <= WIDTHS[-1] else []):
        smaller = whole if wide == width else whole.resize((wide, max(1, round(height * wide / width))), Image.Resampling.LANCZOS)
        name = f"{wide}.webp"
        smaller.save(Path(folder) / name, "WEBP", quality=84, method=4)
        made.append({"path": name, "width": smaller.width, "height": smaller.height})
    return {"width": width, "height": height, "pictures": made[-2:]}


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1], sys.argv[2])))
