"""generate_callbacks --store CODE [--on DATE] [--json]: what the plan lines owe on a day."""

import json
from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from csi_portal.organization.models import Store
from surveys.enums import Reason
from surveys.services.callbacks import generate_callbacks


class Command(BaseCommand):
    help = "Make the callbacks a store's survey plan owes on a day; running it again makes nothing twice."

    def add_arguments(self, parser):
        parser.add_argument("--store", required=True, help="the store's code")
        parser.add_argument("--on", help="the store's day as YYYY-MM-DD; default today")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *, store, on, **options):
        now = timezone.now()
        found = Store.objects.filter(code=store).first()
        if found is None:
            raise CommandError(f"There is no store {store!r}.", returncode=2)
        counts = generate_callbacks(found, on=self._day(on) if on else found.local_date(now), now=now)
        if options["json"]:
            self.stdout.write(json.dumps(counts, ensure_ascii=False))
            return
        self.stdout.write(f"{counts['store']} on {counts['on']}: {counts['created']} callbacks made")
        for key, line in counts["lines"].items():
            skipped = ", ".join(f"{n} {Reason(reason).label.lower()}" for reason, n in line["skipped"].items())
            self.stdout.write(
                f"  {key}: {line['created']} made, {line['too_late']} too late, {line['left_out']} left out"
                + (f", skipped: {skipped}" if skipped else "")
            )

    @staticmethod
    def _day(text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise CommandError(f"--on must be a day like 2026-11-21, not {text!r}.", returncode=2) from None
