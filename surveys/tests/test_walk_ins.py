"""Customers noted by hand."""

import pytest
from django.utils import timezone

from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.tests.url_rows import Place
from surveys.models import Customer, Vehicle
from surveys.services.walk_ins import note_customer

NOW = timezone.now()


@pytest.fixture
def place(db) -> Place:
    return Place("W1")


def note(place, by="care_agent", **more):
    return note_customer(place.store, by=place.users[by], now=NOW, **{"name": "测试乙", **more})


def test_the_same_person_is_noted_once(place):
    first, car = note(place, phone="199 0000 0002", plate="测a00002")
    again, same_car = note(place, phone="19900000002", plate="测A·00002")
    assert (first, car) == (again, same_car)
    assert (first.phone, car.plate) == ("19900000002", "测A00002")
    assert note(place, name="测试丙", phone="19900000002")[0] != first
    assert (Customer.objects.count(), Vehicle.objects.count()) == (2, 1)


def test_a_landline_is_a_number_to_call_and_words_are_not(place):
    assert note(place, phone="010-66660000")[0].phone == "01066660000"
    assert note(place)[0].phone == ""
    for wrong in ("12345", "没有"):
        with pytest.raises(IllegalMove):
            note(place, phone=wrong)
    with pytest.raises(IllegalMove):
        note(place, name=" ")


def test_who_may_note_a_customer(place):
    for role in ("care_agent", "care_manager", "department_manager", "general_manager"):
        note(place, by=role)
    for role in ("finance", "employee", "administrator", "nobody"):
        with pytest.raises(NotAllowed):
            note(place, by=role)
