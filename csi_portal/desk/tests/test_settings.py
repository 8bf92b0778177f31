"""The administrator's room: what a person sees and does there, and what it refuses."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from csi_portal.desk.setup import grants
from csi_portal.notifications.models import ActionItem, Message
from csi_portal.notifications.wording import words
from csi_portal.organization import permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.errors import Conflict, IllegalMove, NotAllowed
from csi_portal.organization.models import Department, Employee, RoleGrant, Store, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


@pytest.fixture
def sales(store):
    return Department.objects.create(store=store, code="sales", name="销售部")


def login(role, store=None, name=""):
    user = User.objects.create_user(name or f"{role}{User.objects.count()}")
    RoleGrant.objects.create(user=user, role=role, store=store)
    return user


@pytest.fixture
def admin(store, client):
    user = login(Role.ADMINISTRATOR, store, "admin")
    client.force_login(user)
    return user


def text(response) -> str:
    return " ".join(response.content.decode().split())


def key_of(response) -> str:
    return re.search(r'name="submit_key" value="([^"]+)"', response.content.decode())[1]


PERSON = {"name": "例小李", "staff_number": "007", "position": "销售顾问", "phone": "", "active_from": "2026-01-01"}


def test_a_new_person_gets_a_login_and_chooses_the_own_password(client, store, sales, admin):
    page = client.get(reverse("settings:new_employee"))
    values = PERSON | {"department": sales.pk, "submit_key": key_of(page)}
    answers = [client.post(reverse("settings:new_employee"), values) for _ in range(2)]
    person = Employee.objects.get()
    assert {answer["Location"] for answer in answers} == {reverse("settings:employee", args=[person.pk])}
    page = client.get(answers[0]["Location"])
    values = {"username": "li.xiao", "email": "", "submit_key": key_of(page)}
    shown = client.post(reverse("settings:give_login", args=[person.pk]), values)
    password = re.search(r'id="first-password">([^<]+)<', shown.content.decode())[1]
    assert "no-store" in shown["Cache-Control"]
    # a reload of the answer, and the page itself, show it no more
    again = client.post(reverse("settings:give_login", args=[person.pk]), values, follow=True)
    assert password not in text(again)
    assert password not in text(client.get(reverse("settings:employee", args=[person.pk])))

    client.logout()
    signed_in = client.post(reverse("login"), {"username": "li.xiao", "password": password}, follow=True)
    assert signed_in.redirect_chain[-1][0] == reverse("desk:password")
    assert client.get(reverse("reports:boards"))["Location"] == reverse("desk:password")
    assert client.get("/", headers={"hx-request": "true"})["HX-Redirect"] == reverse("desk:password")
    own = {"old_password": password, "new_password1": "q7-kmzt-own", "new_password2": "q7-kmzt-own"}
    assert client.post(reverse("desk:password"), own)["Location"] == reverse("desk:me")
    assert client.get("/").status_code == 200
    assert User.objects.get(username="li.xiao").first_password is False


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(client, store, sales, admin):
    Employee.objects.create(store=store, department=sales, staff_number="007", name="例甲")
    wrong = PERSON | {"department": sales.pk, "active_to": "2025-12-31"}
    answer = client.post(reverse("settings:new_employee"), wrong)
    assert answer.context["form"].errors == {"active_to": ["The last day lies before the first."]}
    answer = client.post(reverse("settings:new_employee"), PERSON | {"department": sales.pk})
    assert answer.context["form"].errors == {"staff_number": ["Another person of the store has this staff number."]}
    assert 'value="例小李"' in text(answer)
    assert Employee.objects.count() == 1


def test_two_who_change_one_person_do_not_overwrite_each_other(client, store, sales, admin):
    person = Employee.objects.create(store=store, department=sales, staff_number="1", name="例甲")
    seen = client.get(reverse("settings:employee", args=[person.pk])).context["seen"]
    values = {"name": "例甲", "staff_number": "1", "department": sales.pk, "seen": seen}
    assert client.post(reverse("settings:employee", args=[person.pk]), values | {"position": "店长"}).status_code == 302
    late = client.post(reverse("settings:employee", args=[person.pk]), values | {"position": "会计"})
    assert late.status_code == 409
    assert "会计" in text(late)
    assert Employee.objects.get().position == "店长"


def test_people_are_found_by_name_number_and_department(client, store, sales, admin):
    other = Department.objects.create(store=store, code="finance")
    for n, department in enumerate((sales, sales, other)):
        Employee.objects.create(store=store, department=department, staff_number=f"N{n}", name=f"例{n}")
    url = reverse("settings:employees")

    def found(**query):
        return [row["employee"].name for row in client.get(url, query).context["rows"]]

    assert found() == ["例0", "例1", "例2"]
    assert found(q="N1") == ["例1"]
    assert found(q="例2") == ["例2"]
    assert found(department=other.pk) == ["例2"]
    assert found(q="nobody") == []
    part = client.get(url, {"q": "N1"}, headers={"hx-request": "true"})
    assert "<html" not in part.content.decode()
    assert "例1" in text(part)


@pytest.mark.parametrize("count", [2, 9])
def test_the_list_of_people_asks_the_same_number_of_queries(
    client, store, sales, admin, count, django_assert_num_queries
):
    for n in range(count):
        user = User.objects.create_user(f"u{n}")
        Employee.objects.create(store=store, department=sales, staff_number=f"N{n}", name=f"例{n}", user=user)
    headers = {"hx-request": "true"}
    client.get(reverse("settings:employees"), headers=headers)
    with django_assert_num_queries(6):
        client.get(reverse("settings:employees"), headers=headers)


def test_the_store_and_its_departments_change(client, store, sales, admin):
    page = client.get(reverse("settings:store"))
    assert "New store" not in text(page)
    values = {
        "name": "例新店",
        "timezone": "Asia/Urumqi",
        "clock": "business",
        "phone": "",
        "seen": page.context["seen"],
    }
    client.post(reverse("settings:store"), values)
    store.refresh_from_db()
    assert (store.name, store.timezone, store.clock) == ("例新店", "Asia/Urumqi", "business")
    client.post(reverse("settings:rename_department", args=[sales.pk]), {"name": "销售一部"})
    client.post(reverse("settings:departments"), {"code": "finance", "name": ""})
    assert [str(one) for one in Department.objects.order_by("pk")] == ["销售一部", "Finance department"]
    refused = client.post(reverse("settings:departments"), {"code": "finance", "name": ""})
    assert "code" in refused.context["form"].errors


def test_who_administers_all_stores_opens_the_first_one(client):
    client.force_login(login(Role.ADMINISTRATOR, name="chief"))
    assert "Open the first store" in text(client.get("/"))
    assert client.get(reverse("settings:home"))["Location"] == reverse("settings:new_store")
    values = {"code": "B2", "name": "例二店", "timezone": "Asia/Shanghai", "clock": "elapsed", "phone": ""}
    wrong = client.post(reverse("settings:new_store"), values | {"code": "b 2"})
    assert wrong.context["form"].errors == {"code": ["Use 1 to 12 capital letters and digits."]}
    answer = client.post(reverse("settings:new_store"), values, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("settings:employees")
    assert Department.objects.filter(store__code="B2").count() == 7


# -- roles


GRANT = {"role": "care_agent", "department": "", "last_day": ""}


def test_a_role_is_granted_for_a_time_and_withdrawn(client, store, sales, admin):
    user = User.objects.create_user("agent")
    client.post(reverse("settings:roles"), GRANT | {"username": "agent", "last_day": "2099-12-31"})
    grant = RoleGrant.objects.get(user=user)
    assert (grant.role, grant.store, grant.granted_by) == ("care_agent", store, admin)
    assert grant.valid_to.astimezone(store.zone).isoformat() == "2100-01-01T00:00:00+08:00"
    client.post(reverse("settings:withdraw_role", args=[grant.pk]))
    assert not permissions.roles_in(user, store)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"username": "nobody"}, "username"),
        ({"username": "agent", "role": "department_manager"}, "department"),
        ({"username": "agent", "role": "employee"}, "role"),
    ],
)
def test_a_grant_that_makes_no_sense_says_where(client, store, sales, admin, values, field):
    User.objects.create_user("agent")
    answer = client.post(reverse("settings:roles"), GRANT | values)
    assert list(answer.context["form"].errors) == [field]
    assert RoleGrant.objects.count() == 1


def test_a_role_that_pays_waits_for_the_general_manager(client, store, admin):
    boss, _old = login(Role.GENERAL_MANAGER, store, "boss"), login(Role.FINANCE, store, "old")
    clerk = User.objects.create_user("clerk", last_name="例小新")
    page = client.get(reverse("settings:roles"))
    values = GRANT | {"username": "clerk", "role": "finance", "submit_key": key_of(page)}
    for _ in range(2):
        client.post(reverse("settings:roles"), values)
    assert Role.FINANCE not in permissions.roles_in(clerk, store)
    item = ActionItem.objects.get(kind=grants.REQUEST)
    assert (item.role, item.params["requester"]) == ("general_manager", admin.pk)
    assert words(Message.objects.get(recipient=f"u:{boss.pk}"))[0] == "Confirm a role: Finance for 例小新"
    # who asked cannot confirm
    assert client.post(item.url + "confirm/").status_code == 403
    client.force_login(boss)
    assert "例小新" in text(client.get(item.url))
    assert client.post(item.url + "confirm/").status_code == 302
    grant = RoleGrant.objects.get(user=clerk)
    assert (grant.granted_by, grant.confirmed_by) == (admin, boss)
    assert Role.FINANCE in permissions.roles_in(clerk, store)
    assert client.post(item.url + "confirm/").status_code == 409
    assert "Settled" in text(client.get(item.url))


def request_finance(store, admin, name="clerk"):
    login(Role.FINANCE, store)
    user = User.objects.create_user(name)
    return user, grants.request_grant(user, Role.FINANCE, by=admin, now=timezone.now(), store=store)


def test_a_declined_role_is_not_held_and_the_reason_goes_back(client, store, admin):
    boss = login(Role.GENERAL_MANAGER, store, "boss")
    user, item = request_finance(store, admin)
    client.force_login(boss)
    refused = client.post(item.url + "decline/", {"reason": ""})
    assert "Say why." in text(refused)
    client.post(item.url + "decline/", {"reason": "名额已满"})
    assert not RoleGrant.objects.filter(user=user).exists()
    told = Message.objects.get(recipient=f"u:{admin.pk}")
    assert words(told) == ("Not confirmed: Finance for clerk", "boss: 名额已满")
    with pytest.raises(Conflict):
        grants.confirm_grant(item, by=boss, now=timezone.now())


def test_who_benefits_does_not_confirm(store, admin):
    boss = login(Role.GENERAL_MANAGER, store, "boss")
    login(Role.FINANCE, store)
    other = login(Role.ADMINISTRATOR, store, "other")
    item = grants.request_grant(boss, Role.FINANCE, by=admin, now=timezone.now(), store=store)
    assert item.role == "administrator"
    for concerned in (boss, admin):
        with pytest.raises(NotAllowed):
            grants.confirm_grant(item, by=concerned, now=timezone.now())
    grants.confirm_grant(item, by=other, now=timezone.now())
    assert Role.FINANCE in permissions.roles_in(boss, store)


def test_where_nobody_else_could_confirm_it_says_so(client, store, admin):
    login(Role.FINANCE, store)
    User.objects.create_user("clerk")
    answer = client.post(reverse("settings:roles"), GRANT | {"username": "clerk", "role": "finance"})
    assert "Nobody else could confirm this" in text(answer)
    with pytest.raises(IllegalMove):
        request_finance(store, admin, "clerk2")


def test_a_requester_who_is_no_administrator_any_more_grants_nothing(store, admin):
    boss = login(Role.GENERAL_MANAGER, store, "boss")
    user, item = request_finance(store, admin)
    RoleGrant.objects.filter(user=admin).update(valid_to=timezone.now())
    with pytest.raises(NotAllowed):
        grants.confirm_grant(item, by=boss, now=timezone.now())
    assert ActionItem.objects.get(pk=item.pk).done_at is None
    assert not RoleGrant.objects.filter(user=user).exists()


def test_a_stores_administrator_gives_nothing_for_all_stores(client, store, admin):
    User.objects.create_user("agent")
    client.post(reverse("settings:roles"), GRANT | {"username": "agent", "all_stores": "on"})
    assert RoleGrant.objects.get(user__username="agent").store == store


# -- messages


def test_what_did_not_get_through_is_sent_again_once(client, store, admin):
    dead = Message.objects.create(
        store=store,
        recipient=f"u:{admin.pk}",
        channel="email",
        dedupe_key="d",
        kind="x",
        status="dead",
        last_error="refused",
    )
    assert "refused" in text(client.get(reverse("settings:messages")))
    again = reverse("settings:send_again", args=[dead.pk])
    assert client.post(again).status_code == 302
    dead.refresh_from_db()
    assert dead.status == "queued"
    assert client.post(again).status_code == 409
    assert "Every message got through." in text(client.get(reverse("settings:messages")))


@pytest.mark.parametrize("name", ["employees", "roles", "departments", "store", "messages", "new_employee"])
def test_every_page_is_chinese_for_chinese_readers(client, store, sales, admin, name):
    page = client.get(reverse(f"settings:{name}"), headers={"accept-language": "zh-hans"})
    main = page.content.decode().split("<main", 1)[1].split("</main", 1)[0]
    words_left = set(re.findall(r">\s*([A-Z][a-z]+[a-z ]+)\s*<", main))
    assert words_left == set()
