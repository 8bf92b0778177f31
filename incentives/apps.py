from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncentivesConfig(AppConfig):
    name = "incentives"
    verbose_name = _("Rewards and penalties")

    def ready(self):
        from csi_portal.organization import defaults, hooks, jobs, triggers  # models are loaded only now
        from incentives import panels, tasks, wording
        from incentives import triggers as money_triggers

        defaults.register_defaults("incentives", tasks.load_rules)
        for table in money_triggers.APPEND_ONLY:
            triggers.append_only(table)
        triggers.register_sql(money_triggers.statements, money_triggers.lift)
        hooks.register_sweep("incentives", tasks.sweep)
        for fact in ("breach", "complaint", "board"):
            hooks.register_listener(fact, "incentives", tasks.look_now)
        jobs.register_daily("incentives.look", tasks.daily_look, at="00:20")
        jobs.register_daily("incentives.check", tasks.daily_check, at="04:30")
        panels.register()
        wording.register()
