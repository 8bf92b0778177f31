"""Proposals and ledger entries: what a rule asks for, and what was approved."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from csi_portal.organization.enums import Role
from csi_portal.organization.fields import FenField
from csi_portal.organization.models import RoleGrant
from csi_portal.organization.models.base import StoreRow, StoreRows

from ..enums import LIVE, EntryKind, ProposalStatus, Rule

_EXACTLY_ONE = (
    Q(employee__isnull=False, department=None, team=None, for_store=False)
    | Q(employee=None, department__isnull=False, team=None, for_store=False)
    | Q(employee=None, department=None, team__isnull=False, for_store=False)
    | Q(employee=None, department=None, team=None, for_store=True)
)
_SIGNED = (
    Q(kind="penalty", amount__lt=0)
    | Q(kind="bonus", amount__gt=0)
    | (Q(kind="reversal", reverses__isnull=False) & ~Q(amount=0))
)
_CHOICE = Q(chosen_amount=None, chosen_by=None) | (
    Q(chosen_by__isnull=False)
    & ~Q(chosen_reason="")
    & (Q(kind="penalty", chosen_amount__lt=0) | Q(kind="bonus", chosen_amount__gt=0))
)


class Money(StoreRow):
    """What a proposal and an entry share. `amount` is signed from the person's side, in yuan."""

    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    rule = models.CharField(max_length=4, choices=Rule.choices)
    rule_version = models.ForeignKey(
        "organization.PolicyVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    amount = FenField()
    beneficiary_key = models.CharField(max_length=20)  # e:12, d:3, t:4, s:1
    employee = models.ForeignKey("organization.Employee", on_delete=models.PROTECT, null=True, related_name="+")
    department = models.ForeignKey("organization.Department", on_delete=models.PROTECT, null=True, related_name="+")
    team = models.ForeignKey("organization.Team", on_delete=models.PROTECT, null=True, related_name="+")
    for_store = models.BooleanField(default=False)
    evidence_key = models.CharField(max_length=80)
    # what the facts were and how they lead to the amount, as plain values: {"code": …, "params": {…}}
    reasoning = models.JSONField(default=dict)
    occurred_on = models.DateField()

    class Meta:
        abstract = True


class ProposalRows(StoreRows):
    def live(self):
        """The rows that stand for their fact: at most one per rule, evidence and beneficiary."""
        return self.filter(status__in=LIVE, lapsed_at=None, reverses=None)

    def waiting(self):
        return self.filter(status=ProposalStatus.PROPOSED)

    def not_own(self, user):
        """Without those that concern the user or come from them; agrees with Proposal.concerned_user_ids."""
        managed = user.grants.filter(role=Role.DEPARTMENT_MANAGER)
        return self.exclude(
            Q(proposed_by__isnull=False, proposed_by=user)
            | Q(chosen_by__isnull=False, chosen_by=user)
            | Q(employee__user__isnull=False, employee__user=user)
            | Q(department__isnull=False, department__in=managed.exclude(department=None).values("department"))
            | Q(department__isnull=False, store__in=managed.filter(department=None).exclude(store=None).values("store"))
            | Q(team__leader__user__isnull=False, team__leader__user=user)
        )

    def with_relations(self):
        """Everything a row or a page of a proposal shows, in one query."""
        return self.select_related(
            "store",
            "employee__department",
            "department",
            "team__leader",
            "rule_version",
            "reverses",
            "proposed_by",
            "chosen_by",
            "decided_by",
        )


class Proposal(Money):
    """What a rule or a person asks for; reconciled with the facts until a person decides. `month` is the fact's."""

    month = models.DateField()
    seq = models.PositiveSmallIntegerField(default=1)
    reverses = models.ForeignKey(
        "incentives.LedgerEntry",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reversal_proposals",
    )
    status = models.CharField(max_length=10, choices=ProposalStatus.choices, default=ProposalStatus.PROPOSED)
    # an amount a person chose inside the rule's range, with the reason
    chosen_amount = FenField(null=True, blank=True)
    chosen_reason = models.CharField(max_length=300, blank=True, default="")
    chosen_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    absorbed_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="absorbs")
    # it makes room for the next seq: its entry was reversed because the fact was gone, and the fact may come back;
    # or a rejected reversal, where an objection was upheld later
    lapsed_at = models.DateTimeField(null=True)
    proposed_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=300, blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    objects = ProposalRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "rule", "evidence_key", "beneficiary_key", "seq"], name="proposal_once"
            ),
            models.UniqueConstraint(
                fields=["store", "rule", "evidence_key", "beneficiary_key"],
                condition=Q(status__in=["proposed", "approved", "rejected", "absorbed"], reverses=None, lapsed_at=None),
                name="proposal_one_live",
            ),
            models.UniqueConstraint(
                fields=["reverses"],
                condition=Q(status__in=["proposed", "approved", "rejected"], lapsed_at=None),
                name="proposal_one_live_reversal",
            ),
            models.CheckConstraint(condition=_EXACTLY_ONE, name="proposal_one_beneficiary"),
            models.CheckConstraint(condition=_SIGNED, name="proposal_signed"),
            models.CheckConstraint(condition=Q(status__in=ProposalStatus.values), name="proposal_status_known"),
            models.CheckConstraint(
                condition=Q(proposed_by=None) | Q(decided_by=None) | ~Q(proposed_by=models.F("decided_by")),
                name="proposer_never_decides",
            ),
            models.CheckConstraint(
                condition=Q(chosen_by=None) | Q(decided_by=None) | ~Q(chosen_by=models.F("decided_by")),
                name="chooser_never_decides",
            ),
            models.CheckConstraint(condition=_CHOICE, name="choice_is_signed_and_explained"),
        ]
        indexes = [
            models.Index(fields=["store", "month", "id"], condition=Q(status="proposed"), name="proposal_waiting"),
            models.Index(fields=["store", "month", "rule"], name="proposal_by_month"),
            models.Index(fields=["store", "evidence_key"], name="proposal_by_evidence"),  # the reconciliation
            models.Index(fields=["store", "-id"], name="proposal_newest"),  # the list, newest first
        ]

    def __str__(self):
        return f"{self.rule} {self.amount} {self.beneficiary_key}"

    @property
    def effective_amount(self):
        """What is posted: the amount a person chose inside the range, else the rule's."""
        return self.amount if self.chosen_amount is None else self.chosen_amount

    @property
    def is_by_hand(self) -> bool:
        return self.proposed_by_id is not None

    def concerned_user_ids(self) -> set[int]:
        """Who may not decide: whom it concerns, and who proposed it or chose the amount."""
        return self.beneficiary_user_ids() | ({self.proposed_by_id, self.chosen_by_id} - {None})

    def beneficiary_user_ids(self) -> set[int]:
        """The logins it pays or charges: the person, the department's managers, the team's leader."""
        people = set()
        if self.employee_id:
            people.add(self.employee.user_id)
        if self.department_id:
            grants = RoleGrant.objects.filter(
                Q(department_id=self.department_id) | Q(department=None, store_id=self.store_id),
                role=Role.DEPARTMENT_MANAGER,
            )
            people |= set(grants.values_list("user_id", flat=True))
        if self.team_id and self.team.leader_id:
            people.add(self.team.leader.user_id)
        return people - {None}


class LedgerEntry(Money):
    """A posted line of the ledger. `month` is the month booked; `occurred_on` keeps the fact's day.

    Name, staff number, department, rule and text are kept as they were when it was posted.
    """

    month = models.DateField()
    fact_month = models.DateField()
    number = models.PositiveIntegerField()  # gapless per store
    proposal = models.OneToOneField(Proposal, on_delete=models.PROTECT, related_name="entry")
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by")
    beneficiary_name = models.CharField(max_length=120)
    staff_number = models.CharField(max_length=30, blank=True, default="")
    department_name = models.CharField(max_length=60, blank=True, default="")
    text = models.TextField()
    approved_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, related_name="+")
    approver_name = models.CharField(max_length=150)
    posted_at = models.DateTimeField(default=timezone.now)
    announced_at = models.DateTimeField(null=True)
    previous_hash = models.CharField(max_length=64, blank=True, default="")
    entry_hash = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(fields=["store", "number"], name="entry_number_once"),
            models.CheckConstraint(condition=_EXACTLY_ONE, name="entry_one_beneficiary"),
            models.CheckConstraint(condition=_SIGNED, name="entry_signed"),
            models.CheckConstraint(condition=Q(month__day=1), name="entry_month_is_first_day"),
        ]
        indexes = [
            models.Index(fields=["store", "month", "id"], name="entry_by_month"),
            models.Index(fields=["store", "employee", "-month"], name="entry_by_employee"),
        ]

    def __str__(self):
        return f"{self.number}: {self.amount} {self.beneficiary_name}"
