"""Who may change courses, and who says who may."""

from app.kernel.access import Role, Scope, permission

# An instructor or unit admin in the courses whose team they are in (scope SELF), BKPSDM in all.
EDIT_COURSES = permission("courses.edit", {Role.INSTRUCTOR: Scope.SELF, Role.UNIT_ADMIN: Scope.SELF, Role.TRAINING_ADMIN: Scope.ALL})
NAME_STAFF = permission("courses.name_staff", {Role.TRAINING_ADMIN: Scope.ALL})
