"""Keyset pages: forward, back, ties, other parameters kept, places that are not ours."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from csi_portal.organization.keyset import page_of
from csi_portal.organization.models import AuditLine

NOW = timezone.now()
FIELDS = ("-at", "-pk")

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines():
    # two lines share each instant, so that the second field has to decide
    return [
        AuditLine.objects.create(at=NOW + timedelta(seconds=number // 2), actor_name="x", action=str(number))
        for number in range(7)
    ]


def page(query=""):
    return page_of(AuditLine.objects.all(), QueryDict(query.removeprefix("?")), fields=FIELDS, size=3)


def actions(found):
    return [row.action for row in found.rows]


def test_forward_to_the_end_and_back(lines):
    first = page("?q=a")
    second = page(first.older_url)
    third = page(second.older_url)
    assert [actions(found) for found in (first, second, third)] == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert (first.newer_url, third.older_url) == (None, None)
    assert first.older_url.startswith("?q=a&after=")
    assert actions(page(third.newer_url)) == ["3", "2", "1"]
    back = page(second.newer_url)
    assert actions(back) == ["6", "5", "4"]
    assert back.newer_url is None


@pytest.mark.parametrize("place", ["x", "%00", "W10", "W10:abc", "", "[" * 50])
def test_a_place_that_is_not_ours_is_no_error(lines, place):
    assert actions(page(f"?after={place}")) == ["6", "5", "4"]


def test_a_page_costs_one_query(lines, django_assert_num_queries):
    with django_assert_num_queries(1):
        page()
