"""Choices from the trees of categories and causes."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from csi_portal.organization.models.base import scope_key

from ..models import Category


def category_choices(kind: str, store) -> list:
    """The active tree as grouped choices, in the active language; branches without twigs are choices themselves."""
    rows = list(
        Category.objects.filter(Q(scope_key="all") | Q(scope_key=scope_key(store)), kind=kind, is_active=True).order_by(
            "position", "pk"
        )
    )
    twigs: dict[int, list] = {}
    for row in rows:
        if row.parent_id is not None:
            twigs.setdefault(row.parent_id, []).append((row.pk, str(row)))
    found: list = [("", _("Not chosen"))]
    for row in rows:
        if row.parent_id is None:
            below = twigs.get(row.pk)
            found.append((str(row), [(row.pk, str(row)), *below]) if below else (row.pk, str(row)))
    return found
