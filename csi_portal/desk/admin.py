"""Django's admin: reference data for superusers, and nothing that a service decides.

What a call can come to, and the categories of complaints. Shipped rows keep their meaning: only their words, order
and use change; a store's own rows are free until they are used under a code. Nothing is deleted; every change is
written into the audit trail.
"""

import django.contrib.auth.admin  # noqa: F401  registers Group, which is taken out below
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils import timezone

from complaints.models import Category
from csi_portal.organization import audit
from surveys.models import Outcome

_WORDS = ("label_zh", "label_en", "position", "is_active")


class ReferenceAdmin(admin.ModelAdmin):
    list_filter = ["is_active", "scope_key"]
    exclude = ["scope_key"]

    def get_readonly_fields(self, request, obj=None):
        if obj is None:
            return []
        if obj.store_id is not None:
            return ["store", "code"]
        names = [field.name for field in obj._meta.fields if field.editable and not field.primary_key]
        return [name for name in names if name not in _WORDS]

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        if obj is None:
            # what holds for all stores is shipped; here a store adds its own
            form.base_fields["store"].required = True
        return form

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        action = "reference.changed" if change else "reference.added"
        audit.record(request.user, action, obj, store=obj.store, at=timezone.now(), fields=form.changed_data)


@admin.register(Outcome)
class OutcomeAdmin(ReferenceAdmin):
    list_display = ["code", "label_zh", "label_en", "group", "reached", "final_status", "is_active", "store"]


@admin.register(Category)
class CategoryAdmin(ReferenceAdmin):
    list_display = ["code", "kind", "label_zh", "label_en", "parent", "department", "is_active", "store"]
    list_filter = ["kind", "is_active", "scope_key"]


admin.site.unregister(Group)
