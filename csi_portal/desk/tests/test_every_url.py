"""Every URL × method × role × own/other store has an expected answer; a URL without a row fails.

The rows stand in each app's tests/url_table.py; how to write one: csi_portal/organization/tests/url_rows.py.
"""

import importlib
import logging
import re
from importlib.util import find_spec

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse

from csi_portal.organization.tests.url_rows import ANONYMOUS, SIGNED_IN, Place, Row

# Lower floors first: a floor's furnish() may build on what the floors below put into the store.
FLOORS = [
    "csi_portal.organization",
    "csi_portal.notifications",
    "surveys",
    "complaints",
    "reports",
    "incentives",
    "csi_portal.desk",
]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# The admin is one room with its own door (test_the_admin_is_for_superusers_only).
WHOLE_ROOMS = {"admin"}
# Books that the sign-in and the session keep by themselves.
_OWN_BOOKS = ("django_session", "axes_")
_WRITE = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+"?(\w+)', re.IGNORECASE)


def tables() -> dict:
    """The url_table module of every floor that has pages."""
    return {
        floor: importlib.import_module(f"{floor}.tests.url_table")
        for floor in FLOORS
        if find_spec(f"{floor}.tests.url_table")
    }


def every_url(resolver=None, namespace: str = "") -> set[str]:
    """The full names of all routes; a route without a name is listed by its path, so that it fails too."""
    found = set()
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            found.add(f"{namespace}{entry.name or entry.pattern}")
        elif entry.namespace not in WHOLE_ROOMS:
            found |= every_url(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
    return found


def test_every_url_has_a_row_and_every_row_a_url():
    named = {row.name for table in tables().values() for row in table.ROWS}
    assert every_url() - named == set(), "routes without a row in tests/url_table.py"
    assert named - every_url() == set(), "rows without a route"


@pytest.mark.django_db
@pytest.mark.parametrize("floor", [floor for floor in FLOORS if find_spec(f"{floor}.tests.url_table")])
def test_every_answer_is_the_expected_one(floor, caplog):
    caplog.set_level(logging.CRITICAL, logger="django.request")  # refusals are what is asked for here
    own, other = Place("A1"), Place("B1")
    known = tables()
    for table in known.values():
        if hasattr(table, "furnish"):
            table.furnish(own)
            table.furnish(other)
    clients = {ANONYMOUS: Client()} | {role: signed_in(own.users[role]) for role in SIGNED_IN}
    wrong = [
        difference
        for row in known[floor].ROWS
        for role, client in clients.items()
        for method in METHODS
        for difference in differences(row, role, client, method, own, other)
    ]
    assert wrong == [], "\n" + "\n".join(wrong)


@pytest.mark.django_db
def test_the_admin_is_for_superusers_only():
    place = Place("A1")
    for role in SIGNED_IN:
        answer = signed_in(place.users[role]).get(reverse("admin:index"))
        assert (role, answer.status_code) == (role, 302)
        assert answer["Location"].startswith(reverse("admin:login"))
    chief = place.users["administrator"]
    chief.is_superuser = chief.is_staff = True
    chief.save()
    assert signed_in(chief).get(reverse("admin:index")).status_code == 200


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    client.get(reverse("login"))  # the session's first writes happen here, not in the walk
    return client


def differences(row: Row, role: str, client: Client, method: str, own: Place, other: Place):
    """Yield a line for every answer that is not the expected one."""
    path = address(row, own)
    yield from ask(row, role, client, method, path, own, expected(row, role, method, foreign=False), "own store")
    foreign = address(row, other)
    if foreign != path and role != ANONYMOUS:
        wanted = expected(row, role, method, foreign=True)
        yield from ask(row, role, client, method, foreign, other, wanted, "other store")


def address(row: Row, place: Place) -> str:
    args = row.args(place) if row.args else []
    if isinstance(args, dict):
        return reverse(row.name, kwargs=args) + row.query
    return reverse(row.name, args=args) + row.query


def expected(row: Row, role: str, method: str, *, foreign: bool) -> set:
    """The answers that are right: statuses, "fine" for any success, "sign-in" for the redirect there."""
    if role == ANONYMOUS and not (method in ("GET", "POST") and ANONYMOUS in row.roles(method)):
        # a public page refuses other methods by itself; everything else asks to sign in first
        return {405, "sign-in"} if ANONYMOUS in row.named() else {"sign-in"}
    if method not in ("GET", "POST") or getattr(row, method.lower()) is None:
        return {405} if role in row.roles("get") | row.roles("post") and not foreign else {403, 404, 405}
    if role in row.roles(method):
        return {"fine"} if not foreign or ANONYMOUS in row.roles(method) else {404}
    if row.denied:
        return {row.denied}
    if foreign:
        return {404}
    return {403} if row.args is None or role in row.named() else {404}


def ask(row: Row, role: str, client: Client, method: str, path: str, place: Place, wanted: set, where: str):
    data = row.data(place) if row.data and method == "POST" else None
    said, written = answer_of(client, method, path, data)
    line = f"{row.name} {method} {role} {where}: "
    if said not in wanted:
        yield f"{line}{said}, expected {' or '.join(sorted(map(str, wanted)))} ({path})"
    if written and (said != "fine" or (method == "GET" and not row.get_writes)):
        yield f"{line}answered {said} and wrote into {', '.join(sorted(written))}"


def answer_of(client: Client, method: str, path: str, data: dict | None):
    """What the portal says and which tables it wrote; everything is rolled back."""
    cookies = client.cookies.copy()
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        try:
            response = client.generic(method, path) if data is None else client.post(path, data)
            said = plain(response, method)
            if response.streaming:
                b"".join(response.streaming_content)  # read to the end, so that the file is closed
        except Exception as error:  # a crash is an answer like any other: the walk goes on and lists it
            said = f"{type(error).__name__}: {error}"
        transaction.set_rollback(True)
    client.cookies = cookies
    return said, tables_written(queries)


def plain(response, method: str):
    if response.status_code in (301, 302, 303):
        return "sign-in" if response["Location"].startswith(f"{reverse('login')}?next=") else "fine"
    if response.status_code in (200, 204) or (method == "POST" and response.status_code in (400, 409)):
        return "fine"
    return response.status_code


def tables_written(queries) -> set[str]:
    matches = (_WRITE.match(query["sql"]) for query in queries.captured_queries)
    return {match[2] for match in matches if match and not match[2].startswith(_OWN_BOOKS)}
