"""The top floor's own pages: Today 今日待办, search, and everything about oneself."""

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from csi_portal.desk.headline import headline
from csi_portal.organization import hooks, permissions, services
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Employee
from csi_portal.organization.toasts import say_done

# A search box is for words and numbers, not for essays.
MOST_LETTERS = 60


@require_GET
def today(request):
    """What this person must do now, until when; every floor answers through the slot `today`."""
    panels = hooks.panels("today", request) if request.store is not None else []
    panels.sort(key=lambda panel: (not panel.get("overdue"), panel.get("order", 100)))  # what is late comes first
    _leave_one_primary(panels)
    context = {
        "panels": panels,
        "headline": headline(panels),
        "nothing_waits": not any(panel.get("count") or panel.get("headline") for panel in panels),
        "local_now": _local_now(request),
        "may_register": request.store is not None
        and permissions.can(request.user, "complaints.register", request.store),
        "may_open_store": request.store is None
        and permissions.can_everywhere(request.user, "organization.manage_store"),
    }
    return render(request, "desk/today.html", context)


def _leave_one_primary(panels: list[dict]) -> None:
    """The first panel that has a primary button keeps it; `calm` asks the others to show theirs as plain ones."""
    for panel in [panel for panel in panels if panel.get("primary")][1:]:
        panel["calm"] = True


def _local_now(request):
    return request.store.local(request.now) if request.store is not None else request.now


@require_GET
def search(request):
    """One box for customers, plates, phones and numbers; each floor searches its own."""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:MOST_LETTERS]
    groups = hooks.panels("search", request, query) if query and request.store is not None else []
    return render(request, "desk/search.html", {"query": query, "groups": [group for group in groups if group["rows"]]})


@require_GET
def me(request):
    """Own scores, entries, notices, language and password; every floor adds its own through the slot `me`."""
    panels = hooks.panels("me", request) if request.store is not None else []
    panels.sort(key=lambda panel: panel.get("order", 100))
    employees = Employee.objects.filter(user=request.user).select_related("store", "department").order_by("pk")
    rights = permissions.rights(request.user)
    context = {"panels": panels, "employees": employees, "roles": _roles(rights, request.stores)}
    return render(request, "desk/me.html", context)


def _roles(rights, stores) -> list[tuple[str, str]]:
    """Role and where, in words, each once."""
    names = {store.pk: store.name for store in stores}
    found = {
        (str(Role(right.role).label), names.get(right.store_id, "") if right.store_id else _("all stores"))
        for right in rights
    }
    return sorted(found)


class ChangePassword(PasswordChangeView):
    """The own password; other sessions of the login end with it."""

    http_method_names = ["get", "post"]
    template_name = "desk/password.html"
    success_url = reverse_lazy("desk:me")
    title = gettext_lazy("Change password")

    def form_valid(self, form):
        services.change_own_password(form.user, form.cleaned_data["new_password1"], now=self.request.now)
        update_session_auth_hash(self.request, form.user)  # this session goes on, the others end
        say_done(self.request, _("Your password is changed."))
        return HttpResponseRedirect(self.get_success_url())
