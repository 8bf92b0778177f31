"""Pages of the ground floor: sign-in, switches, private files."""

from django.apps import apps

from csi_portal.organization.files import store_file
from csi_portal.organization.permissions import SYSTEM
from csi_portal.organization.tests.url_rows import ALL, PUBLIC, Row

ROWS = [
    Row("login", get=PUBLIC, post=PUBLIC),
    Row("logout", post=ALL),
    Row("set_language", post=PUBLIC),
    Row("set_store", post=ALL, data=lambda at: {"store": at.store.pk}),
    # whoever sees a customer sees the customer's files
    Row("stored_file", args=lambda at: [at.file.pk], get="care_agent care_manager general_manager group_approver"),
]


def furnish(at):
    # by label: this floor imports no higher one
    owner = apps.get_model("surveys.customer").objects.create(store=at.store, name="例客户", phone="19900000001")
    at.file = store_file(
        b"text",
        store=at.store,
        kind="letter",
        owner=f"surveys.customer:{owner.pk}",
        name="letter.txt",
        content_type="text/plain",
        by=SYSTEM,
        now=at.now,
    )
