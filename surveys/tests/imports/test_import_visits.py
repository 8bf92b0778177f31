"""The command: counts, exit codes, what is stored, and that the same file again changes nothing."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from csi_portal.organization.models import Department, Employee, Store
from surveys.models import Customer, CustomerPhone, ImportBatch, ImportRow, Vehicle, Visit

from ..dms.build import SALE_HEADER, SERVICE_HEADER, csv, sale_row, service_row, workbook, xls, xlsx

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
def run(tmp_path, store):
    """Write a file and import it; returns (JSON, exit code)."""

    def go(data: bytes, name="export.xlsx", **options):
        path = tmp_path / name
        path.write_bytes(data)
        out, code = io.StringIO(), 0
        try:
            call_command("import_visits", str(path), store="A1", json=True, stdout=out, **options)
        except SystemExit as ended:
            code = ended.code
        return json.loads(out.getvalue()), code

    return go


def service_file(*rows):
    return xlsx([["标题"], SERVICE_HEADER, *rows])


def counts(result) -> list[int]:
    found = [result[key] for key in ("created", "updated", "unchanged", "duplicate", "invalid", "review")]
    assert result["rows"] == sum(found)
    return found


def test_a_repair_order_is_stored_whole(run, store):
    result, code = run(service_file(service_row(1)))

    assert (counts(result), code) == ([1, 0, 0, 0, 0, 0], 0)
    visit = Visit.objects.select_related("customer", "vehicle").get()
    assert (visit.store, visit.kind, visit.number) == (store, "service", "RO000001")
    assert visit.opened_at == datetime(2026, 9, 1, 0, 30, tzinfo=UTC)
    assert visit.closed_at == datetime(2026, 9, 2, 9, 5, 9, tzinfo=UTC)
    assert (visit.amount, visit.mileage, visit.service_type) == (Decimal("101.50"), 12001, "定期保养")
    assert (visit.advisor, visit.advisor_name, visit.technician_name) == (None, "例顾问", "例技师")
    assert (visit.contact_name, visit.remark) == ("例丁", "异响，请检查")
    customer, vehicle = visit.customer, visit.vehicle
    assert (customer.name, customer.phone, customer.gender, str(customer.birth_on), customer.area) == (
        "例丁",
        "19900000001",
        "M",
        "1990-01-02",
        "测试省测试市",
    )
    assert (vehicle.vin, vehicle.plate, vehicle.brand, vehicle.model) == (
        "L00TEST0000000001",
        "测Z00001",
        "测试牌",
        "测试型（标准版）",
    )


def test_a_delivery_is_stored_as_a_sale(run):
    result, _code = run(xlsx([SALE_HEADER, sale_row(1)], name="交车明细"))

    visit = Visit.objects.get()
    assert counts(result) == [1, 0, 0, 0, 0, 0]
    assert (visit.kind, visit.amount, visit.advisor_name) == ("sale", Decimal("188000.00"), "例销售")


def test_the_same_file_again_changes_nothing(run):
    rows = [service_row(number) for number in range(30)]
    # Two people on one number and one car with two spellings: whoever was last must not flip the first.
    rows.append(service_row(40, 手机号="19900000001", 客户姓名="另一人", 性别="女"))
    rows.append(service_row(41, VIN="L00TEST0000000002", 车牌号="测Z99999", 车型="别的写法"))
    rows.append(service_row(42, 手机号="19900000003", 地区="别处", 客户姓名=rows[3][3]))
    data = service_file(*rows)
    first, _code = run(data)
    before = [list(model.objects.order_by("pk").values()) for model in (Visit, Customer, Vehicle, CustomerPhone)]

    second, code = run(data)

    assert counts(first) == [33, 0, 0, 0, 0, 0]
    assert (counts(second), code) == ([0, 0, 33, 0, 0, 0], 0)
    after = [list(model.objects.order_by("pk").values()) for model in (Visit, Customer, Vehicle, CustomerPhone)]
    assert after == before


@pytest.mark.parametrize(
    "change",
    [
        {"金额": 7},
        {"金额": None},
        {"服务顾问": "换人"},
        {"结算时间": "2026-09-03 10:00"},
        {"客户描述": None},
        {"地区": "别处"},
        {"性别": "女"},
        {"车型": "改名"},
        {"行驶里程": 5},
        {"手机号": "19900007777"},
        {"客户姓名": "改名"},
    ],
)
def test_one_changed_cell_updates_one_visit(run, change):
    run(service_file(*(service_row(number) for number in range(5))))

    result, _code = run(service_file(*(service_row(n, **(change if n == 3 else {})) for n in range(5))))

    assert counts(result) == [0, 1, 4, 0, 0, 0]
    again, _code = run(service_file(*(service_row(n, **(change if n == 3 else {})) for n in range(5))))
    assert counts(again) == [0, 0, 5, 0, 0, 0]


def test_an_update_brings_the_new_values(run):
    run(service_file(service_row(1)))

    run(service_file(service_row(1, 金额=7, 地区="别处", 车牌号="测Z77777", 客户描述=None, 服务顾问="换人")))

    visit = Visit.objects.select_related("customer", "vehicle").get()
    assert (visit.amount, visit.remark, visit.advisor_name) == (Decimal("7.00"), "", "换人")
    assert (visit.customer.area, visit.vehicle.plate) == ("别处", "测Z77777")
    assert (Customer.objects.count(), Vehicle.objects.count()) == (1, 1)


def test_columns_the_file_does_not_have_leave_the_visit_as_it_was(run):
    run(service_file(service_row(1)))
    few = ["工单号", "车牌号", "客户姓名", "手机号", "结算时间"]
    row = dict(zip(SERVICE_HEADER, service_row(1), strict=True))

    result, _code = run(xlsx([few, [row[name] for name in few]]))

    visit = Visit.objects.get()
    assert counts(result) == [0, 1, 0, 0, 0, 0]
    assert (visit.amount, visit.remark, visit.advisor_name) == (Decimal("101.50"), "异响，请检查", "例顾问")
    assert visit.vehicle.vin == "L00TEST0000000001"


def test_another_name_on_a_number_keeps_the_customer_and_is_the_contact(run):
    run(service_file(service_row(1), service_row(2, 手机号="19900000001", 客户姓名="家人", 性别="女", 出生日期=None)))

    customer = Customer.objects.get()
    assert (customer.name, customer.gender) == ("例丁", "M")
    assert sorted(Visit.objects.values_list("contact_name", flat=True)) == ["例丁", "家人"]


def test_a_customer_is_found_by_a_further_number(run, store):
    known = Customer.objects.create(store=store, name="例一", phone="19900005555")
    CustomerPhone.objects.create(customer=known, number="19900000001")

    run(service_file(service_row(1)))

    assert Visit.objects.get().customer == known
    assert Customer.objects.count() == 1


def test_customers_cars_and_orders_of_another_store_are_strangers(run, store):
    other = Store.objects.create(code="B1", name="例二店")
    Customer.objects.create(store=other, name="例一", phone="19900000001")
    Vehicle.objects.create(store=other, vin="L00TEST0000000001")

    result, _code = run(service_file(service_row(1)))

    assert counts(result) == [1, 0, 0, 0, 0, 0]
    assert Visit.objects.get().customer.store == store
    assert Vehicle.objects.filter(vin="L00TEST0000000001").count() == 2


def test_a_car_known_by_its_plate_gets_its_vin(run, store):
    run(service_file(service_row(1, VIN=None)))
    run(service_file(service_row(2, 车牌号="测Z00001")))

    car = Vehicle.objects.get()
    assert (car.vin, car.plate) == ("L00TEST0000000002", "测Z00001")
    assert Visit.objects.filter(vehicle=car).count() == 2


def test_a_plate_that_changed_its_car_makes_a_new_car(run):
    run(service_file(service_row(1)))
    run(service_file(service_row(2, 车牌号="测Z00001")))

    assert sorted(Vehicle.objects.values_list("vin", flat=True)) == ["L00TEST0000000001", "L00TEST0000000002"]


def test_an_adviser_is_matched_where_the_name_is_one_employee_s(run, store):
    department = Department.objects.create(store=store, code="after_sales")

    def hire(number, name, where=store):
        place = department if where == store else Department.objects.create(store=where, code="after_sales")
        return Employee.objects.create(store=where, department=place, staff_number=number, name=name)

    only = hire("1", "例顾问")
    hire("2", "同名")
    hire("3", "同名")
    hire("4", "别店", Store.objects.create(code="B1", name="例二店"))

    run(
        service_file(
            service_row(1), service_row(2, 服务顾问="同名"), service_row(3, 服务顾问="别店", 维修技师="例顾问")
        )
    )

    found = {visit.number: visit for visit in Visit.objects.all()}
    assert found["RO000001"].advisor == only
    assert (found["RO000002"].advisor, found["RO000002"].advisor_name) == (None, "同名")
    assert (found["RO000003"].advisor, found["RO000003"].advisor_name) == (None, "别店")
    assert found["RO000003"].technician == only


def test_what_was_decided_for_a_name_holds_for_the_next_file(run, store):
    department = Department.objects.create(store=store, code="after_sales")
    person = Employee.objects.create(store=store, department=department, staff_number="1", name="例甲")
    run(service_file(service_row(1, 服务顾问="小甲")))
    Visit.objects.update(advisor=person)

    run(service_file(service_row(2, 服务顾问="小甲")))

    assert set(Visit.objects.values_list("advisor", flat=True)) == {person.pk}


def test_who_brought_the_car_is_the_person_to_speak_with(run):
    header = [*SERVICE_HEADER, "送修人", "送修人电话"]
    both = [*service_row(1), "例送修", "19900008888"]
    name_only = [*service_row(2), "例送修乙", ""]

    run(xlsx([header, both, name_only]))

    found = {visit.number: visit for visit in Visit.objects.select_related("customer")}
    assert (found["RO000001"].customer.name, found["RO000001"].customer.phone) == ("例送修", "19900008888")
    assert (found["RO000002"].customer.phone, found["RO000002"].contact_name) == ("19900000002", "例送修乙")


def test_refused_duplicate_and_unclear_rows(run, store):
    data = service_file(
        service_row(1),
        service_row(2, 手机号="123", 结算时间="x"),
        service_row(1, 金额=5),
        service_row(3, 结算时间=None),
        service_row(4, 手机号="19900000004/19900000005", VIN="KURZ"),
    )

    result, code = run(data)

    assert (counts(result), code) == ([1, 0, 0, 1, 1, 2], 1)
    assert [(e["sheet"], e["row"], e["column"], e["code"]) for e in result["errors"]] == [
        ("维修工单", 4, "手机号", "phone_short"),
        ("维修工单", 4, "结算时间", "date_words"),
    ]
    assert [(e["row"], e["column"], e["code"]) for e in result["reviews"]] == [
        (6, "结算时间", "not_settled"),
        (7, "VIN", "vin_length"),
        (7, "手机号", "two_phones"),
    ]
    assert all(entry["message"] for entry in result["errors"] + result["reviews"])
    assert Visit.objects.get().amount == Decimal("101.50")
    assert sorted(ImportRow.objects.values_list("row", "state")) == [
        (4, "refused"),
        (5, "refused"),
        (6, "waiting"),
        (7, "waiting"),
    ]


def test_an_unclear_row_is_listed_once_however_often_the_file_comes(run):
    data = service_file(service_row(1), service_row(3, 结算时间=None))

    for _time in range(3):
        result, code = run(data)
        assert (result["review"], code) == (1, 0)

    assert ImportRow.objects.filter(state="waiting").count() == 1


def test_a_newer_telling_of_an_unclear_order_takes_the_place_of_the_older(run):
    run(service_file(service_row(3, 结算时间=None)))
    run(service_file(service_row(3, 结算时间=None, 行驶里程=99)))

    (waiting,) = ImportRow.objects.filter(state="waiting")
    assert waiting.values["mileage"] == 99


def test_an_unclear_order_leaves_the_list_when_a_later_file_makes_it_good(run):
    run(service_file(service_row(3, 结算时间=None)))
    run(service_file(service_row(3)))

    row = ImportRow.objects.get(verdict="review")
    assert (row.state, row.visit) == ("completed", Visit.objects.get())


def test_a_file_refused_whole_stores_nothing(run, store):
    header = [*SERVICE_HEADER, "联系电话"]

    result, code = run(xlsx([header, [*service_row(1), "19900000001"]]))

    assert (counts(result), code) == ([0, 0, 0, 0, 0, 0], 1)
    (error,) = result["errors"]
    assert (error["sheet"], error["row"], error["column"], error["code"]) == ("维修工单", 1, "联系电话", "column_twice")
    assert "联系电话" in error["message"]
    assert (Visit.objects.count(), Customer.objects.count(), ImportRow.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n", "not_spreadsheet"),
        (xls([SERVICE_HEADER, service_row(1)], password=True), "encrypted"),
        (xlsx([SERVICE_HEADER, service_row(1)])[:900], "damaged"),
        (csv([SERVICE_HEADER]), "no_rows"),
    ],
)
def test_unreadable_files_end_with_exit_1_and_the_reason(run, data, code):
    result, ended = run(data)

    assert ([error["code"] for error in result["errors"]], ended) == ([code], 1)


def test_the_kind_can_be_told(run):
    header = ["单号", "车架号", "客户姓名", "手机号", "完成时间"]
    row = ["X1001", "L00TEST0000000001", "例一", "19900000001", "2026-09-02 10:00"]

    refused, _code = run(xlsx([header, row]))
    told, code = run(xlsx([header, row]), kind="sale")

    assert [error["code"] for error in refused["errors"]] == ["kind_ambiguous"]
    assert (counts(told), code, Visit.objects.get().kind) == ([1, 0, 0, 0, 0, 0], 0, "sale")


def test_a_dry_run_says_the_same_and_stores_nothing(run):
    run(service_file(service_row(1), service_row(2)))
    data = service_file(service_row(1), service_row(2, 金额=1), service_row(3), service_row(4, 手机号="1"))
    before = Visit.objects.count(), ImportBatch.objects.count(), ImportRow.objects.count()

    tried, tried_code = run(data, dry_run=True)
    assert (Visit.objects.count(), ImportBatch.objects.count(), ImportRow.objects.count()) == before
    done, code = run(data)

    assert (tried, tried_code) == (done, code)
    assert counts(done) == [1, 1, 1, 0, 1, 0]


def test_several_sheets_and_the_ignored_ones(run):
    data = workbook({"说明": [["x"]], "交车": [SALE_HEADER, sale_row(1)], "维修": [SERVICE_HEADER, service_row(2)]})

    result, _code = run(data)

    assert (counts(result), result["ignored_sheets"]) == ([2, 0, 0, 0, 0, 0], ["说明"])


def test_wrong_use_is_exit_2(tmp_path, store):
    path = tmp_path / "a.xlsx"
    path.write_bytes(service_file(service_row(1)))
    for target, code in ((str(path), "NOPE"), (str(tmp_path / "missing.xlsx"), "A1"), (str(tmp_path), "A1")):
        with pytest.raises(CommandError) as refused:
            call_command("import_visits", target, store=code)
        assert refused.value.returncode == 2


def test_the_summary_reads_like_a_sentence_and_json_is_alone(tmp_path, store, capsys):
    path = tmp_path / "a.xlsx"
    path.write_bytes(service_file(service_row(1), service_row(2, 结算时间=None)))
    out = io.StringIO()

    call_command("import_visits", str(path), store="A1", stdout=out)

    assert out.getvalue().count("\n") == 2
    assert capsys.readouterr().out == ""


def test_the_number_of_queries_does_not_grow_with_the_rows(store, tmp_path):
    used = []
    for start, size in ((0, 10), (100, 30)):
        path = tmp_path / f"{size}.xlsx"
        path.write_bytes(service_file(*(service_row(start + number) for number in range(size))))
        with CaptureQueriesContext(connection) as queries:
            call_command("import_visits", str(path), store="A1", json=True, stdout=io.StringIO())
        used.append(len(queries))

    assert used[0] == used[1]
