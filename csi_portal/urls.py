"""Every path of the portal (UX, "Places")."""

from django.contrib import admin
from django.urls import include, path

from csi_portal.organization import views

urlpatterns = [
    path("", include("csi_portal.organization.urls")),
    path("", include("csi_portal.desk.urls")),
    path("settings/", include("csi_portal.desk.setup.urls")),
    path("inbox/", include("csi_portal.notifications.urls")),
    path("", include("surveys.urls")),
    path("complaints/", include("complaints.urls")),
    path("boards/", include("reports.urls")),
    path("", include("incentives.urls")),
    path("admin/", admin.site.urls),
]

handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.broken
