"""Signing in as a person meets it: the page, a wrong password, the pause after many, the language, a wrong address."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from csi_portal.organization.middleware import DeskMiddleware
from csi_portal.organization.models import RoleGrant, Store, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return User.objects.create_user("agent1", password="right-password-1")


def test_page_is_ours_and_allows_no_inline_code(client):
    response = client.get("/login/?next=/complaints/")
    assert response.status_code == 200
    html = response.content.decode()
    assert '<html lang="en"' in html or '<html lang="zh-CN"' in html
    assert 'name="next" value="/complaints/"' in html
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_wrong_password_is_said_and_the_name_kept(client, person):
    response = client.post("/login/", {"username": "agent1", "password": "wrong"}, headers={"accept-language": "zh-CN"})
    html = response.content.decode()
    assert response.status_code == 200
    assert 'role="alert"' in html
    assert 'value="agent1"' in html
    assert "账号或密码不对" in html


def test_after_too_many_wrong_passwords_signing_in_is_paused(client, person):
    for _try in range(settings.AXES_FAILURE_LIMIT):
        response = client.post("/login/", {"username": "agent1", "password": "wrong"})
    assert response.status_code == 429
    assert "login-box" in response.content.decode()
    refused = client.post("/login/", {"username": "agent1", "password": "right-password-1"})
    assert refused.status_code == 429
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("accept", "lang"), [("zh-CN,zh;q=0.9", "zh-CN"), ("en-US,en;q=0.9", "en"), ("fr", "zh-CN")])
def test_browser_decides_the_language_of_the_page(client, settings, accept, lang):
    settings.LANGUAGE_CODE = "zh-hans"
    html = client.get("/login/", headers={"accept-language": accept}).content.decode()
    assert f'<html lang="{lang}"' in html


def test_language_switch_overrides_the_browser_and_stays_on_the_page(client):
    response = client.post(
        "/language/", {"language": "en", "next": "/login/?next=/x/"}, headers={"accept-language": "zh-CN"}
    )
    assert (response.status_code, response["Location"]) == (302, "/login/?next=/x/")
    html = client.get("/login/", headers={"accept-language": "zh-CN"}).content.decode()
    assert '<html lang="en"' in html
    assert "Sign in" in html


def test_wrong_address_gets_a_calm_page(client, person):
    client.force_login(person)
    response = client.get("/nowhere/at/all/")
    assert response.status_code == 404
    assert "This page does not exist" in response.content.decode()


def test_times_on_a_page_are_the_stores(rf, person):
    """The zone of the store at work holds for one request and no longer."""
    store = Store.objects.create(code="NY", name="Test store", timezone="America/New_York")
    RoleGrant.objects.create(user=person, role="care_agent", store=store)
    seen = []
    request = rf.get("/")
    request.user, request.session = person, {}
    DeskMiddleware(lambda _request: seen.append(timezone.get_current_timezone_name()) or HttpResponse())(request)
    assert seen == ["America/New_York"]
    assert timezone.get_current_timezone_name() == "UTC"
