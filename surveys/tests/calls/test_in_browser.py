"""The call desk in a real browser: by keyboard alone, through a reload, a lapse, a second window, an input method."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from csi_portal.organization.models import PolicyVersion
from surveys.defaults import publish_first
from surveys.models import Claim, Questionnaire, Response
from surveys.services import responses
from surveys.tests.calls.factories import make_callback, make_store, make_user

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# One session writes through the live server, as people do.
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not there")
    with pytest.MonkeyPatch.context() as patch, sync_api.sync_playwright() as play:
        # Playwright keeps an event loop in this thread, which Django would take for an async caller
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture
def store():
    version = PolicyVersion.objects.get(kind="surveys")
    version.data["calling_hours"] = ["00:00", "23:59"]
    version.save()
    return make_store()


@pytest.fixture
def agent(store):
    return make_user(store)


def ten_questions() -> Questionnaire:
    questionnaire = Questionnaire.objects.create(code="ten", title_en="Ten questions", title_zh="十题")
    question = {"section": "all", "kind": "rating5", "mandatory": True, "weight": 1}
    publish_first(
        questionnaire,
        {
            "sections": [{"key": "all", "title_zh": "全部", "title_en": "All"}],
            "questions": [
                question | {"key": f"q{n}", "zh": f"第 {n} 问", "en": f"Question number {n}"} for n in range(1, 11)
            ],
        },
    )
    return questionnaire


def calls_of_today(store, n: int = 1) -> list:
    questionnaire = ten_questions()
    today = str(store.local_date(timezone.now()))
    return [make_callback(store, due=today, questionnaire=questionnaire) for _call in range(n)]


class Agent:
    """A person at the desk; counts the keys pressed and what the browser complains about."""

    def __init__(self, chromium, live_server, client, user):
        client.force_login(user)
        self.address = live_server.url
        self.context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        self.context.add_cookies(
            [
                {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                 "url": self.address},
            ]
        )  # fmt: skip
        self.keys = 0
        self.complaints: list[str] = []
        self.page = self.window()

    def window(self):
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: line.type == "error" and "409" not in line.text and self.complaints.append(line.text),
        )
        return page

    def go(self, path: str):
        self.page.goto(self.address + path)

    def press(self, *keys: str):
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def asked(self) -> str:
        return self.page.locator(".ask-one:visible [data-ask-text]").inner_text()

    def see(self, text: str):
        sync_api.expect(self.page.get_by_text(text).first).to_be_visible()


@pytest.fixture
def person(chromium, live_server, client, agent):
    made = Agent(chromium, live_server, client, agent)
    yield made
    made.context.close()
    assert made.complaints == []


def test_a_call_of_ten_questions_by_keyboard_through_a_reload(person, store):
    first, second = calls_of_today(store, 2)
    person.go(reverse("surveys:queue"))
    person.press("n")
    person.page.wait_for_url(f"**{reverse('surveys:call', args=[first.pk])}")
    assert person.asked() == "Question number 1"
    for value in "54545":
        person.press(value, "Enter")
    assert person.asked() == "Question number 6"
    person.press("4")
    person.page.reload()  # at once: no draft of the last answer has been sent
    assert person.asked() == "Question number 6"
    assert person.page.locator('[name="q.q6"]:checked').get_attribute("value") == "4"
    sync_api.expect(person.page.locator("[data-so-far] li")).to_have_count(5)
    person.press("Enter")
    for value in "5555":
        person.press(value, "Enter")
    person.see("Every mandatory question is answered.")
    person.press("Enter")
    person.see("Score of this call")
    assert person.keys < 25
    response = Response.objects.get(callback=first)
    points = dict(response.answers.values_list("question__key", "points"))
    assert points == {f"q{n}": 20 * int(value) for n, value in enumerate("5454545555", 1)}
    assert (response.is_complete, response.score_num, response.score_den) == (True, 94, 1)
    assert person.page.locator(".result-score").inner_text() == "94.00"
    # nothing is left behind in the browser, and Enter goes on
    assert person.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('call:')).length") == 0
    person.press("Enter")
    person.page.wait_for_url(f"**{reverse('surveys:call', args=[second.pk])}")


def test_keys_answer_go_back_and_choose_but_never_while_typing(person, store):
    calls_of_today(store)
    person.go(reverse("surveys:queue"))
    person.press("n")
    page = person.page
    page.wait_for_selector(".ask-one:visible")
    person.press("5", "Enter", "-", "Enter", "2")
    sync_api.expect(page.locator(".ask-one:visible [data-low-box]")).to_be_visible()
    person.press("r")
    page.keyboard.type("waited 20 minutes, no answer")  # holds keys of outcomes and answers
    assert page.locator('[name="words.q3"]').input_value() == "waited 20 minutes, no answer"
    assert page.locator('[name="outcome"]:checked').count() == 0
    # Enter that picks a word of an input method never moves on
    page.locator('[name="words.q3"]').evaluate(
        "(field) => field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    assert person.asked() == "Question number 3"
    person.press("Enter")
    assert person.asked() == "Question number 4"
    person.press("Shift+Enter", "Shift+Enter")
    assert person.asked() == "Question number 2"
    person.press("w")
    person.see("Save: No answer")
    person.press("Escape")
    assert page.locator('[name="outcome"]:checked').count() == 0
    person.press("y", "2")
    chosen = page.locator("#appointment_at").input_value()
    assert chosen == page.locator('[name="appointment_pick"]:checked').get_attribute("value")
    person.press("Enter")
    person.see("Agreed for")
    draft = Response.objects.get()
    assert draft.completed_at is None
    assert responses.given_answers(draft)["q3"].low_note == "waited 20 minutes, no answer"
    assert responses.given_answers(draft)["q2"].not_applicable


def test_a_lapsed_lease_keeps_the_text_and_takes_it_along(person, store):
    (callback,) = calls_of_today(store)
    person.go(reverse("surveys:queue"))
    person.press("n")
    page = person.page
    page.wait_for_selector(".ask-one:visible")
    Claim.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    person.press("1", "r")
    page.keyboard.type("nobody listened")
    person.see("You no longer hold this call.")
    assert not Response.objects.exists()
    assert page.locator('[name="words.q1"]').input_value() == "nobody listened"
    page.get_by_role("button", name="Take the call again").click()
    page.wait_for_url(f"**{reverse('surveys:call', args=[callback.pk])}")
    sync_api.expect(page.locator('[name="words.q1"]')).to_have_value("nobody listened")
    assert responses.given_answers(responses.draft_of(callback))["q1"].low_note == "nobody listened"


def test_a_second_window_decides_whose_answers_stay(person, store):
    (callback,) = calls_of_today(store)
    person.go(reverse("surveys:queue"))
    person.press("n")
    page = person.page
    page.wait_for_selector(".ask-one:visible")
    other = person.window()
    other.goto(page.url)
    other.wait_for_selector(".ask-one:visible")
    other.keyboard.press("5")
    other.wait_for_selector("[data-saved]:not([hidden])")
    person.press("1")
    person.see("These answers were changed in another window.")
    assert responses.given_answers(responses.draft_of(callback))["q1"].options == ("5",)
    page.get_by_role("button", name="Keep mine").click()
    page.wait_for_selector("[data-stale-note]", state="hidden")
    sync_api.expect(page.locator("[data-saved]")).to_contain_text("Saved at")
    assert responses.given_answers(responses.draft_of(callback))["q1"].options == ("1",)


def test_a_lost_line_says_so_and_sends_later(person, store):
    (callback,) = calls_of_today(store)
    person.go(reverse("surveys:queue"))
    person.press("n")
    page = person.page
    page.wait_for_selector(".ask-one:visible")
    page.route("**/draft/", lambda route: route.abort())
    person.press("4")
    person.see("Kept on this device, will be sent again")
    person.complaints.clear()  # the browser names the request that failed
    page.unroute("**/draft/")
    sync_api.expect(page.locator("[data-saved]")).to_contain_text("Saved at", timeout=10000)
    assert responses.given_answers(responses.draft_of(callback))["q1"].options == ("4",)
