"""The scripts in a real browser, under the portal's content policy, with the server's part played by the test."""

import json
import mimetypes
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.template import engines
from django.template.loader import render_to_string
from django.utils import timezone, translation

from csi_portal.organization.tests import gallery

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

pytestmark = pytest.mark.browser

ORIGIN = "http://portal.test"
POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PICTURES = os.environ.get("GALLERY_PICTURES")  # a folder: every look of the gallery is kept there


class Server(ThreadingHTTPServer):
    """Plays the portal's server for one tab at a time: static files from the tree, pages and answers of the tab."""

    daemon_threads = True
    tab: "Portal"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = urlsplit(self.path).path
        file = Path(settings.BASE_DIR) / path.lstrip("/")
        if path.startswith("/static/") and file.is_file():
            return self.say(
                200, {"Content-Type": mimetypes.guess_type(file.name)[0] or "font/woff2"}, file.read_bytes()
            )
        headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html; charset=utf-8"}
        headers["Cache-Control"] = "no-store"
        found = self.server.tab.pages.get(path)
        return self.say(200 if found else 404, headers, (found or "").encode())

    def do_POST(self):
        path, tab = urlsplit(self.path).path, self.server.tab
        tab.posts.append((path, self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()))
        status, headers = tab.answers[path]
        if status:  # else the line goes dead
            self.say(status, headers, b"")

    def say(self, status, headers, body):
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Stay silent."""


@pytest.fixture(scope="module")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not there")
    server = Server()
    with sync_api.sync_playwright() as play:
        running = play.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking",
                  f"--host-resolver-rules=MAP portal.test 127.0.0.1:{server.server_port}"],
        )  # fmt: skip
        yield running, server
        running.close()
    server.shutdown()


class Portal:
    """A tab; what its server answers to GET (`pages`) and to POST (`answers`: status, headers), and what was posted."""

    def __init__(self, browser, **options):
        running, server = browser
        self.context = running.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        # the bell of the top bar asks for itself every half minute
        self.pages: dict[str, str] = {"/notifications/bell/": "<span></span>"}
        self.answers: dict[str, tuple[int, dict]] = {}
        self.posts: list[tuple[str, str]] = []
        self.violations: list[str] = []
        server.tab = self
        self.page = self.context.new_page()
        self.page.on("console", lambda line: line.type == "error" and self.violations.append(line.text))
        self.page.on("pageerror", lambda error: self.violations.append(str(error)))

    def open(self, path: str):
        self.page.goto(ORIGIN + path)
        return self.page


@pytest.fixture
def portal(browser, rf, settings, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: gallery.NOW)
    settings.ROOT_URLCONF = "csi_portal.organization.tests.gallery.urls"
    opened = []

    def make(content: str = "", language: str = "en", context: dict | None = None, **options) -> Portal:
        request = rf.get("/x/")
        request.user, request.session, request.LANGUAGE_CODE = AnonymousUser(), {}, language
        request._messages = FallbackStorage(request)
        with translation.override(language), timezone.override(gallery.SHANGHAI):
            source = content or (Path(gallery.__file__).parent / "gallery.html").read_text(encoding="utf-8")
            if "{% extends" not in source:
                source = '{% extends "base.html" %}{% block content %}' + source + "{% endblock %}"
            page = engines["django"].from_string(source)
            html = page.render(gallery.context() | {"frame": gallery.frame()} | (context or {}), request)
            login = render_to_string("registration/login.html", {"form": None, "next": "/x/"}, request)
        tab = Portal(browser, **options)
        tab.pages |= {"/x/": html, "/other/": html, "/login/": login}
        opened.append(tab)
        return tab

    yield make
    for tab in opened:
        tab.context.close()


def stop_clock(tab, minutes: float = 0):
    """Stop the browser's clock at the gallery's moment and some minutes more, however slowly the page loads."""
    moment = gallery.NOW.timestamp() * 1000 + minutes * 60_000
    tab.page.clock.install(time=moment - 60_000)
    tab.page.clock.pause_at(moment)


def test_chips_count_down_and_change_colour_when_their_time_passes(portal):
    tab = portal(language="zh-hans")
    stop_clock(tab)
    page = tab.open("/x/")
    chips = page.locator(".cluster .due").first, page.locator(".cluster .due").nth(1)
    assert [chip.text_content().strip() for chip in chips] == ["还剩 1 小时 12 分", "仅剩 28 分"]
    page.clock.run_for(13 * 60_000)
    assert [chip.text_content().strip() for chip in chips] == ["仅剩 59 分", "仅剩 15 分"]
    assert [re.search(r"due-(\w+)", chip.get_attribute("class"))[1] for chip in chips] == ["warn", "warn"]
    page.clock.run_for(16 * 60_000)
    assert chips[1].text_content().strip() == "超时 1 分"
    assert "due-over" in chips[1].get_attribute("class")
    assert chips[1].locator("i.bi-exclamation-triangle-fill").count() == 1
    assert chips[1].locator("svg").count() == 0
    assert tab.violations == []


def test_a_wrong_clock_of_the_pc_does_not_move_a_deadline(portal):
    tab = portal()
    stop_clock(tab, minutes=-600)
    assert tab.open("/x/").locator(".cluster .due").first.text_content().strip() == "1 h 12 min left"


def test_a_tap_tells_how_a_chip_was_reckoned(portal):
    page = portal().open("/x/")
    page.locator(".work .due").first.click()
    assert page.locator(".due-tip").inner_text().startswith("Due 2026-11-21 Sat 13:45")
    page.locator("h1.lead").click()
    assert page.locator(".due-tip").count() == 0


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("look", ["light", "dark"])
def test_gallery_fits_the_screen_and_keeps_the_content_policy(portal, width, language, look):
    tab = portal(language=language, viewport={"width": width, "height": 900}, color_scheme=look)
    page = tab.open("/x/")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == look
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert tab.violations == []
    if width == 390:
        small = page.evaluate(
            "[...document.querySelectorAll('.botbar-link, .topbar-icon, .btn-primary, .btn:not(.btn-sm)')]"
            ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 80))"
        )
        assert small == []
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(PICTURES) / f"gallery-{look}-{language}-{width}.png"), full_page=True)


@pytest.mark.parametrize("width", [320, 768, 992, 1200])
def test_nothing_runs_over_the_edge_between_phone_and_desk(portal, width):
    frame = gallery.frame() | {"demo": True, "sweep": {"text": "Reminders stopped 3 minutes ago, watch the due times"}}
    page = portal(context={"frame": frame}, viewport={"width": width, "height": 900}).open("/x/")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    cut = page.evaluate(
        "[...document.querySelectorAll('.topbar > *')].filter(e => e.offsetParent"
        " && e.getBoundingClientRect().right > window.innerWidth + 1).length"
    )
    assert cut == 0


def test_search_keys_leave_typing_alone(portal):
    tab = portal('<textarea id="t"></textarea><a id="k" href="/other/" data-key="A">A</a>')
    page = tab.open("/x/")
    focused = "document.activeElement.hasAttribute('data-global-search')"
    page.focus("#t")
    page.keyboard.press("/")
    assert page.input_value("#t") == "/"
    page.keyboard.press("a")
    assert page.url == ORIGIN + "/x/"
    page.keyboard.press("Control+k")
    assert page.evaluate(focused)
    page.keyboard.press("Escape")
    assert not page.evaluate(focused)
    page.keyboard.press("/")
    assert page.evaluate(focused)
    assert page.input_value("[data-global-search]") == ""
    page.keyboard.press("Escape")
    # Enter or a letter that belongs to an input method is not ours
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: '/', isComposing: true, bubbles: true}))")
    assert not page.evaluate(focused)
    page.keyboard.press("a")
    page.wait_for_url(ORIGIN + "/other/")


def test_rail_folds_and_stays_folded(portal):
    tab = portal()
    page = tab.open("/x/")
    page.click("[data-rail-toggle]")
    assert page.locator("#app.app-icons").count() == 1
    page.hover(".rail-link >> nth=1")
    assert page.locator(".rail-tip").inner_text() == "客诉"
    page.hover("h1.lead")
    assert page.locator(".rail-tip").count() == 0
    assert {(c["name"], c["value"]) for c in tab.context.cookies()} == {("rail", "icons")}
    page.click("[data-rail-toggle]")
    assert page.locator("#app.app-icons").count() == 0
    assert tab.context.cookies() == []


def test_look_is_chosen_and_remembered(portal):
    tab = portal(color_scheme="light")
    page = tab.open("/x/")
    page.click(".person-switch")
    page.click(".topbar [data-theme=dark]")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert page.get_attribute(".topbar [data-theme=dark]", "aria-pressed") == "true"


def test_menus_close_on_escape_and_outside(portal):
    page = portal().open("/x/")
    page.click(".person-switch")
    page.keyboard.press("Escape")
    assert page.locator("details.menu[open]").count() == 0
    page.click("summary.store-switch")
    page.click("h1.lead")
    assert page.locator("details.menu[open]").count() == 0


FORM = (
    '<form method="post" action="/sent/" id="f" data-autosave>{% csrf_token %}'
    '{% include "components/saved.html" %}<textarea name="note" id="note"></textarea>'
    '<input type="radio" name="ok" value="y" id="ok"><input type="password" name="pin" id="pin">'
    '<button class="btn btn-primary" type="submit">Send</button></form>'
)


def typed(page, text="客户说下午方便"):
    page.fill("#note", text)
    page.check("#ok")
    page.wait_for_selector("[data-autosave-status] >> text=Saved at")


def test_typed_text_comes_back_after_a_crash(portal):
    tab = portal(FORM)
    page = tab.open("/x/")
    page.fill("#pin", "1234")
    typed(page)
    page.reload()
    assert (page.input_value("#note"), page.is_checked("#ok")) == ("客户说下午方便", True)
    assert page.input_value("#pin") == ""
    assert page.locator("[data-autosave-status]").inner_text().startswith("What you typed at")
    page.click("[data-autosave-discard]")
    assert (page.input_value("#note"), page.is_checked("#ok")) == ("", False)
    page.reload()
    assert page.input_value("#note") == ""
    assert tab.violations == []


def test_typed_text_survives_a_session_that_ended_while_sending(portal):
    tab = portal(FORM)
    tab.answers["/sent/"] = (302, {"Location": "/login/"})
    page = tab.open("/x/")
    typed(page)
    page.click("button[type=submit] >> text=Send")
    page.wait_for_url(ORIGIN + "/login/")
    assert page.locator("[data-typed-kept]").is_visible()
    tab.open("/x/")
    assert page.input_value("#note") == "客户说下午方便"


def test_typed_text_goes_once_it_was_sent(portal):
    tab = portal(FORM)
    tab.answers["/sent/"] = (302, {"Location": "/x/"})
    page = tab.open("/x/")
    typed(page)
    page.click("button[type=submit] >> text=Send")
    page.wait_for_url(ORIGIN + "/x/")
    page.wait_for_load_state()
    assert page.input_value("#note") == ""
    page.reload()
    assert page.input_value("#note") == ""


def test_autosave_to_the_server_says_when_it_could_not(portal):
    tab = portal(FORM.replace("data-autosave>", 'data-autosave data-autosave-url="/draft/">'))
    tab.answers["/draft/"] = (503, {})
    page = tab.open("/x/")
    page.fill("#note", "a")
    page.wait_for_selector("[data-autosave-status].saved-kept")
    assert page.locator("[data-autosave-status]").inner_text().startswith("Kept on this device at")
    tab.answers["/draft/"] = (204, {})
    page.fill("#note", "ab")
    page.wait_for_selector("[data-autosave-status]:not(.saved-kept) >> text=Saved at")
    assert [path for path, _data in tab.posts] == ["/draft/", "/draft/"]
    assert 'name="csrfmiddlewaretoken"' in tab.posts[1][1]
    page.reload()  # the server has it: its own draft is the one to show
    assert page.input_value("#note") == ""


def test_a_double_click_sends_once(portal):
    tab = portal(FORM)
    tab.answers["/sent/"] = (204, {})  # the page stays, as after a download
    page = tab.open("/x/")
    with page.expect_response("**/sent/"):
        page.evaluate("const b = document.querySelector('#f button[type=submit]'); b.click(); b.click();")
    # a second sending would be on its way before this one
    page.evaluate("fetch('/x/?later').then((answer) => answer.status)")
    assert [path for path, _data in tab.posts] == ["/sent/"]
    assert page.locator("#f button.is-sending:disabled").count() == 1


@pytest.mark.parametrize(("status", "kind"), [(500, "server"), (0, "offline"), (403, "denied"), (409, "stale")])
def test_a_failing_part_of_the_page_is_said_aloud(portal, status, kind):
    tab = portal('<textarea id="t">typed</textarea><button id="b" hx-post="/part/" hx-target="#t">Go</button>')
    tab.answers["/part/"] = (status, {})
    page = tab.open("/x/")
    page.click("#b")
    page.wait_for_selector(f"#net [data-net={kind}]")
    assert page.locator("#net span:visible").count() == 1
    assert page.input_value("#t") == "typed"
    page.click("[data-net-hide]")
    assert page.locator("#net").is_hidden()


def test_an_ended_session_inside_a_part_leads_to_the_sign_in(portal):
    tab = portal('<button id="b" hx-post="/part/">Go</button>')
    tab.answers["/part/"] = (204, {"HX-Redirect": "/login/"})
    page = tab.open("/x/")
    page.click("#b")
    page.wait_for_url(ORIGIN + "/login/")


def test_parts_carry_the_csrf_token(portal):
    tab = portal('<button id="b" hx-post="/part/">Go</button>')
    tab.answers["/part/"] = (204, {})
    page = tab.open("/x/")
    with page.expect_request("**/part/") as sent:
        page.click("#b")
    assert re.fullmatch(r"[A-Za-z0-9]{64}", sent.value.headers["x-csrftoken"])


def test_copying_says_so(portal):
    tab = portal('<button id="b" data-copy="测试 文字" data-copied="Copied">Copy</button><textarea id="t"></textarea>')
    page = tab.open("/x/")  # http without localhost: no clipboard API, as in many stores
    assert page.evaluate("window.isSecureContext") is False
    page.click("#b")
    page.wait_for_selector("#b >> text=Copied")
    page.focus("#t")
    page.keyboard.press("Control+v")
    assert page.input_value("#t") == "测试 文字"


def test_a_file_too_large_is_said_before_it_is_sent(portal):
    tab = portal('{% include "components/drop.html" with max_bytes=100 %}')
    page = tab.open("/x/")
    page.set_input_files("#id_file", {"name": "a.xlsx", "mimeType": "x/y", "buffer": b"1" * 50})
    assert page.locator("[data-drop-names]").inner_text() == "a.xlsx · 1 KB"
    page.set_input_files("#id_file", {"name": "b.xlsx", "mimeType": "x/y", "buffer": b"1" * 500})
    assert page.locator("[data-drop-names]").inner_text() == "b.xlsx is too large"
    assert page.evaluate("document.querySelector('#id_file').validity.customError")


def test_confirm_opens_in_the_page_and_closes_again(portal):
    page = portal(
        '{% include "components/confirm.html" with action="/x/" ask="Lock?" submit="Lock it" label="Lock" %}'
    ).open("/x/")
    page.click("summary >> text=Lock")
    assert page.locator(".confirm h3").inner_text() == "Lock?"
    page.click("[data-close]")
    assert page.locator(".confirm").is_hidden()


def test_the_phone_reaches_every_place(portal):
    tab = portal(viewport={"width": 390, "height": 844})
    page = tab.open("/x/")
    page.click(".more > summary")
    shown = page.locator(".more-link").all_inner_texts()
    everything = [place["label"] for group in gallery.frame()["places"] for place in group]
    assert [text.split("\n")[0] for text in shown] == everything
    assert json.dumps(tab.violations) == "[]"


def test_a_filter_replaces_the_list_in_place_and_keeps_its_address(portal):
    tab = portal('{% include "components/filters.html" with form=filter_form target="list" %}<div id="list">old</div>')
    tab.pages["/x/"] = tab.pages["/x/"].replace('hx-get="/x/"', 'hx-get="/list/"')
    tab.pages["/list/"] = '<div id="list">new</div>'
    page = tab.open("/x/")
    page.fill(".filters [type=search]", "测A00001")
    page.keyboard.press("Enter")
    page.wait_for_selector("#list >> text=new")
    assert page.url == ORIGIN + "/list/?level=&q=%E6%B5%8BA00001"
    tab.pages["/list/"] = '<div id="list">chosen</div>'
    page.evaluate("document.querySelector('.filters select').append(new Option('Major', 'major'))")
    page.select_option(".filters select", "major")
    page.wait_for_selector("#list >> text=chosen")
    assert page.url == ORIGIN + "/list/?level=major&q=%E6%B5%8BA00001"
    assert tab.violations == []
