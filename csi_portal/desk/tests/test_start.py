"""`manage.py start` for real: a shop's first day, a dead worker, a second start, both kinds of end."""

import os
import re
import signal
import sqlite3
import subprocess
import urllib.request
from contextlib import closing
from urllib.error import URLError

import psycopg2
import pytest
from django.conf import settings
from django.db import connection, connections

from csi_portal.desk.tests.processes import environment, free_port, processes_of, python, running, wait_until

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def home(tmp_path_factory, django_db_blocker):
    """A var folder and an empty database of the kind the tests run on, with the environment that names them."""
    folder = tmp_path_factory.mktemp("shop")
    if connection.vendor == "sqlite":
        # by file, so that the portal takes it for its embedded one
        yield folder, environment(folder, DATABASE_URL=None, REDIS_URL=None)
        return
    name = f"csi_start_{os.getpid()}"
    with django_db_blocker.unblock():
        server_wide(f'CREATE DATABASE "{name}"')
        address = re.sub(r"/[^/]*$", f"/{name}", os.environ["DATABASE_URL"])
        yield folder, environment(folder, DATABASE_URL=address)
        server_wide(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def server_wide(statement: str) -> None:
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def portal(home):
    folder, env = home
    port = free_port()
    command = python("manage.py", "start", "--port", str(port), "--host", "127.0.0.1", "--no-demo")
    with running(command, env, folder / "log") as process:
        yield process, folder, env, port


def log_of(folder) -> str:
    return (folder / "log").read_text(errors="replace")


def page(port: int, path: str = "/login/"):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.read().decode()
    except (URLError, OSError):
        return None


def heartbeat(folder, env) -> str:
    """When the last sweep succeeded, as the database of the portal says; empty before the first one."""
    address = env.get("DATABASE_URL")
    if address:
        link = psycopg2.connect(address.replace("postgres://", "postgresql://"))
    else:
        link = sqlite3.connect(f"file:{folder}/portal.sqlite3?mode=ro", uri=True, timeout=20)
    with closing(link), closing(link.cursor()) as cursor:
        cursor.execute("SELECT succeeded_at FROM organization_heartbeat WHERE name = 'sweep'")
        row = cursor.fetchone()
    return str(row[0] or "") if row else ""


def child(folder, word: str) -> int | None:
    """The id of the process (the oldest) whose command line has the word."""
    return min((number for number, line in processes_of(folder).items() if word in line), default=None)


def try_to_start(env, port: int) -> subprocess.CompletedProcess:
    command = python("manage.py", "start", "--port", str(port), "--host", "127.0.0.1", "--no-demo")
    return subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=60)


def test_a_shops_first_day(portal):
    process, folder, env, port = portal
    html = wait_until(lambda: page(port), f"the sign-in page\n{log_of(folder)}")
    wait_until(lambda: f"http://localhost:{port}/" in log_of(folder), "the address on the screen")

    # static files are served with the fingerprint in their names, compressed ahead
    style = re.search(r'href="(/static/css/base\.[0-9a-f]+\.css)"', html)[1]
    assert page(port, style)
    assert list((folder / "static" / "css").glob("base.*.css.gz"))

    # the worker looks as soon as it is there, the clock rings it again and again
    first = wait_until(lambda: heartbeat(folder, env), "the first sweep")
    wait_until(lambda: heartbeat(folder, env) > first, "the sweep rung by the clock")

    second = try_to_start(env, free_port())
    assert (second.returncode, second.stdout) == (1, "")
    assert f"The portal is running already (process {process.pid}" in second.stderr

    before = child(folder, " worker ")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: child(folder, " worker ") not in (None, before), "a new worker")
    assert "worker ended (signal SIGKILL); it starts again in 1 s." in log_of(folder)
    last = heartbeat(folder, env)
    wait_until(lambda: heartbeat(folder, env) > last, "a sweep by the new worker")

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=27) == 0
    assert processes_of(folder) == {}
    assert page(port) is None
    assert log_of(folder).rstrip().endswith("The portal has stopped.")


def test_a_taken_port_is_said_before_anything_happens(tmp_path):
    from socket import socket  # only this test listens

    folder = tmp_path / "var"
    with socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = try_to_start(environment(folder, DATABASE_URL=None, REDIS_URL=None), port)
    assert refused.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in refused.stderr
    assert not (folder / "portal.sqlite3").exists()


def test_a_killed_parent_takes_its_children_along(portal):
    process, folder, _env, port = portal
    wait_until(lambda: page(port), f"the sign-in page\n{log_of(folder)}")
    wait_until(lambda: child(folder, " worker ") and child(folder, " beat "), "worker and clock")
    process.kill()
    process.wait()
    wait_until(lambda: processes_of(folder) == {}, "the end of every child", patience=30)


def test_ctrl_c_ends_all(portal):
    process, folder, _env, port = portal
    wait_until(lambda: page(port), f"the sign-in page\n{log_of(folder)}")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=27) == 0
    assert processes_of(folder) == {}
