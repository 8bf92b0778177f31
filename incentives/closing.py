"""What the month page shows: where the closing stands, what is in the way, what the month comes to, every line."""

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from csi_portal.organization import permissions
from csi_portal.organization.markup import yuan_text
from csi_portal.organization.models import Employee
from incentives import presentation
from incentives.enums import HoldReason, MonthStatus, Rule
from incentives.forms import AmountField
from incentives.models import Month, Proposal, Wage
from incentives.services.months import month_row, seal
from incentives.sheet import Figures, figures
from incentives.wording import rule_words
from reports.models import Board, PeriodKind
from reports.panels import board_url
from reports.periods import MONTH, Period
from surveys.enums import BoardKind

DONE, OPEN, INFO = "done", "open", "info"
# What the filters above the lines are called in the address.
ALL, PENALTIES, BONUSES, HELD, ACCOUNTS, BROUGHT_IN = "", "penalty", "bonus", "held", "account", "brought_in"


def month_to_close(store, now) -> date:
    """The oldest open month before this one that has lines, else the last full month."""
    last = Period.of(MONTH, store.local_date(now)).previous().start
    waiting = Month.objects.filter(store=store, month__lte=last).exclude(status=MonthStatus.LOCKED).order_by("month")
    first = waiting.first()
    return first.month if first else last


def month_page(request, month: date) -> dict:
    """The page's context for who may see the ledger."""
    store, user = request.store, request.user
    row = month_row(store, month)
    found = figures(store, month, now=request.now)
    period = Period(MONTH, month)
    locked = row.status == MonthStatus.LOCKED
    chosen = request.GET.get("show", ALL)
    return {
        "month": month,
        "code": f"{month:%Y-%m}",
        "month_name": presentation.month_label(month),
        "page_title": _("%(month)s closing") % {"month": presentation.month_label(month)},
        "row": row,
        "locked": locked,
        "waiting": row.status == MonthStatus.LOCKING,
        "not_begun": month > store.local_date(request.now),
        "running": period.end > store.local_date(request.now),
        "next_label": presentation.month_label(period.end),
        "previous_url": presentation.month_url(period.previous().start),
        "following_url": presentation.month_url(period.end),
        "checks": [] if locked else checks(store, row, found, request.now),
        "entries": found.entries,
        "held_count": len(found.held_lines),
        "totals": total_rows(found),
        # what this page shows: the lock refuses figures that changed since
        "seal_hidden": [("seen", seal(found))],
        "filters": _filters(found, month, chosen),
        "lines": _lines(found, chosen, presentation.opens_forms(user, store)),
        "may_ask": permissions.can(user, "incentives.lock_month", store),
        "may_confirm": permissions.can(user, "incentives.confirm_lock", store) and row.asked_by_id != user.pk,
        "may_send_back": permissions.can(user, "incentives.confirm_lock", store) or row.asked_by_id == user.pk,
        "may_export": permissions.can(user, "incentives.export", store),
        "points": lock_points(found, period),
    }


def lock_points(found: Figures, period: Period) -> list[str]:
    """What locking will do, said before it is done."""
    month, following = presentation.month_label(period.start), presentation.month_label(period.end)
    points = [
        _("%(month)s takes no more entries; late ones go to %(next)s.") % {"month": month, "next": following},
        _("Ledger total %(total)s, paid %(paid)s.")
        % {"total": yuan_text(found.ledger, signed=True), "paid": yuan_text(found.paid, signed=True)},
    ]
    if found.held_lines:
        text = ngettext(
            "%(n)s line is held back to %(next)s.", "%(n)s lines are held back to %(next)s.", len(found.held_lines)
        )
        points.append(text % {"n": len(found.held_lines), "next": following})
    if found.carried_over:
        amount = yuan_text(found.carried_over)
        points.append(_("%(amount)s above the wage cap is carried over.") % {"amount": amount})
    points.append(_("This cannot be taken back."))
    return points


# -- what is in the way


def checks(store, row: Month, found: Figures, now) -> list[dict]:
    """The checklist: green is done, amber does not stop the lock, blue is for information."""
    month = found.month
    return [
        *_scores(store, month),
        _waiting_proposals(store, month),
        *_open_objections(found),
        *_missing_wages(found),
        *_earlier_months(store, month),
        *_running(store, month, now),
        *_late_lines(found),
    ]


def _check(state: str, text: str, url: str = "", label: str = "") -> dict:
    return {"state": state, "text": text, "url": url, "label": label or _("Show")}


def _scores(store, month: date) -> list[dict]:
    boards = Board.objects.filter(store=store, period_kind=PeriodKind.MONTH, period_start=month)
    newest = {board.kind: board.revision for board in boards.order_by("revision")}
    lines = []
    for kind in BoardKind.values:
        said = {"kind": kind.upper(), "month": presentation.month_label(month)}
        url = board_url(kind, Period(MONTH, month))
        if kind in newest:
            text = _("%(kind)s of %(month)s is published (revision %(n)s)") % {**said, "n": newest[kind]}
            lines.append(_check(DONE, text, url))
        else:
            lines.append(
                _check(
                    OPEN,
                    _("%(kind)s of %(month)s is not published; %(rule)s waits") % {**said, "rule": rule_words(Rule.P4)},
                    url,
                )
            )
    return lines


def _waiting_proposals(store, month: date) -> dict:
    count = Proposal.objects.waiting().filter(store=store, month__lte=month).count()
    text = ngettext("%(n)s proposal waits for its decision", "%(n)s proposals wait for their decision", count)
    url = f"{reverse('incentives:proposals')}?status=proposed" if count else ""
    return _check(OPEN if count else DONE, text % {"n": count}, url)


def _open_objections(found: Figures) -> list[dict]:
    objections = sum(line.held == HoldReason.OBJECTION for line in found.lines)
    windows = sum(line.held == HoldReason.WINDOW for line in found.lines)
    lines, url = [], f"?show={HELD}#lines"
    if objections:
        text = ngettext(
            "%(n)s objection is open; the line is held back",
            "%(n)s objections are open; the lines are held back",
            objections,
        )
        lines.append(_check(OPEN, text % {"n": objections}, url))
    if windows:
        text = ngettext(
            "%(n)s line may still be objected to; it is held back",
            "%(n)s lines may still be objected to; they are held back",
            windows,
        )
        lines.append(_check(OPEN, text % {"n": windows}, url))
    return lines or [_check(DONE, _("No line is held back"))]


def _missing_wages(found: Figures) -> list[dict]:
    missing = [person.name for person in found.wages_missing]
    if not missing:
        return [_check(DONE, _("The wage cap is known for everybody with penalties"))]
    text = _("Gross wage missing, the cap is unknown: %(names)s") % {"names": _names(missing)}
    return [_check(OPEN, text, reverse("incentives:wages", args=[f"{found.month:%Y-%m}"]), _("Enter"))]


def _earlier_months(store, month: date) -> list[dict]:
    earlier = Month.objects.filter(store=store, month__lt=month).exclude(status=MonthStatus.LOCKED).order_by("month")
    return [
        _check(
            OPEN,
            _("%(month)s is still open") % {"month": presentation.month_label(row.month)},
            presentation.month_url(row.month),
        )
        for row in earlier
    ]


def _running(store, month: date, now) -> list[dict]:
    if Period(MONTH, month).end <= store.local_date(now):
        return []
    text = _("The month is not over; facts that come until its end go to the next one")
    return [_check(OPEN, text)]


def _late_lines(found: Figures) -> list[dict]:
    late = [line for line in found.lines if not line.brought_in and line.entry.fact_month != line.entry.month]
    lines = []
    if late:
        text = ngettext(
            "%(n)s line came late from an earlier month and keeps its date",
            "%(n)s lines came late from earlier months and keep their dates",
            len(late),
        )
        lines.append(_check(INFO, text % {"n": len(late)}))
    if found.brought_in_lines:
        text = ngettext(
            "%(n)s line held back earlier is brought in",
            "%(n)s lines held back earlier are brought in",
            len(found.brought_in_lines),
        )
        lines.append(_check(INFO, text % {"n": len(found.brought_in_lines)}, f"?show={BROUGHT_IN}#lines"))
    return lines


def _names(names: list[str], most: int = 4) -> str:
    shown = _(", ").join(names[:most])
    return shown if len(names) <= most else _("%(names)s and %(n)s more") % {"names": shown, "n": len(names) - most}


# -- totals and lines


def total_rows(found: Figures) -> list[dict]:
    """The totals in the order they add up; `part` stands under the row before."""
    rows = [
        _total(_("Bonuses"), found.bonuses),
        _total(_("Penalties"), found.penalties),
        _total(_("Ledger total"), found.ledger, net=True),
    ]
    if found.held_lines:
        text = ngettext("%(n)s line held back", "%(n)s lines held back", len(found.held_lines))
        rows.append(_total(text % {"n": len(found.held_lines)}, -found.held, part=True))
    if found.brought_in_lines:
        text = ngettext("%(n)s line brought in", "%(n)s lines brought in", len(found.brought_in_lines))
        rows.append(_total(text % {"n": len(found.brought_in_lines)}, found.brought_in, part=True))
    rows.append(_total(pgettext("money", "Paid"), found.paid, strong=True))
    if found.accounts:
        rows.append(_total(_("to accounts of departments, not to persons"), -found.accounts, part=True))
    if found.carried_in:
        rows.append(_total(_("carried over from the month before"), -found.carried_in, part=True))
    if found.carried_over:
        rows.append(_total(_("above the wage cap, carried over"), found.carried_over, part=True))
    rows.append(_total(_("Paid with the wages"), found.with_wages, strong=True))
    return rows


def _total(label: str, amount: Decimal, **look) -> dict:
    return {"label": label, "amount": amount, **look}


_SHOWN = {
    ALL: lambda line: True,
    PENALTIES: lambda line: line.is_penalty,
    BONUSES: lambda line: not line.is_penalty,
    HELD: lambda line: bool(line.held),
    ACCOUNTS: lambda line: line.entry.employee_id is None,
    BROUGHT_IN: lambda line: line.brought_in,
}


def _filters(found: Figures, month: date, chosen: str) -> list[dict]:
    words = {
        ALL: _("All"),
        PENALTIES: _("Penalties"),
        BONUSES: _("Bonuses"),
        HELD: pgettext("ledger", "Held back"),
        ACCOUNTS: _("Department accounts"),
        BROUGHT_IN: _("Brought in"),
    }
    rows = []
    for key, wanted in _SHOWN.items():
        count = sum(1 for line in found.lines if wanted(line))
        if count or key == ALL:
            url = f"{presentation.month_url(month)}{f'?show={key}' if key else ''}#lines"
            rows.append({"url": url, "label": words[key], "count": count, "active": key == chosen})
    return rows


def _lines(found: Figures, chosen: str, with_forms: bool) -> list[dict]:
    wanted = _SHOWN.get(chosen, _SHOWN[ALL])
    lines = [line for line in found.lines if wanted(line)]
    lines.sort(key=lambda line: (line.entry.occurred_on, line.entry.number))
    return [
        presentation.entry_row(line.entry, held=line.held, brought_in=line.brought_in, with_forms=with_forms)
        for line in lines
    ]


# -- wages


def wage_rows(store, month: date, found: Figures, posted) -> list[dict]:
    """A row for everybody with penalties in the month, and who has a wage entered; with what was typed."""
    wages = {wage.employee_id: wage for wage in Wage.objects.filter(store=store, month=month)}
    wanted = {person.employee_id for person in found.persons if person.penalties > 0} | wages.keys()
    people = Employee.objects.filter(store=store, pk__in=wanted).order_by("staff_number")
    return [_wage_row(employee, wages.get(employee.pk), posted) for employee in people]


def _wage_row(employee: Employee, wage: Wage | None, posted) -> dict:
    pk = employee.pk
    row = {"pk": pk, "employee": employee, "name": employee.name, "errors": [], "changed": False}
    if posted is None:
        row["gross_text"] = "" if wage is None else f"{wage.gross}"
        row["minimum_text"] = "" if wage is None or wage.local_minimum is None else f"{wage.local_minimum}"
        return row
    row["gross_text"], row["minimum_text"] = posted.get(f"gross-{pk}", ""), posted.get(f"minimum-{pk}", "")
    row["gross"] = _amount(row, row["gross_text"])
    row["minimum"] = _amount(row, row["minimum_text"])
    if row["gross"] is None and row["minimum"] is not None and not row["errors"]:
        row["errors"].append(_("Enter the gross wage too."))
    before = (None, None) if wage is None else (wage.gross, wage.local_minimum)
    row["changed"] = row["gross"] is not None and (row["gross"], row["minimum"]) != before
    return row


def _amount(row: dict, text: str) -> Decimal | None:
    try:
        return AmountField(required=False).clean(text)
    except ValidationError as error:
        row["errors"] += [message for message in error.messages if message not in row["errors"]]
        return None


def open_months(store, now) -> list[Month]:
    """Months that are over and not locked, for the reminder on Today."""
    today = store.local_date(now)
    return list(
        Month.objects.filter(Q(status=MonthStatus.OPEN) | Q(status=MonthStatus.LOCKING), store=store)
        .filter(month__lt=today.replace(day=1))
        .order_by("month")
    )
