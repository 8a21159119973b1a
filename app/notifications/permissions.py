"""The rights of this feature, by role and reach."""

from app.kernel.access import Role, Scope, permission

VIEW_OUTBOX = permission("notifications.view_outbox", {Role.SYSTEM_ADMIN: Scope.ALL})
