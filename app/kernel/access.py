"""Who may do what: role x scope, named at every door.

A feature declares `Permission`s and marks each view and socket handler with `requires(...)` or `public`. A door without a mark stays
shut for everyone, and a test fails. What a person holds comes from above: the current user answers `scope_for(permission)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, TypeVar

from flask import Flask, request
from flask_login import current_user

from app.kernel.errors import NotAllowed, SignInNeeded

View = TypeVar("View", bound=Callable[..., Any])


class Role(StrEnum):
    LEARNER = "learner"
    INSTRUCTOR = "instructor"
    MODERATOR = "moderator"
    SUPERVISOR = "supervisor"
    UNIT_ADMIN = "unit_admin"
    TRAINING_ADMIN = "training_admin"
    EXECUTIVE = "executive"
    AUDITOR = "auditor"
    SYSTEM_ADMIN = "system_admin"


class Scope(IntEnum):
    """How far a permission reaches; a larger one includes the smaller."""

    SELF = 1
    TEAM = 2  # people whose direct supervisor this is
    UNIT = 3  # an organization unit and everything below it
    ALL = 4


@dataclass(frozen=True, slots=True)
class Permission:
    """A right with a name, and how far it reaches for each role that has it."""

    name: str
    grants: Mapping[Role, Scope]

    def __hash__(self) -> int:
        return hash(self.name)


PUBLIC = Permission("public", {})
SIGNED_IN = Permission("signed_in", dict.fromkeys(Role, Scope.SELF))

PERMISSIONS: dict[str, Permission] = {}


def permission(name: str, grants: Mapping[Role, Scope]) -> Permission:
    """Declare a right. Its name is `feature.what`, once in the whole product."""
    made = Permission(name, grants)
    if PERMISSIONS.setdefault(name, made).grants != made.grants:
        raise ValueError(f"permission {name} is declared twice")
    return made


def requires(needed: Permission) -> Callable[[View], View]:
    """Mark a door: only for people who hold the permission. The view still checks the object at hand."""

    def mark(view: View) -> View:
        view.needed_permission = needed  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Mark a door that is open to everyone."""
    return requires(PUBLIC)(view)


def identifies(needed: Permission) -> Callable[[View], View]:
    """Mark a door on a hot path, for a permission that every role holds: the guard lets it through, and the view begins by asking
    `people.sessions.get_signed_in_id()` who it is, which costs one small query instead of the whole person."""
    if set(needed.grants) != set(Role):
        raise ValueError(f"{needed.name} is not held by every role")

    def mark(view: View) -> View:
        view.identifies_itself = True  # type: ignore[attr-defined]
        return requires(needed)(view)

    return mark


def identifies_itself(app: Flask, endpoint: str | None) -> bool:
    return getattr(app.view_functions.get(endpoint or ""), "identifies_itself", False)


def check(needed: Permission | None) -> None:
    """Raise unless the current user may pass. `SignInNeeded` for nobody, `NotAllowed` for the wrong role."""
    if needed is PUBLIC:
        return
    if not current_user.is_authenticated:
        raise SignInNeeded
    if needed is None or current_user.scope_for(needed) is None:
        raise NotAllowed


def may(needed: Permission) -> bool:
    """Whether to show a way in at all (navigation, buttons). The door itself checks again."""
    return needed is PUBLIC or bool(current_user.is_authenticated and current_user.scope_for(needed) is not None)


def permission_of(app: Flask, endpoint: str | None) -> Permission | None:
    return getattr(app.view_functions.get(endpoint or ""), "needed_permission", None)


def init_app(app: Flask) -> None:
    public(app.view_functions["static"])

    @app.before_request
    def _guard_the_door() -> None:
        if request.endpoint is not None and request.method != "OPTIONS" and not identifies_itself(app, request.endpoint):
            check(permission_of(app, request.endpoint))
