"""Slots that features fill: ways in (navigation), the search box, the bell.

A feature registers in its `wiring.init_app(app)`; nothing here asks the database. A way in is shown to those who may pass its door:
unless said otherwise, the permission is the one named on the view it leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_login import current_user

from app.kernel.access import Permission, may, permission_of
from app.kernel.i18n import current_language

PLACES = ("main", "manage", "account", "public", "entrance", "footer")


@dataclass(frozen=True, slots=True)
class NavItem:
    """One way in.

    `where`: `main` is the rail and the phone's tab bar; `manage` the list beside pages under /kelola; `account` the menu under the
    person's initials; `public` the bar of pages for people not signed in, `entrance` its way to signing in; `footer` their
    last lines.
    `label` is a lazy text. `order` sorts within the place; by tens, so that others fit between.
    `within` are address prefixes that count as being here, besides the page itself.
    `post` makes it a button that sends a form (signing out), never a link.
    """

    endpoint: str
    label: Any
    icon: str = ""
    order: int = 50
    where: str = "main"
    permission: Permission | None = None
    predicate: Callable[[], bool] | None = None
    within: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    post: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class NavLink:
    """A way in as one page shows it. Each is made once and kept, so that being the same one is being equal."""

    url: str
    label: str
    icon: str
    current: bool
    post: bool


@dataclass(slots=True)
class Slots:
    items: list[NavItem] = field(default_factory=list)
    search_endpoint: str | None = None
    bell_endpoint: str | None = None
    unread_count: Callable[[], int] | None = None
    kept: dict[tuple[Any, ...], Any] = field(default_factory=dict)


def _slots(app: Flask | None = None) -> Slots:
    return (app or current_app).extensions.setdefault("gurindam_ui", Slots())


def register_nav_item(app: Flask, item: NavItem) -> None:
    if item.where not in PLACES:
        raise ValueError(f"{item.endpoint}: a way in is shown in one of {', '.join(PLACES)}, not {item.where!r}")
    _slots(app).items.append(item)
    _slots(app).kept.clear()


def register_search(app: Flask, endpoint: str) -> None:
    """Name the page that answers the search box; it reads the query from `?q=`."""
    _slots(app).search_endpoint = endpoint


def register_bell(app: Flask, endpoint: str, unread_count: Callable[[], int]) -> None:
    """Name the page behind the bell and the function that counts what the current user has not read."""
    slots = _slots(app)
    slots.bell_endpoint, slots.unread_count = endpoint, unread_count


def nav_items(where: str = "main") -> list[NavLink]:
    """The ways in that the current user may take, in order."""
    found, endpoint, path = [], request.endpoint, request.path
    for item, link, link_here in _ways_open(where):
        if item.predicate is None or item.predicate():
            found.append(link_here if endpoint == item.endpoint or path.startswith(item.within) else link)
    return found


Way = tuple[NavItem, NavLink, NavLink]


def _ways_open(where: str) -> list[Way]:
    """The ways in that these roles open, each as it looks from elsewhere and from within. Kept: few sets of roles, on every page."""
    slots = _slots()
    person: Any = current_user._get_current_object()  # type: ignore[union-attr]
    roles = getattr(person, "roles", None) if person.is_authenticated else ()
    if roles is None:
        return _find_ways(slots, where)
    key = (where, frozenset(roles), current_language(), request.script_root)
    if key not in slots.kept:
        slots.kept[key] = _find_ways(slots, where)
    return slots.kept[key]


def _find_ways(slots: Slots, where: str) -> list[Way]:
    app, found = current_app, []
    for item in sorted(slots.items, key=lambda item: item.order):
        if item.where != where:
            continue
        if item.endpoint not in app.view_functions:
            raise LookupError(f"the way in {item.label!r} leads to {item.endpoint!r}, which is no view")
        needed = item.permission or permission_of(app, item.endpoint)
        if needed is not None and may(needed):
            url, label = url_for(item.endpoint, **item.values), str(item.label)
            away, here = (NavLink(url=url, label=label, icon=item.icon, current=current, post=item.post) for current in (False, True))
            found.append((item, away, here))
    return found


def search_url() -> str | None:
    return _kept_url(_slots().search_endpoint)


def bell_url() -> str | None:
    return _kept_url(_slots().bell_endpoint)


def _kept_url(endpoint: str | None) -> str | None:
    if endpoint is None:
        return None
    kept, key = _slots().kept, (endpoint, request.script_root)
    if key not in kept:
        kept[key] = url_for(endpoint)
    return kept[key]


def unread_count() -> int:
    """How many notifications the current user has not read; asked at most once in a request."""
    if "unread_count" not in g:
        count = _slots().unread_count
        g.unread_count = count() if count else 0
    return g.unread_count
