"""Rows of the money pages as plain values: words are made here, templates only place them."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from complaints.models import Complaint
from csi_portal.organization import permissions
from csi_portal.organization.enums import Role
from incentives.enums import EntryKind, HoldReason, ProposalStatus
from incentives.links import evidence_number, evidence_url
from incentives.wording import explain, line_words
from reports.periods import MONTH, Period
from reports.words import period_label

# Who opens the form behind a line; the others read its reasons on the line's own page.
_FORM_READERS = {Role.CARE_AGENT, Role.CARE_MANAGER, Role.GENERAL_MANAGER, Role.GROUP_APPROVER}


def month_label(month) -> str:
    return period_label(Period(MONTH, month))


def month_url(month) -> str:
    return reverse("incentives:month", args=[f"{month:%Y-%m}"])


def opens_forms(user, store) -> bool:
    """Whether evidence links lead the person somewhere, for lists."""
    return bool(permissions.roles_in(user, store) & _FORM_READERS)


def evidence_link(user, evidence_key: str, store) -> str:
    """The evidence's page if this person may open it, for a single line."""
    if not evidence_key.startswith("form:"):
        return evidence_url(evidence_key) if permissions.can(user, "reports.view_boards", store) else ""
    number = evidence_number(evidence_key)
    seen = Complaint.objects.filter(store=store, number=number).visible_to(user).exists()
    return evidence_url(evidence_key) if seen else ""


def entry_row(entry, *, held: str = "", brought_in: bool = False, with_forms: bool = False) -> dict:
    """One line of the ledger or of a month."""
    tags = []
    if entry.kind == EntryKind.REVERSAL:
        tags.append(pgettext("ledger", "Reversal"))
    if held:
        tags.append(pgettext("ledger", "Held back"))
    if brought_in:
        tags.append(_("From %(month)s") % {"month": month_label(entry.month)})
    elif entry.fact_month != entry.month:
        tags.append(_("Late, of %(month)s") % {"month": month_label(entry.fact_month)})
    return {
        "number": entry.number,
        "on": entry.occurred_on,
        "person": {"name": entry.beneficiary_name, "id": entry.employee_id or 0} if entry.employee_id else None,
        "name": entry.beneficiary_name,
        "department": entry.department_name,
        "rule": line_words(entry.kind, entry.rule),
        "evidence": evidence_number(entry.evidence_key),
        "url": reverse("incentives:entry", args=[entry.pk]),
        "form_url": evidence_url(entry.evidence_key) if with_forms else "",
        "approver": entry.approver_name,
        "amount": entry.amount,
        "tags": tags,
        "held_why": HoldReason(held).label if held else "",
    }


_TONES = {
    ProposalStatus.PROPOSED: "live",
    ProposalStatus.APPROVED: "done",
    ProposalStatus.REJECTED: "harm",
    ProposalStatus.WITHDRAWN: "void",
    ProposalStatus.ABSORBED: "void",
}


def beneficiary_name(row) -> str:
    """Whom a proposal pays or charges (relations loaded)."""
    if row.employee_id:
        return row.employee.name
    if row.department_id:
        return str(row.department)
    return row.team.name if row.team_id else row.store.name


def proposal_row(row) -> dict:
    """One proposal in a list."""
    return {
        "pk": row.pk,
        "on": row.occurred_on,
        "person": {"name": row.employee.name, "id": row.employee_id} if row.employee_id else None,
        "name": beneficiary_name(row),
        "rule": line_words(row.kind, row.rule),
        "evidence": evidence_number(row.evidence_key),
        "url": reverse("incentives:proposal", args=[row.pk]),
        "amount": row.effective_amount,
        "status": row.get_status_display(),
        "tone": _TONES[row.status],
        "by_hand": row.is_by_hand,
        "chosen": row.chosen_amount is not None,
    }


def proposal_facts(row) -> list[tuple]:
    """Why the line is there and what a person added, as (name, value)."""
    pairs = [
        (_("Whom"), beneficiary_name(row)),
        (pgettext("ledger", "Day"), row.occurred_on.isoformat()),
        (_("Why"), explain(row.reasoning, row.rule, row.store)),
    ]
    if row.proposed_by_id:
        pairs.append((_("Put in by"), row.proposed_by.display_name()))
    if row.chosen_amount is not None:
        pairs.append((_("Amount chosen by"), f"{row.chosen_by.display_name()}: {row.chosen_reason}"))
    if row.decided_by_id:
        pairs.append((_("Decided by"), row.decided_by.display_name()))
    if row.decision_note:
        pairs.append((_("Note"), row.decision_note))
    return pairs


def tabs(request, active: str) -> list[dict]:
    """The pages of the money room this person may open."""
    pages = (
        ("ledger", "incentives:ledger", "incentives.view_ledger", pgettext("ledger", "Entries")),
        ("months", "incentives:months", "incentives.view_ledger", _("Month closing")),
        ("proposals", "incentives:proposals", "incentives.view_proposals", _("Proposals")),
        ("rules", "incentives:rules", "incentives.view_rules", pgettext("money", "Rules")),
    )
    return [
        {"url": reverse(name), "label": label, "active": key == active}
        for key, name, action, label in pages
        if permissions.can(request.user, action, request.store)
    ]
