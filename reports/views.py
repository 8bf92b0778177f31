"""Boards: the running and the published figures, publishing, accepting a month, single answers."""

from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from csi_portal.organization import permissions, submits, toasts
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.markup import score_text
from reports import queries, services
from reports.forms import AcceptForm, BoardForm, PublishForm
from reports.models import Board
from reports.opening import answers_context
from reports.pages import BoardPage, revision_context
from reports.panels import board_url
from reports.periods import MONTH
from reports.reader import Reader, chosen


@require_GET
def boards(request):
    """The board of a week or month."""
    permissions.require(request.user, "reports.view_boards", request.store)
    kind, period = chosen(request)
    return render(request, "reports/boards.html", BoardPage(request, kind, period).context())


@require_GET
def board(request, pk):
    """A published revision, for ever as it was."""
    found = get_object_or_404(Board.objects.visible_to(request.user).select_related("store", "published_by"), pk=pk)
    return render(request, "reports/board.html", revision_context(request, found))


@require_POST
def publish(request):
    """Freeze the board the form names."""
    permissions.require(request.user, "reports.publish", request.store)
    kind, period = _named(request)
    seen = request.POST.get("seen_revision", "")
    seen = int(seen) if seen.isdigit() else None
    form = PublishForm(request.POST, correction=bool(seen))

    def act() -> str:
        done = services.publish_board(
            request.store,
            kind,
            period,
            by=request.user,
            now=request.now,
            reason=form.cleaned_data.get("reason", ""),
            seen_revision=seen,
        )
        _say_published(request, done)
        return board_url(kind, period)

    if form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error(None, str(refusal))
    page = BoardPage(request, kind, period, publish_form=form)
    return render(request, "reports/boards.html", page.context())


def _say_published(request, done) -> None:
    line = done.board.lines.first()
    if not done.created:
        text = _("Nothing has changed since revision %(n)s; there is nothing to publish.")
        toasts.say_done(request, text % {"n": done.board.revision})
        return
    text = _("Published: %(index)s %(score)s, n=%(sample)s, revision %(n)s")
    figures = {"index": done.board.kind.upper(), "score": score_text(line.score), "sample": line.n}
    toasts.say_done(request, text % {**figures, "n": done.board.revision})


@require_POST
def accept(request):
    """The general manager takes a month whose sample is not valid."""
    permissions.require(request.user, "reports.accept_month", request.store)
    kind, period = _named(request)
    if period.kind != MONTH:
        raise Http404
    form = AcceptForm(request.POST)

    def act() -> str:
        reason = form.cleaned_data["reason"]
        services.accept_month(request.store, kind, period, by=request.user, reason=reason, now=request.now)
        toasts.say_done(request, _("The month counts; your reason stands beside it."))
        return board_url(kind, period)

    if form.is_valid():
        try:
            return HttpResponseRedirect(submits.once(request.user, request.POST.get("submit_key"), act))
        except IllegalMove as refusal:
            form.add_error(None, str(refusal))
    page = BoardPage(request, kind, period, accept_form=form)
    return render(request, "reports/boards.html", page.context())


def _named(request):
    form = BoardForm(request.POST)
    if not form.is_valid():
        raise Http404
    return form.cleaned_data["kind"], form.cleaned_data["period"]


@require_GET
def answers(request, pk, key):
    """The single answers behind a line of a published board."""
    found = get_object_or_404(Board.objects.visible_to(request.user).select_related("store"), pk=pk)
    line = get_object_or_404(found.lines, subject_key=key)
    return _answers(request, found.store, line, request.path + "?", f"{found.get_absolute_url()}?open={key}#parts")


@require_GET
def live_answers(request, kind, code, key):
    """The single answers behind a line as it stands now."""
    permissions.require(request.user, "reports.view_live", request.store)
    form = BoardForm({"kind": kind, "period": code})
    if not form.is_valid():
        raise Http404
    period = form.cleaned_data["period"]
    line = queries.live_figures(request.store, kind, period, now=request.now).line(key)
    if line is None:
        raise Http404
    board_page = f"{board_url(kind, period)}&show=now&open={key}#parts"
    return _answers(request, request.store, line, request.path + "?", board_page)


def _answers(request, store, line, url, back_url):
    reader = Reader.of(request, store)
    if not reader.may_see_answers(line):
        raise NotAllowed(_("Single answers are for customer care, management and the person judged."))
    start = request.GET.get("from", "")
    context = answers_context(reader, line, int(start) if start.isdigit() else 0, url)
    return render(request, "reports/answers.html", {**context, "back_url": back_url, "page_title": _("Answers")})
