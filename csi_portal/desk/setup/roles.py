"""Who holds which role; granting one, and the second person's confirmation."""

from datetime import datetime, time, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from csi_portal.desk.setup import grants
from csi_portal.desk.setup.forms import DeclineForm, GrantForm
from csi_portal.desk.setup.sections import enter, page
from csi_portal.notifications.models import ActionItem
from csi_portal.organization import permissions, services, submits
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.models import Department, RoleGrant, User
from csi_portal.organization.toasts import say_done


@require_http_methods(["GET", "POST"])
def roles(request):
    """The roles held in the store, the requests that wait, and granting one."""
    enter(request)
    at = request.store
    if at is None:
        return redirect("settings:new_store")
    everywhere = permissions.can_everywhere(request.user, "organization.manage_people")
    form = GrantForm(request.POST or None, store=at, everywhere=everywhere)
    if request.method == "POST" and form.is_valid():
        try:
            key = request.POST.get("submit_key")
            return HttpResponseRedirect(submits.once(request.user, key, lambda: _grant(request, form)))
        except (IllegalMove, NotAllowed) as refusal:
            form.add_error(None, str(refusal))
    context = page(
        "roles",
        _("Roles"),
        form=form,
        rows=[_row(grant, everywhere) for grant in _held(at, request.now)],
        waiting=_waiting(request),
        logins=_logins(at),
        submit_key=submits.new_key(),
    )
    return render(request, "settings/roles.html", context)


def _grant(request, form) -> str:
    """Grant at once, or ask the second person; back to the list either way."""
    given = form.cleaned_data
    at = request.store
    everywhere = given.get("all_stores", False)
    scope = {"department": given["department"], "valid_to": _end(at, given["last_day"])}
    role = given["role"]
    if services.needs_second_person(role, None if everywhere else at):
        grants.request_grant(
            form.user, role, by=request.user, now=request.now, store=at, all_stores=everywhere, **scope
        )
        say_done(request, _("Asked for. The role holds as soon as a second person confirms."))
    else:
        store = None if everywhere else at
        services.grant_role(form.user, role, by=request.user, now=request.now, store=store, **scope)
        text = _("%(name)s now has the role %(role)s.")
        say_done(request, text % {"name": form.user.display_name(), "role": Role(role).label})
    return reverse("settings:roles")


def _end(store, last_day):
    if last_day is None:
        return None
    return datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=store.zone)


def _held(store, now):
    """The grants in force in the store, those over all stores first."""
    found = RoleGrant.objects.filter(RoleGrant.valid_at(now), store__in=[store]) | RoleGrant.objects.filter(
        RoleGrant.valid_at(now), store=None
    )
    return found.select_related("user", "department", "store").order_by("store", "role", "user__username")


def _row(grant, everywhere: bool) -> dict:
    return {
        "grant": grant,
        "department": str(grant.department) if grant.department else "",
        "may_withdraw": everywhere or grant.store_id is not None,
    }


def _waiting(request) -> list[dict]:
    found = ActionItem.objects.filter(store=request.store, kind=grants.REQUEST, done_at=None).order_by("created_at")
    return [
        {
            "item": item,
            "user": item.params["beneficiary_name"],
            "role": Role(item.params["wanted"]).label,
            "requester": item.params["requester_name"],
            "url": item.url if permissions.can(request.user, "organization.confirm_grant", item) else "",
            "waits_for": Role(item.role).label,
        }
        for item in found
    ]


def _logins(store) -> list[tuple[str, str]]:
    people = User.objects.filter(is_active=True, employees__store=store).distinct().order_by("username")
    return [(user.username, user.display_name()) for user in people]


@require_POST
def withdraw(request, pk):
    """End a role now."""
    enter(request)
    held = RoleGrant.objects.filter(store=request.store) | RoleGrant.objects.filter(store=None)
    grant = get_object_or_404(held.select_related("store", "user"), pk=pk)
    try:
        services.withdraw_role(grant, by=request.user, now=request.now)
    except IllegalMove as refusal:
        messages.error(request, str(refusal))
    else:
        say_done(request, _("%(name)s no longer has this role.") % {"name": grant.user.display_name()})
    return redirect("settings:roles")


# -- the second person


@require_GET
def request_page(request, key):
    return _request_page(request, _request(request, key), DeclineForm())


@require_POST
def confirm(request, key):
    item = _request(request, key)
    grant = grants.confirm_grant(item, by=request.user, now=request.now)
    text = _("Confirmed: %(name)s now has the role %(role)s.")
    say_done(request, text % {"name": grant.user.display_name(), "role": grant.get_role_display()})
    return redirect("desk:today")


@require_POST
def decline(request, key):
    item = _request(request, key)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _request_page(request, item, form)
    grants.decline_grant(item, by=request.user, now=request.now, reason=form.cleaned_data["reason"])
    say_done(request, _("Declined; the administrator is told why."))
    return redirect("desk:today")


def _request(request, key) -> ActionItem:
    """The request, for who may confirm it."""
    permissions.require(request.user, "organization.confirm_grant")
    stores = [store.pk for store in request.stores]
    rows = ActionItem.objects.filter(kind=grants.REQUEST, subject_key=f"grant:{key}", store__in=stores)
    item = rows.select_related("store", "assignee", "done_by").first()
    if item is None:
        raise Http404
    permissions.require(request.user, "organization.confirm_grant", item)
    return item


def _request_page(request, item, form):
    asked = item.params
    department = Department.objects.filter(pk=asked["department"], store=item.store).first()
    beneficiary = User.objects.get(pk=asked["beneficiary"])
    facts = [
        (_("Person"), f"{beneficiary.display_name()} ({beneficiary.username})"),
        (_("Role"), Role(asked["wanted"]).label),
        (_("Department"), str(department or "")),
        (pgettext("grant", "For"), _("all stores") if asked["all_stores"] else item.store.name),
        (_("Asked for by"), asked["requester_name"]),
    ]
    context = {
        "item": item,
        "key": item.subject_key.removeprefix("grant:"),
        "facts": [(name, value) for name, value in facts if value],
        "form": form,
        "page_title": _("Confirm a role"),
    }
    return render(request, "settings/request.html", context)
