"""The call desk: one call from the number to the result."""

import io

import segno
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from csi_portal.organization import hooks, permissions, submits
from csi_portal.organization.errors import Conflict, IllegalMove
from csi_portal.organization.toasts import say_done
from surveys import call_forms
from surveys.desk import asks, facts, ways
from surveys.models import Callback, Response
from surveys.services import calls, numbers, queue, responses
from surveys.services.rules import calling_rules

_RELATIONS = (
    "store", "customer", "visit__vehicle", "visit__advisor", "visit__technician", "line", "questionnaire", "outcome",
    "claim__holder",
)  # fmt: skip


def _fetch(request, pk: int) -> Callback:
    return get_object_or_404(Callback.objects.visible_to(request.user).select_related(*_RELATIONS), pk=pk)


def _url(callback) -> str:
    return reverse("surveys:call", args=[callback.pk])


@require_GET
def call(request, pk):
    """The desk for who holds the call, else how the call stands."""
    callback = _fetch(request, pk)
    claim = callback.claim
    if claim is not None and claim.holder_id == request.user.pk and claim.lease_until > request.now:
        return _desk(request, callback, claim)
    return _standing(request, callback)


def _desk(request, callback, claim, *, typed=None, error: str = "", lapsed: bool = False, status: int = 200):
    """The working page; `typed` (answers, post) shows what was sent instead of what is stored."""
    draft = responses.draft_of(callback)
    version = responses.version_for(callback, draft)
    questions = responses.questions_of(version) if version is not None else []
    words = asks.script_words(callback, asks.agent_name(request.user, callback.store))
    answers = typed[0] if typed else responses.given_answers(draft)
    post = typed[1] if typed else {}
    tries = facts.tries_of(callback)
    running = facts.running_try(tries, request.user)
    rules = calling_rules(callback.store, request.now)
    context = {
        **_left(request, callback),
        "claim": claim,
        "token": claim.token if claim else "",
        "draft": draft,
        "draft_version": call_forms.expected_of(post) if typed else (draft.version_no if draft else 0),
        "comment": call_forms.comment_of(post) if typed else (draft.comment if draft else ""),
        "asks": asks.asks(questions, answers, words),
        "intro": asks.said(version.in_language("intro"), words) if version else [],
        "outro": asks.said(version.in_language("outro"), words) if version else [],
        "ways": ways.ways(callback, request.now, post.get("outcome", "")),
        "appointments": ways.appointments(callback, request.now),
        "reasons": ways.exclusion_reasons(),
        "post": post,
        "tries": tries,
        "half_days": facts.half_days_tried(tries),
        "attempt_limit": rules.attempt_limit,
        "lease_seconds": int(rules.lease.total_seconds()),
        "lease_left": int((claim.lease_until - request.now).total_seconds()) if claim else 0,
        "running": running,
        "running_number": facts.spaced(running.number) if running else "",
        "running_since": int(running.dialled_at.timestamp() * 1000) if running else "",
        "words": ways.script_phrases(),
        "numbers": facts.masked_numbers(callback),
        "submit_key": submits.new_key(),
        "error": error,
        "lapsed": lapsed,
    }
    return render(request, "surveys/call_desk.html", context, status=status)


def _left(request, callback) -> dict:
    """What both forms of the page show about the customer."""
    subject = {"customer": callback.customer, "callback": callback, "visit": callback.visit}
    return {
        "callback": callback,
        "customer": callback.customer,
        "visit": callback.visit,
        "title": facts.title_of(callback),
        "address": asks.address(callback.customer),
        "flags": facts.phone_flags(callback.customer),
        "suppressed": numbers.is_suppressed(callback.customer.phone),
        "history": facts.history(callback),
        "same_call": facts.same_call(callback),
        "side_panels": hooks.panels("call_side", request, subject),
        "may_call": permissions.can(request.user, "surveys.call", callback),
    }


def _standing(request, callback):
    """How the call stands for who does not hold it: just saved, open, held by somebody, or finished."""
    saved = "saved" in request.GET
    own = Response.objects.filter(callback=callback, agent=request.user).completed().order_by("-completed_at").first()
    response = (
        own or Response.objects.filter(callback=callback).completed().order_by("-counted", "completed_at").first()
    )
    claim = callback.claim if callback.claim and callback.claim.lease_until > request.now else None
    low = asks.low_answers(response)
    open_end = response is not None and response.has_low_answer and response.low_settled_at is None
    subject = {"response": response, "callback": callback}
    low_panels = hooks.panels("call_low_answer", request, subject) if open_end else []
    held = queue.held_claim(callback.store, request.user, request.now)
    tries = facts.tries_of(callback)
    follows = next(iter(held.callbacks.select_related("line", "questionnaire").order_by("pk")), None) if held else None
    if follows is not None:
        follows.title = facts.title_of(follows)
    context = {
        **_left(request, callback),
        "saved": saved,
        "response": response,
        "score": facts.exact_score(response),
        "low": low,
        "open_end": open_end,
        "low_panel": next(iter(low_panels), None),
        "panels": hooks.panels("call_saved", request, subject) if response else [],
        "claimed_by_other": claim,
        "rest_of_call": follows,
        "no_form_reasons": ways.no_form_reasons(),
        "tries": tries,
        "attempt_limit": calling_rules(callback.store, request.now).attempt_limit,
        "half_days": facts.half_days_tried(tries),
        "submit_key": submits.new_key(),
    }
    return render(request, "surveys/call_result.html", context)


@require_POST
def claim(request, pk):
    """Take this call; what was typed on a page whose lease had lapsed comes along."""
    callback = _fetch(request, pk)
    permissions.require(request.user, "surveys.call", callback)
    try:
        held = queue.claim_callback(callback, by=request.user, now=request.now)
        if request.POST.get("bring_along") == "1":
            _bring_along(request, callback, held)
    except IllegalMove as refusal:
        messages.error(request, str(refusal))
    return redirect(_url(callback))


def _bring_along(request, callback, held) -> None:
    draft = responses.draft_of(callback)
    questions = responses.questions_of(responses.version_for(callback, draft))
    answers = call_forms.answers_of(questions, request.POST)
    if not answers and not call_forms.comment_of(request.POST):
        return
    responses.save_draft(
        callback,
        answers,
        by=request.user,
        now=request.now,
        token=held.token,
        expected=call_forms.expected_of(request.POST),
        comment=call_forms.comment_of(request.POST),
    )


@require_POST
def draft(request, pk):
    """Autosave. Answers 409 with `lapsed`, or with the newer answers where another window saved meanwhile."""
    callback = _fetch(request, pk)
    permissions.require(request.user, "surveys.call", callback)
    try:
        known = responses.draft_of(callback)
        questions = responses.questions_of(responses.version_for(callback, known))
        saved = responses.save_draft(
            callback,
            call_forms.answers_of(questions, request.POST),
            by=request.user,
            now=request.now,
            token=request.POST.get("token", ""),
            expected=call_forms.expected_of(request.POST),
            comment=call_forms.comment_of(request.POST),
        )
    except queue.LeaseLapsed as refusal:
        return JsonResponse({"lapsed": True, "message": str(refusal)}, status=409)
    except responses.StaleDraft as refusal:
        now_there = responses.draft_of(callback)
        version = now_there.version_no if now_there else 0
        return JsonResponse({"stale": True, "message": str(refusal), "version": version}, status=409)
    except IllegalMove as refusal:
        return JsonResponse({"message": str(refusal)}, status=400)
    return JsonResponse(
        {"version": saved.version_no, "at": _clock(callback, request.now), "lease": _lease(callback, request)}
    )


@require_POST
def hold(request, pk):
    """Heartbeat: keep the call while the agent works on it."""
    callback = _fetch(request, pk)
    permissions.require(request.user, "surveys.call", callback)
    try:
        queue.renew(callback, by=request.user, now=request.now, token=request.POST.get("token", ""))
    except queue.LeaseLapsed as refusal:
        return JsonResponse({"lapsed": True, "message": str(refusal)}, status=409)
    return JsonResponse({"lease": _lease(callback, request)})


def _clock(callback, now) -> str:
    return callback.store.local(now).strftime("%H:%M:%S")


def _lease(callback, request) -> int:
    return int(calling_rules(callback.store, request.now).lease.total_seconds())


@require_POST
def dial(request, pk):
    """Show the number and log the try; scripts get it as JSON, others see it after the redirect."""
    callback = _fetch(request, pk)
    permissions.require(request.user, "surveys.call", callback)
    usable = numbers.usable_numbers(callback.customer)
    wanted = request.POST.get("number", "0")
    position = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 4 else 0
    as_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        attempt = calls.dial(
            callback,
            by=request.user,
            now=request.now,
            token=request.POST.get("token", ""),
            number=usable[position] if position < len(usable) else "",
        )
    except (IllegalMove, Conflict) as refusal:
        if as_json:
            lapsed = isinstance(refusal, queue.LeaseLapsed)
            return JsonResponse({"message": str(refusal), "lapsed": lapsed}, status=409 if lapsed else 400)
        messages.error(request, str(refusal))
        return redirect(_url(callback))
    if not as_json:
        return redirect(_url(callback))
    return JsonResponse(
        {
            "number": attempt.number,
            "shown": facts.spaced(attempt.number),
            "since": int(attempt.dialled_at.timestamp() * 1000),
            "at": _clock(callback, attempt.dialled_at)[:5],
            "qr": reverse("surveys:call_qr", args=[callback.pk]),
        }
    )


@require_GET
def qr(request, pk):
    """The number being dialled as a QR code, to ring from one's own phone; only while the try lasts."""
    callback = _fetch(request, pk)
    permissions.require(request.user, "surveys.call", callback)
    running = facts.running_try(facts.tries_of(callback), request.user)
    if running is None:
        raise Http404
    picture = io.BytesIO()
    segno.make(f"tel:{running.number}", micro=False).save(
        picture, kind="svg", scale=5, border=2, light="#fff", xmldecl=False
    )
    return HttpResponse(picture.getvalue(), content_type="image/svg+xml")


@require_POST
def save(request, pk):
    """Save what the call came to, once per submit key; what is refused comes back with everything typed."""
    callback = _fetch(request, pk)
    permissions.require(request.user, "surveys.call", callback)
    typed = {}

    def act() -> str:
        known = responses.draft_of(callback)
        version = responses.version_for(callback, known)
        answers = None
        if version is not None:
            answers = call_forms.answers_of(responses.questions_of(version), request.POST)
            typed.update(answers)
        result = call_forms.result_of(callback.store, request.POST)
        touched = bool(answers) or known is not None or bool(call_forms.comment_of(request.POST))
        calls.log_outcome(
            callback,
            result,
            by=request.user,
            now=request.now,
            token=request.POST.get("token", ""),
            answers=answers if touched else None,
            expected=call_forms.expected_of(request.POST),
            comment=call_forms.comment_of(request.POST),
        )
        return f"{_url(callback)}?saved=1"

    try:
        return redirect(submits.once(request.user, request.POST.get("submit_key"), act))
    except queue.LeaseLapsed as refusal:
        return _desk(request, callback, None, typed=(typed, request.POST), error=str(refusal), lapsed=True, status=409)
    except (IllegalMove, responses.StaleDraft) as refusal:
        stale = isinstance(refusal, responses.StaleDraft)
        own = callback.claim if callback.claim and callback.claim.holder_id == request.user.pk else None
        return _desk(
            request, callback, own, typed=(typed, request.POST), error=str(refusal), lapsed=own is None,
            status=409 if stale else 200,
        )  # fmt: skip


@require_POST
def put_back(request, pk):
    """Give the call back without a result."""
    callback = _fetch(request, pk)
    permissions.require(request.user, "surveys.call", callback)
    claim = callback.claim
    if claim is not None and claim.holder_id == request.user.pk:
        queue.release(claim, by=request.user, now=request.now)
        say_done(request, _("The call is back in the queue; what you typed stays with it."))
    return redirect("surveys:queue")


@require_POST
def no_complaint(request, pk):
    """State why the low answers of a call get no complaint form."""
    callback = _fetch(request, pk)
    permissions.require(request.user, "surveys.call", callback)
    response = Response.objects.filter(callback=callback).low_open().order_by("-completed_at").first()
    if response is None:
        messages.info(request, _("The low answers of this call were dealt with already."))
        return redirect(_url(callback))
    reason = request.POST.get("why", "").strip() or request.POST.get("why_pick", "")
    try:
        responses.state_no_complaint(response, reason=reason[:500], by=request.user, now=request.now)
    except IllegalMove as refusal:
        messages.error(request, str(refusal))
    else:
        say_done(request, _("Your reason is noted."))
    return redirect(f"{_url(callback)}?saved=1")
