"""Reconcile proposals with the facts: `propose_entries --store CODE (--month 2026-11 | --quarter 2026-Q4) [--json]`."""

import json
import re
from dataclasses import asdict
from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from csi_portal.organization.models import Store
from incentives.management.months import read_month
from incentives.models import Proposal
from incentives.reconcile import reconcile_month, reconcile_quarter
from reports.periods import MONTH, Period

_QUARTER = re.compile(r"(20\d{2})-Q([1-4])")


class Command(BaseCommand):
    help = "Propose, change and withdraw rewards and penalties as facts and rules ask; safe any number of times."

    def add_arguments(self, parser):
        parser.add_argument("--store", required=True, metavar="CODE")
        period = parser.add_mutually_exclusive_group(required=True)
        period.add_argument("--month", metavar="2026-11")
        period.add_argument("--quarter", metavar="2026-Q4")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args, **options):
        store = Store.objects.filter(code=options["store"]).first()
        if store is None:
            raise CommandError(f"unknown store {options['store']!r}", returncode=2)
        now = timezone.now()
        if options["month"]:
            months = [read_month(options["month"])]
            outcome = reconcile_month(store, months[0], now=now)
        else:
            months = self._quarter(options["quarter"])
            outcome = reconcile_quarter(store, months[0], now=now)
        waiting = Proposal.objects.waiting().filter(store=store, month__in=months).count()
        result = {
            "store": store.code,
            "months": [f"{month:%Y-%m}" for month in months],
            **asdict(outcome),
            "waiting": waiting,
        }
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            return
        self.stdout.write(f"{store.code} {', '.join(result['months'])}")
        for name, number in asdict(outcome).items():
            self.stdout.write(f"  {name:<10} {number}")
        self.stdout.write(f"  {waiting} wait for a decision")
        if outcome.unknown:
            self.stdout.write("  facts that charge nobody who is known are items for the care manager")

    @staticmethod
    def _quarter(text: str) -> list[date]:
        match = _QUARTER.fullmatch(text)
        if match is None:
            raise CommandError(f"not a quarter like 2026-Q4: {text!r}", returncode=2)
        first = Period(MONTH, date(int(match[1]), 3 * int(match[2]) - 2, 1))
        return [first.start, first.next().start, first.next().next().start]
