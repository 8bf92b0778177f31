"""The sheet as plain values: every figure in fen, every word it shows. The file is made from this alone.

Once a month is locked the value is kept with it, so the file can be made again whatever became of names, wages or
translations since.
"""

from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from csi_portal.organization.fields import to_fen
from incentives.enums import HoldReason
from incentives.links import evidence_number
from incentives.sheet.figures import Figures, Line, PersonMonth
from incentives.wording import line_words
from reports.periods import MONTH, Period
from reports.words import period_label

VERSION = 1
TOTALS = (
    "ledger",
    "bonuses",
    "penalties",
    "held",
    "brought_in",
    "paid",
    "accounts",
    "carried_in",
    "carried_over",
    "with_wages",
)


def sheet_data(found: Figures, *, now: datetime, asked_by=None, confirmed_by=None, head_hash: str = "") -> dict:
    """The plain value of a month's sheet in the active language; with two persons it is the locked one."""
    locked = confirmed_by is not None
    return {
        "version": VERSION,
        "language": translation.get_language(),
        "locked": locked,
        "store": {"code": found.store.code, "name": found.store.name},
        "month": f"{found.month:%Y-%m}",
        "made_at": found.store.local(now).strftime("%Y-%m-%d %H:%M"),
        "asked_by": asked_by.display_name() if asked_by else "",
        "confirmed_by": confirmed_by.display_name() if confirmed_by else "",
        "head_hash": head_hash,
        "totals": totals(found),
        "lines": [_line(line) for line in found.lines],
        "persons": [_person(person) for person in found.persons],
        "departments": _departments(found),
        "words": _words(found, locked),
    }


def totals(found: Figures) -> dict[str, int]:
    """Every total of the month, in fen."""
    return {"entries": found.entries, **{name: to_fen(getattr(found, name)) for name in TOTALS}}


def _line(line: Line) -> dict[str, Any]:
    entry = line.entry
    return {
        "number": entry.number,
        "date": entry.occurred_on.isoformat(),
        "name": entry.beneficiary_name,
        "staff_number": entry.staff_number,
        "department": entry.department_name,
        "rule": line_words(entry.kind, entry.rule),
        "why": entry.text,
        "evidence": evidence_number(entry.evidence_key),
        "approver": entry.approver_name,
        "fact_month": f"{entry.fact_month:%Y-%m}",
        "month": f"{entry.month:%Y-%m}",
        "fen": to_fen(entry.amount),
        "hash": entry.entry_hash,
        "brought_in": line.brought_in,
        "held": line.held,
        "state": _state(line),
    }


def _state(line: Line) -> str:
    if line.held:
        return _("Held back: %(reason)s") % {"reason": HoldReason(line.held).label}
    if line.brought_in:
        month = period_label(Period(MONTH, line.entry.month))
        return _("Brought in from %(month)s") % {"month": month}
    if line.entry.fact_month != line.entry.month:
        return _("Late, of %(month)s") % {"month": period_label(Period(MONTH, line.entry.fact_month))}
    return ""


def _person(person: PersonMonth) -> dict[str, Any]:
    own = [line for line in person.lines if not line.brought_in]
    return {
        "key": f"e:{person.employee_id}",
        "name": person.name,
        "staff_number": person.staff_number,
        "department": person.department,
        "ledger": _fen(own),
        "held": _fen(line for line in person.lines if line.held),
        "brought_in": _fen(line for line in person.lines if line.brought_in),
        "paid": to_fen(person.paid),
        "penalties": to_fen(person.penalties),
        "cap": None if person.cap is None else to_fen(person.cap),
        "carried_in": to_fen(person.carried_in),
        "carried_over": to_fen(person.carried_over),
        "with_wages": to_fen(person.with_wages),
    }


def _departments(found: Figures) -> list[dict[str, Any]]:
    """Per department what its persons and its own account come to."""
    names = sorted({line.entry.department_name for line in found.lines})
    rows = []
    for name in names:
        lines = [line for line in found.lines if line.entry.department_name == name]
        rows.append(
            {
                "name": name,
                "ledger": _fen(line for line in lines if not line.brought_in),
                "held": _fen(line for line in lines if line.held),
                "brought_in": _fen(line for line in lines if line.brought_in),
                "paid": _fen(line for line in lines if not line.held),
                "account": _fen(line for line in lines if not line.held and line.entry.employee_id is None),
            }
        )
    return rows


def _fen(lines) -> int:
    return sum(to_fen(line.amount) for line in lines)


def _words(found: Figures, locked: bool) -> dict[str, str]:
    """Every word the file shows."""
    label = period_label(Period(MONTH, found.month))
    return {
        "title": _("Monthly rewards and penalties, %(month)s") % {"month": label},
        "status": _("Locked") if locked else _("NOT LOCKED: trial sheet, figures may still change"),
        "made_at": _("Made at"),
        "asked_by": _("Lock asked for by"),
        "confirmed_by": _("Lock confirmed by"),
        "head_hash": _("Fingerprint of the last entry"),
        "sheet_summary": _("Summary"),
        "sheet_lines": _("Lines"),
        "sheet_persons": _("Per person"),
        "sheet_departments": _("Per department"),
        "entries": _("Entries"),
        "bonuses": _("Bonuses"),
        "penalties": _("Penalties"),
        "ledger": _("Ledger total"),
        "held": _("Held back"),
        "brought_in": _("Brought in"),
        "paid": pgettext("money", "Paid"),
        "accounts": _("of this to accounts of departments and teams"),
        "persons_paid": _("of this to persons"),
        "carried_in": _("Carried over from the month before"),
        "carried_over": _("Carried over to the next month (wage cap)"),
        "with_wages": _("Paid with the wages"),
        "number": _("No."),
        "date": _("Date"),
        "name": pgettext("sheet", "Name"),
        "staff_number": _("Staff number"),
        "department": _("Department"),
        "rule": _("Rule"),
        "why": _("Why"),
        "evidence": _("Evidence"),
        "approver": _("Approved by"),
        "fact_month": _("Month of the fact"),
        "amount": _("Amount"),
        "state": _("Remark"),
        "total": _("Total"),
        "block_brought_in": _("Brought in from earlier months"),
        "block_cap": _("Wage cap"),
        "cap": _("Cap"),
        "cap_unknown": _("Cap unknown: the wage of the month is not entered"),
        "account": _("of this on its account"),
        "signed_finance": _("Finance"),
        "signed_care": _("Customer care"),
        "signed_manager": _("General manager"),
        "signature": _("Signature and date"),
        "currency": _("Amounts in yuan; plus is paid to the person, minus is deducted"),
    }
