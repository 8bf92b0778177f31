"""The satisfaction callback at the call desk: put into the queue of calls and taken out again (POLICY section 3)."""

import logging

from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.permissions import SYSTEM
from surveys.enums import CallbackStatus, Reason
from surveys.models import Callback, Response
from surveys.services.callbacks import cancel_callback, create_callback
from surveys.services.responses import mark_complaint_opened

from ..models import Complaint

logger = logging.getLogger(__name__)

LINE_KEY = "complaint_callback"
QUESTIONNAIRE = "complaint"


def subject_key(form: Complaint) -> str:
    return f"complaint:{form.pk}"


def plan_callback(form: Complaint, due_at, *, now) -> Callback | None:
    """Put the callback of a resolved form into the call queue; a form without a customer to call has none."""
    if form.customer is None:
        return None
    try:
        return create_callback(
            form.store,
            line_key=LINE_KEY,
            subject_key=subject_key(form),
            customer=form.customer,
            questionnaire_code=QUESTIONNAIRE,
            due_on=form.store.local_date(due_at),
            now=now,
            visit=form.visit,
        )
    except IllegalMove as refusal:
        # without a published questionnaire the callback is recorded on the form itself
        logger.warning("no callback in the queue for %s: %s", form.number, refusal)
        return None


def callback_of(form: Complaint) -> Callback | None:
    """The row of the call queue that belongs to the form."""
    return Callback.objects.filter(store_id=form.store_id, line_key=LINE_KEY, subject_key=subject_key(form)).first()


def close_callback(form: Complaint, *, now) -> None:
    """The callback was recorded on the form itself: take it out of the call queue."""
    waiting = callback_of(form)
    if waiting is None or waiting.status in (CallbackStatus.DONE, CallbackStatus.CANCELLED):
        return
    try:
        cancel_callback(waiting, reason=Reason.DUPLICATE, by=SYSTEM, now=now)
    except IllegalMove:
        # somebody holds it at the call desk; what that call brings is ignored, because the form has gone on
        logger.info("the callback of %s is being called while it was recorded on the form", form.number)


def settle_low_answers(form: Complaint, *, now) -> None:
    """A form was opened from a call with low answers: they are dealt with."""
    if form.response_id and Response.objects.low_open().filter(pk=form.response_id).exists():
        mark_complaint_opened(form.response, now=now)
