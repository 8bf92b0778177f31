"""Real complaint texts registered, listed, found and shown (`-m shared`, on the folder named by SHARED_DATA)."""

import csv
import os
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from complaints import services
from complaints.models import Complaint, EventText
from complaints.pages.listing import PAGE_SIZE
from complaints.tests.conftest import Room
from csi_portal.organization.permissions import SYSTEM

HOW_MANY = 300
CHINA = ZoneInfo("Asia/Shanghai")


def texts() -> list[dict]:
    folder = os.environ.get("SHARED_DATA")
    if not folder:
        pytest.skip("SHARED_DATA names no folder")
    path = Path(folder) / "complaints_cn" / "complaints_2024.csv"
    with open(path, encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.shared
def test_real_texts_from_registration_to_the_page(db):
    rows = texts()
    assert len(rows) > 1_000
    room = Room("CN1")
    forms = []
    for place, row in enumerate(rows[:HOW_MANY]):
        day = datetime.fromisoformat(row["complaint_date"]).replace(hour=10, minute=place % 60, tzinfo=CHINA)
        forms.append(
            services.register(
                store=room.store,
                level=("grumble", "general", "major")[place % 3],
                source="online" if place % 2 else "hotline",
                summary=row["description"],
                by=SYSTEM,
                department=room.after_sales if place % 5 else None,
                now=day,
            )
        )
    assert Complaint.objects.count() == HOW_MANY
    by_day = {}
    for form in forms:
        head, _dash, count = form.number.rpartition("-")
        by_day.setdefault(head, []).append(int(count))
    assert all(sorted(counts) == list(range(1, len(counts) + 1)) for counts in by_day.values())

    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(room.care_manager)
    walk_the_list(client)
    for form in forms[::25]:
        page = client.get(form.get_absolute_url()).content.decode()
        for line in form.summary.splitlines():
            assert escape(line.strip()) in page
    find_by_words(client, forms)
    whole_way(room, forms[1])


def walk_the_list(client) -> None:
    url, seen = reverse("complaints:list"), []
    while url:
        page = client.get(url)
        assert page.status_code == 200
        assert len(page.context["rows"]) <= PAGE_SIZE
        seen += [row.form.pk for row in page.context["rows"]]
        older = page.context["page"].older_url
        url = reverse("complaints:list") + older if older else None
    assert len(seen) == len(set(seen)) == HOW_MANY


def find_by_words(client, forms) -> None:
    """A piece from the middle of a text finds its form, and nothing that lacks it."""
    for form in forms[::40]:
        middle = len(form.summary) // 2
        words = "".join(form.summary[middle : middle + 12].split())
        wanted = {other.pk for other in forms if words in other.summary}
        if form.pk not in wanted or len(words) < 2:
            continue
        page = client.get(reverse("complaints:list"), {"q": words})
        assert {row.form.pk for row in page.context["rows"]} <= wanted
        assert page.context["rows"]


def whole_way(room, form) -> None:
    """One of them to its end; the words stay whole in rows of their own."""
    at = timezone.now()
    for step in ("first_contact", "resolution", "callback"):
        services.complete_step(
            form, step, by=SYSTEM, note=form.summary, now=at, remedy="返修", cause="漏检", satisfied=True
        )
        at += timedelta(minutes=5)
    assert EventText.objects.filter(text=form.summary.strip()).count() >= 3
    assert form.status == "called_back"
