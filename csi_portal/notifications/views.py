"""The inbox: every message of a person, newest first; and the items somebody is to settle."""

from urllib.parse import urlsplit

from django.contrib import messages as toasts
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from csi_portal.notifications import items as item_lists
from csi_portal.notifications import services, taking
from csi_portal.notifications.forms import TickOffForm
from csi_portal.notifications.models import ActionItem, Message
from csi_portal.notifications.panels import item_rows
from csi_portal.notifications.wording import words
from csi_portal.organization import submits
from csi_portal.organization.errors import IllegalMove, Refusal
from csi_portal.organization.keyset import page_of
from csi_portal.organization.toasts import say_done

PAGE_SIZE = 30
MOST_ITEMS = 200


@require_GET
def inbox(request):
    """All messages, from every store the person works in."""
    messages = Message.objects.inbox(request.user).select_related("store")
    page = page_of(messages, request.GET, fields=("-created_at", "-pk"), size=PAGE_SIZE)
    rows = [_row(message) for message in page.rows]
    context = {"rows": rows, "page": page, "unread": Message.objects.unread(request.user).exists()}
    return render(request, "notifications/inbox.html", context)


def _row(message: Message) -> dict:
    title, text = words(message)
    return {
        "pk": message.pk,
        "title": title,
        "text": text,
        "at": message.created_at,
        "store": message.store,
        "unread": message.read_at is None,
        "urgent": message.urgent,
        "takeable": taking.can_be_taken(message),
        "taken": message.acknowledged_at is not None,
    }


@require_POST
def open_message(request, pk):
    """Mark one's own message read and go to what it is about."""
    message = _own(request, pk)
    services.mark_read(request.user, [message.pk], now=request.now)
    return HttpResponseRedirect(local(message.url) or reverse("notifications:inbox"))


def local(url: str) -> str:
    """The url if it is a path of ours, else nothing: a message never leads out of the portal."""
    safe = url_has_allowed_host_and_scheme(url, allowed_hosts=None) and not urlsplit(url).netloc
    return url if safe and url.startswith("/") else ""


@require_POST
def take_message(request, pk):
    """“I have it”: the others are not reminded of it again."""
    message = _own(request, pk)
    if not taking.can_be_taken(message):
        toasts.info(request, _("Somebody has taken this already."))
        return redirect("notifications:inbox")
    try:
        taking.take(message, by=request.user, now=request.now)
    except Refusal as refusal:
        toasts.error(request, str(refusal))
    else:
        services.mark_read(request.user, [message.pk], now=request.now)
        say_done(request, _("You have it. The others are told."))
    return redirect("notifications:inbox")


def _own(request, pk) -> Message:
    return get_object_or_404(Message.objects.inbox(request.user).select_related("store"), pk=pk)


@require_POST
def read_all(request):
    services.mark_all_read(request.user, now=request.now)
    say_done(request, _("All messages are marked as read."))
    return redirect("notifications:inbox")


@require_GET
def bell(request):
    """The bell alone, asked again every half minute by every open page: only its number is reckoned."""
    return render(request, "components/_bell.html", {"frame": {"unread": services.count_unread(request.user)}})


@require_GET
def items(request):
    """Everything that waits for this person in the store, first due first."""
    found = list(item_lists.open_items(request.user, request.store)[:MOST_ITEMS]) if request.store else []
    context = {"rows": item_rows(found, request.now), "page_title": _("To settle")}
    return render(request, "notifications/items.html", context)


@require_GET
def item(request, pk):
    """One item: what it is about, where to settle it, and what was done."""
    return _item_page(request, _visible_item(request, pk), TickOffForm())


@require_POST
def finish_item(request, pk):
    """Tick it off with a note."""
    found = _visible_item(request, pk)
    form = TickOffForm(request.POST)

    def act() -> str:
        services.tick_off(found, by=request.user, now=request.now, note=form.cleaned_data["note"])
        say_done(request, _("Settled and noted."))
        return reverse("notifications:item", args=[found.pk])

    if form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error("note", str(refusal))
    return _item_page(request, found, form)


def _visible_item(request, pk) -> ActionItem:
    rows = ActionItem.objects.visible_to(request.user).select_related("store", "assignee", "done_by")
    return get_object_or_404(rows, pk=pk)


def _item_page(request, found: ActionItem, form):
    title, text = words(found)
    context = {
        "item": found,
        "title": title,
        "text": text,
        "link": local(found.url),
        "form": None if found.done_at or item_lists.closes_itself(found) else form,
        "submit_key": submits.new_key(),
        "page_title": title,
        "back_url": reverse("notifications:items"),
    }
    return render(request, "notifications/item.html", context)
