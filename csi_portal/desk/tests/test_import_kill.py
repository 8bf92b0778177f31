"""An import whose process is killed: all of the file or nothing of it, and the next run makes it whole."""

import os
import random
import signal
import time

import pytest

from csi_portal.desk.tests.processes import database_url, environment, python, running
from csi_portal.organization.models import Store
from surveys.models import Customer, Vehicle, Visit
from surveys.tests.dms.build import SERVICE_HEADER, service_row, xlsx

ROWS = 4_000
KILLS = 8
SEED = 20261121


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_a_killed_import_leaves_all_or_nothing(tmp_path):
    Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")
    path = tmp_path / "export.xlsx"
    path.write_bytes(xlsx([SERVICE_HEADER, *(service_row(number) for number in range(ROWS))]))
    env = environment(tmp_path / "var", DATABASE_URL=database_url())
    command = python("manage.py", "import_visits", str(path), "--store", "A1", "--json")
    moments = random.Random(SEED)
    counts = set()
    for _kill in range(KILLS):
        with running(command, env, tmp_path / "log") as process:
            time.sleep(moments.uniform(0.5, 5))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        counts.add(Visit.objects.count())
        assert Customer.objects.count() in (0, ROWS)
        assert Vehicle.objects.count() in (0, ROWS)

    assert counts <= {0, ROWS}
    with running(command, env, tmp_path / "log") as process:
        assert process.wait(120) == 0
    assert (Visit.objects.count(), Customer.objects.count(), Vehicle.objects.count()) == (ROWS, ROWS, ROWS)
