from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplaintsConfig(AppConfig):
    name = "complaints"
    verbose_name = _("Complaints")

    def ready(self):
        from complaints import approvals, defaults, guards, panels, services, wording  # models are loaded only now
        from complaints.services import pulling
        from csi_portal.organization import hooks, triggers
        from csi_portal.organization.defaults import register_defaults

        register_defaults("complaints", defaults.load)
        triggers.append_only("complaints_event")
        triggers.register_sql(guards.statements, guards.lift)
        wording.register_all()
        hooks.register_sweep("deadlines", services.sweep)
        for fact in ("response", "attempt"):
            hooks.register_listener(fact, "complaint_callbacks", pulling.pull_now)
        for slot, panel in (
            ("today", panels.today),
            ("rail", panels.rail),
            ("search", panels.found),
            ("customer", panels.of_customer),
            ("call_side", panels.beside_call),
            ("call_low_answer", panels.low_answer),
            ("call_saved", panels.after_call),
            ("approvals", approvals.questions),
            ("approvals", approvals.to_close),
            ("approvals", approvals.unverified),
        ):
            hooks.register_panel(slot, panel)
