"""Who may learn, assign, see whose progress, and see every lesson's material without taking the course."""

from app.kernel.access import Role, Scope, permission

LEARN = permission("learning.learn", dict.fromkeys(Role, Scope.SELF))
ASSIGN = permission(
    "learning.assign",
    {Role.SUPERVISOR: Scope.TEAM, Role.UNIT_ADMIN: Scope.UNIT, Role.TRAINING_ADMIN: Scope.ALL},
)
SEE_PROGRESS = permission(
    "learning.see_progress",
    {
        Role.SUPERVISOR: Scope.TEAM,
        Role.UNIT_ADMIN: Scope.UNIT,
        Role.TRAINING_ADMIN: Scope.ALL,
        Role.AUDITOR: Scope.ALL,
    },
)
PREVIEW = permission("learning.preview", {Role.TRAINING_ADMIN: Scope.ALL})
