"""Importing a DMS file: upload, preview, confirmation, progress, result, and what a person has to clarify."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from csi_portal.organization import keyset, permissions, submits, toasts
from csi_portal.organization.errors import IllegalMove
from surveys import exports, visit_pages
from surveys.dms.sniff import MAX_FILE_MB
from surveys.models import ImportBatch, ImportRow
from surveys.services import imports
from surveys.visit_forms import KindForm, RowForm, UploadForm

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _batch(request, pk) -> ImportBatch:
    found = ImportBatch.objects.visible_to(request.user).select_related("store", "file", "uploaded_by")
    return get_object_or_404(found, pk=pk)


def _row(request, pk) -> ImportRow:
    found = ImportRow.objects.visible_to(request.user).select_related("batch", "store")
    return get_object_or_404(found, pk=pk)


def _batch_url(batch: ImportBatch) -> str:
    return reverse("surveys:import_batch", args=[batch.pk])


@require_http_methods(["GET", "POST"])
def upload(request):
    """Choose a file; below, the store's last imports."""
    permissions.require(request.user, "surveys.import", request.store)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return _uploaded(request, form)
    batches = ImportBatch.objects.visible_to(request.user).filter(store=request.store)
    page = keyset.page_of(
        batches.select_related("uploaded_by"), request.GET, fields=["-uploaded_at", "-pk"], size=visit_pages.PAGE
    )
    context = {
        "form": form,
        "page": page,
        "lines": [visit_pages.batch_line(batch) for batch in page.rows],
        "max_bytes": MAX_FILE_MB * 1024 * 1024,
        "max_mb": MAX_FILE_MB,
        "submit_key": submits.new_key(),
        "back_url": reverse("surveys:visits"),
    }
    return render(request, "surveys/visits/upload.html", context)


def _uploaded(request, form: UploadForm):
    """Keep the file once, however often the button was pressed; read it outside of that transaction."""
    kept: list[ImportBatch] = []

    def act() -> str:
        file = form.cleaned_data["file"]
        kind = form.cleaned_data["kind"] or None
        kept.append(imports.keep_file(request.store, file, name=file.name, by=request.user, now=request.now, kind=kind))
        return _batch_url(kept[0])

    url = submits.once(request.user, request.POST.get("submit_key"), act)
    if kept:
        imports.read_if_small(kept[0])
    return HttpResponseRedirect(url)


@require_GET
def batch(request, pk):
    """One file, whatever its state; asks for itself again while the background works."""
    found = _batch(request, pk)
    page = visit_pages.BatchPage(request, found)
    if request.htmx and "progress" in request.GET:
        return _progress(request, found, page)
    context = page.context() | {"submit_key": submits.new_key(), "may_import": True}
    return render(request, "surveys/visits/batch.html", context)


def _progress(request, found: ImportBatch, page: visit_pages.BatchPage):
    """The moving part; the whole page once there is something else to see."""
    context = page.context()
    if not context["is_busy"]:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = _batch_url(found)
        return response
    return render(request, "components/progress.html", context["progress"])


@require_POST
def confirm(request, pk):
    found = _batch(request, pk)

    def act() -> str:
        imports.confirm_import(found, by=request.user, now=request.now)
        return _batch_url(found)

    return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))


@require_POST
def put_away(request, pk):
    found = _batch(request, pk)
    imports.drop_import(found, by=request.user, now=request.now)
    toasts.say_done(request, _("%(file)s was put away, nothing of it is stored.") % {"file": found.file_name})
    return HttpResponseRedirect(reverse("surveys:import"))


@require_POST
def choose_kind(request, pk):
    found = _batch(request, pk)
    permissions.require(request.user, "surveys.import", found)
    form = KindForm(request.POST)
    if form.is_valid():
        try:
            imports.choose_kind(found, form.cleaned_data["kind"], by=request.user, now=request.now)
        except IllegalMove as refusal:
            messages.error(request, str(refusal))
    return HttpResponseRedirect(_batch_url(found))


@require_POST
def try_again(request, pk):
    found = _batch(request, pk)
    imports.try_again(found, by=request.user, now=request.now)
    return HttpResponseRedirect(_batch_url(found))


@require_GET
def refused_rows(request, pk):
    """The refused rows with their reasons, as a file to be corrected in Excel; logged like every export."""
    found = _batch(request, pk)
    content = exports.refused_rows(found, by=request.user, now=request.now)
    response = HttpResponse(content, content_type=XLSX)
    name = exports.refused_name(found)
    response.headers["Content-Disposition"] = exports.attachment(name)
    return response


@require_http_methods(["GET", "POST"])
def mend(request, pk):
    """Change the bad cells of one row before the file is confirmed."""
    row = _row(request, pk)
    permissions.require(request.user, "surveys.import", row)
    titles = visit_pages.titles_of(row.batch, row.sheet)
    form = RowForm(row, titles, request.POST or None)
    back = f"{_batch_url(row.batch)}?show={row.verdict}"
    if request.method == "POST" and form.is_valid():
        imports.mend_row(row, form.cells(), by=request.user, now=request.now, accepted=form.accepted())
        if row.problems:
            reasons = " ".join(problem["reason"] for problem in visit_pages.row_line(row, titles)["problems"])
            messages.warning(request, _("Row %(row)d: %(reasons)s") % {"row": row.row, "reasons": reasons})
        else:
            toasts.say_done(request, _("Row %(row)d is good now and will be stored.") % {"row": row.row})
        return HttpResponseRedirect(back)
    return _row_form(request, row, form, titles, back, mending=True)


def _row_form(request, row: ImportRow, form: RowForm, titles: dict, back: str, *, mending: bool):
    context = {
        "row": row,
        "line": visit_pages.row_line(row, titles),
        "facts": visit_pages.row_facts(row),
        "form": form,
        "back": back,
        "back_url": back,
        "mending": mending,
        "several_sheets": len(row.batch.counts.get("sheets", [])) > 1,
    }
    partial = request.htmx and request.method == "GET"
    return render(request, "surveys/visits/_row_form.html" if partial else "surveys/visits/row.html", context)


@require_GET
def clarify(request):
    """Rows a person has to decide on, the oldest first."""
    permissions.require(request.user, "surveys.clarify", request.store)
    rows = visit_pages.waiting_rows(request.store).select_related("batch")
    page = keyset.page_of(rows, request.GET, fields=["pk"], size=visit_pages.PAGE)
    lines = [visit_pages.row_line(row, visit_pages.titles_of(row.batch, row.sheet)) for row in page.rows]
    context = {"lines": lines, "page": page, "back_url": reverse("surveys:visits")}
    return render(request, "surveys/visits/clarify.html", context)


@require_http_methods(["GET", "POST"])
def complete(request, pk):
    """Give an unclear row what it lacks; it is stored at once."""
    row = _row(request, pk)
    permissions.require(request.user, "surveys.clarify", row)
    titles = visit_pages.titles_of(row.batch, row.sheet)
    form = RowForm(row, titles, request.POST or None)
    back = reverse("surveys:clarify")
    if request.method == "POST" and form.is_valid():
        try:
            imports.complete_row(row, form.cells(), by=request.user, now=request.now, accepted=form.accepted())
        except imports.StillUnclear as refusal:
            form = RowForm(row, titles, request.POST, refusal.issues)
            form.is_valid()
        else:
            order = {"order": row.values["order_no"]}
            toasts.say_done(request, _("Order %(order)s is stored.") % order)
            return HttpResponseRedirect(back)
    return _row_form(request, row, form, titles, back, mending=False)


@require_POST
def drop(request, pk):
    row = _row(request, pk)
    imports.drop_row(row, by=request.user, now=request.now)
    undo = reverse("surveys:clarify_back", args=[row.pk])
    text = _("Row %(row)d was dropped, nothing of it is stored.") % {"row": row.row}
    toasts.say_done(request, text, undo_url=undo)
    return HttpResponseRedirect(reverse("surveys:clarify"))


@require_POST
def bring_back(request, pk):
    row = _row(request, pk)
    imports.bring_back(row, by=request.user, now=request.now)
    toasts.say_done(request, _("Row %(row)d is on the list again.") % {"row": row.row})
    return HttpResponseRedirect(reverse("surveys:clarify"))
