"""What a form showed, as a short mark: a save that meets something else since is refused instead of overwriting it."""

import hashlib
import json

from django.utils.translation import gettext as _

from csi_portal.organization.errors import Conflict


def fingerprint(obj, fields) -> str:
    """A mark of the present values of `fields`."""
    values = [str(getattr(obj, field)) for field in fields]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def require_unchanged(obj, fields, seen: str | None) -> None:
    """Raise Conflict when the object no longer is what the form showed; None asks nothing."""
    if seen is not None and seen != fingerprint(obj, fields):
        raise Conflict(_("Somebody changed this while you were typing."))
