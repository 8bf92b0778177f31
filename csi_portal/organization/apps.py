from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class OrganizationConfig(AppConfig):
    name = "csi_portal.organization"
    label = "organization"
    verbose_name = _("Organization")

    def ready(self):
        from csi_portal.organization import (  # models are loaded only now
            defaults,
            hooks,
            housekeeping,
            jobs,
            triggers,
        )

        triggers.append_only("organization_auditline")
        hooks.register_sweep("jobs", jobs.run_due)
        jobs.register_daily("housekeeping", housekeeping.clear_out, at="03:30")
        pre_migrate.connect(triggers.before_migrate, dispatch_uid="organization.lift_triggers")
        post_migrate.connect(defaults.after_migrate, sender=self, dispatch_uid="organization.defaults")
        post_migrate.connect(triggers.after_migrate, dispatch_uid="organization.triggers")
