"""The pages as their people use them: what is shown, what a click does, what a conflict says, how many queries."""

import io
import re
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
import time_machine
from django.urls import reverse

from complaints.models import Breach
from csi_portal.organization import hooks
from csi_portal.organization.models import AuditLine, Employee
from incentives import services
from incentives.models import Adoption, LedgerEntry, Month, Objection, Proposal, Wage
from incentives.tests.making import DAY, HOUR, NOW, OCTOBER, Shop

END = NOW + 15 * DAY
MONTH_URL = "/ledger/months/2026-10/"


@pytest.fixture
def at():
    """Set the clock of the pages."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def page(client, shop, at):
    """Open a page as somebody: page("gm", "/ledger/") -> response; more is posted."""

    def open_page(who, url, data=None, language="en"):
        client.force_login(shop.users[who])
        headers = {"accept-language": language}
        if data is None:
            return client.get(url, headers=headers)
        return client.post(url, data, headers=headers)

    return open_page


def text(response) -> str:
    """The visible words, in one line."""
    plain = re.sub(r"<(script|style)\b.*?</\1>", "", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", plain))


def hidden(response, name: str) -> str:
    form = response.content.decode().partition('class="ap-foot"')[2] or response.content.decode()
    found = re.search(rf'name="{name}" value="([^"]*)"', form)
    return found[1] if found else ""


def waiting(shop, **columns) -> Proposal:
    form = shop.late_transfer(**columns)
    shop.look(form)
    return Proposal.objects.get(evidence_key=f"form:{form.number}")


# -- the approval desk


def test_the_desk_shows_what_waits_with_its_reasons(page, shop):
    waiting(shop)
    shown = page("gm", "/approvals/")
    assert shown.status_code == 200
    words = text(shown)
    for part in ("P1 Complaint process broken", "−¥50.00", "例agent", "A1-20261020-001", "5 min late"):
        assert part in words


def test_an_empty_desk_says_so(page):
    assert "Nothing waits for your decision" in text(page("gm", "/approvals/"))


@pytest.mark.parametrize("who", ["care", "clerk", "agent", "boss"])
def test_the_desk_is_for_who_decides(page, who):
    assert page(who, "/approvals/").status_code == 403


def test_approving_posts_and_opens_the_next(page, shop):
    first, second = waiting(shop), waiting(shop)
    shown = page("gm", f"/approvals/?item=entry:{first.pk}")
    data = {name: hidden(shown, name) for name in ("version", "submit_key", "next")}
    answer = page("gm", reverse("incentives:approve", args=[first.pk]), {**data, "note": "属实"})
    assert answer["Location"] == f"/approvals/?item=entry:{second.pk}"
    assert LedgerEntry.objects.get().proposal == first
    assert "Approved and posted as entry 1: −¥50.00 for 例agent" in text(page("gm", answer["Location"]))


def test_a_double_click_posts_once(page, shop):
    row = waiting(shop)
    shown = page("gm", "/approvals/")
    data = {name: hidden(shown, name) for name in ("version", "submit_key", "next")}
    answers = [page("gm", reverse("incentives:approve", args=[row.pk]), data) for _click in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert LedgerEntry.objects.count() == 1


def test_what_changed_since_shown_is_a_conflict_that_keeps_the_note(page, shop):
    row = waiting(shop)
    shown = page("gm", "/approvals/")
    services.choose_amount(row, Decimal(80), by=shop.care, now=NOW, reason="情节")
    data = {name: hidden(shown, name) for name in ("version", "submit_key")}
    answer = page("gm", reverse("incentives:approve", args=[row.pk]), {**data, "note": "我的批示"})
    assert answer.status_code == 409
    assert "changed since it was shown" in text(answer)
    assert "我的批示" in answer.content.decode()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("version", ["", "x", "9999999999999"])
def test_a_decision_without_the_version_shown_is_a_conflict(page, shop, version):
    row = waiting(shop)
    answer = page("gm", reverse("incentives:approve", args=[row.pk]), {"version": version})
    assert answer.status_code == 409


def test_rejecting_without_a_reason_is_said_beside_the_matter(page, shop):
    row = waiting(shop)
    answer = page("gm", reverse("incentives:reject", args=[row.pk]), {"version": row.version})
    assert answer.status_code == 200
    assert "Rejecting needs a reason" in text(answer)
    page("gm", reverse("incentives:reject", args=[row.pk]), {"version": row.version, "note": "不属实"})
    row.refresh_from_db()
    assert row.status == "rejected"


def test_what_was_decided_meanwhile_is_said_and_the_next_is_shown(page, shop):
    row = waiting(shop)
    waiting(shop)
    services.reject(row, by=shop.group, now=NOW, note="x")
    words = text(page("gm", f"/approvals/?item=entry:{row.pk}"))
    assert "has been decided or withdrawn" in words


def test_ones_own_matter_is_not_on_the_desk(page, shop):
    Employee.objects.filter(pk=shop.agent.pk).update(user=shop.gm)
    row = waiting(shop, agent=shop.gm)
    assert "Nothing waits" in text(page("gm", "/approvals/"))
    assert page("gm", reverse("incentives:approve", args=[row.pk]), {"version": 1}).status_code == 403
    assert "P1" in text(page("group", "/approvals/"))


def test_bonuses_are_approved_together_and_a_changed_one_stays(page, shop):
    for amount in ("100.00", "200.00", "300.00"):
        services.propose_by_hand(
            shop.store, "A9", employee=shop.agent, amount=Decimal(amount), reason="锦旗", by=shop.care, now=NOW
        )
    waiting(shop)
    shown = page("gm", "/approvals/")
    assert "3 bonuses +¥600.00" in text(shown)
    rows = re.findall(r'name="row" value="([^"]*)"', shown.content.decode())
    Proposal.objects.filter(kind="bonus", amount=Decimal("200.00")).update(version=2)
    answer = page("gm", reverse("incentives:approve_bonuses"), {"row": [*rows, "x", "1:y"], "submit_key": ""})
    assert answer["Location"] == "/approvals/"
    assert sorted(LedgerEntry.objects.values_list("amount", flat=True)) == [Decimal("100.00"), Decimal("300.00")]
    assert "1 changed since they were shown" in text(page("gm", "/approvals/"))


def test_keys_and_places_of_the_desk(page, shop):
    first, second, third = waiting(shop), waiting(shop), waiting(shop)
    html = page("gm", f"/approvals/?item=entry:{second.pk}").content.decode()
    for key in "JKAR":
        assert html.count(f'data-key="{key}"') == 1
    assert f'href="/approvals/?item=entry:{third.pk}" data-key="J"' in html
    assert f'href="/approvals/?item=entry:{first.pk}" data-key="K"' in html
    assert html.count("btn-primary") == 1


def test_another_floor_puts_its_matters_on_the_desk(page, shop, monkeypatch):
    monkeypatch.setattr(hooks, "_panels", {**hooks._panels, "approvals": list(hooks._panels["approvals"])})

    def closing(request, subject):
        if subject is None:
            item = {"key": "closing:7", "title": "Noise", "sub": "例", "due": None, "amount": None, "overdue": True}
            return {"key": "closing", "title": "To close", "order": 10, "items": [item]}
        if subject != "closing:7":
            return None
        return {"template": "incentives/_today_decisions.html", "foot": "components/field_errors.html", "text": "X7"}

    hooks.register_panel("approvals", closing)
    waiting(shop)
    words = text(page("gm", "/approvals/"))
    assert words.index("To close") < words.index("Proposed rewards and penalties")
    assert "X7" in words
    assert 'rail-n-over">2' in page("gm", "/approvals/").content.decode().replace('" title="Something is overdue"', '"')


def test_the_desk_takes_a_fixed_number_of_queries(page, shop, django_assert_max_num_queries):
    waiting(shop)
    page("gm", "/approvals/")
    with django_assert_max_num_queries(60) as few:
        page("gm", "/approvals/")
    for _line in range(5):
        waiting(shop)
    with django_assert_max_num_queries(60) as many:
        page("gm", "/approvals/")
    assert len(few) == len(many)


def test_an_objection_is_ruled_on_at_the_desk(page, shop):
    entry = shop.posted()
    row = services.file_objection(entry, by=shop.agent.user, reason="系统停机", now=NOW)
    shown = page("gm", "/approvals/")
    assert "系统停机" in text(shown)
    url = reverse("incentives:rule_objection", args=[row.pk])
    assert "upheld or denied" in text(page("gm", url, {"note": "x"}))
    assert "needs its reasons" in text(page("gm", url, {"decision": "uphold"}))
    page("gm", url, {"decision": "uphold", "note": "属实"})
    row.refresh_from_db()
    assert (row.upheld, LedgerEntry.objects.filter(reverses=entry).count()) == (True, 1)


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "evil"])
def test_next_never_leads_out(page, shop, target):
    row = waiting(shop)
    answer = page("gm", reverse("incentives:approve", args=[row.pk]), {"version": row.version, "next": target})
    assert answer["Location"] == "/approvals/"


# -- ledger and entry


def test_the_ledger_filters_and_pages(page, shop, monkeypatch):
    monkeypatch.setattr("incentives.views.ledger.PAGE_SIZE", 2)
    for _line in range(3):
        shop.posted()
    shop.award(shop.technician)
    first = page("clerk", "/ledger/")
    assert "例tech" in text(first) and "Older" in text(first)
    older = re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1].replace("&amp;", "&")
    assert len(re.findall(r'class="num c-amt"', page("clerk", f"/ledger/{older}").content.decode())) == 2
    monkeypatch.setattr("incentives.views.ledger.PAGE_SIZE", 50)
    for query, lines in [
        ("month=2026-10", 4),
        ("month=2026-09", 4),  # not a month of the ledger: filters nothing
        ("rule=A9", 1),
        ("kind=penalty", 3),
        ("q=例tech", 1),
        ("q=20261020-002", 1),
        ("q=2", 1),
        ("q=%25", 0),
        (f"department={shop.departments['customer_care'].pk}", 3),
        ("department=x", 4),
        ("q=" + "x" * 500, 4),
    ]:
        html = page("clerk", f"/ledger/?{query}").content.decode()
        assert (query, len(re.findall(r'class="num c-amt"', html))) == (query, lines)


def test_the_ledger_takes_a_fixed_number_of_queries(page, shop, django_assert_num_queries):
    shop.posted()
    page("clerk", "/ledger/")
    with django_assert_num_queries(20) as few:
        page("clerk", "/ledger/")
    for _line in range(4):
        shop.posted()
    with django_assert_num_queries(len(few)):
        page("clerk", "/ledger/")


@pytest.mark.parametrize(("who", "status"), [("clerk", 200), ("gm", 200), ("agent", 200), ("tech", 404), ("care", 404)])
def test_an_entry_is_for_finance_management_and_its_person(page, shop, who, status):
    entry = shop.posted()
    assert page(who, f"/ledger/entries/{entry.pk}/").status_code == status


def test_another_stores_entry_does_not_exist(page, shop):
    entry = Shop("B1").posted()
    for who in ("clerk", "gm", "agent"):
        assert page(who, f"/ledger/entries/{entry.pk}/").status_code == 404


def test_the_person_confirms_or_objects_on_the_page(page, shop):
    entry = shop.posted()
    url = f"/ledger/entries/{entry.pk}/"
    words = text(page("agent", url))
    assert "Is this right?" in words and "5 min late" in words
    assert "Is this right?" not in text(page("clerk", url))
    short = page("agent", f"{url}object/", {"reason": ""})
    assert short.status_code == 200 and "This field is required" in text(short)
    page("agent", f"{url}object/", {"reason": "系统停机"})
    assert Objection.objects.get().reason == "系统停机"
    assert "to be ruled on by 10-23 24:00" in text(page("agent", url))
    second = shop.posted()
    page("agent", f"/ledger/entries/{second.pk}/confirm/", {})
    second.notice.refresh_from_db()
    assert second.notice.confirmed_at == NOW


def test_somebody_else_neither_confirms_nor_objects(page, shop):
    entry = shop.posted()
    for who, status in (("clerk", 403), ("gm", 403), ("tech", 404)):
        for act in ("confirm", "object"):
            assert page(who, f"/ledger/entries/{entry.pk}/{act}/", {"reason": "x"}).status_code == status


def test_a_customers_or_persons_text_is_shown_as_text(page, shop):
    nasty = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7|add:7 }}'
    Employee.objects.filter(pk=shop.agent.pk).update(name="<b>名</b>")
    shop.agent.refresh_from_db()
    entry = shop.posted()
    services.file_objection(entry, by=shop.agent.user, reason=nasty, now=NOW)
    for who, url in [("gm", "/approvals/"), ("agent", f"/ledger/entries/{entry.pk}/"), ("clerk", MONTH_URL)]:
        html = page(who, url).content.decode()
        assert "<script>alert" not in html and "<img src=x" not in html and "<b>名" not in html


# -- the month


def test_the_month_page_says_what_is_in_the_way(page, shop, at):
    shop.posted()
    shop.board()
    waiting(shop)
    words = text(page("clerk", MONTH_URL))
    for part in (
        "2026-10 closing",
        "CSI of 2026-10 is published (revision 1)",
        "SSI of 2026-10 is not published; P4 Month score below target waits",
        "1 proposal waits for its decision",
        "1 line may still be objected to; it is held back",
        "The month is not over",
        "Ledger total −¥50.00",
        "1 line held back +¥50.00",
        "Paid ¥0.00",
    ):
        assert part in words, part


def test_a_missing_wage_is_named_and_entered(page, shop, at):
    shop.posted(now=NOW - 8 * DAY, received_at=NOW - 9 * DAY)
    assert "Gross wage missing, the cap is unknown: 例agent" in text(page("clerk", MONTH_URL))
    url = f"{MONTH_URL}wages/"
    key = shop.agent.pk
    assert f'name="gross-{key}"' in page("clerk", url).content.decode()
    for bad in ("-5", "1e3", "1_000", "５０００", "5,000", "5000.001", "abc"):
        answer = page("clerk", url, {f"gross-{key}": bad})
        assert answer.status_code == 200 and "Enter an amount like" in text(answer), bad
    assert "Enter the gross wage too" in text(page("clerk", url, {f"minimum-{key}": "2690"}))
    answer = page("clerk", url, {f"gross-{key}": "5000", f"minimum-{key}": "2690.00", "gross-999999": "1"})
    assert answer["Location"] == MONTH_URL
    wage = Wage.objects.get()
    assert (wage.gross, wage.local_minimum) == (Decimal("5000.00"), Decimal("2690.00"))
    assert "The wage cap is known for everybody" in text(page("clerk", MONTH_URL))
    for who in ("gm", "care", "agent"):
        assert page(who, url).status_code == 403


def test_finance_asks_and_the_general_manager_locks_on_the_page(page, shop, at):
    shop.posted()
    at.move_to(END)
    shown = page("clerk", MONTH_URL)
    page("clerk", f"{MONTH_URL}ask/", {"seen": hidden(shown, "seen"), "submit_key": ""})
    assert Month.objects.get().status == "locking"
    assert "waits for the second person" in text(page("clerk", "/"))
    assert "waits for your confirmation" in text(page("gm", "/"))
    assert "Confirm and lock" not in text(page("clerk", MONTH_URL))
    shown = page("gm", MONTH_URL)
    page("gm", f"{MONTH_URL}lock/", {"seen": hidden(shown, "seen"), "submit_key": ""})
    assert Month.objects.get().status == "locked"
    locked = page("clerk", MONTH_URL)
    assert "Asked for by clerk, confirmed by gm" in text(locked)
    assert "Download the sheet" in text(locked)
    assert locked.content.decode().count("btn-primary") == 1


def test_the_lock_refuses_figures_that_changed_since_shown(page, shop, at):
    shop.posted()
    shown = page("clerk", MONTH_URL)
    shop.posted()
    assert page("clerk", f"{MONTH_URL}ask/", {"seen": hidden(shown, "seen")}).status_code == 409
    assert page("clerk", f"{MONTH_URL}ask/", {}).status_code == 409
    assert Month.objects.get().status == "open"


def test_who_asked_cannot_confirm_and_may_take_it_back(page, shop, at):
    shop.posted()
    services.ask_lock(shop.store, OCTOBER, by=shop.clerk, now=NOW)
    shown = page("gm", MONTH_URL)
    assert page("clerk", f"{MONTH_URL}lock/", {"seen": hidden(shown, "seen")}).status_code == 403
    assert "needs a reason" in text(page("clerk", f"{MONTH_URL}back/", {}))
    page("clerk", f"{MONTH_URL}back/", {"reason": "再核"})
    assert Month.objects.get().status == "open"


def test_the_sheet_is_downloaded_by_finance_alone_and_written_down(page, shop, at):
    shop.posted()
    trial = page("clerk", f"{MONTH_URL}sheet/", {})
    assert trial["Content-Disposition"] == 'attachment; filename="A1-2026-10-trial.xlsx"'
    shop.lock(now=NOW)
    first, second = (page("clerk", f"{MONTH_URL}sheet/", {}) for _time in range(2))
    assert first.content == second.content
    rows = {row[0]: row[1] for row in openpyxl.load_workbook(io.BytesIO(first.content)).worksheets[0].values if row}
    assert Decimal(str(rows["Ledger total"])) == LedgerEntry.objects.get().amount
    assert AuditLine.objects.filter(action="month.exported", actor=shop.clerk).count() == 3
    assert page("clerk", f"{MONTH_URL}sheet/").status_code == 405
    for who in ("gm", "care", "agent"):
        assert page(who, f"{MONTH_URL}sheet/", {}).status_code == 403


def test_the_filters_over_a_months_lines(page, shop, at):
    shop.posted()
    shop.award(shop.technician)
    shop.board()
    shop.look_at_month()
    services.approve(Proposal.objects.get(status="proposed"), by=shop.gm, now=NOW)
    for query, lines in [("", 3), ("penalty", 2), ("bonus", 1), ("held", 2), ("account", 1), ("nonsense", 3)]:
        html = page("clerk", f"{MONTH_URL}?show={query}").content.decode()
        assert (query, len(re.findall(r'class="num c-amt"', html))) == (query, lines)


def test_the_months_link_leads_to_the_month_to_close(page, shop, at):
    assert page("clerk", "/ledger/months/")["Location"] == "/ledger/months/2026-09/"
    shop.posted(received_at=NOW - 70 * DAY, now=NOW - 69 * DAY)
    assert page("clerk", "/ledger/months/")["Location"] == "/ledger/months/2026-08/"


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "1999-01", "x", "2026-1", "2026-10-01", "20261"])
def test_a_month_that_is_none_does_not_exist(page, shop, month):
    for who in ("clerk", "gm"):
        assert page(who, f"/ledger/months/{month}/").status_code == 404


def test_the_month_page_takes_a_fixed_number_of_queries(page, shop, at, django_assert_num_queries):
    shop.posted()
    page("clerk", MONTH_URL)
    with django_assert_num_queries(26) as few:
        page("clerk", MONTH_URL)
    for _line in range(4):
        shop.posted()
    with django_assert_num_queries(len(few)):
        page("clerk", MONTH_URL)


# -- proposals


def test_the_care_manager_sees_proposals_and_chooses_an_amount(page, shop):
    row = waiting(shop)
    assert "P1 Complaint process broken" in text(page("care", "/ledger/proposals/"))
    assert "P1" not in text(page("care", "/ledger/proposals/?status=rejected")).split("Proposed")[-1]
    url = f"/ledger/proposals/{row.pk}/"
    shown = page("care", url)
    assert "between ¥50.00 and ¥100.00" in text(shown)
    data = {"version": hidden(shown, "version"), "reason": "情节"}
    assert "between" in text(page("care", f"{url}amount/", {**data, "amount": "500"}))
    page("care", f"{url}amount/", {**data, "amount": "80"})
    row.refresh_from_db()
    assert row.chosen_amount == Decimal("-80.00")
    assert page("care", f"{url}amount/", {**data, "amount": "60"}).status_code == 409
    assert page("gm", f"{url}amount/", {**data, "amount": "60"}).status_code == 403


def test_a_line_by_hand_through_the_page(page, shop):
    form = shop.form()
    data = {"rule": "P1", "employee": shop.agent.pk, "complaint": form.number, "reason": "未按流程", "submit_key": ""}
    assert "no form with this number" in text(page("care", "/ledger/proposals/new/", {**data, "complaint": "B1-1"}))
    assert "must lie between" in text(page("care", "/ledger/proposals/new/", {**data, "amount": "500"}))
    answer = page("care", "/ledger/proposals/new/", data)
    row = Proposal.objects.get()
    assert answer["Location"] == f"/ledger/proposals/{row.pk}/"
    assert (row.rule, row.amount, row.proposed_by) == ("P1", Decimal("-50.00"), shop.care)
    other = Shop("B1")
    refused = page("care", "/ledger/proposals/new/", {**data, "employee": other.agent.pk})
    assert refused.status_code == 200 and "Select a valid choice" in text(refused)
    for who in ("gm", "clerk", "agent"):
        assert page(who, "/ledger/proposals/new/").status_code == 403


def test_a_mistake_is_taken_back_from_the_proposals_page(page, shop):
    entry = shop.posted()
    url = f"/ledger/proposals/{entry.proposal_id}/"
    assert "This was a mistake" in text(page("care", url))
    page("care", f"{url}reverse/", {"reason": "录错", "submit_key": ""})
    assert Proposal.objects.get(kind="reversal").reverses == entry
    assert "This was a mistake" not in text(page("care", url))


# -- rules, notice board, own page


def test_everybody_reads_the_rules_and_the_general_manager_switches(page, shop):
    for who in ("agent", "tech", "care", "clerk"):
        words = text(page(who, "/ledger/rules/"))
        assert "P2 Complaint neglected" in words and "¥100.00 each; ¥200.00" in words
        assert "Switch penalties off" not in words
    adoption = Adoption.objects.get()
    assert "Switch penalties off" in text(page("gm", "/ledger/rules/"))
    page("gm", f"/ledger/rules/adoption/{adoption.pk}/end/", {"reason": "修订", "submit_key": ""})
    adoption.refresh_from_db()
    assert adoption.ended_on == date(2026, 10, 20)
    assert "cost nobody anything until" in text(page("tech", "/ledger/rules/"))
    data = {"adopted_on": "2026-10-19", "announced_on": "2026-10-20", "treatment": "compensation", "submit_key": ""}
    bad = page("gm", "/ledger/rules/adoption/", {**data, "announced_on": "2026-10-01"})
    assert "adopted first, then announced" in text(bad)
    page("gm", "/ledger/rules/adoption/", data)
    assert Adoption.objects.filter(ended_on=None).get().treatment == "compensation"
    assert page("care", "/ledger/rules/adoption/", data).status_code == 403


def test_the_notice_board_names_bonuses_and_only_counts_penalties(page, shop):
    shop.award(shop.technician)
    shop.posted()
    taken_back = shop.posted()
    services.approve(services.propose_reversal(taken_back, by=shop.care, now=NOW, reason="x"), by=shop.gm, now=NOW)
    words = text(page("boss", "/notices/"))
    assert "例tech" in words and "+¥300.00" in words
    assert "1 penalty in total −¥50.00" in words
    assert "例agent" not in words


def test_the_own_page_and_today_show_own_lines(page, shop):
    entry = shop.posted()
    for url in ("/", "/me/"):
        words = text(page("agent", url))
        assert "P1 Complaint process broken" in words and "−¥50.00" in words
        assert "P1 Complaint process broken" not in text(page("tech", url))
    services.confirm_notice(entry.notice, by=shop.agent.user, now=NOW)
    assert "P1 Complaint process broken" not in text(page("agent", "/"))


def test_today_counts_what_waits_for_the_general_manager(page, shop):
    waiting(shop)
    assert "1 reward or penalty to decide" in text(page("gm", "/"))
    assert "to decide" not in text(page("clerk", "/"))


def test_today_reminds_finance_of_a_month_that_is_over(page, shop, at):
    shop.posted()
    at.move_to(END)
    assert "2026-10 is over and not locked" in text(page("clerk", "/"))
    assert "2026-10 is over" not in text(page("gm", "/"))


@pytest.mark.parametrize(
    ("who", "url"),
    [
        ("gm", "/approvals/"),
        ("clerk", "/ledger/"),
        ("clerk", MONTH_URL),
        ("clerk", f"{MONTH_URL}wages/"),
        ("care", "/ledger/proposals/"),
        ("care", "/ledger/proposals/new/"),
        ("tech", "/ledger/rules/"),
        ("tech", "/notices/"),
        ("agent", "/me/"),
    ],
)
def test_pages_speak_chinese(page, shop, settings, who, url):
    settings.LANGUAGE_CODE = "zh-hans"
    shop.posted()
    waiting(shop)
    shop.award(shop.technician)
    words = re.findall(r"[A-Za-z]{2,}", text(page(who, url, language="zh-hans")))
    known = {*shop.users, "SSI", "CSI", "SHA", "EN", "English", "Ctrl"}
    assert [word for word in words if word not in known and not word.endswith("x")] == []


def test_a_form_that_lost_its_breach_is_gone_from_the_desk_at_once(page, shop):
    row = waiting(shop)
    shown = page("gm", "/approvals/")
    Breach.objects.update(excused_at=NOW + HOUR)
    data = {"version": hidden(shown, "version")}
    answer = page("gm", reverse("incentives:approve", args=[row.pk]), data)
    assert answer.status_code == 409 and "withdrawn" in text(answer)
