"""A person the DMS has not told of: noted by hand, where somebody complains before any order is imported."""

import re

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import audit, permissions
from csi_portal.organization.errors import IllegalMove
from surveys.dms.cells import person_name
from surveys.dms.cells import plate as read_plate
from surveys.dms.phones import LANDLINE
from surveys.dms.phones import phone as read_phone
from surveys.models import Customer, Vehicle


def note_customer(store, *, name: str, phone: str = "", plate: str = "", by, now) -> tuple[Customer, Vehicle | None]:
    """The customer of that number and name, and the car of that plate; what is not known yet is made.

    IllegalMove: no name, a number nobody can be called by.
    """
    permissions.require(by, "surveys.note_customer", store)
    known_as, _code = person_name(name)
    if not known_as:
        raise IllegalMove(_("Write the customer's name."))
    number = phone_number(phone)
    with transaction.atomic():
        # without a number two people of one name cannot be told apart
        customer = Customer.objects.filter(store=store, phone=number, name=known_as).first() if number else None
        if customer is None:
            customer = Customer.objects.create(store=store, name=known_as, phone=number, created_at=now)
            audit.record(by, "customer.noted", customer, at=now)
        return customer, _vehicle(store, plate)


def phone_number(text: str) -> str:
    """The number as it is stored (a mobile has 11 digits), "" for none. IllegalMove: not a number to call."""
    if not text.strip():
        return ""
    number, _code = read_phone(text)
    if number:
        return number
    digits = re.sub(r"\D", "", text)
    if LANDLINE.fullmatch(digits):
        return digits
    raise IllegalMove(_("This is no telephone number. A mobile has 11 digits."))


def _vehicle(store, text: str) -> Vehicle | None:
    plate, _code = read_plate(text)
    if not plate:
        return None
    known = Vehicle.objects.filter(store=store, plate=plate).order_by("-pk").first()
    return known or Vehicle.objects.create(store=store, plate=plate)
