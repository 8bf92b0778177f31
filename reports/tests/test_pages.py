"""The board pages: who sees what, in both languages, with constant queries."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from csi_portal.organization.enums import Role
from csi_portal.organization.models import PolicyVersion
from csi_portal.organization.permissions import SYSTEM
from reports.models import Board, MonthAcceptance
from reports.pages import BoardPage
from reports.periods import Period
from reports.services import publish_board
from reports.tests.life import Shop, random_life

pytestmark = pytest.mark.django_db

GOOD = {"reception": 100, "explanation": 100, "quality": 100, "overall": 100}


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def week(shop):
    return Period.of("week", shop.store.local_date(timezone.now())).previous()


def noon(shop, day):
    return shop.local(day.year, day.month, day.day, 12)


def fill(shop, week, n=5, points=GOOD):
    for place in range(n):
        shop.respond(
            noon(shop, week.start) + timedelta(days=place % 7),
            points,
            advisor=shop.advisers[0],
            technician=shop.technicians[0],
        )


def publish(shop, week, **more):
    return publish_board(shop.store, "csi", week, by=SYSTEM, now=timezone.now(), **more).board


def page(client, user, week, language="en", **asked):
    client.force_login(user)
    query = {"kind": "csi", week.kind: week.code, **asked}
    return client.get(reverse("reports:boards"), query, headers={"accept-language": language})


def text(response) -> str:
    return " ".join(response.content.decode().split())


def form_of(response) -> dict:
    return dict(response.context["banner"]["publish"]["hidden"]) | {
        "submit_key": response.context["banner"]["publish"]["submit_key"]
    }


def test_the_care_manager_publishes_from_the_page(client, shop, week):
    fill(shop, week)
    manager = shop.login(Role.CARE_MANAGER)
    seen = page(client, manager, week)
    assert "Not published yet" in text(seen)
    form = form_of(seen)
    answer = client.post(reverse("reports:publish"), form)
    assert answer.status_code == 302
    board = Board.objects.get()
    assert (board.published_by, board.revision, board.lines.first().n) == (manager, 1, 5)
    again = client.post(reverse("reports:publish"), form)
    assert (again["Location"], Board.objects.count()) == (answer["Location"], 1)
    assert "Published: CSI 100.00, n=5, revision 1" in text(client.get(answer["Location"], follow=True))


def test_a_correction_keeps_what_was_typed_and_says_what_is_missing(client, shop, week):
    fill(shop, week)
    publish(shop, week)
    fill(shop, week, 1, {"reception": 20, "overall": 20})
    seen = page(client, shop.login(Role.CARE_MANAGER), week)
    assert "figures have changed since" in text(seen)
    refused = client.post(reverse("reports:publish"), form_of(seen) | {"reason": " "})
    assert refused.status_code == 200
    assert "Say why the figures changed; readers see it beside the difference." in text(refused)
    done = client.post(reverse("reports:publish"), form_of(refused) | {"reason": "补录纸质答卷"})
    assert done.status_code == 302
    newest = Board.objects.get(revision=2)
    shown = text(client.get(newest.get_absolute_url()))
    assert "补录纸质答卷" in shown
    assert "See the" in shown
    assert "Corrected since: revision 2 holds." in text(client.get(Board.objects.get(revision=1).get_absolute_url()))


def test_who_publishes_over_a_board_not_seen_gets_the_conflict_page(client, shop, week):
    fill(shop, week)
    seen = page(client, shop.login(Role.CARE_MANAGER), week)
    publish(shop, week)
    fill(shop, week, 1)
    answer = client.post(reverse("reports:publish"), form_of(seen))
    assert answer.status_code == 409
    assert Board.objects.count() == 1


@pytest.mark.parametrize("role", [Role.GENERAL_MANAGER, Role.DEPARTMENT_MANAGER])
def test_managers_see_the_figures_before_they_are_published_but_no_button(client, shop, week, role):
    fill(shop, week)
    seen = page(client, shop.login(role, department=shop.home if role == Role.DEPARTMENT_MANAGER else None), week)
    assert (seen.context["is_live"], "publish" in seen.context["banner"]) == (True, False)
    assert "100.00" in text(seen)


@pytest.mark.parametrize("role", [Role.CARE_AGENT, Role.FINANCE, Role.REGIONAL_VIEWER])
def test_the_others_see_only_what_is_published(client, shop, week, role):
    fill(shop, week)
    user = shop.login(role)
    assert "Nothing is published for this period yet." in text(page(client, user, week))
    publish(shop, week)
    fill(shop, week, 1, {"reception": 20, "overall": 20})
    seen = page(client, user, week)
    assert (seen.context["is_live"], seen.context["figures"][0]["value"]) == (False, "100.00")
    assert "changed since" not in text(seen)


def test_an_employee_reads_the_own_name_only(client, shop, week):
    fill(shop, week)
    user = shop.login(Role.CARE_AGENT)
    shop.advisers[0].user = user
    shop.advisers[0].save()
    user.grants.all().delete()
    publish(shop, week)
    seen = page(client, user, week)
    names = {row["key"]: row["name"] for row in seen.context["rows"] if row["person"]}
    assert names == {f"e:{shop.advisers[0].pk}": "例小陈", f"e:{shop.technicians[0].pk}": "例**"}
    assert "例小马" not in text(seen)
    assert "Names of others are hidden." in text(seen)
    opens = {row["key"]: bool(row["url"]) for row in seen.context["rows"] if row["person"]}
    assert opens == {f"e:{shop.advisers[0].pk}": True, f"e:{shop.technicians[0].pk}": False}
    assert "open" not in page(client, user, week, open=f"e:{shop.technicians[0].pk}").context
    board = Board.objects.get()
    own = client.get(reverse("reports:answers", args=[board.pk, f"e:{shop.advisers[0].pk}"]))
    other = client.get(reverse("reports:answers", args=[board.pk, f"e:{shop.technicians[0].pk}"]))
    assert (own.status_code, other.status_code) == (200, 403)
    assert "测试甲" not in text(own)
    assert "RO-" not in text(own)


def test_a_store_may_show_all_names(client, shop, week):
    PolicyVersion.objects.create(
        store=shop.store, kind="targets", data={"names_for_employees": "full"}, effective_from=shop.local(2020, 1, 1)
    )
    fill(shop, week)
    user = shop.login(Role.CARE_AGENT)
    shop.advisers[0].user = user
    shop.advisers[0].save()
    user.grants.all().delete()
    publish(shop, week)
    assert "例小马" in text(page(client, user, week))


def test_a_department_manager_opens_single_answers_of_the_own_department_only(client, shop, week):
    fill(shop, week)
    manager = shop.login(Role.DEPARTMENT_MANAGER, department=shop.home)
    client.force_login(manager)
    board = publish(shop, week)
    lines = {f"d:{shop.home.pk}": 200, f"e:{shop.advisers[0].pk}": 200, f"s:{shop.store.pk}": 403}
    assert {key: client.get(reverse("reports:answers", args=[board.pk, key])).status_code for key in lines} == lines
    live = reverse("reports:live_answers", args=["csi", week.code, f"d:{shop.home.pk}"])
    assert client.get(live).status_code == 200


def test_a_figure_opens_to_its_questions_and_single_answers(client, shop, week):
    fill(shop, week, 4)
    fill(shop, week, 1, {"reception": 40, "explanation": None, "overall": 60})
    manager = shop.login(Role.CARE_MANAGER)
    seen = page(client, manager, week, open=f"e:{shop.advisers[0].pk}")
    parts = seen.context["open"]["factors"][0]["parts"]
    assert [(part["text"], part["score"], part["n"], part["low"]) for part in parts] == [
        ("Reception", "88.00", 5, 1),
        ("Explanation", "100.00", 4, 0),
    ]
    # 4 × 100 and one 40, the question that did not apply left out
    assert (seen.context["open"]["score"], seen.context["open"]["n"]) == ("88.00", 5)
    singles = client.get(seen.context["open"]["answers_url"])
    rows = singles.context["responses"]
    assert sorted(row["score"] for row in rows) == ["100.00"] * 4 + ["40.00"]
    low = next(row for row in rows if row["low"])
    assert [(one["question"], one["points"]) for one in low["answers"]] == [("Reception", 40), ("Explanation", None)]


def test_the_parts_of_a_frozen_figure_stay_what_they_were(client, shop, week):
    fill(shop, week)
    board = publish(shop, week)
    fill(shop, week, 3, {"reception": 20, "overall": 20})
    client.force_login(shop.login(Role.CARE_MANAGER))
    seen = client.get(board.get_absolute_url(), {"open": f"s:{shop.store.pk}"})
    assert {part["n"] for part in seen.context["open"]["factors"][0]["parts"]} == {5}
    answers = client.get(reverse("reports:answers", args=[board.pk, f"s:{shop.store.pk}"]))
    assert len(answers.context["responses"]) == 5


def test_insufficient_samples_are_said_and_not_scored(client, shop, week):
    fill(shop, week, 4)
    seen = page(client, shop.login(Role.CARE_MANAGER), week)
    row = next(row for row in seen.context["rows"] if row["person"])
    assert (row["few"], row["score"], row["rank"], row["band"], row["target"]) == (
        True,
        "Insufficient sample",
        "",
        "",
        "",
    )
    assert "100.00" not in text(seen)


def test_a_month_that_is_not_valid_is_accepted_by_the_general_manager(client, shop):
    today = shop.store.local_date(timezone.now())
    month = Period.of("month", today).previous().previous()  # judged for sure
    for _ in range(10):
        shop.callback(month.start)
    boss = shop.login(Role.GENERAL_MANAGER)
    seen = page(client, boss, month)
    assert "The sample is not valid: the score is for information only" in text(seen)
    form = dict(seen.context["month"]["hidden"]) | {"submit_key": seen.context["month"]["submit_key"]}
    refused = client.post(reverse("reports:accept"), form)
    assert "Say why the month counts although its sample is not valid." in text(refused)
    assert client.post(reverse("reports:accept"), form | {"reason": "系统停机"}).status_code == 302
    assert MonthAcceptance.objects.get().reason == "系统停机"
    assert "the general manager accepted the month" in text(page(client, boss, month))
    assert "form" not in page(client, boss, month).context["month"]


def test_the_care_manager_may_not_accept(client, shop):
    month = Period.of("month", shop.store.local_date(timezone.now())).previous().previous()
    shop.callback(month.start)
    seen = page(client, shop.login(Role.CARE_MANAGER), month)
    assert "form" not in seen.context["month"]


def test_the_present_week_runs_and_is_not_offered_for_publishing(client, shop, week):
    seen = page(client, shop.login(Role.CARE_MANAGER), week.next())
    assert "These are the figures so far." in text(seen)
    assert "publish" not in seen.context["banner"]
    assert seen.context["next_url"] == ""


@pytest.mark.parametrize("asked", [{"week": "2025-W53"}, {"month": "x"}, {"week": "0000-W01"}, {"kind": "nps"}, {}])
def test_an_address_without_sense_shows_the_last_week(client, shop, week, asked):
    client.force_login(shop.login(Role.CARE_MANAGER))
    assert client.get(reverse("reports:boards"), asked).context["period"] == week


def test_the_page_is_chinese_for_chinese_readers(client, shop, week):
    fill(shop, week)
    publish(shop, week)
    shown = text(page(client, shop.login(Role.CARE_MANAGER), week, "zh-hans"))
    for word in (
        "满意度成绩",
        "门店 CSI",
        "回访成功率",
        "调查成功率",
        "达标",
        "优秀",
        "近 8 周",
        "第 1 版",
        "顾问",
        "技师",
    ):
        assert word in shown
    for word in ("Store CSI", "Contacted", "Revision", "Advisers", "Target"):
        assert word not in shown


@pytest.mark.parametrize(("responses", "people"), [(6, 0), (24, 12)])
def test_the_page_asks_the_same_number_of_queries(client, shop, week, responses, people, django_assert_num_queries):
    random_life(shop, week.start, 7, seed=5, responses=responses)
    for place in range(people):
        shop.respond(noon(shop, week.start), GOOD, advisor=shop.hire(f"例{place}"))
    publish(shop, week)
    fill(shop, week, 1)
    request = page(client, shop.login(Role.CARE_MANAGER), week, open=f"d:{shop.home.pk}").wsgi_request
    with django_assert_num_queries(15):  # without the frame's own
        BoardPage(request, "csi", week).context()


def test_a_board_of_another_store_is_not_there(client, shop, week):
    other = Shop("B1")
    board = publish(other, week)
    client.force_login(shop.login(Role.GENERAL_MANAGER))
    assert client.get(board.get_absolute_url()).status_code == 404
    assert client.get(reverse("reports:answers", args=[board.pk, f"s:{other.store.pk}"])).status_code == 404
