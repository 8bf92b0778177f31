"""The inbox: everybody sees the own messages and nobody another's."""

from csi_portal.notifications.models import Message
from csi_portal.notifications.services import open_item
from csi_portal.organization.tests.url_rows import ALL, Row

ROWS = [
    Row("notifications:inbox", get=ALL),
    Row("notifications:bell", get=ALL),
    Row("notifications:read_all", post=ALL),
    Row("notifications:open", args=lambda at: [at.message.pk], post="care_agent"),
    Row("notifications:take", args=lambda at: [at.message.pk], post="care_agent"),
    Row("notifications:items", get=ALL),
    Row("notifications:item", args=lambda at: [at.item.pk], get="care_manager"),
    Row("notifications:finish_item", args=lambda at: [at.item.pk], post="care_manager", data=lambda at: {"note": "…"}),
]


def furnish(at):
    at.message = Message.objects.create(
        store=at.store,
        recipient=f"u:{at.users['care_agent'].pk}",
        channel="portal",
        dedupe_key="walk",
        kind="walk",
        url="/",
    )
    at.item = open_item(at.store, "walk", "x:1", now=at.now, role="care_manager")
