"""Who may bring media in and answer for it."""

from app.kernel.access import Role, Scope, permission

# An instructor for their own files, a unit admin for those of the unit and below, BKPSDM for all.
MANAGE_MEDIA = permission("media.manage", {Role.INSTRUCTOR: Scope.SELF, Role.UNIT_ADMIN: Scope.UNIT, Role.TRAINING_ADMIN: Scope.ALL})
