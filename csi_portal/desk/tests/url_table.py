"""Pages of the top floor: everybody signed in has a desk; the rest is the administrator's."""

import uuid

from csi_portal.desk.setup import grants
from csi_portal.notifications.models import Message
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Duty, RoleGrant, User
from csi_portal.organization.tests.url_rows import ALL, Row

ADMIN = "administrator"
SETS_DUTY = "care_manager department_manager general_manager"
CONFIRMS = "general_manager group_approver administrator"

ROWS = [
    Row("desk:today", get=ALL),
    Row("desk:search", get=ALL, query="?q=x"),
    Row("desk:me", get=ALL),
    Row("desk:password", get=ALL, post=ALL),
    Row("desk:roster", get=SETS_DUTY, post=SETS_DUTY),
    Row("desk:cancel_off", args=lambda at: [at.duty.pk], post=SETS_DUTY, denied=403),
    Row("settings:home", get=ADMIN),
    Row("settings:store", get=ADMIN, post=ADMIN),
    # only who administers all stores opens a further one
    Row("settings:new_store", get="", post=""),
    Row("settings:departments", get=ADMIN, post=ADMIN),
    Row("settings:rename_department", args=lambda at: [at.department.pk], post=ADMIN, denied=403),
    Row("settings:employees", get=ADMIN),
    Row("settings:new_employee", get=ADMIN, post=ADMIN),
    Row("settings:employee", args=lambda at: [at.colleague.pk], get=ADMIN, post=ADMIN, denied=403),
    Row("settings:give_login", args=lambda at: [at.colleague.pk], post=ADMIN, denied=403),
    Row("settings:new_password", args=lambda at: [at.colleague.pk], post=ADMIN, denied=403),
    Row("settings:close_login", args=lambda at: [at.colleague.pk], post=ADMIN, denied=403),
    Row("settings:reopen_login", args=lambda at: [at.colleague.pk], post=ADMIN, denied=403),
    Row("settings:roles", get=ADMIN, post=ADMIN),
    Row("settings:withdraw_role", args=lambda at: [at.grant.pk], post=ADMIN, denied=403),
    Row("settings:request", args=lambda at: [at.request_key], get=CONFIRMS, denied=403),
    Row("settings:confirm_request", args=lambda at: [at.request_key], post=CONFIRMS, denied=403),
    Row("settings:decline_request", args=lambda at: [at.request_key], post=CONFIRMS, denied=403),
    Row("settings:messages", get=ADMIN),
    Row("settings:send_again", args=lambda at: [at.dead_letter.pk], post=ADMIN, denied=403),
]


def furnish(at):
    today = at.store.local_date(at.now)
    at.duty = Duty.objects.create(store=at.store, employee=at.employee, date=today, off=True)
    at.colleague = at.hire("例同事", user=User.objects.create_user(f"colleague.{at.store.code}".lower()))
    at.grant = RoleGrant.objects.create(user=at.colleague.user, role=Role.CARE_AGENT, store=at.store)
    requester = User.objects.create_user(f"requester.{at.store.code}".lower())
    RoleGrant.objects.create(user=requester, role=Role.ADMINISTRATOR, store=at.store)
    newcomer = User.objects.create_user(f"newcomer.{at.store.code}".lower())
    item = grants.request_grant(newcomer, Role.FINANCE, by=requester, now=at.now, store=at.store)
    at.request_key = uuid.UUID(item.subject_key.removeprefix("grant:"))
    at.dead_letter = Message.objects.create(
        store=at.store, recipient="u:1", channel="email", dedupe_key="dead", kind="walk", status="dead"
    )
