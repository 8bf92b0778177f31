from django.urls import path

from .views import detail, lists, register

app_name = "complaints"

urlpatterns = [
    path("", lists.complaint_list, name="list"),
    path("new/", register.new, name="new"),
    path("alerts/<int:pk>/take/", detail.take_alert, name="take_alert"),
    path("grumbles/close/", detail.approve_grumbles, name="approve_grumbles"),
    path("<str:number>/", detail.complaint_detail, name="detail"),
    path("<str:number>/phone/", detail.reveal_phone, name="phone"),
    *(path(f"<str:number>/{name}/", view, name=name) for name, view in detail.ACTION_VIEWS.items()),
]
