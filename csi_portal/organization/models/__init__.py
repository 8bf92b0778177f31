"""Stores, people, rights, versions of policy, and the books every floor writes into."""

from .books import AuditLine, Counter, Heartbeat, JobSlot, StoredFile, SubmitKey
from .people import Department, Duty, Employee, RoleGrant, Store, Team, TeamMembership, User
from .versions import CalendarVersion, PolicyVersion

__all__ = [
    "AuditLine",
    "CalendarVersion",
    "Counter",
    "Department",
    "Duty",
    "Employee",
    "Heartbeat",
    "JobSlot",
    "PolicyVersion",
    "RoleGrant",
    "Store",
    "StoredFile",
    "SubmitKey",
    "Team",
    "TeamMembership",
    "User",
]
