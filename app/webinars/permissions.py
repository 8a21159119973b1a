"""Who may plan webinars, run them, attend them, speak in them and read what became of them.

`SPEAK` is held by no role: a speaker's personal link gives it, for one webinar. Whoever is named in a webinar's staff moderates it.
"""

from app.kernel.access import Role, Scope, permission

ATTEND = permission("webinars.attend", dict.fromkeys(Role, Scope.SELF))
PLAN = permission("webinars.plan", {Role.TRAINING_ADMIN: Scope.ALL})
MODERATE = permission("webinars.moderate", {Role.MODERATOR: Scope.SELF, Role.INSTRUCTOR: Scope.SELF, Role.TRAINING_ADMIN: Scope.ALL})
SPEAK = permission("webinars.speak", {})
SEE_REPORT = permission(
    "webinars.see_report",
    {Role.MODERATOR: Scope.SELF, Role.UNIT_ADMIN: Scope.UNIT, Role.TRAINING_ADMIN: Scope.ALL, Role.AUDITOR: Scope.ALL, Role.EXECUTIVE: Scope.ALL},
)
