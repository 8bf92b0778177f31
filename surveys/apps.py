from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SurveysConfig(AppConfig):
    name = "surveys"
    verbose_name = _("Surveys")

    def ready(self):
        from csi_portal.organization import hooks, jobs, triggers
        from csi_portal.organization.defaults import register_defaults
        from surveys import call_panels, defaults, due, guards, visit_panels, wording  # models are loaded only now
        from surveys.services import imports

        register_defaults("surveys", defaults.load)
        triggers.register_sql(guards.submitted_answers)
        hooks.register_sweep("surveys.calls", due.sweep)
        hooks.register_listener("visit", "surveys.generate", due.look_at_visits)
        # A large file takes long: it comes after everything that is due.
        hooks.register_sweep("surveys.imports", imports.work_off, last=True)
        hooks.register_listener("imports", "surveys.imports", imports.work_off)
        jobs.register_daily("surveys.tidy_imports", imports.put_away_forgotten, at="03:40")
        hooks.register_panel("rail", visit_panels.rows_waiting)
        hooks.register_panel("today", visit_panels.imports_waiting)
        wording.register()
        hooks.register_panel("today", call_panels.today, 20)
        hooks.register_panel("rail", call_panels.rail)
        hooks.register_panel("search", call_panels.search, 20)
