"""kill -9 in the middle of posting and locking: no line lost, doubled or half written, no month half closed.

As in test_kill_loop the process kills itself at a statement drawn by lot, before or after it.
"""

import random
import subprocess
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from csi_portal.desk.tests.processes import database_url, environment, python
from incentives import check
from incentives.models import CarriedOver, Hold, LedgerEntry, Month, Notice, Proposal
from incentives.tests.making import DAY, Shop

PROCESS = """
import os, signal, sys
import django

django.setup()
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from csi_portal.organization.models import Store, User
from incentives import services
from incentives.models import Proposal

work, month, fatal, before = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "before"
seen = 0

def count(execute, sql, params, many, context):
    global seen
    seen += 1
    if seen == fatal and before:
        os.kill(os.getpid(), signal.SIGKILL)
    result = execute(sql, params, many, context)
    if seen == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

def post():
    store, chief = Store.objects.get(code="K1"), User.objects.get(username="gm.k1")
    shown = list(Proposal.objects.waiting().filter(store=store).values_list("pk", "version"))
    services.approve_many(store, shown, by=chief, now=timezone.now())

def lock():
    call_command("export_sheet", "--store", "K1", "--month", month, "--output", os.environ["CSI_VAR"] + "/sheet.xlsx",
                 "--lock", "--by", "clerk.k1", "--confirmed-by", "gm.k1")

def propose():
    call_command("propose_entries", "--store", "K1", "--month", month)

with connection.execute_wrapper(count):
    {"post": post, "lock": lock, "propose": propose}[work]()
print(seen)
"""

pytestmark = pytest.mark.django_db(transaction=True)


def process(folder, work: str, month, fatal: int = 0, when: str = "before") -> subprocess.CompletedProcess:
    env = environment(folder, DATABASE_URL=database_url(), REDIS_URL=None)
    command = python("-c", PROCESS, work, f"{month:%Y-%m}", str(fatal), when)
    return subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=120)


def statements(done: subprocess.CompletedProcess) -> int:
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


def sound(folder) -> None:
    """The books agree; the sheets lie where the killed process stored them."""
    settings.MEDIA_ROOT = folder / "files"
    assert check.check_all().differences == []
    assert Notice.objects.count() == LedgerEntry.objects.count()


def new_facts(shop: Shop, day) -> int:
    forms = [shop.late_transfer(received_at=day) for _form in range(3)]
    return len(forms)


def kill_loop(folder, kills: int, seed: int) -> int:
    """Proposes, posts and at last locks a month, killed again and again; returns how many kills hit work."""
    lot, shop = random.Random(seed), Shop("K1")
    now = timezone.now()
    first = (now.replace(day=1) - 3 * DAY).replace(day=1)
    day = first.replace(day=10, hour=2, minute=0, second=0, microsecond=0)
    month = day.date().replace(day=1)
    facts, hits, lengths = new_facts(shop, day), 0, {}
    for work in ("propose", "post"):
        lengths[work] = statements(process(folder, work, month))
    for turn in range(kills):
        facts += new_facts(shop, day + timedelta(hours=turn % 200))
        for work in ("propose", "post"):
            died = process(folder, work, month, lot.randint(1, lengths[work]), lot.choice(["before", "after"]))
            assert died.returncode in (0, -9), died.stderr
            hits += died.returncode == -9
            sound(folder)
            assert Proposal.objects.filter(status="approved").count() == LedgerEntry.objects.count()
    for work in ("propose", "post", "propose", "post"):
        statements(process(folder, work, month))
    assert LedgerEntry.objects.count() == Proposal.objects.count() == facts
    hits += lock_loop(folder, month, kills, lot)
    return hits


def lock_loop(folder, month, kills: int, lot: random.Random) -> int:
    hits = 0
    for _turn in range(kills):
        died = process(folder, "lock", month, lot.randint(1, 45), lot.choice(["before", "after"]))
        assert died.returncode in (0, 1, -9), died.stderr  # 1: the month was locked before
        hits += died.returncode == -9
        sound(folder)
        row = Month.objects.filter(month=month).first()
        if row is None or row.status != "locked":
            assert (Hold.objects.count(), CarriedOver.objects.count()) == (0, 0)
    process(folder, "lock", month)
    row = Month.objects.get(month=month)
    assert (row.status, row.entries) == ("locked", LedgerEntry.objects.filter(month=month).count())
    # every window is open: all of it is held back, once
    assert Hold.objects.filter(from_month=month).count() == row.entries
    sound(folder)
    return hits


@pytest.mark.faults
def test_a_few_kills_leave_the_books_sound(tmp_path, settings):
    assert kill_loop(tmp_path, kills=3, seed=7) >= 6


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_many_kills_leave_the_books_sound(tmp_path, settings, seed):
    assert kill_loop(tmp_path, kills=25, seed=seed) >= 50
