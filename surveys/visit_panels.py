"""What imports add to other pages: the number in the rail, and what waits on Today."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from csi_portal.organization import permissions
from surveys import visit_pages
from surveys.enums import ImportState
from surveys.models import ImportBatch

# Previews older than the newest few were superseded by another upload long ago.
SHOWN = 3


def _may(request) -> bool:
    return request.store is not None and permissions.can(request.user, "surveys.clarify", request.store)


def rows_waiting(request, subject) -> dict | None:
    """The rail's number for who clarifies: rows a person has to decide on."""
    if not _may(request):
        return None
    return {"place": "visits", "count": visit_pages.waiting_rows(request.store).count(), "overdue": False}


def imports_waiting(request, subject) -> dict | None:
    """Today: previews nobody has confirmed yet, and rows to be clarified."""
    if not _may(request):
        return None
    staged = ImportBatch.objects.filter(store=request.store, state=ImportState.STAGED).exclude(counts={})
    lines = [
        {
            "url": reverse("surveys:import_batch", args=[batch.pk]),
            "icon": "file-earmark-check",
            "text": _("Rows of “%(file)s” wait for confirmation") % {"file": batch.file_name},
        }
        for batch in staged.order_by("-uploaded_at", "-pk")[:SHOWN]
    ]
    waiting = visit_pages.waiting_rows(request.store).count()
    if waiting:
        text = ngettext("%(n)d imported row to be clarified", "%(n)d imported rows to be clarified", waiting)
        lines.append({"url": reverse("surveys:clarify"), "icon": "question-circle", "text": text % {"n": waiting}})
    if not lines:
        return None
    return {"template": "surveys/visits/_today.html", "order": 300, "count": len(lines), "lines": lines}
