"""Settings of the queue. The broker is only a doorbell: losing it loses nothing (docs/DECISIONS.md)."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_VAR = Path(os.environ.get("CSI_VAR") or Path(__file__).resolve().parent.parent / "var").resolve()
_FOLDER = _VAR / "broker"

if _REDIS := os.environ.get("REDIS_URL", "").strip():
    if not _REDIS.startswith(("redis://", "rediss://", "redis+socket://")):
        # without its value: it may hold a password
        raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// or redis+socket://")
    CELERY_BROKER_URL = _REDIS
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # Longer than any task may take: an unfinished one is given out again after this time.
        "visibility_timeout": 3600,
        # A broker that is gone or silent must not hold a page: one short try, then the sweep finds the work.
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "connect_retries_timeout": 1,
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
    }
else:
    CELERY_BROKER_URL = "embedded://localhost/"
    # Named here and not in the URL: kombu takes no import path from a URL.
    CELERY_BROKER_TRANSPORT = "csi_portal.embedded_broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_FOLDER),
        "data_folder_out": str(_FOLDER),
        "control_folder": str(_FOLDER / "control"),
        "polling_interval": 0.2,
    }

CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes

CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"

CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# Eight for two threads; with fewer a polling broker sleeps between tasks (300 tiny ones: 1.7 s, with two 4.0 s).
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False

SWEEP_SECONDS = 30
CELERY_BEAT_SCHEDULE = {
    # `expires`: bells that wait longer than a period say nothing new.
    "sweep": {"task": "desk.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
}
