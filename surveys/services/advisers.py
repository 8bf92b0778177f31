"""Whose name an order's adviser is, where the DMS writes it otherwise than the roster."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import audit, permissions
from csi_portal.organization.errors import Conflict, IllegalMove
from csi_portal.organization.models import Employee, Store
from surveys.models import Visit


def map_adviser(store: Store, name: str, employee: Employee, *, by, now: datetime) -> int:
    """Say that `name` is this employee: all orders with the name are the employee's; returns how many.

    Later imports follow the decision. Refuses (Conflict) when no order waits under the name any more.
    """
    permissions.require(by, "surveys.clarify", store)
    if employee.store_id != store.pk:
        raise IllegalMove(_("This person works in another store."))
    with transaction.atomic():
        waiting = Visit.objects.filter(store=store, advisor_name=name).without_adviser()
        changed = waiting.update(advisor=employee)
        if not changed:
            raise Conflict(_("Somebody else has assigned this name already."))
        audit.record(by, "visit.adviser_mapped", employee, at=now, name=name, orders=changed)
    return changed
