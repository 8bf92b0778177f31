"""manage.py demo: made-up stores that have lived through the last eight weeks."""

import json
import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from csi_portal.desk.demo import run
from csi_portal.desk.demo.stage import LOGINS_FILE


class Command(BaseCommand):
    help = "Make demo stores with eight weeks of made-up history, every role with a login, and work for today."

    def add_arguments(self, parser):
        parser.add_argument(
            "--scale",
            default="small",
            choices=sorted(run.SIZES),
            help="small: one store (default); medium: three busy ones; large: medium and years of history",
        )
        parser.add_argument("--seed", type=int, default=1, help="the same number makes the same weeks again")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args, scale, seed, **options):
        if seed < 0:
            raise CommandError("--seed is a number from 0 on", returncode=2)
        say = self._quiet if options["json"] else self._say
        try:
            with translation.override(settings.LANGUAGE_CODE):  # what is written for ever is in the store's language
                made = run.make_demo(run.SIZES[scale], seed=str(seed), now=timezone.now(), say=say)
        except run.Exists:
            self._refuse(options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(self._as_json(made), ensure_ascii=False))
            return
        for store in made.stores:
            self.stdout.write(f"{store.code}  {store.name}")
        for key in ("visits", "callbacks", "forms", "alerts", "boards", "proposals", "entries"):
            self.stdout.write(f"{key:<10} {made.counts[key]}")
        self.stdout.write(f"Logins (kept in {settings.VAR_DIR / LOGINS_FILE}):")
        for login in made.logins:
            self.stdout.write(f"  {login['username']:<10} {login['password']}  {login['role']}  {login['store']}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _quiet(self, text: str) -> None:
        pass

    def _refuse(self, as_json: bool) -> None:
        text = "There is a demo store already, or its logins are taken. Start with an empty database to make another."
        if as_json:
            self.stdout.write(json.dumps({"stores": [], "errors": [{"code": "exists", "message": text}]}))
        else:
            self.stdout.write(text)
        sys.exit(1)

    @staticmethod
    def _as_json(made) -> dict:
        return {
            "stores": [{"code": store.code, "name": store.name} for store in made.stores],
            **made.counts,
            "logins": made.logins,
            "errors": [],
        }
