"""Today, the frame, search and the own page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from csi_portal.desk.headline import headline
from csi_portal.desk.places import GROUPS
from csi_portal.notifications.services import open_item
from csi_portal.organization import hooks
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Department, Employee, RoleGrant, Store, User
from reports.tests.life import Shop, random_life

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


def login(store, role, name="someone", department=None):
    user = User.objects.create_user(name)
    RoleGrant.objects.create(user=user, role=role, store=store, department=department)
    return user


def text(response) -> str:
    return " ".join(response.content.decode().split())


def places(client, **headers) -> list[str]:
    groups = client.get("/", headers=headers).context["frame"]["places"]
    return [place["key"] for group in groups for place in group]


def test_a_login_without_a_role_is_told_so(client):
    client.force_login(User.objects.create_user("nobody"))
    page = client.get("/")
    assert "Your login has no role in any store yet. Ask the administrator." in text(page)
    assert [place["key"] for group in page.context["frame"]["places"] for place in group if place["active"]] == [
        "today"
    ]


def test_nothing_to_do_is_said_kindly(client, store):
    client.force_login(login(store, Role.FINANCE))
    page = client.get("/")
    assert page.context["headline"] == "Nothing waits for you right now"
    assert "Everything is done." in text(page)


def test_what_waits_heads_the_page(client, store):
    manager = login(store, Role.CARE_MANAGER)
    open_item(store, "walk", "x:1", now=store.created_at, role="care_manager")
    client.force_login(manager)
    page = client.get("/")
    assert page.context["headline"] == "1 item to settle"
    assert "Everything is done." not in text(page)


@pytest.mark.parametrize(
    ("panels", "said"),
    [
        ([], "Nothing waits for you right now"),
        ([{"count": 2}, {"figures": []}], "2 things to do"),
        ([{"count": 2, "overdue": 1}, {"count": 1}], "3 things to do, <em>1 overdue</em>"),
        (
            [{"headline": "3 calls to make"}, {"headline": "1 to settle"}, {"headline": "x"}],
            "3 calls to make; 1 to settle",
        ),
    ],
)
def test_one_sentence_says_it_all(panels, said):
    assert str(headline(panels)) == said


def test_what_is_late_comes_first(client, store, monkeypatch):
    client.force_login(login(store, Role.FINANCE))

    def panel(template, **more):
        return lambda request, subject: {"template": template, "rows": [], "figures": [], **more}

    items, figures = "notifications/_today_items.html", "reports/_today.html"
    found = [(1, panel(figures, order=10)), (2, panel(items, order=90, count=1, overdue=1))]
    monkeypatch.setitem(hooks._panels, "today", found)
    assert [one["template"] for one in client.get("/").context["panels"]] == [items, figures]


def test_every_place_leads_somewhere_or_is_absent(client, store):
    for number, role in enumerate(Role):
        user = login(store, role, f"u{number}")
        client.force_login(user)
        frame = client.get("/").context["frame"]
        for group in frame["places"]:
            for place in group:
                assert (role, place["key"], client.get(place["url"], follow=True).status_code) == (
                    role,
                    place["key"],
                    200,
                )
        assert 1 <= len(frame["bottom"]) <= 4
        assert {place["key"] for place in frame["bottom"]} <= {place.key for group in GROUPS for place in group}


def test_settings_are_the_administrators_and_the_roster_the_managers(client, store):
    client.force_login(login(store, Role.ADMINISTRATOR, "admin"))
    assert "settings" in places(client)
    assert "roster" not in places(client)
    client.force_login(login(store, Role.CARE_MANAGER, "manager"))
    assert "roster" in places(client)
    assert "settings" not in places(client)


def test_counts_of_several_floors_for_one_place_add_up(client, store, monkeypatch):
    client.force_login(login(store, Role.CARE_MANAGER))
    client.get("/")
    found = [
        (1, lambda request, subject: {"place": "boards", "count": 2, "overdue": False}),
        (2, lambda request, subject: {"place": "boards", "count": 1, "overdue": True}),
        (3, lambda request, subject: None),
    ]
    monkeypatch.setitem(hooks._panels, "rail", found)
    boards = next(
        place for group in client.get("/").context["frame"]["places"] for place in group if place["key"] == "boards"
    )
    assert (boards["count"], boards["overdue"]) == (3, True)


def test_the_frame_names_the_person_as_the_store_knows_them(client, store):
    user = login(store, Role.CARE_AGENT)
    client.force_login(user)
    assert client.get("/").context["frame"]["person"]["name"] == "someone"
    department = Department.objects.create(store=store, code="customer_care")
    Employee.objects.create(
        store=store, department=department, staff_number="1", name="例小林", position="回访专员", user=user
    )
    person = client.get("/").context["frame"]["person"]
    assert (person["name"], person["position"], person["initial"]) == ("例小林", "回访专员", "林")


def test_a_part_of_a_page_does_not_reckon_the_frame(client, store, monkeypatch):
    client.force_login(login(store, Role.ADMINISTRATOR))
    asked = []
    monkeypatch.setitem(hooks._panels, "rail", [(1, lambda request, subject: asked.append(1))])
    client.get(reverse("settings:employees"), headers={"hx-request": "true"})
    assert asked == []
    client.get(reverse("settings:employees"))
    assert asked == [1]


def test_today_asks_the_same_number_of_queries_however_much_waits(client):
    shop = Shop()
    client.force_login(shop.login(Role.GENERAL_MANAGER))
    counts = []
    for size in (40, 80):
        random_life(shop, shop.store.local_date(shop.store.created_at), 1, seed=size, responses=size)
        for n in range(size):
            open_item(shop.store, "walk", f"x:{size}:{n}", now=shop.store.created_at, role="general_manager")
        client.get("/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


# -- search and the own page


def test_search_asks_every_floor_and_shows_what_they_found(client, store, monkeypatch):
    client.force_login(login(store, Role.CARE_AGENT))
    asked = []

    def floor(request, query):
        asked.append(query)
        return {"title": "Cars", "rows": [{"title": "测A·00001", "sub": "例客户", "url": "/me/"}]}

    empty = {"title": "People", "rows": []}
    monkeypatch.setitem(hooks._panels, "search", [(1, floor), (2, lambda request, query: empty)])
    page = text(client.get(reverse("desk:search"), {"q": "  0001\x00 "}))
    assert asked == ["0001"]
    assert "测A·00001" in page
    assert "People" not in page
    assert "Type a name" in text(client.get(reverse("desk:search")))
    assert asked == ["0001"]


def test_the_own_page_says_who_one_is(client, store):
    user = login(store, Role.CARE_AGENT)
    department = Department.objects.create(store=store, code="customer_care")
    Employee.objects.create(
        store=store, department=department, staff_number="K-7", name="例小林", position="回访专员", user=user
    )
    client.force_login(user)
    page = text(client.get(reverse("desk:me")))
    for word in ("someone", "例小林", "回访专员", "K-7", "Care agent", "Employee"):
        assert word in page


def test_a_new_password_keeps_this_session_and_ends_the_others(client, store, django_user_model):
    user = login(store, Role.CARE_AGENT)
    user.set_password("old-password-1")
    user.save()
    other = type(client)()
    for one in (client, other):
        one.force_login(user)
    wrong = {"old_password": "old-password-1", "new_password1": "x", "new_password2": "y"}
    assert client.post(reverse("desk:password"), wrong).context["form"].errors
    right = {"old_password": "old-password-1", "new_password1": "q7-kmzt-own", "new_password2": "q7-kmzt-own"}
    client.post(reverse("desk:password"), right)
    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 302


@pytest.mark.parametrize("path", ["/", "/me/", "/search/?q=x", "/inbox/", "/inbox/items/"])
def test_the_desk_speaks_both_languages(client, store, path):
    client.force_login(login(store, Role.CARE_MANAGER))
    chinese = client.get(path, headers={"accept-language": "zh-hans"})
    english = client.get(path, headers={"accept-language": "en"})
    assert (chinese["Content-Language"], english["Content-Language"]) == ("zh-hans", "en")
    assert 'lang="zh-CN"' in chinese.content.decode()
    assert chinese.content != english.content
