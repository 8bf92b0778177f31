"""The audit trail: a plain append in the transaction of the act (DESIGN, ground rules)."""

from contextvars import ContextVar

from csi_portal.organization.models import AuditLine

# The address of the request that is being served; commands and tasks have none.
client_address: ContextVar[str | None] = ContextVar("client_address", default=None)


def record(by, action: str, obj=None, *, store=None, at, **detail) -> AuditLine:
    """Append who (`by`: user or SYSTEM) did what (`action`) to which object; `detail` must be JSON-able."""
    from csi_portal.organization.permissions import (
        SYSTEM,
    )  # permissions imports the models beside this module

    return AuditLine.objects.create(
        store=store if store is not None else getattr(obj, "store", None),
        at=at,
        actor=None if by is SYSTEM else by,
        actor_name="system" if by is SYSTEM else by.display_name(),
        action=action,
        object_type=obj._meta.label_lower if obj is not None else "",
        object_id=str(obj.pk) if obj is not None else "",
        detail=detail,
        address=client_address.get(),
    )
