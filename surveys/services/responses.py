"""Answers: a draft while the agent types, judged and immutable once submitted (POLICY section 2)."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from csi_portal.organization import hooks, permissions
from csi_portal.organization.errors import Conflict, IllegalMove
from surveys import answering
from surveys.answering import Asked, Given
from surveys.enums import QuestionnaireStatus, ResponseChannel
from surveys.models import Answer, Question, QuestionnaireVersion, QuestionOption, Response
from surveys.services import queue


class StaleDraft(Conflict):
    """The answers were changed elsewhere (another tab, another agent) since this page was loaded."""


def questions_of(version) -> list[Question]:
    """The questions of a version in order, with sections and options; two queries."""
    options = Prefetch("options", queryset=QuestionOption.objects.order_by("position"))
    return list(
        Question.objects.filter(version=version)
        .select_related("section")
        .prefetch_related(options)
        .order_by("section__position", "position")
    )


def asked(question: Question) -> Asked:
    """The question as the arithmetic needs it."""
    return Asked(
        key=question.key,
        kind=question.kind,
        options={option.key: option.points for option in question.options.all()},
        mandatory=question.mandatory,
        allow_na=question.allow_na,
        scored=question.scored,
        weight=question.weight,
        low_threshold=question.low_threshold,
        show_if=question.show_if,
        on_short_form=question.on_short_form,
    )


def draft_of(callback, channel: str = ResponseChannel.PHONE) -> Response | None:
    return (
        Response.objects.filter(callback=callback, channel=channel, completed_at=None)
        .select_related("agent", "version")
        .first()
    )


def version_for(callback, draft: Response | None = None) -> QuestionnaireVersion | None:
    """The version to ask: the draft's own, else the published one; None for a call without a questionnaire."""
    if draft is not None and draft.version_id:
        return draft.version
    if callback.questionnaire_id is None:
        return None
    return QuestionnaireVersion.objects.filter(
        questionnaire=callback.questionnaire_id, status=QuestionnaireStatus.PUBLISHED
    ).first()


def given_answers(response: Response | None) -> dict[str, Given]:
    """What has been answered so far, by question key."""
    if response is None:
        return {}
    return {row.question.key: given_of(row) for row in response.answers.select_related("question")}


def given_of(row: Answer) -> Given:
    """A stored answer as a plain value."""
    return Given(
        options=tuple(row.options),
        number=row.number,
        text=row.text,
        not_applicable=row.not_applicable,
        # an answer whose points are not low was judged so by the agent
        low=row.is_low,
        low_reasons=tuple(row.low_reasons),
        low_note=row.low_note,
    )


def save_draft(
    callback, answers: Mapping[str, Given], *, by, now, token: str, expected: int, comment: str = ""
) -> Response:
    """Keep what the agent has typed; `expected` is the draft's version the page knows, 0 for none.

    `answers` is everything answered so far: what is left out is cleared. Renews the lease. Raises LeaseLapsed,
    StaleDraft, and IllegalMove for an answer that does not fit its question.
    """
    permissions.require(by, "surveys.call", callback)
    with transaction.atomic():
        queue.hold(callback, by=by, now=now, token=token)
        return write_draft(callback, answers, by=by, now=now, expected=expected, comment=comment)


def write_draft(callback, answers, *, by, now, expected: int | None, comment: str = "") -> Response:
    """The same inside a transaction that holds the call; `expected` None takes the draft as it is."""
    draft = draft_of(callback)
    version = version_for(callback, draft)
    if version is None:
        raise IllegalMove(_("This call has no questionnaire."))
    draft = _raise_version(callback, draft, version, by=by, now=now, expected=expected, comment=comment)
    _write_answers(draft, questions_of(version), answers)
    return draft


def _raise_version(callback, draft, version, *, by, now, expected, comment) -> Response:
    if draft is None:
        if expected:
            raise StaleDraft(_("These answers were submitted or discarded elsewhere."))
        try:
            with transaction.atomic():
                return Response.objects.create(
                    store_id=callback.store_id,
                    callback=callback,
                    version=version,
                    counts_for=callback.counts_for,
                    agent=by,
                    started_at=now,
                    saved_at=now,
                    comment=comment,
                )
        except IntegrityError:
            raise StaleDraft(_("These answers were changed in another window.")) from None
    wanted = draft.version_no if expected is None else expected
    changed = Response.objects.filter(pk=draft.pk, version_no=wanted, completed_at=None).update(
        version_no=wanted + 1, agent=by, saved_at=now, comment=comment
    )
    if not changed:
        raise StaleDraft(_("These answers were changed in another window."))
    draft.refresh_from_db()
    return draft


def _write_answers(response, questions, answers: Mapping[str, Given]) -> None:
    by_key = {question.key: question for question in questions}
    for key in answers:
        if key not in by_key:
            raise IllegalMove(_("There is no such question in this questionnaire: %(key)s.") % {"key": key})
    plain = {question.key: asked(question) for question in questions}
    rows = []
    for key, given in answers.items():
        if given.is_empty and not given.low_note:
            continue
        if answering.problem_of(plain[key], given):
            raise IllegalMove(_("The answer to “%(question)s” is not possible.") % {"question": by_key[key]})
        rows.append(_row(response, by_key[key], plain[key], given))
    Answer.objects.filter(response=response).exclude(question__in=[row.question_id for row in rows]).delete()
    Answer.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["response", "question"],
        update_fields=[
            "options", "number", "text", "not_applicable", "points", "is_low", "low_reasons", "low_note"
        ],
    )  # fmt: skip


def _row(response, question, plain: Asked, given: Given) -> Answer:
    points = answering.points_of(plain, given)
    is_low = given.low or answering.scoring.low_answer(points, plain.low_threshold)
    return Answer(
        store_id=response.store_id,
        response=response,
        question=question,
        options=list(given.options),
        number=given.number,
        text=given.text,
        not_applicable=given.not_applicable,
        points=points,
        is_low=is_low,
        low_reasons=list(given.low_reasons) if is_low else [],
        low_note=given.low_note if is_low else "",
    )


def submit_draft(
    callback, draft: Response, *, by, now, must_be_complete: bool, complains: bool = False, said: str = ""
) -> Response:
    """Judge the draft and close it for ever; call inside the transaction that ends the call.

    Hidden questions are left out, the score is exactly scoring.response_score of what was shown and answered. The
    first complete response of a callback is the one that counts. `complains`: the customer complained in the call,
    which leads to a form like a low answer; `said` is what, kept where nothing else was noted. Raises IllegalMove
    naming how many mandatory questions are open when it must be complete.
    """
    questions = questions_of(draft.version_id)
    rows = {row.question.key: row for row in draft.answers.select_related("question")}
    judged = answering.judge([asked(one) for one in questions], {key: given_of(row) for key, row in rows.items()})
    if must_be_complete and judged.missing:
        n = len(judged.missing)
        raise IllegalMove(
            ngettext(
                "%(n)s mandatory question is still open.",
                "%(n)s mandatory questions are still open.",
                n,
            )
            % {"n": n}
        )
    hidden = [row.pk for key, row in rows.items() if key not in judged.visible]
    Answer.objects.filter(pk__in=hidden).delete()
    counted = judged.is_complete and not Response.objects.filter(callback=callback, counted=True).exists()
    changed = Response.objects.filter(pk=draft.pk, version_no=draft.version_no, completed_at=None).update(
        completed_at=now,
        saved_at=now,
        agent=by,
        is_complete=judged.is_complete,
        counted=counted,
        has_low_answer=complains or bool(judged.low),
        comment=draft.comment or said,
        # an unsatisfied complaint callback leads to the next round of its form, not to a form of its own
        low_settled_at=now if (complains or judged.low) and callback.is_for_complaint else None,
        score_num=judged.score.numerator if judged.score is not None else None,
        score_den=judged.score.denominator if judged.score is not None else None,
        version_no=draft.version_no + 1,
    )
    if not changed:
        raise StaleDraft(_("These answers were submitted already."))
    hooks.wake("response")
    draft.refresh_from_db()
    return draft


def state_no_complaint(response, *, reason: str, by, now) -> Response:
    """Say why a low answer gets no complaint form. Raises IllegalMove without a reason, or when it is settled."""
    permissions.require(by, "surveys.call", response)
    if not reason.strip():
        raise IllegalMove(_("Say why no complaint form is needed."))
    return _settle(response, now, no_complaint_reason=reason.strip())


def mark_complaint_opened(response, *, now) -> Response:
    """Tick the low answers of a response off: a complaint form followed. For the floor that registers it."""
    return _settle(response, now)


def _settle(response, now, **values) -> Response:
    open_ends = Response.objects.low_open().filter(pk=response.pk)
    if not open_ends.update(low_settled_at=now, **values):
        raise IllegalMove(_("The low answers of this call were dealt with already."))
    response.refresh_from_db()
    return response
