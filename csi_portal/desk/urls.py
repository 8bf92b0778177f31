from django.urls import path

from csi_portal.desk import roster, views

app_name = "desk"

urlpatterns = [
    path("", views.today, name="today"),
    path("search/", views.search, name="search"),
    path("roster/", roster.roster, name="roster"),
    path("roster/<int:pk>/cancel/", roster.cancel, name="cancel_off"),
    path("me/", views.me, name="me"),
    path("me/password/", views.ChangePassword.as_view(), name="password"),
]
