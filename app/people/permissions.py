"""The rights of this feature, by role and reach."""

from app.kernel.access import Role, Scope, permission

VIEW_PEOPLE = permission(
    "people.view",
    {
        Role.SUPERVISOR: Scope.TEAM,
        Role.UNIT_ADMIN: Scope.UNIT,
        Role.TRAINING_ADMIN: Scope.ALL,
        Role.AUDITOR: Scope.ALL,
        Role.SYSTEM_ADMIN: Scope.ALL,
    },
)
MANAGE_PEOPLE = permission("people.manage", {Role.UNIT_ADMIN: Scope.UNIT, Role.TRAINING_ADMIN: Scope.ALL, Role.SYSTEM_ADMIN: Scope.ALL})
GRANT_ROLES = permission("people.grant_roles", {Role.TRAINING_ADMIN: Scope.ALL, Role.SYSTEM_ADMIN: Scope.ALL})
VIEW_UNITS = permission(
    "people.view_units",
    {Role.UNIT_ADMIN: Scope.UNIT, Role.TRAINING_ADMIN: Scope.ALL, Role.AUDITOR: Scope.ALL, Role.SYSTEM_ADMIN: Scope.ALL},
)
MANAGE_UNITS = permission("people.manage_units", {Role.TRAINING_ADMIN: Scope.ALL, Role.SYSTEM_ADMIN: Scope.ALL})
IMPORT_PEOPLE = permission("people.import", {Role.TRAINING_ADMIN: Scope.ALL, Role.SYSTEM_ADMIN: Scope.ALL})
EXPORT_PEOPLE = permission("people.export", {Role.UNIT_ADMIN: Scope.UNIT, Role.TRAINING_ADMIN: Scope.ALL, Role.SYSTEM_ADMIN: Scope.ALL})
ISSUE_CODES = permission("people.issue_codes", {Role.UNIT_ADMIN: Scope.UNIT, Role.TRAINING_ADMIN: Scope.ALL, Role.SYSTEM_ADMIN: Scope.ALL})
VIEW_AUDIT = permission("people.view_audit", {Role.AUDITOR: Scope.ALL, Role.TRAINING_ADMIN: Scope.ALL, Role.SYSTEM_ADMIN: Scope.ALL})

# Who may hand out which role: nobody raises another person above themselves.
GRANTABLE = {
    Role.SYSTEM_ADMIN: frozenset(Role),
    Role.TRAINING_ADMIN: frozenset({Role.LEARNER, Role.INSTRUCTOR, Role.MODERATOR, Role.SUPERVISOR, Role.UNIT_ADMIN, Role.EXECUTIVE}),
}

# Whose account (its e-mail, its codes) a holder of the role may touch: an admin never takes over a stronger account by resetting it.
_ORDINARY = frozenset({Role.LEARNER, Role.INSTRUCTOR, Role.MODERATOR, Role.SUPERVISOR})
RESCUABLE = {
    Role.SYSTEM_ADMIN: frozenset(Role),
    Role.TRAINING_ADMIN: _ORDINARY | {Role.UNIT_ADMIN, Role.EXECUTIVE},
    Role.UNIT_ADMIN: _ORDINARY,
}
