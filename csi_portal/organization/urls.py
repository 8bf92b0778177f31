"""Signing in and out, language and store switches, private files."""

from django.contrib.auth import views as auth
from django.urls import path
from django.views.decorators.http import require_http_methods

from csi_portal.organization import views

# Django's form views take PUT for POST; the portal answers each method it does not use with 405.
sign_in = require_http_methods(["GET", "HEAD", "POST"])(auth.LoginView.as_view(redirect_authenticated_user=True))

urlpatterns = [
    path("login/", sign_in, name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("language/", views.set_language, name="set_language"),
    path("store/", views.set_store, name="set_store"),
    path("files/<int:pk>/", views.stored_file, name="stored_file"),
]
