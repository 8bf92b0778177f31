"""The Celery application: web rings, the worker looks, beat rings twice a minute."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csi_portal.settings")

app = Celery("csi_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
