"""Import deliveries or repair orders from a DMS export: xlsx, .xls, HTML named .xls, or csv."""

import json
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from csi_portal.organization.models import Store
from csi_portal.organization.permissions import SYSTEM
from surveys.services import imports

WRONG_USE = 2
# More lines than this say nothing new on a terminal; --json has them all.
SHOWN = 50


class Command(BaseCommand):
    help = "Import visits from a DMS export. Exit 1 when some input was refused, 2 for wrong use."

    def add_arguments(self, parser):
        parser.add_argument("file", help="the exported file")
        parser.add_argument("--store", required=True, help="the store's code")
        parser.add_argument("--kind", choices=["sale", "service"], help="only where the headings do not tell")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, store nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args, **options):
        store = Store.objects.filter(code=options["store"]).first()
        if store is None:
            raise CommandError(_("There is no store %(code)s.") % {"code": options["store"]}, returncode=WRONG_USE)
        path = Path(options["file"])
        act = imports.try_file if options["dry_run"] else imports.import_file
        try:
            with open(path, "rb") as file:
                result = act(store, file, name=path.name, by=SYSTEM, now=timezone.now(), kind=options["kind"])
        except OSError as error:
            reason = {"file": str(path), "error": error.strerror}
            raise CommandError(_("%(file)s cannot be read: %(error)s") % reason, returncode=WRONG_USE) from error
        if options["json"]:
            self.stdout.write(json.dumps(result.as_json(), ensure_ascii=False))
        else:
            self._say(result, options["dry_run"])
        if result.errors:
            sys.exit(1)

    def _say(self, result: imports.DirectResult, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write(_("Nothing was stored: this was a try."))
        if result.refused:
            self.stdout.write(_("The file was refused. %(reason)s") % {"reason": result.errors[0]["message"]})
            return
        words = {
            "rows": pgettext("import", "rows"),
            "created": pgettext("import", "new"),
            "updated": pgettext("import", "changed"),
            "unchanged": pgettext("import", "unchanged"),
            "duplicate": pgettext("import", "duplicate"),
            "invalid": pgettext("import", "refused"),
            "review": _("to be clarified"),
        }
        self.stdout.write(", ".join(f"{word} {result.counts.get(name, 0)}" for name, word in words.items()))
        for name in result.ignored_sheets:
            self.stdout.write(_("Sheet “%(sheet)s” was ignored.") % {"sheet": name})
        for title, lines in ((pgettext("import", "Refused"), result.errors), (_("To be clarified"), result.reviews)):
            for line in lines[:SHOWN]:
                place = _("%(sheet)s row %(row)s, %(column)s: %(message)s") % line
                self.stdout.write(f"{title}: {place}")
            if len(lines) > SHOWN:
                self.stdout.write(_("… and %(n)s more, see --json") % {"n": len(lines) - SHOWN})
