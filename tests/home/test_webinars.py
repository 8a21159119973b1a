"""The next webinars stand on the front page and on a learner's home, with how one stands in them."""

from __future__ import annotations

from flask.testing import FlaskClient

from app.webinars.models import WebinarState
from tests.people.factories import make_user, sign_in
from tests.webinars.factories import make_webinar, register


def test_next_webinars_on_the_front_page_and_at_home(client: FlaskClient) -> None:
    assert "Webinar berikutnya" not in client.get("/").text
    shown, draft, user = make_webinar(), make_webinar(state=WebinarState.DRAFT), make_user()
    register(shown, user)
    front = client.get("/").text
    assert shown.title in front
    assert draft.title not in front
    home = sign_in(client, user).get("/beranda").text
    assert f'href="/webinar/{shown.slug}"' in home
    assert "Anda terdaftar" in home
    assert draft.title not in home
