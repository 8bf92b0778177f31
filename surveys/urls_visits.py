"""Paths of the business records and of the import."""

from django.urls import path

from surveys.views import imports, visits

urlpatterns = [
    path("", visits.visits, name="visits"),
    path("advisers/", visits.adviser_names, name="advisers"),
    path("import/", imports.upload, name="import"),
    path("import/<int:pk>/", imports.batch, name="import_batch"),
    path("import/<int:pk>/confirm/", imports.confirm, name="import_confirm"),
    path("import/<int:pk>/put-away/", imports.put_away, name="import_put_away"),
    path("import/<int:pk>/kind/", imports.choose_kind, name="import_kind"),
    path("import/<int:pk>/again/", imports.try_again, name="import_again"),
    path("import/<int:pk>/refused.xlsx", imports.refused_rows, name="import_refused"),
    path("import/rows/<int:pk>/", imports.mend, name="import_row"),
    path("clarify/", imports.clarify, name="clarify"),
    path("clarify/<int:pk>/", imports.complete, name="clarify_row"),
    path("clarify/<int:pk>/drop/", imports.drop, name="clarify_drop"),
    path("clarify/<int:pk>/back/", imports.bring_back, name="clarify_back"),
]
