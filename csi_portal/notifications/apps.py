from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "csi_portal.notifications"
    label = "notifications"
    verbose_name = _("Notifications")

    def ready(self):
        from csi_portal.notifications import outbox, panels  # models are loaded only now
        from csi_portal.organization import hooks

        hooks.register_sweep("messages", outbox.deliver_due, last=True)  # carries what the other parts wrote
        hooks.register_listener("message", "deliver", outbox.deliver_now)
        hooks.register_panel("today", panels.today, order=60)
