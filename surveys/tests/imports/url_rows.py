"""Pages of the business records and of the import."""

import io

from csi_portal.organization.permissions import SYSTEM
from csi_portal.organization.tests.url_rows import Row
from surveys.models import ImportRow
from surveys.services import imports

from ..dms.build import SERVICE_HEADER, service_row, xlsx

CARE = "care_agent care_manager"
VIEW = f"{CARE} general_manager group_approver"


def _batch(at):
    return [at.import_batch.pk]


def _bad_row(at):
    return [at.import_bad_row.pk]


def _waiting_row(at):
    return [at.import_waiting_row.pk]


ROWS = [
    Row("surveys:visits", get=VIEW),
    Row("surveys:advisers", get=CARE, post=CARE),
    Row("surveys:import", get=CARE, post=CARE),
    Row("surveys:import_batch", args=_batch, get=CARE),
    Row("surveys:import_confirm", args=_batch, post=CARE),
    Row("surveys:import_put_away", args=_batch, post=CARE),
    Row("surveys:import_kind", args=_batch, post=CARE),
    Row("surveys:import_again", args=_batch, post=CARE),
    Row("surveys:import_refused", args=_batch, get=CARE, get_writes="every export is logged"),
    Row("surveys:import_row", args=_bad_row, get=CARE, post=CARE),
    Row("surveys:clarify", get=CARE),
    Row("surveys:clarify_row", args=_waiting_row, get=CARE, post=CARE),
    Row("surveys:clarify_drop", args=_waiting_row, post=CARE),
    Row("surveys:clarify_back", args=_waiting_row, post=CARE),
]


def furnish(at):
    rows = [SERVICE_HEADER, service_row(1), service_row(2, 手机号="1"), service_row(3, 结算时间=None)]
    imports.import_file(at.store, io.BytesIO(xlsx(rows)), name="例.xlsx", by=SYSTEM, now=at.now)
    at.import_batch = imports.stage_file(at.store, io.BytesIO(xlsx(rows)), name="例.xlsx", by=SYSTEM, now=at.now)
    at.import_bad_row = ImportRow.objects.get(batch=at.import_batch, verdict="invalid")
    at.import_waiting_row = ImportRow.objects.get(store=at.store, state="waiting")
