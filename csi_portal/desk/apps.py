from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "csi_portal.desk"
    label = "desk"
    verbose_name = _("Desk")

    def ready(self):
        from csi_portal.desk import alerts  # models are loaded only now
        from csi_portal.desk.setup import grants
        from csi_portal.notifications import taking

        taking.register_taking(alerts.KINDS, alerts.take_alert)
        grants.register_words()
