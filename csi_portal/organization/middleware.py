"""What every request gets: a language, a clock reading, a store, the person's rights; and calm error pages."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from csi_portal.organization import audit, permissions
from csi_portal.organization.errors import Conflict, NotAllowed

STORE_SESSION_KEY = "store_id"


class LanguageMiddleware:
    """The switch's cookie decides, then the browser; Chinese where neither says anything."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        language = translation.get_language_from_request(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        try:
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            patch_vary_headers(response, ("Accept-Language",))
            return response
        finally:
            translation.activate(settings.LANGUAGE_CODE)


class DeskMiddleware:
    """Reads the clock once, finds the person's rights and store, and turns refusals into pages."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.now = timezone.now()
        token = audit.client_address.set(request.META.get("REMOTE_ADDR"))
        try:
            if request.user.is_authenticated:
                permissions.keep_rights(request.user)
                request.stores = list(permissions.stores_of(request.user))
                request.store = chosen_store(request)
                if request.store is not None:
                    timezone.activate(request.store.zone)  # every time on the page is the store's
            response = self.get_response(request)
        finally:
            audit.client_address.reset(token)
            timezone.deactivate()
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return self._htmx_login(request, response)

    def process_exception(self, request, error):
        if isinstance(error, NotAllowed):
            return render(request, "403.html", {"message": str(error)}, status=403)
        if isinstance(error, Conflict):
            return render(request, "409.html", {"conflict": str(error), "typed": typed_text(request)}, status=409)
        return None

    @staticmethod
    def _htmx_login(request, response):
        """An expired session inside a partial reloads the whole page at the sign-in."""
        sign_in = reverse("login")
        htmx = getattr(request, "htmx", False)
        if not htmx or response.status_code != 302 or not response["Location"].startswith(sign_in):
            return response
        page = htmx.current_url_abs_path or "/"  # back to the page, not to its part
        redirect = HttpResponse(status=204)
        redirect["HX-Redirect"] = f"{sign_in}?{urlencode({REDIRECT_FIELD_NAME: page})}"
        return redirect


def chosen_store(request):
    """The store picked in the switch, else the first one; None for a login without any right."""
    wanted = request.session.get(STORE_SESSION_KEY)
    return next((store for store in request.stores if store.pk == wanted), next(iter(request.stores), None))


def typed_text(request) -> list[tuple[str, str]]:
    """What the person typed, shown again on a conflict page so that nothing is lost."""
    hidden = {"csrfmiddlewaretoken", "version", "submit_key", "next", "password", "pin"}
    return [(name, value) for name, value in request.POST.items() if value.strip() and name not in hidden]
