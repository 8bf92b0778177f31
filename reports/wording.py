"""The words of the messages and items about months and boards."""

from django.utils.translation import gettext_lazy as _

from csi_portal.notifications.wording import register_wording
from reports import services
from reports.periods import Period
from reports.words import period_label


def register() -> None:
    register_wording(
        services.NOT_VALID,
        _("%(index)s %(month)s: the sample is not valid"),
        _(
            "%(contacted)s of %(due)s callbacks reached the customer, %(completed)s were completed. "
            "The score is for information only. Record what you do about it (staffing, penalty)."
        ),
        _prepare,
    )
    register_wording(
        services.BOARD_MISSING,
        _("%(index)s %(month)s: no board is published"),
        _("The month's board was due by the fifth working day. Money that hangs on it waits."),
        _prepare,
    )
    register_wording(
        services.SAMPLE_SMALL,
        _("%(index)s %(month)s: too few answers"),
        _("The month's board counts %(n)s answers. Below five a score is not ranked and moves no money."),
        _prepare,
    )


def _prepare(params: dict, store) -> dict:
    return {**params, "index": params["index"].upper(), "month": period_label(Period.parse(params["month"]))}
