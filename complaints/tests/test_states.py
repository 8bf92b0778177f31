"""Every event in every state: what it leads to, or that it is refused and changes nothing (docs/states.md)."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from complaints import services
from complaints.enums import FINAL, OPEN, TRANSITIONS, Level, Status
from complaints.models import Complaint, Event
from complaints.tests.conftest import T0
from csi_portal.organization.errors import Refusal

NOW = T0 + timedelta(days=8)
REFUSED = None
SAME = "same"

STATES = list(Status)
OPEN_STATES = [str(status) for status in OPEN]


def only(**where):
    """The named states lead where they say, every other state refuses."""
    return {str(state): where.get(str(state), REFUSED) for state in STATES}


def in_open(result=SAME, **where):
    return only(**dict.fromkeys(OPEN_STATES, result), **where)


EVENTS = {
    "transfer": (lambda r, f: r.do(f, "transfer", now=NOW), only(registered="transferred")),
    "first_contact": (
        lambda r, f: r.do(f, "first_contact", now=NOW),
        only(registered="contacted", transferred="contacted", acknowledged="contacted"),
    ),
    "resolution": (
        lambda r, f: r.do(f, "resolution", now=NOW),
        only(**dict.fromkeys(("registered", "transferred", "acknowledged", "contacted"), "resolved")),
    ),
    "callback satisfied": (lambda r, f: r.do(f, "callback", overall=4, now=NOW), only(resolved="called_back")),
    "callback not satisfied": (lambda r, f: r.do(f, "callback", overall=3, now=NOW), only(resolved="reissued")),
    "callback refused": (lambda r, f: r.do(f, "callback", result="refused", now=NOW), only(resolved="called_back")),
    "approval": (lambda r, f: r.do(f, "approval", now=NOW), only(called_back="closed")),
    "gm_notice": (lambda r, f: r.do(f, "gm_notice", now=NOW), only()),  # a general complaint has none
    "measures": (lambda r, f: r.do(f, "measures", measures="培训", now=NOW), only(resolved=SAME, called_back=SAME)),
    "measures_check": (lambda r, f: r.do(f, "measures_check", now=NOW), only()),
    "acknowledge": (lambda r, f: services.acknowledge(f, by=r.manager, now=NOW), only(transferred="acknowledged")),
    "assign": (
        lambda r, f: services.assign(f, by=r.manager, assignee=r.person(r.technician), now=NOW),
        in_open(),
    ),
    "pass to another department": (
        lambda r, f: services.assign(f, by=r.care_manager, department=r.sales, now=NOW),
        in_open() | {"registered": REFUSED},
    ),
    "note": (lambda r, f: services.add_note(f, "补充", by=r.agent, now=NOW), only(**{str(s): SAME for s in STATES})),
    "chase": (lambda r, f: services.chase(f, by=r.agent, now=NOW), in_open()),
    "chase signatures": (
        lambda r, f: services.chase_signatures(f, by=r.agent, now=NOW),
        only(resolved=SAME),  # called back: the test below signs first
    ),
    "sign": (lambda r, f: services.sign(f, "manager", by=r.manager, now=NOW), only(resolved=SAME)),
    "correct the resolution": (
        lambda r, f: services.correct_resolution(f, by=r.manager, remedy="全额退款", cause="漏检", now=NOW),
        only(resolved=SAME, called_back=SAME),
    ),
    "name responsible": (
        lambda r, f: services.name_responsible(f, r.person(r.technician), by=r.manager, now=NOW),
        in_open(),
    ),
    "raise to major": (
        lambda r, f: services.reclassify(f, "major", by=r.care_manager, reason="涉及安全", now=NOW),
        in_open(),
    ),
    "confirm major": (lambda r, f: services.confirm_major(f, by=r.care_manager, now=NOW), only()),
    "instruct": (lambda r, f: services.instruct(f, by=r.general_manager, text="今晚谈定", now=NOW), in_open()),
    "ask for an instruction": (
        lambda r, f: services.ask_for_instruction(f, by=r.manager, note="超出权限", now=NOW),
        in_open(),
    ),
    "report to the region": (
        lambda r, f: services.report_to_region(f, recipient="x", channel="y", by=r.care_manager, now=NOW),
        only(),
    ),
    "try for the first contact": (
        lambda r, f: services.log_try(f, "first_contact", by=r.manager, now=NOW),
        only(registered=SAME, transferred=SAME, acknowledged=SAME),
    ),
    "try for the callback": (lambda r, f: services.log_try(f, "callback", by=r.agent, now=NOW), only(resolved=SAME)),
    "close unverified": (
        lambda r, f: services.close_unverified(f, by=r.general_manager, note="未回复", now=NOW),
        only(),  # this customer was satisfied; the refused one is below
    ),
    "late answer": (lambda r, f: services.record_late_answer(f, by=r.agent, overall=5, now=NOW), only()),
}


@pytest.mark.parametrize("state", [str(state) for state in STATES])
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_in_every_state(room, event, state):
    act, table = EVENTS[event]
    form = room.bring(room.register(customer=room.customer), state)
    if state == "called_back":
        room.sign_all(form, T0 + timedelta(hours=1))
    before = (Event.objects.count(), Complaint.objects.count(), form.version)
    wanted = table[state]
    if wanted is REFUSED:
        with pytest.raises(Refusal):
            act(room, form)
        form.refresh_from_db()
        assert form.status == state
        assert (Event.objects.count(), Complaint.objects.count(), form.version) == before
    else:
        act(room, form)
        form.refresh_from_db()
        assert form.status == (state if wanted == SAME else wanted)
        assert Event.objects.count() > before[0]


UNANSWERED = {
    "close unverified": "unverified",
    "late answer": "called_back",
    "approval": REFUSED,
    "callback satisfied": REFUSED,
    "try for the callback": REFUSED,
}


@pytest.mark.parametrize("event", UNANSWERED)
def test_a_form_whose_customer_could_not_be_asked(room, event):
    form = room.bring(room.register(), "resolved")
    room.do(form, "callback", result="refused", now=T0 + timedelta(hours=1))
    room.sign_all(form, T0 + timedelta(hours=1))
    act, _table = EVENTS[event]
    if UNANSWERED[event] is REFUSED:
        with pytest.raises(Refusal):
            act(room, form)
    else:
        act(room, form)
        form.refresh_from_db()
        assert form.status == UNANSWERED[event]


MAJOR = {
    "gm_notice": {"registered"},
    "confirm major": set(OPEN_STATES),
    "report to the region": set(OPEN_STATES),
    "raise to major": set(),
}


@pytest.mark.parametrize("state", OPEN_STATES)
@pytest.mark.parametrize("event", MAJOR)
def test_what_only_a_major_form_knows(room, event, state):
    form = room.bring(room.register("major"), state)
    act, _table = EVENTS[event]
    if state in MAJOR[event]:
        act(room, form)
        form.refresh_from_db()
        assert form.status == state
    else:
        with pytest.raises(Refusal):
            act(room, form)


def test_the_picture_shows_the_table():
    page = (Path(__file__).parents[2] / "docs" / "states.md").read_text(encoding="utf-8")
    drawn = {(a, b) for a, b in re.findall(r"^\s*(\w+) --> (\w+)", page, re.MULTILINE) if a in Status.values}
    assert drawn == {(str(a), str(b)) for a, targets in TRANSITIONS.items() for b in targets}


def test_every_status_has_a_row_and_what_has_ended_leads_nowhere():
    assert set(TRANSITIONS) == set(Status)
    assert {status for status, targets in TRANSITIONS.items() if not targets} == set(FINAL)
    assert set(OPEN) | set(FINAL) == set(Status)
    assert set(OPEN) & set(FINAL) == set()


@pytest.mark.parametrize("level", Level.values)
def test_every_level_goes_the_whole_way(room, level):
    form = room.register(level, customer=room.customer)
    assert room.bring(form, "closed").status == "closed"
