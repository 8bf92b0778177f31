"""Work by the calendar: once per store and day, once after downtime, never twice."""

import threading
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from csi_portal.organization import jobs
from csi_portal.organization.models import JobSlot, Store

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def local(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=SHANGHAI)


@pytest.fixture
def ran(monkeypatch):
    """One job at 02:30 that notes its store and day."""
    found = []
    monkeypatch.setattr(jobs, "_jobs", {})
    jobs.register_daily("count", lambda store, day, now: found.append((store.code, day)), at="02:30")
    return found


@pytest.fixture
def store(db):
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai", created_at=LONG_AGO)


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        (local("2026-11-21", "02:30"), local("2026-11-21", "02:30")),
        (local("2026-11-21", "02:29:59.999999"), local("2026-11-20", "02:30")),
        (local("2026-11-21", "23:59"), local("2026-11-21", "02:30")),
        (local("2026-11-21", "12:00").astimezone(UTC), local("2026-11-21", "02:30")),
    ],
)
def test_the_latest_slot_is_reckoned_in_the_stores_zone(now, slot):
    assert jobs.latest_slot(time(2, 30), SHANGHAI, now) == slot


def test_a_job_runs_once_a_day(store, ran):
    assert jobs.run_due(local("2026-11-21", "02:30")) == {"jobs": 1}
    assert jobs.run_due(local("2026-11-21", "02:30:30")) == {"jobs": 0}
    assert jobs.run_due(local("2026-11-22", "02:29")) == {"jobs": 0}
    assert jobs.run_due(local("2026-11-22", "09:00")) == {"jobs": 1}
    assert ran == [("A1", date(2026, 11, 21)), ("A1", date(2026, 11, 22))]


def test_downtime_is_caught_up_once_for_the_latest_day(store, ran):
    jobs.run_due(local("2026-11-18", "03:00"))
    assert jobs.run_due(local("2026-11-21", "10:00")) == {"jobs": 1}
    assert jobs.run_due(local("2026-11-21", "10:01")) == {"jobs": 0}
    assert ran[1:] == [("A1", date(2026, 11, 21))]


def test_a_clock_set_back_does_not_run_a_job_again(store, ran):
    jobs.run_due(local("2026-11-21", "03:00"))
    assert jobs.run_due(local("2026-11-20", "03:00")) == {"jobs": 0}


def test_every_store_runs_by_its_own_clock(store, ran):
    Store.objects.create(code="B1", name="例二店", timezone="Europe/Berlin", created_at=LONG_AGO)
    jobs.run_due(
        datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
    )  # 03:00 on the 21st in Shanghai, 20:00 on the 20th in Berlin
    assert ran == [("A1", date(2026, 11, 21)), ("B1", date(2026, 11, 20))]


def test_a_store_owes_nothing_for_the_time_before_it_was_made(store, ran):
    Store.objects.filter(pk=store.pk).update(created_at=local("2026-11-21", "10:00"))
    assert jobs.run_due(local("2026-11-21", "11:00")) == {"jobs": 0}
    assert jobs.run_due(local("2026-11-22", "02:30")) == {"jobs": 1}


def test_a_closed_store_runs_nothing(store, ran):
    Store.objects.filter(pk=store.pk).update(is_active=False)
    assert jobs.run_due(local("2026-11-21", "03:00")) == {"jobs": 0}


def test_a_failed_job_leaves_no_slot_and_does_not_stop_the_others(store, ran):
    def breaks(store, day, now):
        Store.objects.filter(pk=store.pk).update(name="changed")
        raise ValueError("no luck")

    jobs.register_daily("another", breaks, at="01:00")
    jobs.register_daily("last", lambda store, day, now: ran.append("last"), at="01:00")
    with pytest.raises(RuntimeError, match=r"another \(A1\): no luck"):
        jobs.run_due(local("2026-11-21", "03:00"))
    assert ran == [("A1", date(2026, 11, 21)), "last"]
    assert list(JobSlot.objects.order_by("job").values_list("job", flat=True)) == [
        f"count:s:{store.pk}",
        f"last:s:{store.pk}",
    ]
    store.refresh_from_db()
    assert store.name == "例一店"


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_run_a_job_once(monkeypatch):
    monkeypatch.setattr(jobs, "_jobs", {})
    Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai", created_at=LONG_AGO)
    ran, counts = [], []
    jobs.register_daily("count", lambda store, day, now: ran.append(day), at="02:30")
    start = threading.Barrier(4)

    def beat():
        start.wait()
        try:
            counts.append(jobs.run_due(local("2026-11-21", "03:00"))["jobs"])
        finally:
            connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == [date(2026, 11, 21)]
    assert sorted(counts) == [0, 0, 0, 1]


def test_housekeeping_throws_away_what_only_grows(store):
    from django.contrib.sessions.models import Session  # beside its only use

    from csi_portal.organization import housekeeping
    from csi_portal.organization.models import SubmitKey, User

    now = local("2026-11-21", "03:30")
    user = User.objects.create_user("someone")
    for days in (29, 31):
        SubmitKey.objects.create(user=user, result_url="/", created_at=now - timedelta(days=days))
    for days in (399, 401):
        JobSlot.objects.create(job="old", slot=now - timedelta(days=days))
    for key, days in (("over", -1), ("alive", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(days=days))
    housekeeping.clear_out(store, now.date(), now)
    assert [SubmitKey.objects.count(), JobSlot.objects.count()] == [1, 1]
    assert list(Session.objects.values_list("session_key", flat=True)) == ["alive"]
