from django.urls import path

from reports import views

app_name = "reports"

urlpatterns = [
    path("", views.boards, name="boards"),
    path("publish/", views.publish, name="publish"),
    path("accept/", views.accept, name="accept"),
    path("now/<str:kind>/<str:code>/<str:key>/", views.live_answers, name="live_answers"),
    path("<int:pk>/", views.board, name="board"),
    path("<int:pk>/answers/<str:key>/", views.answers, name="answers"),
]
