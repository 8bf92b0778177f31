"""The demo: a store that lived through some weeks, made up from end to end, with work for everybody at this moment."""

import json
import stat
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
import time_machine
from django.contrib.auth.hashers import check_password
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings

from complaints.enums import OPEN
from complaints.models import Alert, Complaint, Deadline
from csi_portal.desk.demo import cast, plots, run, stage, weeks
from csi_portal.desk.demo.clock import Clock
from csi_portal.desk.demo.life import Scale
from csi_portal.notifications.models import ActionItem, Message
from csi_portal.notifications.wording import known_kinds
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Employee, RoleGrant, Store, User
from incentives.check import check_all
from incentives.models import Adoption, Month, Proposal
from reports.models import Board
from surveys.models import Callback, Customer, ImportRow, Response, Vehicle

# Friday 2026-04-24 10:15 in Shanghai: March is closed by then.
NOW = datetime(2026, 4, 24, 2, 15, tzinfo=UTC)
# As `small`, with fewer weeks and orders: what is checked here does not depend on how many there are.
BRIEF = run.Size(1, Scale(weeks.Pace(services=(2, 3), sales=(0, 1)), forms_a_day=0.0, weeks=4))

# The mark also sees to it that there is a test database before the fixture below writes into it.
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker, tmp_path_factory):
    """The demo is made once for all tests of this file, and taken back afterwards."""
    folder = tmp_path_factory.mktemp("demo")
    with (
        django_db_blocker.unblock(),
        override_settings(VAR_DIR=folder, MEDIA_ROOT=folder / "files"),
        time_machine.travel(NOW, tick=False),
        transaction.atomic(),
    ):
        made = run.make_demo(BRIEF, seed="7", now=NOW)
        made.folder = folder
        yield made
        transaction.set_rollback(True)


def logged_in(login: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=login), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_everything_that_was_sent_or_left_to_somebody_has_words(demo):
    kinds = {*ActionItem.objects.values_list("kind", flat=True), *Message.objects.values_list("kind", flat=True)}
    assert len(kinds) > 5
    assert kinds - set(known_kinds()) == set()


def test_today_shows_everybody_one_primary_button_at_most(demo):
    buttons = {
        row["username"]: logged_in(row["username"]).get("/").content.count(b"btn-primary") for row in demo.logins
    }
    assert set(buttons.values()) == {0, 1}, buttons


def test_no_act_of_the_play_was_refused(demo):
    assert demo.refused == []
    assert demo.counts["visits"] > 50 and demo.counts["forms"] > 20 and demo.counts["entries"] > 0


def test_every_role_has_a_login_that_works(demo, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    file = demo.folder / stage.LOGINS_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    logins = {row["username"]: row["password"] for row in json.loads(file.read_text(encoding="utf-8"))}
    assert {"care", "carem", "service", "sales", "gm", "owner", "finance", "staff", "region", "admin"} <= set(logins)
    for username, password in logins.items():
        assert check_password(password, User.objects.get(username=username).password)
    held = set(RoleGrant.objects.filter(store__is_demo=True).values_list("role", flat=True)) | {Role.EMPLOYEE}
    assert held == set(Role.values)
    assert len(set(logins.values())) == len(logins)


def test_everybody_is_obviously_made_up(demo):
    assert all(name.startswith(("例", "测试", "示例")) for name in Customer.objects.values_list("name", flat=True))
    assert all(name.startswith(("例", "测试")) for name in Employee.objects.values_list("name", flat=True))
    phones = [*Customer.objects.values_list("phone", flat=True), *Employee.objects.values_list("phone", flat=True)]
    assert all(phone.startswith("1990000") and len(phone) == 11 for phone in phones)
    cars = Vehicle.objects.values_list("plate", "vin")
    assert all((not plate or plate[1] == "Z") and (not vin or vin.startswith("L00")) for plate, vin in cars)


def test_forms_are_in_all_their_states(demo):
    statuses = Counter(Complaint.objects.values_list("status", flat=True))
    assert {"closed", "reissued", "acknowledged", "contacted", "resolved", "called_back"} <= set(statuses)
    assert set(Complaint.objects.values_list("level", flat=True)) == {"grumble", "general", "major"}
    assert Complaint.objects.filter(source="follow_up_call", round=1, response__isnull=False).exists()
    assert set(Alert.objects.exclude(raised_at=None).values_list("kind", flat=True)) == {
        "warning",
        "overdue",
        "escalated",
    }
    assert Message.objects.filter(kind="complaint.overdue", read_at=None).exists()


def test_time_presses_at_this_moment(demo):
    running = Deadline.objects.alerting().select_related("complaint__department")
    soon = {row.step for row in running if NOW < row.due_at <= NOW + timedelta(hours=2)}
    late = {row.step for row in running if row.due_at < NOW}
    assert {"transfer", "first_contact", "resolution", "callback", "approval"} <= soon
    assert {"first_contact", "resolution", "callback"} <= late
    waiting = Callback.objects.filter(status__in=["due", "retry"], due_on__lte=date(2026, 4, 24))
    assert waiting.exclude(line_key="complaint_callback").count() >= 4
    assert ImportRow.objects.filter(state="waiting").count() == 2


@pytest.mark.parametrize("login", ["care", "carem", "service", "sales", "parts", "gm", "owner", "staff"])
def test_today_has_work_for(demo, login):
    response = logged_in(login).get("/")
    assert response.status_code == 200
    assert [panel for panel in response.context["panels"] if panel.get("count")], login


def test_boards_are_published_and_the_books_agree(demo, settings):
    settings.MEDIA_ROOT = demo.folder / "files"
    assert set(Board.objects.values_list("period_kind", "kind")) == {
        (period, kind) for period in ("week", "month") for kind in ("ssi", "csi")
    }
    assert Response.objects.filter(counted=True, counts_for="csi").count() >= 30
    assert Adoption.objects.get().announced_on < date(2026, 3, 23)
    locked = Month.objects.get(status="locked")
    assert locked.month == date(2026, 3, 1) and locked.sheet.size > 5000
    assert Proposal.objects.waiting().exists()
    assert check_all().differences == []


def test_a_second_run_refuses_and_changes_nothing(demo, capsys):
    before = Store.objects.count(), User.objects.count(), Complaint.objects.count()
    with pytest.raises(SystemExit) as ended:
        call_command("demo", "--json")
    assert ended.value.code == 1
    said = json.loads(capsys.readouterr().out)
    assert [error["code"] for error in said["errors"]] == ["exists"]
    assert (Store.objects.count(), User.objects.count(), Complaint.objects.count()) == before


# -- what needs no database


def test_the_clock_plays_in_order_and_not_beyond_its_end():
    clock, seen = Clock(NOW), []
    clock.at(NOW - timedelta(hours=1), lambda now: seen.append("second"))
    clock.at(NOW - timedelta(hours=2), lambda now: clock.at(NOW - timedelta(minutes=90), seen_first))
    clock.at(NOW + timedelta(seconds=1), lambda now: seen.append("too late"))

    def seen_first(now):
        seen.append("first")

    assert clock.play() == 3
    assert seen == ["first", "second"]


def test_the_same_seed_makes_the_same_days():
    def days(seed):
        town = weeks.Town(cast.SITES[0], seed)
        shop = weeks.Workshop(town, cast.names_in(cast.SITES[0]), weeks.Pace((3, 6), (1, 2)), Random(seed))
        return [shop.day(date(2026, 4, day)) for day in range(1, 10)]

    assert days("1") == days("1")
    assert days("1") != days("2")


def test_stores_share_no_phone_and_no_login():
    assert all(
        not set(one.phones) & set(other.phones) for one in cast.SITES for other in cast.SITES if one is not other
    )
    names = cast.usernames()
    assert len(names) == len(set(names)) and "care" in names and "care3" in names


def test_plots_name_known_steps_and_people():
    keys = {part.key for part in cast.PARTS}
    steps = {"transfer", "gm_notice", "first_contact", "reply", "resolution", "callback", "approval", "measures_check"}
    steps |= {"major_follow_up", "region_report", "confirm"}
    for _before, plot in plots.set_pieces():
        assert set(plot.late) <= steps and set(plot.left) <= steps
        assert plot.matter.about in keys and plot.blame in keys | {""}


@pytest.mark.long
@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 1, 19, 0, tzinfo=UTC),  # at night, in the month after the spring festival
        datetime(2026, 10, 5, 6, 0, tzinfo=UTC),  # in the middle of a week without an open day
        datetime(2026, 11, 1, 4, 0, tzinfo=UTC),  # on the first of a month
        datetime(2026, 5, 6, 9, 30, tzinfo=UTC),  # on the first day after a holiday
    ],
)
def test_the_demo_can_be_made_at_any_time(now, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    with time_machine.travel(now, tick=False):
        made = run.make_demo(run.SIZES["small"], seed="3", now=now)
    assert made.refused == []
    assert Month.objects.filter(status="locked").exists() and Proposal.objects.waiting().exists()
    assert Complaint.objects.filter(status__in=OPEN).count() >= 5
    assert check_all().differences == []


@pytest.mark.long
def test_the_same_seed_makes_the_same_demo(settings, tmp_path):
    settings.VAR_DIR = tmp_path

    def told():
        with time_machine.travel(NOW, tick=False), transaction.atomic():
            made = run.make_demo(BRIEF, seed="11", now=NOW)
            forms = list(Complaint.objects.order_by("pk").values_list("number", "level", "status", "summary"))
            scores = list(Board.objects.order_by("pk").values_list("lines__name", "lines__score", "lines__n"))
            transaction.set_rollback(True)
        return made.counts, forms, scores

    assert told() == told()
