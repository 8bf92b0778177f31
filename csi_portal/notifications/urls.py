from django.urls import path

from csi_portal.notifications import views

app_name = "notifications"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("bell/", views.bell, name="bell"),
    path("read/", views.read_all, name="read_all"),
    path("items/", views.items, name="items"),
    path("items/<int:pk>/", views.item, name="item"),
    path("items/<int:pk>/done/", views.finish_item, name="finish_item"),
    path("<int:pk>/", views.open_message, name="open"),
    path("<int:pk>/take/", views.take_message, name="take"),
]
