"""Who still has a password somebody else gave chooses the own before anything else opens."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse


class FirstPasswordMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = request.user
        if not (user.is_authenticated and user.first_password) or request.path in _always_open():
            return self.get_response(request)
        choose = reverse("desk:password")
        if getattr(request, "htmx", False):
            answer = HttpResponse(status=204)
            answer["HX-Redirect"] = choose
            return answer
        return HttpResponseRedirect(choose)


def _always_open() -> set[str]:
    return {reverse(name) for name in ("desk:password", "logout", "set_language")}
