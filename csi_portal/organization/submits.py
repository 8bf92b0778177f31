"""Forms carry a unique key: the second submit of one key shows the first one's result."""

import uuid
from collections.abc import Callable

from django.db import IntegrityError, transaction

from csi_portal.organization.models import SubmitKey


def new_key() -> str:
    return str(uuid.uuid4())


def once(user, key: str | None, act: Callable[[], str]) -> str:
    """Run `act() -> result url` once per (user, key) in one transaction; a repeat returns the first url.

    A missing or malformed key (an old page) acts without the protection rather than losing what was typed.
    A failure inside `act` rolls the key back, so that the person may try again.
    """
    try:
        unique = uuid.UUID(key or "")
    except ValueError:
        with transaction.atomic():
            return act()
    spent = SubmitKey.objects.filter(user=user, key=unique)
    try:
        with transaction.atomic():
            row = SubmitKey.objects.create(user=user, key=unique, result_url="")
            row.result_url = act()
            row.save(update_fields=["result_url"])
            return row.result_url
    except IntegrityError:
        url = spent.values_list("result_url", flat=True).first()
        if url is None:  # the integrity error was the act's own
            raise
        return url
