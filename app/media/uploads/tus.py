"""tus 1.0 (https://tus.io/protocols/resumable-upload): the addresses our upload script, and any other tus client, speaks to.

Every answer is for programs. No request holds a connection to the database while bytes travel.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from email.utils import format_datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from app.kernel.access import requires
from app.kernel.db import db, transaction
from app.kernel.errors import DomainError, Invalid, NotFound, TooLarge
from app.media.intake import HEAD_BYTES
from app.media.permissions import MANAGE_MEDIA
from app.media.refusals import reason
from app.media.uploads import files, limits, presentation, services
from app.media.uploads.errors import ChecksumMismatch, LengthNeeded, Locked, WrongContentType, WrongOffset, WrongProtocol
from app.media.uploads.models import MediaUpload, UploadState

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
ALGORITHMS = {"sha1": 20, "sha256": 32}
_REPR_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):")

bp = Blueprint("tus", __name__, url_prefix="/unggahan")


@bp.errorhandler(DomainError)
def _refuse(error: DomainError) -> tuple[Response, int]:
    db.session.rollback()
    return jsonify(error.as_json()), error.status


@bp.after_request
def _say_what_we_speak(response: Response) -> Response:
    response.headers["Tus-Resumable"] = VERSION
    response.headers["Cache-Control"] = "no-store"
    if request.method == "OPTIONS" or response.status_code == 412:
        response.headers["Tus-Version"] = VERSION
    if request.method == "OPTIONS":
        response.headers["Tus-Extension"] = EXTENSIONS
        response.headers["Tus-Max-Size"] = str(limits.MOST_BYTES)
        response.headers["Tus-Checksum-Algorithm"] = ",".join(ALGORITHMS)
    return response


@bp.get("")
@requires(MANAGE_MEDIA)
def index() -> Response:
    """Not tus: what this person has under way, what may be brought in, and a fresh token for a page that has stood open for long."""
    uploads = presentation.describe_all(services.list_own(current_user), current_user)
    return jsonify(uploads=uploads, limits=presentation.describe_limits(limits.limits_for(current_user)), csrf_token=generate_csrf())


@bp.post("")
@requires(MANAGE_MEDIA)
def create() -> Response:
    _check_version()
    told = _metadata(request.headers.get("Upload-Metadata", ""))
    size = _whole_number("Upload-Length")
    with transaction():
        upload = services.begin(current_user, told.get("filename", ""), size, told.get("fingerprint"))
    response = _facts(upload, Response(status=201))
    response.headers["Location"] = url_for("tus.show", public_id=upload.public_id)
    return response


@bp.get("/<public_id>")
@requires(MANAGE_MEDIA)
def show(public_id: str) -> Response:
    """HEAD, with which tus asks where to go on; a GET tells our own page more."""
    upload = services.get_own(current_user, public_id)
    if request.method == "HEAD":
        _check_version()
        if upload.state == UploadState.REFUSED:
            raise Invalid(reason(upload.failure_code), code=upload.failure_code)
        return _facts(upload, Response(status=200), _settled(upload))
    return _facts(upload, jsonify(presentation.describe_all([upload], current_user)[0]))


@bp.patch("/<public_id>")
@requires(MANAGE_MEDIA)
def append(public_id: str) -> Response:
    _check_version()
    if request.mimetype != "application/offset+octet-stream":
        raise WrongContentType
    offset, length, checksum = _whole_number("Upload-Offset"), request.content_length, _checksum()
    told_sha256 = _told_digest()
    upload = services.get_own(current_user, public_id)
    if length is None:
        raise LengthNeeded
    if length > limits.PIECE_BYTES or offset + length > upload.byte_size:
        raise TooLarge
    incoming = services.Incoming(upload.id, public_id, upload.byte_size)
    db.session.rollback()
    with files.held(public_id, request.environ.get("gurindam.connection")) as file:
        before = services.settle(incoming, files.size_of(file))
        if before != offset:
            raise WrongOffset(offset=before)
        files.cut(file, before)
        after = before + files.append(public_id, file, before, request.stream, length, checksum and checksum[0])
        if checksum and after == before + length and checksum[0].digest() != checksum[1]:
            files.cut(file, before)
            raise ChecksumMismatch
        if before < min(HEAD_BYTES, incoming.byte_size) <= after:
            file.seek(0)
            services.check_kind(incoming, file.read(HEAD_BYTES))
        acknowledged = services.acknowledge(incoming, before, after, told_sha256)
    return _facts(acknowledged, Response(status=204))


@bp.delete("/<public_id>")
@requires(MANAGE_MEDIA)
def remove(public_id: str) -> Response:
    _check_version()
    services.cancel(current_user, public_id)
    return Response(status=204)


@bp.post("/<public_id>")
@requires(MANAGE_MEDIA)
def override(public_id: str) -> Response:
    """For networks that let only GET and POST through: the method stands in a header, as tus allows."""
    match request.headers.get("X-HTTP-Method-Override"):
        case "PATCH":
            return append(public_id)
        case "DELETE":
            return remove(public_id)
        case _:
            raise NotFound


def _facts(upload: MediaUpload, response: Response, offset: int | None = None) -> Response:
    response.headers["Upload-Offset"] = str(upload.byte_offset if offset is None else offset)
    response.headers["Upload-Length"] = str(upload.byte_size)
    response.headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    return response


def _settled(upload: MediaUpload) -> int:
    """Where to go on. While another request brings bytes: what was acknowledged so far."""
    if upload.state != UploadState.RECEIVING:
        return upload.byte_offset
    offset, incoming = upload.byte_offset, services.Incoming(upload.id, upload.public_id, upload.byte_size)
    db.session.rollback()
    try:
        with files.held(incoming.public_id) as file:
            offset = services.settle(incoming, files.size_of(file))
            files.cut(file, offset)
    except Locked:
        return offset
    return offset


def _check_version() -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise WrongProtocol


def _whole_number(header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise DomainError(code="bad_header", header=header)
    return int(text)


def _metadata(text: str) -> dict[str, str]:
    """`Upload-Metadata`: names and base64 values. Raises Invalid for what cannot be read."""
    found = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _space, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode("utf-8").replace("\0", "")
        except ValueError as error:  # neither base64 nor UTF-8
            raise DomainError(code="bad_header", header="Upload-Metadata") from error
    return found


def _checksum() -> tuple[Any, bytes] | None:
    """What `Upload-Checksum` asks for: the running digest and what it shall be."""
    text = request.headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _space, value = text.partition(" ")
    try:
        wanted = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise DomainError(code="bad_header", header="Upload-Checksum") from error
    if ALGORITHMS.get(algorithm) != len(wanted):
        raise DomainError(code="unknown_checksum", known=list(ALGORITHMS))
    return hashlib.new(algorithm, usedforsecurity=False), wanted


def _told_digest() -> str | None:
    """The digest of the whole file, which our script knows by its last piece (`Repr-Digest`, RFC 9530)."""
    text = request.headers.get("Repr-Digest")
    if text is None:
        return None
    found = _REPR_DIGEST.search(text)
    try:
        digest = base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        raise DomainError(code="bad_header", header="Repr-Digest")
    return digest.hex()
