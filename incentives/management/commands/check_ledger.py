"""Recompute every total and constraint: `check_ledger [--store CODE] [--json]`, exit 1 on any difference."""

import json
import sys
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandError

from csi_portal.organization.models import Store
from incentives.check import check_all


class Command(BaseCommand):
    help = "Check numbers, chain, proposals, reversals, months, sheets and guards; changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("--store", metavar="CODE", help="only this store")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args, **options):
        stores = Store.objects.order_by("pk")
        if options["store"]:
            stores = stores.filter(code=options["store"])
            if not stores:
                raise CommandError(f"unknown store {options['store']!r}", returncode=2)
        checked = check_all(stores)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not checked.differences, **asdict(checked)}, ensure_ascii=False))
        else:
            self.stdout.write(
                f"{checked.stores} stores, {checked.entries} entries, {checked.months} locked months checked"
            )
            for difference in checked.differences:
                self.stdout.write(f"  {difference}")
            self.stdout.write("no difference" if not checked.differences else "DIFFERENCES FOUND")
        if checked.differences:
            sys.exit(1)
