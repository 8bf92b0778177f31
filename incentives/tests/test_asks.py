"""P1 to P4 on plain values: every amount, every fairness ruling, every boundary."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from incentives.reconcile.asks import (
    Adopted,
    Form,
    LateStep,
    Manager,
    MonthScore,
    Person,
    RuleBook,
    Tick,
    absorb,
    form_asks,
    score_asks,
)
from incentives.rules import DEFAULT_RULES

SHANGHAI = ZoneInfo("Asia/Shanghai")
ALWAYS = Adopted(((date(2000, 1, 1), None),))
BOOK = RuleBook(1, 3, DEFAULT_RULES)
AGENT, BOSS, TECH = Person(1), Person(2), Person(3)
DUE = datetime(2026, 10, 20, 2, 30, tzinfo=UTC)  # 10:30 in the store
NOW = datetime(2026, 10, 25, tzinfo=UTC)
MANAGED = (Manager(BOSS, None, None, named=True),)


def late(step="transfer", late_by=timedelta(minutes=35), breach_id=1, **columns) -> LateStep:
    due_at = columns.pop("due_at", DUE)
    done_at = None if late_by is None else due_at + late_by
    columns = {"level": "general", "ended_at": None, "late_by": late_by, **columns}
    return LateStep(breach_id=breach_id, step=step, due_at=due_at, done_at=done_at, **columns)


def form(*steps, **columns) -> Form:
    columns = {
        "number": "A1-20261020-001",
        "level": "general",
        "standing": True,
        "passed_on_at": DUE - timedelta(minutes=20),
        "rulebook": BOOK,
        "agent": AGENT,
        "managers": MANAGED,
        **columns,
    }
    return Form(late=steps, **columns)


def asked(what: Form, *, now=NOW, adopted=ALWAYS, zone=SHANGHAI) -> list[tuple]:
    answer = form_asks(what, adopted=adopted, zone=zone, now=now)
    asks = absorb(answer.asks)
    return sorted((ask.rule, ask.beneficiary_key, ask.amount, ask.absorbed_by) for ask in asks)


def missing(what: Form, **how) -> list[tuple]:
    gaps = form_asks(what, adopted=how.get("adopted", ALWAYS), zone=SHANGHAI, now=NOW).gaps
    return sorted((gap.rule, gap.missing) for gap in gaps)


P1_50 = [("P1", "e:1", Decimal("-50.00"), None)]
P1_100 = [("P1", "e:1", Decimal("-100.00"), None)]
P2_100 = [("P2", "e:2", Decimal("-100.00"), None), ("P2", "e:3", Decimal("-100.00"), None)]
P2_200 = [("P2", "e:2", Decimal("-200.00"), None), ("P2", "e:3", Decimal("-200.00"), None)]
P3 = [("P3", "e:1", Decimal("-200.00"), None)]


# -- P1


@pytest.mark.parametrize(
    ("late_by", "wanted"),
    [
        (timedelta(microseconds=1), P1_50),
        (timedelta(minutes=35), P1_50),
        (timedelta(hours=2), P1_50),
        (timedelta(hours=2, microseconds=1), P1_100),
        (timedelta(days=3), P1_100),
    ],
)
def test_p1_by_lateness(late_by, wanted):
    assert asked(form(late(late_by=late_by))) == wanted


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(form(), id="no breach"),
        pytest.param(form(late(fair=False)), id="not fair to charge, excused or in time in opening hours"),
        pytest.param(form(late(), standing=False), id="void form or blame"),
        pytest.param(form(late("reply")), id="a step without money"),
        pytest.param(form(late("callback")), id="a late callback costs nobody"),
        pytest.param(form(late(), agent=Person(1, probation_until=date(2026, 10, 20))), id="on probation that day"),
    ],
)
def test_p1_asks_nothing(what):
    assert asked(what) == []


def test_probation_that_ended_the_day_before_protects_no_more():
    assert asked(form(late(), agent=Person(1, probation_until=date(2026, 10, 19)))) == P1_50


def test_p1_is_charged_to_whom_the_breach_names_before_the_agent():
    assert asked(form(late(charged_to=TECH))) == [("P1", "e:3", Decimal("-50.00"), None)]


def test_p1_without_a_known_agent_is_an_item_and_no_line():
    nobody = form(late(), agent=None)
    assert asked(nobody) == []
    assert missing(nobody) == [("P1", "agent")]


def test_p1_before_the_adoption_is_not_even_an_item():
    later = Adopted(((date(2026, 10, 21), None),))
    assert asked(form(late()), adopted=later) == []
    assert missing(form(late(), agent=None), adopted=later) == []


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ((), []),
        (((date(2026, 10, 20), None),), P1_50),
        (((date(2026, 10, 21), None),), []),
        (((date(2026, 1, 1), date(2026, 10, 21)),), P1_50),
        (((date(2026, 1, 1), date(2026, 10, 20)),), []),
        (((date(2026, 1, 1), date(2026, 2, 1)), (date(2026, 10, 1), None)), P1_50),
    ],
)
def test_penalties_hold_from_the_adoption_to_the_day_before_its_end(spans, wanted):
    assert asked(form(late()), adopted=Adopted(spans)) == wanted


def test_unset_amounts_cost_nobody_anything():
    unset = {**DEFAULT_RULES, "P1": {**DEFAULT_RULES["P1"], "amount": None}}
    assert asked(form(late(), rulebook=RuleBook(1, 1, unset))) == []
    dropped = {rule: table for rule, table in DEFAULT_RULES.items() if rule != "P1"}
    assert asked(form(late(), rulebook=RuleBook(1, 1, dropped))) == []


def test_a_store_may_have_its_own_amounts():
    own = {**DEFAULT_RULES, "P1": {"amount": "60.00", "late_amount": "80.00", "late_minutes": 30}}
    assert asked(form(late(), rulebook=RuleBook(7, 2, own))) == [("P1", "e:1", Decimal("-80.00"), None)]


# -- when: done late, or at month end


def still_open(**columns) -> LateStep:
    return late(late_by=None, **columns)


def test_an_open_step_asks_for_nothing_before_the_month_ends_in_the_store():
    month_end = datetime(2026, 10, 31, 16, tzinfo=UTC)  # midnight in Shanghai
    assert asked(form(still_open()), now=month_end - timedelta(microseconds=1)) == []
    assert asked(form(still_open()), now=month_end) == P1_100


def test_an_open_step_due_in_the_last_hour_of_the_month_is_judged_at_its_end():
    due_at = datetime(2026, 10, 31, 15, 30, tzinfo=UTC)
    what = form(still_open(due_at=due_at))
    assert asked(what, now=due_at + timedelta(days=9)) == P1_50  # half an hour late at the month's end, and no drift


def test_done_in_the_next_month_it_is_the_real_lateness_that_counts():
    due_at = datetime(2026, 10, 31, 15, 30, tzinfo=UTC)
    assert asked(form(late(due_at=due_at, late_by=timedelta(hours=9)))) == P1_100


def test_a_form_that_ended_without_the_step_is_judged_then():
    ended = form(still_open(ended_at=DUE + timedelta(hours=1)))
    assert asked(ended, now=DUE + timedelta(minutes=59)) == []
    assert asked(ended, now=DUE + timedelta(hours=1)) == P1_50


def test_the_month_of_the_fact_is_the_stores():
    due_at = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)  # already the first of November in Shanghai
    what = form(late(due_at=due_at))
    for zone, month in ((SHANGHAI, date(2026, 11, 1)), (ZoneInfo("UTC"), date(2026, 10, 1))):
        (ask,) = form_asks(what, adopted=ALWAYS, zone=zone, now=NOW + timedelta(days=30)).asks
        assert ask.month == month


def test_the_reasoning_says_why_in_plain_values():
    (ask,) = form_asks(form(late()), adopted=ALWAYS, zone=SHANGHAI, now=NOW).asks
    assert ask.reasoning == {
        "code": "done_late",
        "params": {
            "number": "A1-20261020-001",
            "step": "transfer",
            "due": "2026-10-20T02:30:00+00:00",
            "done": "2026-10-20T03:05:00+00:00",
            "late_minutes": 35,
            "rule_version": 3,
        },
    }
    assert (ask.evidence_key, ask.occurred_on) == ("form:A1-20261020-001", date(2026, 10, 20))


# -- P2

CONTACT = late("first_contact", breach_id=2)


@pytest.mark.parametrize("level", ["grumble", "general"])
@pytest.mark.parametrize("step", ["first_contact", "resolution"])
def test_p2_charges_the_manager_and_the_persons_ticked_each(level, step):
    what = form(late(step, breach_id=2, level=level), level=level, ticks=(Tick(TECH, 2),))
    assert asked(what) == P2_100


def test_p2_with_the_general_managers_instruction_is_200():
    assert asked(form(CONTACT, ticks=(Tick(TECH, 2),), instructed_at=NOW)) == P2_200


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(form(CONTACT), id="nobody ticked"),
        pytest.param(form(CONTACT, ticks=(Tick(TECH, 9),)), id="another breach ticked"),
        pytest.param(form(ticks=(Tick(TECH, None),)), id="ticked without a breach"),
        pytest.param(form(CONTACT, ticks=(Tick(TECH, 2),), passed_on_at=None), id="never passed on"),
        pytest.param(
            form(CONTACT, ticks=(Tick(TECH, 2),), passed_on_at=DUE + timedelta(hours=9)), id="passed on afterwards"
        ),
        pytest.param(form(replace(CONTACT, fair=False), ticks=(Tick(TECH, 2),)), id="not fair to charge"),
        pytest.param(form(replace(CONTACT, level="major"), level="major", ticks=(Tick(TECH, 2),)), id="a major form"),
        pytest.param(form(CONTACT, ticks=(Tick(TECH, 2),), standing=False), id="void"),
        pytest.param(form(late("reply", breach_id=2), ticks=(Tick(TECH, 2),)), id="a late reply"),
    ],
)
def test_p2_asks_nothing(what):
    assert asked(what) == []


def test_p2_by_instruction_alone_charges_the_manager():
    what = form(instructed_at=NOW)
    assert asked(what) == [("P2", "e:2", Decimal("-200.00"), None)]
    assert asked(form(instructed_at=NOW, level="major")) == []


def test_p2_by_instruction_follows_the_late_step_it_answers():
    manager_200 = [("P2", "e:2", Decimal("-200.00"), None)]
    assert asked(form(CONTACT, instructed_at=NOW)) == manager_200
    assert asked(form(replace(CONTACT, fair=False), instructed_at=NOW)) == []  # not late in opening hours, or excused
    still = form(still_open(step="first_contact", breach_id=2), instructed_at=NOW)
    assert asked(still) == []
    assert asked(still, now=datetime(2026, 10, 31, 16, tzinfo=UTC)) == manager_200
    beside = form(replace(CONTACT, fair=False), late("resolution", breach_id=3), instructed_at=NOW)
    assert asked(beside) == manager_200


def test_p2_two_late_steps_are_one_line_a_person_in_the_month_of_the_first():
    first = late("first_contact", breach_id=2, due_at=DUE - timedelta(days=25))
    what = form(
        first,
        late("resolution", breach_id=3),
        passed_on_at=DUE - timedelta(days=26),
        ticks=(Tick(TECH, 3), Tick(TECH, 2)),
    )
    answer = form_asks(what, adopted=ALWAYS, zone=SHANGHAI, now=NOW)
    assert [(ask.beneficiary_key, ask.month) for ask in answer.asks] == [
        ("e:2", date(2026, 9, 1)),
        ("e:3", date(2026, 9, 1)),
    ]


def test_p2_a_manager_who_is_ticked_too_pays_once():
    assert asked(form(CONTACT, ticks=(Tick(BOSS, 2),))) == P2_100[:1]


def test_p2_the_manager_is_the_one_at_the_breach():
    before = Manager(TECH, None, DUE, named=True)
    after = Manager(BOSS, DUE, None, named=True)
    assert asked(form(CONTACT, managers=(before, after), ticks=(Tick(AGENT, 2),))) == [
        ("P2", "e:1", Decimal("-100.00"), None),
        ("P2", "e:2", Decimal("-100.00"), None),
    ]


def test_p2_a_grant_for_the_department_beats_one_for_the_store():
    managers = (Manager(TECH, None, None, named=False), Manager(BOSS, None, None, named=True))
    assert asked(form(CONTACT, managers=managers, ticks=(Tick(BOSS, 2),))) == P2_100[:1]


@pytest.mark.parametrize(
    "managers",
    [
        pytest.param((), id="none"),
        pytest.param((Manager(None, None, None, named=True),), id="a login without an employee"),
        pytest.param((*MANAGED, Manager(AGENT, None, None, named=True)), id="two, and nobody says which"),
    ],
)
def test_p2_without_one_known_manager_is_an_item_and_the_ticked_still_pay(managers):
    what = form(CONTACT, managers=managers, ticks=(Tick(TECH, 2),))
    assert asked(what) == P2_100[1:]
    assert missing(what) == [("P2", "manager")]


def test_p2_of_two_managers_the_one_who_bears_the_breach():
    managers = (*MANAGED, Manager(AGENT, None, None, named=True))
    what = form(replace(CONTACT, charged_to=BOSS), managers=managers, ticks=(Tick(TECH, 2),))
    assert asked(what) == P2_100
    assert missing(what) == []


def test_p2_a_manager_on_probation_pays_nothing_and_is_no_item():
    managers = (Manager(Person(2, date(2027, 1, 1)), None, None, named=True),)
    what = form(CONTACT, managers=managers, ticks=(Tick(TECH, 2),))
    assert asked(what) == P2_100[1:]
    assert missing(what) == []


# -- P3


@pytest.mark.parametrize("step", ["gm_notice", "major_follow_up"])
def test_p3_for_a_major_form(step):
    assert asked(form(late(step, level="major"), level="major")) == P3


def test_p3_once_a_form_and_person():
    both = form(late("gm_notice", level="major"), late("major_follow_up", breach_id=2, level="major"), level="major")
    assert asked(both) == P3


def test_p3_absorbs_p1_on_one_form_and_person_only():
    both = form(late("transfer"), late("gm_notice", breach_id=2), level="major")
    assert asked(both) == [("P1", "e:1", Decimal("-50.00"), "P3"), *P3]
    apart = form(late("transfer", charged_to=TECH), late("gm_notice", breach_id=2), level="major")
    assert asked(apart) == [("P1", "e:3", Decimal("-50.00"), None), *P3]


def test_p3_without_a_known_agent_is_an_item():
    assert missing(form(late("gm_notice"), agent=None, level="major")) == [("P3", "agent")]


# -- P4


def score(**columns) -> MonthScore:
    columns = {
        "kind": "csi",
        "month": date(2026, 10, 1),
        "score": Decimal("94.99"),
        "target": Decimal("95.00"),
        "enough": True,
        "counts": True,
        "department_id": 4,
        "department": "after_sales",
        "revision": 2,
        "n": 20,
        "rulebook": BOOK,
        **columns,
    }
    return MonthScore(**columns)


def test_p4_charges_the_departments_account():
    (ask,) = score_asks(score(), adopted=ALWAYS).asks
    assert (ask.rule, ask.beneficiary_key, ask.amount) == ("P4", "d:4", Decimal("-500.00"))
    assert (ask.evidence_key, ask.month) == ("board:csi:2026-10:after_sales", date(2026, 10, 1))
    assert ask.reasoning["params"]["revision"] == 2


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(score(score=Decimal("95.00")), id="on target"),
        pytest.param(score(score=Decimal("95.01")), id="above"),
        pytest.param(score(score=None), id="no score"),
        pytest.param(score(enough=False), id="insufficient"),
        pytest.param(score(counts=False), id="month not valid and not accepted"),
        pytest.param(score(rulebook=RuleBook(1, 1, {**DEFAULT_RULES, "P4": {"amount": None}})), id="unset"),
    ],
)
def test_p4_asks_nothing(what):
    answer = score_asks(what, adopted=ALWAYS)
    assert (answer.asks, answer.gaps) == ((), ())


def test_p4_needs_the_adoption_by_the_months_last_day():
    assert len(score_asks(score(), adopted=Adopted(((date(2026, 10, 31), None),))).asks) == 1
    assert score_asks(score(), adopted=Adopted(((date(2026, 11, 1), None),))).asks == ()


def test_p4_without_the_department_is_an_item():
    (gap,) = score_asks(score(department_id=None), adopted=ALWAYS).gaps
    assert (gap.rule, gap.missing) == ("P4", "department")
