"""The frame of every page (docs/components.md, "The frame's data")."""

from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from csi_portal.desk import places
from csi_portal.desk.sweeping import sweep_state
from csi_portal.notifications.services import count_unread
from csi_portal.organization import hooks
from csi_portal.organization.markup import initial_of
from csi_portal.organization.models import Employee


def frame(request) -> dict:
    """Context of base.html; empty for who is not signed in. Reckoned only when a template asks for it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not hasattr(request, "store"):
        return {"frame": {}}
    return {"frame": SimpleLazyObject(lambda: build(request))}


def build(request) -> dict:
    store, user = request.store, request.user
    groups = places.groups_for(user, store, request.path, rail_counts(request))
    return {
        "places": groups,
        "bottom": places.bottom_for(user, store, groups),
        "store": store,
        "stores": request.stores,
        "person": person(user, store),
        "unread": count_unread(user),
        "sweep": sweep_state(request.now),
        "demo": bool(store and store.is_demo),
        "language": get_language(),
    }


def rail_counts(request) -> dict[str, dict]:
    """Place -> {count, overdue}; what several floors say of one place adds up."""
    found: dict[str, dict] = {}
    for panel in hooks.panels("rail", request) if request.store is not None else []:
        place = found.setdefault(panel["place"], {"count": 0, "overdue": False})
        place["count"] += panel["count"]
        place["overdue"] = place["overdue"] or bool(panel["overdue"])
    return found


def person(user, store) -> dict:
    """Name and position as the store knows the person, else the login's name."""
    employee = Employee.objects.filter(user=user, store=store).first() if store is not None else None
    name = employee.name if employee else user.display_name()
    return {
        "name": name,
        "position": employee.position if employee else "",
        "initial": initial_of(name),
        "tint": user.pk,
    }
