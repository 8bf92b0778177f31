"""Codes of the surveys floor."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class VisitKind(models.TextChoices):
    SALE = "sale", _("Delivery")
    SERVICE = "service", _("Repair order")


class BoardKind(models.TextChoices):
    """Which index a plan line counts for; also the kinds of boards."""

    SSI = "ssi", "SSI"
    CSI = "csi", "CSI"


class Gender(models.TextChoices):
    MALE = "M", _("Male")
    FEMALE = "F", _("Female")


class CallbackStatus(models.TextChoices):
    DUE = "due", _("Due")
    CLAIMED = "claimed", _("Claimed")
    APPOINTMENT = "appointment", _("Appointment")
    RETRY = "retry", _("Retry")
    DONE = "done", pgettext_lazy("callback", "Done")
    UNREACHABLE = "unreachable", _("Unreachable")
    REFUSED = "refused", _("Refused")
    CANCELLED = "cancelled", _("Cancelled")
    # Drawn out by sampling or skipped by the rest period: a row, so that generating stays idempotent.
    SKIPPED = "skipped", _("Skipped")


# A callback in one of these still waits for a call.
OPEN_CALLBACKS = (
    CallbackStatus.DUE,
    CallbackStatus.CLAIMED,
    CallbackStatus.APPOINTMENT,
    CallbackStatus.RETRY,
)


class Reason(models.TextChoices):
    """Why a callback was skipped, cancelled or closed without a finished call."""

    NO_NUMBER = "no_number", _("No number to call")
    DO_NOT_CALL = "do_not_call", _("On the do-not-call list")
    REST_PERIOD = "rest_period", _("Surveyed a short while ago")
    CONTACT_BUDGET = "contact_budget", _("Contacted often enough this month")
    NOT_DRAWN = "not_drawn", _("Not drawn in the sample")
    TOO_LATE = "too_late", _("Too late to call")
    ATTEMPT_LIMIT = "attempt_limit", _("Tried as often as allowed")
    BAD_NUMBER = "bad_number", _("Number is not usable")
    TRIES = "tries", _("Declined again")
    # the customer is not to be surveyed: out of *due*, and counted
    DUPLICATE = "duplicate", _("Entered twice")
    VEHICLE_RETURNED = "vehicle_returned", _("Vehicle returned")
    DECEASED = "deceased", _("Customer deceased")
    WRONG_IMPORT = "wrong_import", _("Wrongly imported")
    FORM_VOID = "form_void", _("The form was voided")


EXCLUSION_REASONS = (Reason.DUPLICATE, Reason.VEHICLE_RETURNED, Reason.DECEASED, Reason.WRONG_IMPORT)


class ResponseChannel(models.TextChoices):
    PHONE = "phone", _("Phone")
    LINK = "link", _("Link")
    FACE = "face", _("Face to face")
    PAPER = "paper", _("Paper")
    LETTER = "letter", _("Letter survey")


class RetryRule(models.TextChoices):
    NONE = "none", _("No retry")
    MINUTES = "minutes", _("After some minutes")
    HALF_DAY = "half_day", _("Next half-day")
    DAYS = "days", _("After some days")
    APPOINTMENT = "appointment", _("At the agreed time")


class QuestionKind(models.TextChoices):
    RATING5 = "rating5", _("Rating 1–5")
    RATING10 = "rating10", _("Rating 1–10")
    YES_NO = "yes_no", _("Yes or no")
    SINGLE = "single", _("Single choice")
    MULTIPLE = "multiple", _("Multiple choice")
    NUMBER = "number", _("Number")
    TEXT = "text", _("Text")


class QuestionnaireStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", pgettext_lazy("questionnaire", "Published")
    RETIRED = "retired", _("Retired")


class PlanStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", pgettext_lazy("plan", "Submitted")
    APPROVED = "approved", _("Approved")
    RETIRED = "retired", _("Retired")


class ImportState(models.TextChoices):
    STAGED = "staged", _("Waiting for confirmation")
    REFUSED = "refused", pgettext_lazy("import", "Refused")
    CONFIRMED = "confirmed", _("Being imported")
    DONE = "done", pgettext_lazy("import", "Imported")
    FAILED = "failed", pgettext_lazy("import", "Failed")
    DROPPED = "dropped", pgettext_lazy("import", "Dropped")


class RowVerdict(models.TextChoices):
    VALID = "valid", pgettext_lazy("import", "Valid")
    DUPLICATE = "duplicate", pgettext_lazy("import", "Duplicate")
    INVALID = "invalid", pgettext_lazy("import", "Refused")
    REVIEW = "review", _("To be clarified")


class RowState(models.TextChoices):
    PENDING = "pending", pgettext_lazy("import", "Pending")
    STORED = "stored", pgettext_lazy("import", "Stored")
    REFUSED = "refused", pgettext_lazy("import", "Refused")
    WAITING = "waiting", _("To be clarified")
    COMPLETED = "completed", pgettext_lazy("import", "Completed")
    DROPPED = "dropped", pgettext_lazy("import", "Dropped")
