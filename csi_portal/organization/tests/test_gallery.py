"""Every component draws in both languages, and the pages outside the frame too."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.template import engines
from django.template.loader import render_to_string
from django.utils import timezone, translation

from csi_portal.organization import toasts
from csi_portal.organization.tests import gallery

COMPONENTS = Path(settings.BASE_DIR) / "templates/components"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def request_(rf, settings, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: gallery.NOW)
    settings.ROOT_URLCONF = "csi_portal.organization.tests.gallery.urls"
    request = rf.get("/gallery/")
    request.user, request.session, request.now, request.LANGUAGE_CODE = AnonymousUser(), {}, gallery.NOW, "en"
    request._messages = FallbackStorage(request)
    with timezone.override(gallery.SHANGHAI):
        yield request


def draw(request, **extra) -> str:
    page = engines["django"].from_string((Path(gallery.__file__).parent / "gallery.html").read_text(encoding="utf-8"))
    return page.render(gallery.context() | {"frame": gallery.frame()} | extra, request)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_gallery_draws_every_component(request_, language):
    with translation.override(language):
        html = draw(request_)
    assert f'<html lang="{"zh-CN" if language == "zh-hans" else "en"}"' in html
    words = {"en": ["Only <b>28</b> min left", "35 min overdue", "Major complaint", "Copy for the WeChat group"],
             "zh-hans": ["仅剩 <b>28</b> 分", "超时 35 分", "重大投诉", "复制到微信群",
                         "明早 <b>9:30</b> 前"]}  # fmt: skip
    assert [word for word in words[language] if word not in html] == []


def test_gallery_leaves_no_component_out():
    """A component that nobody draws here would be looked at by nobody."""
    text = (Path(gallery.__file__).parent / "gallery.html").read_text(encoding="utf-8")
    public = {path.name for path in COMPONENTS.glob("[a-z]*.html")}
    nested = {"field_errors.html", "toasts.html", "typed.html"}  # drawn by drop, base and the error pages
    assert sorted(public - nested - set(re.findall(r'components/([a-z_]+\.html)"', text))) == []


def test_frame_in_chinese_has_no_english_left(request_):
    """The words of the frame itself: everything between tags outside the page's own content."""
    with translation.override("zh-hans"):
        html = draw(request_, frame=gallery.frame() | {"demo": True, "sweep": {"text": "自动提醒已停 3 分钟"}})
    frame_only = re.sub(r"<main.*?</main>", "", html, flags=re.S)
    frame_only = re.sub(r"<head>.*?</head>", "", frame_only, flags=re.S)
    texts = {text.strip() for text in re.findall(r">([^<]+)<", frame_only)} | set(
        re.findall(r'(?:aria-label|title|placeholder)="([^"]+)"', frame_only)
    )
    english = {text for text in texts if re.search(r"[A-Za-z]{2}", text) and not CHINESE.search(text)}
    assert english == {"Ctrl K", "EN", "English"}


def test_frame_without_extras_hides_them(request_):
    frame = gallery.frame()
    html = draw(request_, frame=frame | {"stores": [frame["store"]], "unread": 0, "person": None, "bottom": []})
    for absent in ("store-menu", "dot-n", "person-switch", "botbar", 'class="sweep', "demo-bar"):
        assert absent not in html
    assert '<span class="store-switch store-one desk-only">示例一店</span>' in html


def test_frame_with_sweep_demo_and_many_messages(request_):
    html = draw(request_, frame=gallery.frame() | {"demo": True, "unread": 120, "sweep": {"text": "Stopped 3 min"}})
    assert html.count("<span>Stopped 3 min</span>") == 2  # top bar on a desk, strip on a phone
    assert "app-demo" in html
    assert ">99+</span>" in html


def test_rail_is_folded_by_the_cookie_before_the_page_is_painted(request_):
    assert 'class="app  "' in draw(request_)
    request_.COOKIES["rail"] = "icons"
    assert 'class="app app-icons "' in draw(request_)


def test_dark_look_comes_from_the_cookie(request_):
    assert 'data-bs-theme="light"' in draw(request_)
    request_.COOKIES["theme"] = "dark"
    assert 'data-bs-theme="dark"' in draw(request_)


def test_messages_are_lines_with_undo(request_):
    toasts.say_done(request_, "Passed on <b>", undo_url="/complaints/1/undo/")
    toasts.say_done(request_, "Saved")
    messages.error(request_, "Four digits are missing")
    html = draw(request_)
    assert '<div class="toast-line toast-done">' in html
    assert "Passed on &lt;b&gt;" in html
    assert html.count('<form method="post" action="/complaints/1/undo/">') == 1
    assert '<div class="toast-line toast-over">' in html


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", ["403.html", "404.html", "409.html", "registration/lockout.html"])
def test_error_pages_draw_without_a_frame(request_, name, language):
    typed = [("note", "客户下午方便 <i>")]
    with translation.override(language):
        html = render_to_string(name, {"conflict": "<b>王芳</b>", "typed": typed, "message": ""}, request_)
    assert "data-keep-typed" in html  # what was typed is not taken for sent
    assert "<i>" not in html.replace("<i class", "")
    assert "&lt;b&gt;王芳" in html or name != "409.html"
    assert "客户下午方便 &lt;i&gt;" in html or name not in ("403.html", "409.html")
    assert {"en": ">Note<", "zh-hans": ">备注<"}[language] in html or name not in ("403.html", "409.html")
    assert 'id="app"' not in html


@pytest.mark.parametrize("name", ["500.html", "503.html"])
def test_pages_of_last_resort_need_nothing(name):
    html = render_to_string(name)
    assert "{%" not in html
    assert CHINESE.search(html)
    assert 'href="/static/css/error.css"' in html
    assert "<script" not in html


def test_login_shows_what_was_wrong_and_keeps_the_name(request_):
    form = AuthenticationForm(request_, {"username": "", "password": "x"})
    form.is_valid()
    html = render_to_string("registration/login.html", {"form": form, "next": "/x/?a=1&b=2"}, request_)
    assert 'name="next" value="/x/?a=1&amp;b=2"' in html
    assert '<p class="field-error" id="id_username-e">' in html
    form = AuthenticationForm(request_, initial={"username": "agent"})
    html = render_to_string("registration/login.html", {"form": form, "next": ""}, request_)
    assert "login-error" not in html


@pytest.mark.parametrize(
    ("referer", "path"),
    [
        ("http://testserver/complaints/1/", "http://testserver/complaints/1/"),
        ("http://evil.example/", ""),
        ("javascript:alert(1)", ""),
        ("http://testserver/gallery/", ""),
        ("", ""),
    ],
)
def test_back_leads_only_to_our_own_pages(request_, referer, path):
    request_.META["HTTP_REFERER"] = referer
    page = engines["django"].from_string("{% back_path request as back %}{{ back }}")
    assert page.render({}, request_) == path


def test_row_tags_touch_no_database(request_):
    """Without the `db` fixture any query is an error."""
    row = engines["django"].from_string(
        "{% for r in rows %}{% person p %}{% due_chip d %}{% level 'major' %}{% money m %}{% score s 9 %}{% endfor %}"
    )
    values = {"p": gallery.person(1, "例小陈"), "d": gallery.view(28), "m": 5, "s": 90, "rows": range(50)}
    assert row.render(values, request_).count('class="person"') == 50
