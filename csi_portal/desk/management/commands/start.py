"""manage.py start: the whole portal in one command."""

import http.client
import os
import socket
import sys
import time
from functools import partial

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from csi_portal.desk.starting import children, ground
from csi_portal.desk.starting.supervisor import Supervisor
from csi_portal.organization.models import User

EVERYWHERE = "0.0.0.0"  # noqa: S104  the other computers of the shop must reach the portal
THIS_MACHINE = "127.0.0.1"
ASK_EVERY = 0.5  # seconds between two looks whether the web process answers


class Command(BaseCommand):
    help = "Run the whole portal: database, web, worker and clock in one. Ctrl-C or SIGTERM ends all."
    requires_system_checks = []  # migrate runs them once the database can be asked

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--host",
            default=EVERYWHERE,
            help=f"address to listen on; the default is every one of this machine, {THIS_MACHINE} keeps it to itself",
        )
        parser.add_argument("--no-demo", action="store_true", help="do not make the demo store in an empty database")

    def handle(self, *args, port, host, no_demo, **options):
        for stream in (sys.stdout, sys.stderr):  # a terminal without Chinese letters must not end the portal
            stream.reconfigure(errors="backslashreplace")
        with ground.take_lock(settings.VAR_DIR / "start.lock"):
            ground.require_free_port(host, port)
            try:
                self._prepare(no_demo)
            except KeyboardInterrupt:
                sys.exit(130)
            network = own_address() if host == EVERYWHERE else host
            supervisor = Supervisor(
                children.plans(host, port),
                self._say,
                DJANGO_SETTINGS_MODULE="csi_portal.settings",
                PORTAL_URL=os.environ.get("PORTAL_URL") or f"http://{network}:{port}",
            )
            local = THIS_MACHINE if host == EVERYWHERE else host
            code = supervisor.run(Once(partial(answers, local, port), partial(self._announce, local, network, port)))
        self._say("The portal has stopped.")
        if code:
            sys.exit(code)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _prepare(self, no_demo: bool) -> None:
        self._say("Preparing the database ...")
        ground.prepare_database()
        ground.collect_static_files()
        if not no_demo and ground.wants_demo_store():
            self._say("The database is empty: making a demo store (--no-demo leaves it out) ...")
            ground.make_demo_store()
        connections.close_all()

    def _announce(self, local: str, network: str, port: int) -> None:
        self._say(f"The portal runs at http://{'localhost' if local == THIS_MACHINE else local}:{port}/")
        if network != local:
            self._say(f"Other computers in your network reach it at http://{network}:{port}/")
        logins = ground.demo_logins()
        if logins:
            self._say("Logins of the demo store (made-up people; printed until the store is removed):")
            width = max(len(login["username"]) for login in logins)
            for login in logins:
                self._say(f"  {login['username']:<{width}}  {login['password']}  {login.get('role', '')}")
        elif not User.objects.exists():
            self._say("No login exists yet. Make the first one with: python manage.py createsuperuser")
        connections.close_all()
        self._say("Ctrl-C ends it.")


class Once:
    """Ask now and then until the answer is yes, then act, once."""

    def __init__(self, ask, act):
        self.ask, self.act = ask, act
        self.done, self.next_at = False, 0.0

    def __call__(self) -> None:
        if self.done or time.monotonic() < self.next_at:
            return
        self.done = self.ask()
        self.next_at = time.monotonic() + ASK_EVERY
        if self.done:
            self.act()


def answers(host: str, port: int) -> bool:
    """Whether the sign-in page comes back; a redirect to https or a refused host name is an answer too."""
    link = http.client.HTTPConnection(host, port, timeout=2)
    try:
        link.request("GET", "/login/")
        return link.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def own_address() -> str:
    """This machine's address in its network, asked of the routing table (nothing is sent); else the local one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return THIS_MACHINE
