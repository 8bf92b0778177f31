"""What the pages of business records and imports show, prepared in Python."""

import re
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Count, Max
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from csi_portal.organization import keyset, permissions
from csi_portal.organization.markup import yuan_text
from surveys.dms.codes import FIELD_NAMES, Issue, message
from surveys.enums import ImportState, RowState, RowVerdict, VisitKind
from surveys.models import ImportBatch, ImportRow, Visit

PAGE = 50
NUMBERS = re.compile(r"\d[\d\s-]{5,}\d")
STATE_TONES = {
    ImportState.STAGED: "live",
    ImportState.REFUSED: "harm",
    ImportState.CONFIRMED: "live",
    ImportState.DONE: "done",
    ImportState.FAILED: "harm",
    ImportState.DROPPED: "void",
}


def masked(text: str) -> str:
    """A cell with the middle of every longer number hidden: lists show no phone in full."""
    return NUMBERS.sub(lambda found: _mask(found[0]), text)


def _mask(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return f"{digits[:3]}****{digits[-2:]}"


def waiting_rows(store):
    """The store's rows to be clarified, the oldest first."""
    return ImportRow.objects.filter(store=store, state=RowState.WAITING)


def unknown_advisers(store, limit: int = 100) -> list[dict]:
    """Names of advisers that are nobody's yet, the most frequent first."""
    waiting = Visit.objects.filter(store=store).without_adviser()
    found = waiting.values("advisor_name").annotate(orders=Count("pk"), last=Max("closed_at"))
    return list(found.order_by("-orders", "advisor_name")[:limit])


# --- the list of business records -----------------------------------------------------------------------------------


def visits_context(request, form) -> dict:
    """The list of the store at work, newest first, narrowed by the filter."""
    text = form.cleaned_data.get("q", "") if form.is_valid() else ""
    kind = request.GET.get("kind", "")
    rows = Visit.objects.visible_to(request.user).filter(store=request.store).with_list_relations()
    if kind in VisitKind.values:
        rows = rows.filter(kind=kind)
    if text:
        rows = rows.matching(text, request.store)
    page = keyset.page_of(rows, request.GET, fields=["-closed_at", "-pk"], size=PAGE)
    can_import = permissions.can(request.user, "surveys.import", request.store)
    return {
        "page": page,
        "rows": page.rows,
        "form": form,
        "text": text,
        "kinds": _kinds(kind, text),
        "can_import": can_import,
        "waiting": waiting_rows(request.store).count() if can_import else 0,
        "nameless": len(unknown_advisers(request.store)) if can_import else 0,
    }


def _kinds(chosen: str, text: str) -> list[dict]:
    url = reverse("surveys:visits")
    words = [
        ("", pgettext("kind of order", "All")),
        (VisitKind.SERVICE, _("Repair orders")),
        (VisitKind.SALE, _("Deliveries")),
    ]
    query = {"q": text} if text else {}
    return [
        {"label": label, "active": code == chosen, "url": _with(url, query | ({"kind": code} if code else {}))}
        for code, label in words
    ]


def _with(url: str, query: dict) -> str:
    return f"{url}?{urlencode(query)}" if query else url


# --- imports --------------------------------------------------------------------------------------------------------


@dataclass
class BatchLine:
    """One line of the list of imports."""

    batch: ImportBatch
    state: str
    tone: str
    summary: str


def batch_line(batch: ImportBatch) -> BatchLine:
    state = _("Being read") if batch.is_being_read else batch.get_state_display()
    return BatchLine(batch, state, STATE_TONES[batch.state], _summary(batch))


def _summary(batch: ImportBatch) -> str:
    if batch.errors:
        return error_text(batch.errors[0])
    counts = batch.counts
    if not counts or batch.state == ImportState.DROPPED:
        return ""
    parts = [
        ngettext("%(n)d row", "%(n)d rows", counts["rows"]) % {"n": counts["rows"]},
        _("%(n)d new") % {"n": counts["created"]},
    ]
    if counts["updated"]:
        parts.append(_("%(n)d changed") % {"n": counts["updated"]})
    if counts["invalid"]:
        parts.append(_("%(n)d refused") % {"n": counts["invalid"]})
    if counts["review"]:
        parts.append(_("%(n)d to be clarified") % {"n": counts["review"]})
    return " · ".join(parts)


def error_text(error: dict) -> str:
    """The sentence of a stored refusal in the reader's language."""
    return message(error["code"], error.get("params", {}))


def titles_of(batch: ImportBatch, sheet: str) -> dict[str, str]:
    """The headings of a sheet by field, as the file writes them."""
    return next((dict(one["titles"]) for one in batch.counts.get("sheets", []) if one["name"] == sheet), {})


TABS = (RowVerdict.INVALID, RowVerdict.REVIEW, RowVerdict.DUPLICATE, RowVerdict.VALID)


class BatchPage:
    """One file from preview to result."""

    def __init__(self, request, batch: ImportBatch):
        self.request, self.batch = request, batch
        self.counts = batch.counts
        self.several_sheets = len(self.counts.get("sheets", [])) > 1

    def context(self) -> dict:
        batch = self.batch
        found = {
            "batch": batch,
            "state": batch_line(batch),
            "error": error_text(batch.errors[0]) if batch.errors else "",
            "back_url": reverse("surveys:import"),
            "page_title": batch.file_name,
            "is_preview": batch.state == ImportState.STAGED and not batch.is_being_read,
            "is_busy": batch.is_being_read or batch.state == ImportState.CONFIRMED,
            "sheets": self._sheets(),
            "notes": self._notes(),
        }
        if self.counts and batch.state in (ImportState.STAGED, ImportState.DONE, ImportState.CONFIRMED):
            found["figures"] = self._figures()
        if found["is_busy"]:
            found["progress"] = self._progress()
        elif self.counts and batch.state in (ImportState.STAGED, ImportState.DONE):
            found |= self._rows()
        if batch.state == ImportState.DONE:
            found["listed"] = waiting_rows(batch.store).filter(batch=batch).count()
        return found

    def _tab(self) -> str:
        shown = [tab for tab in TABS if self._count(tab)]
        wanted = self.request.GET.get("show", "")
        return wanted if wanted in TABS else (shown[0] if shown else RowVerdict.INVALID)

    def _count(self, tab: str) -> int:
        if tab == RowVerdict.VALID:
            return self.counts.get("valid", 0) if self.batch.state == ImportState.STAGED else 0
        return self.counts.get(tab, 0)

    def _rows(self) -> dict:
        tab = self._tab()
        rows = self.batch.rows.filter(verdict=tab)
        page = keyset.page_of(rows, self.request.GET, fields=["pk"], size=PAGE)
        lines = [row_line(row, titles_of(self.batch, row.sheet)) for row in page.rows]
        tabs = self._tabs(tab)
        return {"tabs": tabs, "tab": tab, "page": page, "lines": lines, "several_sheets": self.several_sheets}

    def _tabs(self, chosen: str) -> list[dict]:
        url = reverse("surveys:import_batch", args=[self.batch.pk])
        words = {
            RowVerdict.INVALID: pgettext("import", "Refused"),
            RowVerdict.REVIEW: _("To be clarified"),
            RowVerdict.DUPLICATE: pgettext("import", "Duplicates"),
            RowVerdict.VALID: _("Good rows (sample)"),
        }
        tabs = [
            {"url": f"{url}?show={tab}", "label": words[tab], "count": self._count(tab), "active": tab == chosen}
            for tab in TABS
            if tab != RowVerdict.VALID or self.batch.state == ImportState.STAGED
        ]
        for tab in tabs:
            if tab["url"].endswith("=valid"):
                tab["count"] = None
        return tabs

    def _figures(self) -> list[dict]:
        url = reverse("surveys:import_batch", args=[self.batch.pk])
        done = self.batch.state == ImportState.DONE

        def figure(caption: str, count: str, note: str, tab: str = "") -> dict:
            shown = f"{url}?show={tab}" if tab and self._count(tab) else ""
            return {"caption": caption, "value": self.counts[count], "note": note, "url": shown}

        return [
            figure(pgettext("import", "New"), "created", _("orders stored") if done else _("orders")),
            figure(pgettext("import", "Changed"), "updated", _("known, with other values")),
            figure(pgettext("import", "Unchanged"), "unchanged", _("known already")),
            figure(pgettext("import", "Duplicates"), "duplicate", _("the first row counts"), RowVerdict.DUPLICATE),
            figure(pgettext("import", "Refused"), "invalid", _("not stored"), RowVerdict.INVALID),
            figure(_("To be clarified"), "review", _("a person decides"), RowVerdict.REVIEW),
        ]

    def _progress(self) -> dict:
        batch = self.batch
        poll = f"{reverse('surveys:import_batch', args=[batch.pk])}?progress=1"
        if batch.is_being_read:
            return {"text": _("The file is being read"), "note": "", "done": 0, "total": 0, "poll_url": poll}
        rows = self.counts["rows"]
        if batch.done_rows < rows:
            told = {"done": batch.done_rows, "rows": rows}
            note = _("%(done)d of %(rows)d rows checked") % told
        else:
            note = _("storing")
        return {
            "text": _("The orders are being stored"),
            "note": note,
            "done": batch.done_rows,
            "total": rows if batch.done_rows else 0,
            "poll_url": poll,
        }

    def _sheets(self) -> list[dict]:
        found = []
        for sheet in self.counts.get("sheets", []):
            kind = _("Deliveries") if sheet["kind"] == VisitKind.SALE else _("Repair orders")
            rows = ngettext("%(n)d row", "%(n)d rows", sheet["rows"]) % {"n": sheet["rows"]}
            heading = _("headings in row %(row)d") % {"row": sheet["header_row"]}
            found.append({"name": sheet["name"], "text": f"{kind} · {rows} · {heading}", "hidden": sheet["hidden"]})
        return found

    def _notes(self) -> list[str]:
        """What a person should know before confirming: what was left aside, what is hidden."""
        notes = []
        for sheet in self.batch.ignored_sheets:
            lacking = pgettext("list", ", ").join(str(FIELD_NAMES[name]) for name in sheet.get("lacking", []))
            text = _("Sheet “%(sheet)s” was left aside: it has no headings of orders.")
            if lacking:
                text = _("Sheet “%(sheet)s” was left aside, it lacks: %(fields)s.")
            notes.append(text % {"sheet": sheet["name"], "fields": lacking})
        for sheet in self.counts.get("sheets", []):
            if sheet["ignored_columns"]:
                columns = pgettext("list", ", ").join(sheet["ignored_columns"])
                notes.append(_("Columns not used: %(columns)s.") % {"columns": columns})
            if sheet["hidden_rows"]:
                text = ngettext(
                    "%(n)d hidden row of “%(sheet)s” is read too.",
                    "%(n)d hidden rows of “%(sheet)s” are read too.",
                    sheet["hidden_rows"],
                )
                notes.append(text % {"n": sheet["hidden_rows"], "sheet": sheet["name"]})
        return notes


# --- rows -----------------------------------------------------------------------------------------------------------


def row_line(row: ImportRow, titles: dict[str, str]) -> dict:
    """A row of a list: who and what it is about, and what is wrong with which cell."""
    values = row.values
    return {
        "row": row,
        "order": values.get("order_no") or row.raw.get("order_no", "").strip() or _("without number"),
        "name": values.get("name") or row.raw.get("name", "").strip(),
        "plate": values.get("plate") or "",
        "model": values.get("model") or "",
        "phone": values.get("phone") or "",
        "adviser": values.get("advisor") or "",
        "closed": values.get("close_time", ""),
        "amount": _yuan(values.get("amount")),
        "problems": [_problem(row, Issue.from_json(problem), titles) for problem in row.problems],
    }


def _yuan(amount: str | None) -> str:
    return yuan_text(Decimal(amount)) if amount is not None else ""


def _problem(row: ImportRow, issue: Issue, titles: dict[str, str]) -> dict:
    cell = row.raw.get(issue.field, "").strip()
    return {
        "column": issue.column or titles.get(issue.field) or str(FIELD_NAMES[issue.field]),
        "cell": masked(cell) if issue.field in ("phone", "contact_phone") else cell[:60],
        "reason": issue.message,
    }


def row_facts(row: ImportRow) -> list[tuple]:
    """The rest of a row, so that a person knows what is mended."""
    values = row.values
    pairs = [
        (_("Order number"), values.get("order_no")),
        (_("Customer"), values.get("name")),
        (_("Plate"), values.get("plate")),
        (_("VIN"), values.get("vin")),
        (_("Model"), values.get("model")),
        (_("Adviser"), values.get("advisor")),
        (pgettext("visit", "Opened"), values.get("open_time")),
        (pgettext("visit", "Closed"), values.get("close_time")),
        (_("Amount"), _yuan(values.get("amount"))),
    ]
    return [(name, value) for name, value in pairs if value]
