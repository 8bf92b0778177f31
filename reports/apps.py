from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = _("Figures")

    def ready(self):
        from csi_portal.notifications import items
        from csi_portal.organization import hooks, jobs, triggers
        from reports import panels, services, wording  # models are loaded only now

        triggers.append_only("reports_board")
        triggers.append_only("reports_boardline")
        triggers.append_only("reports_monthacceptance")
        jobs.register_daily("months", services.look_at_month, at="00:30")
        hooks.register_panel("today", panels.week_figures, order=900)
        hooks.register_panel("rail", panels.boards_waiting)
        hooks.register_panel("me", panels.own_scores, order=20)
        wording.register()
        items.register_self_closing([services.BOARD_MISSING])
