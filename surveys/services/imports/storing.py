"""Putting valid rows into customers, cars and visits: set-based, idempotent by (store, kind, order number).

Nothing here asks one row at a time: a file of 50,000 rows takes a fixed number of chunked queries.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max, QuerySet

from csi_portal.organization.models import Employee, Store
from surveys.models import Customer, CustomerPhone, Vehicle, Visit

from .rows import digest

CHUNK = 500
COMPANY = re.compile(r"公司|集团|车队|工厂|合作社|事务所|租赁|\b(?:co|ltd|inc|llc|company|corp)\b\.?", re.IGNORECASE)

CUSTOMER_FIELDS = {"gender": "gender", "dob": "birth_on", "region": "area"}
VISIT_UPDATES = [
    "opened_at",
    "closed_at",
    "amount",
    "order_type",
    "service_type",
    "mileage",
    "customer",
    "contact_name",
    "vehicle",
    "advisor",
    "advisor_name",
    "technician",
    "technician_name",
    "remark",
    "source_digest",
]


@dataclass(slots=True)
class Order:
    """One valid row on its way into the tables; `values` are the reader's, times without zone."""

    kind: str
    values: dict
    digest: str
    visit_id: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.values["order_no"]

    @property
    def contact(self) -> tuple[str, str]:
        """Name and number of the person to speak with: who brought the car, where both are told."""
        if self.values.get("contact_name") and self.values.get("contact_phone"):
            return self.values["contact_name"], self.values["contact_phone"]
        return self.values["name"], self.values["phone"]


@dataclass
class Compared:
    """What storing the orders would do."""

    created: list[Order] = field(default_factory=list)
    updated: list[Order] = field(default_factory=list)
    unchanged: list[Order] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {name: len(getattr(self, name)) for name in ("created", "updated", "unchanged")}


def order_of(kind: str, values: dict) -> Order:
    return Order(kind, values, digest(kind, values))


def chunks(values: Iterable, size: int = CHUNK) -> Iterator[list]:
    found = list(values)
    for start in range(0, len(found), size):
        yield found[start : start + size]


def compare(store: Store, orders: list[Order]) -> Compared:
    """Sort the orders by what is there already; an order told twice counts once, the first time."""
    known: dict[tuple[str, str], tuple[int, str]] = {}
    for kind in {order.kind for order in orders}:
        numbers = {order.values["order_no"] for order in orders if order.kind == kind}
        for some in chunks(sorted(numbers)):
            found = Visit.objects.filter(store=store, kind=kind, number__in=some)
            for number, pk, mark in found.values_list("number", "pk", "source_digest"):
                known[kind, number] = pk, mark
    result = Compared()
    for order in orders:
        order.visit_id, mark = known.get(order.key, (None, ""))
        if order.visit_id is None:
            result.created.append(order)
        elif mark == order.digest:
            result.unchanged.append(order)
        else:
            result.updated.append(order)
    return result


def lock_store(store: Store) -> None:
    """One import of a store at a time: two files of one customer must not make that customer twice.

    Must run in a transaction. On SQLite the immediate transaction is the lock.
    """
    Store.objects.select_for_update(of=("self",), no_key=True).get(pk=store.pk)


def store_orders(store: Store, orders: list[Order], *, now: datetime) -> Compared:
    """Write the orders; the same ones again change nothing. Must run in a transaction that holds `lock_store`."""
    compared = compare(store, orders)
    changed = compared.created + compared.updated
    if not changed:
        return compared
    # The newest word about a customer or a car counts, whatever the order of the file.
    changed.sort(key=lambda order: order.values["close_time"])
    writer = _Writer(store, changed, now)
    fresh = [writer.fill(Visit(store=store, created_at=now), order) for order in compared.created]
    Visit.objects.bulk_create(fresh)
    for order, visit in zip(compared.created, fresh, strict=True):
        order.visit_id = visit.pk
    for some in chunks(compared.updated):
        known = Visit.objects.in_bulk([order.visit_id for order in some])
        _save_known(Visit, [writer.fill(known[order.visit_id], order) for order in some], VISIT_UPDATES)
    return compared


class _Writer:
    """Fills visits from orders. A column the file does not have leaves the visit as it was."""

    def __init__(self, store: Store, orders: list[Order], now: datetime):
        self._zone = store.zone
        self._people = _People(store, orders, now)
        self._cars = _Cars(store, orders)
        self._staff = _Staff(store, orders)

    def fill(self, visit: Visit, order: Order) -> Visit:
        values = order.values
        name, phone = order.contact
        visit.kind, visit.number, visit.source_digest = order.kind, values["order_no"], order.digest
        visit.customer = self._people.by_phone[phone]
        visit.contact_name = values.get("contact_name") or name
        visit.vehicle = self._cars.of(order)
        visit.closed_at = values["close_time"].replace(tzinfo=self._zone)
        if "open_time" in values:
            opened = values["open_time"]
            visit.opened_at = opened.replace(tzinfo=self._zone) if opened else None
        for column in ("amount", "mileage"):
            if column in values:
                setattr(visit, column, values[column])
        for column in ("service_type", "remark"):
            if column in values:
                setattr(visit, column, values[column] or "")
        if "order_type" in values or "service_type" in values:
            visit.order_type = values.get("order_type") or values.get("service_type") or ""
        for role in ("advisor", "technician"):
            if role in values:
                told = values[role] or ""
                setattr(visit, f"{role}_name", told)
                setattr(visit, f"{role}_id", self._staff.id_of(told))
        return visit


class _People:
    """The customers of the orders by number: known ones first, new ones made, attributes brought up to date."""

    def __init__(self, store: Store, orders: list[Order], now: datetime):
        self.by_phone: dict[str, Customer] = {}
        self._find(store, {order.contact[1] for order in orders})
        fresh: list[Customer] = []
        touched: dict[int, Customer] = {}
        for order in orders:
            name, phone = order.contact
            customer = self.by_phone.get(phone)
            if customer is None:
                customer = Customer(store=store, name=name, phone=phone, created_at=now)
                customer.is_company = bool(COMPANY.search(name))
                self.by_phone[phone] = customer
                fresh.append(customer)
            # Another name on the same number is another person: gender and birthday are not this customer's.
            same_person = name == order.values["name"] == customer.name
            if same_person and _take(customer, order.values, CUSTOMER_FIELDS) and customer.pk:
                touched[customer.pk] = customer
        Customer.objects.bulk_create(fresh)
        _save_known(Customer, list(touched.values()), list(CUSTOMER_FIELDS.values()))

    def _find(self, store: Store, phones: set[str]) -> None:
        for some in chunks(sorted(phones)):
            # The oldest customer with a number keeps it.
            for customer in Customer.objects.filter(store=store, phone__in=some).order_by("-pk"):
                self.by_phone[customer.phone] = customer
        for some in chunks(sorted(phones - set(self.by_phone))):
            further = CustomerPhone.objects.filter(store=store, number__in=some).order_by("-pk")
            for entry in further.select_related("customer"):
                self.by_phone[entry.number] = entry.customer


class _Cars:
    """The cars of the orders, by VIN or, without one, by plate."""

    def __init__(self, store: Store, orders: list[Order]):
        self._by_vin: dict[str, Vehicle] = {}
        self._by_plate: dict[str, Vehicle] = {}
        self._of_order: dict[tuple[str, str], Vehicle] = {}
        vins = {order.values["vin"] for order in orders if order.values.get("vin")}
        plates = {order.values["plate"] for order in orders if order.values.get("plate")}
        for some in chunks(sorted(vins)):
            self._learn(Vehicle.objects.filter(store=store, vin__in=some))
        for some in chunks(sorted(plates)):
            self._learn(Vehicle.objects.filter(store=store, plate__in=some).order_by("pk"))
        known = {vehicle.pk for vehicle in (*self._by_vin.values(), *self._by_plate.values())}
        fresh: list[Vehicle] = []
        touched: dict[int, Vehicle] = {}
        for order in orders:
            vehicle = self._match(order.values)
            if vehicle is None:
                vehicle = Vehicle(store=store)
                fresh.append(vehicle)
            names = {name: name for name in ("vin", "plate", "brand", "model")}
            if _take(vehicle, order.values, names) and vehicle.pk in known:
                touched[vehicle.pk] = vehicle
            self._learn([vehicle])
            self._of_order[order.key] = vehicle
        Vehicle.objects.bulk_create(fresh)
        _save_known(Vehicle, list(touched.values()), ["vin", "plate", "brand", "model"])

    def of(self, order: Order) -> Vehicle:
        return self._of_order[order.key]

    def _learn(self, vehicles: Iterable[Vehicle] | QuerySet) -> None:
        for vehicle in vehicles:
            # One row read twice is one car: the one known by its VIN is the one that is changed.
            vehicle = self._by_vin.setdefault(vehicle.vin, vehicle) if vehicle.vin else vehicle
            if vehicle.plate:
                self._by_plate[vehicle.plate] = vehicle

    def _match(self, values: dict) -> Vehicle | None:
        vin, plate = values.get("vin"), values.get("plate")
        if not vin:
            return self._by_plate.get(plate)
        if vin in self._by_vin:
            return self._by_vin[vin]
        same_plate = self._by_plate.get(plate)
        # A car so far known by its plate alone gets its VIN; a plate on another VIN has changed its car.
        return same_plate if same_plate is not None and not same_plate.vin else None


class _Staff:
    """Employees by name, where the name is exactly one person's; else what was decided for the name before."""

    def __init__(self, store: Store, orders: list[Order]):
        names = {order.values.get(key) for order in orders for key in ("advisor", "technician")} - {None}
        self._ids: dict[str, int] = {}
        several = set()
        for some in chunks(sorted(names)):
            for pk, name in Employee.objects.filter(store=store, name__in=some).values_list("pk", "name"):
                if name in self._ids:
                    several.add(name)
                self._ids[name] = pk
        for name in several:
            del self._ids[name]
        for some in chunks(sorted(names - set(self._ids))):
            mapped = Visit.objects.filter(store=store, advisor_name__in=some, advisor__isnull=False)
            decided = mapped.values("advisor_name", "advisor").annotate(last=Max("pk")).order_by("last")
            for name, pk, _last in decided.values_list("advisor_name", "advisor", "last"):
                self._ids[name] = pk

    def id_of(self, name: str) -> int | None:
        return self._ids.get(name)


def _take(target, values: dict, names: dict[str, str]) -> bool:
    """Bring told, different values onto the object; a blank cell takes nothing away. True when it changed."""
    changed = False
    for source, attribute in names.items():
        value = values.get(source)
        if value and getattr(target, attribute) != value:
            setattr(target, attribute, value)
            changed = True
    return changed


def _save_known(model, objects: list, fields: list[str]) -> None:
    """Update many rows by their key in few statements."""
    if objects:
        model.objects.bulk_create(objects, update_conflicts=True, unique_fields=["id"], update_fields=fields)
