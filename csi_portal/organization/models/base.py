"""What tables of all floors share."""

from django.db import models
from django.utils import translation


class StoreRows(models.QuerySet):
    """Reads of a table that carries its store."""

    def visible_to(self, user):
        """Rows the user may see: the one rule of organization.permissions."""
        from csi_portal.organization import permissions  # permissions reads the grant table, which is a model

        return permissions.visible(user, self)


class StoreRow(models.Model):
    """A row that belongs to exactly one store."""

    store = models.ForeignKey("organization.Store", on_delete=models.PROTECT, related_name="+")

    objects = StoreRows.as_manager()

    class Meta:
        abstract = True


def scope_key(store) -> str:
    """`all` for the whole portal, `s:<id>` for one store: a non-null column for unique keys."""
    return "all" if store is None else f"s:{store.pk}"


class TwoLanguages:
    """Reference data named in `<field>_zh` and `<field>_en`; one falls back to the other."""

    def in_language(self, field: str) -> str:
        chinese, english = getattr(self, f"{field}_zh"), getattr(self, f"{field}_en")
        first, second = (
            (chinese, english) if (translation.get_language() or "").startswith("zh") else (english, chinese)
        )
        return first or second
