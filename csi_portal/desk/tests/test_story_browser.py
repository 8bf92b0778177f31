"""The whole story in a real browser: agent, manager, responsible person, general manager, care manager and finance.

The portal's clock is moved between the acts; the browser keeps its own. What a worker would do in the background is
done by calling the same function.
"""

import io
import re
import shutil
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from complaints.models import Complaint
from csi_portal.desk import sweeping
from csi_portal.desk.demo import weeks
from csi_portal.desk.tests.story import Shop, answers_for, at
from incentives.check import check_store
from incentives.models import LedgerEntry, Month
from reports.models import Board
from surveys.models import Response, Visit
from surveys.services import queue
from surveys.services.imports import running

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
APRIL = at("31 12:00") + timedelta(days=9)


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the path")
    with pytest.MonkeyPatch.context() as patch, sync_api.sync_playwright() as play:
        # Playwright keeps an event loop in this thread, which Django would take for an async caller
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running_browser = play.chromium.launch(executable_path=CHROMIUM, args=args)
        yield running_browser
        running_browser.close()


@pytest.fixture
def clock():
    with time_machine.travel(at("02 12:00"), tick=True) as traveller:
        yield traveller


@pytest.fixture
def shop(clock, transactional_db):
    shop = Shop()
    shop.adopt()
    return shop


class Stage:
    """Opens a window for one person at a time, signed in at the moment the story has come to."""

    def __init__(self, browser, address: str, shop: Shop, clock):
        self.browser, self.address, self.shop, self.clock = browser, address, shop, clock
        self.faults: list[str] = []
        self._context = None

    def enter(self, part: str, when, path: str):
        """The person of the part opens a page at a moment of the story."""
        self.leave()
        self.clock.move_to(when)
        client = Client()
        client.force_login(self.shop.users[part], backend="django.contrib.auth.backends.ModelBackend")
        self._context = self.browser.new_context(
            viewport={"width": 1440, "height": 900}, locale="en-GB", accept_downloads=True
        )
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self._context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.address}])
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{part} {path}: {error}"))
        page.on("console", lambda line: line.type == "error" and self.faults.append(f"{part} {path}: {line.text}"))
        page.goto(self.address + path)
        return page

    def leave(self) -> None:
        if self._context is not None:
            self._context.close()
            self._context = None


@pytest.fixture
def stage(chromium, live_server, shop, clock):
    made = Stage(chromium, live_server.url, shop, clock)
    yield made
    made.leave()
    assert made.faults == []


def shows(page, text: str) -> None:
    sync_api.expect(page.get_by_text(text).locator("visible=true").first).to_be_visible()


def press_button(page, name: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{re.escape(name)}")).first.click()


def press_key_of(page, name: str, key: str) -> None:
    """Press the key a button tells of, once the button and the script behind it are there."""
    page.wait_for_load_state()
    sync_api.expect(page.get_by_role("button", name=re.compile(f"^{re.escape(name)}"))).to_be_visible()
    page.keyboard.press(key)


def answer_by_keyboard(page, mark: str) -> None:
    """One key and Enter for every question, Enter once more to save: `5` is "very satisfied", also "yes"."""
    sync_api.expect(page.locator(".ask-one:visible")).to_have_count(1)  # the desk's script has begun
    for _question in range(40):
        asked = page.locator(".ask-one:visible")
        if not asked.count():
            break
        kind, mandatory = asked.get_attribute("data-kind"), asked.get_attribute("data-mandatory") is not None
        if mandatory:
            page.keyboard.press({"yes_no": "1" if mark > "3" else "2"}.get(kind, mark))
        page.keyboard.press("Enter")
    shows(page, "Every mandatory question is answered.")
    page.keyboard.press("Enter")
    shows(page, "Score of this call")
    page.wait_for_load_state()


def test_a_week_of_the_store_from_the_file_to_the_sheet(stage, shop, tmp_path):
    unhappy = import_the_file(stage, shop, tmp_path)
    form = call_and_complain(stage, shop, unhappy)
    handle(stage, shop, form)
    call_back_and_close(stage, shop, form)
    publish(stage, shop)
    decide(stage, shop, form)
    close_the_month(stage, shop, tmp_path)


def import_the_file(stage, shop, tmp_path) -> str:
    """The agent uploads yesterday's orders, sees what the file holds and confirms."""
    orders = shop.orders(6)
    file = tmp_path / "DMS.xlsx"
    file.write_bytes(weeks.dms_file(orders).getvalue())
    page = stage.enter("care", at("03 08:40"), reverse("surveys:import"))
    page.set_input_files("#id_file", str(file))
    press_button(page, "Check the file")
    shows(page, "DMS.xlsx")
    assert not Visit.objects.exists()
    press_button(page, "Import 6 orders")
    running.work_off(at("03 08:41"))
    page.reload()
    page.get_by_role("link", name="Show the business records").click()
    shows(page, orders[0].number)
    assert Visit.objects.filter(store=shop.store).count() == 6
    return orders[0].number


def call_and_complain(stage, shop, unhappy: str) -> Complaint:
    """Three days later: the first customer is not content; the form is opened in the same call."""
    sweeping.full_pass(at("05 08:50"))
    page = stage.enter("care", at("05 09:05"), reverse("surveys:queue"))
    shows(page, "6 calls to make")
    page.keyboard.press("n")
    answer_by_keyboard(page, "2")
    low = Response.objects.get(store=shop.store, has_low_answer=True)
    assert low.callback.visit.number == unhappy
    sync_api.expect(page.locator("[data-enter]").first).to_be_focused()
    page.keyboard.press("Enter")  # the primary button: open the complaint
    page.wait_for_url(f"**{reverse('complaints:new')}*")
    page.fill("textarea[name=summary]", "等了两小时没人说一声，问题也没解决。")
    page.locator("input[name=level][value=general]").check(force=True)
    press_button(page, "Register the complaint")
    form = Complaint.objects.get(store=shop.store)
    page.wait_for_url(f"**{form.get_absolute_url()}")
    shows(page, form.number)
    assert (form.source, form.response, form.level) == ("follow_up_call", low, "general")

    page.goto(stage.address + reverse("surveys:queue"))
    page.keyboard.press("n")
    answer_by_keyboard(page, "5")
    now = at("05 09:30")  # the other four in the same way, without the browser
    while (claim := queue.claim_next(shop.store, by=shop.users["care"], now=now)) is not None:
        shop.ask(claim, answers_for(claim.callbacks.get(), "5"), now)
        now += timedelta(minutes=5)
    assert Response.objects.filter(store=shop.store, counted=True).count() == 6
    return form


def handle(stage, shop, form: Complaint) -> None:
    """Passed on too late; the manager speaks with the customer, names who is responsible, and both sign."""
    path = form.get_absolute_url()
    page = stage.enter("care", at("05 10:40"), path)
    press_button(page, "Pass on to the department")
    shows(page, "Passed on to")

    page = stage.enter("service", at("05 10:50"), path)
    page.fill("textarea[name=note]", "已致歉，约定下午给方案。")
    press_button(page, "Note the contact")
    shows(page, "The first contact is noted.")
    page.goto(f"{stage.address}{path}?do=blame")
    page.select_option("select[name=employee]", str(shop.people["staff"].pk))
    page.locator("#next-form button[type=submit]").click()
    shows(page, "is named and has been told")
    page.goto(stage.address + path)
    page.fill("textarea[name=remedy]", "免费返修，赠送洗车一次")
    page.fill("textarea[name=cause]", "漏检，没有告知进度")
    page.fill("textarea[name=measures]", "复检制度，每小时更新进度")
    press_button(page, "Note it and hand back to customer care")
    shows(page, "The resolution is noted")

    for part, action, minute in (("staff", "sign-as-responsible", "30"), ("service", "sign-as-manager", "40")):
        page = stage.enter(part, at(f"05 15:{minute}"), f"{path}?do={action}")
        page.locator("#next-form button[type=submit]").click()
        shows(page, "Signed.")


def call_back_and_close(stage, shop, form: Complaint) -> None:
    """The agent asks the customer at the call desk; the general manager closes the form."""
    page = stage.enter("care", at("06 10:00"), form.get_absolute_url())
    page.get_by_role("link", name="Ask at the call desk").click()
    press_button(page, "Take this call")
    answer_by_keyboard(page, "5")
    sweeping.full_pass(at("06 10:10"))
    form.refresh_from_db()
    assert (form.status, form.callback_overall) == ("called_back", 5)

    page = stage.enter("gm", at("06 14:00"), reverse("incentives:approvals"))
    shows(page, form.number)
    press_key_of(page, "Approve and close the form", "a")
    shows(page, "Closed.")
    form.refresh_from_db()
    assert form.status == "closed"


def publish(stage, shop) -> None:
    """The care manager publishes March."""
    page = stage.enter("carem", APRIL, f"{reverse('reports:boards')}?kind=csi&month=2026-03")
    publish_box = page.locator("section.board-state details.confirm-box")
    publish_box.locator("summary").click()
    publish_box.locator("button[type=submit]").click()
    shows(page, "Revision 1")
    line = Board.objects.get(store=shop.store, kind="csi", period_kind="month").lines.get(line_kind="store")
    assert line.n == 6 and line.score < 95


def decide(stage, shop, form: Complaint) -> None:
    """What the facts ask for stands on the approval desk; the general manager posts both lines."""
    sweeping.full_pass(APRIL + timedelta(minutes=5))
    page = stage.enter("gm", APRIL + timedelta(minutes=10), reverse("incentives:approvals"))
    for number in (1, 2):
        press_key_of(page, "Approve and post", "a")
        shows(page, f"Approved and posted as entry {number}")
    shows(page, "Nothing waits for your decision.")
    entries = {entry.rule: entry.amount for entry in LedgerEntry.objects.filter(store=shop.store)}
    assert entries == {"P1": Decimal("-50.00"), "P4": Decimal("-500.00")}


def close_the_month(stage, shop, tmp_path) -> None:
    """Finance asks for the lock, the general manager confirms, and the sheet says what the ledger says."""
    path = reverse("incentives:month", args=["2026-03"])
    page = stage.enter("finance", APRIL + timedelta(hours=1), path)
    page.locator("details.confirm-box", has_text="Ask for the lock").locator("summary").click()
    press_button(page, "Send for confirmation")
    shows(page, "Waits for confirmation")
    page = stage.enter("gm", APRIL + timedelta(hours=2), path)
    page.locator("details.confirm-box", has_text="Confirm and lock").locator("summary").click()
    press_button(page, "Lock it")
    page = stage.enter("finance", APRIL + timedelta(hours=3), path)
    with page.expect_download() as download:
        press_button(page, "Download the sheet")
    file = tmp_path / "sheet.xlsx"
    download.value.save_as(file)

    total = sum(entry.amount for entry in LedgerEntry.objects.filter(store=shop.store))
    month = Month.objects.get(store=shop.store, month=at("01 12:00").date())
    assert (month.status, month.ledger_total, total) == ("locked", total, Decimal("-550.00"))
    assert month.held_total + month.paid_total - month.brought_in_total == total
    found = numbers_in(file.read_bytes())
    assert {month.ledger_total, month.held_total, month.paid_total} <= found
    assert check_store(shop.store) == []


def numbers_in(content: bytes) -> set[Decimal]:
    book = load_workbook(io.BytesIO(content))
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    return {Decimal(str(value)).quantize(Decimal("0.01")) for value in cells if isinstance(value, int | float)}
