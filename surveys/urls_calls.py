"""Paths of the call room (UX, "Places")."""

from django.urls import path

from surveys.call_views import answers, desk, queue

urlpatterns = [
    path("calls/", queue.queue, name="queue"),
    path("calls/next/", queue.next_call, name="next_call"),
    path("calls/team/", queue.team, name="team"),
    path("calls/team/<int:pk>/take-back/", queue.take_back, name="take_back"),
    path("calls/<int:pk>/", desk.call, name="call"),
    path("calls/<int:pk>/claim/", desk.claim, name="claim"),
    path("calls/<int:pk>/draft/", desk.draft, name="draft"),
    path("calls/<int:pk>/hold/", desk.hold, name="hold"),
    path("calls/<int:pk>/dial/", desk.dial, name="dial"),
    path("calls/<int:pk>/qr/", desk.qr, name="call_qr"),
    path("calls/<int:pk>/save/", desk.save, name="save_call"),
    path("calls/<int:pk>/put-back/", desk.put_back, name="put_back"),
    path("calls/<int:pk>/no-complaint/", desk.no_complaint, name="no_complaint"),
    path("surveys/responses/", answers.response_list, name="responses"),
    path("surveys/responses/<int:pk>/", answers.response_detail, name="response"),
    path("customers/<int:pk>/", answers.customer, name="customer"),
]
