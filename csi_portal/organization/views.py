"""Switches, private files and the error pages."""

from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from csi_portal.organization import files, permissions
from csi_portal.organization.middleware import STORE_SESSION_KEY, typed_text
from csi_portal.organization.models import StoredFile


def _back(request):
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(target if safe else "/")


@require_POST
@login_not_required
def set_language(request):
    """The switch in the top bar; it overrides the browser and is remembered with the person."""
    language = request.POST.get("language", "")
    response = _back(request)
    if translation.check_for_language(language) and language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 86400,
            samesite="Lax",
            secure=settings.HTTPS,
        )
        if request.user.is_authenticated:
            type(request.user).objects.filter(pk=request.user.pk).update(language=language)
    return response


@require_POST
def set_store(request):
    """Pick the store to work in, among those the person has any right in."""
    wanted = request.POST.get("store", "")
    if any(str(store.pk) == wanted for store in request.stores):
        request.session[STORE_SESSION_KEY] = int(wanted)
    return _back(request)


@require_GET
def stored_file(request, pk):
    """Send a private file to whoever may see what it belongs to; always as a download, never run by the browser."""
    stored = get_object_or_404(StoredFile, pk=pk)
    owner = _owner(stored)
    if owner is None or not permissions.can_see(request.user, owner):
        raise Http404
    response = FileResponse(
        files.path_of(stored).open("rb"),  # FileResponse closes it
        as_attachment=True,
        filename=stored.name,
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _owner(stored):
    label, _colon, key = stored.owner.partition(":")
    return apps.get_model(label)._base_manager.filter(pk=key, store=stored.store).first()


def csrf_failure(request, reason=""):
    message = _("The form was open too long or came from elsewhere. Go back, check what you typed, and send it again.")
    return render(request, "403.html", {"message": message, "typed": typed_text(request)}, status=403)


def forbidden(request, exception=None):
    return render(request, "403.html", {"message": str(exception or "")}, status=403)


def not_found(request, exception=None):
    return render(request, "404.html", status=404)


def broken(request):
    return render(request, "500.html", status=500)
