"""The pages of people: signing in, one's own profile, and the work of those who look after accounts."""

from flask import Blueprint, Response

bp = Blueprint("people", __name__, template_folder="../templates")


@bp.after_request
def _keep_no_copy(response: Response) -> Response:
    """Pages with NIP and addresses are not left behind in the browser of a shared computer."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


from app.people.routes import access, directory, exchange, log, profile, slips, units  # noqa: E402

__all__ = ["access", "bp", "directory", "exchange", "log", "profile", "slips", "units"]
