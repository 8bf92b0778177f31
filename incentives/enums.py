"""Codes of the rewards floor (DESIGN, "Stable names")."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Rule(models.TextChoices):
    """Codes of the rules; the screen always shows them with words."""

    P1 = "P1", _("Complaint process broken")
    P2 = "P2", _("Complaint neglected")
    P3 = "P3", _("Major complaint not followed up")
    P4 = "P4", _("Month score below target")
    P5 = "P5", _("Assessment below the national average")
    B6 = "B6", _("Assessment above the national average")
    P7 = "P7", _("Procedure broken again")
    P8 = "P8", _("Accessories rework")
    A9 = "A9", _("Award")


class EntryKind(models.TextChoices):
    PENALTY = "penalty", _("Penalty")
    BONUS = "bonus", _("Bonus")
    REVERSAL = "reversal", _("Reversal")


class ProposalStatus(models.TextChoices):
    PROPOSED = "proposed", pgettext_lazy("proposal", "Proposed")
    APPROVED = "approved", pgettext_lazy("proposal", "Approved")
    REJECTED = "rejected", pgettext_lazy("proposal", "Rejected")
    WITHDRAWN = "withdrawn", pgettext_lazy("proposal", "Withdrawn")
    ABSORBED = "absorbed", pgettext_lazy("proposal", "Absorbed")


class MonthStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("month", "Open")
    LOCKING = "locking", pgettext_lazy("month", "Waiting for confirmation")
    LOCKED = "locked", pgettext_lazy("month", "Locked")


# A rejected proposal stays rejected for good: only a person rejects, and the facts do not bring it back.
LIVE = (ProposalStatus.PROPOSED, ProposalStatus.APPROVED, ProposalStatus.REJECTED, ProposalStatus.ABSORBED)


class HoldReason(models.TextChoices):
    WINDOW = "window", _("The time to object is not over")
    OBJECTION = "objection", _("An objection is open")
