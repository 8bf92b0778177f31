from django.urls import include, path

app_name = "surveys"

urlpatterns = [
    path("visits/", include("surveys.urls_visits")),
    path("", include("surveys.urls_calls")),
]
