"""manage.py sweep: one full pass over everything due."""

import json
import sys

from django.core.management.base import BaseCommand
from django.utils import timezone

from csi_portal.desk import sweeping


class Command(BaseCommand):
    help = "One full pass over everything due: deadlines, alerts, messages, leases, jobs of the day."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args, **options):
        outcome = sweeping.full_pass(timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps({**outcome.counts, "failed_parts": len(outcome.errors)}))
        else:
            self._print(outcome)
        for name, error in outcome.errors.items():
            self.stderr.write(f"{name}: {error}")
        if outcome.errors:
            sys.exit(1)

    def _print(self, outcome):
        width = max(len(key) for key in outcome.counts)
        for key, number in outcome.counts.items():
            self.stdout.write(f"{key:<{width}}  {number}")
        self.stdout.write(
            f"{len(outcome.errors)} part(s) failed" if outcome.errors else "Everything due was looked at."
        )
