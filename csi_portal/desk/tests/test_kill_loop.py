"""kill -9 in the middle of `sweep`, again and again: no alert lost, none doubled, no message without its alert.

The process kills itself at a statement drawn by lot, before or after it; so every gap between two statements comes
up, also the one between the last statement of a transaction and its commit.
"""

import json
import random
import subprocess
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from complaints.models import Alert, Complaint, Deadline
from complaints.services import register
from csi_portal.desk.tests.processes import database_url, environment, python
from csi_portal.notifications.models import Message
from csi_portal.organization.models import Department, RoleGrant, Store, User
from csi_portal.organization.permissions import SYSTEM

SWEEP = """
import os, signal, sys
import django

django.setup()
from django.core.management import call_command
from django.db import connection

fatal, before = int(sys.argv[1]), sys.argv[2] == "before"
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

with connection.execute_wrapper(count):
    call_command("sweep", "--json")
print(seen)
"""
STORES_PER_ROUND = 4
ROLES = ["care_agent", "care_manager", "department_manager", "general_manager"]
# Forms of a store: hours since the customer spoke, passed on?, the step that is due, its alert and who hears of it.
FORMS = [
    (3.0, True, "first_contact", "overdue", {"department_manager", "care_manager"}),
    (1.0, False, "transfer", "overdue", {"care_agent", "care_manager"}),
    (1.75, True, "first_contact", "warning", {"department_manager"}),
    (5.0, True, "first_contact", "escalated", {"general_manager"}),
]

pytestmark = pytest.mark.django_db(transaction=True)


def open_store(number: int, expected: dict) -> None:
    """A store with one person per role and its due forms; adds to `expected` what must be told to whom."""
    store = Store.objects.create(code=f"K{number}", name=f"例{number}店", timezone="Asia/Shanghai")
    service = Department.objects.create(store=store, code="after_sales")
    people = {role: User.objects.create(username=f"{role}.{number}") for role in ROLES}
    for role, user in people.items():
        RoleGrant.objects.create(user=user, role=role, store=store)
    now = timezone.now()
    for hours, passed_on, step, kind, told in FORMS:
        form = register(
            store=store,
            level="general",
            source="in_person",
            summary="测试",
            by=SYSTEM,
            received_at=now - timedelta(hours=hours),
            department=service if passed_on else None,
            care_agent=people["care_agent"],
            now=now,
        )
        deadline = Deadline.objects.get(complaint=form, step=step)
        expected[deadline.pk] = (kind, {f"u:{people[role].pk}" for role in told})


def sweep(folder, fatal: int = 0, when: str = "before") -> subprocess.CompletedProcess:
    env = environment(folder, DATABASE_URL=database_url(), REDIS_URL=None)
    command = python("-c", SWEEP, str(fatal), when)
    return subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=120)


def statements(done: subprocess.CompletedProcess) -> int:
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


def told_of(deadlines) -> dict:
    """Deadline -> the alerts raised and the recipients of every message about each, repeats included."""
    found = {pk: {} for pk in deadlines}
    for pk, kind in Alert.objects.filter(deadline__in=found, raised_at__isnull=False).values_list("deadline", "kind"):
        assert kind not in found[pk], f"{kind} of {pk} raised twice"
        found[pk][kind] = []
    for kind in ("warning", "overdue", "escalated"):
        for key, recipient in Message.objects.filter(kind=f"complaint.{kind}").values_list("dedupe_key", "recipient"):
            found[int(key.rsplit(":", 1)[1])].setdefault(kind, []).append(recipient)
    return found


def kill_loop(folder, kills: int, seed: int) -> int:
    """Returns how many of the kills hit a sweep at work."""
    lot = random.Random(seed)
    expected: dict = {}
    for number in range(STORES_PER_ROUND):
        open_store(number, expected)
    length = statements(sweep(folder))
    hits = 0
    for turn in range(1, kills + 1):
        for number in range(turn * STORES_PER_ROUND, (turn + 1) * STORES_PER_ROUND):
            open_store(number, expected)
        died = sweep(folder, lot.randint(1, length), lot.choice(["before", "after"]))
        assert died.returncode in (0, -9), died.stderr
        hits += died.returncode == -9
        for pk, told in told_of(expected).items():
            kind, people = expected[pk]
            assert told in ({}, {kind: told.get(kind)}), f"turn {turn}: {told} for a deadline that is {kind}"
            assert not told or sorted(told[kind]) == sorted(people), f"turn {turn}: half a message of {pk}"
    finish_with_two_at_once(folder)
    assert {pk: {kind: sorted(to) for kind, to in told.items()} for pk, told in told_of(expected).items()} == {
        pk: {kind: sorted(people)} for pk, (kind, people) in expected.items()
    }
    assert Complaint.objects.count() == len(expected) == (kills + 1) * STORES_PER_ROUND * len(FORMS)
    return hits


def finish_with_two_at_once(folder) -> None:
    env = environment(folder, DATABASE_URL=database_url(), REDIS_URL=None)
    command = python("manage.py", "sweep", "--json")
    both = [
        subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in both:
        out, _err = process.communicate(timeout=120)
        assert (process.returncode, json.loads(out)["failed_parts"]) == (0, 0)


@pytest.mark.faults
def test_five_kills_lose_and_double_nothing(tmp_path):
    assert kill_loop(tmp_path, kills=5, seed=11) >= 4


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_fifty_kills_lose_and_double_nothing(tmp_path, seed):
    assert kill_loop(tmp_path, kills=50, seed=seed) >= 40
