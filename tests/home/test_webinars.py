"""The next webinars stand on the front page and on a learner's home, with how one stands in them."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from app.kernel import clock
from app.webinars.models import RegistrationState, WebinarState
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


def test_at_home_what_one_registered_for_comes_first_then_what_is_open(client: FlaskClient) -> None:
    user, now = make_user(), clock.now()

    def on_day(days: int, **values: object) -> str:
        webinar = make_webinar(title=f"Webinar hari {days}", starts_at=now + timedelta(days=days), **values)
        if days in (5, 6, 3):
            register(webinar, user, {5: RegistrationState.REGISTERED, 6: RegistrationState.WAITLISTED, 3: RegistrationState.CANCELED}[days])
        return webinar.title

    closed, near, given_back, far, registered, waiting = (
        on_day(1, registration_closes_at=now - timedelta(hours=1)), on_day(2), on_day(3), on_day(4), on_day(5), on_day(6),
    )  # fmt: skip
    home = sign_in(client, user).get("/beranda").text
    assert [title for title in (registered, waiting, near) if title in home] == [registered, waiting, near]
    assert home.index(registered) < home.index(waiting) < home.index(near)
    assert not any(title in home for title in (closed, given_back, far))
