"""“I have it” in the inbox for the alerts of complaints."""

from django.utils.translation import gettext as _

from complaints.models import Alert
from complaints.services import acknowledge_alert
from csi_portal.notifications.models import AlertKind
from csi_portal.organization.errors import IllegalMove

KINDS = [f"complaint.{kind}" for kind in AlertKind.values]


def take_alert(message, by, now) -> None:
    """The message's key names the alert: `complaint.overdue:<deadline>`."""
    kind, _colon, deadline = message.dedupe_key.removeprefix("complaint.").partition(":")
    alert = (
        Alert.objects.filter(store=message.store, deadline=deadline, kind=kind).first() if deadline.isdigit() else None
    )
    if alert is None:
        raise IllegalMove(_("This reminder is over already."))
    acknowledge_alert(alert, by=by, now=now)
