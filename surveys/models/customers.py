"""Customers, their numbers and cars, and the visits the DMS reports (POLICY section 1)."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from csi_portal.organization.fields import FenField
from csi_portal.organization.models.base import StoreRow, StoreRows

from ..enums import Gender, VisitKind


class Customer(StoreRow):
    """A customer 客户. `phone` is the normalised number calls go to (a mobile is 11 digits), or empty."""

    name = models.CharField(_("name"), max_length=120)
    phone = models.CharField(_("phone"), max_length=20, blank=True, default="")
    gender = models.CharField(_("gender"), max_length=1, choices=Gender.choices, blank=True, default="")
    birth_on = models.DateField(_("birth date"), null=True, blank=True)
    area = models.CharField(_("customer area"), max_length=120, blank=True, default="")
    is_company = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["store", "phone"], name="customer_by_phone"),  # import, inbound calls
            models.Index(fields=["store", "name"], name="customer_by_name"),
        ]

    def __str__(self):
        return self.name


class CustomerPhone(StoreRow):
    """A further number of a customer; a bad one stays with the day it was found bad."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="phones")
    number = models.CharField(max_length=20)
    bad_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "customer", "number"], name="customer_number_once")]

    def save(self, *args, **kwargs):
        # the store is the customer's; a caller that names only the customer means that
        if self.store_id is None:
            self.store_id = self.customer.store_id
        super().save(*args, **kwargs)

    def __str__(self):
        return f"…{self.number[-4:]}"


class Vehicle(StoreRow):
    """A car 车辆, known by VIN or, where the VIN is missing, by plate."""

    vin = models.CharField("VIN", max_length=17, blank=True, default="")
    plate = models.CharField(_("plate"), max_length=12, blank=True, default="")
    brand = models.CharField(_("brand"), max_length=60, blank=True, default="")
    model = models.CharField(_("model"), max_length=120, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "vin"], condition=~Q(vin=""), name="vehicle_vin_once")]
        indexes = [models.Index(fields=["store", "plate"], name="vehicle_by_plate")]

    def __str__(self):
        return self.plate or self.vin


class VisitRows(StoreRows):
    def with_list_relations(self):
        """What a line of the list shows, in one query."""
        return self.select_related("customer", "vehicle", "advisor")

    def matching(self, text: str, store):
        """The store's orders by number, plate, VIN, name or phone (whole or the last four digits)."""
        words = " ".join(text.split())
        mark = "".join(words.upper().split()).replace("·", "")
        if not mark:
            return self
        digits = "".join(sign for sign in mark if sign in "0123456789")
        people = Q(name__startswith=words)
        if len(digits) == len(mark) and len(digits) >= 7:
            people |= Q(phone=digits)
        elif len(digits) == len(mark) == 4:
            people |= Q(phone__endswith=digits)
        cars = Q(plate__startswith=mark) | Q(vin=mark)
        return self.filter(
            Q(number__startswith=mark)
            | Q(customer__in=Customer.objects.filter(people, store=store))
            | Q(vehicle__in=Vehicle.objects.filter(cars, store=store))
            | Q(contact_name__startswith=words),
            store=store,
        )

    def without_adviser(self):
        """Orders whose adviser the portal knows by name only."""
        return self.filter(advisor=None).exclude(advisor_name="")


class Visit(StoreRow):
    """A delivery 交车单 or repair order 维修工单. `customer` is the contact person: by default who brought the car."""

    kind = models.CharField(max_length=10, choices=VisitKind.choices)
    number = models.CharField(_("order number"), max_length=60)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"))
    amount = FenField(_("amount"), null=True, blank=True)
    order_type = models.CharField(max_length=60, blank=True, default="")
    service_type = models.CharField(_("service type"), max_length=60, blank=True, default="")
    mileage = models.PositiveIntegerField(null=True, blank=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="visits")
    contact_name = models.CharField(max_length=120, blank=True, default="")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, null=True, blank=True, related_name="visits")
    # An unknown adviser is kept by name and listed for mapping, never refused.
    advisor = models.ForeignKey(
        "organization.Employee",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="advised_visits",
    )
    advisor_name = models.CharField(max_length=60, blank=True, default="")
    technician = models.ForeignKey(
        "organization.Employee", on_delete=models.PROTECT, null=True, blank=True, related_name="worked_visits"
    )
    technician_name = models.CharField(max_length=60, blank=True, default="")
    return_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="returns")
    remark = models.TextField(blank=True, default="")
    # Of the DMS row it came from: the same row again changes nothing, one changed cell updates the visit.
    source_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = VisitRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "kind", "number"], name="visit_once"),
            models.CheckConstraint(condition=Q(kind__in=VisitKind.values), name="visit_kind_known"),
        ]
        indexes = [
            # the list, newest first, and the day's generation
            models.Index(fields=["store", "kind", "-closed_at", "-id"], name="visit_by_day"),
            models.Index(fields=["store", "-closed_at", "-id"], name="visit_newest"),
            # names of advisers that wait for somebody to say whose they are
            models.Index(
                fields=["store", "advisor_name"],
                condition=Q(advisor=None) & ~Q(advisor_name=""),
                name="visit_adviser_unknown",
            ),
        ]

    def __str__(self):
        return self.number
