"""The finance sheet of a month as xlsx, with --lock locked first by two different people.

`export_sheet --store CODE --month 2026-11 --output FILE.xlsx [--lock --by USER --confirmed-by USER] [--json]`
"""

import json
import os
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from csi_portal.organization.errors import Refusal
from csi_portal.organization.models import Store, User
from csi_portal.organization.permissions import SYSTEM
from incentives.management.months import read_month
from incentives.models import MonthStatus
from incentives.services import Sheet, ask_lock, confirm_lock, export_sheet
from incentives.services.months import month_row

_SHOWN = ("ledger", "held", "brought_in", "paid", "accounts", "carried_in", "carried_over", "with_wages")


class Command(BaseCommand):
    help = "Write the monthly sheet. Exit 1 when the lock or the export was refused, 2 for wrong use."

    def add_arguments(self, parser):
        parser.add_argument("--store", required=True, metavar="CODE")
        parser.add_argument("--month", required=True, metavar="2026-11")
        parser.add_argument("--output", required=True, metavar="FILE.xlsx")
        parser.add_argument("--lock", action="store_true", help="lock the month first; needs two people")
        parser.add_argument("--by", metavar="USER", help="who asks for the lock (finance), or exports")
        parser.add_argument("--confirmed-by", metavar="USER", help="who confirms it: general manager or finance")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args, **options):
        store = Store.objects.filter(code=options["store"]).first()
        if store is None:
            raise CommandError(f"unknown store {options['store']!r}", returncode=2)
        month = read_month(options["month"])
        by, confirmed_by = (self._user(options[name]) for name in ("by", "confirmed_by"))
        if options["lock"] and (by is None or confirmed_by is None):
            raise CommandError("--lock needs --by and --confirmed-by", returncode=2)
        target = Path(options["output"])
        draft = self._draft(target)
        try:
            sheet = self._sheet(store, month, by, confirmed_by, lock=options["lock"])
            draft.write_bytes(sheet.content)
            draft.replace(target)
        except Refusal as refusal:
            self._refuse(str(refusal), options["json"])
        except OSError as error:  # what was locked stays locked; the file can be asked for again
            raise CommandError(f"{target} cannot be written: {error.strerror}", returncode=2) from error
        finally:
            draft.unlink(missing_ok=True)
        self._say(store, options["month"], sheet, target, options["json"])

    @staticmethod
    def _sheet(store, month, by, confirmed_by, *, lock: bool) -> Sheet:
        now = timezone.now()
        with transaction.atomic():
            if lock:
                waiting = month_row(store, month)
                if waiting.status != MonthStatus.LOCKING or waiting.asked_by_id != by.pk:
                    ask_lock(store, month, by=by, now=now)
                confirm_lock(store, month, by=confirmed_by, now=now)
            return export_sheet(store, month, by=by or SYSTEM, now=now)

    @staticmethod
    def _user(name: str | None) -> User | None:
        if name is None:
            return None
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"unknown user {name!r}", returncode=2)
        return user

    @staticmethod
    def _draft(target: Path) -> Path:
        """An empty file beside the target: a path that cannot be written is found before anything is locked."""
        draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            if target.is_dir():
                raise IsADirectoryError(21, "it is a folder")
            draft.write_bytes(b"")
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}", returncode=2) from error
        return draft

    def _refuse(self, reason: str, as_json: bool) -> None:
        self.stdout.write(json.dumps({"refused": reason}, ensure_ascii=False) if as_json else f"Refused: {reason}")
        sys.exit(1)

    def _say(self, store, month: str, sheet: Sheet, target: Path, as_json: bool) -> None:
        money = {name: f"{sheet.totals[name] / 100:.2f}" for name in _SHOWN}
        if as_json:
            result = {
                "store": store.code,
                "month": month,
                "locked": sheet.locked,
                "entries": sheet.totals["entries"],
                **money,
                "sha256": sheet.digest,
                "output": str(target),
            }
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            return
        state = "locked" if sheet.locked else "NOT locked, trial sheet"
        self.stdout.write(f"{store.code} {month}: {state}, {sheet.totals['entries']} entries, written to {target}")
        for name, amount in money.items():
            self.stdout.write(f"  {name.replace('_', ' '):<13} {amount:>14}")
        self.stdout.write(f"  sha256 {sheet.digest}")
