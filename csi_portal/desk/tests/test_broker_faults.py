"""The broker refused, silent, emptied or killed: acts are stored at once, and the work is done when it is back."""

import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import transaction

from csi_portal.desk.tests.processes import database_url, environment, free_port, python, running, wait_until
from csi_portal.organization import hooks
from csi_portal.organization.models import Heartbeat, Store, User

needs_redis = pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs the program redis-server")

# An act as a page does it: one row, three bells. Prints what the act cost and whether its row is there.
ACT = """
import json, time
import django

django.setup()
from django.db import transaction
from csi_portal.organization import hooks
from csi_portal.organization.models import User

seconds = []
for number in range(2):
    began = time.monotonic()
    with transaction.atomic():
        User.objects.create(username=f"act{number}")
        for fact in ("complaint", "breach", "message"):
            hooks.wake(fact)
    seconds.append(time.monotonic() - began)
print(json.dumps(seconds))
"""


def run(command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess:
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


def act(folder, redis: str) -> list[float]:
    env = environment(
        folder, DATABASE_URL=database_url(), REDIS_URL=redis, DJANGO_SETTINGS_MODULE="csi_portal.settings"
    )
    done = subprocess.run(
        python("-c", ACT), cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("not heard") == 1, done.stderr
    return json.loads(done.stdout)


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_a_refusing_broker_does_not_hold_an_act(tmp_path):
    seconds = act(tmp_path, f"redis://127.0.0.1:{free_port()}/0")
    assert User.objects.filter(username__startswith="act").count() == 2
    assert seconds[0] < 1.5
    assert seconds[1] < 0.5  # it is left alone for a while


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_a_silent_broker_holds_an_act_for_one_short_wait(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        seconds = act(tmp_path, f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
    assert User.objects.filter(username__startswith="act").count() == 2
    assert 0.9 < seconds[0] < 2.5  # one socket timeout, not three
    assert seconds[1] < 0.5


class _Broken:
    rung = 0

    @classmethod
    def delay(cls, fact_kind):
        cls.rung += 1
        raise OSError("no broker")


@pytest.mark.django_db(transaction=True)
def test_after_a_fault_the_bell_rests_for_a_while(monkeypatch):
    monkeypatch.setattr("csi_portal.organization.tasks.look_at_facts", _Broken)
    monkeypatch.setattr(_Broken, "rung", 0)
    monkeypatch.setattr(hooks, "_quiet_until", 0.0)
    for _ in range(3):
        with transaction.atomic():
            hooks.wake("message")
    assert _Broken.rung == 1
    monkeypatch.setattr(hooks, "_quiet_until", time.monotonic() - 1)
    hooks.wake("message")
    assert _Broken.rung == 2


@contextmanager
def redis_server(folder, port: int):
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running(command, environment(folder / "redis"), folder / "redis.log") as process:
        wait_until(lambda: answers(port), "redis")
        yield process


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as link:
            link.sendall(b"PING\r\n")
            return link.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def command_of(port: int, line: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(f"{line}\r\n".encode())
        assert link.recv(5) == b"+OK\r\n"


def last_sweep():
    return Heartbeat.objects.filter(name="sweep").values_list("succeeded_at", flat=True).first()


def ring(env) -> None:
    code = "from csi_portal.desk.tasks import sweep; sweep.delay()"
    run(python("manage.py", "shell", "-v", "0", "-c", code), env)


def wait_for_a_sweep_after(moment) -> None:
    wait_until(lambda: last_sweep() is not None and (moment is None or last_sweep() > moment), "a sweep")


@needs_redis
@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_the_worker_goes_on_after_its_broker_was_emptied_and_killed(tmp_path):
    Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")
    port = free_port()
    env = environment(tmp_path / "var", DATABASE_URL=database_url(), REDIS_URL=f"redis://127.0.0.1:{port}/0")
    worker = python("-m", "celery", "-A", "csi_portal", "worker", "-P", "threads", "-c", "2", "--loglevel", "WARNING")
    with redis_server(tmp_path, port) as redis, running(worker, env, tmp_path / "worker.log") as process:
        wait_for_a_sweep_after(None)

        command_of(port, "FLUSHALL")
        before = last_sweep()
        ring(env)
        wait_for_a_sweep_after(before)

        redis.kill()
        redis.wait()
        before = last_sweep()
        time.sleep(3)
        assert process.poll() is None, (tmp_path / "worker.log").read_text()
        with redis_server(tmp_path, port):
            ring(env)
            wait_for_a_sweep_after(before)
