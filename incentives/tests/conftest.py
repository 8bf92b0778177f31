"""A shop for the tests of money."""

import pytest

from incentives.tests.making import Shop


@pytest.fixture
def shop(db):
    return Shop()
