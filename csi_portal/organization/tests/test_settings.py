"""The environment: empty works, a bad value stops the start with a sentence that names it."""

import os
import re
import runpy
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SETTINGS = settings.BASE_DIR / "csi_portal" / "settings.py"
SOURCES = [SETTINGS, settings.BASE_DIR / "csi_portal" / "celery_settings.py"]
# How the sources ask for a variable.
_ASKED = re.compile(r"(?:env(?:\.\w+)?|environ\.get|strict_bool|strict_int|one_of)\(\s*\"([A-Z_]+)\"")


@pytest.fixture
def read(monkeypatch, tmp_path):
    """Read the settings as a new process would, in an environment of its own."""

    def read(**environment) -> dict:
        for name in documented():
            monkeypatch.delenv(name, raising=False)
        for name, value in {"CSI_VAR": str(tmp_path), **environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, "csi_portal.celery_settings")
        return runpy.run_path(str(SETTINGS))

    return read


def documented() -> set[str]:
    """The first cells of the table in docs/OPERATIONS.md, and what it names for tests only."""
    lines = (settings.BASE_DIR / "docs" / "OPERATIONS.md").read_text(encoding="utf-8").splitlines()
    cells = [line.split("|")[1] for line in lines if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)}


def test_every_variable_is_documented_and_every_documented_one_exists():
    asked = {name for path in SOURCES for name in _ASKED.findall(path.read_text(encoding="utf-8"))}
    assert asked == documented()


def test_an_empty_environment_works_in_its_own_folder(read, tmp_path):
    values = read()
    assert values["DATABASES"]["default"]["NAME"] == str(tmp_path / "portal.sqlite3")
    assert values["CELERY_BROKER_TRANSPORT_OPTIONS"]["data_folder_in"] == str(tmp_path / "broker")
    assert values["DEBUG"] is False
    assert values["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"


def test_the_secret_is_made_once_and_is_nobody_elses(read, tmp_path):
    secret = read()["SECRET_KEY"]
    assert read()["SECRET_KEY"] == secret
    assert len(secret) > 50
    assert os.stat(tmp_path / "secret_key").st_mode & 0o077 == 0


def test_empty_values_are_no_values(read):
    values = read(DATABASE_URL="", REDIS_URL="", DEBUG="", IMPORT_MAX_BYTES="", LANGUAGE_CODE="", LOG_LEVEL="")
    assert values["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert values["CELERY_BROKER_URL"] == "embedded://localhost/"


def test_addresses_are_taken_over(read):
    values = read(DATABASE_URL="postgres://a:b%40c@db:5433/portal", REDIS_URL="redis://cache:6379/3", EMAIL_HOST="mail")
    database = values["DATABASES"]["default"]
    assert [database[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == ["a", "b@c", "db", 5433, "portal"]
    assert values["CELERY_BROKER_URL"] == "redis://cache:6379/3"
    assert values["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("HTTPS", "2"),
        ("BEHIND_PROXY", "ja"),
        ("EMAIL_USE_TLS", "tls"),
        ("IMPORT_MAX_BYTES", "20MB"),
        ("IMPORT_MAX_BYTES", "-1"),
        ("EMAIL_PORT", "２５"),
        ("LANGUAGE_CODE", "de"),
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "mysql://root@localhost/portal"),
        ("DATABASE_URL", "portal"),
        ("REDIS_URL", "localhost:6379"),
    ],
)
def test_a_bad_value_is_named(read, name, value):
    with pytest.raises(ImproperlyConfigured, match=name):
        read(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("DATABASE_URL", "mysql://a:secret@db/x"), ("REDIS_URL", "http://:secret@cache")]
)
def test_a_password_is_not_repeated(read, name, value):
    with pytest.raises(ImproperlyConfigured) as refused:
        read(**{name: value})
    assert "secret" not in str(refused.value)
