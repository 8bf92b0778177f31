"""Paths of money (UX, "Places")."""

from django.urls import path

from incentives.views import approvals, ledger, months, proposals, rulebook

app_name = "incentives"

urlpatterns = [
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/bonuses/", approvals.approve_bonuses, name="approve_bonuses"),
    path("approvals/proposals/<int:pk>/approve/", approvals.approve, name="approve"),
    path("approvals/proposals/<int:pk>/reject/", approvals.reject, name="reject"),
    path("approvals/objections/<int:pk>/", approvals.rule_objection, name="rule_objection"),
    path("ledger/", ledger.ledger, name="ledger"),
    path("ledger/entries/<int:pk>/", ledger.entry, name="entry"),
    path("ledger/entries/<int:pk>/confirm/", ledger.confirm, name="confirm_notice"),
    path("ledger/entries/<int:pk>/object/", ledger.file_objection, name="file_objection"),
    path("ledger/months/", months.months, name="months"),
    path("ledger/months/<str:month>/", months.month, name="month"),
    path("ledger/months/<str:month>/ask/", months.ask_lock, name="ask_lock"),
    path("ledger/months/<str:month>/lock/", months.confirm_lock, name="confirm_lock"),
    path("ledger/months/<str:month>/back/", months.send_back_lock, name="send_back_lock"),
    path("ledger/months/<str:month>/sheet/", months.sheet, name="sheet"),
    path("ledger/months/<str:month>/wages/", months.wages, name="wages"),
    path("ledger/proposals/", proposals.proposals, name="proposals"),
    path("ledger/proposals/new/", proposals.by_hand, name="by_hand"),
    path("ledger/proposals/<int:pk>/", proposals.proposal, name="proposal"),
    path("ledger/proposals/<int:pk>/amount/", proposals.choose_amount, name="choose_amount"),
    path("ledger/proposals/<int:pk>/reverse/", proposals.reverse_entry, name="reverse_entry"),
    path("ledger/rules/", rulebook.rules, name="rules"),
    path("ledger/rules/adoption/", rulebook.record_adoption, name="record_adoption"),
    path("ledger/rules/adoption/<int:pk>/end/", rulebook.end_adoption, name="end_adoption"),
    path("notices/", rulebook.notices, name="notices"),
]
