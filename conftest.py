"""Shared ground of the tests: English by default, plain static files, in-memory passwords, guarded tables lifted
around the flush of transactional tests (their triggers come back with the defaults after it)."""

import os

import pytest
from celery import current_app
from django.db import connections
from django.test import TransactionTestCase
from django.utils import translation

from csi_portal.organization import triggers

_flush = TransactionTestCase._fixture_teardown


def _lift_guards_then_flush(self):
    for name in self._databases_names(include_mirrors=False):
        with connections[name].cursor() as cursor:
            for statement in triggers.drop_statements(connections[name].vendor):
                cursor.execute(statement)
    _flush(self)


TransactionTestCase._fixture_teardown = _lift_guards_then_flush


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """A SQLite file, not memory: threads and second processes must meet the locks people will meet."""
    for alias in connections:
        if connections[alias].vendor == "sqlite":
            connections[alias].settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("db") / f"{alias}.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def own_bell(tmp_path_factory):
    """Tests ring in a folder of their own, never at the broker of a portal that runs beside them."""
    folder = str(tmp_path_factory.mktemp("broker"))
    current_app.conf.update(
        broker_url="embedded://localhost/",
        broker_transport="csi_portal.embedded_broker:Transport",
        broker_transport_options={"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder},
    )


# The full tier has everything the tests need: there, a test that skips has not shown what it is there for.
NOTHING_MAY_SKIP = os.environ.get("CSI_NO_SKIP") == "1"


def _forbid_skip(report):
    if NOTHING_MAY_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"{report.nodeid} skips where nothing may skip: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _forbid_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _forbid_skip((yield))


@pytest.fixture(autouse=True)
def plain_settings(settings, tmp_path):
    settings.LANGUAGE_CODE = "en"
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with translation.override("en"):
        yield
