"""A small cast and a small course with a video, for the library's tests."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from app.courses import staff
from app.courses.queries import find_course
from app.interchange.packages.publishing import import_package
from app.kernel import events
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.library.models import LibraryItem
from app.media.events import UploadFinished
from app.media.models import AssetKind, AssetState, MediaAsset, Stage
from app.media.services import store_asset
from app.people.models import OrgUnit, User
from tests.interchange.package_kit import CAPTIONS, good_package, with_video, write_package
from tests.people.factories import make_unit, make_user

SLUG = "kursus-kecil"


@dataclass
class Cast:
    """Bambang teaches in the training agency; Citra in another; Ridwan looks after Citra's agency; Yulia after everything; Didi learns."""

    city: OrgUnit
    agency: OrgUnit
    other: OrgUnit
    bambang: User
    citra: User
    ridwan: User
    yulia: User
    didi: User


def make_cast() -> Cast:
    city = make_unit("Pemerintah Kota", kind="pemerintah")
    agency, other = make_unit("BKPSDM", parent=city), make_unit("Dinas Kesehatan", parent=city)
    ward = make_unit("Puskesmas Kota", parent=other)
    return Cast(
        city,
        agency,
        other,
        make_user("Bambang Setiawan", role=Role.INSTRUCTOR, unit=agency),
        make_user("Citra Dewi", role=Role.INSTRUCTOR, unit=ward),
        make_user("Muhammad Ridwan", role=Role.UNIT_ADMIN, unit=other),
        make_user("Yulia Fransiska", role=Role.TRAINING_ADMIN, unit=agency),
        make_user("Didi Kurnia", unit=ward),
    )


def make_pdf(words: str = "Prosedur melayani warga di loket") -> bytes:
    """A page with a text layer, written by hand."""
    drawn = f"BT /F1 18 Tf 72 700 Td ({words}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + table + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(made)


def make_picture(color: str = "navy") -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (80, 60), color).save(picture, "PNG")
    return picture.getvalue()


def bring(owner: User, content: bytes, name: str, kind: AssetKind = AssetKind.DOCUMENT) -> LibraryItem:
    """A person's upload has arrived: the asset exists and the fact is announced in one transaction, as the uploader does it."""
    asset_id = store_asset(io.BytesIO(content), name, kind, owner.id).id
    with transaction():
        events.record(UploadFinished(asset_id, owner.id, name))
    return find_item(owner.id, asset_id)


def find_item(owner_id: int | None, asset_id: int) -> LibraryItem:
    db.session.rollback()
    return db.session.query(LibraryItem).filter_by(owner_id=owner_id, asset_id=asset_id).one()


def make_ready(asset_id: int, **facts) -> None:
    """Let an asset be prepared, without the encoder."""
    with transaction():
        asset = db.session.get_one(MediaAsset, asset_id)
        asset.state, asset.stage, asset.percent, asset.generation = AssetState.READY, Stage.DONE, 100, 1
        for name, value in facts.items():
            setattr(asset, name, value)


def import_course(folder: Path, video: bytes | None = None) -> None:
    import_package(write_package(folder, with_video(video, CAPTIONS) if video else good_package()))


def put_into_team(user: User, slug: str = SLUG, role: str = staff.INSTRUCTOR) -> None:
    with transaction():
        staff.add_to_team(find_course(slug), user.id, role, user.id)

