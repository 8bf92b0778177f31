"""Numbers, submit keys, files, audit lines, money columns, policy versions and grants."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from csi_portal.organization import audit, files, numbers, policies, services, submits, triggers
from csi_portal.organization.enums import PolicyKind, Role
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.fields import FenField, to_fen
from csi_portal.organization.models import AuditLine, Counter, PolicyVersion, RoleGrant, Store, SubmitKey, User
from csi_portal.organization.permissions import SYSTEM

NOW = timezone.now()


@pytest.fixture
def store(db):
    return Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")


# -- numbers without gaps


def test_numbers_count_per_store_kind_and_key(store):
    other = Store.objects.create(code="B1", name="例二店", timezone="Asia/Shanghai")
    with transaction.atomic():
        assert [numbers.next_number(store, "form", "20261121") for _ in range(3)] == [1, 2, 3]
        assert numbers.next_number(store, "form", "20261122") == 1
        assert numbers.next_number(other, "form", "20261121") == 1


def test_a_failed_transaction_leaves_no_gap(store):
    with pytest.raises(RuntimeError, match="boom"), transaction.atomic():
        numbers.next_number(store, "form", "d")
        raise RuntimeError("boom")
    with transaction.atomic():
        assert numbers.next_number(store, "form", "d") == 1


@pytest.mark.django_db(transaction=True)
def test_a_number_needs_its_transaction():
    store = Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")
    with pytest.raises(RuntimeError, match="transaction"):
        numbers.next_number(store, "form", "d")
    assert Counter.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_eight_threads_get_eight_numbers():
    store = Store.objects.create(code="A1", name="例一店", timezone="Asia/Shanghai")
    found = []

    def draw():
        try:
            for _ in range(5):
                with transaction.atomic():
                    found.append(numbers.next_number(store, "form", "d"))
        finally:
            connection.close()

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 41))


# -- a double click does a thing once


def test_the_second_submit_shows_the_first_result(store):
    user, key, acts = User.objects.create_user("u"), submits.new_key(), []

    def act():
        acts.append(1)
        return f"/made/{len(acts)}/"

    assert [submits.once(user, key, act) for _ in range(3)] == ["/made/1/"] * 3
    assert len(acts) == 1


def test_a_failed_submit_may_be_tried_again(store):
    user, key = User.objects.create_user("u"), submits.new_key()

    def refuse():
        raise IllegalMove("not now")

    with pytest.raises(IllegalMove):
        submits.once(user, key, refuse)
    assert SubmitKey.objects.count() == 0
    assert submits.once(user, key, lambda: "/made/") == "/made/"


def test_an_integrity_error_of_the_act_itself_is_not_swallowed(store):
    user = User.objects.create_user("u")
    with pytest.raises(IntegrityError):
        submits.once(user, submits.new_key(), lambda: Store.objects.create(code="A1", name="twice") and "/x/")


@pytest.mark.parametrize("key", [None, "", "not-a-key"])
def test_an_old_page_without_key_still_works(store, key):
    assert submits.once(User.objects.create_user("u"), key, lambda: "/made/") == "/made/"


# -- money


@pytest.mark.parametrize(
    ("amount", "fen"),
    [("1", 100), (Decimal("0.01"), 1), (Decimal("-200.00"), -20000), (7, 700), ("1234567.89", 123456789)],
)
def test_money_is_whole_fen(amount, fen):
    assert to_fen(amount) == fen


@pytest.mark.parametrize("amount", [0.1, True, "0.001", "NaN", "Infinity", "abc", ""])
def test_what_is_not_money_is_refused(amount):
    with pytest.raises(ValueError):  # noqa: PT011  the message differs, that it is refused is the point
        to_fen(amount)


def test_a_money_column_speaks_yuan():
    field = FenField()
    assert field.get_prep_value(Decimal("12.30")) == 1230
    assert field.from_db_value(1230, None, None) == Decimal("12.30")
    with pytest.raises(ValidationError):
        field.to_python("1.234")


# -- files


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/x.xlsx", "x.xlsx"),
        ("C:\\dir\\表 一.xlsx", "表 一.xlsx"),
        ("a\x00b\u202egnp.exe", "abgnp.exe"),
        ("   ", "file"),
        ("y" * 300 + ".xlsx", "y" * 115 + ".xlsx"),
    ],
)
def test_file_names_are_cleaned(given, kept):
    assert files.clean_name(given) == kept


def test_the_same_content_is_kept_once_and_read_back(store):
    facts = {"store": store, "kind": "t", "owner": "x:1", "content_type": "text/plain", "by": None, "now": NOW}
    first = files.store_file(b"hello", name="a.txt", **facts)
    second = files.store_file(b"hello", name="b.txt", **facts)
    assert first.path == second.path
    assert files.read_file(second) == b"hello"


# -- append-only


def test_audit_lines_cannot_be_changed_or_deleted(store):
    line = audit.record(SYSTEM, "thing.done", store, store=store, at=NOW, why="because")
    assert line.actor_name == "system"
    table = AuditLine._meta.db_table
    assert table in triggers.guarded_tables()
    for statement in (f"UPDATE {table} SET action = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert AuditLine.objects.get().detail == {"why": "because"}


def test_the_guards_come_back_after_a_table_is_rebuilt(store):
    audit.record(SYSTEM, "thing.done", store, store=store, at=NOW)
    table = AuditLine._meta.db_table
    with connection.cursor() as cursor:
        for statement in triggers.drop_statements(connection.vendor):
            cursor.execute(statement)
    triggers.install()
    with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")


# -- versions


def test_the_stores_own_version_beats_the_shipped_one_from_its_day_on(store):
    start = NOW - timedelta(days=1)
    own = PolicyVersion.objects.create(
        store=store, kind=PolicyKind.TARGETS, effective_from=start, data={"board_target": 96}
    )
    assert own.scope_key == f"s:{store.pk}"
    assert policies.current_policy(PolicyKind.TARGETS, store, NOW) == own
    shipped = policies.current_policy(PolicyKind.TARGETS, store, start - timedelta(seconds=1))
    assert (shipped.scope_key, shipped.data["board_target"]) == ("all", 95)


def test_a_draft_is_never_in_force(store):
    PolicyVersion.objects.create(store=store, kind=PolicyKind.TARGETS, status="draft", effective_from=NOW, data={})
    assert policies.current_policy(PolicyKind.TARGETS, store, NOW).scope_key == "all"


def test_every_store_has_a_calendar_at_once(store):
    calendar = policies.business_calendar(policies.current_calendar(store, NOW), store)
    assert calendar.zone.key == "Asia/Shanghai"


# -- grants


def test_a_second_general_manager_needs_a_second_person(store):
    admin, boss, heir = (User.objects.create_user(name) for name in ("admin", "boss", "heir"))
    RoleGrant.objects.create(user=admin, role=Role.ADMINISTRATOR)
    services.grant_role(boss, Role.GENERAL_MANAGER, by=admin, now=NOW, store=store)  # the store's first
    with pytest.raises(NotAllowed):
        services.grant_role(heir, Role.GENERAL_MANAGER, by=admin, now=NOW, store=store)
    for wrong in (admin, heir):
        with pytest.raises(NotAllowed):
            services.grant_role(heir, Role.GENERAL_MANAGER, by=admin, now=NOW, store=store, confirmed_by=wrong)
    grant = services.grant_role(heir, Role.GENERAL_MANAGER, by=admin, now=NOW, store=store, confirmed_by=boss)
    assert grant.confirmed_by == boss
    assert AuditLine.objects.filter(action="role.granted").count() == 2


def test_a_role_ends_once(store):
    admin, agent = User.objects.create_user("admin"), User.objects.create_user("agent")
    RoleGrant.objects.create(user=admin, role=Role.ADMINISTRATOR)
    grant = services.grant_role(agent, Role.CARE_AGENT, by=admin, now=NOW, store=store)
    later = NOW + timedelta(seconds=1)
    services.withdraw_role(grant, by=admin, now=later)
    with pytest.raises(IllegalMove):
        services.withdraw_role(grant, by=admin, now=later)
