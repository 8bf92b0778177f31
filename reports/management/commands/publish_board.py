"""Publish the boards of a week or month: `publish_board --store CODE (--week 2026-W47 | --month 2026-11) [--json]`."""

import json
import sys

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from csi_portal.organization.errors import IllegalMove
from csi_portal.organization.models import Store
from csi_portal.organization.permissions import SYSTEM
from reports.periods import Period
from reports.services import publish_boards


class Command(BaseCommand):
    help = "Freeze the SSI and CSI board of a week or month; changed figures become the next revision."

    def add_arguments(self, parser):
        parser.add_argument("--store", required=True, metavar="CODE")
        period = parser.add_mutually_exclusive_group(required=True)
        period.add_argument("--week", metavar="2026-W47")
        period.add_argument("--month", metavar="2026-11")
        parser.add_argument("--reason", default="", help="why figures changed, for a revision")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args, **options):
        store = Store.objects.filter(code=options["store"]).first()
        if store is None:
            raise CommandError(f"unknown store {options['store']!r}", returncode=2)
        period = self._period(options)
        reason = options["reason"] or _("Answers and corrections that came later")
        try:
            publications = publish_boards(store, period, by=SYSTEM, now=timezone.now(), reason=reason)
        except IllegalMove as refusal:
            self._refuse(store, period, refusal, options["json"])
        result = {"store": store.code, "period": period.code, "boards": [self._row(one) for one in publications]}
        result["errors"] = []
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            return
        for row in result["boards"]:
            self.stdout.write(self._sentence(period, row))

    @staticmethod
    def _period(options) -> Period:
        code, kind = (options["week"], "week") if options["week"] else (options["month"], "month")
        try:
            period = Period.parse(code)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        if period.kind != kind:
            raise CommandError(f"{code} is not a {kind}", returncode=2)
        return period

    def _refuse(self, store, period, refusal, as_json):
        if as_json:
            errors = [{"code": "refused", "message": str(refusal)}]
            line = {"store": store.code, "period": period.code, "boards": [], "errors": errors}
            self.stdout.write(json.dumps(line, ensure_ascii=False))
        else:
            self.stdout.write(str(refusal))
        sys.exit(1)

    @staticmethod
    def _row(publication) -> dict:
        board = publication.board
        lines = list(board.lines.all())
        return {
            "kind": board.kind,
            "board": board.pk,
            "revision": board.revision,
            "published": publication.created,
            "reason": board.reason,
            "target": str(board.target),
            **_figures(lines[0]),
            "differences": [
                {"subject": one.subject_key, "field": one.field, "before": _text(one.before), "after": _text(one.after)}
                for one in publication.differences
            ],
            "lines": [{"subject": line.subject_key, "name": line.name, **_figures(line)} for line in lines],
        }

    @staticmethod
    def _sentence(period, row) -> str:
        score = row["score"] or "-"
        state = f"revision {row['revision']}" if row["published"] else f"unchanged since revision {row['revision']}"
        return f"{row['kind'].upper()} {period.code}: {score} (n={row['n']}), {len(row['lines'])} lines, {state}"


def _figures(line) -> dict:
    return {
        "score": _text(line.score),
        "n": line.n,
        "rank": line.rank,
        "due": line.due,
        "contacted": line.contacted,
        "contacted_by_phone": line.contacted_by_phone,
        "completed": line.completed,
        "no_number": line.no_number,
        "complaints": line.complaints,
        "steps_due": line.steps_due,
        "steps_on_time": line.steps_on_time,
    }


def _text(value):
    return None if value is None else value if isinstance(value, int) else str(value)
