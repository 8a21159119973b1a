"""The uploader alone on a page, beside the gallery of components at `/_ui`. Not there in production."""

from flask import Blueprint, render_template

from app.kernel.access import requires
from app.media.permissions import MANAGE_MEDIA

bp = Blueprint("upload_sample", __name__)


@bp.get("/_ui/unggah")
@requires(MANAGE_MEDIA)
def index() -> str:
    return render_template("media/upload_sample.html")
