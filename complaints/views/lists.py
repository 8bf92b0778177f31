"""The list of forms."""

from django.shortcuts import render
from django.views.decorators.http import require_GET

from csi_portal.organization import permissions

from ..pages.listing import listing


@require_GET
def complaint_list(request):
    """The forms the person may see, the most urgent first."""
    permissions.require(request.user, "complaints.list", request.store)
    context = listing(request)
    context["may_register"] = permissions.can(request.user, "complaints.register", request.store)
    template = "complaints/_list.html" if request.htmx else "complaints/list.html"
    return render(request, template, context)
