"""The pages: upload, preview, mending, progress, result, clarifying, the list; both languages, constant queries."""

import io
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from csi_portal.organization.enums import Role
from csi_portal.organization.models import AuditLine, Department, Employee, RoleGrant, Store, User
from csi_portal.organization.permissions import SYSTEM
from surveys.models import ImportBatch, ImportRow, Visit
from surveys.services import imports
from surveys.services.imports import running, staging

from ..dms.build import SALE_HEADER, SERVICE_HEADER, sale_row, service_row, workbook, xls, xlsx

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def store():
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


@pytest.fixture
def client(store):
    user = User.objects.create_user("agent", last_name="例", first_name="客服")
    RoleGrant.objects.create(user=user, role=Role.CARE_AGENT, store=store)
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


MIXED = (
    service_row(1),
    service_row(2, 手机号="1990000"),
    service_row(1, 金额=5),
    service_row(3, 结算时间=None),
    service_row(4),
)


def file_of(*rows) -> bytes:
    return xlsx([SERVICE_HEADER, *(rows or MIXED)])


def post_file(client, data: bytes, name="九月.xlsx", key=None, **more):
    form = {"file": SimpleUploadedFile(name, data), "submit_key": key or str(uuid.uuid4()), "kind": ""} | more
    return client.post(reverse("surveys:import"), form)


def text_of(response) -> str:
    return response.content.decode()


def test_the_whole_way_from_the_file_to_the_list(client):
    answer = post_file(client, file_of())
    batch = ImportBatch.objects.get()
    assert answer.url == reverse("surveys:import_batch", args=[batch.pk])

    page = text_of(client.get(answer.url))
    assert "Import 2 orders" in page
    assert "The mobile number has only 7 digits." in page
    assert "row 3" in page
    unclear = text_of(client.get(answer.url + "?show=review"))
    assert "Not settled yet: the closing time is empty." in unclear

    confirmed = client.post(reverse("surveys:import_confirm", args=[batch.pk]), {"submit_key": str(uuid.uuid4())})
    assert confirmed.url == answer.url
    assert "The orders are being stored" in text_of(client.get(answer.url))
    assert running.work_off(NOW) == {"imports": 1}
    done = text_of(client.get(answer.url))
    assert "Refused rows (xlsx)" in done
    assert "Clarify 1 row" in done
    listed = text_of(client.get(reverse("surveys:visits")))
    assert "RO000001" in listed
    assert "199-****-0001" in listed
    assert "19900000001" not in listed


def test_a_double_click_uploads_and_confirms_once(client):
    key = str(uuid.uuid4())
    first, second = (post_file(client, file_of(), key=key) for _time in range(2))

    assert first.url == second.url
    batch = ImportBatch.objects.get()
    confirm = reverse("surveys:import_confirm", args=[batch.pk])
    answers = [client.post(confirm, {"submit_key": key_two}) for key_two in [str(uuid.uuid4())] * 2]
    assert [answer.status_code for answer in answers] == [302, 302]


def test_a_second_person_who_confirms_meets_a_conflict(client):
    post_file(client, file_of())
    batch = ImportBatch.objects.get()
    confirm = reverse("surveys:import_confirm", args=[batch.pk])
    client.post(confirm, {"submit_key": str(uuid.uuid4())})

    answer = client.post(confirm, {"submit_key": str(uuid.uuid4())})

    assert answer.status_code == 409
    assert "This file has been confirmed or put away already." in text_of(answer)


BAD_FILES = [
    (b"", "The file is empty.", "文件是空的。"),
    (b"\x89PNG\r\n\x1a\n\0\0", "This is not a spreadsheet.", "这不是表格文件。"),
    (file_of()[:700], "The file is damaged or incomplete.", "文件已损坏或不完整。"),
    (xls([SERVICE_HEADER, service_row(1)], password=True), "protected by a password", "文件有密码保护。"),
    (
        xlsx([SERVICE_HEADER[:4] + SERVICE_HEADER[5:], service_row(1)[:4] + service_row(1)[5:]]),
        "Sheet “维修工单”, row 1: columns are missing: mobile number.",
        "工作表“维修工单”第 1 行：缺少列：手机号。",
    ),
    (
        xlsx([[*SERVICE_HEADER, "联系电话"], [*service_row(1), "1"]]),
        "the columns 手机号, 联系电话 both mean “mobile number”. Keep only one of them.",
        "手机号、联系电话 都表示“手机号”，请只保留一列。",
    ),
    (xlsx([SERVICE_HEADER]), "There is no data row below the headings.", "表头下面没有数据。"),
]


@pytest.mark.parametrize(("data", "english", "chinese"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_bad_file_is_named_in_both_languages_and_nothing_is_stored(client, data, english, chinese):
    answer = post_file(client, data)

    assert english in text_of(client.get(answer.url))
    assert chinese in text_of(client.get(answer.url, headers={"accept-language": "zh-CN"}))
    assert "Nothing of this file was stored." in text_of(client.get(answer.url))
    assert (Visit.objects.count(), ImportRow.objects.count()) == (0, 0)


def test_a_file_over_the_limit_is_answered_quickly(client, monkeypatch):
    monkeypatch.setattr(staging, "MAX_FILE_MB", 0)

    answer = post_file(client, file_of())

    assert "The file is larger than 0 MB." in text_of(client.get(answer.url))


def test_no_file_is_said_on_the_form(client):
    answer = client.post(reverse("surveys:import"), {"kind": ""})

    assert answer.status_code == 200
    assert "Choose a file first." in text_of(answer)


def test_headings_that_do_not_tell_ask_for_the_kind(client):
    header = ["单号", "车架号", "客户姓名", "手机号", "完成时间"]
    row = ["X1001", "L00TEST0000000001", "例一", "19900000001", "2026-09-02 10:00"]
    answer = post_file(client, xlsx([header, row]))
    batch = ImportBatch.objects.get()
    assert "What does the file hold?" in text_of(client.get(answer.url))

    client.post(reverse("surveys:import_kind", args=[batch.pk]), {"kind": "sale"})

    assert "Import 1 order" in text_of(client.get(answer.url))


def test_the_preview_names_what_was_left_aside(client):
    data = workbook(
        {
            "说明": [["x"]],
            "缺列": [["工单号", "车牌号", "客户姓名"], ["RO1", "测Z1", "例"]],
            "维修": [[*SERVICE_HEADER, "工时费"], [*service_row(1), 5]],
            "交车": [SALE_HEADER, sale_row(2)],
        },
        states={"交车": "hidden"},
    )
    answer = post_file(client, data)

    page = text_of(client.get(answer.url))
    assert "Sheet “说明” was left aside: it has no headings of orders." in page
    assert "Sheet “缺列” was left aside, it lacks: mobile number, closing or delivery time." in page
    assert "Columns not used: 工时费." in page
    assert "hidden sheet" in page


def test_a_bad_cell_is_mended_in_the_preview(client):
    answer = post_file(client, file_of())
    row = ImportRow.objects.get(verdict="invalid")
    url = reverse("surveys:import_row", args=[row.pk])

    opened = client.get(url, headers={"hx-request": "true"})
    assert 'value="1990000"' in text_of(opened)
    assert "<html" not in text_of(opened)
    assert "<html" in text_of(client.get(url))
    still_bad = client.post(url, {"phone": "199 0000 000"}, follow=True)
    assert "Row 3: The mobile number has only 10 digits." in text_of(still_bad)
    good = client.post(url, {"phone": "199 0000 0002"}, follow=True)

    assert "Row 3 is good now and will be stored." in text_of(good)
    assert "Import 3 orders" in text_of(client.get(answer.url))


def test_mending_changes_only_the_cells_asked_for(client):
    post_file(client, file_of())
    row = ImportRow.objects.get(verdict="invalid")

    client.post(reverse("surveys:import_row", args=[row.pk]), {"phone": "19900000002", "amount": "9", "order_no": "X"})

    row.refresh_from_db()
    assert (row.values["order_no"], row.values["amount"]) == ("RO000002", "102.50")


def test_while_the_file_is_read_the_page_asks_again_until_it_is_done(client, monkeypatch):
    monkeypatch.setattr(staging, "READ_AT_ONCE", 100)
    answer = post_file(client, file_of())
    assert "The file is being read" in text_of(client.get(answer.url))
    htmx = {"hx-request": "true"}
    polled = client.get(answer.url + "?progress=1", headers=htmx)
    assert "hx-get" in text_of(polled)
    assert "<html" not in text_of(polled)

    running.work_off(NOW)
    polled = client.get(answer.url + "?progress=1", headers=htmx)

    assert (polled.status_code, polled.headers["HX-Redirect"]) == (204, answer.url)


def test_a_failed_import_can_be_tried_again_or_put_away(client, store):
    post_file(client, file_of())
    batch = ImportBatch.objects.get()
    ImportBatch.objects.update(state="failed", errors=[{"code": "failed", "params": {}}])
    page = text_of(client.get(reverse("surveys:import_batch", args=[batch.pk])))
    assert "The import stopped because of a fault in the portal." in page
    assert "Try again" in page

    client.post(reverse("surveys:import_again", args=[batch.pk]))
    assert running.work_off(NOW) == {"imports": 1}
    assert Visit.objects.count() == 2


def test_a_preview_that_was_put_away_stores_nothing(client):
    answer = post_file(client, file_of())
    batch = ImportBatch.objects.get()

    away = client.post(reverse("surveys:import_put_away", args=[batch.pk]), follow=True)

    assert "九月.xlsx was put away, nothing of it is stored." in text_of(away)
    assert "nothing of it is stored" in text_of(client.get(answer.url))
    assert running.work_off(NOW) == {"imports": 0}


def test_refused_rows_come_back_as_a_file_without_formulas(client):
    bad = service_row(2, 手机号="123", 客户姓名="=HYPERLINK(1)", 客户描述="+1@x")
    post_file(client, file_of(service_row(1), bad))
    batch = ImportBatch.objects.get()

    answer = client.get(reverse("surveys:import_refused", args=[batch.pk]))

    assert "filename*=UTF-8''%E4%B9%9D%E6%9C%88" in answer.headers["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["Sheet", "Row", "Reasons", *SERVICE_HEADER]
    assert rows[1][:3] == ["维修工单", "3", "手机号: The mobile number has only 3 digits."]
    assert rows[1][3 + SERVICE_HEADER.index("客户姓名")] == "=HYPERLINK(1)"
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []
    assert AuditLine.objects.filter(action="import.refused_rows_downloaded").count() == 1


def test_an_unclear_row_is_completed_or_dropped_on_the_list(client, store):
    rows = (service_row(3, 结算时间=None), service_row(5, 手机号="0571-88881234"))
    imports.import_file(store, io.BytesIO(file_of(*rows)), name="x.xlsx", by=SYSTEM, now=NOW)
    first, second = ImportRow.objects.filter(state="waiting").order_by("row")
    page = text_of(client.get(reverse("surveys:clarify")))
    assert "Not settled yet: the closing time is empty." in page
    assert "057****34" in page

    url = reverse("surveys:clarify_row", args=[first.pk])
    refused = client.post(url, {"close_time": "2030-01-01 10:00"})
    assert "The time lies in the future." in text_of(refused)
    assert 'value="2030-01-01 10:00"' in text_of(refused)
    stored = client.post(url, {"close_time": "2026-09-05 10:00"}, follow=True)
    assert "Order RO000003 is stored." in text_of(stored)
    landline = reverse("surveys:clarify_row", args=[second.pk])
    kept = client.post(landline, {"phone": "0571-88881234", "accept_landline": "on"}, follow=True)
    assert "Order RO000005 is stored." in text_of(kept)
    assert Visit.objects.get(number="RO000005").customer.phone == "057188881234"
    assert "Nothing is unclear." in text_of(kept)


def test_a_dropped_row_can_be_brought_back_by_undo(client, store):
    imports.import_file(store, io.BytesIO(file_of()), name="x.xlsx", by=SYSTEM, now=NOW)
    row = ImportRow.objects.get(state="waiting")

    dropped = client.post(reverse("surveys:clarify_drop", args=[row.pk]), follow=True)
    assert "Row 5 was dropped, nothing of it is stored." in text_of(dropped)
    assert reverse("surveys:clarify_back", args=[row.pk]) in text_of(dropped)
    twice = client.post(reverse("surveys:clarify_drop", args=[row.pk]))
    assert twice.status_code == 409
    client.post(reverse("surveys:clarify_back", args=[row.pk]))

    row.refresh_from_db()
    assert row.state == "waiting"


def test_what_customers_wrote_is_shown_as_text(client):
    answer = post_file(client, file_of(service_row(1, 客户姓名="<script>x</script>", 手机号="<b>1</b>")))

    page = text_of(client.get(answer.url))

    assert "<script>x" not in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page


def test_a_hostile_file_name_is_cleaned(client):
    post_file(client, file_of(), name="../../a\u202e<b>.xlsx")

    assert ImportBatch.objects.get().file_name == "ab.xlsx"


# --- the list -------------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(store):
    rows = [service_row(number, 结算时间=NOW.replace(tzinfo=None) - timedelta(days=number)) for number in range(1, 61)]
    imports.import_file(store, io.BytesIO(file_of(*rows)), name="x.xlsx", by=SYSTEM, now=NOW)
    sale = xlsx([SALE_HEADER, sale_row(99)], name="交车")
    imports.import_file(store, io.BytesIO(sale), name="y.xlsx", by=SYSTEM, now=NOW)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("RO000007", ["RO000007"]),
        ("ro000007", ["RO000007"]),
        ("测Z·00007", ["RO000007"]),
        ("L00TEST0000000007", ["RO000007"]),
        ("19900000007", ["RO000007"]),
        ("199 0000 0007", ["RO000007"]),
        ("0007", ["RO000007"]),
        ("例专", ["RO000019"]),
        ("%", []),
        ("_", []),
        ("nothing", []),
        ("' OR 1=1", []),
    ],
)
def test_the_search_finds_what_people_type(client, filled, words, expected):
    page = client.get(reverse("surveys:visits"), {"q": words})

    assert [visit.number for visit in page.context["rows"]] == expected


def test_the_list_goes_on_page_by_page_and_kind_by_kind(client, filled):
    url = reverse("surveys:visits")
    first = client.get(url)
    second = client.get(url + first.context["page"].older_url)
    back = client.get(url + second.context["page"].newer_url)
    numbers = [visit.number for page in (first, second) for visit in page.context["rows"]]

    assert numbers[0] == "RO000001"
    assert (len(numbers), len(set(numbers))) == (61, 61)
    assert [visit.pk for visit in back.context["rows"]] == [visit.pk for visit in first.context["rows"]]
    sales = client.get(url, {"kind": "sale"}).context["rows"]
    assert [visit.number for visit in sales] == ["SO000099"]
    assert client.get(url, {"after": "invented", "kind": "'"}).status_code == 200


def test_a_search_by_htmx_answers_with_the_list_alone(client, filled):
    headers = {"hx-request": "true", "hx-target": "visits-list"}

    answer = client.get(reverse("surveys:visits"), {"q": "RO000007"}, headers=headers)

    assert "RO000007" in text_of(answer)
    assert "<html" not in text_of(answer)
    assert "HX-Request" in answer.headers["Vary"]


def test_who_may_not_import_sees_no_way_to(client, store):
    user = User.objects.create_user("boss")
    RoleGrant.objects.create(user=user, role=Role.GENERAL_MANAGER, store=store)
    client.force_login(user)

    page = text_of(client.get(reverse("surveys:visits")))

    assert reverse("surveys:import") not in page
    assert client.get(reverse("surveys:import")).status_code == 403


def test_the_list_of_another_store_is_not_shown(client, filled):
    other = Store.objects.create(code="B1", name="例二店")
    imports.import_file(other, io.BytesIO(file_of(service_row(777))), name="x.xlsx", by=SYSTEM, now=NOW)

    assert client.get(reverse("surveys:visits"), {"q": "RO000777"}).context["rows"] == []
    batch = ImportBatch.objects.get(store=other)
    assert client.get(reverse("surveys:import_batch", args=[batch.pk])).status_code == 404


def test_a_name_is_given_to_an_employee_once_for_all_orders(client, store, filled):
    department = Department.objects.create(store=store, code="after_sales")
    person = Employee.objects.create(store=store, department=department, staff_number="1", name="例甲")
    url = reverse("surveys:advisers")
    page = text_of(client.get(url))
    assert "60 orders" in page

    nobody = client.post(url, {"name": "例顾问", "employee": ""})
    assert nobody.status_code == 200
    done = client.post(url, {"name": "例顾问", "employee": person.pk}, follow=True)

    assert "“例顾问” is 例甲 now, in 60 orders." in text_of(done)
    assert Visit.objects.filter(advisor=person).count() == 60
    assert client.post(url, {"name": "例顾问", "employee": person.pk}).status_code == 409


def test_an_employee_of_another_store_cannot_be_chosen(client, store, filled):
    other = Store.objects.create(code="B1", name="例二店")
    department = Department.objects.create(store=other, code="after_sales")
    stranger = Employee.objects.create(store=other, department=department, staff_number="1", name="例乙")

    client.post(reverse("surveys:advisers"), {"name": "例顾问", "employee": stranger.pk})

    assert Visit.objects.filter(advisor=stranger).count() == 0


# --- constant queries, both languages ---------------------------------------------------------------------------------


def queries_of(client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_no_page_asks_more_for_more_rows(client, store):
    def load(start, size):
        rows = [service_row(start + n, 服务顾问=f"名{start + n}") for n in range(size)]
        rows += [service_row(start + 100 + n, 手机号="1") for n in range(size)]
        rows += [service_row(start + 200 + n, 结算时间=None) for n in range(size)]
        data = io.BytesIO(file_of(*rows))
        imports.import_file(store, data, name="x.xlsx", by=SYSTEM, now=NOW)
        data.seek(0)
        batch = imports.stage_file(store, data, name="x.xlsx", by=SYSTEM, now=NOW)
        urls = [reverse(f"surveys:{name}") for name in ("visits", "import", "clarify", "advisers")]
        urls.append(reverse("surveys:import_batch", args=[batch.pk]))
        return [queries_of(client, url) for url in urls]

    assert load(1000, 1) == load(2000, 12)


def test_every_page_speaks_both_languages(client, store):
    imports.import_file(store, io.BytesIO(file_of()), name="x.xlsx", by=SYSTEM, now=NOW)
    batch = imports.stage_file(store, io.BytesIO(file_of()), name="x.xlsx", by=SYSTEM, now=NOW)
    waiting = ImportRow.objects.get(state="waiting")
    pages = {
        reverse("surveys:visits"): ("Business records", "业务单"),
        reverse("surveys:import"): ("What the file needs", "文件要求"),
        reverse("surveys:import_batch", args=[batch.pk]): ("How it was read", "读取方式"),
        reverse("surveys:clarify"): ("To be clarified", "待核实"),
        reverse("surveys:clarify_row", args=[waiting.pk]): ("Store the order", "保存此单"),
        reverse("surveys:advisers"): ("Names to assign", "待对应的顾问"),
    }
    for url, (english, chinese) in pages.items():
        assert english in text_of(client.get(url))
        assert chinese in text_of(client.get(url, headers={"accept-language": "zh-CN"}))


def test_today_and_the_rail_say_what_waits(client, store):
    imports.import_file(store, io.BytesIO(file_of()), name="x.xlsx", by=SYSTEM, now=NOW)
    imports.stage_file(store, io.BytesIO(file_of()), name="十月.xlsx", by=SYSTEM, now=NOW)

    page = text_of(client.get(reverse("desk:today")))

    assert "1 imported row to be clarified" in page
    assert "Rows of “十月.xlsx” wait for confirmation" in page
