from django.urls import path

from csi_portal.desk.setup import messages, people, roles, stores

app_name = "settings"

urlpatterns = [
    path("", stores.home, name="home"),
    path("store/", stores.store, name="store"),
    path("stores/new/", stores.new_store, name="new_store"),
    path("departments/", stores.departments, name="departments"),
    path("departments/<int:pk>/", stores.rename_department, name="rename_department"),
    path("employees/", people.employees, name="employees"),
    path("employees/new/", people.new_employee, name="new_employee"),
    path("employees/<int:pk>/", people.employee, name="employee"),
    path("employees/<int:pk>/login/", people.give_login, name="give_login"),
    path("employees/<int:pk>/password/", people.new_password, name="new_password"),
    path("employees/<int:pk>/close/", people.close_login, name="close_login"),
    path("employees/<int:pk>/reopen/", people.reopen_login, name="reopen_login"),
    path("roles/", roles.roles, name="roles"),
    path("roles/<int:pk>/withdraw/", roles.withdraw, name="withdraw_role"),
    path("requests/<uuid:key>/", roles.request_page, name="request"),
    path("requests/<uuid:key>/confirm/", roles.confirm, name="confirm_request"),
    path("requests/<uuid:key>/decline/", roles.decline, name="decline_request"),
    path("messages/", messages.undelivered, name="messages"),
    path("messages/<int:pk>/again/", messages.send_again, name="send_again"),
]
