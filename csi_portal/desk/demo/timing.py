"""How long the main pages take on what is in the database: `python -m csi_portal.desk.demo.timing [--store CODE]`.

Signs in as the people of the demo without their passwords and asks each page several times. Prints the median, the
number of queries and the slowest query; then the time of a full pass of the sweep, twice.
"""

import argparse
import os
import statistics
import time
from dataclasses import dataclass

ROUNDS = 5
# (path, login); {store}, {form}, {closed}, {visit}, {customer} and {month} are filled in.
PAGES = [
    ("/", "care"),
    ("/", "service"),
    ("/", "gm"),
    ("/", "carem"),
    ("/complaints/", "carem"),
    ("/complaints/?show=all", "carem"),
    ("/complaints/{form}/", "gm"),
    ("/complaints/{closed}/", "gm"),
    ("/visits/", "care"),
    ("/calls/", "care"),
    ("/calls/team/", "carem"),
    ("/surveys/responses/", "carem"),
    ("/customers/{customer}/", "care"),
    ("/boards/?kind=csi&month={month}", "carem"),
    ("/boards/?kind=csi&month={old}", "carem"),
    ("/ledger/", "finance"),
    ("/ledger/proposals/", "gm"),
    ("/ledger/months/{month}/", "finance"),
    ("/approvals/", "gm"),
    ("/inbox/", "service"),
    ("/search/?q=1990000", "care"),
]


@dataclass
class Timed:
    """One page: status, median milliseconds, number of queries, the slowest query and its milliseconds."""

    path: str
    login: str
    status: int
    median: float
    queries: int
    slowest: float
    sql: str


def time_pages(store, rounds: int = ROUNDS) -> list[Timed]:
    from django.contrib.auth import get_user_model
    from django.test import Client

    words = _words(store)
    found = []
    for path, login in PAGES:
        user = get_user_model().objects.get(username=login)
        client = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        found.append(_time(client, path.format(**words), login, rounds))
    return found


def _words(store) -> dict[str, str]:
    from django.utils import timezone

    from complaints.models import Complaint
    from surveys.models import Visit

    forms = Complaint.objects.filter(store=store)
    today = store.local_date(timezone.now())
    return {
        "form": forms.open().latest("pk").number,
        "closed": forms.filter(status="closed").latest("pk").number,
        "customer": str(Visit.objects.filter(store=store).latest("pk").customer_id),
        "month": f"{today:%Y-%m}",
        "old": f"{today.year - 1}-{today.month:02}",
    }


def _time(client, path: str, login: str, rounds: int) -> Timed:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times, response = [], None
    client.get(path)  # templates are compiled once
    for _round in range(rounds):
        begin = time.perf_counter()
        response = client.get(path)
        times.append((time.perf_counter() - begin) * 1000)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    slowest = max(captured.captured_queries, key=lambda query: float(query["time"]), default={"time": 0, "sql": ""})
    return Timed(
        path,
        login,
        response.status_code,
        statistics.median(times),
        len(captured),
        float(slowest["time"]) * 1000,
        slowest["sql"],
    )


def time_sweep(now) -> list[tuple[float, dict[str, int]]]:
    """Two full passes one after the other: milliseconds and what they found."""
    from csi_portal.desk import sweeping

    found = []
    for _pass in range(2):
        begin = time.perf_counter()
        outcome = sweeping.full_pass(now)
        found.append(((time.perf_counter() - begin) * 1000, outcome.counts))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="DEMO")
    parser.add_argument("--sql", type=float, default=20.0, help="show queries slower than so many milliseconds")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csi_portal.settings")
    import django

    django.setup()
    from django.utils import timezone

    from csi_portal.organization.models import Store

    store = Store.objects.get(code=options.store)
    for row in time_pages(store):
        print(
            f"{row.path:<44} {row.login:<8} {row.status} {row.median:8.1f} ms {row.queries:4} queries"
            f"  slowest {row.slowest:7.1f} ms"
        )
        if row.slowest >= options.sql:
            print(f"    {row.sql[:600]}")
    for milliseconds, counts in time_sweep(timezone.now()):
        print(f"sweep {milliseconds:8.1f} ms  {counts}")


if __name__ == "__main__":
    main()
