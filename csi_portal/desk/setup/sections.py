"""The sections of the room, as tabs, and who may enter."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from csi_portal.organization import permissions


def enter(request) -> None:
    """The administrators of the store at work only; who administers all stores also where there is none yet."""
    if request.store is None:
        permissions.require_everywhere(request.user, "organization.manage_people")
    else:
        permissions.require(request.user, "organization.manage_people", request.store)


def tabs(active: str) -> list[dict]:
    names = {
        "store": _("Store"),
        "departments": _("Departments"),
        "employees": pgettext("settings", "People"),
        "roles": _("Roles"),
        "messages": _("Messages not delivered"),
    }
    return [
        {"url": reverse(f"settings:{key}"), "label": label, "active": key == active, "count": None}
        for key, label in names.items()
    ]


def page(active: str, title: str, **context) -> dict:
    return {"tabs": tabs(active), "page_title": title, **context}
