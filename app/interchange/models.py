"""What is kept of the packages that courses were published from."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, moment


class PackageFile(Base):
    """One file of the package that a course version was published from, so that it can be written back byte for byte.

    The bytes lie in the storage: once for each content, or in the media library when `asset_id` names a video, document or picture there.
    """

    __tablename__ = "package_file"

    version_id: Mapped[int] = mapped_column(ForeignKey("course_version.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    byte_size: Mapped[int] = mapped_column(BigInteger)
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("media_asset.id"))


class PackageImport(Base):
    """The last package of a course that came from a folder or archive, and the version it became.

    While the course still stands at that version, a changed package simply becomes the next one. When the studio has published since, a
    package that did not change is left alone, and a changed one is not taken without a word.
    """

    __tablename__ = "package_import"

    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True)
    files_digest: Mapped[str] = mapped_column(String(64), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("course_version.id"))
    imported_at: Mapped[moment]
