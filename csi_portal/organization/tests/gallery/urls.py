"""The names the frame links to, for drawing it without the floors above."""

from django.http import HttpResponse
from django.urls import include, path


def here(request):
    """Answer anything; the tests look at the frame, not at what its links lead to."""
    return HttpResponse(request.path)


def names(app, *found):
    return include(([path(f"{name}/", here, name=name) for name in found], app))


urlpatterns = [
    *(path(f"{name}/", here, name=name) for name in ("login", "logout", "set_language", "set_store")),
    path("desk/", names("desk", "today", "search", "me")),
    path("notifications/", names("notifications", "inbox", "bell")),
    path("complaints/", names("complaints", "new")),
]
