"""What must stand before the first process starts: one lock, a free port, the database, static files, a demo store."""

import fcntl
import io
import json
import os
import socket
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.management.commands import collectstatic
from django.core.management import call_command, get_commands
from django.core.management.base import CommandError
from django.db import OperationalError, connection, transaction
from whitenoise.storage import CompressedManifestStaticFilesStorage

from csi_portal.organization.models import Store, User


def take_lock(path: Path):
    """Hold the folder for this process and return the open file; it is freed when the process ends, however it ends."""
    lock = open(path, "a+")  # noqa: SIM115  stays open as long as the portal runs
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise CommandError(f"The portal is running already (process {holder}, folder {path.parent}). Stop it first.")
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def require_free_port(host: str, port: int) -> None:
    """Refuse before anything is touched; the web server would only say so later and in its own words."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError:
        raise CommandError(f"Port {port} needs special rights. Choose one above 1023, for instance --port 8000.")
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}:{port} ({error.strerror}). Choose another port, for instance --port {port + 1}."
        )


def prepare_database() -> None:
    """Bring the tables up to date; the shipped reference data comes with it."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        raise CommandError(f"The database cannot be used: {str(error).strip()}")


def collect_static_files() -> None:
    """Copy, compress and fingerprint the static files into the folder the web process serves."""
    command = collectstatic.Command()
    # These settings were read before there was a manifest and name the plain storage; the children read them anew.
    command.storage = CompressedManifestStaticFilesStorage()
    call_command(command, interactive=False, verbosity=0)


def is_embedded() -> bool:
    """Whether the portal keeps its own database file, in an environment that names none."""
    return connection.vendor == "sqlite" and not os.environ.get("DATABASE_URL")


def wants_demo_store() -> bool:
    """Whether the embedded database is still empty, so that a demo store shows what the portal does."""
    return is_embedded() and "demo" in get_commands() and not (Store.objects.exists() or User.objects.exists())


def make_demo_store() -> None:
    """Make the demo store, whole or not at all: half a store would pass for a store in use at the next start."""
    with transaction.atomic():
        call_command("demo", json=True, stdout=io.StringIO())  # its logins are printed at every start, also this one


def demo_logins() -> list[dict]:
    """The demo store's logins as the demo command left them, for as long as that store is in use."""
    file = settings.VAR_DIR / "demo_logins.json"
    if not file.exists() or not Store.objects.filter(is_demo=True, is_active=True).exists():
        return []
    return json.loads(file.read_text(encoding="utf-8"))
