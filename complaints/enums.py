"""Codes of the complaints floor (DESIGN, "Stable names")."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Level(models.TextChoices):
    GRUMBLE = "grumble", _("Grumble")
    GENERAL = "general", _("General complaint")
    MAJOR = "major", _("Major complaint")


class Source(models.TextChoices):
    FOLLOW_UP_CALL = "follow_up_call", _("Follow-up call")
    IN_PERSON = "in_person", _("In person")
    HOTLINE = "hotline", _("Hot-line")
    LETTER = "letter", _("Letter")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("E-mail")
    OEM_HOTLINE = "oem_hotline", _("Maker's hot-line")
    CONSUMER_ASSOCIATION = "consumer_association", _("Consumer association (12315)")
    ONLINE = "online", _("Online")


class Step(models.TextChoices):
    TRANSFER = "transfer", pgettext_lazy("step", "Pass on")
    GM_NOTICE = "gm_notice", pgettext_lazy("step", "Tell the general manager")
    FIRST_CONTACT = "first_contact", pgettext_lazy("step", "First contact")
    REPLY = "reply", pgettext_lazy("step", "Reply")
    RESOLUTION = "resolution", pgettext_lazy("step", "Resolution")
    CALLBACK = "callback", pgettext_lazy("step", "Satisfaction callback")


class BesideStep(models.TextChoices):
    """Due times kept beside the steps: they alert; only major_follow_up counts for money."""

    MAJOR_FOLLOW_UP = (
        "major_follow_up",
        pgettext_lazy("step", "Customer care calls after a major's resolution"),
    )
    MEASURES = "measures", pgettext_lazy("step", "Improvement measures")
    MEASURES_CHECK = "measures_check", pgettext_lazy("step", "Check of the measures")
    APPROVAL = "approval", pgettext_lazy("step", "General manager's approval")
    APPEAL_OPINION = "appeal_opinion", pgettext_lazy("step", "Manager's opinion on the appeal")
    APPEAL_RULING = "appeal_ruling", pgettext_lazy("step", "Ruling on the appeal")
    REGION_REPORT = "region_report", pgettext_lazy("step", "Report to the region")


ALL_STEPS = [*Step.choices, *BesideStep.choices]
# What comes next where the customer could not be asked; not a step, nothing is due and nothing alerts.
CLOSE_UNVERIFIED = "close_unverified"
# A link unanswered for so long after the callback was met as not reached or refused.
UNANSWERED = timedelta(days=7)

# Counted from the customer's clock; the others from what starts them.
STEPS_FROM_RECEIPT = (*Step, BesideStep.REGION_REPORT)
# Who acts, whose escalation asks the general manager, what needs the telephone.
CARE_STEPS = (Step.TRANSFER, Step.GM_NOTICE, Step.CALLBACK, BesideStep.MAJOR_FOLLOW_UP)
CARE_MANAGER_STEPS = (BesideStep.MEASURES_CHECK, BesideStep.REGION_REPORT)
DEPARTMENT_STEPS = (Step.FIRST_CONTACT, Step.REPLY, Step.RESOLUTION, BesideStep.MEASURES)
ASKING_STEPS = (*Step, BesideStep.MAJOR_FOLLOW_UP)
PHONING_STEPS = (Step.FIRST_CONTACT, Step.REPLY, Step.CALLBACK, BesideStep.MAJOR_FOLLOW_UP)


class Status(models.TextChoices):
    REGISTERED = "registered", pgettext_lazy("complaint", "Registered")
    TRANSFERRED = "transferred", pgettext_lazy("complaint", "Passed on")
    ACKNOWLEDGED = "acknowledged", pgettext_lazy("complaint", "Acknowledged")
    CONTACTED = "contacted", pgettext_lazy("complaint", "Contacted")
    RESOLVED = "resolved", pgettext_lazy("complaint", "Resolved")
    CALLED_BACK = "called_back", pgettext_lazy("complaint", "Called back")
    CLOSED = "closed", pgettext_lazy("complaint", "Closed")
    REISSUED = "reissued", pgettext_lazy("complaint", "Re-issued")
    UNVERIFIED = "unverified", pgettext_lazy("complaint", "Closed unverified")
    VOID = "void", pgettext_lazy("complaint", "Void")


FINAL = (Status.CLOSED, Status.REISSUED, Status.UNVERIFIED, Status.VOID)
OPEN = tuple(status for status in Status if status not in FINAL)

# Every move of a form (docs/states.md draws it, a test keeps both equal). Statuses are reached by steps; a step may
# pass over a status because it meets the earlier ones at the same instant.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    Status.REGISTERED: (Status.TRANSFERRED, Status.CONTACTED, Status.RESOLVED),
    Status.TRANSFERRED: (Status.ACKNOWLEDGED, Status.CONTACTED, Status.RESOLVED),
    Status.ACKNOWLEDGED: (Status.CONTACTED, Status.RESOLVED),
    Status.CONTACTED: (Status.RESOLVED,),
    Status.RESOLVED: (Status.CALLED_BACK, Status.REISSUED),
    # the customer's late answer by link still decides while the form waits for its closing
    Status.CALLED_BACK: (Status.CLOSED, Status.REISSUED, Status.UNVERIFIED),
    Status.CLOSED: (),
    Status.REISSUED: (),
    Status.UNVERIFIED: (),
    Status.VOID: (),
}


class MetHow(models.TextChoices):
    """How a step was met where the customer was not spoken with; counted apart."""

    DONE = "", ""
    ATTEMPTED = "attempted", pgettext_lazy("step", "Attempted, not reached")
    NOT_REACHED = "not_reached", pgettext_lazy("step", "Not reached")
    REFUSED = "refused", pgettext_lazy("step", "Refused")


class TryResult(models.TextChoices):
    """What a try to reach the customer came to; a dial from the form is logged before its result is known."""

    DIALLED = "dialled", pgettext_lazy("try", "Dialled")
    REACHED = "reached", pgettext_lazy("try", "Reached")
    NOT_REACHED = "not_reached", pgettext_lazy("try", "Not reached")
    REFUSED = "refused", pgettext_lazy("try", "Refused to talk")


class TryChannel(models.TextChoices):
    PHONE = "phone", pgettext_lazy("try", "Phone")
    SMS = "sms", pgettext_lazy("try", "SMS")
    VISIT = "visit", pgettext_lazy("try", "In person")


class Degree(models.TextChoices):
    DIRECT = "direct", _("Directly responsible")
    SECONDARY = "secondary", _("Secondarily responsible")


class Signer(models.TextChoices):
    RESPONSIBLE = "responsible", _("Responsible person")
    MANAGER = "manager", _("Department manager")
    GENERAL_MANAGER = "general_manager", _("General manager")


class CategoryKind(models.TextChoices):
    CATEGORY = "category", _("Category")
    CAUSE = "cause", _("Cause")
