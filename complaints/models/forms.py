"""The case and the tracking form 《客户投诉处理跟踪表》 (POLICY section 3). Written by complaints.services only."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from csi_portal.organization.enums import Role
from csi_portal.organization.models import RoleGrant
from csi_portal.organization.models.base import StoreRow, StoreRows, TwoLanguages, scope_key

from ..deadlines import INDIRECT_SOURCES
from ..enums import FINAL, OPEN, CategoryKind, Degree, Level, Signer, Source, Status


class Category(TwoLanguages, models.Model):
    """Category and cause trees; shipped for all, a store may add its own."""

    scope_key = models.CharField(max_length=20, default="all")
    store = models.ForeignKey("organization.Store", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=10, choices=CategoryKind.choices)
    code = models.CharField(max_length=40)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    position = models.PositiveSmallIntegerField(default=0)
    label_zh = models.CharField(max_length=60, blank=True, default="")
    label_en = models.CharField(max_length=60, blank=True, default="")
    # the department a complaint of this category usually goes to, and 机电/钣喷 for technician complaints
    department = models.CharField(max_length=20, blank=True, default="")
    trade = models.CharField(max_length=12, blank=True, default="")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["scope_key", "kind", "code"], name="category_once")]

    def save(self, *args, **kwargs):
        self.scope_key = scope_key(self.store)
        super().save(*args, **kwargs)

    def __str__(self):
        return self.in_language("label")


class Case(StoreRow):
    """What the forms of one matter have in common."""

    opened_at = models.DateTimeField(default=timezone.now)
    # An earlier case of the customer or vehicle within 90 days is flagged and linked.
    repeat_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="repeats")

    def __str__(self):
        return str(self.pk)


class ComplaintRows(StoreRows):
    def open(self):
        return self.filter(status__in=OPEN)

    def with_list_relations(self):
        """Everything a row of the list shows, in one query."""
        return self.select_related("customer", "vehicle", "department", "care_agent", "assignee", "store")


class Complaint(StoreRow):
    """One tracking form. `number` is `<store code>-YYYYMMDD-NNN` by the store's day of registration, without gaps.

    `version` rises with every change; a guarded update on it decides between two people. `next_due_at` and
    `next_step` copy the earliest open deadline, so that lists sort by it from an index.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="forms")
    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="following")
    number = models.CharField(max_length=40, unique=True)
    level = models.CharField(max_length=10, choices=Level.choices)
    source = models.CharField(max_length=24, choices=Source.choices)
    summary = models.TextField(_("what the customer said"))
    demand = models.TextField(_("what the customer asks for"), blank=True, default="")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    received_at = models.DateTimeField()
    registered_at = models.DateTimeField(default=timezone.now)
    registered_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    # why it is registered more than a minute after it was received
    late_reason = models.CharField(max_length=300, blank=True, default="")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.REGISTERED)
    round = models.PositiveSmallIntegerField(default=1)
    major_reason = models.CharField(max_length=300, blank=True, default="")
    # the level the form was registered with; until confirmed a "major" keeps the earlier time of general and major
    registered_level = models.CharField(max_length=10, choices=Level.choices)
    major_confirmed_at = models.DateTimeField(null=True, blank=True)
    customer = models.ForeignKey(
        "surveys.Customer", on_delete=models.PROTECT, null=True, blank=True, related_name="complaints"
    )
    vehicle = models.ForeignKey(
        "surveys.Vehicle", on_delete=models.PROTECT, null=True, blank=True, related_name="complaints"
    )
    visit = models.ForeignKey(
        "surveys.Visit", on_delete=models.PROTECT, null=True, blank=True, related_name="complaints"
    )
    response = models.ForeignKey(
        "surveys.Response", on_delete=models.PROTECT, null=True, blank=True, related_name="complaints"
    )
    department = models.ForeignKey(
        "organization.Department", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    care_agent = models.ForeignKey(
        "organization.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # the person a grumble was handed to within the department
    assignee = models.ForeignKey(
        "organization.Employee", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    policy_version = models.ForeignKey("organization.PolicyVersion", on_delete=models.PROTECT, related_name="+")
    calendar_version = models.ForeignKey("organization.CalendarVersion", on_delete=models.PROTECT, related_name="+")
    clock = models.CharField(max_length=10)
    # due times were reckoned without holidays because the calendar lacks a year
    calendar_incomplete = models.BooleanField(default=False)
    next_due_at = models.DateTimeField(null=True, blank=True)
    next_step = models.CharField(max_length=20, blank=True, default="")
    # what the customer said in the callback: null until it is known; overall is 1 to 5
    callback_satisfied = models.BooleanField(null=True)
    callback_overall = models.PositiveSmallIntegerField(null=True, blank=True)
    region_reported_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    blame_void = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    objects = ComplaintRows.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__in=Level.values), name="complaint_level_known"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="complaint_source_known"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="complaint_status_known"),
            models.CheckConstraint(condition=Q(round__gte=1), name="complaint_round_from_one"),
            models.CheckConstraint(
                condition=~Q(status__in=["closed", "unverified"]) | Q(closed_at__isnull=False),
                name="complaint_closed_has_time",
            ),
            models.UniqueConstraint(
                fields=["store", "case"],
                condition=Q(status__in=[str(status) for status in OPEN]),
                name="one_open_round_per_case",
            ),
        ]
        indexes = [
            # the working list, most urgent first
            models.Index(
                fields=["store", "next_due_at", "id"],
                condition=Q(status__in=[str(status) for status in OPEN]),
                name="complaint_open_by_due",
            ),
            models.Index(
                fields=["store", "department", "next_due_at", "id"],
                condition=Q(status__in=[str(status) for status in OPEN]),
                name="complaint_open_by_department",
            ),
            models.Index(fields=["store", "-received_at", "-id"], name="complaint_newest"),  # all, by time
            models.Index(fields=["store", "customer"], name="complaint_by_customer"),
            models.Index(fields=["store", "vehicle"], name="complaint_by_vehicle"),
        ]

    def __str__(self):
        return self.number

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_indirect(self) -> bool:
        return self.source in INDIRECT_SOURCES

    @property
    def major_unconfirmed(self) -> bool:
        """A major form the care manager has not confirmed: the earlier time of general and major holds."""
        return self.level == Level.MAJOR and self.major_confirmed_at is None

    def responsible_user_ids(self) -> set[int]:
        """Logins of the persons blamed; they never pass on, sign as manager or judge this form."""
        if "responsibilities" in getattr(self, "_prefetched_objects_cache", {}):
            rows = [row for row in self.responsibilities.all() if row.withdrawn_at is None]
            return {row.employee.user_id for row in rows if row.employee.user_id}
        blamed = self.responsibilities.filter(withdrawn_at=None, employee__user__isnull=False)
        return set(blamed.values_list("employee__user_id", flat=True))

    def concerned_user_ids(self) -> set[int]:
        """Who may not close the form: the persons blamed, its department's managers, who signed as manager."""
        now = timezone.now()
        managers = RoleGrant.objects.filter(
            RoleGrant.valid_at(now),
            Q(store_id=self.store_id) | Q(store=None),
            Q(department_id=self.department_id) | Q(department=None),
            role=Role.DEPARTMENT_MANAGER,
        )
        signed = self.signatures.filter(signer=Signer.MANAGER, void_at=None)
        return (
            self.responsible_user_ids()
            | set(managers.values_list("user_id", flat=True))
            | set(signed.values_list("user_id", flat=True))
        )

    def get_absolute_url(self):
        from django.urls import reverse  # urls import the views, which import this module

        return reverse("complaints:detail", args=[self.number])


class Responsibility(StoreRow):
    """A person blamed for the form, directly or secondarily; withdrawn, never deleted."""

    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, related_name="responsibilities")
    employee = models.ForeignKey("organization.Employee", on_delete=models.PROTECT, related_name="responsibilities")
    degree = models.CharField(max_length=10, choices=Degree.choices)
    named_by = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    named_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "employee"], name="responsible_once"),
            models.CheckConstraint(condition=Q(degree__in=Degree.values), name="responsible_degree_known"),
        ]

    def save(self, *args, **kwargs):
        # the store is the form's; a caller that names only the form means that
        if self.store_id is None:
            self.store_id = self.complaint.store_id
        super().save(*args, **kwargs)

    def __str__(self):
        return f"{self.complaint_id} {self.employee_id}"


class Holding(StoreRow):
    """Who had the form from when to when; the open segment is who has it now."""

    complaint = models.ForeignKey(Complaint, on_delete=models.CASCADE, related_name="holdings")
    holder = models.ForeignKey("organization.User", on_delete=models.PROTECT, null=True, related_name="+")
    # a department without a login for its manager still holds the form
    department = models.ForeignKey("organization.Department", on_delete=models.PROTECT, null=True, related_name="+")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["from_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["complaint"], condition=Q(to_at=None), name="one_holder_now")]

    def __str__(self):
        return f"{self.complaint_id} held by {self.holder_id}"
