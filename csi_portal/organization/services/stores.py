"""Stores and their departments."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from csi_portal.organization import audit, permissions
from csi_portal.organization.enums import DepartmentCode
from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.fingerprints import require_unchanged
from csi_portal.organization.models import Department, Store

STORE_FIELDS = ("name", "timezone", "clock", "phone")


def open_store(*, code: str, name: str, timezone: str, clock: str, by, now, phone: str = "") -> Store:
    """Open a store with all departments POLICY names; only who administers all stores may.

    Raises NotAllowed; IllegalMove when the code is taken; ValidationError for a code or zone that is none.
    """
    permissions.require_everywhere(by, "organization.manage_store")
    store = Store(code=code, name=name, timezone=timezone, clock=clock, phone=phone)
    store.clean_fields()
    try:
        with transaction.atomic():
            store.save()
            Department.objects.bulk_create(Department(store=store, code=one) for one in DepartmentCode.values)
            audit.record(by, "store.opened", store, store=store, at=now, code=code, name=name, timezone=timezone)
    except IntegrityError:
        raise IllegalMove(_("A store with this code exists already.")) from None
    return store


def change_store(store: Store, *, by, now, seen: str | None = None, **values) -> Store:
    """Change name, time zone, clock or phone; deadlines that run keep their times (POLICY section 3).

    `seen` is the fingerprint the form showed. Raises NotAllowed, Conflict, ValidationError.
    """
    permissions.require(by, "organization.manage_store", store)
    with transaction.atomic():
        store = Store.objects.select_for_update().get(pk=store.pk)
        require_unchanged(store, STORE_FIELDS, seen)
        before = {field: getattr(store, field) for field in values if getattr(store, field) != values[field]}
        if not before:
            return store
        for field in before:
            setattr(store, field, values[field])
        store.clean_fields()
        store.save(update_fields=list(before))
        after = {field: values[field] for field in before}
        audit.record(by, "store.changed", store, store=store, at=now, before=before, after=after)
    return store


def add_department(store: Store, *, code: str, name: str, by, now) -> Department:
    """Add a department of one of the known codes. Raises IllegalMove when the store has it."""
    permissions.require(by, "organization.manage_store", store)
    if code not in DepartmentCode.values:
        raise ValueError(f"unknown department {code!r}")
    with transaction.atomic():
        department, made = Department.objects.get_or_create(store=store, code=code, defaults={"name": name.strip()})
        if not made:
            raise IllegalMove(_("The store has this department already."))
        audit.record(by, "department.added", department, at=now, code=code, name=name)
    return department


def rename_department(department: Department, *, name: str, by, now) -> Department:
    """Give the department the store's own name; an empty one goes back to the usual."""
    permissions.require(by, "organization.manage_store", department.store)
    name = name.strip()
    with transaction.atomic():
        locked = Department.objects.select_for_update().get(pk=department.pk)
        if locked.name != name:
            audit.record(by, "department.renamed", locked, at=now, before=locked.name, after=name)
            locked.name = name
            locked.save(update_fields=["name"])
    return locked
