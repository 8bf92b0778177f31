"""Callbacks, who holds them, the attempts made, and what a call can come to (POLICY section 2)."""

from django.db import models
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Value, When
from django.utils import timezone

from csi_portal.organization.models.base import StoreRow, StoreRows, TwoLanguages, scope_key

from ..enums import OPEN_CALLBACKS, BoardKind, CallbackStatus, Reason, RetryRule


class Outcome(TwoLanguages, models.Model):
    """What a call came to. Behaviour follows the flags, never the code; a store may add its own."""

    scope_key = models.CharField(max_length=20, default="all")
    store = models.ForeignKey("organization.Store", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    code = models.CharField(max_length=30)
    label_zh = models.CharField(max_length=40, blank=True, default="")
    label_en = models.CharField(max_length=40, blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    shortcut = models.CharField(max_length=1, blank=True, default="")
    group = models.CharField(max_length=12, default="reached")  # reached | missed | number: the three boxes on the desk
    reached = models.BooleanField(default=False)
    # The callback's status when this outcome ends it; empty leaves it open.
    final_status = models.CharField(max_length=12, choices=CallbackStatus.choices, blank=True, default="")
    completes = models.BooleanField(default=False)
    retry_rule = models.CharField(max_length=12, choices=RetryRule.choices, default=RetryRule.NONE)
    retry_value = models.PositiveIntegerField(null=True, blank=True)
    # "soft refusal once after 7 days": how often this outcome may ask for a retry; null is no own limit
    retry_times = models.PositiveSmallIntegerField(null=True, blank=True)
    counts_to_limit = models.BooleanField(default=True)
    bad_number = models.BooleanField(default=False)
    suppresses = models.BooleanField(default=False)
    note_required = models.BooleanField(default=False)
    asks_supervisor = models.BooleanField(default=False)
    opens_complaint = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["scope_key", "code"], name="outcome_once")]

    def save(self, *args, **kwargs):
        self.scope_key = scope_key(self.store)
        super().save(*args, **kwargs)

    @property
    def is_final(self) -> bool:
        return bool(self.final_status)

    @property
    def ends_call(self) -> bool:
        """Whether it says something about the whole call, so that callbacks grouped into it share it."""
        return (
            not self.reached
            or self.suppresses
            or self.retry_rule != RetryRule.NONE
            or self.final_status == CallbackStatus.REFUSED
        )

    @property
    def asks_exclusion_reason(self) -> bool:
        """Ending a callback as cancelled takes it out of *due*; such an exclusion always has a reason."""
        return self.final_status == CallbackStatus.CANCELLED

    def __str__(self):
        return self.in_language("label")


class Claim(StoreRow):
    """Who holds a customer right now: one row per customer, leased and renewed while the agent types.

    `phone` is the number's own claim: two customers who share a number are one call, so never two agents.
    """

    customer = models.ForeignKey("surveys.Customer", on_delete=models.CASCADE, related_name="+")
    holder = models.ForeignKey("organization.User", on_delete=models.PROTECT, related_name="+")
    phone = models.CharField(max_length=20, blank=True, default="")
    token = models.CharField(max_length=36)
    claimed_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "customer"], name="customer_claimed_once"),
            models.UniqueConstraint(fields=["store", "phone"], condition=~Q(phone=""), name="phone_claimed_once"),
            models.UniqueConstraint(fields=["store", "holder"], name="holder_holds_one"),
        ]
        indexes = [models.Index(fields=["lease_until"], name="claim_lapsing")]

    def __str__(self):
        return f"{self.holder_id} holds {self.customer_id}"


# The callback of a complaint is its own survey; what holds for survey calls does not stop it.
FOR_COMPLAINT = Q(subject_key__startswith="complaint:")


class CallbackRows(StoreRows):
    def open(self):
        return self.filter(status__in=OPEN_CALLBACKS)

    def waiting(self):
        """Open and held by nobody."""
        return self.filter(status__in=[CallbackStatus.DUE, CallbackStatus.APPOINTMENT, CallbackStatus.RETRY])

    def ready(self, now, today):
        """Waiting, and its time has come; `today` is the store's day. Too late is too late also before the sweep."""
        in_time = Q(too_late_on=None) | Q(too_late_on__gt=today) | Q(status=CallbackStatus.APPOINTMENT)
        return self.waiting().filter(in_time, Q(not_before=None) | Q(not_before__lte=now), due_on__lte=today)

    def missed_appointments(self, now, grace):
        """Appointments whose moment passed `grace` ago without anybody calling."""
        return self.filter(status=CallbackStatus.APPOINTMENT, not_before__lt=now - grace)

    def not_own_customers_of(self, user):
        """Without the scored surveys of customers whom `user` advised."""
        return self.exclude(Q(excluded_user=user) | Q(visit__advisor__user=user) & ~Q(counts_for=""))

    def not_suppressed(self):
        """Without numbers on the do-not-call list; a complaint's own callback is never stopped by it."""
        return self.filter(FOR_COMPLAINT | ~Exists(Suppression.objects.filter(phone=OuterRef("customer__phone"))))

    def not_held(self, now):
        """Without customers and numbers somebody holds at `now`."""
        held = Claim.objects.filter(store=OuterRef("store"), lease_until__gt=now)
        number = held.filter(phone=OuterRef("customer__phone")).exclude(phone="")
        return self.filter(~Exists(held.filter(customer=OuterRef("customer"))), ~Exists(number))

    def for_agent(self, user, now, grace):
        """Without appointments promised to somebody else, until their moment passed `grace` ago or they left."""
        promised = Q(status=CallbackStatus.APPOINTMENT, appointment_for__is_active=True, not_before__gt=now - grace)
        return self.exclude(promised & ~Q(appointment_for=user))

    def in_calling_order(self, user):
        """POLICY section 2: appointments (own first), retries, then priority and age."""
        rank = Case(
            When(status=CallbackStatus.APPOINTMENT, appointment_for=user, then=Value(0)),
            When(status=CallbackStatus.APPOINTMENT, then=Value(1)),
            When(status=CallbackStatus.RETRY, then=Value(2)),
            default=Value(3),
            output_field=IntegerField(),
        )
        return self.annotate(rank=rank).order_by("rank", F("priority").desc(), "due_on", "pk")

    def with_row_relations(self):
        """Everything a row of the queue shows, in one query."""
        return self.select_related("customer", "visit__vehicle", "visit__advisor", "line", "questionnaire", "outcome")

    def counted(self):
        """Callbacks of lines that count, without the cancelled and skipped ones: the *due* of the targets."""
        return self.exclude(status__in=[CallbackStatus.CANCELLED, CallbackStatus.SKIPPED]).exclude(counts_for="")


class Callback(StoreRow):
    """A customer to be asked 回访任务, whatever the channel: due → claimed → … → done (POLICY section 2).

    Its identity is (store, line_key, subject_key): `visit:12`, `customer:5:2027H1`, `complaint:7`.
    """

    line_key = models.CharField(max_length=40)
    subject_key = models.CharField(max_length=60)
    line = models.ForeignKey("surveys.PlanLine", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    questionnaire = models.ForeignKey(
        "surveys.Questionnaire", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    customer = models.ForeignKey("surveys.Customer", on_delete=models.PROTECT, related_name="callbacks")
    visit = models.ForeignKey(
        "surveys.Visit", on_delete=models.PROTECT, null=True, blank=True, related_name="callbacks"
    )
    counts_for = models.CharField(max_length=5, choices=BoardKind.choices, blank=True, default="")
    due_on = models.DateField()
    too_late_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=12, choices=CallbackStatus.choices, default=CallbackStatus.DUE)
    # why it was skipped, cancelled or closed without a call
    reason = models.CharField(max_length=40, blank=True, default="")
    priority = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    appointment_for = models.ForeignKey(
        "organization.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # who may never be offered this callback: the adviser whose own customer it is
    excluded_user = models.ForeignKey(
        "organization.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    claim = models.ForeignKey(Claim, on_delete=models.SET_NULL, null=True, blank=True, related_name="callbacks")
    outcome = models.ForeignKey(Outcome, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # spoken with, or answered by any channel; phone shown alone too
    contacted_at = models.DateTimeField(null=True, blank=True)
    contacted_by_phone_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    draw = models.JSONField(null=True, blank=True)  # seed and frame of the sample that took or left it
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = CallbackRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "line_key", "subject_key"], name="callback_once"),
            models.CheckConstraint(condition=Q(status__in=CallbackStatus.values), name="callback_status_known"),
        ]
        indexes = [
            # the queue: next case, and the list of what is open
            models.Index(
                fields=["store", "status", "due_on", "id"],
                condition=Q(status__in=["due", "claimed", "appointment", "retry"]),
                name="callback_queue",
            ),
            models.Index(fields=["store", "counts_for", "due_on"], name="callback_month"),  # the targets of a month
            models.Index(fields=["store", "customer", "-due_on"], name="callback_by_customer"),
            # what was finished lately, newest first
            models.Index(
                fields=["store", "-closed_at", "-id"],
                condition=Q(closed_at__isnull=False),
                name="callback_finished",
            ),
        ]

    @property
    def is_for_complaint(self) -> bool:
        return self.subject_key.startswith("complaint:")

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_CALLBACKS

    @property
    def reason_words(self) -> str:
        """Why it was skipped, cancelled or closed, for people."""
        return str(dict(Reason.choices).get(self.reason, self.reason))

    def __str__(self):
        return f"{self.line_key} {self.subject_key}"


class Attempt(StoreRow):
    """One try to reach the customer; never overwritten."""

    callback = models.ForeignKey(Callback, on_delete=models.PROTECT, related_name="attempts")
    agent = models.ForeignKey("organization.User", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=20, blank=True, default="")
    dialled_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.ForeignKey(Outcome, on_delete=models.PROTECT, null=True, related_name="+")
    # "2026-11-21a": tries of one half-day (before/after 13:00) count as one towards the limit
    half_day = models.CharField(max_length=11)
    note = models.TextField(blank=True, default="")
    inbound = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["callback", "-dialled_at"], name="attempt_by_callback"),
            models.Index(fields=["store", "agent", "-dialled_at"], name="attempt_by_agent"),  # who called how many
            models.Index(fields=["store", "-dialled_at"], name="attempt_of_day"),  # what the team did today
        ]

    def __str__(self):
        return f"{self.callback_id} {self.dialled_at:%m-%d %H:%M}"


class Suppression(models.Model):
    """Do-not-call, by number, for the whole group and every channel; checked at claim and at send."""

    phone = models.CharField(max_length=20, unique=True)
    reason = models.CharField(max_length=120, blank=True, default="")
    store = models.ForeignKey("organization.Store", on_delete=models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"…{self.phone[-4:]}"
