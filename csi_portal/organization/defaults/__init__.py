"""Shipped reference data, brought in after every migrate; each floor registers its own loader.

Loaders are idempotent and never touch a row a store changed. Stores, people and demo data never come by themselves.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS

from csi_portal.organization.enums import PolicyKind

_loaders: dict[str, Callable[[], None]] = {}

# An instant before anything the portal will ever judge: the shipped version covers imported history too.
BEGINNING = "2000-01-01T00:00:00+00:00"


# What boards are judged by (POLICY sections 2 and 4): points of 100, percent, answers, working days.
TARGETS = {
    "board_target": 95,
    "quality_goal": 90,
    "bands": {"excellent": 90, "fair": 80},
    "few": 5,
    "contact_percent": 50,
    "completion_percent": 60,
    "judged_workday": 5,
    "names_for_employees": "masked",
}


def register_defaults(name: str, loader: Callable[[], None]) -> None:
    """Let `loader()` bring a floor's shipped rows; called on every load."""
    _loaders[name] = loader


@cache
def shipped(name: str, folder: Path = Path(__file__).parent) -> dict:
    """A shipped JSON file as a plain value."""
    return json.loads((folder / name).read_text(encoding="utf-8"))


def ship_policy(kind: str, data: dict) -> None:
    """Store the shipped policy table as version 1 for all stores, unless it is there."""
    from csi_portal.organization.models import PolicyVersion  # loaded only after the registry is ready

    PolicyVersion.objects.get_or_create(
        scope_key="all", kind=kind, version=1, defaults={"data": data, "effective_from": BEGINNING}
    )


def load_defaults() -> None:
    """Bring policy, calendars, rules, categories, outcomes and questionnaires; any number of times."""
    from csi_portal.organization.models import CalendarVersion  # loaded only after the registry is ready

    china = shipped("china_calendar.json")
    CalendarVersion.objects.get_or_create(
        scope_key="all",
        version=1,
        defaults={
            "effective_from": BEGINNING,
            "data": {
                "opening_hours": {str(day): [["08:30", "18:00"]] for day in range(7)},
                **{key: china[key] for key in ("years", "holidays", "workdays")},
            },
        },
    )
    ship_policy(PolicyKind.TARGETS, TARGETS)
    for loader in list(_loaders.values()):
        loader()


def after_migrate(sender, using, plan=(), **kwargs):
    """Bring the defaults once all tables are there (also after the flush between transactional tests)."""
    if using != DEFAULT_DB_ALIAS or not _tables_ready(using):
        return
    load_defaults()


def _tables_ready(using) -> bool:
    # post_migrate fires per app, and `migrate organization` alone may leave other floors without tables.
    from django.db import connections

    present = set(connections[using].introspection.table_names())
    floors = ("organization", "notifications", "surveys", "complaints", "reports", "incentives")
    return all(model._meta.db_table in present for label in floors for model in apps.get_app_config(label).get_models())
