"""The approval desk: everything that waits for a decision in one list, the evidence beside it.

Any floor adds its own through the panel slot `approvals`: `fn(request, subject)`.

    subject None    -> the group, or None for nothing: {"key", "title", "short" (for the phone), "order", "items"}, an
                       item being {"key": "<group>:<id>", "title", "sub", "due": DueView or None, "amount" or None,
                       "overdue": bool}; optional "bulk": {"template", …} drawn under the title.
    subject a key   -> None unless the key is one of its items, else what the right side shows: {"template" (the
                       evidence), "foot" (the decision), "title", …}. Both templates see it as `panel`.

The foot posts to a view of its own floor with `next_url` (where the next matter is) as hidden `next`. Its buttons carry
data-key="A" (agree) and data-key="R" (refuse); the page has J and K.
"""

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from csi_portal.organization import hooks, permissions, submits
from csi_portal.organization.due import due_view
from csi_portal.organization.markup import yuan_text
from incentives import presentation
from incentives.enums import EntryKind
from incentives.models import LedgerEntry, Objection, Proposal
from incentives.wording import line_words

ENTRIES, OBJECTIONS = "entry", "objection"
# The list is for deciding, not for reading history; what is beyond waits until these are done.
MOST = 200


def desk(request) -> dict:
    """The page's context: groups, the chosen matter, where the next one is."""
    groups = [group for group in hooks.panels("approvals", request, None) if group["items"]]
    groups.sort(key=lambda group: group.get("order", 100))
    keys = [item["key"] for group in groups for item in group["items"]]
    wanted = request.GET.get("item", "")
    chosen = wanted if wanted in keys else next(iter(keys), None)
    place = keys.index(chosen) if chosen else 0
    for group in groups:
        group["url"] = item_url(group["items"][0]["key"])
        group["active"] = any(item["key"] == chosen for item in group["items"])
        for item in group["items"]:
            item["url"] = item_url(item["key"])
            item["active"] = item["key"] == chosen
    after = keys[place + 1 :] + keys[:place]
    return {
        "groups": groups,
        "total": len(keys),
        "place": place + 1,
        "chosen": chosen,
        "panel": _detail(request, chosen),
        "previous_url": item_url(keys[place - 1]) if place else "",
        "following_url": item_url(keys[place + 1]) if place + 1 < len(keys) else "",
        "next_url": item_url(after[0]) if after else reverse("incentives:approvals"),
        "kind": next((group["title"] for group in groups if group["active"]), ""),
        "gone": bool(wanted) and wanted not in keys and _is_ours(wanted),
    }


def item_url(key: str) -> str:
    return f"{reverse('incentives:approvals')}?item={key}"


def _detail(request, key: str | None) -> dict | None:
    return next(iter(hooks.panels("approvals", request, key)), None) if key else None


def _is_ours(key: str) -> bool:
    return key.partition(":")[0] in (ENTRIES, OBJECTIONS)


# -- this floor's own matters


def proposals(request, subject) -> dict | None:
    """Rewards and penalties that wait for this person."""
    if not permissions.can(request.user, "incentives.decide", request.store):
        return None
    waiting = Proposal.objects.waiting().filter(store=request.store).not_own(request.user)
    if subject is None:
        rows = list(waiting.with_relations().order_by("kind", "month", "pk")[:MOST])
        return {
            "key": ENTRIES,
            "title": _("Proposed rewards and penalties"),
            "short": pgettext("approvals", "Money"),
            "order": 400,
            "items": [_proposal_item(row) for row in rows],
            "bulk": _bonuses(rows),
        }
    row = waiting.with_relations().filter(pk=_id_of(subject, ENTRIES)).first()
    return None if row is None else _proposal_detail(request, row)


def _proposal_item(row) -> dict:
    name = presentation.beneficiary_name(row)
    return {
        "key": f"{ENTRIES}:{row.pk}",
        "title": line_words(row.kind, row.rule),
        "sub": " · ".join((name, presentation.evidence_number(row.evidence_key))),
        "amount": row.effective_amount,
        "due": None,
        "overdue": False,
    }


def _bonuses(rows) -> dict | None:
    """Bonuses may be approved together: that harms nobody. Each row carries the version that was shown."""
    bonuses = [row for row in rows if row.kind == EntryKind.BONUS]
    if len(bonuses) < 2:
        return None
    total = sum(row.effective_amount for row in bonuses)
    return {
        "template": "incentives/_bulk.html",
        "count": len(bonuses),
        "total": total,
        "hidden": [("row", f"{row.pk}:{row.version}") for row in bonuses],
        "points": [
            f"{presentation.beneficiary_name(row)} · {line_words(row.kind, row.rule)} · "
            f"{yuan_text(row.effective_amount, signed=True)}"
            for row in bonuses
        ],
        "submit_key": submits.new_key(),
    }


def _proposal_detail(request, row) -> dict:
    link = presentation.evidence_link(request.user, row.evidence_key, row.store)
    return {
        "template": "incentives/_approval.html",
        "foot": "incentives/_approval_foot.html",
        "title": line_words(row.kind, row.rule),
        "row": row,
        "amount": row.effective_amount,
        "rule_amount": row.amount if row.chosen_amount is not None else None,
        "name": presentation.beneficiary_name(row),
        "person": row.employee,
        "month": presentation.month_label(row.month),
        "evidence": presentation.evidence_number(row.evidence_key),
        "evidence_url": link,
        "facts": presentation.proposal_facts(row),
        "reversed": row.reverses,
        "absorbs": [line_words(other.kind, other.rule) for other in row.absorbs.all()],
        "earlier": _this_year(row),
        "submit_key": submits.new_key(),
    }


def _this_year(row) -> dict | None:
    """How often the person was charged under the rule this year, for who decides."""
    if row.employee_id is None or row.kind != EntryKind.PENALTY:
        return None
    entries = LedgerEntry.objects.filter(
        store=row.store, employee=row.employee, rule=row.rule, kind=EntryKind.PENALTY, reversed_by=None
    ).filter(occurred_on__year=row.occurred_on.year)
    return {"count": entries.count(), "total": entries.aggregate(total=Sum("amount"))["total"]}


def objections(request, subject) -> dict | None:
    """Objections to entries that wait for this person's ruling."""
    if not permissions.can(request.user, "incentives.decide", request.store):
        return None
    waiting = (
        Objection.objects.filter(store=request.store, upheld=None)
        .exclude(employee__user=request.user)
        .select_related("employee__department", "entry", "store")
    )
    if subject is None:
        return {
            "key": OBJECTIONS,
            "title": _("Objections to rewards and penalties"),
            "short": pgettext("approvals", "Objections"),
            "order": 300,
            "items": [_objection_item(row, request.now) for row in waiting.order_by("rule_by", "pk")[:MOST]],
        }
    row = waiting.filter(pk=_id_of(subject, OBJECTIONS)).first()
    if row is None:
        return None
    return {
        "template": "incentives/_objection.html",
        "foot": "incentives/_objection_foot.html",
        "title": _("Objection to %(what)s") % {"what": line_words(row.entry.kind, row.entry.rule)},
        "row": row,
        "entry": row.entry,
        "evidence_url": presentation.evidence_link(request.user, row.entry.evidence_key, row.store),
        "evidence": presentation.evidence_number(row.entry.evidence_key),
        "due": _ruling_due(row, request.now),
        "submit_key": submits.new_key(),
    }


def _objection_item(row, now) -> dict:
    return {
        "key": f"{OBJECTIONS}:{row.pk}",
        "title": _("Objection to %(what)s") % {"what": line_words(row.entry.kind, row.entry.rule)},
        "sub": " · ".join((row.employee.name, presentation.evidence_number(row.entry.evidence_key))),
        "amount": None,
        "due": _ruling_due(row, now),
        "overdue": now > row.rule_by,
    }


def _ruling_due(row, now):
    return due_view(warn_at=None, due_at=row.rule_by, met_at=None, now=now, tz=row.store.zone)


def _id_of(subject: str, group: str) -> int:
    """The id in one of our keys; 0 for a key of another floor."""
    kind, _colon, pk = subject.partition(":")
    return int(pk) if kind == group and pk.isdigit() and len(pk) < 19 else 0


def counts(request) -> tuple[int, bool]:
    """How many of this floor's matters wait for the person, and whether one is overdue."""
    if not permissions.can(request.user, "incentives.decide", request.store):
        return 0, False
    lines = Proposal.objects.waiting().filter(store=request.store).not_own(request.user).count()
    rulings = Objection.objects.filter(store=request.store, upheld=None).exclude(employee__user=request.user)
    due = list(rulings.values_list("rule_by", flat=True))
    return lines + len(due), any(request.now > rule_by for rule_by in due)
