"""The words of what the call room asks of others."""

from django.utils.translation import gettext_lazy as _

from csi_portal.notifications.wording import register_wording
from surveys.services.calls import SUPERVISOR_ITEM


def register() -> None:
    register_wording(
        SUPERVISOR_ITEM,
        _("A call needs you: %(customer)s"),
        _("The agent could not go on with this customer. %(note)s"),
    )
