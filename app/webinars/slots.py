"""What features above draw on the one page of a webinar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.webinars.models import Webinar, WebinarState
from app.webinars.participants import Participant

# Draws the page of a webinar in one of its states: (webinar, who asks or None) -> response.
PageOf = Callable[[Webinar, Participant | None], Any]
PAGES: dict[WebinarState, PageOf] = {}


def register_page(state: WebinarState, page: PageOf) -> None:
    """Say who draws the page while a webinar is in this state; without one, this feature's own page stands."""
    PAGES[state] = page
