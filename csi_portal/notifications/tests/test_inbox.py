"""The inbox and the items: own messages only, local addresses only, once is once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from csi_portal.notifications import items, services, taking, views, wording
from csi_portal.notifications.models import ActionItem, Message
from csi_portal.notifications.views import local
from csi_portal.organization import hooks, keyset
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import AuditLine, Department, Employee, RoleGrant, Store, User

pytestmark = pytest.mark.django_db

ORDER = ("-created_at", "-pk")


@pytest.fixture
def store():
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


def login(store, role, name):
    user = User.objects.create_user(name)
    RoleGrant.objects.create(user=user, role=role, store=store)
    return user


@pytest.fixture
def agent(store):
    return login(store, Role.CARE_AGENT, "agent")


@pytest.fixture(autouse=True)
def known_kind(monkeypatch):
    monkeypatch.setattr(wording, "_wordings", dict(wording._wordings))
    wording.register_wording("test", "Title %(n)s", "Text %(n)s")


def message(store, user, n=1, **more):
    values = {"channel": "portal", "kind": "test", "params": {"n": n}, "status": "sent", "url": "/me/"} | more
    return Message.objects.create(store=store, recipient=f"u:{user.pk}", dedupe_key=f"k{n}", **values)


def test_opening_marks_read_and_goes_there(client, store, agent):
    one = message(store, agent)
    client.force_login(agent)
    answer = client.post(reverse("notifications:open", args=[one.pk]))
    one.refresh_from_db()
    assert (answer["Location"], one.read_at is not None) == ("/me/", True)


@pytest.mark.parametrize(
    ("url", "goes_to"),
    [
        ("/boards/?kind=csi&month=2026-11", "/boards/?kind=csi&month=2026-11"),
        ("https://elsewhere.example/x", ""),
        ("//elsewhere.example/x", ""),
        ("javascript:alert(1)", ""),
        ("\\\\elsewhere.example", ""),
        ("relative/path", ""),
        ("", ""),
    ],
)
def test_a_message_never_leads_out_of_the_portal(url, goes_to):
    assert local(url) == goes_to


def test_nobody_opens_or_takes_another_persons_message(client, store, agent):
    one = message(store, agent)
    client.force_login(login(store, Role.CARE_AGENT, "other"))
    for name in ("open", "take"):
        assert client.post(reverse(f"notifications:{name}", args=[one.pk])).status_code == 404
    assert Message.objects.get().read_at is None


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_number_of_queries(store, agent, count, django_assert_num_queries):
    for n in range(count):
        message(store, agent, n)
    with django_assert_num_queries(2):
        page = keyset.page_of(Message.objects.inbox(agent).select_related("store"), {}, fields=ORDER, size=30)
        assert len([views._row(row) for row in page.rows]) == count
        assert Message.objects.unread(agent).exists()


def test_the_inbox_pages_back_and_forth(client, store, agent):
    now = timezone.now()
    for n in range(65):
        message(store, agent, n, created_at=now - timedelta(minutes=n))
    client.force_login(agent)
    seen, url = [], reverse("notifications:inbox")
    while url:
        context = client.get(url).context
        seen += [row["title"] for row in context["rows"]]
        older = context["page"].older_url
        url = reverse("notifications:inbox") + older if older else ""
    assert seen == [f"Title {n}" for n in range(65)]


def test_the_bell_counts_what_is_new_and_asks_for_itself_again(client, store, agent):
    for n in range(3):
        message(store, agent, n)
    client.force_login(agent)
    text = client.get(reverse("notifications:bell")).content.decode()
    assert 'hx-trigger="every 30s"' in text
    assert ">3<" in text
    client.post(reverse("notifications:read_all"))
    assert "dot-n" not in client.get(reverse("notifications:bell")).content.decode()


def test_the_bell_reckons_nothing_but_its_number(client, store, agent, monkeypatch):
    asked = []
    monkeypatch.setitem(hooks._panels, "rail", [(1, lambda request, subject: asked.append(1))])
    client.force_login(agent)
    client.get(reverse("notifications:bell"))
    assert asked == []


def test_i_have_it_is_carried_out_once(client, store, agent, monkeypatch):
    monkeypatch.setattr(taking, "_takers", {})
    taken = []

    def take(message, by, now):
        taken.append((message.pk, by.pk))
        Message.objects.filter(pk=message.pk).update(acknowledged_at=now)

    taking.register_taking(["test"], take)
    one = message(store, agent, urgent=True)
    client.force_login(agent)
    assert "I have it" in client.get(reverse("notifications:inbox")).content.decode()
    for _ in range(2):
        client.post(reverse("notifications:take", args=[one.pk]))
    assert taken == [(one.pk, agent.pk)]
    assert "I have it" not in client.get(reverse("notifications:inbox")).content.decode()


def test_a_refused_i_have_it_says_why(client, store, agent, monkeypatch):
    monkeypatch.setattr(taking, "_takers", {})

    def refuse(message, by, now):
        raise Conflict("somebody was faster")

    taking.register_taking(["test"], refuse)
    one = message(store, agent)
    client.force_login(agent)
    answer = client.post(reverse("notifications:take", args=[one.pk]), follow=True)
    assert "somebody was faster" in answer.content.decode()


# -- items


def item(store, role=Role.CARE_MANAGER, key="x:1", **more):
    return services.open_item(store, "test", key, now=timezone.now(), role=role, n=7, **more)


@pytest.fixture
def manager(store):
    return login(store, Role.CARE_MANAGER, "manager")


def test_an_item_is_settled_with_a_note_once(client, store, manager):
    one = item(store, url="/me/")
    client.force_login(manager)
    page = client.get(reverse("notifications:item", args=[one.pk])).context
    assert (page["title"], page["link"]) == ("Title 7", "/me/")
    refused = client.post(reverse("notifications:finish_item", args=[one.pk]), {"note": " "})
    assert "Say what was done." in refused.content.decode()
    done = {"note": "多排一名回访员", "submit_key": page["submit_key"]}
    for _ in range(2):
        assert client.post(reverse("notifications:finish_item", args=[one.pk]), done).status_code == 302
    one.refresh_from_db()
    assert (one.note, one.done_by, AuditLine.objects.filter(action="item.done").count()) == (
        "多排一名回访员",
        manager,
        1,
    )
    late = client.post(reverse("notifications:finish_item", args=[one.pk]), {"note": "again"})
    assert late.status_code == 409


def test_an_item_is_for_the_role_or_the_person(store, manager, agent):
    for_role = item(store)
    department = Department.objects.create(store=store, code="sales")
    person = Employee.objects.create(store=store, department=department, staff_number="1", name="例甲", user=agent)
    for_person = item(store, role="", key="x:2", assignee=person)
    assert set(items.open_items(manager, store)) == {for_role}
    assert set(items.open_items(agent, store)) == {for_person}
    with pytest.raises(NotAllowed):
        services.tick_off(for_role, by=agent, now=timezone.now(), note="…")
    services.tick_off(for_person, by=agent, now=timezone.now(), note="…")


def test_what_ends_with_its_cause_is_not_ticked_off(store, manager, monkeypatch):
    monkeypatch.setattr(items, "_self_closing", {"test"})
    with pytest.raises(IllegalMove):
        services.tick_off(item(store), by=manager, now=timezone.now(), note="…")
    assert ActionItem.objects.get().done_at is None


def test_items_stand_first_due_first_and_far_ones_not_on_today(client, store, manager):
    now = timezone.now()
    dues = {
        "late": now - timedelta(hours=1),
        "soon": now + timedelta(days=1),
        "far": now + timedelta(days=30),
        "none": None,
    }
    made = {name: item(store, key=name, due_at=due).pk for name, due in dues.items()}
    listed = [one.pk for one in items.open_items(manager, store)]
    assert listed == [made[name] for name in ("late", "soon", "far", "none")]
    client.force_login(manager)
    panel = next(p for p in client.get("/").context["panels"] if p["template"] == "notifications/_today_items.html")
    assert (panel["count"], panel["overdue"], len(panel["rows"])) == (3, 1, 3)
    assert str(panel["headline"]) == "3 items to settle, <em>1 overdue</em>"


def test_an_item_of_another_store_is_not_there(client, store, manager):
    other = item(Store.objects.create(code="B1", name="例"))
    client.force_login(manager)
    assert client.get(reverse("notifications:item", args=[other.pk])).status_code == 404
    assert client.post(reverse("notifications:finish_item", args=[other.pk]), {"note": "…"}).status_code == 404
