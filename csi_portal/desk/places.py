"""The places of the portal: what stands in the rail and on the phone's bottom bar, and who sees it (UX, "Places")."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from csi_portal.organization import permissions
from csi_portal.organization.enums import Role


def everybody(user, store) -> bool:
    return True


def may(action: str) -> Callable:
    return lambda user, store: store is not None and permissions.can(user, action, store)


def may_only(action: str, more: str) -> Callable:
    """Who may `action`, but not `more`, which has a place of its own."""
    return lambda user, store: may(action)(user, store) and not may(more)(user, store)


def holds(*roles: str) -> Callable:
    return lambda user, store: store is not None and bool(permissions.roles_in(user, store) & set(roles))


def administers(user, store) -> bool:
    """Who administers the store at work, or all stores where there is none yet."""
    if store is None:
        return permissions.can_everywhere(user, "organization.manage_people")
    return permissions.can(user, "organization.manage_people", store)


@dataclass(frozen=True)
class Place:
    """One entry; `prefix` is the start of the paths on which it is the open one."""

    key: str
    url_name: str
    icon: str
    label: object
    seen_by: Callable
    prefix: str
    short: object = ""


_WITH_COMPLAINTS = holds(
    Role.CARE_AGENT,
    Role.CARE_MANAGER,
    Role.DEPARTMENT_MANAGER,
    Role.GENERAL_MANAGER,
    Role.GROUP_APPROVER,
    Role.REGIONAL_VIEWER,
    Role.EMPLOYEE,
)

GROUPS: list[list[Place]] = [
    [
        Place("today", "desk:today", "sun", _("Today"), everybody, "/", pgettext_lazy("short", "Today")),
        Place("calls", "surveys:queue", "headset", _("Calls"), may("surveys.call"), "/calls/"),
        Place("visits", "surveys:visits", "receipt", _("Business records"), may("surveys.view_visits"), "/visits/"),
        Place("responses", "surveys:responses", "ui-checks", _("Answers"), may("surveys.view_visits"), "/surveys/"),
        Place("complaints", "complaints:list", "chat-square-text", _("Complaints"), _WITH_COMPLAINTS, "/complaints/"),
    ],
    [
        Place("boards", "reports:boards", "bar-chart", _("Boards"), may("reports.view_boards"), "/boards/"),
    ],
    [
        Place(
            "approvals",
            "incentives:approvals",
            "check2-square",
            _("Approvals"),
            may("incentives.approve"),
            "/approvals/",
        ),
        Place("ledger", "incentives:ledger", "wallet2", _("Ledger"), may("incentives.view_ledger"), "/ledger/"),
        Place(
            "proposals",
            "incentives:proposals",
            "wallet2",
            _("Rewards and penalties"),
            may_only("incentives.view_proposals", "incentives.view_ledger"),
            "/ledger/",
        ),
        Place(
            "notices", "incentives:notices", "megaphone", _("Notice board"), may("incentives.view_notices"), "/notices/"
        ),
        Place("me", "desk:me", "person", _("Me"), everybody, "/me/"),
    ],
    [
        Place("roster", "desk:roster", "calendar-week", _("Duty roster"), may("organization.set_duty"), "/roster/"),
        Place("settings", "settings:home", "gear", _("Settings"), administers, "/settings/"),
    ],
]

# The four places of each role on the phone; a person with several roles has those of the first that fits.
BOTTOM: list[tuple[str, list[str]]] = [
    (Role.GENERAL_MANAGER, ["today", "approvals", "complaints", "boards"]),
    (Role.GROUP_APPROVER, ["today", "approvals", "complaints", "boards"]),
    (Role.CARE_MANAGER, ["today", "calls", "complaints", "boards"]),
    (Role.CARE_AGENT, ["today", "calls", "complaints", "visits"]),
    (Role.DEPARTMENT_MANAGER, ["today", "complaints", "boards", "me"]),
    (Role.FINANCE, ["today", "ledger", "boards", "me"]),
    (Role.REGIONAL_VIEWER, ["complaints", "boards", "me"]),
    (Role.ADMINISTRATOR, ["today", "settings", "me"]),
    (Role.EMPLOYEE, ["today", "boards", "notices", "me"]),
]


def groups_for(user, store, path: str, counts: dict[str, dict]) -> list[list[dict]]:
    """The rail's groups for the person, without the empty ones; `counts` maps a key to {count, overdue}."""
    found = []
    for group in GROUPS:
        rows = [_row(place, path, counts) for place in group if place.seen_by(user, store)]
        if rows:
            found.append(rows)
    return found


def _row(place: Place, path: str, counts: dict) -> dict:
    count = counts.get(place.key, {})
    return {
        "key": place.key,
        "url": reverse(place.url_name),
        "icon": place.icon,
        "label": place.label,
        "short": place.short,
        "count": count.get("count", 0),
        "overdue": count.get("overdue", False),
        "active": path == "/" if place.prefix == "/" else path.startswith(place.prefix),
    }


def bottom_for(user, store, groups: list[list[dict]]) -> list[dict]:
    """The phone's four places, of those the person sees."""
    rows = {row["key"]: row for group in groups for row in group}
    roles = permissions.roles_in(user, store) if store is not None else set()
    wanted = next((keys for role, keys in BOTTOM if role in roles), ["today", "me"])
    return [rows[key] for key in wanted if key in rows]
