"""Messages that did not get through: who was to be told, why it failed, send again."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from csi_portal.desk.setup.sections import enter, page
from csi_portal.notifications import services
from csi_portal.notifications.models import Message, MessageStatus
from csi_portal.notifications.wording import words
from csi_portal.organization.keyset import page_of
from csi_portal.organization.models import User
from csi_portal.organization.toasts import say_done

PAGE_SIZE = 50


@require_GET
def undelivered(request):
    enter(request)
    if request.store is None:
        return redirect("settings:new_store")
    given_up = Message.objects.filter(store=request.store, status=MessageStatus.DEAD).select_related("store")
    found = page_of(given_up, request.GET, fields=("-created_at", "-pk"), size=PAGE_SIZE)
    names = _names(found.rows)
    rows = [
        {"message": one, "title": words(one)[0], "to": names.get(one.recipient, one.recipient)} for one in found.rows
    ]
    context = page("messages", _("Messages not delivered"), rows=rows, pager=found)
    return render(request, "settings/messages.html", context)


def _names(messages) -> dict[str, str]:
    """Recipients by name: `u:12` is a login."""
    ids = [int(one.recipient[2:]) for one in messages if one.recipient.startswith("u:")]
    return {f"u:{user.pk}": f"{user.display_name()} <{user.email}>" for user in User.objects.filter(pk__in=ids)}


@require_POST
def send_again(request, pk):
    enter(request)
    if request.store is None:
        raise Http404
    message = get_object_or_404(Message.objects.select_related("store"), pk=pk, store=request.store)
    services.send_again(message, by=request.user, now=request.now)
    say_done(request, _("On its way again."))
    return redirect("settings:messages")
